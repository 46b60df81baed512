//! What can stand at a cursor: commands, names, members, options, texts, paths.
//!
//! Nothing is run for it. Positions are counted in code points. Read [`at`] first.

mod code;
mod command;
mod paths;
mod text;

use crate::Host;
use crate::cell::{self, Cell};
use candlewick_link::{Completion, CompletionKind, Completions};
use std::collections::BTreeMap;

/// The candidates at a cursor.
pub fn at(host: &Host, code: &str, cursor: usize) -> Completions {
    let before: Vec<char> = code.chars().take(cursor).collect();
    let found = match command_line(host, &before) {
        Some(start) => command::at(host, code, &before, start),
        None => match kind(code) {
            CellKind::Script { in_plugin } => code::at(host, &before, in_plugin),
            CellKind::Other => Found::new(&before, before.len()),
        },
    };
    found.finish()
}

/// What a cell is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Rhai.
    Script {
        /// Whether it is a plugin's.
        in_plugin: bool,
    },
    /// A file's text, say.
    Other,
}

/// What a cell is made of, by its `%%` lines.
pub fn kind(code: &str) -> CellKind {
    let cell = Cell::of(code);
    match cell.magic.as_ref().map(|line| line.name) {
        None => CellKind::Script { in_plugin: false },
        Some("plugin") => CellKind::Script { in_plugin: true },
        Some("time" | "rhai") => kind(&cell.body),
        Some(_) => CellKind::Other,
    }
}

/// Where the last line of a text begins, when it is a command's.
pub fn command_line(host: &Host, before: &[char]) -> Option<usize> {
    let start = before.iter().rposition(|c| *c == '\n').map_or(0, |end| end + 1);
    let line = &before[start..];
    let name = line.strip_prefix(&['%'])?;
    let name = name.strip_prefix(&['%']).unwrap_or(name);
    if name.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
        return None;
    }
    let above: String = before[..start].iter().collect();
    let above = Cell::of(&above).body;
    cell::begins_statement(host.engine(), &above).then_some(start)
}

/// Candidates that begin with what is typed; of several with one text the first added stays.
struct Found {
    prefix: String,
    start: usize,
    end: usize,
    matches: BTreeMap<(u8, String), (CompletionKind, String)>,
}

impl Found {
    /// Nothing yet, for the text from `start` to the end of `before`.
    fn new(before: &[char], start: usize) -> Self {
        let prefix = before[start..].iter().collect();
        Self { prefix, start, end: before.len(), matches: BTreeMap::new() }
    }

    /// Adds a candidate if it begins with what is typed.
    fn add(&mut self, text: &str, kind: CompletionKind, signature: &str) {
        self.add_with(text, kind, || signature.to_owned());
    }

    /// The same, with a signature that is made only when it is needed.
    fn add_with(&mut self, text: &str, kind: CompletionKind, signature: impl FnOnce() -> String) {
        if text.starts_with(&self.prefix) && !self.matches.contains_key(&(0, text.to_owned())) {
            self.matches.entry((1, text.to_owned())).or_insert_with(|| (kind, signature()));
        }
    }

    /// Adds a candidate that comes before all that are not near.
    fn add_near(&mut self, text: &str, kind: CompletionKind, signature: &str) {
        if text.starts_with(&self.prefix) {
            self.matches.insert((0, text.to_owned()), (kind, signature.to_owned()));
        }
    }

    /// The candidates, near ones first, each group in order of its text.
    fn finish(self) -> Completions {
        let candidate = |((_, text), (kind, signature))| Completion { text, kind, signature };
        Completions { start: self.start, end: self.end, matches: self.matches.into_iter().map(candidate).collect() }
    }
}
