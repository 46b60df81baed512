//! Rust cells in this process: what the compiler process has built is loaded and run on the engine thread.
//!
//! Owns the connection to the compiler process, loading, what cells print, their panics and the plugins they register.
//! It must not know how a cell is compiled. Read [`running`] first.

mod client;
pub mod errors;
mod loading;
mod marks;
mod panics;
mod plugin;
mod progress;
pub mod registering;
mod running;

pub use client::{ClientError, Nobody};
pub use marks::{Marks, Piece};
pub use panics::Noting;
pub use running::{RustSession, Written, cell, is_rust, plugin};
