//! Rust cells in this process: what their code may call, and what of the notebook it reaches.
//!
//! Owns the bridge between Rust code of cells and plugins and the notebook's scope. It must not know how a cell is compiled
//! or loaded. Read [`session`] first, then [`enter`].

mod answer;
mod callable;
mod convert;
mod current;
mod driven;
mod error;
mod session;
mod shown;

pub use crate::show::Show;
pub use answer::{Called, Native, Prepared, Takes, answers, callable};
pub use callable::{Callable, Callables};
pub use candlewick_display::Bundle;
pub use current::{Failure, enter, in_use, uses_rust};
pub use driven::LiveRun;
pub use error::CellError;
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

/// A type that nothing converts to: assigning a value to it makes rustc name the value's type.
#[derive(Debug)]
pub enum TypeProbe {}
