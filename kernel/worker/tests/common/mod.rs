//! A host in this process whose output is gathered, for data tables of cells.

#![allow(clippy::unwrap_used)] // shared by tests; clippy sees no #[test] in here

pub mod files;

use candlewick_link::{Execute, Finished, FromWorker, Request, StreamName};
use candlewick_plugin_manager::PluginManager;
use candlewick_worker::configuration::{Configuration, Environment};
use candlewick_worker::{Host, Outbox};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// Runs cells one after the other.
pub struct Bench {
    host: Host,
    sent: Arc<Mutex<Vec<FromWorker>>>,
    cells: u64,
    variables: Vec<String>,
}

#[allow(dead_code)] // each test file uses what it needs
impl Bench {
    /// A host in which nothing has run.
    pub fn new() -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let mut host = Host::new(Outbox::new(sent.clone()));
        host.observe_plugins(None);
        Self { host, sent, cells: 0, variables: Vec::new() }
    }

    /// A host whose session is configured in that directory and by those environment variables only.
    pub fn configured(directory: &std::path::Path, variables: &[(&str, &str)]) -> Self {
        let bench = Self::new();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let configuration = Configuration::at(directory.to_owned(), Environment::of(variables));
        bench.host.session().configuration.replace(configuration);
        bench
    }

    /// The names of variables as the kernel process was told them last.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Runs a cell; what it sent beside the names of its variables, and how it ended.
    pub fn run(&mut self, code: &str) -> (Vec<FromWorker>, Finished) {
        self.cells += 1;
        let cell = Execute { code: code.to_owned(), cell: self.cells, ..Execute::default() };
        let finished = self.host.execute(&cell);
        let mut sent = std::mem::take(&mut *self.sent.lock().unwrap());
        sent.retain(|message| match message {
            FromWorker::Variables { names } => {
                self.variables.clone_from(names);
                false
            }
            _ => true,
        });
        (sent, finished)
    }

    /// Answers a request; what was sent.
    pub fn request(&mut self, request: Request) -> Vec<FromWorker> {
        let answer = self.host.answer(1, request);
        let mut sent = std::mem::take(&mut *self.sent.lock().unwrap());
        sent.push(answer);
        sent
    }

    /// The registered plugins.
    pub fn plugins(&self) -> Rc<RefCell<PluginManager>> {
        self.host.session().plugins.clone()
    }

    /// Runs a cell that goes well; its output as text, standard error after `! `.
    pub fn text(&mut self, code: &str) -> String {
        let (sent, finished) = self.run(code);
        assert_eq!(finished.problem, None, "{code}");
        sent.iter().map(written).collect()
    }

    /// The text of a cell's result.
    pub fn result(&mut self, code: &str) -> String {
        let (sent, finished) = self.run(code);
        assert_eq!(finished.problem, None, "{code}");
        let result = sent.iter().find_map(|message| match message {
            FromWorker::Result { bundle } => bundle.get("text/plain").map(str::to_owned),
            _ => None,
        });
        result.unwrap_or_else(|| panic!("{code} gave nothing"))
    }

    /// What is wrong with a cell: the first line of its traceback.
    pub fn wrong(&mut self, code: &str) -> String {
        self.run(code).1.problem.unwrap_or_else(|| panic!("{code} should have failed")).traceback[0].clone()
    }

    /// The text of what a cell displays.
    pub fn displayed(&mut self, code: &str) -> String {
        let (sent, _) = self.run(code);
        let shown = sent.iter().find_map(|message| match message {
            FromWorker::Display { bundle, .. } => bundle.get("text/plain").map(str::to_owned),
            _ => None,
        });
        shown.unwrap_or_else(|| panic!("{code} displayed nothing"))
    }

    /// Runs cells of which the last one's output counts.
    pub fn last(mut self, cells: &[&str]) -> String {
        let (last, before) = cells.split_last().unwrap();
        before.iter().for_each(|code| drop(self.run(code)));
        self.text(last)
    }

    /// Runs cells of which the last one fails; its traceback.
    pub fn problem(mut self, cells: &[&str]) -> Vec<String> {
        let (last, before) = cells.split_last().unwrap();
        before.iter().for_each(|code| drop(self.text(code)));
        let (_, finished) = self.run(last);
        finished.problem.unwrap_or_else(|| panic!("{last} should have failed")).traceback
    }
}

fn written(message: &FromWorker) -> String {
    match message {
        FromWorker::Stream { name: StreamName::Stdout, text } => text.clone(),
        FromWorker::Stream { name: StreamName::Stderr, text } => format!("! {text}"),
        FromWorker::Result { bundle } => bundle.get("text/plain").unwrap_or("no text").to_owned(),
        other => format!("{other:?}\n"),
    }
}
