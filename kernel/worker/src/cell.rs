//! What a cell's text is made of: a first `%%` line, statements, `%` command lines.
//!
//! Must not know what commands do. Rhai's tokenizer decides what begins a statement. Read [`Cell`] first.

use rhai::{Engine, Position, Token};
use std::ops::{ControlFlow, Range};

/// A cell whose first line that is not blank may be a `%%` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell<'a> {
    /// The `%%` line, if there is one.
    pub magic: Option<Line<'a>>,
    /// The text with the `%%` line made blank, so that lines keep their numbers.
    pub body: String,
}

/// A `%` or `%%` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// The name, without percent signs.
    pub name: &'a str,
    /// What follows the name.
    pub arguments: &'a str,
    /// The line's number, from 1.
    pub number: usize,
}

/// A piece of a cell that runs as one.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// Statements; all lines that are not theirs are blank.
    Statements(String),
    /// A command.
    Command(Line<'a>),
}

impl<'a> Cell<'a> {
    /// Takes the `%%` line off a text.
    pub fn of(text: &'a str) -> Self {
        let first = text.lines().enumerate().find(|(_, line)| !line.trim().is_empty());
        let magic = first.and_then(|(index, line)| named(line.strip_prefix("%%")?, index + 1));
        let body = match &magic {
            Some(line) => with_only(text, |number| number != line.number),
            None => text.to_owned(),
        };
        Self { magic, body }
    }
}

/// Splits a text at its command lines, in order. Each stretch between two commands is read once.
pub fn parts<'a>(engine: &Engine, text: &'a str) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let lines = Lines::of(text);
    let mut start = 1;
    while let Some(command) = next_command(engine, &lines, start) {
        push_statements(&mut parts, &lines, start..command.number);
        start = command.number + 1;
        parts.push(Part::Command(command));
    }
    push_statements(&mut parts, &lines, start..lines.count() + 1);
    parts
}

/// A text with the places where its lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let after_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_ends).collect() }
    }

    fn count(&self) -> usize {
        self.starts.len()
    }

    /// The text of lines, counted from 1, with their ends.
    fn slice(&self, lines: Range<usize>) -> &'a str {
        let place = |line: usize| self.starts.get(line - 1).copied().unwrap_or(self.text.len());
        &self.text[place(lines.start)..place(lines.end)]
    }

    /// The command that a line is, if a statement can begin there.
    fn command(&self, number: usize) -> Option<Line<'a>> {
        named(self.slice(number..number + 1).trim_end_matches(['\r', '\n']).strip_prefix('%')?, number)
    }
}

/// The first command from a line on. A statement begins there that is not inside a string, comment or bracket, nor after
/// an operator.
fn next_command<'a>(engine: &Engine, lines: &Lines<'a>, start: usize) -> Option<Line<'a>> {
    let first = (start..=lines.count()).find(|number| lines.command(*number).is_some())?;
    if lines.slice(start..first).trim().is_empty() {
        return lines.command(first);
    }
    let mut before = Before::default();
    let found = walk(engine, lines.slice(start..lines.count() + 1), |token, at| {
        let number = start + at.line().unwrap_or(1) - 1;
        let command = if at.position() == Some(1) { lines.command(number) } else { None };
        match command {
            Some(command) if before.ends_statement() => return ControlFlow::Break(Some(command)),
            _ if matches!(token, Token::LexError(_)) => return ControlFlow::Break(None),
            _ => before.pass(token),
        }
        ControlFlow::Continue(())
    });
    found.broke.flatten()
}

/// What stands before a place in a text.
#[derive(Default)]
struct Before {
    depth: i64,
    last: Option<Token>,
}

impl Before {
    fn pass(&mut self, token: Token) {
        match token {
            Token::LeftBrace | Token::LeftParen | Token::LeftBracket | Token::MapStart => self.depth += 1,
            Token::RightBrace | Token::RightParen | Token::RightBracket => self.depth -= 1,
            _ => {}
        }
        self.last = Some(token);
    }

    fn ends_statement(&self) -> bool {
        self.depth <= 0 && self.last.as_ref().is_none_or(ends_value)
    }
}

/// Whether the last token of a text is a semicolon: its value is then not shown.
pub fn ends_quietly(engine: &Engine, text: &str) -> bool {
    matches!(tokens(engine, text).last(), Some((Token::SemiColon, _)))
}

/// All tokens of a text, comments left out; a text that breaks off ends with an error token.
pub fn tokens(engine: &Engine, text: &str) -> Vec<(Token, Position)> {
    let mut tokens = Vec::new();
    walk::<()>(engine, text, |token, at| {
        if token != Token::EOF {
            tokens.push((token, at));
        }
        ControlFlow::Continue(())
    });
    tokens
}

/// How going through a text ended.
pub struct Walked<B> {
    /// What the visitor broke with.
    pub broke: Option<B>,
    /// Whether the text ended inside a string or comment.
    pub is_open: bool,
}

/// Goes through the tokens of a text up to its end, which is one of them. What stands in `${…}` of a text in backticks
/// is part of it: the parser tells Rhai's tokenizer when the text goes on, and so must we.
pub fn walk<B>(engine: &Engine, text: &str, mut visit: impl FnMut(Token, Position) -> ControlFlow<B>) -> Walked<B> {
    let texts = [text];
    let (mut stream, control) = engine.lex(&texts);
    let (mut depth, mut texts_left) = (0usize, Vec::new());
    let mut broke = None;
    for (token, at) in stream.by_ref() {
        match token {
            Token::InterpolatedString(_) => texts_left.push(depth),
            Token::LeftBrace | Token::MapStart => depth += 1,
            Token::RightBrace => {
                depth = depth.saturating_sub(1);
                if texts_left.pop_if(|left| *left == depth).is_some() {
                    control.borrow_mut().is_within_text = true;
                }
            }
            _ => {}
        }
        let end = token == Token::EOF;
        if let ControlFlow::Break(value) = visit(token, at) {
            broke = Some(value);
        }
        if end || broke.is_some() {
            break;
        }
    }
    let state = &stream.state;
    Walked { broke, is_open: state.comment_level > 0 || state.is_within_text_terminated_by.is_some() }
}

/// The lines as a part, with line ends for all that stands before them.
fn push_statements(parts: &mut Vec<Part<'_>>, lines: &Lines, range: Range<usize>) {
    let text = lines.slice(range.clone());
    if !text.trim().is_empty() {
        parts.push(Part::Statements("\n".repeat(range.start - 1) + text));
    }
}

/// A letter must follow the sign at once: `% x` is Rhai's modulo.
fn named(rest: &str, number: usize) -> Option<Line<'_>> {
    rest.chars().next().filter(char::is_ascii_alphabetic)?;
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Some(Line { name: &rest[..end], arguments: rest[end..].trim(), number })
}

/// Whether a new statement can begin after a text: not inside a string, comment or bracket, nor after an operator.
pub fn begins_statement(engine: &Engine, before: &str) -> bool {
    let mut passed = Before::default();
    let walked = walk(engine, before, |token, _| {
        match token {
            Token::LexError(_) => return ControlFlow::Break(()),
            Token::EOF => {}
            token => passed.pass(token),
        }
        ControlFlow::Continue(())
    });
    walked.broke.is_none() && !walked.is_open && passed.ends_statement()
}

fn ends_value(token: &Token) -> bool {
    use Token as T;
    matches!(token, T::SemiColon | T::RightBrace | T::RightParen | T::RightBracket | T::Identifier(_) | T::Unit)
        || matches!(token, T::StringConstant(_) | T::InterpolatedString(_) | T::CharConstant(_) | T::Reserved(_))
        || matches!(token, T::IntegerConstant(_) | T::FloatConstant(_) | T::True | T::False)
}

/// The text with all lines blank but those of the given numbers; line ends stay.
fn with_only(text: &str, keep: impl Fn(usize) -> bool) -> String {
    let line = |(index, line): (usize, &str)| match keep(index + 1) {
        true => line.to_owned(),
        false => line.chars().filter(|c| matches!(c, '\n' | '\r')).collect(),
    };
    text.split_inclusive('\n').enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_begin_statements() {
        let check = |text: &str, expect: &[&str]| {
            let engine = Engine::new();
            let parts = parts(&engine, text);
            let shown: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Part::Statements(text) => text.clone(),
                    Part::Command(line) => format!("{}:{}({})", line.number, line.name, line.arguments),
                })
                .collect();
            assert_eq!(shown, expect, "{text:?}");
        };
        check("1 + 1", &["1 + 1"]);
        check("%who", &["1:who()"]);
        check("let a = 7;\n%plugin activate x \na", &["let a = 7;\n", "2:plugin(activate x)", "\n\na"]);
        check("a\n%who", &["a\n", "2:who()"]);
        check("a\n% b", &["a\n% b"]);
        check("a +\n%who", &["a +\n%who"]);
        check("let s = `\n%who\n`;", &["let s = `\n%who\n`;"]);
        check("/*\n%who\n*/ 1", &["/*\n%who\n*/ 1"]);
        check("f(\n%who\n)", &["f(\n%who\n)"]);
        check("if x {\n%who\n}\n%who", &["if x {\n%who\n}\n", "4:who()"]);
        check("f()\n%who", &["f()\n", "2:who()"]);
        check(" %who", &[" %who"]);
        check("/* a\n*/\n%who", &["/* a\n*/\n", "3:who()"]);
        check(
            "let s = `a\n`;\n%who\n%whos\nlet b = 1",
            &["let s = `a\n`;\n", "3:who()", "4:whos()", "\n\n\n\nlet b = 1"],
        );
        check("`${x}\n%who\n`", &["`${x}\n%who\n`"]);
        check("\r\n%who x\r\n1", &["2:who(x)", "\n\n1"]);
    }

    #[test]
    fn a_long_text_is_read_once() {
        let engine = Engine::new();
        let text = ["%who\n".repeat(20_000), "`\n%who\n`;\n".repeat(5_000)].concat();
        assert_eq!(parts(&engine, &text).len(), 20_001);
    }

    #[test]
    fn the_first_line_of_a_cell_may_say_what_it_is() {
        let cell = Cell::of("\n%%plugin x a=1\nfn f() {}");
        assert_eq!(cell.magic, Some(Line { name: "plugin", arguments: "x a=1", number: 2 }));
        assert_eq!(cell.body, "\n\nfn f() {}");
        assert_eq!(Cell::of("%who").magic, None);
        assert_eq!(Cell::of("1 %\n%%x").magic, None);
    }
}
