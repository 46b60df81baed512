//! The compiler process: Rust cells become shared libraries that the worker runs.
//!
//! Owns evcxr, rust-analyzer, the Rust session's items and dependencies, and what cells are compiled against. It must not
//! know ZeroMQ, candle or Rhai: values live in the worker.

mod analysis;

pub use analysis::{Analysis, Known};
