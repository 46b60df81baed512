//! rustc's reports on a cell as a notebook shows them: rustc's look, the cell's lines and columns.
//!
//! Knows rustc's JSON (the fields are described in rustc's book, "JSON Output"). What is about evcxr's way is told by
//! `advice`. Read [`Reports`] first.

use super::advice;
use super::draft::{Draft, Origin};
use super::marks::{Mark, Marks, Text};
use super::problems::Cell;
use super::style::{self, footer, header};
use super::suggestion;
use super::syntax::position;
use candlewick_link::Problem;
use serde_json::Value;

/// Code points of a note that are shown.
const LONG: usize = 2_000;
/// Errors that one problem shows.
const MOST: usize = 20;

/// What is needed to tell reports.
pub(crate) struct Reports<'a> {
    /// Places.
    pub(crate) marks: Marks<'a>,
    /// What was written into the cell.
    pub(crate) draft: &'a Draft,
    /// Where the cell's plugin and callable functions stand, by their lines' origins.
    pub(crate) stands: Vec<(Origin, (usize, usize), String)>,
}

/// One report, told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// Its rows.
    pub(crate) rows: Vec<String>,
    /// Where it is, and what it says.
    pub(crate) message: String,
    /// Its code, such as `E0308`.
    pub(crate) code: Option<String>,
    /// Whether it is about code that is the user's.
    pub(crate) own: bool,
}

impl Reports<'_> {
    /// One problem of all errors; none when there are none.
    pub(crate) fn problem(&self, diagnostics: &[Value]) -> Option<Problem> {
        let errors = diagnostics.iter().filter(|diagnostic| is_error(diagnostic));
        let mut told: Vec<Told> = errors.map(|error| self.tell(error)).collect();
        if told.iter().any(|told| told.own) {
            told.retain(|told| told.own);
        }
        let mut unique: Vec<Told> = Vec::new();
        told.into_iter().for_each(|told| {
            if !unique.contains(&told) {
                unique.push(told)
            }
        });
        let first = unique.first()?;
        let mut message = first.message.clone();
        if unique.len() > 1 {
            let more = unique.len() - 1;
            message.push_str(&format!(" (and {more} more error{})", if more == 1 { "" } else { "s" }));
        }
        Some(Problem { name: "CompileError".to_owned(), message, traceback: traceback(&unique) })
    }

    /// Tells one report.
    pub(crate) fn tell(&self, report: &Value) -> Told {
        let level = report["level"].as_str().unwrap_or("error");
        let code = report["code"]["code"].as_str();
        let text = cleaned(report["message"].as_str().unwrap_or_default());
        let mut all = self.marks.of(report);
        if matches!(code, Some("E0119" | "E0592")) {
            newer_first(&mut all);
        }
        let (marks, own) = self.seen(&all);
        let helps = advice::of(self, report, &all);
        let children: Vec<&Value> =
            report["children"].as_array().into_iter().flatten().filter(|c| is_told(c)).collect();
        let primary = marks.iter().find(|mark| mark.primary).or(marks.first());
        let mut parts: Vec<Part> = self.parts(&marks, primary);
        let mut footers: Vec<(String, String)> = Vec::new();
        for child in children {
            self.child(child, &mut parts, &mut footers);
        }
        let advice = helps.iter().map(|help| ("help".to_owned(), help.clone()));
        footers.extend(advice);
        if !own && all.iter().any(|mark| matches!(mark.text, Text::Own(..))) {
            let why = "this is in code that was written around the cell's: please report it with the cell";
            footers.push(("note".to_owned(), why.to_owned()));
        }
        let code_shown = code.filter(|code| code.starts_with('E'));
        let mut rows = vec![header(level, code_shown, &text)];
        rows.extend(arranged(parts, footers));
        let message = self.message(primary, &text, &helps);
        Told { rows, message, code: code.map(str::to_owned), own }
    }

    /// The marks that a reader can see; when all are in what was written for a part of the cell, that part. Whether there
    /// are any.
    fn seen(&self, all: &[Mark]) -> (Vec<Mark>, bool) {
        let mut seen: Vec<Mark> = all.iter().filter_map(|mark| self.in_view(mark)).collect();
        let primary = |marks: &[Mark]| marks.iter().any(|mark| mark.primary && mark.in_cells());
        if !primary(&seen) {
            seen.extend(all.iter().filter(|mark| mark.primary).find_map(|mark| self.stand_in(mark)));
        }
        let own = seen.iter().any(Mark::in_cells);
        if seen.is_empty() {
            return (all.to_vec(), own);
        }
        if own && !seen.iter().any(|mark| mark.primary) {
            seen.iter_mut().filter(|mark| mark.in_cells()).take(1).for_each(|mark| mark.primary = true);
        }
        (seen, own)
    }

    /// A mark that a reader can see. What is said of a variable's type is said of its name.
    fn in_view(&self, mark: &Mark) -> Option<Mark> {
        match &mark.text {
            Text::Own(Some(Origin::Binding(index)), _) if !mark.primary => {
                let variable = self.draft.variables.get(*index)?;
                let stays = format!("`{}` stays for later cells, so what it borrows must live for ever", variable.name);
                let required = mark.label.contains("requires that");
                let label = if required { stays } else { mark.label.clone() };
                self.stand_in(mark).map(|seen| Mark { label, ..seen })
            }
            Text::Own(..) => None,
            _ => Some(mark.clone()),
        }
    }

    /// The part of the cell for which a line was written.
    fn stand_in(&self, mark: &Mark) -> Option<Mark> {
        let Text::Own(Some(origin), _) = &mark.text else { return None };
        let cell = &self.marks.cell.text;
        let stretch = match *origin {
            Origin::Binding(index) | Origin::Probe(index) => self.draft.variables.get(index)?.stands,
            Origin::TypeOf(index) => {
                let (line, column, text) = self.draft.types.get(index)?;
                let end = (*line, column + text.chars().count() as u32);
                return Some(Mark { text: Text::Here, start: (*line, *column), end, ..mark.clone() });
            }
            Origin::Show(line) => {
                let text = self.marks.cell.line(line);
                let indent = text.chars().take_while(|character| character.is_whitespace()).count() as u32;
                let end = text.trim_end().chars().count() as u32 + 1;
                return Some(Mark { text: Text::Here, start: (line, indent + 1), end: (line, end), ..mark.clone() });
            }
            _ => self.stands.iter().find(|(other, ..)| other == origin).map(|(_, stretch, _)| *stretch)?,
        };
        let (start, end) = (position(cell, stretch.0), position(cell, stretch.1));
        Some(Mark { text: Text::Here, start, end, ..mark.clone() })
    }

    /// The snippets of marks, that of the primary one first.
    fn parts(&self, marks: &[Mark], primary: Option<&Mark>) -> Vec<Part> {
        let mut texts: Vec<(String, &Text)> = Vec::new();
        for mark in primary.into_iter().chain(marks) {
            let source = self.marks.source(&mark.text);
            if !texts.iter().any(|(other, _)| *other == source) {
                texts.push((source, &mark.text));
            }
        }
        let part = |(index, (source, text)): (usize, (String, &Text))| {
            let own: Vec<&Mark> = marks.iter().filter(|mark| self.marks.source(&mark.text) == source).collect();
            let named = own.iter().find(|mark| mark.primary).or(own.first());
            let snippet = self.snippet(text, &own, named.map_or((1, 1), |mark| mark.start));
            Part::Snippet(if index == 0 { snippet } else { snippet.aside() })
        };
        texts.into_iter().enumerate().map(part).collect()
    }

    /// Marks of one cell may be in several of its items, which each know their own lines only.
    fn snippet(&self, text: &Text, marks: &[&Mark], at: (u32, u32)) -> super::snippet::Snippet {
        let mut snippet = self.marks.snippet(text, &[], at);
        marks.iter().for_each(|mark| snippet.merge(self.marks.snippet(&mark.text, &[mark], at)));
        snippet
    }

    fn child(&self, child: &Value, parts: &mut Vec<Part>, footers: &mut Vec<(String, String)>) {
        let level = child["level"].as_str().unwrap_or("note").to_owned();
        let text = advice::reworded(&cleaned(child["message"].as_str().unwrap_or_default()));
        let marks = self.marks.of(child);
        if marks.iter().any(|mark| mark.replacement.is_some()) {
            if marks.iter().any(|mark| !mark.in_cells() && !is_import(mark)) {
                return;
            }
            parts.push(Part::Row(below(&level, &text)));
            // What is to be changed elsewhere says where.
            let elsewhere = marks.iter().find(|mark| matches!(mark.text, Text::Earlier(_)) && !is_import(mark));
            parts.extend(elsewhere.map(|mark| Part::Snippet(self.marks.snippet(&mark.text, &[], mark.start))));
            parts.push(Part::Suggestion(suggestion::rows(&self.marks, &marks)));
            return;
        }
        let seen: Vec<Mark> = marks.iter().filter(|mark| !matches!(mark.text, Text::Own(..))).cloned().collect();
        // Of a library whose sources are not there only the labels tell something.
        if seen.iter().all(|mark| mark.is_blind()) {
            let labels = seen.iter().filter(|mark| !mark.label.is_empty()).map(|mark| format!("\n  {}", mark.label));
            footers.push((level, shortened(&labels.fold(text, |text, label| text + &label))));
            return;
        }
        let primary = seen.iter().find(|mark| mark.primary).or(seen.first());
        parts.push(Part::Row(below(&level, &text)));
        parts.extend(self.parts(&seen, primary));
    }

    fn message(&self, primary: Option<&Mark>, text: &str, helps: &[String]) -> String {
        let label = primary.map(|mark| mark.label.as_str()).filter(|label| !label.is_empty() && !text.contains(label));
        let place = primary
            .filter(|mark| mark.in_cells())
            .map(|mark| format!("{}, line {}, column {}: ", self.marks.source(&mark.text), mark.start.0, mark.start.1));
        let label = label.map(|label| format!(": {label}")).unwrap_or_default();
        let help = helps.first().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}{text}{label}{help}", place.unwrap_or_default())
    }
}

/// Of two marks that say the same of an earlier cell and of this one, this one's is what the report is about: rustc takes
/// them in the order of evcxr's source, which is any.
fn newer_first(marks: &mut [Mark]) {
    let Some(primary) = marks.iter().position(|mark| mark.primary && matches!(mark.text, Text::Earlier(_))) else {
        return;
    };
    let Some(here) = marks.iter().position(|mark| !mark.primary && mark.text == Text::Here) else { return };
    let label = std::mem::take(&mut marks[primary].label);
    marks[primary].label = std::mem::replace(&mut marks[here].label, label);
    (marks[primary].primary, marks[here].primary) = (false, true);
}

/// Whether a suggestion is to import something: that has a place in a cell wherever rustc puts it.
fn is_import(mark: &Mark) -> bool {
    mark.replacement.as_deref().is_some_and(|text| text.trim_start().starts_with("use "))
}

/// A part of a report on its way to be shown.
pub(crate) enum Part {
    Snippet(super::snippet::Snippet),
    Suggestion(suggestion::Rows),
    Row(String),
}

/// The rows of all parts, with line numbers of one width.
fn arranged(parts: Vec<Part>, footers: Vec<(String, String)>) -> Vec<String> {
    let widths = parts.iter().map(|part| match part {
        Part::Snippet(snippet) => snippet.width(),
        Part::Suggestion(suggestion) => suggestion.width(),
        Part::Row(_) => 1,
    });
    let width = widths.max().unwrap_or(1);
    let mut rows = Vec::new();
    let first = parts.iter().position(|part| matches!(part, Part::Row(_))).unwrap_or(parts.len());
    let total = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        // rustc's own order: the report's snippets, what has no place, then what has one of its own.
        if index == first {
            rows.extend(footers.iter().flat_map(|(level, text)| footer(width, level, text)));
        }
        match part {
            Part::Snippet(snippet) => {
                rows.extend(snippet.rows(width, index + 1 == total && (index >= first || footers.is_empty())))
            }
            Part::Suggestion(suggestion) => rows.extend(suggestion.rendered(width)),
            Part::Row(row) => rows.push(row),
        }
    }
    if first == total {
        rows.extend(footers.iter().flat_map(|(level, text)| footer(width, level, text)));
    }
    rows
}

/// A note without the middle of a very long one, such as the command of a linker.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONG {
        return text.to_owned();
    }
    let (start, end): (String, String) =
        (text.chars().take(LONG / 2).collect(), text.chars().skip(length - LONG / 2).collect());
    format!("{start} […] {end}")
}

/// The first row of a help or note with a place of its own.
fn below(level: &str, text: &str) -> String {
    let word = style::coloured(style::level_colour(level), level);
    format!("{word}: {text}")
}

/// Errors one below the other, and how to learn more.
fn traceback(told: &[Told]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for told in told.iter().take(MOST) {
        rows.extend(told.rows.iter().cloned());
        rows.push(String::new());
    }
    if let Some(more) = told.len().checked_sub(MOST).filter(|more| *more > 0) {
        rows.push(format!("… and {more} more errors"));
    }
    let mut codes: Vec<&str> = told.iter().filter_map(|told| told.code.as_deref()).collect();
    codes.retain(|code| code.starts_with('E'));
    codes.dedup();
    if let Some(code) = codes.first() {
        rows.push(style::coloured(style::BOLD, &format!("`:explain {code}` in a Rust cell tells more.")));
    } else if rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

/// Whether a report is an error of its own, not the sum of others.
pub(crate) fn is_error(diagnostic: &Value) -> bool {
    let message = diagnostic["message"].as_str().unwrap_or_default();
    let sum = ["aborting due to", "For more information about", "Some errors ", "Some errors have"];
    let level = diagnostic["level"].as_str().unwrap_or_default();
    level.starts_with("error") && !sum.iter().any(|start| message.starts_with(start))
}

/// Whether a part of a report says something to a reader of cells.
fn is_told(child: &Value) -> bool {
    let text = child["message"].as_str().unwrap_or_default();
    let ours = ["candlewick::cells::show`", "macro `show`", "`register`", "`callable`"];
    let of_macro = text.contains("originates in the macro") && ours.iter().any(|name| text.contains(name));
    !of_macro && !text.is_empty() && !text.contains("evcxr_variable_store")
}

/// A message without the names of evcxr's code.
pub(crate) fn cleaned(text: &str) -> String {
    style::shown(text)
        .replace("`evcxr_variable_store`", "the end of the cell")
        .replace("evcxr_analysis_wrapper::", "")
        .replace("`EvcxrUserCodeError`", "the cell's own error")
}

/// The cell that a report is about, for what has no diagnostics.
pub(crate) fn plain(cell: &Cell, name: &str, message: &str, rows: Vec<String>) -> Problem {
    let mut traceback = vec![header("error", None, message)];
    traceback.extend(rows);
    Problem { name: name.to_owned(), message: format!("{}: {message}", cell.source), traceback }
}
