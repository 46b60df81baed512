//! Why the compiler process cannot do what it was asked.
//!
//! Must not know how it is shown. Read [`CompilerError`] first.

use std::io;
use std::path::Path;

/// What went wrong, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompilerError {
    /// A file of the session's directory cannot be written.
    #[error("{path} cannot be written: {reason}; Rust cells need room in the temporary directory")]
    Unwritable {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A socket failed.
    #[error("the compiler's socket {what}: {reason}")]
    Socket {
        /// Which one, and what it should do.
        what: String,
        /// What the system says.
        reason: String,
    },
    /// Nothing can be compiled on this machine, and what to run.
    #[error("{0}")]
    Refused(String),
    /// evcxr could not be started.
    #[error("the Rust session could not be started: {0}")]
    Start(String),
}

impl CompilerError {
    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::Unwritable { path: path.display().to_string(), reason: error.to_string() }
    }

    pub(crate) fn socket(what: &str, error: &io::Error) -> Self {
        Self::Socket { what: what.to_owned(), reason: error.to_string() }
    }
}
