//! Rust cells in this process: what the compiler process has built is loaded and run on the engine thread.
//!
//! Owns the connection to the compiler process, loading, what cells print, their panics and the plugins they register.
//! It must not know how a cell is compiled. Read [`running`] first.

mod client;
mod loading;
mod marks;
mod panics;
pub mod registering;
mod running;
