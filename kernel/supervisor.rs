//! Keeps a worker alive: asks it, notices its death, starts another and gives it the session's plugins.
//!
//! Owns the one running worker and the plugin table. Must not know cells' outputs beyond passing them on.
//! Read [`Supervisor::ask`] first.

use crate::comms::{Closed, Comms};
use crate::death::Death;
use crate::interrupts::Interrupts;
use crate::plugin_table::PluginTable;
use crate::recovery::{Obituary, Recovery};
use crate::session::{Output, OutputSink};
use crate::worker_process::WorkerHandle;
use candlewick_link::{
    Comm, CommWhat, Command, Finished, FromWorker, Is, PluginRecord, Problem, Request, StreamName, ToWorker,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a link that has nobody at its other end any more may stay open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The worker of a session and what a new one needs.
pub struct Supervisor {
    program: PathBuf,
    directory: PathBuf,
    /// Where workers reach the compiler.
    compiler: Option<PathBuf>,
    worker: Option<Worker>,
    plugins: PluginTable,
    recovery: Recovery,
    comms: Comms,
    interrupts: Interrupts,
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
    /// Why this kernel itself has killed the worker.
    killed: Option<&'static str>,
}

struct Worker {
    handle: WorkerHandle,
    messages: mpsc::Receiver<FromWorker>,
    ready: bool,
}

/// A question to the user that waits for its answer.
type Question<'a> = Pin<Box<dyn Future<Output = (u64, Result<String, String>)> + Send + 'a>>;

/// Why a request got no answer.
enum Failure {
    Died(Death),
    NotStarted(String),
}

impl Supervisor {
    /// Starts a worker and returns without waiting for it. It is told the socket of the compiler.
    ///
    /// # Errors
    /// The operating system refuses the process.
    pub fn start(program: &Path, directory: &Path, compiler: Option<PathBuf>) -> anyhow::Result<Self> {
        let mut supervisor = Self {
            program: program.to_owned(),
            directory: directory.to_owned(),
            compiler,
            worker: None,
            plugins: PluginTable::default(),
            recovery: Recovery::default(),
            comms: Comms::default(),
            interrupts: Interrupts::default(),
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

    /// The comms that the worker has opened.
    pub fn comms(&self) -> Comms {
        self.comms.clone()
    }

    /// The interrupts of what runs.
    pub fn interrupts(&self) -> Interrupts {
        self.interrupts.clone()
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
        match self.exchange_with_living(request, sink).await {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.recover(failure, &place, sink).await),
        }
    }

    /// Asks; a worker that dies before it has begun with the request died while no cell ran, so the next one is asked.
    async fn exchange_with_living(&mut self, request: Request, sink: &impl OutputSink) -> Result<Answer, Failure> {
        match self.exchange(request.clone(), sink).await {
            Err(Failure::Died(death)) if !self.has_begun() && !self.live.is_closed() => {
                self.replace_unnoticed(death, sink).await?;
                self.exchange(request, sink).await
            }
            answered => answered,
        }
    }

    /// Whether the worker began with the newest request.
    fn has_begun(&self) -> bool {
        self.worker.as_ref().is_none_or(|worker| worker.handle.has_begun(self.next_id))
    }

    /// A worker that can take a request. One that died unnoticed, between two cells, is replaced and the cell told.
    async fn ensure_ready(&mut self, sink: &impl OutputSink) -> Result<(), Failure> {
        let lost = match &mut self.worker {
            Some(worker) if worker.handle.has_ended() => Some(worker.handle.death().await),
            _ => None,
        };
        match lost {
            Some(death) => self.replace_unnoticed(death, sink).await,
            None => self.bring_up(sink).await.map(drop),
        }
    }

    /// Replaces a worker that died while no cell ran; the cell that comes next is told.
    async fn replace_unnoticed(&mut self, death: Death, sink: &impl OutputSink) -> Result<(), Failure> {
        let obituary = self.bury(death, "while no cell ran", sink).await;
        let failed = self.bring_up(sink).await?;
        let text = format!("{} {}\n", obituary.what(), obituary.what_came_back(&self.plugins, &failed));
        sink.put(Output::Stream(StreamName::Stderr, text)).await;
        Ok(())
    }

    /// Starts a worker if there is none, waits until it is ready, and registers the plugins in a new one. Returns
    /// those that failed.
    async fn bring_up(&mut self, sink: &impl OutputSink) -> Result<Vec<(String, String)>, Failure> {
        let fresh = self.worker.is_none();
        if fresh {
            self.start_worker().map_err(|error| Failure::NotStarted(format!("{error:#}")))?;
        }
        self.wait_until_ready(sink).await?;
        if fresh { self.register_again(sink).await } else { Ok(Vec::new()) }
    }

    /// Registers the plugins in a new worker, one after the other: one that ends the worker by that is left out, and the
    /// next worker gets the others.
    async fn register_again(&mut self, sink: &impl OutputSink) -> Result<Vec<(String, String)>, Failure> {
        let (mut failed, mut left_out, mut next) = (Vec::new(), Vec::new(), 0);
        while let Some(record) = self.plugins.records().get(next).cloned() {
            let name = record.name.clone();
            match self.exchange(Request::Register { plugins: vec![record] }, sink).await {
                Ok(Answer::Reply(Is::Registered { failed: again })) => failed.extend(again),
                Ok(_) => {}
                Err(Failure::Died(death)) => {
                    self.plugins.remove(&name);
                    left_out
                        .push((name, format!("the worker {} just then; it is left out from now on", death.clause())));
                    self.worker = None;
                    self.start_worker().map_err(|error| Failure::NotStarted(format!("{error:#}")))?;
                    self.wait_until_ready(sink).await?;
                    (failed, next) = (Vec::new(), 0);
                    continue;
                }
                Err(other) => return Err(other),
            }
            next += 1;
        }
        failed.extend(left_out);
        Ok(failed)
    }

    fn start_worker(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.live.is_closed(), "the kernel is shutting down");
        let (handle, messages) = WorkerHandle::start(&self.program, &self.directory, self.compiler.as_deref())?;
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
            } else if !matches!(message, FromWorker::PluginRegistered(_)) {
                // Every worker begins with the plugins that are compiled in; the table holds what has changed since.
                self.pass_on(message, sink).await;
            }
        }
        Ok(())
    }

    async fn exchange(&mut self, request: Request, sink: &impl OutputSink) -> Result<Answer, Failure> {
        self.next_id += 1;
        let asked = self.next_id;
        let is_interruptible = matches!(request, Request::Execute(_) | Request::Comms);
        self.send(&ToWorker::Request { id: asked, request });
        if is_interruptible && self.interrupts.came() {
            self.send(&ToWorker::Command(Command::Interrupt));
        }
        // Dropped with the request: who was asked then need not answer any more.
        let mut question: Option<Question<'_>> = None;
        loop {
            let message = tokio::select! {
                biased;
                message = self.receive() => message?,
                (id, answer) = answered(&mut question) => {
                    question = None;
                    self.send(&ToWorker::Input { id, answer });
                    continue;
                }
            };
            match message {
                FromWorker::Finished { id, finished } if id == asked => return Ok(Answer::Finished(finished)),
                FromWorker::Reply { id, is } if id == asked => return Ok(Answer::Reply(is)),
                FromWorker::Input { id, prompt, password } => {
                    question = Some(Box::pin(async move { (id, sink.input(&prompt, password).await) }));
                }
                other => self.pass_on(other, sink).await,
            }
        }
    }

    /// What a worker that was told to end has printed since, such as how a plugin's cleanup failed.
    pub async fn last_words(&mut self) -> String {
        let mut words = String::new();
        let Some(worker) = &mut self.worker else { return words };
        // The channel closes with the link; a child of the worker that holds the link open is not waited for.
        while let Ok(Some(message)) = timeout(LAST_WORDS, worker.messages.recv()).await {
            if let FromWorker::Stream { text, .. } = message {
                words.push_str(&text);
            }
        }
        words
    }

    fn send(&self, message: &ToWorker) {
        if let Some(worker) = &self.worker {
            // A worker that can't be reached is dying; `receive` tells how.
            let _ = worker.handle.send(message);
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
            FromWorker::Display { bundle, display_id, update } => {
                self.comms.note_display(&bundle, display_id.as_deref());
                Output::Display { bundle, display_id, update }
            }
            FromWorker::Result { bundle } => Output::Result(bundle),
            FromWorker::ClearOutput { wait } => Output::Clear { wait },
            FromWorker::PluginRegistered(record) => return self.put_plugin(record),
            FromWorker::PluginRemoved { name } => return self.plugins.remove(&name),
            FromWorker::Checkpoint { path } => {
                self.recovery.checkpoint = path;
                return;
            }
            FromWorker::Variables { names } => {
                self.recovery.variables = names;
                return;
            }
            FromWorker::Comm(comm) => {
                self.comms.note(&comm);
                Output::Comm(comm)
            }
            // Answers to requests whose asker has gone, and questions of theirs.
            FromWorker::Finished { .. } | FromWorker::Reply { .. } | FromWorker::Input { .. } => return,
            FromWorker::Ready { .. } => return,
        };
        sink.put(output).await;
    }

    fn put_plugin(&mut self, record: PluginRecord) {
        if self.plugins.records().iter().all(|other| other.name != record.name || other.source != record.source) {
            self.recovery.forgive(&record.name);
        }
        self.plugins.put(record);
    }

    /// Takes leave of a dead worker, and of its comms at once: nobody answers on them any more.
    async fn bury(&mut self, death: Death, place: &str, sink: &impl OutputSink) -> Obituary {
        let running = self.worker.take().and_then(|worker| worker.handle.running_plugin());
        for Closed { id, picture } in self.comms.close_all() {
            if let Some((display, bundle)) = picture {
                sink.put(Output::Display { bundle, display_id: Some(display), update: true }).await;
            }
            sink.put(Output::Comm(Comm { id, what: CommWhat::Close, data: json!({}) })).await;
        }
        let death = Death { by_kernel: self.live.why_killed(), ..death };
        self.recovery.died(&death, place, running, &mut self.plugins)
    }

    /// Says what died, starts another worker, and says what came back.
    async fn recover(&mut self, failure: Failure, place: &str, sink: &impl OutputSink) -> Problem {
        let death = match failure {
            Failure::Died(death) => death,
            other => return self.not_started(other),
        };
        if self.live.is_closed() {
            self.worker = None;
            return problem("KernelShutdown", format!("The worker ended in {place}: the kernel is shutting down."));
        }
        let obituary = self.bury(death, &format!("in {place}"), sink).await;
        let then = match self.bring_up(sink).await {
            Ok(failed) => obituary.what_came_back(&self.plugins, &failed),
            Err(again) => self.not_started(again).message,
        };
        problem("WorkerDied", format!("{}\n{then}", obituary.what()))
    }

    /// The next request tries again.
    fn not_started(&mut self, failure: Failure) -> Problem {
        if let Some(worker) = self.worker.take() {
            worker.handle.kill();
        }
        let why = match failure {
            Failure::Died(death) => format!("it {} before it was ready. {}", death.clause(), death.last_words.trim()),
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
    pub fn send(&self, message: &ToWorker) {
        if let Some(worker) = self.handle() {
            let _ = worker.send(message);
        }
    }

    /// Ends the worker at once; the running cell ends with an error that says why.
    pub fn kill(&self, why: &'static str) {
        let mut slot = self.slot();
        slot.killed = Some(why);
        if let Some(worker) = &slot.handle {
            worker.kill();
        }
    }

    /// No worker is started from now on; returns the last one.
    pub fn close(&self) -> Option<WorkerHandle> {
        let mut slot = self.slot();
        slot.closed = true;
        slot.handle.clone()
    }

    fn why_killed(&self) -> Option<&'static str> {
        self.slot().killed.take()
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

/// Waits for the answer to the question, if there is one.
async fn answered(question: &mut Option<Question<'_>>) -> (u64, Result<String, String>) {
    match question {
        Some(question) => question.as_mut().await,
        None => std::future::pending().await,
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
fn check_version(version: &str) -> Result<(), String> {
    let ours = env!("CARGO_PKG_VERSION");
    match version == ours {
        true => Ok(()),
        false => Err(format!(
            "its version is {version}, this kernel's is {ours}: Candlewick was installed anew meanwhile. Restart the kernel"
        )),
    }
}

fn problem(name: &str, message: String) -> Problem {
    let mut traceback: Vec<String> = message.lines().map(str::to_owned).collect();
    if let Some(first) = traceback.first_mut() {
        *first = format!("\u{1b}[31m{name}\u{1b}[0m: {first}");
    }
    Problem { name: name.into(), message, traceback }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl OutputSink for Nowhere {
        async fn put(&self, _output: Output) {}
        async fn input(&self, _prompt: &str, _password: bool) -> Result<String, String> {
            Err(String::new())
        }
    }

    #[tokio::test]
    async fn a_worker_that_never_starts_is_told_at_every_request_and_not_tried_for_ever() {
        let mut supervisor = Supervisor::start(Path::new("false"), Path::new("."), None).unwrap();
        for _ in 0..3 {
            let problem = supervisor.ask(Request::Usage, &Nowhere).await.unwrap_err();
            assert_eq!(problem.name, "WorkerNotStarted");
            assert!(problem.message.contains("exit code 1 before it was ready"), "{}", problem.message);
        }
    }
}
