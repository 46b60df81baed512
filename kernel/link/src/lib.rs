//! The typed messages between the kernel process, its worker and the compiler process, and how they travel.
//!
//! Owns the message types and their framing over a local stream: a 4-byte little-endian length, then JSON; and the memory
//! in which a worker leaves the name of the plugin that runs, should it die ([`BlackBox`]).
//! It must not know ZeroMQ, candle or Rhai. Read [`ToWorker`] and [`FromWorker`] first, then
//! [`ToCompiler`].

mod black_box;
mod bundle;
mod compiler;
mod frame;
mod message;

pub use black_box::{BLACK_BOX_FD, BlackBox};
pub use bundle::Bundle;
pub use compiler::{
    Build, COMPILER_VARIABLE, CompilerIs, CompilerRequest, CompilerStatus, Evaluated, FromCompiler, Lines, Ran,
    RustCell, ToCompiler, is_rust_cell,
};
pub use frame::{FrameBuffer, FrameReader, FrameWriter, LinkError};
pub use message::{
    Comm, CommWhat, Command, Completion, CompletionKind, Completions, Execute, Finished, FromWorker, Inspection, Is,
    PluginRecord, Problem, Request, StreamName, ToWorker, Usage,
};
