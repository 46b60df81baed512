//! A whole session in this process, built-in plugins included, for data tables of cells.
//!
//! It must not know what is tested. Read [`Session`] first.

#![allow(clippy::unwrap_used, dead_code)] // shared by tests, each of which uses what it needs

use candlewick::plugin_manager::PluginManager;
use candlewick::worker::room::Room;
use candlewick::worker::rust::{Failure, enter};
use candlewick::worker::{Host, Outbox};
use candlewick_link::{Execute, FromWorker, Problem, Request, StreamName};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// Runs cells one after the other.
pub struct Session {
    host: Host,
    sent: Arc<Mutex<Vec<FromWorker>>>,
    cells: u64,
}

/// What one cell did.
pub struct Ran {
    /// Everything it sent, in order.
    pub sent: Vec<FromWorker>,
    /// How it failed, if it did.
    pub problem: Option<Problem>,
}

impl Session {
    /// A session in which nothing has run.
    pub fn new() -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let host = Host::new(Outbox::new(sent.clone()));
        candlewick::install_built_in_plugins(&mut host.session().plugins.borrow_mut());
        host.register_built_in();
        Self { host, sent, cells: 0 }
    }

    /// Runs a cell, however it ends.
    pub fn run(&mut self, code: &str) -> Ran {
        self.cells += 1;
        let cell = Execute { code: code.to_owned(), cell: self.cells, ..Execute::default() };
        let problem = self.host.execute(&cell).problem;
        Ran { sent: std::mem::take(&mut self.sent.lock().unwrap()), problem }
    }

    /// Runs a cell that goes well; its result as text without quotes, empty where it has none.
    pub fn value(&mut self, code: &str) -> String {
        self.good(code).result()
    }

    /// Runs a cell that goes well.
    pub fn good(&mut self, code: &str) -> Ran {
        let ran = self.run(code);
        let traceback = ran.problem.as_ref().map(|problem| problem.traceback.join("\n"));
        assert_eq!(traceback, None, "{code}");
        ran
    }

    /// Runs a cell that fails.
    pub fn problem(&mut self, code: &str) -> Problem {
        self.run(code).problem.unwrap_or_else(|| panic!("this should have failed: {code}"))
    }

    /// Runs Rust code as a cell of Rust does; what it gave, and what it did.
    pub fn rust<R>(&mut self, cell: impl FnOnce() -> R) -> (R, Ran, Option<Failure>) {
        let (given, failure) = enter(&mut self.host, cell);
        (given, Ran { sent: std::mem::take(&mut self.sent.lock().unwrap()), problem: None }, failure)
    }

    /// Answers a request.
    pub fn ask(&mut self, request: Request) -> FromWorker {
        self.host.answer(1, request)
    }

    /// The registered plugins.
    pub fn plugins(&self) -> Rc<RefCell<PluginManager>> {
        self.host.session().plugins.clone()
    }

    /// What watches the memory of cells.
    pub fn room(&self) -> Rc<Room> {
        self.host.session().room.clone()
    }
}

impl Ran {
    /// The text of its result, empty where it has none.
    pub fn result(&self) -> String {
        let text = |message: &FromWorker| match message {
            FromWorker::Result { bundle } => bundle.get("text/plain").map(str::to_owned),
            _ => None,
        };
        let text = self.sent.iter().find_map(text).unwrap_or_default();
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned).unwrap_or(text)
    }

    /// What it wrote to a stream.
    pub fn stream(&self, wanted: StreamName) -> String {
        let text = |message: &FromWorker| match message {
            FromWorker::Stream { name, text } if *name == wanted => Some(text.clone()),
            _ => None,
        };
        self.sent.iter().filter_map(text).collect()
    }

    /// What it printed.
    pub fn printed(&self) -> String {
        self.stream(StreamName::Stdout)
    }

    /// What it warned of.
    pub fn warned(&self) -> String {
        self.stream(StreamName::Stderr)
    }

    /// The displays whose id ends so: id, whether an update, and whether SVG and text are both there.
    pub fn displays(&self, ending: &str) -> Vec<(String, bool, bool)> {
        let display = |message: &FromWorker| match message {
            FromWorker::Display { bundle, display_id: Some(id), update } if id.ends_with(ending) => {
                let drawn = bundle.get("image/svg+xml").is_some_and(|svg| svg.starts_with("<svg"));
                Some((id.clone(), *update, drawn && bundle.get("text/plain").is_some_and(|text| !text.is_empty())))
            }
            _ => None,
        };
        self.sent.iter().filter_map(display).collect()
    }
}

/// Runs a test on a thread with the stack that the worker's engine thread has.
pub fn on_engine_thread(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(test).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
