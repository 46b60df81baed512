//! Completion and hover in Rust cells, from rust-analyzer's crates and sources that the executable carries.
//!
//! Owns the crate graph, the embedded sources and the thread that answers. It must not know evcxr: what the session has is
//! given with each question ([`Known`]). Read [`Analysis`] first.

mod candidates;
mod cell_text;
mod command;
mod desk;
mod hover;
mod outline;
mod quick;
mod sources;
mod world;

use candlewick_link::{Completions, Inspection};
use cell_text::{CellText, Place, place};
use desk::{Ask, Desk, State};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a Rust session has, as a question needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The source texts of all items so far, `use` lines among them.
    pub items: Vec<String>,
    /// Variables: name and type, such as `("x", "candle_core::Tensor")`.
    pub variables: Vec<(String, String)>,
    /// Dependencies, as `:dep` takes them; their names are offered, their sources are not read.
    pub dependencies: Vec<String>,
}

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Answers questions about Rust cells on a thread of its own, at low priority.
///
/// Nothing is read before [`Analysis::warm`] or the first question. A question waits for the answer, but for no longer than
/// a moment, and never for the sources to be read; ask on a thread that may wait.
#[derive(Debug)]
pub struct Analysis {
    rust_src: Option<PathBuf>,
    limit: Duration,
    state: State,
    /// The thread, once there is one.
    desk: Mutex<Option<Sender<Ask>>>,
}

impl Analysis {
    /// An analysis that has read nothing yet. `rust_src` is the directory `library` of the toolchain's component rust-src;
    /// without it a small stand-in for the standard library is read.
    pub fn new(rust_src: Option<&Path>) -> Self {
        let rust_src = rust_src.map(Path::to_owned);
        Self { rust_src, limit: LIMIT, state: State::default(), desk: Mutex::new(None) }
    }

    /// The same with another limit to how long an answer may take; two seconds otherwise.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Begins to read the sources, and returns at once.
    pub fn warm(&self) {
        if self.state.begin() {
            self.tell(Ask::Read);
        }
    }

    /// Whether answers come from all sources.
    pub fn is_ready(&self) -> bool {
        self.state.is_ready()
    }

    /// Forgets everything that was read, to give its memory back; the next question reads it again.
    pub fn unload(&self) {
        if self.state.forget() {
            self.tell(Ask::Forget);
        }
    }

    /// Candidates at a cursor of a cell, the best first. `code` is the whole cell, its `%%` line included; `cursor` and the
    /// answer's bounds are in code points.
    pub fn complete(&self, known: &Known, code: &str, cursor: usize) -> Completions {
        let at = match place(code, cursor) {
            Place::Code(at) => at,
            Place::Command(before) => return command::candidates(&before, cursor),
            Place::Head => return Completions { start: cursor, end: cursor, matches: Vec::new() },
        };
        let text = code.to_owned();
        let found =
            self.ask(known, code, move |analysis, file, cell| candidates::candidates(analysis, file, cell, &text, at));
        match found {
            Some(found) => quick::with_dependencies(found, known, code, at),
            None => quick::candidates(known, code, at),
        }
    }

    /// What stands at a cursor of a cell; none when nothing is known. `detail` 0 is the short form, 1 all there is.
    pub fn inspect(&self, known: &Known, code: &str, cursor: usize, detail: u8) -> Option<Inspection> {
        let at = match place(code, cursor) {
            Place::Code(at) => at,
            Place::Command(before) => return command::help(&before),
            Place::Head => return None,
        };
        let text = code.to_owned();
        self.ask(known, code, move |analysis, file, cell| hover::hover(analysis, file, cell, &text, at, detail))
            .flatten()
    }

    /// None while the sources are read, for what is not analysed, and for what takes too long.
    fn ask<A: Send + 'static>(
        &self,
        known: &Known,
        code: &str,
        question: impl FnOnce(&ra_ap_ide::Analysis, ra_ap_ide::FileId, &CellText) -> ra_ap_ide::Cancellable<A>
        + Send
        + 'static,
    ) -> Option<A> {
        if !self.is_ready() {
            self.warm();
            return None;
        }
        let cell = CellText::new(known, code)?;
        let (answer, answered) = mpsc::channel();
        let question = move |analysis: &ra_ap_ide::Analysis, file, cell: &CellText| {
            let found = question(analysis, file, cell)?;
            drop(answer.send(found));
            Ok(())
        };
        self.tell(Ask::About(cell, Box::new(question)));
        // A little longer than the desk, which may have to finish another question first.
        answered.recv_timeout(self.limit + self.limit / 4).ok()
    }

    fn tell(&self, ask: Ask) {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if desk.is_none() {
            *desk = Desk::start(self.rust_src.clone(), self.limit, self.state.clone()).ok();
        }
        if let Some(desk) = &*desk {
            drop(desk.send(ask));
        }
    }
}
