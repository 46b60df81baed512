//! Rust cells in this process: what the compiler process has built is loaded and run on the engine thread, and reaches the
//! notebook.
//!
//! Owns the connection to the compiler process, loading, what cells print, their panics, the plugins they register, and the
//! bridge between Rust code of cells and plugins and the notebook's scope. It must not know how a cell is compiled. Read
//! [`cell`] first, then [`session`] and [`enter`].

mod answer;
mod callable;
mod client;
mod convert;
mod current;
mod driven;
mod error;
pub mod errors;
mod loading;
mod marks;
mod panics;
mod plugin;
mod progress;
pub mod registering;
mod running;
mod session;
mod shown;

pub use crate::show::Show;
pub use answer::{Called, Native, Prepared, Takes, answers, callable};
pub use callable::{Callable, Callables};
pub use candlewick_display::Bundle;
pub use client::{Attendant, ClientError, Nobody};
pub use current::{Failure, enter, in_use, uses_rust};
pub use driven::LiveRun;
pub use error::CellError;
pub use marks::{Marks, Piece};
pub use panics::Noting;
pub use running::{RustSession, Written, cell, is_rust, plugin};
pub use session::{Session, session};
pub use shown::{Display, Look, display, failed, looks, shown};

pub(crate) use convert::short as short_type_name;
pub(crate) use current::beside;

/// Whether the user has interrupted what runs. Loops of a Rust cell that take long ask it and return early; the engine's own
/// loops do.
///
/// ```
/// let mut done = 0;
/// while done < 3 && !candlewick::interrupted() {
///     done += 1;
/// }
/// assert_eq!(done, 3);
/// ```
#[inline]
pub fn interrupted() -> bool {
    candlewick_engine::interrupt::requested()
}
