//! Whether a text is a whole cell. Read [`of`] first.

use crate::cell::{self, Cell, Part};
use rhai::{Engine, Position, Token};

/// `complete`, `incomplete` or `invalid`, and the indent of the next line.
pub fn of(engine: &Engine, text: &str) -> (&'static str, String) {
    let cell = Cell::of(text);
    match cell.magic.as_ref().map(|line| line.name) {
        // Its text is not Rhai; a blank line at the end says that it is whole.
        Some("writefile") if text.ends_with("\n\n") => return ("complete", String::new()),
        Some("writefile") => return ("incomplete", String::new()),
        // A line that begins a cell is not a cell yet.
        Some(_) if cell.body.trim().is_empty() => return ("incomplete", String::new()),
        Some(_) if Cell::of(&cell.body).magic.is_some() => return of(engine, &cell.body),
        _ => {}
    }
    let parts = cell::parts(engine, &cell.body);
    let Some(Part::Statements(last)) = parts.last() else { return ("complete", String::new()) };
    let broken = parts.iter().find_map(|part| match part {
        Part::Statements(text) => Some((text, engine.compile(text).err()?)),
        Part::Command(_) => None,
    });
    match broken {
        None if is_open(engine, last) => ("incomplete", String::new()),
        None => ("complete", String::new()),
        Some((text, error)) if text == last && ends_early(engine, text, error.position()) => {
            ("incomplete", "    ".repeat(depth(engine, text)))
        }
        Some(_) => ("invalid", String::new()),
    }
}

/// Whether a comment is not closed: Rhai itself takes that for whole.
fn is_open(engine: &Engine, text: &str) -> bool {
    let texts = [text];
    let (mut stream, _) = engine.lex(&texts);
    stream.by_ref().take_while(|(token, _)| !matches!(token, Token::EOF)).for_each(drop);
    stream.state.comment_level > 0
}

/// Whether an error stands at the end of the text, so that more text may mend it.
fn ends_early(engine: &Engine, text: &str, at: Position) -> bool {
    let texts = [text];
    let (mut stream, _) = engine.lex(&texts);
    let mut end = Position::NONE;
    for (token, position) in stream.by_ref() {
        end = position;
        if matches!(token, Token::EOF) {
            break;
        }
        if let Token::LexError(_) = token {
            // Only text in backticks goes on over lines.
            return open_backtick(text, position);
        }
    }
    let open = stream.state.comment_level > 0 || stream.state.is_within_text_terminated_by.is_some();
    open || at.is_none() || at >= end
}

fn open_backtick(text: &str, at: Position) -> bool {
    let line = at.line().and_then(|line| text.lines().nth(line - 1));
    line.is_some_and(|line| line.chars().skip(at.position().unwrap_or(1) - 1).any(|c| c == '`'))
}

fn depth(engine: &Engine, text: &str) -> usize {
    let change = |token: &Token| match token {
        Token::LeftBrace | Token::LeftParen | Token::LeftBracket | Token::MapStart => 1,
        Token::RightBrace | Token::RightParen | Token::RightBracket => -1,
        _ => 0,
    };
    let depth: i32 = cell::tokens(engine, text).iter().map(|(token, _)| change(token)).sum();
    depth.max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_not_whole() {
        let engine = Engine::new();
        let check = |text: &str, status: &str, indent: usize| {
            let (found, spaces) = of(&engine, text);
            assert_eq!((found, spaces.len()), (status, indent), "{text:?}");
        };
        check("1 + 1", "complete", 0);
        check("", "complete", 0);
        check("%who", "complete", 0);
        check("fn f(x) {", "incomplete", 4);
        check("fn f(x) {\n  if x {", "incomplete", 8);
        check("let x =", "incomplete", 0);
        check("1 +", "incomplete", 0);
        check("let s = `a", "incomplete", 0);
        check("/* a", "incomplete", 0);
        check("/* a */", "complete", 0);
        check("1 1", "invalid", 0);
        check("let = 3", "invalid", 0);
        check("}", "invalid", 0);
        check("%%plugin a", "incomplete", 0);
        check("%%plugin a\nfn end_epoch(ctx) {", "incomplete", 4);
        check("%%plugin a\nfn end_epoch(ctx) { }", "complete", 0);
        check("%%time\n%%rhai\n1 +", "incomplete", 0);
    }
}
