//! What a cell's text is made of: a first `%%` line, statements, `%` command lines.
//!
//! Must not know what commands do. Rhai's tokenizer decides what begins a statement. Read [`Cell`] first.

use rhai::{Engine, Position, Token};

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

/// Splits a text at its command lines, in order.
pub fn parts<'a>(engine: &Engine, text: &'a str) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut start = 1;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let Some(command) = line.strip_prefix('%').and_then(|rest| named(rest, number)) else { continue };
        let before = with_only(text, |other| (start..number).contains(&other));
        if begins_statement(engine, &before) {
            push_statements(&mut parts, before);
            parts.push(Part::Command(command));
            start = number + 1;
        }
    }
    push_statements(&mut parts, with_only(text, |number| number >= start));
    parts
}

/// Whether the last token of a text is a semicolon: its value is then not shown.
pub fn ends_quietly(engine: &Engine, text: &str) -> bool {
    matches!(tokens(engine, text).last(), Some((Token::SemiColon, _)))
}

/// All tokens of a text, comments left out; a text that breaks off ends with an error token.
pub fn tokens(engine: &Engine, text: &str) -> Vec<(Token, Position)> {
    let texts = [text];
    let (stream, _) = engine.lex(&texts);
    stream.take_while(|(token, _)| !matches!(token, Token::EOF)).collect()
}

fn push_statements(parts: &mut Vec<Part<'_>>, text: String) {
    if !text.trim().is_empty() {
        parts.push(Part::Statements(text));
    }
}

/// A letter must follow the sign at once: `% x` is Rhai's modulo.
fn named(rest: &str, number: usize) -> Option<Line<'_>> {
    rest.chars().next().filter(char::is_ascii_alphabetic)?;
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Some(Line { name: &rest[..end], arguments: rest[end..].trim(), number })
}

/// Whether a new statement can begin after a text: not inside a string, comment or bracket, nor after an operator.
fn begins_statement(engine: &Engine, before: &str) -> bool {
    let texts = [before];
    let (mut stream, _) = engine.lex(&texts);
    let (mut depth, mut last) = (0i64, None);
    for (token, _) in stream.by_ref() {
        match token {
            Token::EOF => break,
            Token::LexError(_) => return false,
            Token::LeftBrace | Token::LeftParen | Token::LeftBracket | Token::MapStart | Token::Unit => depth += 1,
            Token::RightBrace | Token::RightParen | Token::RightBracket => depth -= 1,
            _ => {}
        }
        depth -= i64::from(matches!(token, Token::Unit));
        last = Some(token);
    }
    let inside = depth > 0 || stream.state.comment_level > 0 || stream.state.is_within_text_terminated_by.is_some();
    !inside && last.is_none_or(|token| ends_value(&token))
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
        check("let a = 7;\n%plugin activate x \na", &["let a = 7;\n\n", "2:plugin(activate x)", "\n\na"]);
        check("a\n%who", &["a\n", "2:who()"]);
        check("a\n% b", &["a\n% b"]);
        check("a +\n%who", &["a +\n%who"]);
        check("let s = `\n%who\n`;", &["let s = `\n%who\n`;"]);
        check("/*\n%who\n*/ 1", &["/*\n%who\n*/ 1"]);
        check("f(\n%who\n)", &["f(\n%who\n)"]);
        check("if x {\n%who\n}\n%who", &["if x {\n%who\n}\n", "4:who()"]);
        check("f()\n%who", &["f()\n", "2:who()"]);
        check(" %who", &[" %who"]);
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
