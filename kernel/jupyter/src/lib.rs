//! A Jupyter kernel's side of the protocol: what an application needs to become a kernel, and nothing about cells.
//!
//! Owns messages and their signatures, the five sockets, the order of everything on IOPub, and a front end for tests.
//! It must not know plugins, candle or the language of the cells. Read [`Kernel`] first: an application implements
//! it and calls [`ConnectionFile::read`], [`Server::start`] and [`Server::serve`].
//!
//! ```no_run
//! use candlewick_jupyter::{ConnectionFile, ExecuteReply, ExecuteRequest, Kernel, KernelInfo, Outputs, Server, StreamName};
//! use std::{path::Path, sync::Arc};
//!
//! struct Echo;
//!
//! impl Kernel for Echo {
//!     async fn kernel_info(&self) -> KernelInfo {
//!         KernelInfo { implementation: "echo".into(), ..KernelInfo::default() }
//!     }
//!     async fn execute(&self, request: ExecuteRequest, outputs: Outputs) -> ExecuteReply {
//!         outputs.stream(StreamName::Stdout, request.code).await;
//!         ExecuteReply::ok()
//!     }
//!     async fn interrupt(&self) {}
//!     async fn shutdown(&self, _restart: bool) {}
//! }
//!
//! # async fn run() -> Result<(), candlewick_jupyter::JupyterError> {
//! let server = Server::start(&ConnectionFile::read(Path::new("connection.json"))?).await?;
//! server.serve(Arc::new(Echo)).await;
//! # Ok(())
//! # }
//! ```
//!
//! Bytes flow through [`Message`] (one message, its wire form and signature), [`ZeroMq`] (what is needed of sockets) with
//! `socket` and `peers` (our ZMTP: one type for ROUTER, XPUB and the heartbeat), `iopub` (an actor that merges and orders what is published) and `server`
//! (status, replies, the queue of cells); `stdin` asks the user. The runtime needs at least two threads, so that control, heartbeat and
//! IOPub are served whatever a cell does.

mod connection;
mod desk;
mod error;
pub mod front_end;
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod iopub;
mod kernel;
mod message;
mod outputs;
mod pace;
mod peers;
mod pending;
mod registration;
mod reply;
mod request;
mod server;
mod session;
mod shell;
mod size;
mod socket;
mod stdin;
mod transport;
mod zmtp;

pub use connection::{Address, Channel, Connection, ConnectionFile, Transport};
pub use error::{InputError, JupyterError};
pub use kernel::Kernel;
pub use message::{Message, Refused};
pub use outputs::{Outputs, StreamName};
pub use registration::Registration;
pub use reply::{
    CompleteReply, ExecuteReply, Failure, HistoryEntry, InspectReply, IsCompleteReply, KernelInfo, LanguageInfo, Match,
    MimeBundle, page,
};
pub use request::{CompleteRequest, ExecuteRequest, HistoryAccess, HistoryRequest, InspectRequest};
pub use server::{Ended, Server, Stopper};
pub use session::Session;
pub use socket::{Zmtp, ZmtpSocket};
pub use transport::{Incoming, Sender, Socket, SocketKind, ZeroMq};

/// The version of the protocol that is spoken here.
pub const PROTOCOL_VERSION: &str = "5.6";
