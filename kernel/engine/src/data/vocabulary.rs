//! Texts as numbers: which tokens there are and how a text is cut into them.
//!
//! Must not know datasets. Read [`Vocabulary`] first.

use std::collections::{BTreeMap, HashMap};

/// How a text is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// Words: runs of letters and digits (with `'`, `-` and `_` inside), in lower case; what stands between is left out.
    #[default]
    Words,
    /// Characters, as they are.
    Characters,
}

/// Stands where a text has ended.
pub const PADDING: u32 = 0;
/// Stands for a token that is not in the vocabulary.
pub const UNKNOWN: u32 = 1;
/// The end of a text.
pub const END: u32 = 2;
/// The names of these three.
const OWN: [&str; 3] = ["<pad>", "<unknown>", "<end>"];

/// The tokens of some texts, each with its number: padding 0, unknown 1, end 2, then the others, the most frequent first
/// and those of one frequency by their text.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    kind: Tokens,
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Tokens {
    /// A text's tokens.
    pub fn cut(self, text: &str) -> Vec<String> {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-' | '_');
        match self {
            Self::Words => {
                let words = text.split(|c| !inside(c)).map(|word| word.trim_matches(['\'', '-', '_']));
                words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
            }
            Self::Characters => text.chars().map(String::from).collect(),
        }
    }
}

impl Vocabulary {
    /// The vocabulary of these texts: the `most` most frequent tokens, where given.
    pub fn of<'a>(kind: Tokens, texts: impl IntoIterator<Item = &'a str>, most: Option<usize>) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for text in texts {
            kind.cut(text).into_iter().for_each(|token| *counts.entry(token).or_default() += 1);
        }
        let mut found: Vec<(String, usize)> = counts.into_iter().collect();
        found.sort_by_key(|(_, count)| std::cmp::Reverse(*count)); // stable: equal counts stay by text
        found.truncate(most.unwrap_or(usize::MAX));
        let names: Vec<String> =
            OWN.map(str::to_owned).into_iter().chain(found.into_iter().map(|(name, _)| name)).collect();
        let numbers = names.iter().enumerate().skip(OWN.len()).map(|(at, name)| (name.clone(), at as u32)).collect();
        Self { kind, names, numbers }
    }

    /// A text's tokens as numbers.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.kind.cut(text).iter().map(|token| self.numbers.get(token).copied().unwrap_or(UNKNOWN)).collect()
    }

    /// Every token's text, at the place of its number.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many tokens there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut() {
        let check = |kind: Tokens, text: &str, expect: &[&str]| assert_eq!(kind.cut(text), expect);
        check(Tokens::Words, "A cat, on-line; it's 'red' – ok.", &["a", "cat", "on-line", "it's", "red", "ok"]);
        check(Tokens::Words, " , ", &[]);
        check(Tokens::Characters, "Aé b", &["A", "é", " ", "b"]);
    }

    #[test]
    fn frequent_tokens_come_first_and_unknown_ones_have_a_number() {
        let vocabulary = Vocabulary::of(Tokens::Words, ["b a", "a c"], None);
        assert_eq!(vocabulary.names(), ["<pad>", "<unknown>", "<end>", "a", "b", "c"]);
        assert_eq!(vocabulary.encode("c x a"), [5, UNKNOWN, 3]);
        let small = Vocabulary::of(Tokens::Words, ["b a", "a c"], Some(1));
        assert_eq!((small.count(), small.encode("a b <pad>")), (4, vec![3, UNKNOWN, UNKNOWN]));
    }
}
