//! The table of `%` and `%%` commands, from which execution, help and completion come.
//!
//! Must not know how cells are split. Read [`Command`] first, then [`ALL`].

mod config;
mod help;
mod hooks;
mod notebook;
mod packages;
mod plugin;
mod plugins;
mod rust;

pub use hooks::table as hook_table;
pub use plugins::table as plugin_table;

pub use config::{OPTIONS as CONFIG_OPTIONS, WORDS as CONFIG_WORDS};

use crate::Host;
use crate::cell::Line;
use candlewick_link::{Problem, StreamName};
use candlewick_plugin_api::nearest;
use rhai::Dynamic;

/// One command.
pub struct Command {
    /// Its name with its percent signs.
    pub name: &'static str,
    /// How it is written.
    pub signature: &'static str,
    /// One line on what it does.
    pub doc: &'static str,
    /// Does it.
    pub run: Run,
}

/// How a command is given what it works on.
#[derive(Clone, Copy)]
pub enum Run {
    /// A `%` line: the host and the place of the line.
    Line(LineRun),
    /// A `%%` line: also the rest of the cell.
    Cell(CellRun),
}

/// Does a `%` line.
pub type LineRun = fn(&mut Host, &Call) -> Outcome;

/// Does a `%%` line, given the rest of the cell.
pub type CellRun = fn(&mut Host, &Call, &str) -> Outcome;

/// The value to show, or what went wrong.
pub type Outcome = Result<Dynamic, Problem>;

/// A command as it stands in a cell.
pub struct Call<'a> {
    /// Name, arguments and line number.
    pub line: &'a Line<'a>,
    /// The name of the cell.
    pub source: &'a str,
}

/// All commands, in the order help lists them.
pub const ALL: &[&[Command]] =
    &[help::COMMANDS, notebook::COMMANDS, rust::COMMANDS, plugins::COMMANDS, hooks::COMMANDS, config::COMMANDS];

/// Each command of the table.
pub fn all() -> impl Iterator<Item = &'static Command> {
    ALL.iter().copied().flatten()
}

/// The `%` command of that name.
///
/// # Errors
/// No such command: the nearest one is named.
pub fn line(host: &Host, call: &Call) -> Result<LineRun, Problem> {
    let name = format!("%{}", call.line.name);
    match all().find(|command| command.name == name).map(|command| command.run) {
        Some(Run::Line(run)) => Ok(run),
        _ => Err(unknown(host, call, &name)),
    }
}

/// The `%%` command of that name.
///
/// # Errors
/// No such command: the nearest one is named.
pub fn cell(host: &Host, call: &Call) -> Result<CellRun, Problem> {
    let name = format!("%%{}", call.line.name);
    match all().find(|command| command.name == name).map(|command| command.run) {
        Some(Run::Cell(run)) => Ok(run),
        _ => Err(unknown(host, call, &name)),
    }
}

impl Call<'_> {
    /// What is wrong with this command, with its place.
    pub fn problem(&self, host: &Host, name: &str, message: impl Into<String>) -> Problem {
        host.problem_at(self.source, self.line.number, 1, name, message.into())
    }
}

/// Prints JSON for programs.
fn print_json(host: &mut Host, json: &serde_json::Value) -> Outcome {
    // What is made of strings and numbers always has JSON.
    let text = serde_json::to_string_pretty(json).unwrap_or_default();
    host.session().outbox.print(StreamName::Stdout, &format!("{text}\n"));
    Ok(Dynamic::UNIT)
}

fn unknown(host: &Host, call: &Call, name: &str) -> Problem {
    let hint = match nearest(name, all().map(|command| command.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`%help` lists all commands".to_owned(),
    };
    call.problem(host, "CommandError", format!("there is no command `{name}`; {hint}"))
}
