//! The Rhai host: answers every request of the kernel process on the engine thread.
//!
//! Must not know how messages travel. Read [`Host`] first.

use crate::notebook::Notebook;
use crate::problem::{Reporter, Sources};
use crate::{Outbox, show};
use candlewick_engine::interrupt;
use candlewick_link::{Bundle, Completions, Execute, Finished, FromWorker, Is, Problem, Request, StreamName, Usage};
use rhai::{AST, Dynamic, Engine, EvalAltResult};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One notebook with its language engine.
pub struct Host {
    engine: Engine,
    notebook: Notebook,
    sources: Sources,
    outbox: Outbox,
}

impl Host {
    /// A host in which nothing has run, whose output goes to that outbox.
    pub fn new(outbox: Outbox) -> Self {
        let engine = engine(&outbox);
        let notebook = Notebook::new(&engine);
        Self { engine, notebook, sources: Sources::default(), outbox }
    }

    /// Answers one request.
    pub fn handle(&mut self, id: u64, request: Request) {
        let is = match request {
            Request::Execute(cell) => {
                let finished = self.execute(&cell);
                return self.outbox.send(FromWorker::Finished { id, finished });
            }
            Request::Complete { cursor, .. } => {
                Is::Completions(Completions { start: cursor, end: cursor, matches: Vec::new() })
            }
            Request::Inspect { .. } => Is::Inspection(None),
            Request::IsComplete { .. } => {
                Is::Completeness { status: "unknown".to_owned(), indent: String::new() }
            }
            Request::Register { .. } => Is::Registered { failed: Vec::new() },
            Request::Usage => Is::Usage(Usage::default()),
        };
        self.outbox.send(FromWorker::Reply { id, is });
    }

    /// Runs a cell; its outputs go to the outbox while it runs.
    pub fn execute(&mut self, cell: &Execute) -> Finished {
        let source = format!("cell {}", cell.cell);
        self.sources.remember(&source, &cell.code);
        let result = self.compile(&cell.code, &source).and_then(|ast| self.run(&ast, &source));
        self.notebook.end_cell();
        let mut finished = Finished::default();
        match result {
            Ok(value) => {
                if !cell.silent && !value.is_unit() && !ends_quietly(&self.engine, &cell.code) {
                    self.outbox.send(FromWorker::Result { bundle: show::bundle(&value) });
                }
                finished.expressions = self.expressions(&cell.expressions);
            }
            Err(problem) => finished.problem = Some(problem),
        }
        flush_native_output();
        self.outbox.flush();
        finished
    }

    fn expressions(&mut self, expressions: &[(String, String)]) -> Vec<(String, Result<Bundle, Problem>)> {
        let evaluate = |(name, text): &(String, String)| {
            let source = format!("expression {name}");
            self.sources.remember(&source, text);
            let value = self.compile(text, &source).and_then(|ast| self.run(&ast, &source));
            (name.clone(), value.map(|value| show::bundle(&value)))
        };
        let answers = expressions.iter().map(evaluate).collect();
        self.notebook.end_cell();
        answers
    }

    fn compile(&self, text: &str, source: &str) -> Result<AST, Problem> {
        let compiled = self.engine.compile(text).map_err(|error| EvalAltResult::from(error));
        compiled.map_err(|error| self.reporter().problem(&error, source))
    }

    /// Runs compiled statements; a panic of native code ends the cell, not the worker.
    fn run(&mut self, ast: &AST, source: &str) -> Result<Dynamic, Problem> {
        let (engine, notebook) = (&self.engine, &mut self.notebook);
        match catch_unwind(AssertUnwindSafe(|| notebook.run(engine, ast, source))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.reporter().problem(&error, source)),
            Err(panic) => Err(panicked(panic.as_ref())),
        }
    }

    fn reporter(&self) -> Reporter<'_> {
        Reporter { engine: &self.engine, notebook: &self.notebook, sources: &self.sources }
    }
}

fn engine(outbox: &Outbox) -> Engine {
    let mut engine = Engine::new();
    let (printed, debugged) = (outbox.clone(), outbox.clone());
    engine.on_print(move |text| printed.print(StreamName::Stdout, &format!("{text}\n")));
    engine.on_debug(move |text, _, at| debugged.print(StreamName::Stderr, &format!("{at}: {text}\n")));
    engine.on_progress(|_| interrupt::requested().then_some(Dynamic::UNIT));
    engine.set_max_call_levels(2_000);
    engine.set_max_expr_depths(256, 256);
    engine
}

/// Whether the last token of a cell is a semicolon: its value is then not shown.
fn ends_quietly(engine: &Engine, text: &str) -> bool {
    let _ = engine;
    text.trim_end().ends_with(';')
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let message = format!("native code panicked: {text}; the notebook's variables are kept");
    Problem { name: "Panic".to_owned(), traceback: vec![format!("Panic: {message}")], message }
}

/// C's and Rust's own buffers go out before the cell ends.
fn flush_native_output() {
    // A closed descriptor loses text that nobody could read.
    let _ = std::io::Write::flush(&mut std::io::stdout());
    // SAFETY: a null argument flushes all streams and touches nothing else.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}
