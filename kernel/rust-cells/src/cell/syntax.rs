//! The text of a cell as Rust: its statements and brackets, as rust-analyzer's parser reads them.
//!
//! evcxr reads a cell in the same way, as the body of a function, so that both cut it in the same places. Must not know
//! what is made of the statements. Read [`Script`] first.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T};
use std::cell::OnceCell;
use std::collections::HashMap;

/// Bytes of Rust source that a cell may have. The parser gives up, by a panic, at some fifteen million steps; and what is
/// larger is data, which belongs into a file.
pub(crate) const LONGEST: usize = 2 << 20;
/// Brackets within brackets. Parsers call themselves for each.
pub(crate) const DEEPEST: usize = 200;
/// Operators in one expression, one behind the other: each is a level of the tree, which is walked by recursion.
pub(crate) const OPERATORS: usize = 2_000;
/// Words in one expression: `return return return …` is as deep as it has words.
pub(crate) const WORDS: usize = 4_000;

/// What stands before the text, so that the parser takes it for statements.
const OPENING: &str = "fn f(){";
const CLOSING: &str = "\n}";

/// A text that was parsed as statements.
pub(crate) struct Script {
    root: SyntaxNode,
    text: String,
    words: OnceCell<HashMap<String, usize>>,
    length: usize,
    /// Whether the parser takes all of it for Rust.
    pub(crate) valid: bool,
    unterminated: Vec<(usize, String)>,
}

/// One statement or item, or what the parser could not read.
pub(crate) struct Statement {
    /// Its tree.
    pub(crate) node: SyntaxNode,
    /// Where it begins in the text, in bytes.
    pub(crate) start: usize,
    /// Where it ends, without the blanks and comments behind it.
    pub(crate) end: usize,
    /// Where the next one begins.
    pub(crate) next: usize,
}

impl Script {
    /// Parses a text. It must be no longer and no deeper than the limits.
    pub(crate) fn parse(text: &str) -> Self {
        let parse = SourceFile::parse(&format!("{OPENING}{text}{CLOSING}"), Edition::Edition2024);
        let errors = parse.errors();
        let unterminated = errors.iter().filter(|error| error.to_string().contains("to terminate")).map(|error| {
            let start = usize::from(error.range().start()).saturating_sub(OPENING.len());
            (start.min(text.len()), error.to_string())
        });
        Self {
            unterminated: unterminated.collect(),
            valid: errors.is_empty(),
            root: parse.syntax_node(),
            length: text.len(),
            text: text.to_owned(),
            words: OnceCell::new(),
        }
    }

    /// Its statements in order.
    pub(crate) fn statements(&self) -> Vec<Statement> {
        let Some(list) = self.root.children().find_map(ast::Fn::cast).and_then(|function| function.body()?.stmt_list())
        else {
            return Vec::new();
        };
        let nodes: Vec<SyntaxNode> = list.syntax().children().collect();
        let starts: Vec<usize> = nodes.iter().map(|node| self.offset(node.text_range().start())).collect();
        let statement = |(index, node): (usize, SyntaxNode)| {
            let next = starts.get(index + 1).copied().unwrap_or(self.length);
            let end = self.offset(node.text_range().end()).min(next);
            Statement { start: starts[index], end, next, node }
        };
        nodes.into_iter().enumerate().map(statement).collect()
    }

    /// Where a place of the tree is in the text, in bytes.
    pub(crate) fn offset(&self, at: impl Into<usize>) -> usize {
        at.into().saturating_sub(OPENING.len()).min(self.length)
    }

    /// How often a word stands in the text, in strings and comments too: `"{x}"` mentions `x`.
    pub(crate) fn mentions(&self, word: &str) -> usize {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let count = || {
            let mut counts: HashMap<String, usize> = HashMap::new();
            let words = self.text.split(|character| !is_word(character)).filter(|word| !word.is_empty());
            words.for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
            counts
        };
        self.words.get_or_init(count).get(word).copied().unwrap_or(0)
    }

    /// What is not closed, if anything.
    pub(crate) fn unclosed(&self) -> Option<Unclosed> {
        if let Some((at, why)) = self.unterminated.first() {
            return Some(Unclosed { at: *at, what: unterminated(why), open: true, depth: self.depth_at(*at) });
        }
        let mut open: Vec<(usize, char)> = Vec::new();
        for (at, token) in self.tokens() {
            match bracket(&token) {
                Some((bracket, true)) => open.push((at, bracket)),
                Some((bracket, false)) => match open.pop() {
                    Some((_, opening)) if closes(opening, bracket) => {}
                    Some((at, opening)) => {
                        let what = format!("`{opening}` is closed by `{bracket}`");
                        return Some(Unclosed { at, what, open: false, depth: 0 });
                    }
                    None => {
                        let what = format!("`{bracket}` closes nothing");
                        return Some(Unclosed { at, what, open: false, depth: 0 });
                    }
                },
                None => {}
            }
        }
        let depth = open.len();
        open.pop().map(|(at, bracket)| Unclosed { at, what: format!("`{bracket}` is not closed"), open: true, depth })
    }

    /// How many brackets are open at a place.
    pub(crate) fn depth_at(&self, at: usize) -> usize {
        let before = self.tokens().take_while(|(start, _)| *start < at);
        before.fold(0, |depth, (_, token)| match bracket(&token) {
            Some((_, true)) => depth + 1,
            Some((_, false)) => depth.saturating_sub(1),
            None => depth,
        })
    }

    /// The text's tokens with their places; blanks and comments are tokens too.
    fn tokens(&self) -> impl Iterator<Item = (usize, SyntaxToken)> {
        let (first, last) = (OPENING.len(), OPENING.len() + self.length);
        let tokens = self.root.descendants_with_tokens().filter_map(|element| element.into_token());
        tokens.filter_map(move |token| {
            let start = usize::from(token.text_range().start());
            (start >= first && start < last).then(|| (start - first, token))
        })
    }
}

/// Something that has no end, or no beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unclosed {
    /// Its place in the text, in bytes.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// Whether more text could make it right.
    pub(crate) open: bool,
    /// How many brackets are open.
    pub(crate) depth: usize,
}

fn unterminated(why: &str) -> String {
    let what = if why.contains("comment") {
        "this comment has no `*/`"
    } else if why.contains("raw") {
        "this raw string has no end"
    } else if why.contains("character") || why.contains("byte literal") {
        "this character has no end"
    } else {
        "this string has no closing `\"`"
    };
    what.to_owned()
}

/// The bracket that a token is, and whether it opens.
fn bracket(token: &SyntaxToken) -> Option<(char, bool)> {
    Some(match token.kind() {
        T!['('] => ('(', true),
        T!['['] => ('[', true),
        T!['{'] => ('{', true),
        T![')'] => (')', false),
        T![']'] => (']', false),
        T!['}'] => ('}', false),
        _ => return None,
    })
}

fn closes(opening: char, closing: char) -> bool {
    matches!((opening, closing), ('(', ')') | ('[', ']') | ('{', '}'))
}

/// Why a text is not even given to a parser, and where; none when it may be.
pub(crate) fn too_much(text: &str) -> Option<(usize, String)> {
    if text.len() > LONGEST {
        let (found, most) = (text.len() as f64 / 1e6, LONGEST as f64 / 1e6);
        let why = format!("the cell has {found:.1} MB of text, and a Rust cell may have {most:.1} MB");
        return Some((0, format!("{why}; keep data in a file and read it, such as by `std::fs::read_to_string`")));
    }
    let (mut depth, mut operators, mut words, mut at) = (0usize, 0usize, 0usize, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' => (depth, words) = (depth + 1, 0),
            b'}' => (depth, words) = (depth.saturating_sub(1), 0),
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'+' | b'-' | b'*' | b'/' | b'!' | b'&' | b'|' | b'.' | b'%' | b'^' | b'<' | b'>' => operators += 1,
            b';' | b',' => (operators, words) = (0, 0),
            b' ' | b'\n' if text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => words += 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Some((at, format!("brackets are nested deeper than {DEEPEST}")));
        }
        if operators > OPERATORS {
            return Some((at, format!("one expression has more than {OPERATORS} operators")));
        }
        if words > WORDS {
            return Some((at, format!("one expression has more than {WORDS} words")));
        }
        at += literal(&text[at..]).unwrap_or(1).max(1);
        at += (at..text.len()).take_while(|next| !text.is_char_boundary(*next)).count();
    }
    None
}

/// Bytes of the string, character or comment that a text begins with.
fn literal(text: &str) -> Option<usize> {
    let end = |from: usize, closing: &str| text.get(from..)?.find(closing).map(|at| from + at + closing.len());
    let whole = text.len();
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(whole));
    }
    if text.starts_with("/*") {
        return Some(end(2, "*/").unwrap_or(whole));
    }
    if let Some(rest) = text.strip_prefix("r#").or_else(|| text.strip_prefix("r\"").map(|_| &text[1..])) {
        let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
        let opened = rest.trim_start_matches('#').starts_with('"');
        return opened.then(|| end(hashes + 2, &format!("\"{}", "#".repeat(hashes))).unwrap_or(whole));
    }
    if text.starts_with('"') {
        let mut escaped = false;
        let closing = text.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        return Some(closing.map_or(whole, |at| at + 2));
    }
    ["'\"'", "'\\\"'", "'\\''"].iter().find(|quoted| text.starts_with(*quoted)).map(|quoted| quoted.len())
}

/// Whether a node holds a part of that kind.
pub(crate) fn holds(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants().any(|part| part.kind() == kind)
}

/// Line and column of a place, both from 1, columns in code points.
pub(crate) fn position(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u32, column as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_as_evcxr_cuts_them() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<String> =
                Script::parse(text).statements().iter().map(|s| text[s.start..s.end].to_owned()).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("let a = 1; b += a;\nc // d", &["let a = 1;", "b += a;", "c"]);
        check("fn f() {} f()", &["fn f() {}", "f()"]);
        check("for x in y {}\n;", &["for x in y {}\n;"]);
        check("", &[]);
    }

    #[test]
    fn what_would_break_a_parser_is_not_given_to_it() {
        let check = |text: &str, expect: Option<&str>| {
            let why = too_much(text).map(|(_, why)| why);
            assert_eq!(why.is_some(), expect.is_some(), "{why:?}");
            assert!(expect.is_none_or(|expect| why.as_ref().unwrap().contains(expect)), "{why:?}");
        };
        check(&"x".repeat(LONGEST + 1), Some("MB of text"));
        check(&"let x = 1;\n".repeat(100_000), None);
        check(&"(".repeat(DEEPEST + 1), Some("nested deeper than 200"));
        check(&format!("{}1{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST)), None);
        check(&format!("1{}", "+1".repeat(OPERATORS + 1)), Some("more than 2000 operators"));
        check(&format!("[{}]", "1 + 1, ".repeat(OPERATORS)), None);
        check(&"return ".repeat(WORDS + 2), Some("more than 4000 words"));
        check(&"if a {} else ".repeat(WORDS), None);
        // Strings and comments may hold anything.
        let many = "( + ".repeat(5_000);
        for text in ["// {}\n", "/* {} */", "\"{}\"", "r#\"{}\"#", "r\"{}\"", "b\"\\\"{}\""] {
            check(&text.replace("{}", &many), None);
        }
        check(&format!("'\"' {many}"), Some("nested"));
    }

    #[test]
    fn places_are_lines_and_code_points() {
        let check = |text: &str, at: usize, expect: (u32, u32)| assert_eq!(position(text, at), expect, "{text}");
        check("a\nöb", 4, (2, 2));
        check("", 0, (1, 1));
        check("a\n", 2, (2, 1));
        check("日本", 1_000, (1, 3));
    }
}
