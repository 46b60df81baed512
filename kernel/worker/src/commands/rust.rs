//! Commands on Rust cells: `%%rust`, and `%rust` for the compiler process behind them.
//!
//! Must not know how a cell is compiled or run. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use crate::rust::{self, Nobody, Written};
use candlewick_display::number;
use candlewick_link::{CompilerRequest, CompilerStatus, StreamName};
use candlewick_plugin_api::nearest;
use rhai::Dynamic;

/// Rust cells.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "%%rust",
        signature: "%%rust",
        doc: "compiles the rest of the cell as Rust and runs it in the engine's process; `:help` in such a cell lists \
              what else can stand in it, such as `:dep`",
        run: Run::Cell(|host, call, body| {
            if !call.line.arguments.is_empty() {
                let message = format!("%%rust takes nothing; found `{}`", call.line.arguments);
                return Err(call.problem(host, "CommandError", message));
            }
            rust::cell(host, call, Written { body, header: None })
        }),
    },
    Command {
        name: "%rust",
        signature: "%rust [status|warm|clear|help]",
        doc: "says how the compiler of Rust cells is and what it knows; warm gets it ready for the first cell, clear \
              forgets items, variables and dependencies",
        run: Run::Line(rust),
    },
];

/// What `%rust` takes, with what each does.
const WORDS: [(&str, &str); 4] = [
    ("status", "how the compiler is, and the items, dependencies and variables of Rust cells (also without a word)"),
    ("warm", "starts the compiler and gets it ready, so that the first Rust cell waits for nothing"),
    ("clear", "forgets items, variables and dependencies of Rust cells; plugins stay"),
    ("help", "this list"),
];

fn rust(host: &mut Host, call: &Call) -> Outcome {
    let asked = match call.line.arguments {
        "" | "status" => CompilerRequest::Status,
        "warm" => CompilerRequest::Warm,
        "clear" => CompilerRequest::Clear,
        "help" => return print(host, &help()),
        other => return Err(call.problem(host, "CommandError", unknown(other))),
    };
    let session = host.rust();
    let status = session.borrow_mut().status(host, asked, &mut Nobody);
    let status = status.map_err(|error| error.problem(host, call))?;
    if let Some(why) = &status.refused {
        return Err(call.problem(host, "RustError", why.clone()));
    }
    match call.line.arguments {
        "clear" => print(host, "items, variables and dependencies of Rust cells are forgotten"),
        _ => print(host, &text(&status)),
    }
}

/// A status as lines of text.
fn text(status: &CompilerStatus) -> String {
    let warm = if status.warm { "ready" } else { "not warmed up: `%rust warm` does it, or the first cell" };
    let analysis = if status.analysis { "from all sources" } else { "not loaded yet" };
    let variables: Vec<String> = status.variables.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    [
        format!("compiler process {}: {warm}, {} resident", status.pid, number::bytes(status.resident)),
        format!("compiler: {}", status.rustc),
        format!("completion and hover: {analysis}"),
        format!("items: {}", listed(&status.items)),
        format!("dependencies: {}", listed(&status.dependencies)),
        format!("variables: {}", listed(&variables)),
    ]
    .join("\n")
}

fn help() -> String {
    let words = WORDS.map(|(word, does)| format!("%rust {word:<7} {does}"));
    let cells = "A cell that begins with %%rust is Rust; `:help` in it lists its own commands.";
    format!("{}\n{cells}", words.join("\n"))
}

fn unknown(word: &str) -> String {
    let names = WORDS.map(|(name, _)| name);
    let hint = nearest(word, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("%rust takes {} or {}; found `{word}`{hint}", names[..3].join(", "), names[3])
}

fn print(host: &Host, text: &str) -> Outcome {
    host.session().outbox.print(StreamName::Stdout, &format!("{text}\n"));
    Ok(Dynamic::UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_there_is() {
        let status = CompilerStatus {
            pid: 7,
            warm: true,
            rustc: "rustc 1.95.0".into(),
            items: vec!["f".into(), "S".into()],
            variables: vec![("x".into(), "Tensor".into())],
            resident: 512 << 20,
            ..CompilerStatus::default()
        };
        let text = text(&status);
        for part in ["process 7: ready", "items: f, S", "variables: x: Tensor", "dependencies: none", "not loaded yet"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
