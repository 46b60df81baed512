//! What the threads of the compiler process share: the requests that wait, what is being done, what there is.
//!
//! Owns the order of evaluating requests and their cancelling. Must not know evcxr. Read [`Service`] first.

use crate::analysis::Known;
use crate::clients::Client;
use crate::conversation::Conversation;
use crate::directory::Directory;
use crate::{locked, processes};
use candlewick_link::{CompilerIs, CompilerStatus, Evaluated, FromCompiler, Problem, RustCell};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long between two looks for processes that a cancelled build has started since.
const BETWEEN_KILLS: Duration = Duration::from_millis(5);

/// The state that all threads see.
pub(crate) struct Service {
    /// Where everything lies.
    pub directory: Directory,
    /// What evcxr's relay is told.
    pub conversation: Conversation,
    jobs: Mutex<Jobs>,
    arrived: Condvar,
    status: Mutex<CompilerStatus>,
    known: Mutex<Known>,
    /// This process takes no connections any more.
    ends: Mutex<bool>,
}

/// A request that the evaluation thread serves.
#[derive(Clone)]
pub(crate) struct Job {
    /// Who asks.
    pub client: Arc<Client>,
    /// The request's id.
    pub id: u64,
    /// What is asked.
    pub work: Work,
}

/// What the evaluation thread can do.
#[derive(Clone)]
pub(crate) enum Work {
    /// A worker has come.
    Hello {
        /// Its process.
        worker: u32,
    },
    /// Compile and run a cell.
    Evaluate(RustCell),
    /// Be ready.
    Warm,
    /// Forget the session.
    Clear,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    doing: Option<Doing>,
    begun: u64,
}

struct Doing {
    job: Job,
    number: u64,
    cancelled: bool,
}

impl Service {
    /// Nothing is asked yet.
    pub fn new(directory: Directory) -> Self {
        Self {
            directory,
            conversation: Conversation::default(),
            jobs: Mutex::default(),
            arrived: Condvar::new(),
            status: Mutex::default(),
            known: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Puts a request behind those that wait. A cell ends the low priority of what is compiled before it.
    pub fn enqueue(&self, job: Job) {
        if matches!(job.work, Work::Evaluate(_)) {
            self.set_low_priority(false);
        }
        locked(&self.jobs).waiting.push_back(job);
        self.arrived.notify_all();
    }

    /// Waits for the next request and begins it.
    pub fn begin(&self) -> Job {
        let mut jobs = locked(&self.jobs);
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                jobs.begun += 1;
                jobs.doing = Some(Doing { job: job.clone(), number: jobs.begun, cancelled: false });
                self.conversation.renew();
                return job;
            }
            jobs = self.arrived.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The request is done; what is asked about it from now on comes too late. A greeting was answered when it came.
    pub fn finish(&self, answer: CompilerIs) {
        let Some(doing) = locked(&self.jobs).doing.take() else { return };
        if !matches!(doing.job.work, Work::Hello { .. }) {
            doing.job.client.reply(doing.job.id, self.complete(answer));
        }
    }

    /// Takes a connection, unless this process ends: then it is the next one's.
    pub fn admit<T>(&self, accept: impl FnOnce() -> T) -> Option<T> {
        let ends = locked(&self.ends);
        (!*ends).then(accept)
    }

    /// As [`Self::finish`], before this process ends: who asked must not ask again here.
    pub fn finish_last(&self, answer: CompilerIs) {
        *locked(&self.ends) = true;
        let client = locked(&self.jobs).doing.as_ref().map(|doing| Arc::clone(&doing.job.client));
        self.finish(answer);
        if let Some(client) = client {
            client.close();
        }
    }

    /// Whether the request was cancelled that is being done.
    pub fn is_cancelled(&self) -> bool {
        locked(&self.jobs).doing.as_ref().is_some_and(|doing| doing.cancelled)
    }

    /// Whether a request is being done.
    pub fn is_busy(&self) -> bool {
        locked(&self.jobs).doing.is_some()
    }

    /// Whether a cell waits.
    pub fn is_awaited(&self) -> bool {
        locked(&self.jobs).waiting.iter().any(|job| matches!(job.work, Work::Evaluate(_)))
    }

    /// What takes long, told to whoever waits for it.
    pub fn tell(&self, text: &str) {
        let client = locked(&self.jobs).doing.as_ref().map(|doing| Arc::clone(&doing.job.client));
        let client = client.or_else(|| locked(&self.jobs).waiting.front().map(|job| Arc::clone(&job.client)));
        if let Some(client) = client {
            client.send(&FromCompiler::Progress { text: text.to_owned() });
        }
    }

    /// Stops what a client has asked to compile: what waits is answered at once, and what is compiled now is ended. A cell
    /// that runs already is the worker's to stop.
    pub fn cancel(self: &Arc<Self>, client: &Client) {
        let waiting = {
            let mut jobs = locked(&self.jobs);
            let own = |job: &Job| job.client.number() == client.number() && matches!(job.work, Work::Evaluate(_));
            let (cancelled, rest) = std::mem::take(&mut jobs.waiting).into_iter().partition::<VecDeque<_>, _>(own);
            jobs.waiting = rest;
            cancelled
        };
        for job in waiting {
            job.client.reply(job.id, self.complete(interrupted()));
        }
        self.cancel_doing(client.number());
    }

    /// A client has gone: what it asked for is of use to nobody.
    pub fn forget(self: &Arc<Self>, client: &Client) {
        client.leave();
        locked(&self.jobs).waiting.retain(|job| job.client.number() != client.number());
        self.cancel_doing(client.number());
    }

    /// What there is.
    pub fn status(&self) -> CompilerStatus {
        CompilerStatus { resident: processes::resident(), ..locked(&self.status).clone() }
    }

    /// The processes that compile. A relay that evcxr has just started has not told its number yet, but it is this
    /// program.
    pub fn builds(&self) -> Vec<processes::Process> {
        let relay = self.conversation.relay();
        let builds =
            |process: &processes::Process| Some(process.id) != relay && !processes::is_this_program(process.id);
        processes::descendants().into_iter().filter(builds).collect()
    }

    /// Changes what there is.
    pub fn update(&self, change: impl FnOnce(&mut CompilerStatus)) {
        change(&mut locked(&self.status));
    }

    /// What the analysis has to know of the session.
    pub fn known(&self) -> Known {
        locked(&self.known).clone()
    }

    /// The session has changed.
    pub fn set_known(&self, known: Known) {
        *locked(&self.known) = known;
    }

    /// Whether rustc is to leave the processor to others.
    pub fn set_low_priority(&self, low: bool) {
        let file = self.directory.low_priority();
        // Without the file it compiles all the same.
        if low { drop(std::fs::write(file, "")) } else { drop(std::fs::remove_file(file)) }
    }

    /// A cell that was not compiled to its end has changed no variables.
    fn complete(&self, answer: CompilerIs) -> CompilerIs {
        match answer {
            CompilerIs::Evaluated(own) if own.problem.is_some() && own.variables.is_empty() => {
                let variables = locked(&self.status).variables.clone();
                CompilerIs::Evaluated(Evaluated { variables, ..own })
            }
            other => other,
        }
    }

    fn cancel_doing(self: &Arc<Self>, client: u64) {
        let number = {
            let mut jobs = locked(&self.jobs);
            let Some(doing) = jobs.doing.as_mut().filter(|doing| doing.job.client.number() == client) else { return };
            if !matches!(doing.job.work, Work::Evaluate(_)) || doing.cancelled || !self.conversation.cancel() {
                return;
            }
            doing.cancelled = true;
            doing.number
        };
        let service = Arc::clone(self);
        // On a thread of its own: the connection goes on being read. If there is none, one look must do.
        let kill = move || service.kill_builds_of(number);
        if std::thread::Builder::new().name("cancel".into()).spawn(kill).is_err() {
            self.kill_builds();
        }
    }

    /// A killed build may have started another process in the same moment, and evcxr another build.
    fn kill_builds_of(&self, number: u64) {
        while locked(&self.jobs).doing.as_ref().is_some_and(|doing| doing.number == number) {
            self.kill_builds();
            std::thread::sleep(BETWEEN_KILLS);
        }
    }

    fn kill_builds(&self) {
        self.builds().iter().for_each(|process| processes::kill(process.id));
    }
}

/// The answer to a request that was cancelled.
pub(crate) fn interrupted() -> CompilerIs {
    let message = "the cell was interrupted while it was being compiled; nothing of it has run".to_owned();
    let traceback = vec![format!("Interrupted: {message}")];
    let problem = Problem { name: "Interrupted".into(), message, traceback };
    CompilerIs::Evaluated(Evaluated { problem: Some(problem), ..Evaluated::default() })
}
