//! One notebook's state, whoever shows it: Jupyter or the headless runner.
//!
//! Owns the worker, the plugins it must get again when it dies, the compiler of Rust cells, the open comms and the history. Must not know Jupyter's messages,
//! notebooks or tensors. Read [`Session`] first, then [`OutputSink`].

use crate::comms::Comms;
use crate::history::History;
use crate::interrupts::{Interrupts, Measure, RunningCell};
use crate::rust_cells::{RustCells, is_in_rust};
use crate::supervisor::{Answer, Supervisor};
use crate::terminal;
use candlewick_link::{
    Bundle, Comm, Command, Completions, Execute, Finished, Inspection, Is, Problem, Request, StreamName, ToWorker,
    is_rust_cell,
};
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
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
    /// A message on a comm that the worker opened.
    Comm(Comm),
}

/// Where outputs go while a cell runs.
pub trait OutputSink: Sync {
    /// Takes one output; it may wait while whoever reads is slower.
    fn put(&self, output: Output) -> impl Future<Output = ()> + Send;

    /// Asks the user for a line of text; an error says why nobody could be asked. Dropped when the answer is not wanted
    /// any more.
    fn input(&self, prompt: &str, password: bool) -> impl Future<Output = Result<String, String>> + Send;
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
    /// Whether the sink can be asked for input.
    pub allow_stdin: bool,
    /// Whether the sink can show widgets.
    pub widgets: bool,
}

/// The state of one notebook. Requests are served one after the other; [`Self::interrupt`] and [`Self::shutdown`] act
/// at once.
pub struct Session {
    supervisor: tokio::sync::Mutex<Supervisor>,
    live: crate::supervisor::Live,
    comms: Comms,
    interrupts: Interrupts,
    /// None where the system refused its socket.
    rust: Option<RustCells>,
    history: History,
}

impl Session {
    /// Starts a worker from `program` in `directory` and returns without waiting for it. Must be called on a runtime.
    ///
    /// # Errors
    /// The operating system refuses the process.
    pub fn start(program: &Path, directory: &Path, history: History) -> anyhow::Result<Self> {
        // Rust cells then say what is missing, and everything else works.
        let rust = RustCells::listen(program, directory).ok();
        let supervisor = Supervisor::start(program, directory, rust.as_ref().map(RustCells::socket))?;
        let (live, comms, interrupts) = (supervisor.live(), supervisor.comms(), supervisor.interrupts());
        let supervisor = tokio::sync::Mutex::new(supervisor);
        Ok(Self { supervisor, live, comms, interrupts, rust, history })
    }

    /// Runs a cell. All it shows has gone to `sink` when this returns.
    pub async fn execute(&self, cell: Cell, sink: &impl OutputSink) -> Finished {
        if cell.store_history && !cell.silent {
            self.history.push(cell.number, &cell.code);
        }
        let recorder = Recorder { sink, result: Mutex::default() };
        let Cell { code, number, silent, expressions, allow_stdin, widgets, .. } = cell;
        let request = Request::Execute(Execute { code, cell: number, silent, expressions, allow_stdin, widgets });
        let finished = match self.ask_interruptibly(request, &recorder).await {
            Ok(Answer::Finished(finished)) => finished,
            Ok(Answer::Reply(_)) => failed("the worker answered a cell with something else"),
            Err(problem) => Finished { problem: Some(problem), ..Finished::default() },
        };
        if let Some(text) = recorder.result().filter(|_| cell.store_history) {
            self.history.set_output(number, &text);
        }
        finished
    }

    /// Whether a question about this place is answered beside the cell that runs: those about Rust cells are.
    pub fn answers_beside(&self, code: &str, cursor: usize) -> bool {
        self.rust.is_some() && is_in_rust(code, cursor)
    }

    /// Candidates at a cursor, counted in code points; none from a worker that died.
    pub async fn complete(&self, code: String, cursor: usize) -> Completions {
        if let Some(rust) = self.rust.as_ref().filter(|_| is_in_rust(&code, cursor)) {
            return rust.complete(code, cursor).await;
        }
        match self.ask(Request::Complete { code, cursor }, &Nowhere).await {
            Ok(Answer::Reply(Is::Completions(completions))) => completions,
            _ => Completions { start: cursor, end: cursor, matches: Vec::new() },
        }
    }

    /// What stands at a cursor.
    pub async fn inspect(&self, code: String, cursor: usize, detail: u8) -> Option<Inspection> {
        if let Some(rust) = self.rust.as_ref().filter(|_| is_in_rust(&code, cursor)) {
            return rust.inspect(code, cursor, detail).await;
        }
        match self.ask(Request::Inspect { code, cursor, detail }, &Nowhere).await {
            Ok(Answer::Reply(Is::Inspection(inspection))) => inspection,
            _ => None,
        }
    }

    /// Whether a text is a whole cell: `complete`, `incomplete`, `invalid`, with the next line's indent.
    pub async fn is_complete(&self, code: String) -> Option<(String, String)> {
        if let Some(rust) = self.rust.as_ref().filter(|_| is_rust_cell(&code)) {
            return rust.is_complete(code).await;
        }
        match self.ask(Request::IsComplete { code }, &Nowhere).await {
            Ok(Answer::Reply(Is::Completeness { status, indent })) => Some((status, indent)),
            _ => None,
        }
    }

    /// What was run so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The comms that the worker has opened.
    pub fn comms(&self) -> &Comms {
        &self.comms
    }

    /// Hands a client's message on a comm to the worker, which handles it at once when a run moves.
    pub fn put_comm(&self, comm: Comm) {
        self.live.send(&ToWorker::Comm(comm));
    }

    /// Has the worker handle the messages on comms that nothing has handled yet.
    pub async fn handle_comms(&self, sink: &impl OutputSink) {
        // A worker that died of it has been replaced and has said so.
        if let Err(problem) = self.ask_interruptibly(Request::Comms, sink).await {
            sink.put(Output::Stream(StreamName::Stderr, format!("{}\n", problem.message))).await;
        }
    }

    /// The worker's process id; none between two workers.
    pub fn worker_pid(&self) -> Option<u32> {
        self.live.handle().map(|worker| worker.pid())
    }

    /// The compiler's process id, while there is one.
    pub fn compiler_pid(&self) -> Option<u32> {
        self.rust.as_ref().and_then(RustCells::compiler_pid)
    }

    /// Stops what runs; state is kept. A worker that has not reacted for some seconds is ended by another interrupt of
    /// the same cell.
    pub fn interrupt(&self) {
        match self.interrupts.ask(Instant::now()) {
            Measure::Ask => self.live.send(&ToWorker::Command(Command::Interrupt)),
            Measure::Kill => self.live.kill("it had ignored an interrupt for 5 s and was interrupted again"),
        }
    }

    /// Ends the worker: asked first, killed when it takes too long; and the compiler. Afterwards no other is started.
    pub async fn shutdown(&self) {
        tokio::join!(self.history.close(), self.end_worker(), self.end_compiler());
    }

    async fn end_compiler(&self) {
        if let Some(rust) = &self.rust {
            rust.close().await;
        }
    }

    async fn end_worker(&self) {
        let Some(worker) = self.live.close() else { return };
        let _ = worker.send(&ToWorker::Command(Command::Shutdown));
        if timeout(CLEAN_UP, worker.death()).await.is_err() {
            worker.kill();
            worker.death().await;
        }
        // A cell that still runs has the supervisor, and its outputs go where they always do.
        if let Ok(mut supervisor) = self.supervisor.try_lock() {
            let words = supervisor.last_words().await;
            words.lines().for_each(terminal::say);
        }
    }

    /// Ends the worker at once; the running cell ends with an error.
    pub fn kill_worker(&self) {
        if let Some(worker) = self.live.handle() {
            worker.kill();
        }
    }

    /// Asks what may take long: a cell, or a button that moves a run.
    async fn ask_interruptibly(&self, request: Request, sink: &impl OutputSink) -> Result<Answer, Problem> {
        let running = self.interrupts.begin();
        tokio::select! {
            answer = self.ask(request, sink) => answer,
            never = offer_to_kill(&running, sink) => match never {},
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

    async fn input(&self, prompt: &str, password: bool) -> Result<String, String> {
        self.sink.input(prompt, password).await
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

    async fn input(&self, _prompt: &str, _password: bool) -> Result<String, String> {
        Err("nobody can be asked for input here".into())
    }
}

/// Says, once the running cell has ignored an interrupt, what another one will do.
async fn offer_to_kill(running: &RunningCell, sink: &impl OutputSink) -> Infallible {
    running.ignores_an_interrupt().await;
    let text = "The worker has not reacted to the interrupt for 5 s: it may be in native code that never asks for \
                interrupts. Interrupt again to end it; the notebook's variables are then lost, plugins come back.\n";
    sink.put(Output::Stream(StreamName::Stderr, text.into())).await;
    std::future::pending().await
}

fn failed(message: &str) -> Finished {
    let problem = Problem {
        name: "KernelError".into(),
        message: message.into(),
        traceback: vec![format!("KernelError: {message}")],
    };
    Finished { problem: Some(problem), ..Finished::default() }
}
