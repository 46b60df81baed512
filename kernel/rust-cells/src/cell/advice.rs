//! What rustc cannot know: how cells are kept together, and so what to do about an error that comes from it.
//!
//! Must not know how a report is shown. Read [`of`] first.

use super::draft::Origin;
use super::marks::{Mark, Text};
use super::report::Reports;
use super::types::{self, BRACES};
use serde_json::Value;

/// Errors of something that does not live long enough.
const BORROWED: [&str; 7] = ["E0597", "E0716", "E0521", "E0515", "E0505", "E0506", "E0373"];
/// Errors of a type that cannot be named where it is written.
const UNNAMED: [&str; 8] = ["E0433", "E0412", "E0603", "E0425", "E0432", "E0308", "E0107", "E0106"];

/// What to do about an error; empty when rustc's own words say all.
pub(crate) fn of(reports: &Reports, report: &Value, marks: &[Mark]) -> Vec<String> {
    let code = report["code"]["code"].as_str().unwrap_or_default();
    let own = marks.iter().filter_map(|mark| match &mark.text {
        Text::Own(origin, line) => Some((*origin, line.as_str(), mark)),
        _ => None,
    });
    // What says why stands first: a type that requires something, then what the report is about.
    let own =
        own.max_by_key(|(origin, _, mark)| (mark.label.contains("requires that"), mark.primary, origin.is_some()));
    let own = own.map(|(origin, line, mark)| (origin, line, mark.primary));
    let mut advice = Vec::new();
    match own {
        Some((Some(Origin::Binding(index)), ..)) if BORROWED.contains(&code) => advice.extend(kept(reports, index)),
        Some((Some(Origin::Binding(index)), line, true)) if UNNAMED.contains(&code) => {
            advice.extend(unnamed(reports, index, line));
        }
        Some((Some(Origin::Register), ..)) => advice.push(plugin(reports)),
        Some((Some(Origin::Callable(_)), ..)) => advice.push(
            "Rhai cells call it with numbers, texts, truth values, tensors, nets, datasets and frames, and get one of these, \
             nothing, or a `Result` of it"
                .to_owned(),
        ),
        Some((_, line, _)) if BORROWED.contains(&code) && line.contains("evcxr_variable_store") => advice.extend(borrowed()),
        _ => {}
    }
    if matches!(code, "E0384" | "E0596") && !marks.iter().any(|mark| !mark.primary && mark.in_cells()) {
        advice.push("a variable of an earlier cell becomes mutable by `let mut x = x;`".to_owned());
    }
    let other = marks.iter().any(|mark| matches!(mark.text, Text::Earlier(_)));
    if matches!(code, "E0119" | "E0592") && other {
        advice.push(
            "an earlier cell has it already, in an `impl` that differs in what it is for; run that cell again without it, or \
             begin anew with `:clear`"
                .to_owned(),
        );
    }
    let message = report["message"].as_str().unwrap_or_default();
    if code == "E0277" && message.contains("EvcxrUserCodeError") {
        advice.push("`?` in a cell takes any error that has `Debug`".to_owned());
    }
    advice
}

fn kept(reports: &Reports, index: usize) -> Vec<String> {
    let Some(variable) = reports.draft.variables.get(index) else { return borrowed() };
    let why = format!("`{}` stays for later cells, so it cannot hold a reference to another variable", variable.name);
    let copy = "keep a copy of its own: `.clone()`, `.to_owned()`, `.to_vec()`";
    vec![format!("{why}: {copy}"), BRACES.to_owned()]
}

fn borrowed() -> Vec<String> {
    let why = "variables stay for later cells, so they cannot hold references to others: keep copies of their own, such as by \
               `.clone()`";
    vec![why.to_owned(), BRACES.to_owned()]
}

fn unnamed(reports: &Reports, index: usize, line: &str) -> Vec<String> {
    let Some(variable) = reports.draft.variables.get(index) else { return Vec::new() };
    let ty = line.split_once(": ").map_or(line, |(_, rest)| rest.rsplit_once(" = ").map_or(rest, |(ty, _)| ty));
    let unwritable = types::nameless(ty, variable, "no path that cells can use leads to it");
    let mut advice = vec![unwritable.message];
    advice.extend(unwritable.help);
    advice
}

fn plugin(reports: &Reports) -> String {
    let name = reports.stands.iter().find(|(origin, ..)| *origin == Origin::Register).map(|(.., name)| name.as_str());
    let name = name.unwrap_or("MyPlugin");
    format!(
        "`%%plugin --rust` makes the plugin by `{name}::default()`: put `#[derive(Default)]` on it, or register it yourself in \
         a `%%rust` cell: `register!(\"name\", {name}::new());`"
    )
}

/// rustc's words for a project with a Cargo.toml, in those of a cell.
pub(crate) fn reworded(text: &str) -> String {
    let quoted = |start: &str| text.split_once(start)?.1.split_once('`').map(|(name, _)| name);
    let name = quoted("use `cargo add ").or_else(|| quoted("you might be missing a crate named `"));
    match name {
        Some(name) => {
            format!("if you want to use a crate named `{name}`, write `:dep {name}` in a line before the cell's code")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_projects_become_words_of_cells() {
        let check = |text: &str, expect: &str| assert_eq!(reworded(text), expect);
        let expect = "if you want to use a crate named `regex`, write `:dep regex` in a line before the cell's code";
        let cargo = "if you wanted to use a crate named `regex`, use `cargo add regex` to add it to your `Cargo.toml`";
        check(cargo, expect);
        check("you might be missing a crate named `regex`", expect);
        check("consider borrowing", "consider borrowing");
    }
}
