//! The outline of a Rust source: what rust-analyzer needs to know the items, without the bodies of functions.
//!
//! Used by the build script, which embeds outlines, and for rust-src when it is read. It knows tokens, not syntax: a macro
//! keeps a body that could be a pattern. Read [`outline`].

/// A source without the bodies of its functions, its tests and its plain comments. Documentation stays.
pub fn outline(source: &str) -> String {
    let mut outline =
        Outline { source: source.as_bytes(), at: 0, kept: 0, text: String::with_capacity(source.len() / 2) };
    while outline.at < outline.source.len() {
        outline.step(source);
    }
    outline.cut(source, source.len(), "");
    outline.text
}

/// What stands for a body: it has every type, so that nothing is reported and nothing is inferred from it.
const BODY: &str = "{loop{}}";

/// Attributes that say nothing to a reader of completions.
const SILENT: [&str; 13] = [
    "allow",
    "expect",
    "inline",
    "must_use",
    "rustc_const_stable",
    "rustc_const_unstable",
    "rustc_diagnostic_item",
    "rustc_inherit_overflow_checks",
    "rustc_on_unimplemented",
    "stable",
    "target_feature",
    "track_caller",
    "warn",
];

struct Outline<'a> {
    source: &'a [u8],
    at: usize,
    /// Up to where the source has been copied or left out.
    kept: usize,
    text: String,
}

impl Outline<'_> {
    fn step(&mut self, source: &str) {
        let rest = &self.source[self.at..];
        if rest.starts_with(b"//") || rest.starts_with(b"/*") {
            return self.comment(source);
        }
        if rest.starts_with(b"#[") {
            return self.attribute(source);
        }
        if is_word(rest[0]) {
            let word = word(self.source, self.at);
            match &self.source[self.at..word] {
                b"fn" => return self.function(source, word),
                _ if is_literal_prefix(self.source, self.at, word) => {}
                _ => return self.at = word,
            }
        }
        self.at = token_end(self.source, self.at);
    }

    /// Leaves a plain comment out.
    fn comment(&mut self, source: &str) {
        let end = token_end(self.source, self.at);
        let text = &self.source[self.at..end];
        let doc = (text.starts_with(b"///") && !text.starts_with(b"////"))
            || text.starts_with(b"//!")
            || text.starts_with(b"/*!")
            || (text.starts_with(b"/**") && !text.starts_with(b"/***") && text.len() > 4);
        if !doc {
            let from = self.at;
            self.leave(source, from, end, "");
        }
        self.at = end;
    }

    /// Leaves an attribute out that says nothing, and with `#[cfg(test)]` the item too.
    fn attribute(&mut self, source: &str) {
        let from = self.at;
        let end = group_end(self.source, from + 1);
        let text = &source[from..end];
        let name = word(self.source, from + 2);
        if text == "#[cfg(test)]" && self.item_follows(source, end) {
            let end = item_end(self.source, end);
            self.leave(source, from, end, "");
        } else if SILENT.contains(&&source[from + 2..name]) {
            self.leave(source, from, end, "");
        } else {
            self.at = end;
        }
    }

    fn item_follows(&self, source: &str, at: usize) -> bool {
        let mut rest = source[at..].trim_start();
        while rest.starts_with("#[") {
            let begin = source.len() - rest.len();
            rest = source[group_end(self.source, begin + 1)..].trim_start();
        }
        [
            "mod ",
            "pub mod ",
            "pub(crate) mod ",
            "use ",
            "pub use ",
            "pub(crate) use ",
            "fn ",
            "pub fn ",
            "impl",
            "macro_rules!",
        ]
        .iter()
        .any(|word| rest.starts_with(word))
    }

    /// Replaces a function's body; `at` is right behind `fn`.
    fn function(&mut self, source: &str, after: usize) {
        self.at = after;
        let Some(open) = body_of(self.source, after) else { return };
        let end = group_end(self.source, open);
        let body = &self.source[open..end];
        // A `$name:kind` in it makes it a macro's pattern; a short body is no gain.
        if end - open > BODY.len() && !is_pattern(body) {
            self.leave(source, open, end, BODY);
        }
        self.at = end.max(open + 1);
    }

    fn leave(&mut self, source: &str, from: usize, to: usize, instead: &str) {
        self.cut(source, from, instead);
        self.kept = to;
        self.at = to;
    }

    fn cut(&mut self, source: &str, to: usize, instead: &str) {
        let piece = source.get(self.kept..to).unwrap_or_default();
        // Lines that became blank go too.
        for line in piece.split_inclusive('\n') {
            let blank_again = line.trim().is_empty() && (self.text.is_empty() || self.text.ends_with('\n'));
            if !blank_again {
                self.text.push_str(line);
            }
        }
        self.text.push_str(instead);
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The end of the word that begins there.
fn word(source: &[u8], at: usize) -> usize {
    at + source[at..].iter().take_while(|byte| is_word(**byte)).count()
}

/// Whether a word is the beginning of a literal: `r"…"`, `br#"…"#`, `b'x'`, `c"…"`.
fn is_literal_prefix(source: &[u8], at: usize, end: usize) -> bool {
    let follows = source.get(end).copied().unwrap_or_default();
    match &source[at..end] {
        b"r" | b"br" | b"cr" => {
            let hashes = source[end..].iter().take_while(|byte| **byte == b'#').count();
            source.get(end + hashes) == Some(&b'"')
        }
        b"b" => follows == b'"' || follows == b'\'',
        b"c" => follows == b'"',
        _ => false,
    }
}

/// The end of the token, comment or literal that begins there; one byte where it is a sign.
fn token_end(source: &[u8], at: usize) -> usize {
    let rest = &source[at..];
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return block_comment_end(source, at);
    }
    match rest[0] {
        b'"' => quoted_end(source, at + 1, b'"'),
        b'\'' => quote_end(source, at),
        byte if is_word(byte) => {
            let end = word(source, at);
            match is_literal_prefix(source, at, end) {
                true if source[at..end].contains(&b'r') => raw_end(source, end),
                true => token_end(source, end),
                false => end,
            }
        }
        _ => at + 1,
    }
}

fn block_comment_end(source: &[u8], at: usize) -> usize {
    let (mut at, mut depth) = (at, 0_usize);
    while at < source.len() {
        match &source[at..(at + 2).min(source.len())] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => {
                (at, depth) = (at + 2, depth - 1);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    source.len()
}

fn quoted_end(source: &[u8], mut at: usize, quote: u8) -> usize {
    while at < source.len() {
        match source[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    source.len()
}

/// The end of a character literal, or of the sign of a lifetime.
fn quote_end(source: &[u8], at: usize) -> usize {
    let rest = &source[at + 1..];
    if rest.first() == Some(&b'\\') {
        return quoted_end(source, at + 1, b'\'');
    }
    let length = match rest.first() {
        Some(byte) if *byte >= 0xf0 => 4,
        Some(byte) if *byte >= 0xe0 => 3,
        Some(byte) if *byte >= 0xc0 => 2,
        _ => 1,
    };
    if rest.get(length) == Some(&b'\'') { at + 1 + length + 1 } else { at + 1 }
}

/// The end of a raw string whose `#`s begin there.
fn raw_end(source: &[u8], at: usize) -> usize {
    let hashes = source[at..].iter().take_while(|byte| **byte == b'#').count();
    let mut at = at + hashes + 1;
    while at < source.len() {
        if source[at] == b'"'
            && source[at + 1..].iter().take_while(|byte| **byte == b'#').take(hashes).count() == hashes
        {
            return at + 1 + hashes;
        }
        at += 1;
    }
    source.len()
}

/// The end of the bracketed group that begins there.
fn group_end(source: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < source.len() {
        match source[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at = token_end(source, at);
    }
    source.len()
}

/// The end of the item that begins there: behind its `;` or its braces.
fn item_end(source: &[u8], mut at: usize) -> usize {
    while at < source.len() {
        match source[at] {
            b';' => return at + 1,
            b'{' => return use_tree_end(source, group_end(source, at)),
            b'(' | b'[' => at = group_end(source, at),
            _ => at = token_end(source, at),
        }
    }
    source.len()
}

/// `use a::{b};` goes on behind its braces.
fn use_tree_end(source: &[u8], end: usize) -> usize {
    if source.get(end) == Some(&b';') { end + 1 } else { end }
}

/// Where the body of a function begins whose name follows there; none for one without, and for a function's type.
fn body_of(source: &[u8], mut at: usize) -> Option<usize> {
    let named = at + source[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if named == at || source.get(named) == Some(&b'(') {
        return None;
    }
    while at < source.len() {
        match source[at] {
            b'{' => return Some(at),
            b';' | b'}' | b')' | b']' => return None,
            b'(' | b'[' => at = group_end(source, at),
            _ => at = token_end(source, at),
        }
    }
    None
}

/// Whether a text has a `$name:kind`.
fn is_pattern(body: &[u8]) -> bool {
    body.iter().enumerate().filter(|(_, byte)| **byte == b'$').any(|(at, _)| {
        let end = word(body, at + 1);
        end > at + 1 && body.get(end) == Some(&b':') && body.get(end + 1) != Some(&b':')
    })
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn bodies_tests_and_plain_comments_go() {
        let check = |source: &str, expect: &str| assert_eq!(outline(source), expect, "{source}");
        check("fn a() -> u8 { let b = 1; b }", "fn a() -> u8 {loop{}}");
        check("fn a();", "fn a();");
        check("fn a() {}", "fn a() {}");
        check("let a: fn(u8) -> u8 = b;", "let a: fn(u8) -> u8 = b;");
        check(
            "fn a<const N: usize>(b: [u8; { N }]) where u8: B { c('{', \"}\", r#\"}\"#) } struct D { e: u8 }",
            "fn a<const N: usize>(b: [u8; { N }]) where u8: B {loop{}} struct D { e: u8 }",
        );
        check("// a\n/// b\nfn c<'a>(d: &'a str) { /* } */ println!() }", "/// b\nfn c<'a>(d: &'a str) {loop{}}");
        check("#[inline]\n#[derive(Clone)]\nstruct A;", "#[derive(Clone)]\nstruct A;");
        check("#[cfg(test)]\nmod tests { fn a() { { } } }\nstruct B;", "struct B;");
        check(
            "macro_rules! m { (fn $n:ident() { $($b:tt)* }) => { fn $n() { $($b)* some more } } }",
            "macro_rules! m { (fn $n:ident() { $($b:tt)* }) => { fn $n() {loop{}} } }",
        );
        check("const A: char = '\\''; fn b() { 'x' ; 'ä'; loop {} }", "const A: char = '\\''; fn b() {loop{}}");
    }

    #[test]
    fn a_text_that_is_cut_anywhere_is_no_trouble() {
        let source =
            "/** a */ fn b<'a>(c: &'a [u8; 3]) -> r#type { r##\"x\"# \"## } #[cfg(test)] mod t { fn x() {} } // ä\n'";
        for end in (0..=source.len()).filter(|end| source.is_char_boundary(*end)) {
            assert!(outline(&source[..end]).len() <= end + 8);
        }
    }
}
