//! What commands say on the terminal: progress to standard error, answers to standard output.
//!
//! Owns the two streams. Must not know what is said. A closed stream is no error here: the exit code tells the rest.

use std::io::{IsTerminal, Write, stderr, stdout};

/// A line of progress, to standard error.
pub fn say(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Text as it comes, to standard error.
pub fn pass(text: &str) {
    let mut stderr = stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A line of the answer, to standard output.
pub fn answer(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Whether somebody watches standard error.
pub fn is_watched() -> bool {
    stderr().is_terminal()
}

/// Text without the escape sequences that colour it.
pub fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            '\u{1b}' => drop(letters.by_ref().find(|c| c.is_ascii_alphabetic())),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_taken_away_and_nothing_else() {
        assert_eq!(without_colour("\u{1b}[1;31mE\u{1b}[0m: [é]"), "E: [é]");
        assert_eq!(without_colour("plain"), "plain");
    }
}
