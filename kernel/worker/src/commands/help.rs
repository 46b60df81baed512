//! `%help`: what there is, and one thing in full. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run, all};
use crate::Host;
use crate::inspect::{describe, entry_of};
use crate::rust::Callables;
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
    let callables = &host.session().callables;
    let mut entries = if name.is_empty() { overview(callables) } else { describe(name) };
    entries.extend(callables.find(name).map(|callable| entry_of(&callable)));
    if entries.is_empty() {
        let own = callables.all();
        let known = surface::all().map(|builtin| builtin.name).chain(all().map(|command| command.name));
        let hint = nearest(name, known.chain(own.iter().map(|callable| callable.name.as_str())))
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(call.problem(host, "NameError", format!("there is no help on `{name}`{hint}")));
    }
    host.session().page(linked(page(&entries)));
    Ok(Dynamic::UNIT)
}

fn overview(callables: &Callables) -> Vec<Entry> {
    let commands = all().map(|command| (command.signature.to_owned(), command.doc));
    let functions = surface::all().map(|builtin| match builtin.kind {
        Kind::Function => (builtin.signature.to_owned(), builtin.doc),
        Kind::Method(on) | Kind::Property(on) => (format!("{on}.{}", builtin.signature), builtin.doc),
    });
    let keywords = KEYWORDS.iter().map(|(_, form, doc)| ((*form).to_owned(), *doc));
    let own = callables.all();
    let of_rust = own.iter().map(|callable| (callable.signature.clone(), callable.doc.lines().next().unwrap_or("")));
    let mut lists = vec![list("commands", "command", commands), list("functions", "function", functions)];
    if !own.is_empty() {
        lists.push(list("functions of Rust cells", "function", of_rust));
    }
    lists.push(list("the language", "form", keywords));
    lists
}

fn list<'d>(title: &str, head: &str, rows: impl Iterator<Item = (String, &'d str)>) -> Entry {
    let head = vec![head.to_owned(), "what it does".to_owned()];
    let rows = rows.map(|(form, doc)| vec![form, doc.to_owned()]);
    Entry { forms: vec![title.to_owned()], table: std::iter::once(head).chain(rows).collect(), ..Entry::default() }
}
