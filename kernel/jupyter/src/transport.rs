//! What a kernel needs of ZeroMQ, so that another implementation, say one with encryption, can stand in for ours.
//!
//! Owns three traits and what passes through them. Must not know messages or any implementation. Read [`ZeroMq`] first;
//! [`Zmtp`](crate::Zmtp) is the implementation that [`Server::bind`](crate::Server::bind) takes.

use crate::{Channel, Connection, JupyterError};
use bytes::Bytes;
use std::future::Future;
use std::time::Duration;

/// An implementation of ZeroMQ's listening sockets.
pub trait ZeroMq: Send + Sync + 'static {
    /// Its sockets.
    type Socket: Socket;

    /// Listens for a channel where the connection says. Port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use or not one of this machine, or the connection asks for what this implementation has not.
    fn bind(
        &self,
        kind: SocketKind,
        channel: Channel,
        connection: &Connection,
    ) -> impl Future<Output = Result<Self::Socket, JupyterError>> + Send;
}

/// The kind of a socket, by who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// ROUTER: each message comes from one client and goes to one.
    Router,
    /// XPUB: messages go to all who subscribed to the start of their first frame. What is received are subscriptions:
    /// one frame, the byte 1 (0 for its end) and the topic. Every one is reported, also one that is known already.
    Publisher,
}

/// A message and the client that sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The client's routing identity.
    pub peer: Bytes,
    /// The message, without the identity.
    pub frames: Vec<Bytes>,
}

/// A listening socket: the receiving side. Dropping it closes it, with every connection.
pub trait Socket: Send + 'static {
    /// Its sending side.
    type Sender: Sender;

    /// The sending side; there may be several.
    fn sender(&self) -> Self::Sender;

    /// The port it listens on; 0 where there are no ports.
    fn port(&self) -> u16;

    /// The next message of any client; none when the socket is closed. A client's failure never ends it, and nothing
    /// is lost when the future is dropped. What a subscription asks for holds from the moment it is received here.
    fn receive(&mut self) -> impl Future<Output = Option<Incoming>> + Send;
}

/// The sending side of a socket.
pub trait Sender: Clone + Send + Sync + 'static {
    /// Sends to one client without waiting; nothing happens when it has left. An XPUB that can't tell its subscribers
    /// apart sends to all of them.
    fn send(&self, peer: &Bytes, frames: &[Bytes]);

    /// Sends to all who subscribed to the start of the first frame. May wait while clients that read are slower, but not
    /// for one that has stopped reading.
    fn publish(&self, frames: &[Bytes]) -> impl Future<Output = ()> + Send;

    /// Waits until everything sent was handed to the operating system, at most for `limit`.
    /// Returns whether that was reached.
    fn flush(&self, limit: Duration) -> impl Future<Output = bool> + Send;

    /// Waits until a client is connected, or no longer is. An implementation that can't tell takes every client for
    /// connected.
    fn until_connected(&self, peer: &Bytes, wanted: bool) -> impl Future<Output = ()> + Send;
}
