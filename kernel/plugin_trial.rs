//! Plugins tried in workers of their own: whether one loads, and its cases.
//!
//! Owns the headless sessions for it and the report. Must not know how a plugin is loaded: a worker is asked by a command
//! cell. Read [`Trial`] first.

use crate::history::History;
use crate::session::{Cell, Output, OutputSink, Session};
use crate::terminal::{answer, pass, say, without_colour};
use anyhow::{Context, Result, bail};
use candlewick_link::{Problem, StreamName};
use candlewick_packages::dependencies::Provided;
use candlewick_packages::{Form, Package};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A package that is tried.
pub struct Trial {
    path: PathBuf,
    directory: PathBuf,
}

/// A file of cases, and what came of it.
struct Tested {
    file: String,
    /// Why none of its cases was run.
    error: Option<String>,
    cases: Vec<Value>,
    printed: String,
}

impl Trial {
    /// A trial of this package.
    ///
    /// # Errors
    /// Its path cannot be made absolute.
    pub fn of(package: &Package) -> Result<Self> {
        let path = package.path.canonicalize().with_context(|| package.path.display().to_string())?;
        let directory = match package.form {
            Form::Script => path.parent().map(Path::to_owned).unwrap_or_default(),
            Form::Directory | Form::Crate => path.clone(),
        };
        Ok(Self { path, directory })
    }

    /// Loads it in a fresh worker, and has everything that is wrong with it looked for.
    ///
    /// # Errors
    /// What the worker said.
    pub fn check(&self) -> Result<()> {
        self.ask(&json!({ "path": self.path }))?;
        hear(&self.directory, &format!("%plugins check {}", self.path.display())).map(drop)
    }

    fn ask(&self, wanted: &Value) -> Result<Value> {
        let heard = hear(&self.directory, &format!("%plugins trial {wanted}"))?;
        heard.json.context("the worker gave no answer")
    }

    fn test(&self, file: &Path, timeout: f64) -> Result<Tested> {
        let wanted = json!({ "path": self.path, "cases": file, "timeout": timeout });
        let name = file.strip_prefix(&self.directory).unwrap_or(file).display().to_string();
        let mut tested = Tested { file: name, error: None, cases: Vec::new(), printed: String::new() };
        match hear(&self.directory, &format!("%plugins trial {wanted}")) {
            Ok(heard) => {
                let cases = heard.json.as_ref().and_then(|json| json["cases"].as_array());
                tested.cases = cases.cloned().unwrap_or_default();
                tested.printed = heard.printed;
                if tested.cases.is_empty() {
                    tested.error = Some("it has no case: a function `test_…` without parameters is one".into());
                }
            }
            Err(error) => tested.error = Some(format!("{error:#}")),
        }
        Ok(tested)
    }
}

/// Runs the cases of a package, each for `timeout` seconds at most; true when there are some and all hold.
///
/// # Errors
/// It is no package, has no cases, or does not load.
pub fn tests(path: &Path, timeout: f64, as_json: bool) -> Result<bool> {
    let package = Package::at(path)?;
    let trial = Trial::of(&package)?;
    let files = case_files(&trial.directory);
    if package.form == Form::Script || files.is_empty() {
        bail!("{} has no cases: they stand in tests/*.rhai of a package's directory", path.display());
    }
    // Once before all, so that a crate that does not compile is one error.
    trial.check()?;
    let mut all = Vec::new();
    for file in files {
        let tested = trial.test(&file, timeout)?;
        if !as_json {
            tested.show();
        }
        all.push(tested);
    }
    let failed: usize = all.iter().map(Tested::failed).sum();
    let cases: usize = all.iter().map(|tested| tested.cases.len()).sum();
    match as_json {
        true => {
            let files: Vec<Value> = all.iter().map(Tested::as_value).collect();
            answer(&json!({ "plugin": package.name, "ok": failed == 0, "files": files }).to_string());
        }
        false => answer(&format!("{}: {} of {cases} cases hold", package.name, cases.saturating_sub(failed))),
    }
    Ok(failed == 0)
}

/// Asks a fresh worker by a command and says what it said; true when nothing was wrong. `--json` is added to the command.
///
/// # Errors
/// No worker can be started.
pub fn told(command: &str, as_json: bool) -> Result<bool> {
    let option = if as_json { " --json" } else { "" };
    let (heard, problem) = hear_all(Path::new("."), &format!("{command}{option}"))?;
    match &heard.json {
        Some(json) => answer(&json.to_string()),
        None => answer(heard.printed.trim_end()),
    }
    if let Some(problem) = &problem {
        say(&format!("candlewick: {}", problem.message));
    }
    Ok(problem.is_none())
}

/// The plugins that every session begins with.
///
/// # Errors
/// The worker gave no answer.
pub fn provided() -> Result<Provided> {
    let heard = hear(Path::new("."), "%plugins trial {}")?;
    let answer = heard.json.context("the worker gave no answer")?;
    let provided = answer["provided"].as_object().cloned().unwrap_or_default();
    Ok(provided.into_iter().map(|(name, version)| (name, version.as_str().unwrap_or_default().parse().ok())).collect())
}

/// A case takes milliseconds; `0.00 s` would say nothing.
fn took(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

impl Tested {
    fn show(&self) {
        pass(&self.printed);
        for case in &self.cases {
            let seconds = case["seconds"].as_f64().unwrap_or_default();
            let name = case["name"].as_str().unwrap_or_default();
            match case["error"].as_str() {
                None => answer(&format!("ok      {}: {name} ({})", self.file, took(seconds))),
                Some(error) => answer(&format!("FAILED  {}: {name}\n{}", self.file, indented(error))),
            }
        }
        if let Some(error) = &self.error {
            answer(&format!("FAILED  {}\n{}", self.file, indented(error)));
        }
    }

    fn failed(&self) -> usize {
        let cases = self.cases.iter().filter(|case| !case["error"].is_null()).count();
        cases + usize::from(self.error.is_some())
    }

    fn as_value(&self) -> Value {
        json!({ "file": self.file, "error": self.error, "cases": self.cases, "printed": self.printed })
    }
}

fn case_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join("tests")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rhai") && path.is_file());
    files.sort();
    files
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}

/// What a cell put out.
#[derive(Default)]
struct Heard {
    printed: String,
    json: Option<Value>,
}

/// Gathers what one cell puts out.
#[derive(Default)]
struct Listener(Mutex<Heard>);

impl Listener {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutputSink for Listener {
    async fn put(&self, output: Output) {
        match output {
            Output::Stream(StreamName::Stdout | StreamName::Stderr, text) => self.heard().printed.push_str(&text),
            // A live view of a run: nobody watches.
            Output::Display { display_id: Some(_), .. } => {}
            Output::Display { bundle, .. } | Output::Result(bundle) => {
                if let Some(text) = bundle.get("application/json") {
                    self.heard().json = serde_json::from_str(text).ok();
                } else if let Some(text) = bundle.get("text/plain") {
                    self.heard().printed.push_str(&format!("{text}\n"));
                }
            }
            Output::Clear { .. } | Output::Comm(_) => {}
        }
    }

    async fn input(&self, _prompt: &str, _password: bool) -> Result<String, String> {
        Err("nobody can be asked for input here".into())
    }
}

/// Runs one cell in a fresh worker; a failing cell is an error with what it had printed before.
fn hear(directory: &Path, code: &str) -> Result<Heard> {
    match hear_all(directory, code)? {
        (heard, None) => Ok(heard),
        (heard, Some(problem)) => bail!("{}{}", heard.printed, explained(&problem)),
    }
}

fn hear_all(directory: &Path, code: &str) -> Result<(Heard, Option<Problem>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = Listener::default();
    let finished = runtime.block_on(async {
        let session = Session::start(&std::env::current_exe()?, directory, History::default())?;
        let finished = session.execute(Cell { code: code.into(), number: 1, ..Cell::default() }, &listener).await;
        session.shutdown().await;
        anyhow::Ok(finished)
    })?;
    let heard = std::mem::take(&mut *listener.heard());
    Ok((heard, finished.problem))
}

/// The message; with the traceback where that names another place than the command cell, which is ours.
fn explained(problem: &Problem) -> String {
    let traceback = without_colour(&problem.traceback.join("\n"));
    let names_a_place = |line: &str| line.contains(", line ") && !line.starts_with("cell 1,");
    if traceback.lines().any(names_a_place) { traceback } else { problem.message.clone() }
}
