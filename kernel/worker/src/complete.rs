//! What can stand at a cursor: commands, variables, functions, keywords, fields and methods of a value.
//!
//! Nothing is run for it. Positions are counted in code points. Read [`at`] first.

use crate::cell::Cell;
use crate::surface::{self, Kind};
use crate::{Host, commands, script};
use candlewick_link::{Completion, CompletionKind, Completions};
use candlewick_plugin_api::Hook;
use rhai::{Dynamic, Map};
use std::collections::BTreeMap;

const KEYWORDS: [&str; 24] = [
    "let", "const", "if", "else", "switch", "while", "loop", "for", "in", "do", "until", "break", "continue", "return",
    "throw", "try", "catch", "fn", "private", "import", "export", "as", "true", "false",
];

/// The candidates at a cursor.
pub fn at(host: &Host, code: &str, cursor: usize) -> Completions {
    let before: Vec<char> = code.chars().take(cursor).collect();
    let cursor = before.len();
    let word = before.iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let start = cursor - word;
    let prefix: String = before[start..].iter().collect();
    let line: String = before.iter().rev().take_while(|c| **c != '\n').collect::<Vec<_>>().into_iter().rev().collect();
    if let Some(typed) = line.strip_prefix('%') {
        return command(host, typed, cursor, &prefix, start);
    }
    let mut found = Found { prefix, matches: BTreeMap::new() };
    match before[..start].last() {
        Some('.') => members(host, code, &receiver(&before[..start - 1]), &mut found),
        _ => names(host, code, &mut found),
    }
    found.finish(start, cursor)
}

/// Candidates that begin with what is typed, in order of their text; of several with one text the first added stays.
struct Found {
    prefix: String,
    matches: BTreeMap<String, (CompletionKind, String)>,
}

impl Found {
    fn add(&mut self, text: &str, kind: CompletionKind, signature: &str) {
        if text.starts_with(&self.prefix) {
            self.matches.entry(text.to_owned()).or_insert_with(|| (kind, signature.to_owned()));
        }
    }

    fn finish(self, start: usize, end: usize) -> Completions {
        let candidate = |(text, (kind, signature))| Completion { text, kind, signature };
        Completions { start, end, matches: self.matches.into_iter().map(candidate).collect() }
    }
}

/// A `%` line: its name, or an argument of it.
fn command(host: &Host, typed: &str, cursor: usize, prefix: &str, start: usize) -> Completions {
    let Some((name, _)) = typed.split_once(char::is_whitespace) else {
        let mut found = Found { prefix: format!("%{typed}"), matches: BTreeMap::new() };
        for command in commands::all() {
            found.add(command.name, CompletionKind::Magic, command.signature);
        }
        return found.finish(cursor - typed.chars().count() - 1, cursor);
    };
    let mut found = Found { prefix: prefix.to_owned(), matches: BTreeMap::new() };
    match name {
        "plugin" => {
            ["activate", "deactivate", "unregister"]
                .iter()
                .for_each(|verb| found.add(verb, CompletionKind::Keyword, ""));
            let plugins = host.session().plugins.borrow().plugins();
            plugins.iter().for_each(|row| found.add(&row.name, CompletionKind::Instance, &row.description));
        }
        "help" => {
            commands::all().for_each(|c| found.add(c.name.trim_start_matches('%'), CompletionKind::Magic, c.signature));
            surface::all().for_each(|b| found.add(b.name, CompletionKind::Function, b.signature));
        }
        "time" => names(host, typed, &mut found),
        _ => {}
    }
    found.finish(start, cursor)
}

fn names(host: &Host, code: &str, found: &mut Found) {
    for (name, _, value) in host.variables() {
        found.add(name, CompletionKind::Instance, &host.type_name(value));
    }
    for function in host.functions().iter_functions().filter(|function| !function.name.starts_with("anon$")) {
        found.add(function.name, CompletionKind::Function, &function.to_string());
    }
    for builtin in surface::all().filter(|builtin| builtin.kind == Kind::Function) {
        found.add(builtin.name, CompletionKind::Function, builtin.signature);
    }
    for name in ["print", "debug"] {
        found.add(name, CompletionKind::Function, &format!("{name}(value)"));
    }
    KEYWORDS.iter().for_each(|word| found.add(word, CompletionKind::Keyword, ""));
    if Cell::of(code).magic.is_some_and(|line| line.name == "plugin") {
        Hook::all().for_each(|hook| found.add(hook.name(), CompletionKind::Function, &format!("{hook}(ctx)")));
        ["ctx", "this", "metadata"].iter().for_each(|name| found.add(name, CompletionKind::Instance, ""));
    }
}

fn members(host: &Host, code: &str, receiver: &str, found: &mut Found) {
    let in_plugin = Cell::of(code).magic.is_some_and(|line| line.name == "plugin");
    if in_plugin && receiver == "ctx" {
        let documentation = |name| candlewick_plugin_api::Facts::documentation(name).unwrap_or("");
        script::properties().for_each(|name| found.add(name, CompletionKind::Property, documentation(name)));
        return of_type(host, script::CONTEXT, found);
    }
    let mut path = receiver.split('.');
    let root = path.next().unwrap_or_default();
    let variable = host.variables().into_iter().rev().find(|(name, ..)| *name == root).map(|(.., value)| value.clone());
    let Some(value) = path.try_fold(variable, |value, key| Some(Some(field(&value?, key)?))).flatten() else { return };
    if let Some(map) = value.read_lock::<Map>() {
        map.keys()
            .filter(|key| rhai::is_valid_identifier(key))
            .for_each(|key| found.add(key, CompletionKind::Property, ""));
    }
    of_type(host, &host.type_name(&value), found);
}

fn field(value: &Dynamic, key: &str) -> Option<Dynamic> {
    value.read_lock::<Map>()?.get(key).cloned()
}

/// Methods and properties of a type: ours by the table, Rhai's own by its metadata.
fn of_type(host: &Host, kind: &str, found: &mut Found) {
    for builtin in surface::all() {
        match builtin.kind {
            Kind::Method(on) if on == kind => found.add(builtin.name, CompletionKind::Function, builtin.signature),
            Kind::Property(on) if on == kind => found.add(builtin.name, CompletionKind::Property, builtin.signature),
            _ => {}
        }
    }
    for (name, first, signature) in host.standard() {
        if first == kind && rhai::is_valid_identifier(name) {
            found.add(name, CompletionKind::Function, signature);
        }
    }
}

/// The dotted names that end a text, such as `a.b`; empty when a call or index stands there, whose type is not known.
fn receiver(before: &[char]) -> String {
    let name = |c: &&char| c.is_alphanumeric() || **c == '_' || **c == '.';
    let mut path: Vec<char> = before.iter().rev().take_while(name).copied().collect();
    path.reverse();
    path.into_iter().collect()
}
