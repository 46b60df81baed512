//! What can go wrong before a kernel serves, and when it asks its user. Otherwise bad input is refused and the kernel
//! goes on.

use crate::Channel;
use std::path::PathBuf;

/// Why a kernel can't start to serve.
#[derive(Debug, thiserror::Error)]
pub enum JupyterError {
    /// The connection file can't be read.
    #[error(
        "can't read the connection file {path}: {source}; Jupyter writes one and passes its path to the kernel it starts",
        path = path.display()
    )]
    Unreadable {
        /// The file asked for.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The connection file is not what Jupyter writes.
    #[error("the connection file {path} is malformed: {why}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        why: String,
    },
    /// Other users can read or change the connection file.
    #[error(
        "the connection file {path} can be read or changed by other users (mode {mode:o}), who could then run code \
         here: run `chmod 600 {path}`, or set JUPYTER_ALLOW_INSECURE_WRITES=true where files have no permissions",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The connection asks for something that isn't served here.
    #[error("can't serve this connection: {0}")]
    Unsupported(String),
    /// Somebody listens there already.
    #[error(
        "{channel} asks for {address}, where another process listens already: does another kernel serve this \
         connection file? Start with a fresh one"
    )]
    InUse {
        /// The channel.
        channel: Channel,
        /// Where.
        address: String,
    },
    /// The operating system refuses to listen there.
    #[error("can't listen for {channel} on {address}: {source}")]
    Bind {
        /// The channel.
        channel: Channel,
        /// Where.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Nobody who fits listens there.
    #[error("can't connect to {address}: {why}")]
    Connect {
        /// Where.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// Nothing came in time.
    #[error("nothing came within {limit:?} while waiting for {waited_for}")]
    Silent {
        /// What should have come.
        waited_for: String,
        /// How long each message was waited for.
        limit: std::time::Duration,
    },
    /// A test's front end was told something else.
    #[error("`{expected}` should have come, but `{found}` did")]
    Unexpected {
        /// The message that was asserted, as one line.
        expected: String,
        /// The one that came.
        found: String,
    },
}

/// Why the user could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The request says so.
    #[error(
        "input was asked for, but the front end that runs this cell can't ask its user (its request has \
         `allow_stdin: false`); run the cell where somebody can answer, or set the value in the cell"
    )]
    NotAllowed,
    /// The client that runs the cell has no connection for questions.
    #[error(
        "input was asked for, but the front end that runs this cell has left its stdin channel; connect again and \
         run the cell once more"
    )]
    Left,
    /// The client's answer has no text.
    #[error("input was asked for, but the front end answered without a text; this is a fault of the front end")]
    NoText,
    /// The kernel ends.
    #[error("input was asked for, but the kernel is being shut down")]
    Ending,
}
