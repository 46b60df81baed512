//! Candidates that need no sources: variables, names of items, keywords. Given while the sources are being read.
//!
//! Read [`candidates`] first.

use super::Known;
use super::candidates::{MOST, prefix};
use super::cell_text::code_points;
use candlewick_link::{Completion, CompletionKind, Completions};
use ra_ap_syntax::ast::{self, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile};

/// Keywords that begin something in a cell.
const KEYWORDS: [&str; 27] = [
    "async", "await", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "return", "static", "struct", "trait", "true", "use", "while",
];

/// Variables, names of items and of dependencies, and keywords that begin with the word before a byte of a cell; nothing
/// behind `.` or `::`.
pub fn candidates(known: &Known, code: &str, at: usize) -> Completions {
    let word = prefix(&code[..at]);
    let start = at - word.len();
    let mut found = Vec::new();
    if !is_member(&code[..start]) {
        found.extend(known.variables.iter().map(|(name, kind)| one(name, CompletionKind::Instance, kind)));
        found.extend(known.items.iter().flat_map(|item| names(item)).map(|(name, kind)| one(&name, kind, "")));
        found.extend(dependencies(known));
        found.extend(KEYWORDS.iter().map(|name| one(name, CompletionKind::Keyword, "")));
    }
    found.retain(|candidate| candidate.text.starts_with(word));
    found.truncate(MOST);
    Completions { start: code_points(code, start), end: code_points(code, at), matches: found }
}

/// Candidates of rust-analyzer, which does not know them, with the names of dependencies.
pub fn with_dependencies(mut found: Completions, known: &Known, code: &str, at: usize) -> Completions {
    let word = prefix(&code[..at]);
    let start = at - word.len();
    if !word.is_empty() && !is_member(&code[..start]) && found.start == code_points(code, start) {
        found.matches.extend(dependencies(known).filter(|one| one.text.starts_with(word)));
    }
    found
}

/// Whether what follows is a member of something.
fn is_member(before: &str) -> bool {
    matches!(before.trim_end().as_bytes(), [.., b'.'] | [.., b':', b':'])
}

fn dependencies(known: &Known) -> impl Iterator<Item = Completion> {
    let names = known.dependencies.iter().filter_map(|line| line.split(|c: char| c == '=' || c.is_whitespace()).next());
    names.map(|name| one(&name.replace('-', "_"), CompletionKind::Module, ""))
}

fn one(text: &str, kind: CompletionKind, signature: &str) -> Completion {
    Completion { text: text.to_owned(), kind, signature: signature.to_owned() }
}

/// The names that a text of items brings, `use` lines apart.
fn names(items: &str) -> Vec<(String, CompletionKind)> {
    let file = SourceFile::parse(items, Edition::Edition2024).tree();
    file.items().filter_map(|item| name(&item)).collect()
}

fn name(item: &ast::Item) -> Option<(String, CompletionKind)> {
    let (name, kind) = match item {
        ast::Item::Fn(item) => (item.name(), CompletionKind::Function),
        ast::Item::MacroRules(item) => (item.name(), CompletionKind::Function),
        ast::Item::Module(item) => (item.name(), CompletionKind::Module),
        ast::Item::Const(item) => (item.name(), CompletionKind::Instance),
        ast::Item::Static(item) => (item.name(), CompletionKind::Instance),
        ast::Item::Struct(item) => (item.name(), CompletionKind::Value),
        ast::Item::Enum(item) => (item.name(), CompletionKind::Value),
        ast::Item::Trait(item) => (item.name(), CompletionKind::Value),
        ast::Item::TypeAlias(item) => (item.name(), CompletionKind::Value),
        ast::Item::Union(item) => (item.name(), CompletionKind::Value),
        _ => return None,
    };
    Some((name?.to_string(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_session_has_is_known_at_once() {
        let known = Known {
            items: vec!["struct Model { a: u8 }".into(), "fn mean(x: f32) -> f32 { x }".into()],
            variables: vec![("made".into(), "u8".into())],
            ..Known::default()
        };
        let check = |code: &str, expect: &[&str]| {
            let found = candidates(&known, code, code.len());
            assert_eq!(found.matches.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), expect, "{code}");
        };
        check("ma", &["made", "match"]);
        check("let é = me", &["mean"]);
        check("Mo", &["Model"]);
        check("x.ma", &[]);
        check("x::ma", &[]);
    }
}
