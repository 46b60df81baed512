//! The worker process: the Rhai host, script plugins, output capture.
//!
//! Owns the language surface (one table, [`surface`]), the notebook's scope and functions, cells and their commands,
//! plugins written in Rhai, and what reaches the kernel process and in which order. It must not know ZeroMQ or how
//! cells are queued. Read [`Host`] first, then [`Outbox`], then [`process`].

mod actions;
mod calls;
mod capture;
mod cell;
mod check;
pub mod commands;
pub mod comms;
mod complete;
mod completeness;
pub mod configuration;
mod cursor;
mod host;
mod inbox;
mod inspect;
mod language;
mod notebook;
mod outbox;
mod problem;
pub mod process;
mod reach;
pub mod room;
mod runs;
pub mod rust;
pub mod rust_crate;
pub mod script;
pub mod session;
pub mod show;
pub mod surface;
pub mod time_limit;
mod trial;
mod usage;
mod widget;

pub use calls::{Calls, Terms};
pub use capture::Pipes;
pub use host::Host;
pub use inbox::Inbox;
pub use outbox::{Outbox, Sink};
pub use problem::{Fault, Sources};
