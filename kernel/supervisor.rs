//! Keeps a worker alive: asks it, notices its death, starts another and gives it the session's plugins.
//!
//! Owns the one running worker and the plugin table. Must not know cells' outputs beyond passing them on.
//! Read [`Supervisor::ask`] first.

use crate::death::Death;
use crate::plugin_table::PluginTable;
use crate::session::{Output, OutputSink};
use crate::worker_process::WorkerHandle;
use candlewick_link::{Command, Finished, FromWorker, Is, Problem, Request, StreamName, ToWorker};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// The worker of a session and what a new one needs.
pub struct Supervisor {
    program: PathBuf,
    directory: PathBuf,
    worker: Option<Worker>,
    plugins: PluginTable,
    /// Where the run that moved last can be resumed from.
    checkpoint: Option<String>,
    next_id: u64,
    live: Live,
}

/// What a worker answers a request with.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A cell has ended.
    Finished(Finished),
    /// The answer to anything else.
    Reply(Is),
}

/// The worker as those see it who act at once, whatever request is being served.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    handle: Option<WorkerHandle>,
    closed: bool,
}

struct Worker {
    handle: WorkerHandle,
    messages: mpsc::Receiver<FromWorker>,
    ready: bool,
}

/// Why a request got no answer.
enum Failure {
    Died(Death),
    NotStarted(String),
}

impl Supervisor {
    /// Starts a worker and returns without waiting for it.
    ///
    /// # Errors
    /// The operating system refuses the process.
    pub fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let mut supervisor = Self {
            program: program.to_owned(),
            directory: directory.to_owned(),
            worker: None,
            plugins: PluginTable::default(),
            checkpoint: None,
            next_id: 0,
            live: Live::default(),
        };
        supervisor.start_worker()?;
        Ok(supervisor)
    }

    /// For those who act at once.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Asks the worker and passes on what it shows meanwhile.
    ///
    /// A worker that dies meanwhile is replaced by one that knows the session's plugins; what died, how, and what
    /// came back is then the problem.
    pub async fn ask(&mut self, request: Request, sink: &impl OutputSink) -> Result<Answer, Problem> {
        if let Err(failure) = self.ensure_ready(sink).await {
            return Err(self.not_started(failure));
        }
        let place = place(&request);
        match self.exchange(request, sink).await {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.recover(failure, &place, sink).await),
        }
    }

    /// A worker that can take a request. One that died unnoticed, between two cells, is replaced and the cell told.
    async fn ensure_ready(&mut self, sink: &impl OutputSink) -> Result<(), Failure> {
        let lost = match &mut self.worker {
            Some(worker) if worker.handle.has_ended() => Some(worker.handle.death().await),
            _ => None,
        };
        if let Some(death) = &lost {
            self.worker = None;
            let failed = self.bring_up(sink).await?;
            let what = format!("The worker {} while no cell ran.{}", death.clause(), said(death));
            let text = format!("{what} {}\n", self.what_came_back(&failed));
            sink.put(Output::Stream(StreamName::Stderr, text)).await;
            return Ok(());
        }
        self.bring_up(sink).await.map(drop)
    }

    /// Starts a worker if there is none, waits until it is ready, and registers the plugins in a new one. Returns
    /// those that failed.
    async fn bring_up(&mut self, sink: &impl OutputSink) -> Result<Vec<(String, String)>, Failure> {
        let fresh = self.worker.is_none();
        if fresh {
            self.start_worker().map_err(|error| Failure::NotStarted(format!("{error:#}")))?;
        }
        self.wait_until_ready(sink).await?;
        if !fresh || self.plugins.records().is_empty() {
            return Ok(Vec::new());
        }
        let plugins = self.plugins.records().to_vec();
        match self.exchange(Request::Register { plugins }, sink).await? {
            Answer::Reply(Is::Registered { failed }) => Ok(failed),
            _ => Ok(Vec::new()),
        }
    }

    fn start_worker(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.live.is_closed(), "the kernel is shutting down");
        let (handle, messages) = WorkerHandle::start(&self.program, &self.directory)?;
        self.live.put(handle.clone());
        self.worker = Some(Worker { handle, messages, ready: false });
        Ok(())
    }

    async fn wait_until_ready(&mut self, sink: &impl OutputSink) -> Result<(), Failure> {
        while self.worker.as_ref().is_some_and(|worker| !worker.ready) {
            let message = self.receive().await?;
            if let FromWorker::Ready { version } = &message {
                check_version(version).map_err(Failure::NotStarted)?;
                if let Some(worker) = &mut self.worker {
                    worker.ready = true;
                }
            } else {
                self.pass_on(message, sink).await;
            }
        }
        Ok(())
    }

    async fn exchange(&mut self, request: Request, sink: &impl OutputSink) -> Result<Answer, Failure> {
        self.next_id += 1;
        let asked = self.next_id;
        if let Some(worker) = &self.worker {
            // A worker that can't be reached is dying; `receive` tells how.
            let _ = worker.handle.send(&ToWorker::Request { id: asked, request });
        }
        loop {
            match self.receive().await? {
                FromWorker::Finished { id, finished } if id == asked => return Ok(Answer::Finished(finished)),
                FromWorker::Reply { id, is } if id == asked => return Ok(Answer::Reply(is)),
                other => self.pass_on(other, sink).await,
            }
        }
    }

    async fn receive(&mut self) -> Result<FromWorker, Failure> {
        let Some(worker) = &mut self.worker else { return Err(Failure::NotStarted("it is gone".into())) };
        match worker.messages.recv().await {
            Some(message) => Ok(message),
            None => Err(Failure::Died(worker.handle.death().await)),
        }
    }

    async fn pass_on(&mut self, message: FromWorker, sink: &impl OutputSink) {
        let output = match message {
            FromWorker::Stream { name, text } => Output::Stream(name, text),
            FromWorker::Display { bundle, display_id, update } => Output::Display { bundle, display_id, update },
            FromWorker::Result { bundle } => Output::Result(bundle),
            FromWorker::ClearOutput { wait } => Output::Clear { wait },
            FromWorker::PluginRegistered(record) => return self.plugins.put(record),
            FromWorker::PluginRemoved { name } => return self.plugins.remove(&name),
            FromWorker::Checkpoint { path } => {
                self.checkpoint = path;
                return;
            }
            // Answers to requests whose asker has gone.
            // Sent only to cells that allow it.
            FromWorker::Input { .. } | FromWorker::Comm(_) | FromWorker::Variables { .. } => return,
            FromWorker::Ready { .. } | FromWorker::Finished { .. } | FromWorker::Reply { .. } => return,
        };
        sink.put(output).await;
    }

    /// Says what died, starts another worker, and says what came back.
    async fn recover(&mut self, failure: Failure, place: &str, sink: &impl OutputSink) -> Problem {
        let death = match failure {
            Failure::Died(death) => death,
            other => return self.not_started(other),
        };
        self.worker = None;
        if self.live.is_closed() {
            return problem("KernelShutdown", format!("The worker ended in {place}: the kernel is shutting down."));
        }
        let what = format!("The worker {} in {place}.{}", death.clause(), said(&death));
        let resume = self.checkpoint.take().map_or(String::new(), |path| resume_line(&path));
        match self.bring_up(sink).await {
            Ok(failed) => problem("WorkerDied", format!("{what}\n{}{resume}", self.what_came_back(&failed))),
            Err(again) => {
                let again = self.not_started(again).message;
                problem("WorkerDied", format!("{what}\n{again}"))
            }
        }
    }

    /// The sentence about the new worker.
    fn what_came_back(&self, failed: &[(String, String)]) -> String {
        let is_back = |name: &&str| failed.iter().all(|(other, _)| other != name);
        let names: Vec<&str> =
            self.plugins.records().iter().map(|record| record.name.as_str()).filter(is_back).collect();
        let mut text = "A new worker runs; variables and functions of earlier cells are gone, \
                        run the cells that make them again."
            .to_owned();
        if !names.is_empty() {
            text += &format!(" Plugins registered again: {}.", names.join(", "));
        }
        for (name, reason) in failed {
            text += &format!(" Plugin {name} could not be registered again: {reason}.");
        }
        text
    }

    /// The next request tries again.
    fn not_started(&mut self, failure: Failure) -> Problem {
        if let Some(worker) = self.worker.take() {
            worker.handle.kill();
        }
        let why = match failure {
            Failure::Died(death) => format!("it {} before it was ready.{}", death.clause(), said(&death)),
            Failure::NotStarted(why) => why,
        };
        problem(
            "WorkerNotStarted",
            format!("The worker could not be started: {why}\n`candlewick doctor` checks what it needs."),
        )
    }
}

impl Live {
    /// The running worker.
    pub fn handle(&self) -> Option<WorkerHandle> {
        self.slot().handle.clone()
    }

    /// Sends what acts at once. Without a worker, or to one that is dying, there is nothing to act on.
    pub fn command(&self, command: Command) {
        if let Some(worker) = self.handle() {
            let _ = worker.send(&ToWorker::Command(command));
        }
    }

    /// No worker is started from now on; returns the last one.
    pub fn close(&self) -> Option<WorkerHandle> {
        let mut slot = self.slot();
        slot.closed = true;
        slot.handle.clone()
    }

    fn is_closed(&self) -> bool {
        self.slot().closed
    }

    /// A worker that is started while the session closes is ended at once.
    fn put(&self, handle: WorkerHandle) {
        let mut slot = self.slot();
        if slot.closed {
            handle.kill();
        }
        slot.handle = Some(handle);
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request came from, for the report of a death.
fn place(request: &Request) -> String {
    match request {
        Request::Execute(cell) => format!("cell {}", cell.cell),
        Request::Complete { .. } => "a completion".into(),
        Request::Inspect { .. } => "a tooltip".into(),
        Request::IsComplete { .. } => "the check of a cell's end".into(),
        Request::Register { .. } => "the registration of plugins".into(),
        Request::Usage => "a question about its memory".into(),
        Request::Comms => "a message of a widget".into(),
    }
}

/// A new installation may stand where this kernel's executable was.
fn resume_line(path: &str) -> String {
    format!(
        "\nThe run goes on from its last checkpoint with: let run = fit(net, data, #{{ resume: {path:?} }}) and its other options as before."
    )
}

fn check_version(version: &str) -> Result<(), String> {
    let ours = env!("CARGO_PKG_VERSION");
    match version == ours {
        true => Ok(()),
        false => Err(format!(
            "its version is {version}, this kernel's is {ours}: Candlewick was installed anew meanwhile. Restart the kernel"
        )),
    }
}

/// The last words, on lines of their own.
fn said(death: &Death) -> String {
    match death.last_words.trim() {
        "" => String::new(),
        words => format!(" Its last words:\n{words}\n"),
    }
}

fn problem(name: &str, message: String) -> Problem {
    let mut traceback: Vec<String> = message.lines().map(str::to_owned).collect();
    if let Some(first) = traceback.first_mut() {
        *first = format!("\u{1b}[31m{name}\u{1b}[0m: {first}");
    }
    Problem { name: name.into(), message, traceback }
}
