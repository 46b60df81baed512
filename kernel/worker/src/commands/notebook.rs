//! Commands on the notebook itself: its variables, time, files. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use candlewick_display::number;
use candlewick_display::text::{TextTable, cut};
use candlewick_link::StreamName;
use rhai::Dynamic;
use std::time::Instant;

/// Variables, time, files.
pub const COMMANDS: &[Command] = &[
    Command { name: "%who", signature: "%who", doc: "names the variables", run: Run::Line(who) },
    Command { name: "%whos", signature: "%whos", doc: "lists the variables with type and value", run: Run::Line(whos) },
    Command {
        name: "%reset",
        signature: "%reset",
        doc: "forgets all variables, functions and imports; plugins stay",
        run: Run::Line(|host, _| {
            host.reset();
            Ok(Dynamic::UNIT)
        }),
    },
    Command {
        name: "%time",
        signature: "%time EXPRESSION",
        doc: "evaluates an expression, shows its value and says how long it took",
        run: Run::Line(time_line),
    },
    Command {
        name: "%%time",
        signature: "%%time",
        doc: "runs the rest of the cell and says how long it took",
        run: Run::Cell(|host, call, body| timed(host, |host| host.run_text(body, call.source))),
    },
    Command {
        name: "%%rhai",
        signature: "%%rhai",
        doc: "runs the rest of the cell as Rhai, as a cell without this line does",
        run: Run::Cell(|host, call, body| host.run_text(body, call.source)),
    },
    Command {
        name: "%%writefile",
        signature: "%%writefile PATH",
        doc: "writes the rest of the cell into a file",
        run: Run::Cell(write_file),
    },
];

fn who(host: &mut Host, _: &Call) -> Outcome {
    let names: Vec<&str> = host.variables().iter().map(|(name, ..)| *name).collect();
    let rust = host.rust();
    let rust = rust.borrow();
    let in_rust: Vec<&str> = rust.variables.iter().map(|(name, _)| name.as_str()).collect();
    let text = if names.is_empty() && in_rust.is_empty() { "no variables".to_owned() } else { names.join("  ") };
    let in_rust = if in_rust.is_empty() { String::new() } else { format!("\nin Rust cells: {}", in_rust.join("  ")) };
    let text = format!("{text}{in_rust}");
    print(host, text.trim_start())
}

fn whos(host: &mut Host, _: &Call) -> Outcome {
    let mut table = TextTable::new(&["name", "type", "value"]);
    for (name, constant, value) in host.variables() {
        let kind = host.type_name(value);
        let kind = if constant { format!("{kind}, constant") } else { kind };
        let value = host.session().shows.text(value).replace('\n', " ");
        table.row(vec![name.to_owned(), kind, cut(&value, 60)]);
    }
    let rust = host.rust();
    let rust = rust.borrow();
    for (name, kind) in &rust.variables {
        table.row(vec![name.clone(), cut(kind, 60), "in Rust cells".to_owned()]);
    }
    let text = if host.variables().is_empty() && rust.variables.is_empty() {
        "no variables".to_owned()
    } else {
        table.render()
    };
    print(host, &text)
}

/// The expression is put at the column where it stands, so that errors point at it.
fn time_line(host: &mut Host, call: &Call) -> Outcome {
    if call.line.arguments.is_empty() {
        return Err(call.problem(host, "CommandError", "%time takes an expression, such as `%time fit(net, data)`"));
    }
    let column = "%time ".len();
    let text = format!("{}{}{}", "\n".repeat(call.line.number - 1), " ".repeat(column), call.line.arguments);
    timed(host, |host| host.run_text(&text, call.source))
}

fn timed(host: &mut Host, run: impl FnOnce(&mut Host) -> Outcome) -> Outcome {
    let start = Instant::now();
    let outcome = run(host);
    let took = format!("took {}", number::seconds(start.elapsed().as_secs_f64()));
    print(host, &took).and(outcome)
}

fn write_file(host: &mut Host, call: &Call, body: &str) -> Outcome {
    let path = call.line.arguments.trim_matches('"');
    if path.is_empty() {
        return Err(call.problem(host, "CommandError", "%%writefile takes a path, such as `%%writefile notes.txt`"));
    }
    // The lines up to the command's own are blank.
    let rest: String = body.split_inclusive('\n').skip(call.line.number).collect();
    match std::fs::write(path, &rest) {
        Ok(()) => print(host, &format!("wrote {path} ({})", number::bytes(rest.len() as u64))),
        Err(error) => {
            Err(call.problem(host, "FileError", format!("{path} could not be written: {}", why(path, &error))))
        }
    }
}

/// A missing directory by its name; anything else as the system says it.
fn why(path: &str, error: &std::io::Error) -> String {
    match std::path::Path::new(path).parent() {
        Some(parent) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("there is no directory {}", parent.display())
        }
        _ => error.to_string(),
    }
}

fn print(host: &mut Host, text: &str) -> Outcome {
    host.session().outbox.print(StreamName::Stdout, &format!("{}\n", text.trim_end()));
    Ok(Dynamic::UNIT)
}
