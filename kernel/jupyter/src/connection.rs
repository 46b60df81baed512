//! Connection files: where a kernel listens and the key that signs its messages.
//!
//! Owns their reading and the addresses in them. Must not know messages. Read [`Connection`] first.

use crate::JupyterError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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

impl Connection {
    /// Reads a connection file. Errors name the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, JupyterError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| JupyterError::Unreadable { path: path.to_owned(), source })?;
        let connection: Self = serde_json::from_str(&text)
            .map_err(|error| JupyterError::Malformed { path: path.to_owned(), why: error.to_string() })?;
        connection.check().map_err(|why| JupyterError::Malformed { path: path.to_owned(), why })?;
        Ok(connection)
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

    /// What would make messages insecure or impossible to check.
    fn check(&self) -> Result<(), String> {
        if self.signature_scheme != "hmac-sha256" {
            return Err(format!("its signature_scheme is `{}`; only `hmac-sha256` is known", self.signature_scheme));
        }
        if self.key.is_empty() {
            return Err("its key is empty, so that anybody could run code here; Jupyter writes a random one".into());
        }
        Ok(())
    }
}

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

    fn file() -> Value {
        json!({
            "transport": "tcp", "ip": "127.0.0.1", "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
            "control_port": 4, "hb_port": 5, "key": "k", "signature_scheme": "hmac-sha256", "jupyter_session": "x",
        })
    }

    fn read(text: &str) -> Result<Connection, JupyterError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kernel.json");
        std::fs::write(&path, text).unwrap();
        Connection::read(&path)
    }

    #[test]
    fn what_is_written_is_read_and_only_by_its_owner() {
        use std::os::unix::fs::PermissionsExt;
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
        assert!(read("{").unwrap_err().to_string().contains("malformed"));
        let missing = Connection::read(Path::new("/no/such/file.json")).unwrap_err().to_string();
        assert!(missing.contains("/no/such/file.json"), "{missing}");
    }
}
