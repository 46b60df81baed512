//! One notebook's state, whoever shows it: Jupyter or the headless runner.
//!
//! Owns the worker, the plugins it must get again when it dies, and the history. Must not know Jupyter's messages,
//! notebooks or tensors. Read [`Session`] first, then [`OutputSink`].

use crate::history::History;
use crate::supervisor::{Answer, Supervisor};
use candlewick_link::{Bundle, Command, Completions, Execute, Finished, Inspection, Is, Problem, Request, StreamName};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a worker may clean up after being asked to end.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// Something that a running cell shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Printed text.
    Stream(StreamName, String),
    /// Something to show.
    Display {
        /// The formats.
        bundle: Bundle,
        /// A name under which it can be replaced.
        display_id: Option<String>,
        /// Whether it replaces what has that name everywhere, instead of being added.
        update: bool,
    },
    /// The value of the last expression.
    Result(Bundle),
    /// The outputs so far go away, at once or when the next one comes.
    Clear {
        /// Wait for the next output.
        wait: bool,
    },
}

/// Where outputs go while a cell runs.
pub trait OutputSink: Sync {
    /// Takes one output; it may wait while whoever reads is slower.
    fn put(&self, output: Output) -> impl Future<Output = ()> + Send;
}

/// A cell to run.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// Its text.
    pub code: String,
    /// Its execution count, chosen by the caller.
    pub number: u64,
    /// No result is shown and nothing is remembered.
    pub silent: bool,
    /// Whether it belongs in the history.
    pub store_history: bool,
    /// Expressions to evaluate after it, name and text.
    pub expressions: Vec<(String, String)>,
}

/// The state of one notebook. Requests are served one after the other; [`Self::interrupt`] and [`Self::shutdown`] act
/// at once.
pub struct Session {
    supervisor: tokio::sync::Mutex<Supervisor>,
    live: crate::supervisor::Live,
    history: Mutex<History>,
}

impl Session {
    /// Starts a worker from `program` in `directory` and returns without waiting for it.
    ///
    /// # Errors
    /// The operating system refuses the process.
    pub fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let supervisor = Supervisor::start(program, directory)?;
        let live = supervisor.live();
        Ok(Self { supervisor: tokio::sync::Mutex::new(supervisor), live, history: Mutex::default() })
    }

    /// Runs a cell. All it shows has gone to `sink` when this returns.
    pub async fn execute(&self, cell: Cell, sink: &impl OutputSink) -> Finished {
        if cell.store_history && !cell.silent {
            self.history().push(cell.number, &cell.code);
        }
        let recorder = Recorder { sink, result: Mutex::default() };
        let Cell { code, number, silent, expressions, .. } = cell;
        let request = Request::Execute(Execute { code, cell: number, silent, expressions, ..Execute::default() });
        let finished = match self.ask(request, &recorder).await {
            Ok(Answer::Finished(finished)) => finished,
            Ok(Answer::Reply(_)) => failed("the worker answered a cell with something else"),
            Err(problem) => Finished { problem: Some(problem), ..Finished::default() },
        };
        if let Some(text) = recorder.result() {
            self.history().set_output(number, &text);
        }
        finished
    }

    /// Candidates at a cursor, counted in code points; none from a worker that died.
    pub async fn complete(&self, code: String, cursor: usize) -> Completions {
        match self.ask(Request::Complete { code, cursor }, &Nowhere).await {
            Ok(Answer::Reply(Is::Completions(completions))) => completions,
            _ => Completions { start: cursor, end: cursor, matches: Vec::new() },
        }
    }

    /// What stands at a cursor.
    pub async fn inspect(&self, code: String, cursor: usize, detail: u8) -> Option<Inspection> {
        match self.ask(Request::Inspect { code, cursor, detail }, &Nowhere).await {
            Ok(Answer::Reply(Is::Inspection(inspection))) => inspection,
            _ => None,
        }
    }

    /// Whether a text is a whole cell: `complete`, `incomplete`, `invalid`, with the next line's indent.
    pub async fn is_complete(&self, code: String) -> Option<(String, String)> {
        match self.ask(Request::IsComplete { code }, &Nowhere).await {
            Ok(Answer::Reply(Is::Completeness { status, indent })) => Some((status, indent)),
            _ => None,
        }
    }

    /// What was run so far.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker's process id; none between two workers.
    pub fn worker_pid(&self) -> Option<u32> {
        self.live.handle().map(|worker| worker.pid())
    }

    /// Stops what runs; state is kept.
    pub fn interrupt(&self) {
        self.live.command(Command::Interrupt);
    }

    /// Ends the worker: asked first, killed when it takes too long. Afterwards no other is started.
    pub async fn shutdown(&self) {
        let Some(worker) = self.live.close() else { return };
        let _ = worker.send(&candlewick_link::ToWorker::Command(Command::Shutdown));
        if timeout(CLEAN_UP, worker.death()).await.is_err() {
            worker.kill();
            worker.death().await;
        }
    }

    /// Ends the worker at once; the running cell ends with an error.
    pub fn kill_worker(&self) {
        if let Some(worker) = self.live.handle() {
            worker.kill();
        }
    }

    async fn ask(&self, request: Request, sink: &impl OutputSink) -> Result<Answer, Problem> {
        self.supervisor.lock().await.ask(request, sink).await
    }
}

/// Passes outputs on and keeps the result's text for the history.
struct Recorder<'a, S> {
    sink: &'a S,
    result: Mutex<Option<String>>,
}

impl<S: OutputSink> OutputSink for Recorder<'_, S> {
    async fn put(&self, output: Output) {
        if let Output::Result(bundle) = &output {
            *self.lock() = bundle.get("text/plain").map(str::to_owned);
        }
        self.sink.put(output).await;
    }
}

impl<S> Recorder<'_, S> {
    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn result(&self) -> Option<String> {
        self.lock().take()
    }
}

/// For requests that show nothing.
struct Nowhere;

impl OutputSink for Nowhere {
    async fn put(&self, _output: Output) {}
}

fn failed(message: &str) -> Finished {
    let problem = Problem {
        name: "KernelError".into(),
        message: message.into(),
        traceback: vec![format!("KernelError: {message}")],
    };
    Finished { problem: Some(problem), ..Finished::default() }
}
