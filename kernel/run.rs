//! `candlewick run`: all cells of a notebook in order, without Jupyter.
//!
//! Owns the order, the progress on the terminal, and the written copy. Must not know Jupyter's messages or tensors.
//! Read [`run`] first.

use crate::history::History;
use crate::notebook::{Notebook, source};
use crate::notebook_outputs::NotebookOutputs;
use crate::parameters::{Parameter, inject};
use crate::session::{Cell, Output, OutputSink, Session};
use crate::signals::{Signal, Signals};
use crate::terminal;
use anyhow::{Context, Result};
use candlewick_link::{Bundle, Finished, Problem};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What to run and where to put the outcome.
#[derive(Clone, Debug)]
pub struct Job {
    /// The notebook.
    pub notebook: PathBuf,
    /// Where the notebook with its outputs goes; nothing is written without it.
    pub out: Option<PathBuf>,
    /// Values for its parameters.
    pub parameters: Vec<Parameter>,
    /// Whether a summary goes to standard output as JSON.
    pub json: bool,
}

/// Runs the notebook; true when every cell went well.
///
/// Cells run in the notebook's own directory, as Jupyter runs them. The first failing cell ends it; what was shown
/// until then is written.
///
/// # Errors
/// The notebook can't be run at all, or the outcome can't be written.
pub fn run(job: &Job) -> Result<bool> {
    let begun = Instant::now();
    let mut notebook = Notebook::read(&job.notebook)?;
    notebook.clear_outputs();
    inject(&mut notebook, &job.parameters).with_context(|| job.notebook.display().to_string())?;
    if let Some(out) = &job.out {
        write(&notebook, out)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = Signals::listen()?;
    let outcome = runtime.block_on(async {
        let session = Session::start(&std::env::current_exe()?, directory_of(&job.notebook), History::default())?;
        let outcome = tokio::select! {
            outcome = run_cells(&session, &mut notebook, job.out.as_deref()) => outcome,
            never = pass_on_interrupts(&session, signals) => match never {},
        };
        session.shutdown().await;
        outcome
    })?;
    report(job, &outcome, begun.elapsed().as_secs_f64());
    Ok(outcome.error.is_none())
}

/// What came of the cells.
#[derive(Debug, Default)]
struct Outcome {
    cells: usize,
    executed: usize,
    results: Vec<(u64, String)>,
    error: Option<(u64, Problem)>,
}

async fn run_cells(session: &Session, notebook: &mut Notebook, out: Option<&Path>) -> Result<Outcome> {
    let code_cells = notebook.code_cells();
    let mut outcome = Outcome { cells: code_cells.len(), ..Outcome::default() };
    let shown = Shown::default();
    for (nth, &index) in code_cells.iter().enumerate() {
        let (number, code) = (nth as u64 + 1, source(&notebook.cells()[index]));
        announce(number, code_cells.len(), &code);
        shown.outputs().begin(number);
        let cell = Cell { code, number, allow_stdin: true, ..Cell::default() };
        let Finished { problem, pages, .. } = session.execute(cell, &shown).await;
        shown.settle();
        for page in pages {
            shown.put(Output::Display { bundle: page, display_id: None, update: false }).await;
        }
        outcome.executed += 1;
        if let Some(problem) = &problem {
            shown.outputs().put_error(problem);
        }
        note(notebook, &code_cells[..=nth], &shown.outputs());
        if let Some(out) = out {
            write(notebook, out)?;
        }
        if let Some(text) = shown.outputs().result_text(nth) {
            outcome.results.push((number, text.to_owned()));
        }
        if let Some(problem) = problem {
            outcome.error = Some((number, problem));
            break;
        }
    }
    Ok(outcome)
}

/// Puts the outputs so far into the notebook; a display of an earlier cell may have been replaced.
fn note(notebook: &mut Notebook, executed: &[usize], outputs: &NotebookOutputs) {
    let Some(cells) = notebook.cells_mut() else { return };
    for (nth, &index) in executed.iter().enumerate() {
        cells[index]["execution_count"] = json!(nth + 1);
        cells[index]["outputs"] = outputs.saved(nth);
    }
}

/// Ctrl-C stops the running cell, which then fails; a second one, or SIGTERM, ends the worker.
async fn pass_on_interrupts(session: &Session, mut signals: Signals) -> std::convert::Infallible {
    let mut asked = false;
    loop {
        match signals.next().await {
            Signal::Interrupt if !std::mem::replace(&mut asked, true) => session.interrupt(),
            _ => session.kill_worker(),
        }
    }
}

/// Shows outputs on the terminal and keeps them for the file.
#[derive(Default)]
struct Shown {
    outputs: Mutex<NotebookOutputs>,
    /// Displays of the running cell that may still be replaced, by display id.
    live: Mutex<Vec<(String, Bundle)>>,
}

impl Shown {
    fn outputs(&self) -> MutexGuard<'_, NotebookOutputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, Vec<(String, Bundle)>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A live view would fill the screen: its last state is shown when its cell has ended.
    fn keep(&self, id: &str, bundle: &Bundle) {
        if terminal::is_watched() {
            let line = bundle.get("text/plain").unwrap_or_default();
            if !line.contains('\n') {
                terminal::pass(&format!("\r\u{1b}[K{line}"));
            }
        }
        let mut live = self.live();
        match live.iter_mut().find(|(own, _)| own == id) {
            Some((_, shown)) => shown.clone_from(bundle),
            None => live.push((id.to_owned(), bundle.clone())),
        }
    }

    fn settle(&self) {
        let live = std::mem::take(&mut *self.live());
        if !live.is_empty() && terminal::is_watched() {
            terminal::pass("\r\u{1b}[K");
        }
        live.iter().for_each(|(_, bundle)| show_text(bundle));
    }
}

impl OutputSink for Shown {
    async fn put(&self, output: Output) {
        match &output {
            Output::Stream(_, text) => terminal::pass(text),
            Output::Display { bundle, display_id: Some(id), .. } => self.keep(id, bundle),
            Output::Result(bundle) => {
                self.settle();
                show_text(bundle);
            }
            Output::Display { bundle, .. } => show_text(bundle),
            Output::Clear { .. } | Output::Comm(_) => {}
        }
        self.outputs().put(output);
    }

    async fn input(&self, prompt: &str, _password: bool) -> Result<String, String> {
        Err(format!(
            "`{}` was asked, but without Jupyter nobody can be asked: make it a parameter and give it with -p name=value",
            prompt.trim()
        ))
    }
}

fn show_text(bundle: &Bundle) {
    if let Some(text) = bundle.get("text/plain") {
        terminal::say(text);
    }
}

fn announce(number: u64, of: usize, code: &str) {
    let first = code.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = format!("[{number}/{of}] {}", shortened(first, 72));
    match terminal::is_watched() {
        true => terminal::say(&format!("\u{1b}[1;34m{}\u{1b}[0m {line}", bar(number as usize - 1, of, 20))),
        false => terminal::say(&line),
    }
}

fn bar(done: usize, of: usize, width: usize) -> String {
    let filled = done * width / of.max(1);
    format!("{}{}", "━".repeat(filled), "─".repeat(width - filled))
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn report(job: &Job, outcome: &Outcome, seconds: f64) {
    if let Some((number, problem)) = &outcome.error {
        let traceback = problem.traceback.join("\n");
        let traceback = if terminal::is_watched() { traceback } else { terminal::without_colour(&traceback) };
        terminal::say(&traceback);
        let left = outcome.cells - outcome.executed;
        terminal::say(&format!("cell {number} of {} failed; {left} after it were not run", outcome.cells));
    }
    if job.json {
        terminal::answer(&summary(job, outcome, seconds).to_string());
    } else if outcome.error.is_none() {
        let end = if outcome.executed == 1 { "" } else { "s" };
        terminal::say(&format!("{} cell{end} in {seconds:.2} s", outcome.executed));
    }
}

fn summary(job: &Job, outcome: &Outcome, seconds: f64) -> Value {
    let error = outcome.error.as_ref().map(|(number, problem)| {
        let traceback: Vec<String> = problem.traceback.iter().map(|line| terminal::without_colour(line)).collect();
        json!({"cell": number, "name": problem.name, "message": problem.message, "traceback": traceback})
    });
    let results: Vec<Value> = outcome.results.iter().map(|(cell, text)| json!({"cell": cell, "text": text})).collect();
    json!({
        "notebook": job.notebook, "out": job.out, "ok": outcome.error.is_none(), "cells": outcome.cells,
        "executed": outcome.executed, "seconds": seconds, "error": error, "results": results,
    })
}

fn write(notebook: &Notebook, out: &Path) -> Result<()> {
    notebook.write(out).with_context(|| format!("can't write the outcome to {}", out.display()))
}

fn directory_of(notebook: &Path) -> &Path {
    match notebook.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_progress_fit() {
        assert_eq!(bar(0, 4, 4), "────");
        assert_eq!(bar(3, 4, 4), "━━━─");
        assert_eq!(bar(0, 0, 2), "──");
        assert_eq!(shortened("ééé", 2), "éé…");
        assert_eq!(shortened("ééé", 3), "ééé");
        assert_eq!(directory_of(Path::new("a.ipynb")), Path::new("."));
        assert_eq!(directory_of(Path::new("d/a.ipynb")), Path::new("d"));
    }
}
