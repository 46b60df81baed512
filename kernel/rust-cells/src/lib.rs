//! The compiler process: Rust cells become shared libraries that the worker runs.
//!
//! Owns evcxr, rust-analyzer, the Rust session's items and dependencies, and what cells are compiled against. It must not
//! know ZeroMQ, candle or Rhai: values live in the worker. Read [`compiler::main`] first.

mod analysis;
mod analysis_thread;
pub mod cell;
mod clients;
pub mod compiler;
mod conversation;
mod directory;
mod environment;
mod error;
mod evaluation;
mod journal;
mod notices;
mod panics;
mod processes;
mod progress;
pub mod relay;
mod renewal;
mod service;
mod session;
mod toolchain;
mod watchdog;

pub use analysis::{Analysis, Known};
pub use error::CompilerError;

use candlewick_link::Problem;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A thread that panicked leaves nothing half done behind a lock: each is held for single assignments.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A problem as the notebook shows it, without a place in the cell.
fn problem(name: &str, message: &dyn Display) -> Problem {
    let message = message.to_string();
    Problem { name: name.to_owned(), traceback: vec![format!("{name}: {message}")], message }
}
