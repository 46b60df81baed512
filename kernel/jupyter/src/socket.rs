//! Our own implementation of ZeroMQ's listening sockets: what ROUTER, XPUB and the heartbeat are made of.
//!
//! Owns addresses, listening and accepting. Must not know messages; the clients are in `peers`. Read [`Zmtp`] first.

use crate::peers::Peers;
use crate::transport::{Incoming, Socket, SocketKind, ZeroMq};
use crate::{Address, Channel, Connection, JupyterError};
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Messages that wait to be handled before clients are no longer read.
const INCOMING: usize = 1024;
const NO_ENCRYPTION: &str = "its file has the keys `curve_publickey` and `curve_secretkey`, but the sockets of this kernel \
     have no encryption; turn transport encryption off in the program that starts it, or reach it over an SSH tunnel or \
     IPC";

/// ZMTP 3.0 over TCP and IPC, without encryption.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zmtp;

/// A listening socket of [`Zmtp`]: the receiving side.
pub struct ZmtpSocket {
    peers: Peers,
    incoming: mpsc::Receiver<Incoming>,
    accepting: AbortHandle,
    file: Option<PathBuf>,
    port: u16,
}

impl ZeroMq for Zmtp {
    type Socket = ZmtpSocket;

    async fn bind(
        &self,
        kind: SocketKind,
        channel: Channel,
        connection: &Connection,
    ) -> Result<ZmtpSocket, JupyterError> {
        if connection.asks_for_encryption() {
            return Err(JupyterError::Unsupported(NO_ENCRYPTION.to_owned()));
        }
        ZmtpSocket::bind(kind, channel, &connection.address(channel)).await
    }
}

impl ZmtpSocket {
    async fn bind(kind: SocketKind, channel: Channel, address: &Address) -> Result<Self, JupyterError> {
        let error = |source: Error| match source.kind() {
            ErrorKind::AddrInUse => JupyterError::InUse { channel, address: address.to_string() },
            _ => JupyterError::Bind { channel, address: address.to_string(), source },
        };
        let peers = Peers::new(kind);
        let (sender, incoming) = mpsc::channel(INCOMING);
        let (accepting, file, port) = match address {
            Address::Tcp(host, port) => {
                let host = if host == "*" { "0.0.0.0" } else { host };
                let listener = TcpListener::bind((host, *port)).await.map_err(error)?;
                let port = listener.local_addr().map_err(error)?.port();
                (tokio::spawn(accept_tcp(peers.clone(), listener, sender)), None, port)
            }
            Address::Ipc(path) => {
                let listener = bind_path(path).await.map_err(error)?;
                (tokio::spawn(accept_ipc(peers.clone(), listener, sender)), Some(path.clone()), 0)
            }
        };
        Ok(Self { peers, incoming, accepting: accepting.abort_handle(), file, port })
    }
}

impl Socket for ZmtpSocket {
    type Sender = Peers;

    fn sender(&self) -> Peers {
        self.peers.clone()
    }

    fn port(&self) -> u16 {
        self.port
    }

    async fn receive(&mut self) -> Option<Incoming> {
        let incoming = self.incoming.recv().await?;
        if self.peers.kind() == SocketKind::Publisher {
            self.peers.subscribe(&incoming);
        }
        Some(incoming)
    }
}

impl Drop for ZmtpSocket {
    fn drop(&mut self) {
        self.accepting.abort();
        self.peers.close();
        if let Some(path) = &self.file {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn accept_tcp(peers: Peers, listener: TcpListener, incoming: mpsc::Sender<Incoming>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let (reader, writer) = stream.into_split();
                tokio::spawn(peers.clone().connect(reader, writer, incoming.clone()));
            }
            Err(_) => pause().await,
        }
    }
}

async fn accept_ipc(peers: Peers, listener: UnixListener, incoming: mpsc::Sender<Incoming>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (reader, writer) = stream.into_split();
                tokio::spawn(peers.clone().connect(reader, writer, incoming.clone()));
            }
            Err(_) => pause().await,
        }
    }
}

/// After a failed accept, which mostly means no free descriptors: others may become free.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Listens at a path; a file that a dead process left there is replaced.
async fn bind_path(path: &PathBuf) -> Result<UnixListener, Error> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let connected = tokio::net::UnixStream::connect(path).await;
            if connected.is_err_and(|refused| refused.kind() == ErrorKind::ConnectionRefused) {
                std::fs::remove_file(path)?;
                return UnixListener::bind(path);
            }
            Err(error)
        }
        bound => bound,
    }
}
