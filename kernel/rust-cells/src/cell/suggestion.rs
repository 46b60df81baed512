//! What rustc suggests to write, as it shows it: the line as it would be, with what is added or taken away.
//!
//! Read [`rows`] first.

use super::marks::{Mark, Marks};
use super::style::{ADDED, REMOVED, SIDE, coloured};

/// Code points of a line beyond which it is cut.
const LONG: usize = 200;
/// Lines that a suggestion shows.
const MOST: usize = 12;

/// The rows of a suggestion.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<Row>);

#[derive(Debug)]
enum Row {
    /// A line as it would be, with the columns (from 0) that are new.
    Added(u32, String, Vec<(usize, usize)>),
    /// A line that is replaced.
    Old(u32, String),
    /// A line in its place.
    New(u32, String),
}

/// The rows for marks with replacements.
pub(crate) fn rows(marks: &Marks, suggested: &[Mark]) -> Rows {
    let suggested: Vec<&Mark> = suggested.iter().filter(|mark| mark.replacement.is_some()).collect();
    let mut rows = Vec::new();
    let mut done: Vec<u32> = Vec::new();
    for mark in &suggested {
        let alternatives = suggested.iter().filter(|other| other.start == mark.start && other.end == mark.end).count();
        let text = mark.replacement.as_deref().unwrap_or_default();
        if !mark.in_cells() || alternatives > 1 || text.ends_with('\n') && mark.start == mark.end {
            let import = text.trim_start().starts_with("use ");
            let number = if mark.in_cells() && !import { mark.start.0 } else { 1 };
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            rows.extend(lines.map(|line| Row::New(number, line.to_owned())));
        } else if !done.contains(&mark.start.0) {
            done.push(mark.start.0);
            let same: Vec<&Mark> = suggested.iter().filter(|other| other.start.0 == mark.start.0).copied().collect();
            changed(marks, mark, same, &mut rows);
        }
    }
    Rows(rows)
}

/// The rows of a line, or of lines, with all that is suggested there.
fn changed(marks: &Marks, first: &Mark, mut same: Vec<&Mark>, rows: &mut Vec<Row>) {
    same.sort_by_key(|mark| mark.start);
    let number = first.start.0;
    let last = same.iter().map(|mark| mark.end.0).max().unwrap_or(number);
    let old: Vec<&str> = (number..=last).map(|line| marks.line(&first.text, line)).collect();
    let place = |(line, column): (u32, u32)| {
        let before: usize = old.iter().take((line - number) as usize).map(|line| line.chars().count() + 1).sum();
        before + column as usize - 1
    };
    let whole: Vec<char> = old.join("\n").chars().collect();
    let (mut new, mut at, mut added) = (String::new(), 0, Vec::new());
    for mark in &same {
        let (from, to) = (place(mark.start).min(whole.len()).max(at), place(mark.end).min(whole.len()));
        new.extend(&whole[at..from]);
        let begin = new.chars().count();
        new.push_str(mark.replacement.as_deref().unwrap_or_default());
        added.push((begin, new.chars().count()));
        at = to.max(from);
    }
    new.extend(&whole[at..]);
    let adds_only = same.iter().all(|mark| mark.start == mark.end) && !new.contains('\n');
    if adds_only {
        rows.push(Row::Added(number, new, added));
        return;
    }
    rows.extend((number..).zip(&old).map(|(number, line)| Row::Old(number, (*line).to_owned())));
    let new: Vec<&str> = new.lines().collect();
    // A suggestion that takes a whole line away leaves an empty one, which is not worth a row.
    let kept = new.iter().filter(|line| !(line.trim().is_empty() && new.len() == 1));
    rows.extend((number..).zip(kept).map(|(number, line)| Row::New(number, (*line).to_owned())));
}

impl Rows {
    /// The widest line number, in characters.
    pub(crate) fn width(&self) -> usize {
        let number = |row: &Row| match row {
            Row::Added(number, ..) | Row::Old(number, _) | Row::New(number, _) => number.to_string().len(),
        };
        self.0.iter().map(number).max().unwrap_or(1)
    }

    /// The rows, with line numbers of that width.
    pub(crate) fn rendered(&self, width: usize) -> Vec<String> {
        let empty = format!("{} {}", " ".repeat(width), coloured(SIDE, "|"));
        let mut rendered = vec![empty.clone()];
        for row in self.0.iter().take(MOST) {
            let numbered = |number: &u32| coloured(SIDE, &format!("{number:width$}"));
            match row {
                Row::Added(number, text, added) => {
                    rendered.push(format!("{} {} {}", numbered(number), coloured(SIDE, "|"), cut(text)));
                    rendered.push(format!("{empty} {}", coloured(ADDED, &signs(text, added))));
                }
                Row::Old(number, text) => {
                    rendered.push(format!("{} {}", numbered(number), coloured(REMOVED, &format!("- {}", cut(text)))));
                }
                Row::New(number, text) => {
                    rendered.push(format!("{} {}", numbered(number), coloured(ADDED, &format!("+ {}", cut(text)))));
                }
            }
        }
        if self.0.len() > MOST {
            rendered.push(format!("{} and {} more", " ".repeat(width), self.0.len() - MOST));
        }
        rendered
    }
}

fn cut(text: &str) -> String {
    let text = text.replace('\t', "    ");
    if text.chars().count() <= LONG { text } else { text.chars().take(LONG).chain("...".chars()).collect() }
}

fn signs(text: &str, added: &[(usize, usize)]) -> String {
    let mut row = String::new();
    for (index, character) in text.chars().enumerate().take(LONG) {
        let sign = if added.iter().any(|(from, to)| (*from..*to).contains(&index)) { "+" } else { " " };
        row.push_str(&sign.repeat(if character == '\t' { 4 } else { 1 }));
    }
    row.trim_end().to_owned()
}
