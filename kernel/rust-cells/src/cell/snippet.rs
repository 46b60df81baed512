//! Source lines with marks and labels below them, laid out as rustc does.
//!
//! Knows lines and columns only: not where they come from. Columns are code points, from 1. Read [`Snippet`] first.

use super::style::{ERROR, PLAIN, SIDE, coloured};
use std::collections::BTreeMap;

/// Code points of a source line beyond which only a part of it is shown.
const LONG: usize = 240;
/// Code points shown of such a line, and how many of them before its first mark.
const WINDOW: (usize, usize) = (180, 60);
/// Lines shown at the beginning of a mark over many lines.
const FIRST: u32 = 3;

/// A mark below one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Label {
    /// First column and the one after the last.
    pub(crate) columns: (u32, u32),
    /// What is said there.
    pub(crate) text: String,
    /// Whether it is what the report is about.
    pub(crate) primary: bool,
}

/// A mark over several lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stretch {
    /// Line and column of its first character.
    pub(crate) start: (u32, u32),
    /// Line and column of its last character.
    pub(crate) end: (u32, u32),
    /// What is said there.
    pub(crate) text: String,
    /// Whether it is what the report is about.
    pub(crate) primary: bool,
}

/// Lines of one text with their marks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snippet {
    source: String,
    at: (u32, u32),
    aside: bool,
    lines: BTreeMap<u32, (String, Vec<Label>)>,
    stretches: Vec<Stretch>,
}

/// A line on its way to be shown: characters with their colours.
#[derive(Default)]
struct Row(Vec<(char, &'static str)>);

impl Snippet {
    /// Of the text of that name; `at` are line and column that the report names.
    pub(crate) fn new(source: &str, at: (u32, u32)) -> Self {
        Self { source: source.to_owned(), at, ..Self::default() }
    }

    /// The same, as a place beside another one of the same report: `:::` for `-->`.
    pub(crate) fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    /// Adds marks of a line.
    pub(crate) fn line(&mut self, number: u32, text: &str, labels: Vec<Label>) {
        let line = self.lines.entry(number).or_insert_with(|| (text.to_owned(), Vec::new()));
        line.1.extend(labels);
    }

    /// Adds a mark over several lines; `text` gives the lines.
    pub(crate) fn stretch<'t>(&mut self, stretch: Stretch, text: impl Fn(u32) -> &'t str) {
        let (first, last) = (stretch.start.0, stretch.end.0);
        let shown = (first..=last).filter(|line| line - first < FIRST || *line == last);
        shown.for_each(|line| self.line(line, text(line), Vec::new()));
        self.stretches.push(stretch);
    }

    /// Adds the lines and marks of another snippet of the same text.
    pub(crate) fn merge(&mut self, other: Self) {
        for (number, (text, labels)) in other.lines {
            self.line(number, &text, labels);
        }
        self.stretches.extend(other.stretches);
    }

    /// The widest line number, in characters.
    pub(crate) fn width(&self) -> usize {
        self.lines.keys().next_back().map_or(1, |line| line.to_string().len())
    }

    /// The rows, with line numbers as wide as this snippet's. `last` unless lines of the same report follow.
    pub(crate) fn rendered(&self, last: bool) -> Vec<String> {
        self.rows(self.width(), last)
    }

    /// The rows, with line numbers of that width.
    pub(crate) fn rows(&self, width: usize, last: bool) -> Vec<String> {
        let arrow = if self.aside { ":::" } else { "-->" };
        let margin = " ".repeat(width);
        let place = format!("{}:{}:{}", self.source, self.at.0, self.at.1);
        let empty = format!("{margin} {}", coloured(SIDE, "|"));
        let mut rows = vec![format!("{margin}{} {place}", coloured(SIDE, arrow))];
        if self.lines.is_empty() {
            return rows;
        }
        rows.push(empty.clone());
        let mut before: Option<u32> = None;
        for (number, (text, labels)) in &self.lines {
            if before.is_some_and(|before| number - before > 1) {
                rows.push(coloured(SIDE, "..."));
            }
            before = Some(*number);
            self.source_rows(*number, text, labels, width, &mut rows);
        }
        if !last {
            rows.push(empty);
        }
        rows
    }

    /// A source line with the rows below it.
    fn source_rows(&self, number: u32, text: &str, labels: &[Label], width: usize, rows: &mut Vec<String>) {
        let (text, shift) = window(text, labels, &self.columns_of(number));
        let columns = |columns: (u32, u32)| (shift.of(&text, columns.0), shift.of(&text, columns.1));
        let labels: Vec<Drawn> = labels.iter().map(|label| Drawn::new(label, columns(label.columns))).collect();
        let inside = if self.stretches.is_empty() { 0 } else { self.stretches.len() + 1 };
        let mut source = self.margin(number, true);
        source.text(inside, &shown(&text), "");
        let mut below = Vec::new();
        marks(&labels, inside, &mut below);
        let standing = self.margin(number, false);
        below.iter_mut().for_each(|row| row.under(&standing));
        below.extend(self.stretches.iter().enumerate().filter_map(|(index, stretch)| {
            let opens = stretch.start.0 == number && !self.opens_line(stretch);
            let at = if opens { Some(stretch.start.1) } else { (stretch.end.0 == number).then_some(stretch.end.1) };
            Some(self.corner(number, index, inside + shift.of(&text, at?), opens))
        }));
        let gutter = |label: &str| format!("{} ", coloured(SIDE, &format!("{label:width$} |")));
        rows.push(format!("{}{}", gutter(&number.to_string()), source.rendered()).trim_end().to_owned());
        rows.extend(below.iter().map(|row| format!("{}{}", gutter(""), row.rendered()).trim_end().to_owned()));
    }

    /// The row where a mark over several lines begins or ends, at a column.
    fn corner(&self, number: u32, index: usize, column: usize, opens: bool) -> Row {
        let stretch = &self.stretches[index];
        let colour = colour(stretch.primary);
        let mut row = self.margin(number, false);
        row.text(index, if opens { " " } else { "|" }, colour);
        row.text(index + 1, &"_".repeat(column - index - 1), colour);
        row.text(column, if stretch.primary { "^" } else { "-" }, colour);
        if !opens {
            row.text(column + 2, &stretch.text, colour);
        }
        row
    }

    /// What stands left of a line for the marks over several lines: those that hold it (or, below it, go on after it).
    fn margin(&self, number: u32, source: bool) -> Row {
        let mut row = Row::default();
        for (index, stretch) in self.stretches.iter().enumerate() {
            let (first, last) = (stretch.start.0, stretch.end.0);
            let mark = if source && first == number && self.opens_line(stretch) {
                "/"
            } else if first < number && number <= last || !source && first == number && self.opens_line(stretch) {
                "|"
            } else {
                " "
            };
            row.text(index, mark, colour(stretch.primary));
        }
        row
    }

    /// Whether a mark begins with the first character of its line: then it is drawn beside the line.
    fn opens_line(&self, stretch: &Stretch) -> bool {
        let before = (stretch.start.1 as usize).saturating_sub(1);
        let text = self.lines.get(&stretch.start.0).map_or("", |(text, _)| text.as_str());
        text.chars().take(before).all(char::is_whitespace)
    }

    fn columns_of(&self, number: u32) -> Vec<u32> {
        let ends = self.stretches.iter().flat_map(|stretch| [stretch.start, stretch.end]);
        ends.filter(|(line, _)| *line == number).map(|(_, column)| column).collect()
    }
}

/// A label with the columns where it is shown, from 0.
struct Drawn<'l> {
    label: &'l Label,
    from: usize,
    to: usize,
}

impl<'l> Drawn<'l> {
    fn new(label: &'l Label, (from, to): (usize, usize)) -> Self {
        Self { label, from, to: to.max(from + 1) }
    }

    fn colour(&self) -> &'static str {
        colour(self.label.primary)
    }
}

fn colour(primary: bool) -> &'static str {
    if primary { ERROR } else { SIDE }
}

/// The rows below a line: marks, the last label beside its mark, the others below, from right to left.
fn marks(labels: &[Drawn], inside: usize, rows: &mut Vec<Row>) {
    if labels.is_empty() {
        return;
    }
    let mut order: Vec<&Drawn> = labels.iter().collect();
    order.sort_by_key(|drawn| (drawn.from, drawn.to));
    let mut row = Row::default();
    // What the report is about is drawn last, over the others.
    for primary in [false, true] {
        for drawn in order.iter().filter(|drawn| drawn.label.primary == primary) {
            let mark = if primary { "^" } else { "-" };
            row.text(inside + drawn.from, &mark.repeat(drawn.to - drawn.from), drawn.colour());
        }
    }
    let furthest = order.iter().map(|drawn| drawn.to).max().unwrap_or_default();
    let beside = order.last().filter(|last| last.to == furthest && !last.label.text.contains('\n'));
    if let Some(last) = beside {
        row.text(inside + last.to + 1, &last.label.text, last.colour());
        order.pop();
    }
    rows.push(row);
    order.retain(|drawn| !drawn.label.text.is_empty());
    if order.is_empty() {
        return;
    }
    let connectors = |left: &[&Drawn]| {
        let mut row = Row::default();
        left.iter().for_each(|drawn| row.text(inside + drawn.from, "|", drawn.colour()));
        row
    };
    rows.push(connectors(&order));
    while let Some(drawn) = order.pop() {
        for line in drawn.label.text.split('\n') {
            let mut row = connectors(&order);
            row.text(inside + drawn.from, line, drawn.colour());
            rows.push(row);
        }
    }
}

impl Row {
    /// Writes a text at a column, over what is there.
    fn text(&mut self, column: usize, text: &str, colour: &'static str) {
        for (at, character) in (column..).zip(text.chars()) {
            if at >= self.0.len() {
                self.0.resize(at + 1, (' ', ""));
            }
            self.0[at] = (character, colour);
        }
    }

    /// Takes from another row what is blank here.
    fn under(&mut self, other: &Row) {
        for (at, cell) in other.0.iter().enumerate() {
            if self.0.get(at).is_none_or(|(character, _)| *character == ' ') {
                self.text(at, &cell.0.to_string(), cell.1);
            }
        }
    }

    fn rendered(&self) -> String {
        let (mut text, mut now) = (String::new(), "");
        let end = self.0.iter().rposition(|(character, _)| *character != ' ').map_or(0, |last| last + 1);
        for (character, colour) in &self.0[..end] {
            let colour = if *character == ' ' { now } else { colour };
            if colour != now {
                text.push_str(if now.is_empty() { "" } else { PLAIN });
                text.push_str(colour);
                now = colour;
            }
            text.push(*character);
        }
        text.push_str(if now.is_empty() { "" } else { PLAIN });
        text
    }
}

/// How columns of a line become columns of what is shown of it.
struct Shift {
    cut: usize,
    before: usize,
}

impl Shift {
    /// Where a column (from 1) of the whole line is shown, from 0.
    fn of(&self, text: &str, column: u32) -> usize {
        let column = (column as usize).saturating_sub(1 + self.cut) + self.before;
        text.chars().take(column).map(wide).sum::<usize>() + column.saturating_sub(text.chars().count())
    }
}

/// What is shown of a line: all, or the part around its marks.
fn window(text: &str, labels: &[Label], columns: &[u32]) -> (String, Shift) {
    let length = text.chars().count();
    if length <= LONG {
        return (text.to_owned(), Shift { cut: 0, before: 0 });
    }
    let first = labels.iter().map(|label| label.columns.0).chain(columns.iter().copied()).min().unwrap_or(1);
    let cut = (first as usize).saturating_sub(1 + WINDOW.1);
    let part: String = text.chars().skip(cut).take(WINDOW.0).collect();
    let (before, after) = (if cut > 0 { "..." } else { "" }, if cut + WINDOW.0 < length { "..." } else { "" });
    (format!("{before}{part}{after}"), Shift { cut, before: before.len() })
}

/// A line as it is shown: a tab is four columns wide everywhere.
fn shown(text: &str) -> String {
    text.replace('\t', "    ").replace(|character: char| character.is_control(), "\u{fffd}")
}

/// Columns that a character takes: two for the wide ones of East Asia and pictures, as terminals have it.
fn wide(character: char) -> usize {
    match character {
        '\t' => 4,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' => 2,
        '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f9ff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;

    fn label(from: u32, to: u32, text: &str, primary: bool) -> Label {
        Label { columns: (from, to), text: text.to_owned(), primary }
    }

    #[test]
    fn marks_stand_below_their_line() {
        let check = |text: &str, labels: Vec<Label>, expect: &[&str]| {
            let mut snippet = Snippet::new("cell 1", (3, 1));
            snippet.line(3, text, labels);
            let rows: Vec<String> = snippet.rendered(true).iter().map(|row| plain(row)).collect();
            assert_eq!(rows[2..], *expect, "{text}");
        };
        check("foo(a);", vec![label(5, 6, "here", true)], &["3 | foo(a);", "  |     ^ here"]);
        let two = vec![label(8, 11, "expected due to this", false), label(14, 17, "found", true)];
        check(
            "let x: i32 = \"a\";",
            two,
            &[
                "3 | let x: i32 = \"a\";",
                "  |        ---   ^^^ found",
                "  |        |",
                "  |        expected due to this",
            ],
        );
        check("\tä 日本 x", vec![label(7, 8, "", true)], &["3 |     ä 日本 x", "  |            ^"]);
        let long = format!("{}x{}", " y".repeat(200), "z".repeat(2_000_000));
        let mut snippet = Snippet::new("cell 1", (1, 401));
        snippet.line(1, &long, vec![label(401, 402, "here", true)]);
        let rows: Vec<String> = snippet.rendered(true).iter().map(|row| plain(row)).collect();
        assert!(rows.iter().all(|row| row.chars().count() < 250), "{rows:?}");
        assert_eq!(rows[3].find('^'), rows[2].find('x'));
    }

    #[test]
    fn a_mark_over_lines_is_drawn_beside_them() {
        let check = |text: &str, start: (u32, u32), end: (u32, u32), expect: &[&str]| {
            let lines: Vec<&str> = text.lines().collect();
            let mut snippet = Snippet::new("cell 1", start);
            let stretch = Stretch { start, end, text: "here".to_owned(), primary: true };
            snippet.stretch(stretch, |line| lines[line as usize - 1]);
            let rows: Vec<String> = snippet.rendered(true).iter().map(|row| plain(row)).collect();
            assert_eq!(rows[2..], *expect, "{text}");
        };
        check(
            "let x = foo(\n    1,\n);",
            (1, 9),
            (3, 1),
            &["1 |   let x = foo(", "  |  _________^", "2 | |     1,", "3 | | );", "  | |_^ here"],
        );
        check("if x {\n    1\n}", (1, 1), (3, 1), &["1 | / if x {", "2 | |     1", "3 | | }", "  | |_^ here"]);
        let rows = ["1 | / a(", "2 | |  1,", "3 | |  2,", "...", "6 | | )", "  | |_^ here"];
        check("a(\n 1,\n 2,\n 3,\n 4,\n)", (1, 1), (6, 1), &rows);
    }
}
