//! The lines a session has run, and how clients ask for them.
//!
//! Owns the list and its three ways of access. Must not know Jupyter's messages or the worker. Read [`History`] first.
//! It is kept in memory: writing a database costs IPython more than ten milliseconds a cell.

/// The number that this session has in answers.
pub const SESSION: i64 = 1;

/// One cell that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its execution count.
    pub number: u64,
    /// The cell's text.
    pub input: String,
    /// Its result as text, if it had one.
    pub output: Option<String>,
}

/// Everything this session has run, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: Vec<Line>,
}

impl History {
    /// Adds a cell that is about to run.
    pub fn push(&mut self, number: u64, input: &str) {
        self.lines.push(Line { number, input: input.to_owned(), output: None });
    }

    /// Notes the result of the cell with this number.
    pub fn set_output(&mut self, number: u64, output: &str) {
        if let Some(line) = self.lines.iter_mut().rev().find(|line| line.number == number) {
            line.output = Some(output.to_owned());
        }
    }

    /// The last `n` lines.
    pub fn tail(&self, n: usize) -> Vec<Line> {
        self.lines[self.lines.len().saturating_sub(n)..].to_vec()
    }

    /// Lines whose number is at least `start` and below `stop`.
    pub fn range(&self, start: i64, stop: Option<i64>) -> Vec<Line> {
        let inside = |line: &&Line| {
            let number = i64::try_from(line.number).unwrap_or(i64::MAX);
            number >= start && stop.is_none_or(|stop| number < stop)
        };
        self.lines.iter().filter(inside).cloned().collect()
    }

    /// The newest `n` lines whose whole text matches the glob; of equal texts only the newest when `unique`.
    pub fn search(&self, pattern: &str, n: Option<usize>, unique: bool) -> Vec<Line> {
        let mut found: Vec<Line> = Vec::new();
        for line in self.lines.iter().rev().filter(|line| matches(pattern, &line.input)) {
            if found.len() >= n.unwrap_or(usize::MAX) {
                break;
            }
            if !unique || found.iter().all(|other| other.input != line.input) {
                found.push(line.clone());
            }
        }
        found.reverse();
        found
    }
}

/// Whether a glob, with `*` for any text and `?` for one character, matches all of a text. Linear but for the last
/// star, which is where a mismatch goes back to.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    (p, t) = (at + 1, taken + 1);
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::default();
        for (number, input) in [(1, "let a = 1"), (2, "a + 1"), (3, "let b = 2"), (4, "a + 1")] {
            history.push(number, input);
        }
        history
    }

    fn numbers(lines: &[Line]) -> Vec<u64> {
        lines.iter().map(|line| line.number).collect()
    }

    #[test]
    fn tail_range_and_search_choose_lines_oldest_first() {
        let history = history();
        assert_eq!(numbers(&history.tail(2)), [3, 4]);
        assert_eq!(numbers(&history.tail(99)), [1, 2, 3, 4]);
        assert_eq!(numbers(&history.range(2, Some(4))), [2, 3]);
        assert_eq!(numbers(&history.range(3, None)), [3, 4]);
        assert_eq!(numbers(&history.search("let*", None, false)), [1, 3]);
        assert_eq!(numbers(&history.search("a + ?", None, false)), [2, 4]);
        assert_eq!(numbers(&history.search("*", None, true)), [1, 3, 4]);
        assert_eq!(numbers(&history.search("*", Some(1), true)), [4]);
    }

    #[test]
    fn globs_match_whole_texts() {
        let check = |pattern, text, expect| assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        check("", "", true);
        check("*", "", true);
        check("a*c", "abcbc", true);
        check("a*c", "abcb", false);
        check("?", "é", true);
        check("let", "let a", false);
        check("**a**", "bab", true);
    }

    #[test]
    fn a_result_belongs_to_the_newest_line_of_its_number() {
        let mut history = history();
        history.set_output(2, "2");
        assert_eq!(history.range(2, Some(3))[0].output.as_deref(), Some("2"));
    }
}
