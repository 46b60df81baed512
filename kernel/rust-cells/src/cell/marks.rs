//! A span of rustc's report as a place that a reader knows: in this cell, an earlier one, or a file.
//!
//! Must not know how it is shown. Read [`Marks`] first.

use super::built::Built;
use super::draft::Origin;
use super::problems::Cell;
use super::{ItemText, snippet};
use serde_json::Value;

/// The file that evcxr compiles, as rustc names it.
const SOURCE: &str = "src/lib.rs";

/// What is known of the places of a report.
pub(crate) struct Marks<'a> {
    /// The cell.
    pub(crate) cell: &'a Cell,
    /// Items of earlier cells.
    pub(crate) earlier: &'a [ItemText],
    /// Where the lines come from.
    pub(crate) built: Built,
    /// The built source's lines.
    pub(crate) lines: Vec<&'a str>,
}

/// Where a mark is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Text {
    /// In the cell.
    Here,
    /// In an earlier cell: the index of its item.
    Earlier(usize),
    /// In a file: its path, and the lines of it that rustc shows.
    File(String, Vec<String>),
    /// In what was written into the cell; its line.
    Own(Option<Origin>, String),
}

/// A span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// In which text.
    pub(crate) text: Text,
    /// Line and column of its first character.
    pub(crate) start: (u32, u32),
    /// Line and column after its last character.
    pub(crate) end: (u32, u32),
    /// What is said there.
    pub(crate) label: String,
    /// Whether it is what the report is about.
    pub(crate) primary: bool,
    /// What to write in its place.
    pub(crate) replacement: Option<String>,
}

impl Mark {
    /// Whether it is in a file whose text rustc has not.
    pub(crate) fn is_blind(&self) -> bool {
        matches!(&self.text, Text::File(_, lines) if lines.iter().all(String::is_empty))
    }

    /// Whether a reader can see it in a cell.
    pub(crate) fn in_cells(&self) -> bool {
        matches!(self.text, Text::Here | Text::Earlier(_))
    }
}

impl Marks<'_> {
    /// The marks of a report, or of a part of it; for one in a cell's own macro, where that is called, too.
    pub(crate) fn of(&self, report: &Value) -> Vec<Mark> {
        let spans = report["spans"].as_array().into_iter().flatten();
        spans.flat_map(|span| [Some(self.mark(span)), self.invocation(span)]).flatten().collect()
    }

    fn invocation(&self, span: &Value) -> Option<Mark> {
        let call = Some(&span["expansion"]["span"]).filter(|call| call.is_object() && span["is_primary"] == true)?;
        let own = span["file_name"] == SOURCE && self.in_source(span).in_cells();
        let label = "in this macro invocation".to_owned();
        let called = own.then(|| self.place(call)).filter(Mark::in_cells)?;
        (called.start != self.in_source(span).start).then_some(Mark { label, ..called })
    }

    fn mark(&self, span: &Value) -> Mark {
        let mut mark = self.place(span);
        mark.label = super::report::cleaned(span["label"].as_str().unwrap_or_default());
        mark.primary = span["is_primary"] == true;
        mark.replacement = span["suggested_replacement"].as_str().map(str::to_owned);
        mark
    }

    /// A span's place. Of one that is in a macro it is the place in a cell that calls the macro, if there is one.
    fn place(&self, span: &Value) -> Mark {
        let own = if span["file_name"] == SOURCE { self.in_source(span) } else { in_file(span) };
        if own.in_cells() {
            return own;
        }
        let call = &span["expansion"]["span"];
        let called = call.is_object().then(|| self.place(call));
        called.filter(|called| called.in_cells() || matches!(own.text, Text::File(..))).unwrap_or(own)
    }

    fn in_source(&self, span: &Value) -> Mark {
        let shift = self.shift(number(span, "line_start"), span["text"][0]["text"].as_str());
        let line = |key: &str| number(span, key).saturating_add_signed(shift);
        let (first, last) = (line("line_start"), line("line_end"));
        let mut known = (first..=last).filter_map(|line| {
            let place = self.built.place(line)?;
            let Origin::Cell(own) = place.origin else { return None };
            Some((line, own, place))
        });
        let Some(begin) = known.next() else {
            let text = self.lines.get(first.saturating_sub(1)).copied().unwrap_or_default();
            let origin = self.built.place(first).map(|place| place.origin);
            return mark(Text::Own(origin, text.to_owned()), (first as u32, 1), (first as u32, 2));
        };
        let end = known.next_back().unwrap_or(begin);
        let text = begin.2.earlier.map_or(Text::Here, Text::Earlier);
        // A span that begins or ends in what was written goes from or to the end of the cell's line beside it.
        let start = match begin.2.columns {
            Some((from, _)) => from,
            None if begin.0 == first => number(span, "column_start") as u32 + begin.2.offset,
            None => self.indent(&text, begin.1),
        };
        let stop = match end.2.columns {
            Some((_, to)) => to,
            None if end.0 == last => number(span, "column_end") as u32 + end.2.offset,
            None => self.line(&text, end.1).trim_end().chars().count() as u32 + 1,
        };
        mark(text, (begin.1, start), (end.1, stop))
    }

    /// How far a report's lines are off: evcxr compiles a cell in more than one form, and the source may be the last one.
    fn shift(&self, line: usize, text: Option<&str>) -> isize {
        let Some(text) = text else { return 0 };
        let is_text = |line: isize| usize::try_from(line).ok().and_then(|line| self.lines.get(line)) == Some(&text);
        let line = line as isize - 1;
        let near = (0..self.lines.len() as isize).flat_map(|far| [far, -far]);
        near.into_iter().find(|far| is_text(line + far)).unwrap_or(0)
    }

    fn indent(&self, text: &Text, line: u32) -> u32 {
        self.line(text, line).chars().take_while(|character| character.is_whitespace()).count() as u32 + 1
    }

    /// A line of a text.
    pub(crate) fn line<'s>(&'s self, text: &'s Text, number: u32) -> &'s str {
        match text {
            Text::Here => self.cell.line(number),
            Text::Earlier(index) => self.earlier.get(*index).map_or("", |item| {
                let line = number.checked_sub(item.line).and_then(|line| item.text.split('\n').nth(line as usize));
                line.unwrap_or_default()
            }),
            Text::File(_, lines) => lines.first().map_or("", String::as_str),
            Text::Own(_, line) => line,
        }
    }

    /// The name of a text.
    pub(crate) fn source(&self, text: &Text) -> String {
        match text {
            Text::Here => self.cell.source.clone(),
            Text::Earlier(index) => self.earlier.get(*index).map(|item| item.source.clone()).unwrap_or_default(),
            Text::File(path, _) => path.clone(),
            Text::Own(..) => "code written around the cell".to_owned(),
        }
    }

    /// The marks of one text, as they are shown; `at` is the place that is named.
    pub(crate) fn snippet(&self, text: &Text, marks: &[&Mark], at: (u32, u32)) -> snippet::Snippet {
        let mut snippet = snippet::Snippet::new(&self.source(text), at);
        // Without the sources of a library there is only the place.
        for mark in marks.iter().filter(|mark| !mark.is_blind()) {
            let (line, column) = mark.start;
            if mark.start.0 == mark.end.0 || matches!(text, Text::File(..) | Text::Own(..)) {
                let own = self.shown(text, line, mark);
                let end = if mark.start.0 == mark.end.0 { mark.end.1 } else { column + 1 };
                let label = snippet::Label { columns: (column, end), text: mark.label.clone(), primary: mark.primary };
                snippet.line(line, &own, vec![label]);
            } else {
                let end = (mark.end.0, mark.end.1.saturating_sub(1).max(1));
                let stretch =
                    snippet::Stretch { start: mark.start, end, text: mark.label.clone(), primary: mark.primary };
                let lines: Vec<String> = (line..=mark.end.0).map(|line| self.shown(text, line, mark)).collect();
                snippet.stretch(stretch, |number| lines.get((number - line) as usize).map_or("", String::as_str));
            }
        }
        snippet
    }

    /// A line; of an earlier cell's item that begins inside a line, the beginning is not known and left blank.
    fn shown(&self, text: &Text, number: u32, mark: &Mark) -> String {
        match text {
            Text::Earlier(index) => {
                let item = &self.earlier[*index];
                let blank = if item.line == number { item.offset as usize } else { 0 };
                format!("{}{}", " ".repeat(blank), self.line(text, number))
            }
            // Each mark in a file brings its own line.
            Text::File(..) | Text::Own(..) => self.line(&mark.text, number).to_owned(),
            Text::Here => self.line(text, number).to_owned(),
        }
    }
}

fn mark(text: Text, start: (u32, u32), end: (u32, u32)) -> Mark {
    Mark { text, start, end, label: String::new(), primary: false, replacement: None }
}

fn number(span: &Value, key: &str) -> usize {
    span[key].as_u64().unwrap_or(1) as usize
}

fn in_file(span: &Value) -> Mark {
    let place = |line: &str, column: &str| (number(span, line) as u32, number(span, column) as u32);
    let lines = span["text"].as_array().into_iter().flatten().filter_map(|line| line["text"].as_str());
    let path = span["file_name"].as_str().unwrap_or_default().to_owned();
    let text = Text::File(path, lines.map(str::to_owned).collect());
    mark(text, place("line_start", "column_start"), place("line_end", "column_end"))
}
