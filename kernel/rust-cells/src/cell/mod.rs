//! Everything between the text of a Rust cell and what evcxr gets, and back: commands, types of variables, the final
//! expression, registrations; errors, warnings and lines in the cell's own words and places.
//!
//! Pure functions: must not know how or where anything is compiled or run. Read [`prepare`], [`Prepared`] and [`Typed`].
//! The way of a cell: `prepare` → where there is a [`Prepared::probe`], evcxr's `check` of it and [`Prepared::types`],
//! else [`Prepared::untyped`] → evcxr's `execute` of [`Typed::text`] → [`Typed::problem`], or [`Typed::warnings`] and
//! [`Typed::shown`], and [`Knowledge::learn`].

mod advice;
mod answers;
mod built;
mod commands;
mod completeness;
mod dependency;
mod draft;
mod failures;
mod keepers;
mod knowledge;
mod last;
mod marks;
mod preparing;
mod problems;
mod registering;
#[cfg(test)]
mod rehearsal;
mod report;
mod snippet;
mod style;
mod suggestion;
mod syntax;
mod types;
mod typing;
mod uses;
mod variables;
mod warnings;

pub use completeness::is_complete;
pub use keepers::is_keeper;
pub(crate) use knowledge::ItemText;
pub use knowledge::{Compiled, Knowledge};
pub use preparing::{Prepared, prepare};
pub use typing::Typed;

pub(crate) use commands::is_command;

/// Names of the `:` commands with a line of help each: for completion and `:help`.
pub fn commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    commands::offered().map(|command| (command.name, command.help))
}
