//! Trying a plugin's package: it is loaded, and its cases are run. The command line asks a fresh worker for it.
//!
//! Must not know archives or installing. Read [`run`] first.

use crate::Host;
use crate::commands::Call;
use crate::{Outbox, time_limit};
use candlewick_link::{Problem, StreamName};
use candlewick_packages::{Package, PackageError, Store};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Seconds that a case may take unless something else is wanted.
const USUAL: f64 = 60.0;
/// How long a case that is over its time may go on without asking for interrupts.
const GRACE: Duration = Duration::from_secs(10);

/// What is to be tried.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// The plugin's script or directory; without one only `provided` is answered.
    path: Option<PathBuf>,
    /// A script whose functions `test_…` are its cases; the plugin is activated before it.
    cases: Option<PathBuf>,
    /// Seconds that each case may take, and the script before them.
    timeout: Option<f64>,
}

/// The time that each case has.
#[derive(Clone, Copy)]
struct Limit(f64);

/// Loads the plugin with the installed ones that it needs, and runs its cases. The answer has `provided` (the plugins of
/// a session that begins, with their versions), `plugin` (its name) and `cases` (name, seconds, error or null).
///
/// # Errors
/// The plugin cannot be loaded or activated, or the script of cases itself fails.
pub fn run(host: &mut Host, call: &Call, wanted: &Wanted) -> Result<Json, Problem> {
    let mut answer = json!({ "provided": provided(host) });
    let Some(path) = &wanted.path else { return Ok(answer) };
    let package = at(host, call, path)?;
    load_needed(host, call, &package, &mut Vec::new())?;
    load(host, call, path)?;
    answer["plugin"] = Json::from(package.name.as_str());
    if let Some(cases) = &wanted.cases {
        activate(host, call, &package.name)?;
        answer["cases"] = Json::from(run_cases(host, call, cases, Limit(wanted.timeout.unwrap_or(USUAL)))?);
    }
    Ok(answer)
}

fn provided(host: &Host) -> Map<String, Json> {
    let rows = host.session().plugins.borrow().plugins();
    rows.into_iter().map(|row| (row.name, Json::from(row.version))).collect()
}

fn at(host: &Host, call: &Call, path: &Path) -> Result<Package, Problem> {
    Package::at(path).map_err(|error| wrong(host, call, &error))
}

/// Installed plugins that it needs, each after those that it needs itself; those of the session are there.
fn load_needed(host: &mut Host, call: &Call, package: &Package, way: &mut Vec<String>) -> Result<(), Problem> {
    way.push(package.name.clone());
    for need in &package.needs {
        let is_there = host.session().plugins.borrow().metadata(&need.name).is_ok();
        if !is_there && !way.contains(&need.name) {
            let store = Store::of_user().map_err(|error| wrong(host, call, &error))?;
            let installed = store.installed(&need.name).map_err(|error| wrong(host, call, &error))?;
            let needed = at(host, call, &installed.path)?;
            load_needed(host, call, &needed, way)?;
            load(host, call, &installed.path)?;
        }
        activate(host, call, &need.name)?;
    }
    Ok(())
}

/// As users load it, so that what is tried is what they get.
fn load(host: &mut Host, call: &Call, path: &Path) -> Result<(), Problem> {
    let loaded = host.session().plugins.borrow_mut().load_plugin(path);
    loaded.map(drop).map_err(|error| call.problem(host, "PluginError", error.to_string()))
}

fn activate(host: &Host, call: &Call, name: &str) -> Result<(), Problem> {
    let activated = host.session().plugins.borrow_mut().activate(name);
    activated.map(drop).map_err(|error| call.problem(host, "PluginError", error.to_string()))
}

/// The script runs like a cell; then each case, in the order of the script, whatever came of those before it.
fn run_cases(host: &mut Host, call: &Call, path: &Path, limit: Limit) -> Result<Vec<Json>, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| call.problem(host, "PluginError", format!("{} cannot be read: {error}", path.display())))?;
    let source = path.display().to_string();
    limit.run(host, &text, &source)?;
    let names = cases(host, &source);
    let run = |name: String| {
        let begun = Instant::now();
        let problem = limit.run(host, &format!("{name}();"), &name).err();
        let error = problem.map(|problem| problem.traceback.join("\n"));
        json!({ "name": name, "seconds": begun.elapsed().as_secs_f64(), "error": error })
    };
    Ok(names.into_iter().map(run).collect())
}

impl Limit {
    /// Runs a script within the time. What cannot be ended, because it is in native code that never asks, ends the worker:
    /// the command line runs the cases of other files in other workers.
    fn run(self, host: &mut Host, text: &str, name: &str) -> Result<(), Problem> {
        let what = format!("{name} took longer than {} s", self.0);
        let (outbox, said) = (host.session().outbox.clone(), what.clone());
        let limit = Duration::try_from_secs_f64(self.0).unwrap_or(Duration::MAX);
        let (outcome, late) = time_limit::run(
            limit,
            GRACE,
            move || end_process(&outbox, &said),
            || host.run_script(text, name).map(drop),
        );
        if late { Err(late_by(&what)) } else { outcome }
    }
}

/// Where it was is not known: an interrupt passes through functions without a trace.
fn late_by(what: &str) -> Problem {
    let message = format!("{what} and was ended; `--timeout SECONDS` gives each case more");
    Problem { name: "TimeLimitError".to_owned(), traceback: vec![format!("TimeLimitError: {message}")], message }
}

fn end_process(outbox: &Outbox, what: &str) {
    let text = format!("{what} and never asks whether it is to stop; its worker is ended, with the cases after it\n");
    outbox.print(StreamName::Stderr, &text);
    outbox.flush();
    std::process::exit(1);
}

/// The functions `test_…` without parameters that stand in that source, from top to bottom.
fn cases(host: &Host, source: &str) -> Vec<String> {
    let own = |name: &str| host.definition(name, 0).is_some_and(|(place, _)| place == source);
    let functions = host
        .functions()
        .iter_fn_def()
        .filter(|function| function.name.starts_with("test_") && function.params.is_empty() && own(&function.name));
    let mut found: Vec<_> =
        functions.map(|function| (function.body.start_position(), function.name.to_string())).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

fn wrong(host: &Host, call: &Call, error: &PackageError) -> Problem {
    call.problem(host, "PluginError", error.to_string())
}
