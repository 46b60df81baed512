//! Entries of the tables: commands, built-ins, options, hooks, keywords, functions.
//!
//! Must not know cursors. Read [`describe`] first.

use crate::Host;
use crate::commands::{self, Command};
use crate::cursor::Site;
use crate::rust::Callable;
use crate::surface::{self, Builtin, Kind, keyword as keyword_of};
use candlewick_display::Entry;
use candlewick_engine::run::{OptionDoc, Options};
use candlewick_plugin_api::{Hook, Transform};

/// Signatures of one of Rhai's own functions that the short form shows.
const SIGNATURES: usize = 8;

/// All that the tables have on a name; names of commands with or without their percent signs.
pub fn describe(name: &str) -> Vec<Entry> {
    let bare = name.trim_start_matches('%');
    let fits = |command: &&Command| {
        if bare == name { command.name.trim_start_matches('%') == bare } else { command.name == name }
    };
    let mut entries: Vec<Entry> = commands::all().filter(fits).map(command).collect();
    if bare == name {
        entries.extend(surface::all().filter(|entry| entry.name == name).map(builtin));
        entries.extend(keyword_of(name).map(keyword));
        entries.extend(Hook::from_name(name).map(hook));
        entries.extend(Transform::from_name(name).map(transform));
    }
    entries
}

/// A command.
pub fn command(command: &'static Command) -> Entry {
    Entry { forms: vec![command.signature.to_owned()], text: command.doc.to_owned(), ..Entry::default() }
}

/// A built-in.
pub fn builtin(builtin: &'static Builtin) -> Entry {
    let form = match builtin.kind {
        Kind::Function => builtin.signature.to_owned(),
        Kind::Method(on) | Kind::Property(on) => format!("{on}.{}", builtin.signature),
    };
    let with_options = builtin.kind == Kind::Function && matches!(builtin.name, "fit" | "train");
    Entry {
        forms: vec![form],
        text: builtin.doc.to_owned(),
        table: if with_options { option_table() } else { Vec::new() },
        blocks: vec![("example".to_owned(), builtin.example.to_owned())],
        ..Entry::default()
    }
}

/// A function of Rust code.
pub fn callable(callable: &Callable) -> Entry {
    let parameters = callable.parameters().iter().enumerate();
    let parameters = parameters.map(|(place, takes)| (format!("argument {}", place + 1), takes.clone()));
    let facts = parameters.chain([("defined in".to_owned(), callable.place())]).collect();
    Entry { forms: vec![callable.signature.clone()], text: callable.doc.clone(), facts, ..Entry::default() }
}

/// The options of `fit` and `train`, the head first.
pub fn option_table() -> Vec<Vec<String>> {
    let head = ["option", "what it is", "also"].map(str::to_owned).to_vec();
    let row = |option: &OptionDoc| vec![option.name.to_owned(), option.doc.to_owned(), option.aliases.join(", ")];
    std::iter::once(head).chain(Options::table().iter().map(row)).collect()
}

/// An option of a call.
pub fn option(call: &str, option: &OptionDoc) -> Entry {
    let also = if option.aliases.is_empty() { String::new() } else { format!("\nalso: {}", option.aliases.join(", ")) };
    let form = format!("{}, an option of {call}", option.name);
    Entry { forms: vec![form], text: format!("{}{also}", option.doc), ..Entry::default() }
}

/// A hook.
pub fn hook(hook: Hook) -> Entry {
    let text = format!("called {}", hook.documentation());
    Entry { forms: vec![format!("fn {hook}(ctx)")], text, ..Entry::default() }
}

/// A data transform.
pub fn transform(transform: Transform) -> Entry {
    Entry { forms: vec![transform.signature()], text: transform.doc().to_owned(), ..Entry::default() }
}

/// A word of the language.
pub fn keyword((_, form, doc): &'static (&str, &str, &str)) -> Entry {
    Entry { forms: vec![(*form).to_owned()], text: (*doc).to_owned(), ..Entry::default() }
}

/// The functions of that name in this cell and in earlier ones, with their `///` comments.
pub fn functions(site: &Site, name: &str, detail: u8) -> Vec<Entry> {
    let host = site.host;
    let here = site.names.functions.iter().filter(|(own, _)| own == name);
    let here: Vec<Entry> =
        here.map(|(_, form)| Entry { forms: vec![format!("fn {form}")], ..Entry::default() }).collect();
    if site.in_plugin {
        return here;
    }
    let earlier = host.functions().iter_functions().filter(|function| function.name == name);
    let earlier: Vec<Entry> = earlier
        .map(|function| {
            let comments = function
                .comments
                .iter()
                .flat_map(|lines| lines.lines())
                .map(|line| line.trim_start_matches('/').trim());
            let source = host.definition(name, function.params.len());
            let facts = source.iter().map(|(cell, _)| ("defined in".to_owned(), (*cell).to_owned())).collect();
            let source = source.filter(|_| detail > 0).map(|(_, text)| (String::new(), text));
            Entry {
                forms: vec![format!("fn {function}")],
                text: comments.collect::<Vec<_>>().join("\n"),
                facts,
                blocks: source.into_iter().collect(),
                ..Entry::default()
            }
        })
        .collect();
    if earlier.is_empty() { here } else { earlier }
}

/// Rhai's own functions of that name; with a type, those that are called on it.
pub fn standard(host: &Host, name: &str, kind: Option<&str>, detail: u8) -> Option<Entry> {
    let fits = |first: &str| kind.is_none_or(|kind| kind == first);
    let forms = host.standard().filter(|(own, first, _)| *own == name && fits(first));
    let forms = forms.map(|(.., signature)| signature.replace(", Box<EvalAltResult>>", "").replace("Result<", ""));
    let forms: Vec<String> = forms.take(if detail == 0 { SIGNATURES } else { usize::MAX }).collect();
    (!forms.is_empty()).then(|| Entry { forms, text: "one of Rhai's own functions".to_owned(), ..Entry::default() })
}
