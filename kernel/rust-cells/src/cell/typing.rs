//! A cell with the types of its variables: what evcxr evaluates, and how its answers are told.
//!
//! Must not know how types are written into a text (`draft`) or reports are shown (`report`). Read [`Typed`] first.

use super::built::{self, Built};
use super::draft::{Draft, Origin, Written};
use super::knowledge::{Compiled, ItemText, Knowledge};
use super::marks::Marks;
use super::preparing::Prepared;
use super::report::{Reports, is_error};
use super::types::{self, Unwritable};
use super::variables::Variable;
use super::{answers, failures, warnings};
use candlewick_link::{Bundle, Lines, Problem};
use serde_json::Value;
use std::collections::HashMap;

/// A cell as evcxr evaluates it.
#[derive(Clone, Debug)]
pub struct Typed {
    pub(crate) prepared: Prepared,
    pub(crate) written: Written,
    /// The answers of `:type`.
    types: Vec<(String, String)>,
}

impl Typed {
    /// What evcxr's `execute` gets; empty when there is nothing to evaluate.
    pub fn text(&self) -> &str {
        &self.written.text
    }

    /// Why the cell could not be evaluated, in its own lines and columns.
    pub fn problem(&self, error: &evcxr::Error, compiled: &Compiled) -> Problem {
        let reports = reports(&self.prepared, &self.written, compiled.source);
        if let Some(problem) = reports.problem(&own_errors(compiled.diagnostics)) {
            return problem;
        }
        let evcxr_errors = match error {
            evcxr::Error::CompilationErrors(errors) => errors.as_slice(),
            _ => compiled.errors,
        };
        // evcxr may have compiled the cell once more in another form, which was well.
        let own: Vec<Value> =
            evcxr_errors.iter().filter(|error| is_of_cell(error)).map(|error| error.json.clone()).collect();
        let problem = reports.problem(&own);
        problem.unwrap_or_else(|| failures::problem(error, &self.prepared.cell, &self.prepared.draft, &self.written))
    }

    /// rustc's warnings about the cell's own lines, folded.
    pub fn warnings(&self, compiled: &Compiled) -> Option<Bundle> {
        if !compiled.diagnostics.iter().any(|diagnostic| diagnostic["level"] == "warning") {
            return None;
        }
        warnings::folded(&reports(&self.prepared, &self.written, compiled.source), compiled.diagnostics)
    }

    /// The answers of the cell's `:` commands (`:vars`, `:help` …); `knowledge` is that after the cell.
    pub fn shown(&self, knowledge: &Knowledge) -> Option<Bundle> {
        let commands = self.prepared.draft.commands.iter().map(|(_, line)| line);
        let passed: Vec<String> = commands.filter(|line| !line.starts_with(":dep")).cloned().collect();
        answers::shown(&self.prepared.asked.answers, &self.types, &passed, knowledge)
    }

    /// Where the lines of a built source come from: this cell's and those of earlier cells' items.
    pub fn lines(&self, source: &str) -> Vec<Lines> {
        let earlier = &self.prepared.earlier;
        Built::new(&self.written, earlier, source).lines(&self.prepared.cell.source, earlier)
    }

    /// The texts of the cell's items.
    pub(crate) fn items(&self) -> Vec<ItemText> {
        built::items(&self.written, &self.prepared.cell.source)
    }

    /// The dependencies that the cell adds.
    pub(crate) fn dependencies(&self) -> &[String] {
        &self.prepared.asked.dependencies
    }

    pub(crate) fn unchecked(prepared: Prepared) -> Self {
        let variables = prepared.draft.variables.iter();
        let types: Vec<Option<String>> = variables.map(|variable| variable.certain.clone()).collect();
        let known = |(_, _, text): &(u32, u32, String)| {
            let ty = prepared.known.iter().find(|(name, _)| name == text)?;
            Some((text.clone(), ty.1.clone()))
        };
        let answers = prepared.asked.types.iter().filter_map(known).collect();
        Self { written: prepared.draft.typed(&types), types: answers, prepared }
    }

    /// With the types that a check found.
    pub(crate) fn checked(prepared: Prepared, compiled: &Compiled) -> Result<Self, Problem> {
        let probe = prepared.draft.probe();
        if compiled.diagnostics.is_empty() {
            // rustc was not reached: a dependency is to blame, or building the cell will tell.
            return match compiled.errors {
                [] => Ok(Self::unchecked(prepared)),
                errors => Err(failures::compilation(errors, &prepared.cell, &prepared.draft, &probe)),
            };
        }
        let reports = reports(&prepared, &probe, compiled.source);
        let answered = Answered::read(&reports, compiled.diagnostics);
        if let Some(problem) = reports.problem(&answered.errors) {
            return Err(problem);
        }
        let (types, missing) = answered.types(&prepared.draft);
        if let Some(problem) = unwritable(&prepared, &missing) {
            return Err(problem);
        }
        let mut typed = Self::unchecked(prepared);
        typed.answer(answered.expressions);
        typed.written = typed.prepared.draft.typed(&types);
        Ok(typed)
    }

    /// Adds the answers of `:type` that a check gave, in the order in which they were asked for.
    fn answer(&mut self, found: Vec<(usize, String)>) {
        let questions = &self.prepared.draft.types;
        let found =
            found.into_iter().filter_map(|(index, ty)| questions.get(index).map(|(.., text)| (text.clone(), ty)));
        let all: Vec<(String, String)> = found.chain(std::mem::take(&mut self.types)).collect();
        let asked = self.prepared.asked.types.iter();
        self.types = asked.filter_map(|(.., text)| all.iter().find(|(other, _)| other == text).cloned()).collect();
    }
}

/// What a check said.
struct Answered {
    /// By the variable's index; none when the variable does not exist there.
    variables: HashMap<usize, Option<types::Found>>,
    /// By the index of what was asked.
    expressions: Vec<(usize, String)>,
    /// The cell's own errors.
    errors: Vec<Value>,
}

impl Answered {
    fn read(reports: &Reports, diagnostics: &[Value]) -> Self {
        let mut answered = Self { variables: HashMap::new(), expressions: Vec::new(), errors: Vec::new() };
        for diagnostic in diagnostics.iter().filter(|diagnostic| is_error(diagnostic)) {
            match reports.marks.asked(diagnostic) {
                Some(Origin::Probe(index)) => drop(answered.variables.insert(index, types::found(diagnostic))),
                Some(Origin::TypeOf(index)) if types::found(diagnostic).is_some() => {
                    let found = types::found(diagnostic).map(|found| found.text).unwrap_or_default();
                    answered.expressions.push((index, types::shown(&found)));
                }
                // What is only wrong because of a probe: a type that nothing else says.
                _ if diagnostic.to_string().contains(types::PROBE) => {}
                _ => answered.errors.push(diagnostic.clone()),
            }
        }
        answered
    }

    /// The types of the variables, and what cannot be written.
    fn types<'d>(&self, draft: &'d Draft) -> (Vec<Option<String>>, Vec<(&'d Variable, Unwritable)>) {
        let mut missing = Vec::new();
        let types = draft.variables.iter().enumerate().map(|(index, variable)| {
            let found = match self.variables.get(&index) {
                Some(None) => return None,
                Some(Some(found)) => types::written(found, variable),
                None => Err(types::unanswered(variable)),
            };
            found.map_err(|why| missing.push((variable, why))).ok()
        });
        (types.collect(), missing)
    }
}

/// One problem of all variables whose types cannot be written.
fn unwritable(prepared: &Prepared, missing: &[(&Variable, Unwritable)]) -> Option<Problem> {
    let problem = |(variable, why): &(&Variable, Unwritable)| {
        let help: Vec<&str> = why.help.iter().map(String::as_str).collect();
        prepared.cell.problem("TypeError", variable.stands, &why.message, &help)
    };
    let mut problems = missing.iter().map(problem);
    let mut first = problems.next()?;
    for other in problems {
        first.traceback.push(String::new());
        first.traceback.extend(other.traceback);
    }
    Some(first)
}

/// The errors of a build without those about keeping a variable, which are by which evcxr learns that it was moved, and what
/// else follows from an error elsewhere. When there are no others, they are all there is.
fn own_errors(diagnostics: &[Value]) -> Vec<Value> {
    let errors: Vec<Value> = diagnostics.iter().filter(|diagnostic| is_error(diagnostic)).cloned().collect();
    let packs = |error: &Value| {
        let spans = error["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true);
        let mut texts = spans.filter_map(|span| span["text"][0]["text"].as_str());
        texts.any(|text| text.contains("evcxr_variable_store.put_variable"))
    };
    let own: Vec<Value> = errors.iter().filter(|error| !packs(error)).cloned().collect();
    if own.is_empty() { errors } else { own }
}

/// Whether one of evcxr's errors is rustc's, about the cell's crate.
fn is_of_cell(error: &evcxr::CompilationError) -> bool {
    let mut spans = error.json["spans"].as_array().into_iter().flatten();
    spans.any(|span| span["file_name"] == "src/lib.rs")
}

fn reports<'a>(prepared: &'a Prepared, written: &Written, source: &'a str) -> Reports<'a> {
    let marks = Marks {
        cell: &prepared.cell,
        earlier: &prepared.earlier,
        built: Built::new(written, &prepared.earlier, source),
        lines: source.split('\n').collect(),
    };
    Reports { marks, draft: &prepared.draft, stands: prepared.stands.clone() }
}

impl Marks<'_> {
    /// The question that a report answers, by the line of its primary mark.
    fn asked(&self, diagnostic: &Value) -> Option<Origin> {
        let spans = diagnostic["spans"].as_array()?.iter().filter(|span| span["file_name"] == "src/lib.rs");
        let lines = spans.filter_map(|span| span["line_start"].as_u64());
        let mut origins = lines.filter_map(|line| self.built.place(line as usize)).map(|place| place.origin);
        origins.find(|origin| matches!(origin, Origin::Probe(_) | Origin::TypeOf(_)))
    }
}
