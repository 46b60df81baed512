//! Whether a text is a whole cell, and the indent of its next line. Read [`of`] first.

use crate::cell::{self, Cell, Part};
use crate::cursor::{Ending, Tokens, What};
use rhai::{Engine, Position, Token};
use std::ops::ControlFlow;

/// One level of indent.
const INDENT: &str = "    ";

/// `complete`, `incomplete` or `invalid`, and the indent of the next line.
pub fn of(engine: &Engine, text: &str) -> (&'static str, String) {
    let cell = Cell::of(text);
    let left = || text.ends_with("\n\n") || text.ends_with("\r\n\r\n");
    match cell.magic.as_ref().map(|line| line.name) {
        // Its text is not Rhai; a blank line at the end says that it is whole.
        Some("writefile") => return (if left() { "complete" } else { "incomplete" }, String::new()),
        // A line that begins a cell is not a cell yet.
        Some(_) if cell.body.trim().is_empty() => return ("incomplete", String::new()),
        Some(_) if Cell::of(&cell.body).magic.is_some() => return of(engine, &cell.body),
        _ => {}
    }
    let (status, indent) = script(engine, &cell.body);
    match cell.magic.map(|line| line.name) {
        // Another function may follow: a new line at the end says that none does.
        Some("plugin") if status == "complete" && !text.ends_with('\n') => ("incomplete", String::new()),
        _ => (status, indent),
    }
}

fn script(engine: &Engine, text: &str) -> (&'static str, String) {
    let parts = cell::parts(engine, text);
    let Some(Part::Statements(last)) = parts.last() else { return ("complete", String::new()) };
    let broken = parts.iter().find_map(|part| match part {
        Part::Statements(text) => Some((text, engine.compile(text).err()?)),
        Part::Command(_) => None,
    });
    let letters: Vec<char> = last.chars().collect();
    let tokens = Tokens::of(&letters);
    match broken {
        // Rhai itself takes a comment that is not closed for whole.
        None if tokens.ending == Ending::Comment && is_open(engine, last) => ("incomplete", String::new()),
        None => ("complete", String::new()),
        Some((text, error)) if text == last && ends_early(engine, last, &letters, &tokens, error.position()) => {
            ("incomplete", indent(&letters, &tokens))
        }
        Some(_) => ("invalid", String::new()),
    }
}

fn is_open(engine: &Engine, text: &str) -> bool {
    cell::walk::<()>(engine, text, |_, _| ControlFlow::Continue(())).is_open
}

/// Whether an error stands at the end of the text, so that more text may mend it.
fn ends_early(engine: &Engine, text: &str, letters: &[char], tokens: &Tokens, at: Position) -> bool {
    if let Ending::Text { start, quote } = tokens.ending {
        // Text in quotes goes on in the next line only after a backslash.
        let goes_on = quote != '"' || text.trim_end_matches(['\r', '\n']).ends_with('\\');
        return goes_on && (at.is_none() || at >= place(&letters[..start.saturating_sub(1)]));
    }
    end(engine, text).is_some_and(|end| at.is_none() || at >= end)
}

/// The end of a text as the parser counts it; none when the tokenizer does not get there.
fn end(engine: &Engine, text: &str) -> Option<Position> {
    let walked = cell::walk(engine, text, |token, at| match token {
        Token::EOF => ControlFlow::Break(Some(at)),
        Token::LexError(_) => ControlFlow::Break(None),
        _ => ControlFlow::Continue(()),
    });
    walked.broke.flatten()
}

/// The place behind a text; a long text has more lines than a place can say.
fn place(before: &[char]) -> Position {
    let lines = before.iter().filter(|c| **c == '\n').count();
    let column = before.iter().rev().take_while(|c| **c != '\n').count();
    let short = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    Position::new(short(lines).saturating_add(1), short(column))
}

/// One level more than the line in which the innermost open bracket stands; after an operator one level more than the
/// line. Inside a string or comment nothing: blanks would be a part of it.
fn indent(letters: &[char], tokens: &Tokens) -> String {
    if tokens.ending != Ending::Code {
        return String::new();
    }
    let deeper = |token: usize| line_indent(letters, tokens.all[token].start) + INDENT;
    match (tokens.open.last(), tokens.all.len().checked_sub(1)) {
        (Some(open), _) => deeper(*open),
        (None, Some(last)) if matches!(tokens.what(last), Some(What::Sign(_))) => {
            // The lines of one statement stand in one column, but for the first.
            let first = (0..=last).rev().find(|token| tokens.is(*token, ';')).map_or(0, |token| token + 1);
            deeper(first.min(last))
        }
        _ => String::new(),
    }
}

/// The blanks at the start of the line of a character.
fn line_indent(letters: &[char], at: usize) -> String {
    let start = letters[..at].iter().rposition(|c| *c == '\n').map_or(0, |end| end + 1);
    letters[start..at].iter().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_not_whole() {
        let engine = Engine::new();
        let mut wrong = Vec::new();
        let mut check = |text: &str, status: &str, indent: usize| {
            let (found, spaces) = of(&engine, text);
            if (found, spaces.len()) != (status, indent) {
                wrong.push(format!("{text:?}: {found} {}, not {status} {indent}", spaces.len()));
            }
        };
        check("1 + 1", "complete", 0);
        check("", "complete", 0);
        check("\n\n", "complete", 0);
        check("let a = 1;\n", "complete", 0);
        check("%who", "complete", 0);
        check("let a = 1;\n%who\na", "complete", 0);
        check("// a", "complete", 0);
        check("/* a */", "complete", 0);
        check("/* a", "incomplete", 0);
        check("1 /* a /* b */", "incomplete", 0);
        check("fn f(x) {", "incomplete", 4);
        check("fn f(x) {\n", "incomplete", 4);
        check("fn f(x) {\n  if x {", "incomplete", 6);
        check("fn f(x) {\n    if x {", "incomplete", 8);
        check("fn f(x) {\n    if x {\n        1\n    }", "incomplete", 4);
        check("fn f(x) {\n    if x {\n        1\n        }", "incomplete", 4);
        check("fn f(x) {\n    if x {\n    }\n}", "complete", 0);
        check("fn f(x) {\n\tif x {", "incomplete", 5);
        check("fn f(x)", "incomplete", 0);
        check("if a", "incomplete", 0);
        check("if a { } else", "incomplete", 0);
        check("try { }", "incomplete", 0);
        check("do { }", "incomplete", 0);
        check("let x =", "incomplete", 4);
        check("1 +", "incomplete", 4);
        check("let x = a +\n    b +", "incomplete", 4);
        check("a;\nlet x =", "incomplete", 4);
        check("a.", "incomplete", 4);
        check("f(", "incomplete", 4);
        check("f(1,\n  2,", "incomplete", 4);
        check("f(#{ a: [", "incomplete", 4);
        check("f(#{\n    a: [", "incomplete", 8);
        check("let m = #{ a: 1,", "incomplete", 4);
        check("list.map(|x| {", "incomplete", 4);
        check("list.map(|x|", "incomplete", 4);
        check("list.map(|x| {\n    x\n}", "incomplete", 4);
        check("switch a {", "incomplete", 4);
        check("switch a {\n    1 => 2,", "incomplete", 4);
        check("switch a {\n    1 => {", "incomplete", 8);
        check("switch a { 1 => 2, _ => 3 }", "complete", 0);
        check("let s = `a", "incomplete", 0);
        check("let s = `a\n  b", "incomplete", 0);
        check("let s = `a ${f(", "incomplete", 4);
        check("let s = `a ${b}", "incomplete", 0);
        check("let s = `a ${b} c`", "complete", 0);
        check("let s = `a ${b}\n%who\n`", "complete", 0);
        check("let s = `a\nb`", "complete", 0);
        check("let s = \"a \\", "incomplete", 0);
        check("let s = \"a", "invalid", 0);
        check("let s = \"a\n", "invalid", 0);
        check("let s = \"a \\\n b\"", "complete", 0);
        check("let s = #\"a", "incomplete", 0);
        check("let s = #\"a\"#", "complete", 0);
        check("1 1", "invalid", 0);
        check("1 1 {", "invalid", 0);
        check("let = 3", "invalid", 0);
        check("}", "invalid", 0);
        check("f(1]", "invalid", 0);
        check("1 1; `a", "invalid", 0);
        check("1 + \\", "invalid", 0);
        check("%%plugin a", "incomplete", 0);
        check("%%plugin a\nfn end_epoch(ctx) {", "incomplete", 4);
        check("%%plugin a\nfn end_epoch(ctx) { }", "incomplete", 0);
        check("%%plugin a\nfn end_epoch(ctx) { }\n", "complete", 0);
        check("%%plugin a\nfn end_epoch(ctx) { 1 1 }\n", "invalid", 0);
        check("%%time", "incomplete", 0);
        check("%%time\n1 + 1", "complete", 0);
        check("%%time\n%%rhai\n1 +", "incomplete", 4);
        check("%%writefile a.txt\nnot Rhai (", "incomplete", 0);
        check("%%writefile a.txt\nnot Rhai (\n\n", "complete", 0);
        check("🦀 = (", "invalid", 0);
        check("let s = \"🦀\"; f(\"👩‍👩‍👧\",", "incomplete", 4);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}
