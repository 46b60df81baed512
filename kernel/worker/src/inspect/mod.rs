//! What stands at a cursor: a command, a name, a member of a value, an option, a hook.
//!
//! Nothing is run for it. Read [`at`] first.

mod entries;
mod value;

use entries::command;
pub use entries::{callable as entry_of, describe};

use crate::Host;
use crate::complete::{CellKind, command_line, kind};
use crate::cursor::{Call, Ending, Known, Site};
use crate::script;
use crate::show::linked;
use crate::surface::{self, Kind, keyword};
use candlewick_display::{Entry, page};
use candlewick_engine::run::Options;
use candlewick_link::Inspection;
use candlewick_plugin_api::{Facts, Hook, Transform};

/// What is known of the name at a cursor; none when nothing is. `detail` 0 is the short form, 1 all there is.
pub fn at(host: &Host, code: &str, cursor: usize, detail: u8) -> Option<Inspection> {
    let text: Vec<char> = code.chars().collect();
    let (start, end) = word(&text, cursor.min(text.len()));
    let entries = match command_line(host, &text[..end]) {
        Some(line) => on_command_line(host, &text, line, (start, end), detail),
        None => match kind(code) {
            CellKind::Script { in_plugin } => in_code(host, &text[..end], start, in_plugin, detail),
            CellKind::Other => Vec::new(),
        },
    };
    (!entries.is_empty()).then(|| Inspection { bundle: linked(page(&entries)) })
}

/// The word around a cursor, or right before it or before the bracket that was just opened; else nothing, there.
fn word(text: &[char], cursor: usize) -> (usize, usize) {
    let part = |c: &char| c.is_alphanumeric() || *c == '_';
    let around = |at: usize| {
        let start = text[..at].iter().rposition(|c| !part(c)).map_or(0, |before| before + 1);
        let end = at + text[at..].iter().take_while(|c| part(c)).count();
        (start, end)
    };
    let (start, end) = around(cursor);
    if start < end || !text[..cursor].ends_with(&['(']) {
        return (start, end);
    }
    let (called, open) = around(cursor - 1);
    if called < open { (called, open) } else { (cursor, cursor) }
}

fn on_command_line(host: &Host, text: &[char], line: usize, word: (usize, usize), detail: u8) -> Vec<Entry> {
    let length = text[line..].iter().take_while(|c| !c.is_whitespace()).count();
    let name: String = text[line..line + length].iter().collect();
    let argument: String = text[word.0..word.1].iter().collect();
    let known = crate::commands::all().find(|command| command.name == name);
    if word.0 < line + length || argument.is_empty() {
        return known.map(command).into_iter().collect();
    }
    match name.as_str() {
        "%time" => in_code(host, &text[line + length..word.1], word.0 - line - length, false, detail),
        "%help" => describe(&argument),
        _ => known.map(command).into_iter().collect(),
    }
}

/// The entries for the word that ends a text and begins at `start`.
fn in_code(host: &Host, text: &[char], start: usize, in_plugin: bool, detail: u8) -> Vec<Entry> {
    let name: String = text[start..].iter().collect();
    let site = Site::new(host, &text[..start], in_plugin);
    let around = || site.innermost_call().map_or_else(Vec::new, |call| called(&site, &call));
    match site.tokens.ending {
        Ending::Comment => Vec::new(),
        Ending::Text { .. } => match Hook::from_name(&name) {
            Some(hook) => vec![entries::hook(hook)],
            None => around(),
        },
        Ending::Code if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) => around(),
        Ending::Code => named(&site, &name, detail),
    }
}

fn named(site: &Site, name: &str, detail: u8) -> Vec<Entry> {
    let tokens = &site.tokens;
    let count = tokens.all.len();
    if count > 0 && tokens.is(count - 1, '.') && !(count > 1 && tokens.is(count - 2, '.')) {
        return member(site, name, detail);
    }
    if site.is_path(count) {
        return in_module(site.host, &tokens.text(count.saturating_sub(3)), name);
    }
    if let Some(entry) = option(site, name) {
        return vec![entry];
    }
    let mut found: Vec<Entry> = variable(site, name, detail).into_iter().collect();
    found.extend(entries::functions(site, name, detail));
    if site.in_plugin {
        found.extend(Hook::from_name(name).map(entries::hook));
        found.extend(Transform::from_name(name).map(entries::transform));
    }
    found.extend(
        surface::all().filter(|entry| entry.name == name && entry.kind == Kind::Function).map(entries::builtin),
    );
    found.extend(site.host.session().callables.find(name).map(|callable| entries::callable(&callable)));
    found.extend(keyword(name).map(entries::keyword));
    if found.is_empty() {
        found.extend(entries::standard(site.host, name, None, detail));
    }
    if found.is_empty() {
        found.extend(surface::all().filter(|entry| entry.name == name).map(entries::builtin));
    }
    found
}

/// A variable of the text itself or of the notebook.
fn variable(site: &Site, name: &str, detail: u8) -> Option<Entry> {
    let host = site.host;
    let known = site.variable(name);
    if let Some(entry) =
        known.as_ref().and_then(|known| site.live(known, |live| value::entry(host, name, live, detail)))
    {
        let constant = host.variables().iter().any(|(own, constant, _)| *own == name && *constant);
        return Some(if constant { with_first_form(entry, "constant ") } else { entry });
    }
    let declared = site.names.find(name).is_some();
    let kind = known.map(|known| site.type_of(&known));
    (declared || kind.is_some()).then(|| {
        let kind = kind.unwrap_or_else(|| "not known before it runs".to_owned());
        Entry { forms: vec![format!("{name}: {kind}")], ..Entry::default() }
    })
}

fn with_first_form(mut entry: Entry, before: &str) -> Entry {
    entry.forms.iter_mut().take(1).for_each(|form| form.insert_str(0, before));
    entry
}

/// A member of the value before the point; of an unknown value every method of that name.
fn member(site: &Site, name: &str, detail: u8) -> Vec<Entry> {
    let known = site.tokens.all.len().checked_sub(2).and_then(|before| site.known(before));
    let Some(known) = known else {
        return surface::all().filter(|e| e.name == name && e.kind != Kind::Function).map(entries::builtin).collect();
    };
    let kind = site.type_of(&known);
    if site.fields(&known).iter().any(|field| field == name) {
        let field = site.field(&known, name);
        let live =
            field.as_ref().and_then(|field| site.live(field, |live| value::entry(site.host, name, live, detail)));
        let plain = || Entry { forms: vec![typed(site, name, field.as_ref())], ..Entry::default() };
        return vec![live.unwrap_or_else(plain)];
    }
    if matches!(kind.as_str(), script::CONTEXT | "context")
        && let Some(doc) = Facts::documentation(name)
    {
        return vec![Entry { forms: vec![format!("ctx.{name}")], text: doc.to_owned(), ..Entry::default() }];
    }
    let of_type = |entry: &&surface::Builtin| matches!(entry.kind, Kind::Method(on) | Kind::Property(on) if on == kind);
    let mut found: Vec<Entry> =
        surface::all().filter(|entry| entry.name == name).filter(of_type).map(entries::builtin).collect();
    if found.is_empty() {
        found.extend(entries::standard(site.host, name, Some(&kind), detail));
    }
    found
}

fn typed(site: &Site, name: &str, known: Option<&Known>) -> String {
    known.map_or_else(|| name.to_owned(), |known| format!("{name}: {}", site.type_of(known)))
}

fn in_module(host: &Host, module: &str, name: &str) -> Vec<Entry> {
    let Some((_, module)) = host.modules().find(|(own, _)| *own == module) else { return Vec::new() };
    let named = |signature: &String| signature.split('(').next() == Some(name);
    let forms = module.gen_fn_signatures_with_mapper(Into::into).filter(named).collect::<Vec<_>>();
    if forms.is_empty() { Vec::new() } else { vec![Entry { forms, ..Entry::default() }] }
}

/// The option whose name is being written.
fn option(site: &Site, name: &str) -> Option<Entry> {
    let map = site.option_map().filter(|map| map.key.is_none())?;
    let of_fit = matches!(map.call.name.as_str(), "fit" | "train" | "evaluate");
    let known = Options::table().iter().find(|option| option.name == name || option.aliases.contains(&name));
    if let Some(option) = known.filter(|_| of_fit) {
        return Some(entries::option(&map.call.name, option));
    }
    let builtin = site.builtin(&map.call).filter(|builtin| builtin.options().contains(&name))?;
    let form = format!("{name}, an option of {}", builtin.name);
    Some(Entry { forms: vec![form], text: builtin.doc.to_owned(), ..Entry::default() })
}

/// What is being called.
fn called(site: &Site, call: &Call) -> Vec<Entry> {
    match site.builtin(call) {
        Some(builtin) => vec![entries::builtin(builtin)],
        None => match &call.receiver {
            None => entries::functions(site, &call.name, 0)
                .into_iter()
                .chain(site.host.session().callables.find(&call.name).map(|callable| entries::callable(&callable)))
                .chain(entries::standard(site.host, &call.name, None, 0))
                .collect(),
            Some(Some(known)) => {
                entries::standard(site.host, &call.name, Some(&site.type_of(known)), 0).into_iter().collect()
            }
            Some(None) => Vec::new(),
        },
    }
}
