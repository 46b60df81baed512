//! The typed messages between the kernel process and its worker, and how they travel.
//!
//! Owns the message types and their framing over a local stream: a 4-byte little-endian length, then JSON; and the memory
//! in which a worker leaves the name of the plugin that runs, should it die ([`BlackBox`]).
//! It must not know ZeroMQ, candle or Rhai. Read [`ToWorker`] and [`FromWorker`] first.

mod black_box;
mod bundle;
mod frame;
mod message;

pub use black_box::{BLACK_BOX_FD, BlackBox};
pub use bundle::Bundle;
pub use frame::{FrameBuffer, FrameReader, FrameWriter, LinkError};
pub use message::{
    Comm, CommWhat, Command, Completion, CompletionKind, Completions, Execute, Finished, FromWorker, Inspection, Is,
    PluginRecord, Problem, Request, StreamName, ToWorker, Usage,
};
