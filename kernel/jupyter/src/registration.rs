//! Registration files (protocol 5.6): the kernel chooses its ports and tells the client that started it.
//!
//! Owns the handshake: one signed message with the five ports from a DEALER socket, one signed acknowledgement. Must not
//! know what is served on the ports. Read [`Registration::register`] first. Neither message is a full Jupyter message: the
//! frames are the delimiter, a signature, and one content.

use crate::message::DELIMITER;
use crate::zmtp::{self, LARGEST_NOTE, Received};
use crate::{Address, Connection, JupyterError, Session, Transport};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// The client has this long to acknowledge.
const ACKNOWLEDGED: Duration = Duration::from_secs(10);

/// The content of a registration file. Fields that are not named here are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// How the client knows which kernel it is.
    pub kernel_id: String,
    /// How bytes travel, on the registration's socket and on the five channels.
    pub transport: Transport,
    /// The address of the registration's socket, and of the channels; for IPC the start of their paths.
    pub registration_ip: String,
    /// Its port.
    pub registration_port: u16,
    /// How messages are signed.
    pub signature_scheme: String,
    /// The key that signs them.
    pub key: String,
    /// The CurveZMQ key that encrypted sockets show to clients, in Z85; none without encryption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve_publickey: Option<String>,
    /// The CurveZMQ key that they keep, in Z85.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve_secretkey: Option<String>,
}

impl Registration {
    /// A connection on free ports; for IPC on paths where nothing is.
    pub(crate) fn channels(&self) -> Connection {
        let [shell_port, iopub_port, stdin_port, control_port, hb_port] = match self.transport {
            Transport::Tcp => [0; 5],
            Transport::Ipc => self.free_paths(),
        };
        Connection {
            transport: self.transport,
            ip: self.registration_ip.clone(),
            shell_port,
            iopub_port,
            stdin_port,
            control_port,
            hb_port,
            key: self.key.clone(),
            signature_scheme: self.signature_scheme.clone(),
            kernel_name: None,
            curve_publickey: self.curve_publickey.clone(),
            curve_secretkey: self.curve_secretkey.clone(),
        }
    }

    /// Tells the client where the channels are, and waits until it has acknowledged that.
    ///
    /// # Errors
    /// Nobody listens at the registration's address, or what answers is not the client, or not in time.
    pub(crate) async fn register(&self, channels: &Connection) -> Result<(), JupyterError> {
        let address = self.address();
        let failed = |error: std::io::Error| JupyterError::Connect {
            address: address.to_string(),
            why: format!("{error}; the program that wrote the registration file should wait there for this kernel"),
        };
        let acknowledged = timeout(ACKNOWLEDGED, self.handshake(&address, channels)).await;
        let silent = |_| JupyterError::Silent {
            waited_for: format!("the acknowledgement of this kernel's registration at {address}"),
            limit: ACKNOWLEDGED,
        };
        acknowledged.map_err(silent)?.map_err(failed)
    }

    fn address(&self) -> Address {
        match self.transport {
            Transport::Tcp => Address::Tcp(self.registration_ip.clone(), self.registration_port),
            Transport::Ipc => Address::Ipc(self.path(self.registration_port)),
        }
    }

    fn path(&self, port: u16) -> PathBuf {
        PathBuf::from(format!("{}-{port}", self.registration_ip))
    }

    fn free_paths(&self) -> [u16; 5] {
        let mut free = (1..=u16::MAX).filter(|port| *port != self.registration_port && !self.path(*port).exists());
        [(); 5].map(|()| free.next().unwrap_or_default())
    }

    async fn handshake(&self, address: &Address, channels: &Connection) -> std::io::Result<()> {
        match address {
            Address::Tcp(host, port) => self.tell(TcpStream::connect((host.as_str(), *port)).await?, channels).await,
            Address::Ipc(path) => self.tell(UnixStream::connect(path).await?, channels).await,
        }
    }

    async fn tell(&self, stream: impl AsyncRead + AsyncWrite, channels: &Connection) -> std::io::Result<()> {
        let (reader, mut writer) = split(Box::pin(stream));
        let mut reader = BufReader::new(reader);
        zmtp::handshake(&mut reader, &mut writer, "DEALER").await?;
        let session = Session::new(self.key.as_bytes(), "kernel");
        writer.write_all(&zmtp::encode(&self.message(&session, channels))).await?;
        writer.flush().await?;
        loop {
            match zmtp::read_message(&mut reader, LARGEST_NOTE).await? {
                Received::Message(frames) => return acknowledged(&session, &frames),
                Received::Ping(pong) => writer.write_all(&pong).await?,
            }
        }
    }

    /// The ports are texts: the specification says so.
    fn message(&self, session: &Session, channels: &Connection) -> Vec<Bytes> {
        let content = json!({
            "kernel_id": self.kernel_id,
            "control_port": channels.control_port.to_string(),
            "shell_port": channels.shell_port.to_string(),
            "stdin_port": channels.stdin_port.to_string(),
            "iopub_port": channels.iopub_port.to_string(),
            "hb_port": channels.hb_port.to_string(),
        });
        let content = Bytes::from(content.to_string());
        let signature = Bytes::from(session.sign([&content, b"", b"", b""]));
        vec![Bytes::from_static(DELIMITER), signature, content]
    }
}

/// The acknowledgement's content is left to the client, its signature is not.
fn acknowledged(session: &Session, frames: &[Bytes]) -> std::io::Result<()> {
    let at = frames.iter().position(|frame| frame.as_ref() == DELIMITER);
    match at.map(|at| &frames[at + 1..]) {
        Some([signature, content]) if session.verify(signature, [content, b"", b"", b""]) => Ok(()),
        _ => Err(std::io::Error::other("the answer there is not signed with the key of the registration file")),
    }
}
