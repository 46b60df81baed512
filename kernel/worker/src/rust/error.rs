//! What can go wrong between Rust code of cells and the notebook.
//!
//! Read [`CellError`] first.

use thiserror::Error;

/// Why Rust code could not do something with the notebook. `?` ends a cell with its message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CellError {
    /// Not called from a cell, a plugin or a function that Rhai called.
    #[error(
        "the notebook's variables are reached on the engine thread, while a cell or plugin runs there; \
         let other threads send their values back, by a channel or by joining them"
    )]
    Elsewhere,
    /// No variable has that name.
    #[error("there is no variable `{name}`{}", near(.nearest.as_deref()))]
    Missing {
        /// The name that was asked for.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
    },
    /// The value is of another type.
    #[error("{name} is {found}; {asked} was asked for")]
    Type {
        /// The variable in backquotes, or the argument.
        name: String,
        /// What it is.
        found: String,
        /// What was asked for.
        asked: String,
    },
    /// A constant cannot be set.
    #[error("`{0}` is a constant; choose another name, or take the constant away with `session().remove(\"{0}\")`")]
    Constant(String),
    /// A Rhai cell could not use that name.
    #[error(
        "`{0}` is no name for a variable: Rhai has letters, digits and `_`, no digit first, and reserves some words"
    )]
    Name(String),
    /// The value is too large to be copied for the statement that runs.
    #[error(
        "`{name}` is a large {kind}, which the running Rhai statement may be changing; give it as an argument, \
         or keep such data as a tensor or frame, which both languages share"
    )]
    Large {
        /// The variable.
        name: String,
        /// What it is.
        kind: String,
    },
    /// The value is being changed right now, further out.
    #[error("`{0}` is in use right now: the Rhai statement that is changing it has called this code")]
    InUse(String),
    /// The user has interrupted.
    #[error("interrupted; what was done so far stays")]
    Interrupted,
    /// A run could not do what was asked.
    #[error("{0}")]
    Run(String),
    /// A function could not be made callable.
    #[error("{0}")]
    Callable(String),
}

fn near(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do() {
        let check = |error: CellError, expect: &str| assert!(error.to_string().contains(expect), "{error}");
        let missing =
            |nearest: Option<&str>| CellError::Missing { name: "nett".into(), nearest: nearest.map(Into::into) };
        check(missing(Some("net")), "there is no variable `nett`; did you mean `net`?");
        check(missing(None), "there is no variable `nett`");
        check(CellError::Constant("MAX".into()), "session().remove(\"MAX\")");
    }
}
