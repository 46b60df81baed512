//! Completions of rust-analyzer as a notebook shows them: plain text, filtered, ordered, not too many.
//!
//! It must not know threads. Read [`candidates`] first.

use super::cell_text::{CellText, OURS, code_points};
use candlewick_link::{Completion, CompletionKind, Completions};
use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    Analysis, CallableSnippets, Cancellable, CompletionConfig, CompletionFieldsToResolve, CompletionItem,
    CompletionItemKind, CompletionRelevance, FileId, FilePosition, RaFixtureConfig, SymbolKind, TextRange, TextSize,
};
use ra_ap_ide_db::SnippetCap;
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};
use std::cmp::Reverse;

/// How many candidates are given.
pub const MOST: usize = 200;

/// What the macros of `candlewick::cells` are called by where they are written, beside their names there.
pub const HIDDEN: &str = "__candlewick_";

/// The candidates at a byte of a cell, the best first.
///
/// # Errors
/// When the world changed meanwhile.
pub fn candidates(
    analysis: &Analysis,
    file_id: FileId,
    cell: &CellText,
    code: &str,
    at: usize,
) -> Cancellable<Completions> {
    let offset = TextSize::try_from(cell.start + at).unwrap_or_default();
    let items = analysis.completions(&config(), FilePosition { file_id, offset }, None)?.unwrap_or_default();
    let prefix = prefix(&code[..at]);
    let mut found: Vec<Candidate> = items.iter().filter_map(|item| Candidate::new(item, cell, prefix)).collect();
    found.sort_by(|a, b| a.order.cmp(&b.order));
    found.dedup_by(|a, b| a.insert == b.insert && a.kind == b.kind);
    found.truncate(MOST);
    Ok(joined(found, code, at))
}

/// The word before a cursor.
pub fn prefix(before: &str) -> &str {
    let start = before
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
    &before[start..]
}

fn config() -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: false,
        enable_imports_on_the_fly: false,
        enable_self_on_the_fly: true,
        enable_auto_iter: false,
        enable_auto_await: false,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: true,
        callable: Some(CallableSnippets::AddParentheses),
        add_colons_to_module: false,
        add_semicolon_to_unit: false,
        snippet_cap: SnippetCap::new(true),
        insert_use: InsertUseConfig {
            granularity: ImportGranularity::Item,
            enforce_granularity: false,
            prefix_kind: PrefixKind::ByCrate,
            group: false,
            skip_glob_imports: false,
        },
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        snippets: Vec::new(),
        limit: None,
        fields_to_resolve: CompletionFieldsToResolve::empty(),
        exclude_flyimport: Vec::new(),
        exclude_traits: &[],
        ra_fixture: RaFixtureConfig { disable_ra_fixture: true, ..RaFixtureConfig::default() },
    }
}

/// A candidate and what it replaces, in bytes of the cell.
struct Candidate {
    start: usize,
    end: usize,
    insert: String,
    kind: CompletionKind,
    signature: String,
    order: Order,
}

/// Candidates with the case as it was typed come first, then the text's own variables, then fields.
type Order = (bool, u8, Reverse<u32>, String);

impl Candidate {
    /// None for what does not begin with the prefix, or cannot be put in as one piece of text.
    fn new(item: &CompletionItem, cell: &CellText, prefix: &str) -> Option<Self> {
        let mut edits = item.text_edit.iter();
        let (edit, None) = (edits.next()?, edits.next()) else { return None };
        let name = item.lookup.rsplit(' ').next().unwrap_or_default().trim_start_matches("r#");
        if !begins(name, prefix) || OURS.contains(&name) || name.starts_with("__") {
            return None;
        }
        let (start, end) = within(edit.delete, cell)?;
        let insert = match item.kind {
            CompletionItemKind::Keyword | CompletionItemKind::Snippet => item.label.primary.to_string(),
            _ if item.is_snippet => plain(&edit.insert),
            _ => edit.insert.clone(),
        };
        let order = (!name.starts_with(prefix), rank(item.kind), Reverse(score(item)), name.to_owned());
        Some(Self { start, end, insert, kind: kind(item.kind), signature: signature(item), order })
    }
}

fn begins(name: &str, prefix: &str) -> bool {
    let mut of_name = name.chars().flat_map(char::to_lowercase);
    prefix.chars().flat_map(char::to_lowercase).all(|c| of_name.next() == Some(c))
}

/// A range of the analysed text as bytes of the cell.
fn within(range: TextRange, cell: &CellText) -> Option<(usize, usize)> {
    let start = usize::from(range.start()).checked_sub(cell.start)?;
    let end = usize::from(range.end()).checked_sub(cell.start)?;
    (end <= cell.length).then_some((start, end))
}

/// A snippet as plain text: up to where the cursor is to stand when that is inside a call, else without its marks.
fn plain(snippet: &str) -> String {
    let inside = [("($0)", '('), ("[$0]", '['), ("{$0}", '{')];
    let call = inside.iter().find_map(|(end, open)| Some((snippet.strip_suffix(end)?, open)));
    call.map_or_else(|| unescaped(snippet), |(head, open)| format!("{}{open}", unescaped(head)))
}

/// A snippet without `$0` and `${1:name}`, its `\` gone.
fn unescaped(snippet: &str) -> String {
    let mut text = String::new();
    let mut rest = snippet.chars().peekable();
    let mut open = 0_usize;
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.extend(rest.next()),
            '$' => {
                let is_place = rest.next_if_eq(&'{').is_some();
                while rest.next_if(char::is_ascii_digit).is_some() {}
                if is_place && rest.next_if_eq(&':').is_some() {
                    open += 1;
                } else if is_place {
                    rest.next();
                }
            }
            '}' if open > 0 => open -= 1,
            c => text.push(c),
        }
    }
    text
}

fn rank(kind: CompletionItemKind) -> u8 {
    match kind {
        CompletionItemKind::SymbolKind(SymbolKind::Local | SymbolKind::ValueParam | SymbolKind::SelfParam) => 0,
        CompletionItemKind::SymbolKind(SymbolKind::Field) => 1,
        CompletionItemKind::BuiltinType | CompletionItemKind::Keyword | CompletionItemKind::Snippet => 3,
        _ => 2,
    }
}

fn kind(kind: CompletionItemKind) -> CompletionKind {
    use SymbolKind as Is;
    match kind {
        CompletionItemKind::Keyword => CompletionKind::Keyword,
        CompletionItemKind::Binding => CompletionKind::Instance,
        CompletionItemKind::SymbolKind(symbol) => match symbol {
            Is::Function | Is::Method | Is::Macro | Is::ProcMacro | Is::Derive | Is::Attribute | Is::BuiltinAttr => {
                CompletionKind::Function
            }
            Is::Local | Is::ValueParam | Is::SelfParam | Is::Static => CompletionKind::Instance,
            Is::Field => CompletionKind::Property,
            Is::Module | Is::CrateRoot | Is::ToolModule => CompletionKind::Module,
            _ => CompletionKind::Value,
        },
        _ => CompletionKind::Value,
    }
}

/// rust-analyzer's relevance. A type that merely could fit, as any does where none is expected, adds nothing; nor does
/// one that is a parameter, which fits an unknown one exactly.
fn score(item: &CompletionItem) -> u32 {
    let with = item.relevance.score();
    let without = CompletionRelevance { type_match: None, ..item.relevance }.score();
    let detail = item.detail.as_deref().unwrap_or_default();
    let result = detail.split_once(" -> ").map_or("", |(_, result)| result.split(" where ").next().unwrap_or_default());
    let is_parameter = result == "Self" || result.len() == 1;
    if with > without + 10 && !is_parameter { with } else { without }
}

/// What is shown beside a candidate: a function's parameters and result, a variable's type.
fn signature(item: &CompletionItem) -> String {
    match item.kind {
        CompletionItemKind::Keyword | CompletionItemKind::Snippet => String::new(),
        _ => item.detail.as_deref().unwrap_or_default().replace(HIDDEN, ""),
    }
}

/// Candidates that replace one stretch of text: those with a shorter one are lengthened by what stands before it.
fn joined(found: Vec<Candidate>, code: &str, at: usize) -> Completions {
    let start = found.iter().map(|one| one.start).min().unwrap_or(at - prefix(&code[..at]).len());
    let end = found.iter().map(|one| one.end).max().unwrap_or(at);
    let text = |one: &Candidate| format!("{}{}{}", &code[start..one.start], one.insert, &code[one.end..end]);
    let matches = found
        .iter()
        .map(|one| Completion { text: text(one), kind: one.kind, signature: one.signature.clone() })
        .collect();
    Completions { start: code_points(code, start), end: code_points(code, end), matches }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_becomes_text() {
        let check = |snippet: &str, expect: &str| assert_eq!(plain(snippet), expect, "{snippet}");
        check("matmul($0)", "matmul(");
        check("dims()$0", "dims()");
        check("vec![$0]", "vec![");
        check("fn a(&self) {\n    $0\n}", "fn a(&self) {\n    \n}");
        check("if ${1:condition} \\{ \\$ \\}", "if condition { $ }");
        check("Some(${1})", "Some()");
    }

    #[test]
    fn a_word_ends_at_the_cursor() {
        let check = |before: &str, expect: &str| assert_eq!(prefix(before), expect);
        check("x.mat", "mat");
        check("x.", "");
        check("größe", "größe");
        check("→ab", "ab");
        check("", "");
    }

    #[test]
    fn a_prefix_may_have_another_case() {
        assert!(begins("Tensor", "ten"));
        assert!(!begins("Tensor", "tenz"));
        assert!(!begins("T", "Te"));
    }
}
