//! `assert`: what the cases of a plugin's tests fail by.
//!
//! Must not know who runs them. Read [`BUILTINS`] first.

use super::arguments::Answer;
use super::{Builtin, Kind};
use crate::problem::Fault;

pub const BUILTINS: &[Builtin] = &[Builtin::new(
    Kind::Function,
    "assert",
    "assert(condition) or assert(condition, message)",
    "an error when the condition does not hold; the cases of a plugin's tests fail by it",
    "assert(1 + 1 == 2, \"arithmetic holds\")",
    |engine, _| {
        engine.register_fn("assert", |condition: bool| check(condition, "a condition does not hold"));
        engine.register_fn("assert", |condition: bool, message: &str| check(condition, message));
    },
)];

fn check(condition: bool, message: &str) -> Answer<()> {
    if condition { Ok(()) } else { Err(Fault::error("AssertionError", message)) }
}
