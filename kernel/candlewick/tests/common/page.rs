//! A session whose outputs a page with widgets shows, and a hand that presses the page's buttons from another thread.
//!
//! It must not know what is tested. Read [`Page`] first.

use candlewick::worker::{Host, Inbox, Outbox, Sink};
use candlewick_link::{Comm, CommWhat, Execute, FromWorker, Problem, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// The MIME type of a widget's view.
pub const VIEW: &str = "application/vnd.jupyter.widget-view+json";

/// Everything a session has sent.
#[derive(Clone, Default)]
pub struct Page(Arc<Shown>, Inbox);

#[derive(Default)]
struct Shown {
    sent: Mutex<Vec<FromWorker>>,
    more: Condvar,
}

impl Sink for Page {
    fn take(&mut self, message: FromWorker) {
        self.sent().push(message);
        self.0.more.notify_all();
    }
}

impl Page {
    /// The state of the newest widget; null before the first.
    pub fn model(&self) -> Value {
        model(&self.sent()).1
    }

    /// The id of the newest widget.
    pub fn id(&self) -> String {
        model(&self.sent()).0
    }

    /// Waits until the newest widget's state is as wanted.
    pub fn wait(&self, wanted: impl Fn(&Value) -> bool) {
        let not_yet = |sent: &mut Vec<FromWorker>| !wanted(&model(sent).1);
        let (sent, waited) = self.0.more.wait_timeout_while(self.sent(), Duration::from_secs(60), not_yet).unwrap();
        assert!(!waited.timed_out(), "the widget's state never came: {}", model(&sent).1);
    }

    /// Waits until the run is held at this hook.
    pub fn wait_at(&self, hook: &str) {
        let place = format!("at {hook},");
        self.wait(|model| model["state"] == "paused" && model["where"].as_str().unwrap_or("").starts_with(&place));
    }

    /// Presses a button of the newest widget.
    pub fn press(&self, action: &str) {
        self.press_on(&self.id(), action);
    }

    /// Presses a button of a widget.
    pub fn press_on(&self, id: &str, action: &str) {
        self.send(id, CommWhat::Message, json!({ "method": "custom", "content": { "action": action } }));
    }

    /// Sends a message on a comm.
    pub fn send(&self, id: &str, what: CommWhat, data: Value) {
        self.1.put_comm(Comm { id: id.to_owned(), what, data });
    }

    fn sent(&self) -> MutexGuard<'_, Vec<FromWorker>> {
        self.0.sent.lock().unwrap()
    }
}

fn model(sent: &[FromWorker]) -> (String, Value) {
    let mut newest = (String::new(), Value::Null);
    for comm in sent.iter().filter_map(comm) {
        match comm.what {
            CommWhat::Open { .. } => newest = (comm.id.clone(), comm.data["state"].clone()),
            CommWhat::Message if comm.id == newest.0 => {
                for (key, value) in comm.data["state"].as_object().unwrap() {
                    newest.1[key] = value.clone();
                }
            }
            _ => {}
        }
    }
    newest
}

fn comm(message: &FromWorker) -> Option<&Comm> {
    if let FromWorker::Comm(comm) = message { Some(comm) } else { None }
}

/// Runs cells whose outputs a page shows.
pub struct Paged {
    pub host: Host,
    pub page: Page,
    cells: u64,
    seen: usize,
}

impl Paged {
    /// A session in which nothing has run.
    pub fn new() -> Self {
        let page = Page::default();
        let host = Host::with_inbox(Outbox::new(page.clone()), page.1.clone());
        candlewick::install_built_in_plugins(&mut host.session().plugins.borrow_mut());
        Self { host, page, cells: 0, seen: 0 }
    }

    /// Runs a cell: what it sent and how it failed.
    pub fn run(&mut self, code: &str) -> (Vec<FromWorker>, Option<Problem>) {
        self.cells += 1;
        let cell = Execute { code: code.to_owned(), cell: self.cells, widgets: true, ..Execute::default() };
        let problem = self.host.execute(&cell).problem;
        (self.since(), problem)
    }

    /// Runs a cell that goes well; what it sent.
    pub fn good(&mut self, code: &str) -> Vec<FromWorker> {
        let (sent, problem) = self.run(code);
        assert_eq!(problem.map(|problem| problem.traceback.join("\n")), None, "{code}");
        sent
    }

    /// Runs a cell that goes well; its result as text without quotes.
    pub fn value(&mut self, code: &str) -> String {
        let sent = self.good(code);
        let text = |message: &FromWorker| match message {
            FromWorker::Result { bundle } => bundle.get("text/plain").map(str::to_owned),
            _ => None,
        };
        sent.iter().find_map(text).unwrap_or_default().trim_matches('"').to_owned()
    }

    /// Presses a button while no cell runs; what was sent.
    pub fn press(&mut self, action: &str) -> Vec<FromWorker> {
        self.page.press(action);
        self.serve()
    }

    /// Lets the session handle messages on comms, as the kernel process does in a message's turn.
    pub fn serve(&mut self) -> Vec<FromWorker> {
        drop(self.host.answer(0, Request::Comms));
        self.since()
    }

    /// The bits of the net's parameters.
    pub fn parameters(&mut self) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.safetensors");
        self.good(&format!("net.save({path:?});"));
        std::fs::read(path).unwrap()
    }

    fn since(&mut self) -> Vec<FromWorker> {
        let sent = self.page.sent()[self.seen..].to_vec();
        self.seen += sent.len();
        sent
    }
}

/// Each message in a few words: what it is and whether a widget's view is in it.
pub fn kinds(sent: &[FromWorker]) -> Vec<&'static str> {
    sent.iter().map(kind).collect()
}

fn kind(message: &FromWorker) -> &'static str {
    match message {
        FromWorker::Comm(Comm { what: CommWhat::Open { .. }, .. }) => "open",
        FromWorker::Comm(Comm { what: CommWhat::Message, .. }) => "tell",
        FromWorker::Comm(Comm { what: CommWhat::Close, .. }) => "close",
        FromWorker::Display { bundle, update: false, .. } if bundle.data.contains_key(VIEW) => "view",
        FromWorker::Display { bundle, update: true, .. } if !bundle.data.contains_key(VIEW) => "picture",
        FromWorker::Display { .. } => "display",
        FromWorker::Result { .. } => "result",
        FromWorker::Stream { .. } => "text",
        FromWorker::Checkpoint { .. } => "checkpoint",
        _ => "other",
    }
}
