//! Where the lines of a built source come from.
//!
//! evcxr cuts a cell into statements, begins each at the first column of a line of its own, and puts items before the
//! function that holds the others, in any order and with those of earlier cells; their texts it leaves as they are. So
//! each is found by its text, and none twice. Must not know diagnostics. Read [`Built`] first.

use super::draft::{Origin, Written};
use super::syntax::Script;
use super::uses::{self, Import};
use super::{ItemText, commands};
use candlewick_link::Lines;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast::{self, AstNode, HasName};
use std::collections::HashMap;

/// evcxr's functions around a cell, in a build and in a check.
const HEADERS: [&str; 2] = ["pub extern \"C\" fn run_user_code_", "async fn evcxr_analysis_wrapper("];

/// A statement or item as it stands in a built source.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// Its lines.
    pub(crate) text: String,
    /// Its first line in the text that evcxr got, from 0.
    pub(crate) first: usize,
    /// Columns of that line which stand before it.
    pub(crate) offset: u32,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What evcxr does with a chunk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// It stays in the function.
    Statement,
    /// It goes before it; evcxr keeps it under that name, or with the item before it.
    Item(Option<String>),
    /// Each of its imports becomes a line, but in a check.
    Use(Vec<Import>),
    /// `extern crate` and `#![…]`.
    Apart,
}

/// A place in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Where its line comes from; `Origin::Cell` with the line of an earlier cell when `earlier` is there.
    pub(crate) origin: Origin,
    /// Columns to add to those of the source.
    pub(crate) offset: u32,
    /// Of an import that evcxr wrote: its columns, which stand for all.
    pub(crate) columns: Option<(u32, u32)>,
    /// The index of the earlier cell's item.
    pub(crate) earlier: Option<usize>,
}

/// A built source with what is known of its lines.
#[derive(Debug)]
pub(crate) struct Built {
    places: HashMap<usize, Place>,
}

/// The chunks of a text for evcxr: cut as evcxr cuts it.
pub(crate) fn chunks(written: &Written) -> Vec<Chunk> {
    let text = written.text.as_str();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if !commands::is_command(trimmed) && !trimmed.is_empty() && !line.starts_with("//") {
            break;
        }
        start += line.len();
    }
    let code = &text[start..];
    let script = Script::parse(code);
    let (mut at, mut line) = (start, text[..start].matches('\n').count());
    let mut previous: Option<String> = None;
    let mut found = Vec::new();
    let statements = script.statements();
    for (index, statement) in statements.iter().enumerate() {
        // Blanks and comments before the first one are counted to it.
        let from = start + if index == 0 { 0 } else { statement.start };
        line += text[at..from].matches('\n').count();
        at = from;
        let before = text[..from].rsplit('\n').next().unwrap_or_default();
        let mut chunk = text[from..start + statement.next].to_owned();
        if !chunk.ends_with('\n') {
            chunk.push('\n');
        }
        let kind = kind(&statement.node, &mut previous, &script, code);
        found.push(Chunk { text: chunk, first: line, offset: before.chars().count() as u32, kind });
    }
    found
}

fn kind(node: &SyntaxNode, previous: &mut Option<String>, script: &Script, code: &str) -> Kind {
    if ast::Attr::can_cast(node.kind()) {
        return Kind::Apart;
    }
    let Some(item) = ast::Item::cast(node.clone()) else { return Kind::Statement };
    let name = match &item {
        ast::Item::ExternCrate(_) => return Kind::Apart,
        ast::Item::Use(import) => return Kind::Use(uses::imports(import, script, code)),
        // A call of a macro that the parser takes for an item is one for evcxr too.
        ast::Item::Const(item) => item.name(),
        ast::Item::Enum(item) => item.name(),
        ast::Item::Fn(item) => item.name(),
        ast::Item::MacroRules(item) => item.name(),
        ast::Item::MacroDef(item) => item.name(),
        ast::Item::Module(item) => item.name(),
        ast::Item::Static(item) => item.name(),
        ast::Item::Struct(item) => item.name(),
        ast::Item::Trait(item) => item.name(),
        ast::Item::TypeAlias(item) => item.name(),
        ast::Item::Union(item) => item.name(),
        _ => None,
    };
    if let Some(name) = name {
        *previous = Some(name.text().to_string());
    }
    Kind::Item(previous.clone())
}

impl Built {
    /// Finds the chunks of a text, and the items of earlier cells, in a source.
    pub(crate) fn new(written: &Written, earlier: &[ItemText], source: &str) -> Self {
        let mut built = Self { places: HashMap::new() };
        let lines: Vec<&str> = source.split('\n').collect();
        let header = lines.iter().rposition(|line| HEADERS.iter().any(|header| line.starts_with(header)));
        let header = header.unwrap_or(lines.len());
        let chunks = chunks(written);
        let mut candidates: HashMap<&str, Vec<Candidate>> = HashMap::new();
        for candidate in candidates_of(&chunks, earlier) {
            let first = candidate.lines.first().copied().unwrap_or_default();
            candidates.entry(first).or_default().push(candidate);
        }
        let mut at = 0;
        let texts = Texts { chunks: &chunks, written, earlier };
        while at < header {
            at += built.item(at, &lines, &mut candidates, &texts).max(1);
        }
        built.statements(header, &lines, &chunks, written);
        built
    }

    /// Where a line (from 1) of the source comes from.
    pub(crate) fn place(&self, line: usize) -> Option<&Place> {
        self.places.get(&line)
    }

    /// The stretches of the source that stand so in cells.
    pub(crate) fn lines(&self, source: &str, earlier: &[ItemText]) -> Vec<Lines> {
        let mut numbers: Vec<usize> = self.places.keys().copied().collect();
        numbers.sort_unstable();
        let mut found: Vec<Lines> = Vec::new();
        for number in numbers {
            let place = &self.places[&number];
            let line = match place.origin {
                Origin::Cell(line) | Origin::Show(line) => line,
                _ => continue,
            };
            let source = place.earlier.map_or(source, |index| earlier[index].source.as_str());
            let (built, offset) = (number as u32, place.offset);
            match found.last_mut() {
                Some(last)
                    if (last.offset, offset) == (0, 0)
                        && last.built + last.count == built
                        && last.line + last.count == line
                        && last.source == source =>
                {
                    last.count += 1;
                }
                _ => found.push(Lines { built, count: 1, source: source.to_owned(), line, offset }),
            }
        }
        found
    }

    /// Finds the item that stands at a line (from 0): its number of lines; 0 when none is known there.
    fn item(
        &mut self,
        at: usize,
        lines: &[&str],
        candidates: &mut HashMap<&str, Vec<Candidate>>,
        texts: &Texts,
    ) -> usize {
        let Some(candidates) = lines.get(at).and_then(|line| candidates.get_mut::<str>(line)) else { return 0 };
        let fitting =
            candidates.iter_mut().filter(|candidate| !candidate.found && lines[at..].starts_with(&candidate.lines));
        // The longest; of equal ones the first: evcxr adds what has no name behind what it has, and this cell's own
        // texts stand first here because an item with a name takes the place of an older one.
        let longest = fitting.reduce(|best, next| if next.lines.len() > best.lines.len() { next } else { best });
        let Some(candidate) = longest else { return 0 };
        candidate.found = true;
        for line in 0..candidate.lines.len() {
            self.places.insert(at + line + 1, texts.place(&candidate.from, line));
        }
        candidate.lines.len()
    }

    /// Finds the statements, which stand in order behind the header; between them may stand what evcxr writes.
    fn statements(&mut self, header: usize, lines: &[&str], chunks: &[Chunk], written: &Written) {
        let mut at = header;
        for chunk in chunks.iter().filter(|chunk| chunk.kind == Kind::Statement) {
            let text = split(&chunk.text);
            let found = (at..lines.len()).find(|line| lines[*line..].starts_with(&text));
            let Some(found) = found else { continue };
            for line in 0..text.len() {
                self.places.insert(found + line + 1, chunk_place(chunk, line, written));
            }
            at = found + text.len();
        }
    }
}

/// What may stand before the function: this cell's items and imports first, then those of earlier cells.
fn candidates_of<'t>(chunks: &'t [Chunk], earlier: &'t [ItemText]) -> Vec<Candidate<'t>> {
    let mut found = Vec::new();
    for (index, chunk) in chunks.iter().enumerate().filter(|(_, chunk)| chunk.kind != Kind::Statement) {
        found.push(Candidate::of(&chunk.text, From::Chunk(index)));
        if let Kind::Use(imports) = &chunk.kind {
            // What evcxr writes as it stands in the cell has all its columns.
            let same = |import: &&Import| chunk.text.trim() == import.text.trim();
            found.extend(imports.iter().filter(same).map(|import| Candidate::of(&import.text, From::Chunk(index))));
            found.extend(imports.iter().map(|import| Candidate::import(&import.text, index, import)));
        }
    }
    found.extend(earlier.iter().enumerate().map(|(index, item)| Candidate::of(&item.text, From::Earlier(index))));
    found
}

fn chunk_place(chunk: &Chunk, line: usize, written: &Written) -> Place {
    let origin = written.lines.get(chunk.first + line).copied().unwrap_or(Origin::Filling);
    Place { origin, offset: if line == 0 { chunk.offset } else { 0 }, columns: None, earlier: None }
}

/// All texts that may stand in the source.
struct Texts<'t> {
    chunks: &'t [Chunk],
    written: &'t Written,
    earlier: &'t [ItemText],
}

impl Texts<'_> {
    /// The place of a line (from 0) of one of them.
    fn place(&self, from: &From, line: usize) -> Place {
        match from {
            From::Chunk(index) => chunk_place(&self.chunks[*index], line, self.written),
            From::Import(index, import) => {
                let place = chunk_place(&self.chunks[*index], import.line as usize, self.written);
                Place { columns: Some(import.columns), ..place }
            }
            From::Earlier(index) => {
                let item = &self.earlier[*index];
                let offset = if line == 0 { item.offset } else { 0 };
                Place { origin: Origin::Cell(item.line + line as u32), offset, columns: None, earlier: Some(*index) }
            }
        }
    }
}

/// A text that may stand in the source.
struct Candidate<'t> {
    lines: Vec<&'t str>,
    from: From,
    found: bool,
}

#[derive(Clone, Debug)]
enum From {
    Chunk(usize),
    Import(usize, Import),
    Earlier(usize),
}

impl<'t> Candidate<'t> {
    fn of(text: &'t str, from: From) -> Self {
        Self { lines: split(text), from, found: false }
    }

    fn import(text: &'t str, index: usize, import: &Import) -> Self {
        Self::of(text, From::Import(index, import.clone()))
    }
}

/// The lines of a text that ends with a line's end.
fn split(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

/// The items and imports of a text, as later builds hold them.
pub(crate) fn items(written: &Written, source: &str) -> Vec<ItemText> {
    let mut found = Vec::new();
    for chunk in chunks(written) {
        // Blanks before the first statement stand on its first lines: each has its own origin.
        let Some(Origin::Cell(line)) = written.lines.get(chunk.first).copied() else { continue };
        let item = ItemText { source: source.to_owned(), line, offset: chunk.offset, ..ItemText::default() };
        match chunk.kind {
            Kind::Statement => {}
            Kind::Item(name) => found.push(ItemText { name, text: chunk.text, ..item }),
            Kind::Apart => found.push(ItemText { text: chunk.text, ..item }),
            Kind::Use(imports) => found.extend(imports.into_iter().map(|import| {
                let offset = if import.line == 0 { item.offset } else { 0 };
                let line = item.line + import.line;
                ItemText { name: import.name, text: import.text, line, offset, source: source.to_owned() }
            })),
        }
    }
    found
}
