//! Failures that are not rustc's reports on the cell: dependencies that cannot be had or built, and what evcxr says itself.
//!
//! cargo writes pages; what matters are the lines that begin with `error`, what caused it, and the last lines of a build
//! script. Must not know diagnostics of the cell. Read [`problem`] first.

use super::draft::{Draft, Origin, Written};
use super::problems::Cell;
use super::{commands, report};
use candlewick_link::Problem;
use evcxr::{CompilationError, Error};
use serde_json::Value;

/// Lines of a failure that are shown.
const MOST: usize = 24;
/// Words at the beginning of cargo's lines on what goes well.
const PROGRESS: [&str; 14] = [
    "Compiling",
    "Updating",
    "Locking",
    "Adding",
    "Downloading",
    "Downloaded",
    "Checking",
    "Finished",
    "Building",
    "Fresh",
    "Blocking",
    "Removing",
    "Downgrading",
    "Running",
];

/// The problem that evcxr's error is, when rustc said nothing about the cell.
pub(crate) fn problem(error: &Error, cell: &Cell, draft: &Draft, written: &Written) -> Problem {
    match error {
        Error::CompilationErrors(errors) => compilation(errors, cell, draft, written),
        Error::Message(text) if text.contains("STDERR:") || is_cargo(text) => dependency(text, None, cell, draft),
        Error::Message(text) => said(text, cell),
        Error::SubprocessTerminated(text) => report::plain(cell, "RuntimeError", text, Vec::new()),
        Error::TypeRedefinedVariablesLost(names) => {
            let message = format!("their types were defined anew, so these variables are lost: {}", names.join(", "));
            report::plain(cell, "RuntimeError", &message, Vec::new())
        }
    }
}

/// The problem of errors that are not about the cell's code, such as those of a check.
pub(crate) fn compilation(errors: &[CompilationError], cell: &Cell, draft: &Draft, written: &Written) -> Problem {
    let Some(first) = errors.first() else { return said("nothing was compiled, and nothing was said about it", cell) };
    if first.json == Value::Null {
        let line = first.spanned_messages().iter().find_map(|message| message.span).map(|span| span.start_line);
        let origin = line.and_then(|line| written.lines.get(line.saturating_sub(1)));
        let line = origin.and_then(|origin| if let Origin::Cell(line) = origin { Some(*line) } else { None });
        return dependency(&first.message(), line, cell, draft);
    }
    let rendered: Vec<String> = errors.iter().map(|error| error.rendered()).filter(|text| !text.is_empty()).collect();
    let text = if rendered.is_empty() { first.message() } else { rendered.join("\n") };
    dependency(&text, None, cell, draft)
}

fn is_cargo(text: &str) -> bool {
    ["error: no matching package", "failed to select a version", "error: failed to"]
        .iter()
        .any(|word| text.contains(word))
}

/// What evcxr says about itself.
fn said(text: &str, cell: &Cell) -> Problem {
    let mut lines = text.trim().lines();
    let message = lines.next().unwrap_or("the cell could not be compiled").to_owned();
    report::plain(cell, "CompileError", &message, lines.take(MOST).map(str::to_owned).collect())
}

fn dependency(text: &str, line: Option<u32>, cell: &Cell, draft: &Draft) -> Problem {
    let rows = essential(text);
    let asked: Vec<(u32, &str)> =
        draft.commands.iter().filter_map(|(line, text)| Some((*line, text.strip_prefix(":dep ")?))).collect();
    let blamed = line.and_then(|line| asked.iter().find(|(other, _)| *other == line));
    let blamed =
        blamed.or_else(|| asked.iter().find(|(_, asked)| is_named(crate_name(asked), &rows))).or(asked.first());
    let first = rows.first().map_or("it failed", |row| row.trim());
    let cause = first.strip_prefix("error").and_then(|rest| rest.split_once(": ")).map_or(first, |(_, cause)| cause);
    let mut problem = match blamed {
        Some((line, asked)) => {
            let message = format!("the dependency `{}` cannot be used: {cause}", crate_name(asked));
            cell.problem_at("DependencyError", commands::columns(cell.line(*line), *line), &message, &[])
        }
        None => {
            let message = format!("a dependency cannot be used: {cause}");
            report::plain(cell, "DependencyError", &message, Vec::new())
        }
    };
    problem.traceback.extend(rows.iter().skip(1).map(|row| format!("  {row}")));
    if ["no matching package", "failed to fetch", "Could not resolve host"].iter().any(|word| text.contains(word)) {
        let help = "check the name on crates.io, and the network; `:offline 1` uses what was downloaded before";
        problem.traceback.push(format!("  = help: {help}"));
    }
    problem
}

/// The name of the crate that `name = value` asks for.
fn crate_name(asked: &str) -> &str {
    asked.split([' ', '=']).next().unwrap_or_default()
}

/// Whether a failure is about a crate: it names it, or a file of it.
fn is_named(name: &str, rows: &[String]) -> bool {
    let forms =
        [format!("`{name}`"), format!("`{name} "), format!("/{name}/"), format!("/{name}-"), format!(" {name} ")];
    rows.iter().any(|row| forms.iter().any(|form| row.contains(form)))
}

/// The lines of a failure of cargo that say what is wrong.
fn essential(text: &str) -> Vec<String> {
    let text = text.split_once("STDERR:").map_or(text, |(_, rest)| rest);
    let text = text.split_once("STDOUT:").map_or(text, |(before, _)| before);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let told: Vec<&str> = lines.iter().copied().filter(|line| !is_progress(line)).collect();
    // A build script's own words are the last ones; what it told cargo before is not for readers.
    let start = told.iter().position(|line| line.trim_start().starts_with("error")).unwrap_or(0);
    let mut rows: Vec<String> = Vec::new();
    let mut script = false;
    for line in &told[start..] {
        let trimmed = line.trim_start();
        script = if trimmed.starts_with("--- stderr") { false } else { script || trimmed.starts_with("--- stdout") };
        if !script && !trimmed.starts_with("--- ") && !trimmed.starts_with("note: run with") {
            rows.push((*line).to_owned());
        }
    }
    if rows.len() > MOST {
        let left_out = rows.len() - MOST;
        let end = rows.split_off(rows.len() - MOST / 3);
        rows.truncate(MOST - MOST / 3);
        rows.push(format!("… {left_out} more lines …"));
        rows.extend(end);
    }
    rows
}

fn is_progress(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    line.starts_with(' ') && PROGRESS.contains(&first) || first.starts_with("warning") || line.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;

    fn told(text: &str, code: &str) -> String {
        let cell = Cell { source: "cell 7".into(), text: code.into() };
        let lines = (1..).zip(code.lines()).map(|(number, line)| (number, line.trim().to_owned()));
        let draft = Draft { commands: lines.collect(), ..Draft::default() };
        let problem = problem(&Error::Message(text.into()), &cell, &draft, &Written::default());
        let rows: Vec<String> = problem.traceback.iter().map(|row| plain(row)).collect();
        format!("{}: {}\n{}", problem.name, problem.message, rows.join("\n"))
    }

    #[test]
    fn a_failed_build_tells_its_cause() {
        let text = "Compilation failed, but no parsable errors were found. STDERR:\n    Updating crates.io index\n   \
                    Compiling cc v1.0.0\n   Compiling bad-sys v0.1.0\nerror: failed to run custom build command for \
                    `bad-sys v0.1.0`\n\nCaused by:\n  process didn't exit successfully: `/x/build-script-build` (exit \
                    status: 101)\n  --- stdout\n  cargo:rerun-if-changed=x\n  --- stderr\n  cannot find libbad\nwarning: \
                    build failed, waiting\nSTDOUT:{\"reason\":\"x\"}\n";
        let told = told(text, ":dep good = \"1\"\n  :dep bad-sys = \"1\"");
        for expect in [
            "DependencyError: cell 7, line 2, column 3: the dependency `bad-sys` cannot be used: failed to run custom build command",
            "2 |   :dep bad-sys = \"1\"\n  |   ^^^^",
            "Caused by:",
            "cannot find libbad",
        ] {
            assert!(told.contains(expect), "{expect}\n---\n{told}");
        }
        for noise in ["Compiling", "rerun-if-changed", "reason", "STDERR", "build failed, waiting"] {
            assert!(!told.contains(noise), "{noise}\n---\n{told}");
        }
    }

    #[test]
    fn pages_are_cut_in_the_middle() {
        let text = format!("error: failed to build\n{}the end", "  more\n".repeat(500));
        let told = told(&text, "");
        assert!(told.lines().count() < 32 && told.contains("more lines") && told.ends_with("the end"), "{told}");
    }

    #[test]
    fn what_evcxr_says_itself_is_told() {
        let told = told("Looks like you're missing a semicolon\nmore", "x");
        assert!(told.starts_with("CompileError: cell 7: Looks like you're missing a semicolon\nerror"), "{told}");
    }
}
