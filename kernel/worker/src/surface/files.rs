//! Text files and the environment, for cells and for plugins that are granted them.
//!
//! Must not know frames or nets, which have readers of their own. Read [`BUILTINS`] first.

use super::arguments::{Answer, fault};
use super::{Builtin, Kind};
use candlewick_engine::EngineError;
use rhai::Dynamic;
use std::path::Path;

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "read_text",
        "read_text(path) -> string",
        "a file's text; a plugin needs the capability read:PATH",
        "read_text(\"notes.txt\")",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("read_text", move |path: &str| -> Answer<String> {
                calls.may_read(path)?;
                std::fs::read_to_string(path).map_err(|error| fault(EngineError::file(Path::new(path), error)))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "write_text",
        "write_text(path, text)",
        "writes a text into a file, in place of what it held; a plugin needs the capability write:PATH",
        "write_text(\"notes.txt\", \"learning rate 0.001\")",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("write_text", move |path: &str, text: &str| -> Answer<()> {
                calls.may_write(path)?;
                std::fs::write(path, text).map_err(|error| fault(EngineError::file(Path::new(path), error)))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "env",
        "env(name) -> string",
        "an environment variable, or () where there is none; a plugin needs the capability env:NAME",
        "env(\"HOME\")",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("env", move |name: &str| -> Answer {
                calls.may_know(name)?;
                Ok(std::env::var(name).map_or(Dynamic::UNIT, Dynamic::from))
            });
        },
    ),
];
