//! `candlewick kernel`: the session behind Jupyter's messages.
//!
//! Owns the translation between the two and the end of the process. Must not know sockets, Rhai or tensors.
//! Read [`serve`] first.

use crate::comms::{WIDGET, WIDGET_CONTROL};
use crate::gpus::Gpus;
use crate::history::{Asked, History, Line};
use crate::session::{Cell, Output, OutputSink, Session};
use crate::signals::{Signal, Signals};
use crate::terminal::say;
use crate::usage::Meter;
use crate::widgets::Widgets;
use crate::worker_process::huge_pages;
use crate::{history_file, lab, parent};
use anyhow::{Context, Result};
use candlewick_jupyter as jupyter;
use candlewick_link::{Bundle, Comm, CommWhat, Completion, CompletionKind, Finished, Problem, StreamName};
use jupyter::{
    CompleteReply, CompleteRequest, ExecuteReply, ExecuteRequest, HistoryAccess, HistoryEntry, HistoryRequest,
    InspectReply, InspectRequest, IsCompleteReply, KernelInfo, LanguageInfo, Match, Message, MimeBundle, Outputs,
};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Serves the connection file until a client, a signal or the end of the parent says stop.
///
/// # Errors
/// The connection file is missing, malformed or served already, or the worker's process can't be made.
pub fn serve(connection_file: &Path) -> Result<()> {
    huge_pages(false);
    let connection = jupyter::ConnectionFile::read(connection_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        // The sockets first: a file that is served already must not cost a worker.
        let server = jupyter::Server::start(&connection).await?;
        // Set by notebook servers, and by nothing that takes output as fast as it comes.
        let served = std::env::var_os("JPY_SESSION_NAME").is_some();
        if served && std::env::var_os(lab::NO_DATA_LIMIT).is_none() {
            server.hold_back_text();
        }
        let program = std::env::current_exe().context("can't find this executable's own path")?;
        let session = Arc::new(Session::start(&program, Path::new("."), history())?);
        let kernel = Arc::new(RhaiKernel::new(session.clone(), server.outputs()));
        let stopper = server.stopper();
        let mut serving = std::pin::pin!(server.serve(kernel));
        tokio::select! {
            _ = &mut serving => {}
            end = asked_to_end(&session) => {
                end?;
                // What was published has yet to reach the clients.
                stopper.stop();
                serving.await;
            }
        }
        session.shutdown().await;
        Ok(())
    })
}

/// Kept in a file, unless the user says otherwise or has no home.
fn history() -> History {
    match history_file::place() {
        Ok(Some(path)) => History::kept_in(path),
        Ok(None) => History::default(),
        Err(error) => {
            say(&format!("candlewick: {error:#}; the history is kept in memory"));
            History::default()
        }
    }
}

/// SIGTERM, or the end of the Jupyter that started this kernel. SIGINT interrupts, as it does elsewhere.
async fn asked_to_end(session: &Session) -> Result<()> {
    let mut signals = Signals::listen()?;
    let signalled = async {
        while signals.next().await == Signal::Interrupt {
            session.interrupt();
        }
    };
    tokio::select! {
        () = signalled => {}
        () = parent::ended() => {}
    }
    Ok(())
}

/// The version of the widget protocol. An `update` from a front end is not taken and not echoed: the widgets here change
/// their state themselves, and front ends speak to them by custom messages.
const WIDGET_PROTOCOL: &str = "2.1.0";

struct RhaiKernel {
    session: Arc<Session>,
    meter: Meter,
    gpus: Gpus,
    widgets: Widgets,
    /// Ids of the comms on which front ends ask for widgets' states.
    control: Mutex<Vec<String>>,
    /// For what is said out of turn.
    outputs: Outputs,
}

impl RhaiKernel {
    fn new(session: Arc<Session>, outputs: Outputs) -> Self {
        Self {
            session,
            meter: Meter::start(),
            gpus: Gpus::default(),
            widgets: Widgets::default(),
            control: Mutex::default(),
            outputs,
        }
    }

    fn control(&self) -> MutexGuard<'_, Vec<String>> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message that this process answers itself, even while the worker is busy: the state of one widget or of all.
    fn states_asked_for(&self, id: &str, data: &Value) -> Option<Value> {
        match data["method"].as_str()? {
            "request_states" if self.control().iter().any(|own| own == id) => Some(self.session.comms().states()),
            "request_state" => self.session.comms().state(id),
            _ => None,
        }
    }

    /// Opens and closes the front ends' own comms.
    fn note_control(&self, id: &str, message: &Message) {
        match message.msg_type() {
            "comm_open" if message.content["target_name"] == WIDGET_CONTROL => {
                self.widgets.manager_spoke();
                self.control().push(id.to_owned());
            }
            "comm_close" => self.control().retain(|own| own != id),
            _ => {}
        }
    }
}

impl jupyter::Kernel for RhaiKernel {
    async fn kernel_info(&self) -> KernelInfo {
        kernel_info()
    }

    async fn execute(&self, request: ExecuteRequest, outputs: Outputs) -> ExecuteReply {
        let cell = Cell {
            code: request.code,
            number: request.execution_count,
            silent: request.silent,
            store_history: request.store_history,
            expressions: request.user_expressions,
            allow_stdin: request.allow_stdin,
            widgets: self.widgets.can_be_shown(),
        };
        reply(self.session.execute(cell, &ToClients(outputs)).await)
    }

    async fn interrupt(&self) {
        self.session.interrupt();
    }

    async fn shutdown(&self, _restart: bool) {
        self.session.shutdown().await;
    }

    async fn complete(&self, request: CompleteRequest) -> CompleteReply {
        let completions = self.session.complete(request.code, request.cursor_pos).await;
        let matches = completions.matches.into_iter().map(candidate).collect();
        CompleteReply { matches, cursor_start: completions.start, cursor_end: completions.end }
    }

    /// Rust cells are completed by the compiler process, whatever the worker does.
    fn is_beside_cells(&self, message: &Message) -> bool {
        let (code, asked) = (message.content["code"].as_str().unwrap_or_default(), &message.content["cursor_pos"]);
        let end = || code.chars().count() as u64;
        let cursor = asked.as_u64().unwrap_or_else(end) as usize;
        match message.msg_type() {
            "complete_request" | "inspect_request" => self.session.answers_beside(code, cursor),
            "is_complete_request" => self.session.answers_beside(code, usize::MAX),
            _ => false,
        }
    }

    async fn inspect(&self, request: InspectRequest) -> InspectReply {
        let found = self.session.inspect(request.code, request.cursor_pos, request.detail_level).await;
        found.map(|inspection| mime_bundle(inspection.bundle))
    }

    async fn is_complete(&self, code: String) -> IsCompleteReply {
        match self.session.is_complete(code).await {
            Some((status, indent)) => match status.as_str() {
                "complete" => IsCompleteReply::Complete,
                "incomplete" => IsCompleteReply::Incomplete { indent },
                "invalid" => IsCompleteReply::Invalid,
                _ => IsCompleteReply::Unknown,
            },
            None => IsCompleteReply::Unknown,
        }
    }

    async fn history(&self, request: HistoryRequest) -> Vec<HistoryEntry> {
        let asked = match request.access {
            HistoryAccess::Tail { n } => Asked::Tail(n),
            HistoryAccess::Range { session, start, stop } => Asked::Range { session, start, stop },
            HistoryAccess::Search { pattern, n, unique } => Asked::Search { pattern, n, unique },
        };
        self.session.history().ask(asked).await.into_iter().map(entry).collect()
    }

    async fn comm_info(&self, target_name: Option<String>) -> Vec<(String, String)> {
        if matches!(target_name.as_deref(), Some(WIDGET | WIDGET_CONTROL)) {
            self.widgets.manager_spoke();
        }
        self.session.comms().list(target_name.as_deref())
    }

    fn comm_arrived(&self, message: &Message) {
        let id = comm_id(message);
        self.note_control(&id, message);
        let data = message.content["data"].clone();
        if let Some(answer) = self.states_asked_for(&id, &data) {
            let outputs = self.outputs.clone();
            tokio::spawn(async move { publish(&outputs, Comm { id, what: CommWhat::Message, data: answer }).await });
            return;
        }
        if self.session.comms().has(&id) {
            let what = match message.msg_type() {
                "comm_msg" => CommWhat::Message,
                "comm_close" => CommWhat::Close,
                _ => return,
            };
            if what == CommWhat::Close {
                self.session.comms().close(&id);
            }
            self.session.put_comm(Comm { id, what, data });
        }
    }

    async fn comm(&self, message: Message, outputs: Outputs) -> bool {
        let id = comm_id(&message);
        if self.control().contains(&id) {
            return true;
        }
        let is_opening = message.msg_type() == "comm_open";
        // Its close has taken a comm out of the table already; the worker still has to hear of it.
        let is_known = message.msg_type() == "comm_close" || self.session.comms().has(&id);
        if is_known && !is_opening {
            self.session.handle_comms(&ToClients(outputs)).await;
        }
        is_known && !is_opening
    }

    async fn other(&self, request: Message, _outputs: Outputs) -> Option<Value> {
        match request.msg_type() {
            "usage_request" => {
                Some(self.meter.reply(self.session.worker_pid(), self.session.compiler_pid(), &self.gpus.now().await))
            }
            _ => None,
        }
    }
}

/// Sends a cell's outputs to Jupyter's clients.
struct ToClients(Outputs);

impl OutputSink for ToClients {
    async fn put(&self, output: Output) {
        match output {
            Output::Stream(StreamName::Stdout, text) => self.0.stream(jupyter::StreamName::Stdout, text).await,
            Output::Stream(StreamName::Stderr, text) => self.0.stream(jupyter::StreamName::Stderr, text).await,
            Output::Display { bundle, display_id: Some(id), update: true } => {
                self.0.update_display(mime_bundle(bundle), &id).await;
            }
            Output::Display { bundle, display_id, .. } => {
                self.0.display(mime_bundle(bundle), display_id.as_deref()).await;
            }
            Output::Result(bundle) => self.0.execute_result(mime_bundle(bundle)).await,
            Output::Clear { wait } => self.0.clear_output(wait).await,
            Output::Comm(comm) => publish(&self.0, comm).await,
        }
    }

    async fn input(&self, prompt: &str, password: bool) -> Result<String, String> {
        self.0.input(prompt, password).await.map_err(|error| error.to_string())
    }
}

/// Sends a message on a comm to all clients.
async fn publish(outputs: &Outputs, comm: Comm) {
    let Comm { id, what, data } = comm;
    let mut metadata = Map::new();
    let (msg_type, content) = match what {
        CommWhat::Open { target } => {
            if target == WIDGET {
                metadata.insert("version".into(), WIDGET_PROTOCOL.into());
            }
            ("comm_open", json!({"comm_id": id, "target_name": target, "data": data}))
        }
        CommWhat::Message => ("comm_msg", json!({"comm_id": id, "data": data})),
        CommWhat::Close => ("comm_close", json!({"comm_id": id, "data": data})),
    };
    outputs.publish(msg_type, content, metadata, Vec::new()).await;
}

fn comm_id(message: &Message) -> String {
    message.content["comm_id"].as_str().unwrap_or_default().to_owned()
}

fn kernel_info() -> KernelInfo {
    let version = env!("CARGO_PKG_VERSION");
    KernelInfo {
        implementation: "candlewick".into(),
        implementation_version: version.into(),
        banner: format!("Candlewick {version}: Rhai cells, a candle engine and plugins. `%help` lists what there is."),
        language_info: LanguageInfo {
            name: "rhai".into(),
            version: "1.27".into(),
            mimetype: "text/x-rhai".into(),
            file_extension: ".rhai".into(),
            // Neither has Rhai. In the editor JavaScript it is: templates in backticks, and a map opened by `#{` does not
            // throw its parser off as it does the one for Rust.
            pygments_lexer: "rust".into(),
            codemirror_mode: "javascript".into(),
            nbconvert_exporter: "script".into(),
        },
        help_links: vec![
            ("The Rhai book".into(), "https://rhai.rs/book/".into()),
            ("candle".into(), "https://huggingface.github.io/candle/".into()),
        ],
        ..KernelInfo::default()
    }
}

fn reply(finished: Finished) -> ExecuteReply {
    if let Some(problem) = finished.problem {
        return ExecuteReply::Error(failure(problem));
    }
    let user_expressions = finished.expressions.into_iter().map(|(name, value)| {
        let value = value.map(mime_bundle).map_err(failure);
        (name, value)
    });
    ExecuteReply::Ok {
        user_expressions: user_expressions.collect(),
        payload: finished.pages.into_iter().map(|bundle| jupyter::page(&mime_bundle(bundle), 0)).collect(),
    }
}

fn failure(problem: Problem) -> jupyter::Failure {
    jupyter::Failure { ename: problem.name, evalue: problem.message, traceback: problem.traceback }
}

fn mime_bundle(bundle: Bundle) -> MimeBundle {
    MimeBundle { data: bundle.data, metadata: bundle.metadata }
}

fn entry(line: Line) -> HistoryEntry {
    HistoryEntry { session: line.session, line: line.number, input: line.input, output: line.output }
}

fn candidate(completion: Completion) -> Match {
    let kind = match completion.kind {
        CompletionKind::Function => "function",
        CompletionKind::Instance => "instance",
        CompletionKind::Keyword => "keyword",
        CompletionKind::Magic => "magic",
        CompletionKind::Property => "property",
        CompletionKind::Path => "path",
        CompletionKind::Module => "module",
        CompletionKind::Param => "param",
        CompletionKind::Value => "value",
    };
    Match { text: completion.text, kind: kind.into(), signature: completion.signature }
}
