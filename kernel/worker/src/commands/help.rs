//! `%help`: what there is, and one thing in full. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run, all};
use crate::Host;
use crate::inspect::describe;
use crate::show::linked;
use crate::surface::{self, KEYWORDS, Kind};
use candlewick_display::{Entry, page};
use candlewick_plugin_api::nearest;
use rhai::Dynamic;

/// Help.
pub const COMMANDS: &[Command] = &[Command {
    name: "%help",
    signature: "%help [NAME]",
    doc: "lists commands and functions, or describes one",
    run: Run::Line(help),
}];

fn help(host: &mut Host, call: &Call) -> Outcome {
    let name = call.line.arguments;
    let entries = if name.is_empty() { overview() } else { describe(name) };
    if entries.is_empty() {
        let known = surface::all().map(|builtin| builtin.name).chain(all().map(|command| command.name));
        let hint = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(call.problem(host, "NameError", format!("there is no help on `{name}`{hint}")));
    }
    host.session().page(linked(page(&entries)));
    Ok(Dynamic::UNIT)
}

fn overview() -> Vec<Entry> {
    let commands = all().map(|command| (command.signature.to_owned(), command.doc));
    let functions = surface::all().map(|builtin| match builtin.kind {
        Kind::Function => (builtin.signature.to_owned(), builtin.doc),
        Kind::Method(on) | Kind::Property(on) => (format!("{on}.{}", builtin.signature), builtin.doc),
    });
    let keywords = KEYWORDS.iter().map(|(_, form, doc)| ((*form).to_owned(), *doc));
    vec![
        list("commands", "command", commands),
        list("functions", "function", functions),
        list("the language", "form", keywords),
    ]
}

fn list(title: &str, head: &str, rows: impl Iterator<Item = (String, &'static str)>) -> Entry {
    let head = vec![head.to_owned(), "what it does".to_owned()];
    let rows = rows.map(|(form, doc)| vec![form, doc.to_owned()]);
    Entry { forms: vec![title.to_owned()], table: std::iter::once(head).chain(rows).collect(), ..Entry::default() }
}
