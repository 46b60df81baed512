//! Problems of a cell that rustc need not be asked about, in rustc's look: a place, its line, a mark.
//!
//! Must not know rustc's diagnostics. Read [`Cell`] first.

use super::snippet::{Label, Snippet};
use super::style;
use super::syntax::position;
use candlewick_link::Problem;

/// A cell's name and text, as errors show them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// Its name, such as `cell 7`.
    pub(crate) source: String,
    /// Its text, lines ended by `\n`.
    pub(crate) text: String,
}

impl Cell {
    /// A problem at a stretch of the text, in bytes; `help` says what to do.
    pub(crate) fn problem(&self, name: &str, stretch: (usize, usize), message: &str, help: &[&str]) -> Problem {
        let ((line, column), (last, end)) = (position(&self.text, stretch.0), position(&self.text, stretch.1));
        let end = if last == line { end } else { column + 1 };
        self.problem_at(name, (line, column, end), message, help)
    }

    /// A problem at columns of a line (from, up to), all counted from 1.
    pub(crate) fn problem_at(&self, name: &str, at: (u32, u32, u32), message: &str, help: &[&str]) -> Problem {
        let (line, column, end) = at;
        let label = Label { columns: (column, end.max(column + 1)), text: String::new(), primary: true };
        let mut snippet = Snippet::new(&self.source, (line, column));
        snippet.line(line, self.line(line), vec![label]);
        let mut traceback = vec![style::header("error", None, message)];
        traceback.extend(snippet.rendered(help.is_empty()));
        let width = line.to_string().len();
        traceback.extend(help.iter().flat_map(|help| style::footer(width, "help", help)));
        let message = format!("{}, line {line}, column {column}: {message}", self.source);
        Problem { name: name.to_owned(), message: with_help(message, help), traceback }
    }

    /// A line's text; empty beyond the end.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.text.split('\n').nth((line as usize).saturating_sub(1)).unwrap_or_default()
    }
}

fn with_help(message: String, help: &[&str]) -> String {
    match help.first() {
        Some(help) => format!("{message}; {help}"),
        None => message,
    }
}
