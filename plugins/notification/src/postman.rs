//! Sends messages on a thread of its own, tries again, and tells what went wrong. Read [`Postman`] first.

use crate::note::Note;
use candlewick_plugin_api::PluginError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// A way by which messages go.
pub(crate) trait Way: Send {
    /// Sends one, trying once.
    fn send(&self, note: &Note) -> Result<(), Undelivered>;
    /// How often to try again.
    fn retries(&self) -> u32;
}

/// Why a message did not arrive: where to, and the cause.
#[derive(Debug)]
pub(crate) struct Undelivered {
    pub(crate) problem: String,
    /// Whether trying again may help.
    pub(crate) may_pass: bool,
}

/// A queue, and the thread that empties it. Dropping it waits for what is under way, as long as it was told to.
pub(crate) struct Postman {
    queue: Option<Sender<Note>>,
    answers: Receiver<Result<(), String>>,
    under_way: usize,
    problems: Vec<String>,
    patience: Duration,
}

/// Seconds before the first try again; each later pause is twice as long.
const PAUSE: f64 = 0.25;

impl Postman {
    /// A postman for these ways.
    pub(crate) fn new(ways: Vec<Box<dyn Way>>, patience: Duration) -> Result<Self, PluginError> {
        let (queue, notes) = channel::<Note>();
        let (tell, answers) = channel();
        let work = move || {
            for note in notes {
                let failed: Vec<String> = ways.iter().filter_map(|way| deliver(&**way, &note).err()).collect();
                let answer = if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) };
                if tell.send(answer).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("notification".into()).spawn(work);
        thread.map_err(|error| PluginError::failed(format!("no thread to send on: {error}")))?;
        Ok(Self { queue: Some(queue), answers, under_way: 0, problems: Vec::new(), patience })
    }

    /// Puts a message into the queue.
    pub(crate) fn send(&mut self, note: Note) {
        let sent = self.queue.as_ref().is_some_and(|queue| queue.send(note).is_ok());
        if sent {
            self.under_way += 1;
        } else {
            self.problems.push("the thread that sends has ended; activate the plugin again".into());
        }
    }

    /// Waits at most so long until everything is sent; how many are still under way.
    pub(crate) fn settle(&mut self, wait: Duration) -> usize {
        let until = Instant::now() + wait;
        while self.under_way > 0 {
            let Ok(answer) = self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
            self.under_way -= 1;
            self.problems.extend(answer.err());
        }
        self.under_way
    }

    /// What went wrong since the last call.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        self.queue = None;
        self.settle(self.patience);
    }
}

/// Tries until it arrives, it cannot, or all tries are used up.
fn deliver(way: &dyn Way, note: &Note) -> Result<(), String> {
    let mut tried = 0;
    loop {
        match way.send(note) {
            Ok(()) => return Ok(()),
            Err(Undelivered { may_pass: true, .. }) if tried < way.retries() => {
                std::thread::sleep(Duration::from_secs_f64(PAUSE * f64::from(1u32 << tried.min(6))));
                tried += 1;
            }
            Err(Undelivered { problem, .. }) if tried > 0 => {
                return Err(format!("{problem} (tried {} times)", tried + 1));
            }
            Err(Undelivered { problem, .. }) => return Err(problem),
        }
    }
}
