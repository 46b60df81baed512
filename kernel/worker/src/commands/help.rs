//! `%help`: what there is, and one thing in full. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run, all};
use crate::Host;
use crate::surface::{self, Builtin, Kind};
use candlewick_display::text::TextTable;
use candlewick_engine::run::Options;
use candlewick_link::Bundle;
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
    let text = if name.is_empty() { Some(overview()) } else { describe(name) };
    let Some(text) = text else {
        let known = surface::all().map(|builtin| builtin.name).chain(all().map(|command| command.name));
        let hint = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(call.problem(host, "NameError", format!("there is no help on `{name}`{hint}")));
    };
    host.session().page(Bundle::text(text));
    Ok(Dynamic::UNIT)
}

/// The text on one name: signature, what it does, an example.
pub fn describe(name: &str) -> Option<String> {
    let bare = name.trim_start_matches('%');
    let commands = all().filter(|command| command.name.trim_start_matches('%') == bare);
    let mut texts: Vec<String> = commands.map(|command| format!("{}\n  {}", command.signature, command.doc)).collect();
    if bare == name {
        texts.extend(surface::all().filter(|builtin| builtin.name == name).map(full));
    }
    if matches!(name, "fit" | "train") {
        texts.push(format!("options of fit and train\n{}", options()));
    }
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn options() -> String {
    let mut table = TextTable::new(&["option", "what it is", "also"]);
    for option in Options::table() {
        table.row(vec![option.name.to_owned(), option.doc.to_owned(), option.aliases.join(", ")]);
    }
    table.render()
}

/// A built-in's text.
pub fn full(builtin: &Builtin) -> String {
    format!("{}\n  {}\n  example: {}", titled(builtin), builtin.doc, builtin.example)
}

fn titled(builtin: &Builtin) -> String {
    match builtin.kind {
        Kind::Function => builtin.signature.to_owned(),
        Kind::Method(on) | Kind::Property(on) => format!("{on}.{}", builtin.signature),
    }
}

fn overview() -> String {
    let mut commands = TextTable::new(&["command", "what it does"]);
    for command in all() {
        commands.row(vec![command.signature.to_owned(), command.doc.to_owned()]);
    }
    let mut functions = TextTable::new(&["function", "what it does"]);
    for builtin in surface::all() {
        functions.row(vec![titled(builtin), builtin.doc.to_owned()]);
    }
    format!("{}\n\n{}", commands.render(), functions.render())
}
