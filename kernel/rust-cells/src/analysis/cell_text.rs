//! The text that stands for a cell in rust-analyzer's world: the session's items, and the cell as a function's body.
//!
//! Where the cursor is goes from the cell to that text and back. It must not know rust-analyzer. Read [`CellText`] first.

use super::Known;
use super::outline::outline;
use crate::cell::is_command;

/// A cell longer than this is not analysed, in bytes: nobody waits for it.
const LONGEST: usize = 400_000;

/// The same for the session's items.
const MOST_ITEMS: usize = 1_500_000;

/// A stretch without `;`, `,` or braces longer than this is not analysed, in bytes: operators in a row nest too.
const LONGEST_STRETCH: usize = 5_000;

/// Brackets deeper than this are not analysed: rust-analyzer recurses for each.
const DEEPEST: usize = 200;

/// What stands in the analysed text for a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellText {
    /// The whole text.
    pub text: String,
    /// Where the cell begins in it, in bytes.
    pub start: usize,
    /// How long the cell is, in bytes.
    pub length: usize,
}

/// Where a cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In Rust code, at this byte of the cell.
    Code(usize),
    /// On the `%%` line.
    Head,
    /// On a line of a `:` command; what stands before the cursor on it.
    Command(String),
}

/// The line that the prelude, the items and the variables end with is one with the cell's function.
const OPENING: &str = ") -> Result<(), Box<dyn std::error::Error>> { let _ = {\n";
const CLOSING: &str = "\n}; Ok(()) }\n";

impl CellText {
    /// The text for a cell; none for one that is too long or too deep.
    pub fn new(known: &Known, code: &str) -> Option<Self> {
        let items: usize = known.items.iter().map(String::len).sum();
        if code.len() > LONGEST || items > MOST_ITEMS || is_deep(code) {
            return None;
        }
        let mut text = String::from("#[allow(unused_imports)] use candlewick::prelude::*;\n");
        for item in &known.items {
            // Without their bodies, which nobody asks about any more.
            text.push_str(&outline(item));
            text.push('\n');
        }
        text.push_str("fn cell_body(");
        for (name, kind) in &known.variables {
            text.push_str(&format!("{name}: {kind}, "));
        }
        text.push_str(OPENING);
        let start = text.len();
        text.push_str(&only_code(code));
        text.push_str(CLOSING);
        Some(Self { text, start, length: code.len() })
    }
}

/// The names that the analysed text has and nobody wrote.
pub const OURS: [&str; 1] = ["cell_body"];

/// A cell's text with blanks for its `%%` line and its `:` commands, of the same length in bytes.
fn only_code(code: &str) -> String {
    let mut text = String::with_capacity(code.len());
    for (line, kind) in lines(code) {
        let code_from = match kind {
            Line::Code => 0,
            Line::TypeOf(from) => from,
            Line::Head | Line::Command => line.len(),
        };
        text.extend(line[..code_from].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        text.push_str(&line[code_from..]);
    }
    text
}

/// What a line of a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Code,
    /// `%%rust`
    Head,
    Command,
    /// `:type`, whose expression begins at this byte.
    TypeOf(usize),
}

/// A cell's lines with what they are: commands stand before the code.
fn lines(code: &str) -> impl Iterator<Item = (&str, Line)> {
    let (mut first, mut before) = (true, true);
    code.split_inclusive('\n').map(move |line| {
        let trimmed = line.trim();
        let kind = match () {
            () if first && line.starts_with("%%") => Line::Head,
            () if before && is_command(trimmed) => of_command(line),
            () => Line::Code,
        };
        first &= trimmed.is_empty();
        before &= kind != Line::Code || trimmed.is_empty() || trimmed.starts_with("//");
        (line, kind)
    })
}

fn of_command(line: &str) -> Line {
    let indent = line.len() - line.trim_start().len();
    let argument = [":type ", ":t "].iter().find(|name| line[indent..].starts_with(**name));
    argument.map_or(Line::Command, |name| Line::TypeOf(indent + name.len()))
}

/// Where a cursor stands, given in code points.
pub fn place(code: &str, cursor: usize) -> Place {
    let at = code.char_indices().nth(cursor).map_or(code.len(), |(at, _)| at);
    let start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut begun = 0;
    let here = lines(code).find(|(line, _)| {
        begun += line.len();
        begun > start
    });
    match here.map_or(Line::Code, |(_, kind)| kind) {
        Line::Head => Place::Head,
        Line::TypeOf(from) if at - start >= from => Place::Code(at),
        Line::Command | Line::TypeOf(_) => Place::Command(code[start..at].trim_start().to_owned()),
        Line::Code => Place::Code(at),
    }
}

/// The number of code points before a byte of a text.
pub fn code_points(code: &str, at: usize) -> usize {
    code.char_indices().take_while(|(own, _)| *own < at).count()
}

/// Whether brackets nest, or operators follow each other, deeper than rust-analyzer's recursion should go.
fn is_deep(code: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut longest = 0;
    let mut stretch = 0_usize;
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        stretch = if matches!(byte, b';' | b'{' | b'}' | b',') { 0 } else { stretch + 1 };
        (deepest, longest) = (deepest.max(depth), longest.max(stretch));
    }
    deepest > DEEPEST || longest > LONGEST_STRETCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_the_first_line_are_blank() {
        let check = |code: &str, expect: &str| assert_eq!(only_code(code), expect);
        check("%%rust\nlet x = 1;", "      \nlet x = 1;");
        check("%%rust\n:dep é\nx", "      \n       \nx");
        check("let a\n:u8 = b;\n::c();", "let a\n:u8 = b;\n::c();");
        check(":type a.b\n:vars\nc", "      a.b\n     \nc");
        check("\n%%plugin --rust a b=1\nx", "\n                     \nx");
    }

    #[test]
    fn a_cursor_has_its_place() {
        let check = |code: &str, cursor: usize, expect: Place| assert_eq!(place(code, cursor), expect, "{code:?}");
        check("%%rust\nab", 8, Place::Code(8));
        check("%%rust\nab", 3, Place::Head);
        check("%%rust\n:de", 10, Place::Command(":de".to_owned()));
        check(":type a.b", 4, Place::Command(":typ".to_owned()));
        check(":type a.b", 9, Place::Code(9));
        check("let a\n:u8", 9, Place::Code(9));
        check("é.b", 2, Place::Code(3));
        check("ab", 99, Place::Code(2));
    }

    #[test]
    fn the_cell_stands_where_it_says() {
        let known =
            Known { items: vec!["fn f() {}".into()], variables: vec![("x".into(), "u8".into())], ..Known::default() };
        let text = CellText::new(&known, "x + 1").unwrap();
        assert_eq!(&text.text[text.start..text.start + text.length], "x + 1");
        assert!(text.text.contains("fn f() {}\nfn cell_body(x: u8, )"));
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_left() {
        let check = |code: String| assert_eq!(CellText::new(&Known::default(), &code), None);
        check("x".repeat(LONGEST + 1));
        check("(".repeat(DEEPEST + 1));
        check("1+".repeat(LONGEST_STRETCH));
    }
}
