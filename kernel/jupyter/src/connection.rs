//! Connection files: where a kernel listens and the key that signs its messages.
//!
//! Owns their reading, what makes one unsafe, and the addresses in them. Must not know messages. Read
//! [`ConnectionFile`] first.

use crate::{JupyterError, Registration};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The file that a kernel is started with: either where it shall listen, or whom it shall tell where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionFile {
    /// Five ports that the client has chosen.
    Connection(Connection),
    /// The kernel chooses the ports (protocol 5.6).
    Registration(Registration),
}

/// The content of a connection file. Fields that are not named here are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// How bytes travel.
    pub transport: Transport,
    /// The address for TCP; for IPC the start of every socket's path, `-` and the port follow.
    pub ip: String,
    /// Port of requests that run in order.
    pub shell_port: u16,
    /// Port of what is published to everybody.
    pub iopub_port: u16,
    /// Port of questions to the user.
    pub stdin_port: u16,
    /// Port of requests that are answered at once.
    pub control_port: u16,
    /// Port of the heartbeat.
    pub hb_port: u16,
    /// The key that signs messages.
    pub key: String,
    /// How it signs; `hmac-sha256` is the only one in use.
    pub signature_scheme: String,
    /// The kernel's name, if the client told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_name: Option<String>,
    /// The CurveZMQ key that encrypted sockets show to clients, in Z85; none without encryption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve_publickey: Option<String>,
    /// The CurveZMQ key that they keep, in Z85.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve_secretkey: Option<String>,
}

/// How bytes travel between client and kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Over the network.
    Tcp,
    /// Over sockets in the file system.
    Ipc,
}

/// One of the five sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Requests that run in order.
    Shell,
    /// What is published to everybody.
    IoPub,
    /// Questions to the user.
    Stdin,
    /// Requests that are answered at once.
    Control,
    /// The heartbeat.
    Heartbeat,
}

/// Where one socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(String, u16),
    /// A path in the file system.
    Ipc(PathBuf),
}

impl ConnectionFile {
    /// Reads a file of either kind: one with a `registration_port` is the second.
    ///
    /// # Errors
    /// The file can't be read, is malformed, can be read by other users, has no key, or a signature scheme that is not
    /// known. The message names the file and what to do.
    pub fn read(path: &Path) -> Result<Self, JupyterError> {
        let unreadable = |source| JupyterError::Unreadable { path: path.to_owned(), source };
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let malformed = |why: String| JupyterError::Malformed { path: path.to_owned(), why };
        let connection = Self::parse(&text).map_err(|error| malformed(error.to_string()))?;
        let (scheme, key) = connection.signing();
        check_signing(scheme, key).map_err(malformed)?;
        check_mode(&file, path)?;
        Ok(connection)
    }

    fn parse(text: &str) -> serde_json::Result<Self> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        if value.get("registration_port").is_some() {
            serde_json::from_value(value).map(Self::Registration)
        } else {
            serde_json::from_value(value).map(Self::Connection)
        }
    }

    fn signing(&self) -> (&str, &str) {
        match self {
            Self::Connection(connection) => (&connection.signature_scheme, &connection.key),
            Self::Registration(registration) => (&registration.signature_scheme, &registration.key),
        }
    }
}

impl Connection {
    /// Reads a connection file with ports; see [`ConnectionFile::read`], which also takes the other kind.
    ///
    /// # Errors
    /// Those of [`ConnectionFile::read`], and that it is a registration file.
    pub fn read(path: &Path) -> Result<Self, JupyterError> {
        match ConnectionFile::read(path)? {
            ConnectionFile::Connection(connection) => Ok(connection),
            ConnectionFile::Registration(_) => {
                let why = "it is a registration file, which has no ports to connect to".to_owned();
                Err(JupyterError::Malformed { path: path.to_owned(), why })
            }
        }
    }

    /// Whether the file asks for encrypted sockets.
    pub fn asks_for_encryption(&self) -> bool {
        self.curve_publickey.is_some() || self.curve_secretkey.is_some()
    }

    /// Writes a connection file that only its owner can read, because it holds the key.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = serde_json::to_vec_pretty(self)?;
        std::io::Write::write_all(&mut options.open(path)?, &text)
    }

    /// Where a channel's socket listens.
    pub fn address(&self, channel: Channel) -> Address {
        let port = self.port(channel);
        match self.transport {
            Transport::Tcp => Address::Tcp(self.ip.clone(), port),
            Transport::Ipc => Address::Ipc(PathBuf::from(format!("{}-{port}", self.ip))),
        }
    }

    fn port(&self, channel: Channel) -> u16 {
        match channel {
            Channel::Shell => self.shell_port,
            Channel::IoPub => self.iopub_port,
            Channel::Stdin => self.stdin_port,
            Channel::Control => self.control_port,
            Channel::Heartbeat => self.hb_port,
        }
    }
}

/// What would make messages insecure or impossible to check.
fn check_signing(scheme: &str, key: &str) -> Result<(), String> {
    if scheme != "hmac-sha256" {
        return Err(format!("its signature_scheme is `{scheme}`; only `hmac-sha256` is known"));
    }
    if key.is_empty() {
        return Err("its key is empty, so that anybody could run code here; Jupyter writes a random one".into());
    }
    Ok(())
}

/// Refuses a file that other users can read or change, unless the variable with which Jupyter itself allows that is set
/// (for file systems that have no permissions).
#[cfg(unix)]
fn check_mode(file: &std::fs::File, path: &Path) -> Result<(), JupyterError> {
    let unreadable = |source| JupyterError::Unreadable { path: path.to_owned(), source };
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().map_err(unreadable)?);
    let allowed = std::env::var(INSECURE).is_ok_and(|value| ["1", "true"].contains(&&*value.to_lowercase()));
    if mode & 0o077 == 0 || allowed {
        return Ok(());
    }
    Err(JupyterError::Exposed { path: path.to_owned(), mode: mode & 0o777 })
}

#[cfg(not(unix))]
fn check_mode(_file: &std::fs::File, _path: &Path) -> Result<(), JupyterError> {
    Ok(())
}

/// Jupyter's own variable: files with secrets may be readable by others.
#[cfg(unix)]
const INSECURE: &str = "JUPYTER_ALLOW_INSECURE_WRITES";

impl Channel {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Shell, Self::IoPub, Self::Stdin, Self::Control, Self::Heartbeat];
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shell => "shell",
            Self::IoPub => "iopub",
            Self::Stdin => "stdin",
            Self::Control => "control",
            Self::Heartbeat => "heartbeat",
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "tcp://{host}:{port}"),
            Self::Ipc(path) => write!(f, "ipc://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn file() -> Value {
        json!({
            "transport": "tcp", "ip": "127.0.0.1", "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
            "control_port": 4, "hb_port": 5, "key": "k", "signature_scheme": "hmac-sha256", "jupyter_session": "x",
        })
    }

    fn read(text: &str) -> Result<Connection, JupyterError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kernel.json");
        write_private(&path, text);
        Connection::read(&path)
    }

    fn write_private(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_only_by_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kernel.json");
        let connection = read(&file().to_string()).unwrap();
        connection.write(&path).unwrap();
        assert_eq!(Connection::read(&path).unwrap(), connection);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn addresses_follow_the_transport() {
        let tcp = read(&file().to_string()).unwrap();
        assert_eq!(tcp.address(Channel::Control).to_string(), "tcp://127.0.0.1:4");
        let ipc = Connection { transport: Transport::Ipc, ip: "/tmp/k".into(), ..tcp };
        assert_eq!(ipc.address(Channel::Heartbeat).to_string(), "ipc:///tmp/k-5");
    }

    #[test]
    fn bad_files_are_refused_with_the_reason() {
        let check = |change: &dyn Fn(&mut Value), expect: &str| {
            let mut value = file();
            change(&mut value);
            let error = read(&value.to_string()).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(&|v| v["key"] = json!(""), "key is empty");
        check(&|v| v["signature_scheme"] = json!("hmac-md5"), "hmac-md5");
        check(&|v| v["shell_port"] = json!("x"), "expected u16");
        check(&|v| drop(v.as_object_mut().unwrap().remove("hb_port")), "missing field `hb_port`");
        check(&|v| v["transport"] = json!("udp"), "udp");
        check(&|v| v["registration_port"] = json!(1), "missing field `kernel_id`");
        assert!(read("{").unwrap_err().to_string().contains("malformed"));
        let missing = Connection::read(Path::new("/no/such/file.json")).unwrap_err().to_string();
        assert!(missing.contains("/no/such/file.json"), "{missing}");
    }

    #[test]
    fn files_that_others_can_read_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kernel.json");
        for (mode, expect) in [(0o600, true), (0o400, true), (0o640, false), (0o644, false), (0o620, false)] {
            write_private(&path, &file().to_string());
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let read = Connection::read(&path);
            assert_eq!(read.is_ok(), expect, "{mode:o}");
            let why = read.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(expect || why.contains("chmod 600") && why.contains(&format!("{mode:o}")), "{why}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn the_two_kinds_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kernel.json");
        let registration = json!({
            "kernel_id": "id", "transport": "tcp", "registration_ip": "127.0.0.1", "registration_port": 5,
            "signature_scheme": "hmac-sha256", "key": "k",
        });
        write_private(&path, &registration.to_string());
        let read = ConnectionFile::read(&path).unwrap();
        assert!(matches!(&read, ConnectionFile::Registration(r) if r.kernel_id == "id"), "{read:?}");
        assert!(Connection::read(&path).unwrap_err().to_string().contains("registration file"));
        std::fs::remove_file(&path).unwrap();
        write_private(&path, &file().to_string());
        assert!(matches!(ConnectionFile::read(&path).unwrap(), ConnectionFile::Connection(_)));
    }
}
