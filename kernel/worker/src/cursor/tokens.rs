//! A cell's text as tokens with their brackets paired, also when the text breaks off in the middle.
//!
//! Must not know what names mean. Rhai's own tokenizer gives up at an unfinished string and counts lines; a cursor is a
//! place in an unfinished text. Read [`Tokens`] first.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A string, a piece of one between two `${…}`, or a character.
    Text,
    /// `(`, `[`, `{`; `#` for `#{` and `$` for `${` inside backticks.
    Open(char),
    /// `)`, `]`, `}`.
    Close(char),
    /// Any other character.
    Sign(char),
}

/// A token and where it stands, in code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub what: What,
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Of a bracket that is closed or closes another: that one's number.
    pub partner: Option<usize>,
}

/// Where a text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Among tokens.
    Code,
    /// Inside a string whose text begins there, and which that sign closes.
    Text {
        /// The first character after the quote.
        start: usize,
        /// `"` or a backtick.
        quote: char,
    },
    /// Inside a comment.
    Comment,
}

/// A text's tokens; comments, blanks and command lines are left out.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a [char],
    /// All tokens, in order.
    pub all: Vec<Token>,
    /// Numbers of the brackets that are open at the end, outermost first.
    pub open: Vec<usize>,
    /// Where the text ends.
    pub ending: Ending,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text.
    pub fn of(text: &'a [char]) -> Self {
        let mut tokens = Self { text, all: Vec::new(), open: Vec::new(), ending: Ending::Code };
        let mut at = 0;
        while at < text.len() && tokens.ending == Ending::Code {
            at = tokens.next(at);
        }
        tokens
    }

    /// A token's text.
    pub fn text(&self, token: usize) -> String {
        self.all.get(token).map_or_else(String::new, |token| self.text[token.start..token.end].iter().collect())
    }

    /// What the token of that number is.
    pub fn what(&self, token: usize) -> Option<What> {
        self.all.get(token).map(|token| token.what)
    }

    /// Whether the token of that number is that sign.
    pub fn is(&self, token: usize, sign: char) -> bool {
        self.what(token) == Some(What::Sign(sign))
    }

    /// Whether the token of that number is that word.
    pub fn is_word(&self, token: usize, word: &str) -> bool {
        self.what(token) == Some(What::Word) && self.text(token) == word
    }

    /// The numbers of the tokens directly inside a bracket, up to where it closes. Of nested brackets only the opening
    /// one counts; all that follows one that is not closed is inside it.
    pub fn inside(&self, open: usize) -> impl Iterator<Item = usize> {
        let mut next = Some(open + 1);
        std::iter::from_fn(move || {
            let at = next?;
            let token = self.all.get(at).filter(|token| !matches!(token.what, What::Close(_)))?;
            next = match token.what {
                What::Open(_) => token.partner.map(|close| close + 1),
                _ => Some(at + 1),
            };
            Some(at)
        })
    }

    /// Reads one token, comment or blank; where the next begins.
    fn next(&mut self, at: usize) -> usize {
        let (sign, after) = (self.text[at], self.text.get(at + 1).copied());
        match sign {
            c if c.is_whitespace() => at + 1,
            '%' if self.begins_command(at) => self.line_end(at),
            '/' if after == Some('/') => self.line_comment(at),
            '/' if after == Some('*') => self.block_comment(at),
            c if c.is_alphabetic() || c == '_' => self.run(What::Word, at, |c| c.is_alphanumeric() || c == '_'),
            c if c.is_ascii_digit() => self.number(at),
            '"' => self.quoted(at),
            '`' => self.backticks(at, at + 1),
            '\'' => self.character(at),
            '#' if after == Some('{') => self.opened('#', at, at + 2),
            '#' if matches!(after, Some('#' | '"')) => self.raw(at),
            '(' | '[' | '{' => self.opened(sign, at, at + 1),
            ')' | ']' | '}' => self.closed(sign, at),
            _ => self.push(What::Sign(sign), at, at + 1),
        }
    }

    fn push(&mut self, what: What, start: usize, end: usize) -> usize {
        self.all.push(Token { what, start, end, partner: None });
        end
    }

    fn run(&mut self, what: What, start: usize, part: impl Fn(char) -> bool) -> usize {
        let length = self.text[start..].iter().take_while(|c| part(**c)).count();
        self.push(what, start, start + length)
    }

    /// A point belongs to a number only before a digit: `1.abs()` calls a method.
    fn number(&mut self, start: usize) -> usize {
        let digit = |at: usize| self.text.get(at).is_some_and(char::is_ascii_digit);
        let part = |at: usize| {
            self.text[at].is_alphanumeric() || self.text[at] == '_' || (self.text[at] == '.' && digit(at + 1))
        };
        let end = (start..self.text.len()).find(|at| !part(*at)).unwrap_or(self.text.len());
        self.push(What::Number, start, end)
    }

    /// A command's line is no Rhai.
    fn begins_command(&self, at: usize) -> bool {
        let first = at == 0 || self.text[at - 1] == '\n';
        let mut rest = self.text[at..].iter().skip(1).skip_while(|c| **c == '%');
        first && self.open.is_empty() && rest.next().is_some_and(char::is_ascii_alphabetic)
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].iter().position(|c| *c == '\n').map_or(self.text.len(), |length| at + length)
    }

    fn line_comment(&mut self, at: usize) -> usize {
        let end = self.line_end(at);
        if end == self.text.len() {
            self.ending = Ending::Comment;
        }
        end
    }

    fn block_comment(&mut self, start: usize) -> usize {
        let (mut at, mut depth) = (start, 0);
        loop {
            match (self.text.get(at), self.text.get(at + 1)) {
                (Some('/'), Some('*')) => (at, depth) = (at + 2, depth + 1),
                (Some('*'), Some('/')) => (at, depth) = (at + 2, depth - 1),
                (Some(_), _) => at += 1,
                (None, _) => {
                    self.ending = Ending::Comment;
                    return at;
                }
            }
            if depth == 0 {
                return at;
            }
        }
    }

    /// A string in quotes ends with its line, unless the line ends with a backslash.
    fn quoted(&mut self, start: usize) -> usize {
        let mut at = start + 1;
        loop {
            match self.text.get(at) {
                Some('"') => return self.push(What::Text, start, at + 1),
                Some('\\') => at += 2,
                Some('\n') => return self.push(What::Text, start, at),
                Some(_) => at += 1,
                None => return self.unfinished(start + 1, '"'),
            }
        }
    }

    /// A string in backticks, or the rest of one after `${…}`; `from` is where to look for its end.
    fn backticks(&mut self, start: usize, from: usize) -> usize {
        let mut at = from;
        loop {
            match (self.text.get(at), self.text.get(at + 1)) {
                (Some('`'), Some('`')) => at += 2,
                (Some('`'), _) => return self.push(What::Text, start, at + 1),
                (Some('$'), Some('{')) => {
                    self.push(What::Text, start, at);
                    return self.opened('$', at, at + 2);
                }
                (Some(_), _) => at += 1,
                (None, _) => return self.unfinished(from, '`'),
            }
        }
    }

    /// A raw string such as `#"…"#`.
    fn raw(&mut self, start: usize) -> usize {
        let signs = self.text[start..].iter().take_while(|c| **c == '#').count();
        if self.text.get(start + signs) != Some(&'"') {
            return self.push(What::Sign('#'), start, start + 1);
        }
        let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', signs)).collect();
        let from = start + signs + 1;
        match self.text[from..].windows(end.len()).position(|piece| piece == end) {
            Some(length) => self.push(What::Text, start, from + length + end.len()),
            None => self.unfinished(from, '#'),
        }
    }

    fn character(&mut self, start: usize) -> usize {
        let escaped = self.text.get(start + 1) == Some(&'\\');
        // The longest escape is `\U` with eight digits.
        let rest = self.text.iter().enumerate().skip(start + 2 + usize::from(escaped)).take(10);
        match rest.take_while(|(_, c)| **c != '\n').find(|(_, c)| **c == '\'') {
            Some((end, _)) => self.push(What::Text, start, end + 1),
            None => self.push(What::Sign('\''), start, start + 1),
        }
    }

    fn unfinished(&mut self, start: usize, quote: char) -> usize {
        // A backslash may be the last character.
        self.ending = Ending::Text { start: start.min(self.text.len()), quote };
        self.text.len()
    }

    fn opened(&mut self, bracket: char, start: usize, end: usize) -> usize {
        self.open.push(self.all.len());
        self.push(What::Open(bracket), start, end)
    }

    fn closed(&mut self, bracket: char, at: usize) -> usize {
        let number = self.all.len();
        self.push(What::Close(bracket), at, at + 1);
        let opening = |what| match what {
            What::Open('(') => bracket == ')',
            What::Open('[') => bracket == ']',
            What::Open(_) => bracket == '}',
            _ => false,
        };
        // A bracket that closes nothing, or an outer one, is a mistake that the parser reports.
        let Some(depth) = self.open.iter().rposition(|open| opening(self.all[*open].what)) else { return at + 1 };
        let open = self.open[depth];
        self.open.truncate(depth);
        self.all[open].partner = Some(number);
        self.all[number].partner = Some(open);
        if self.all[open].what == What::Open('$') { self.backticks(at + 1, at + 1) } else { at + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_tokens() {
        let check = |text: &str, expect: &[&str], open: usize, ending: Ending| {
            let text: Vec<char> = text.chars().collect();
            let tokens = Tokens::of(&text);
            let words: Vec<String> = (0..tokens.all.len()).map(|token| tokens.text(token)).collect();
            assert_eq!((&words[..], tokens.open.len(), tokens.ending), (&to_strings(expect)[..], open, ending));
        };
        let text = |start, quote| Ending::Text { start, quote };
        check("let a = 1.5;", &["let", "a", "=", "1.5", ";"], 0, Ending::Code);
        check("1.abs() // x\n2", &["1", ".", "abs", "(", ")", "2"], 0, Ending::Code);
        check("f(#{ a: [", &["f", "(", "#{", "a", ":", "["], 3, Ending::Code);
        check("f(\"da", &["f", "("], 1, text(3, '"'));
        check("\"a\\\"b\" 'c' '\\''", &["\"a\\\"b\"", "'c'", "'\\''"], 0, Ending::Code);
        check("`a ${ b } c` d", &["`a ", "${", "b", "}", " c`", "d"], 0, Ending::Code);
        check("`a ${ b.", &["`a ", "${", "b", "."], 1, Ending::Code);
        check("`a\nb", &[], 0, text(1, '`'));
        check("#\"a\"b\"# c", &["#\"a\"b\"#", "c"], 0, Ending::Code);
        check("/* /* */ x", &[], 0, Ending::Comment);
        check("a // b", &["a"], 0, Ending::Comment);
        check("%%plugin x\n%who\na % b", &["a", "%", "b"], 0, Ending::Code);
        check("{ ( ]", &["{", "(", "]"], 2, Ending::Code);
        check("\"a\nb", &["\"a", "b"], 0, Ending::Code);
        check("🦀\"🦀", &["🦀"], 0, text(2, '"'));
        check("\"\\", &[], 0, text(1, '"'));
    }

    fn to_strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}
