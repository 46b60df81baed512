//! `candlewick kernel`: the session behind Jupyter's messages.
//!
//! Owns the translation between the two and the end of the process. Must not know sockets, Rhai or tensors.
//! Read [`serve`] first.

use crate::history::{Line, SESSION};
use crate::session::{Cell, Output, OutputSink, Session};
use crate::signals::{Signal, Signals};
use crate::usage;
use anyhow::{Context, Result};
use candlewick_jupyter as jupyter;
use candlewick_link::{Bundle, Completion, CompletionKind, Finished, Problem, StreamName};
use jupyter::{
    CompleteReply, CompleteRequest, ExecuteReply, ExecuteRequest, HistoryAccess, HistoryEntry, HistoryRequest,
    InspectReply, InspectRequest, IsCompleteReply, KernelInfo, LanguageInfo, Match, Message, MimeBundle, Outputs,
};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Serves the connection file until a client, a signal or the end of the parent says stop.
///
/// # Errors
/// The connection file is missing, malformed or served already, or the worker's process can't be made.
pub fn serve(connection_file: &Path) -> Result<()> {
    let connection = jupyter::ConnectionFile::read(connection_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        // The sockets first: a file that is served already must not cost a worker.
        let server = jupyter::Server::start(&connection).await?;
        // Set by notebook servers, and by nothing that takes output as fast as it comes.
        if std::env::var_os("JPY_SESSION_NAME").is_some() {
            server.hold_back_text();
        }
        let program = std::env::current_exe().context("can't find this executable's own path")?;
        let session = Arc::new(Session::start(&program, Path::new("."))?);
        let kernel = Arc::new(RhaiKernel { session: session.clone() });
        tokio::select! {
            _ = server.serve(kernel) => {}
            end = asked_to_end(&session) => end?,
        }
        session.shutdown().await;
        Ok(())
    })
}

/// SIGTERM, or the end of the Jupyter that started this kernel. SIGINT interrupts, as it does elsewhere.
async fn asked_to_end(session: &Session) -> Result<()> {
    let mut signals = Signals::listen()?;
    let parent = std::env::var_os("JPY_PARENT_PID").and_then(|_| rustix::process::getppid());
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Terminate => return Ok(()),
                Signal::Interrupt => session.interrupt(),
            },
            _ = look.tick() => if parent.is_some() && rustix::process::getppid() != parent { return Ok(()) },
        }
    }
}

struct RhaiKernel {
    session: Arc<Session>,
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
        let history = self.session.history();
        let lines = match request.access {
            HistoryAccess::Tail { n } => history.tail(n),
            // Sessions before this one are not kept.
            HistoryAccess::Range { session: 0 | SESSION, start, stop } => history.range(start, stop),
            HistoryAccess::Range { .. } => Vec::new(),
            HistoryAccess::Search { pattern, n, unique } => history.search(&pattern, n, unique),
        };
        lines.into_iter().map(entry).collect()
    }

    async fn other(&self, request: Message, _outputs: Outputs) -> Option<Value> {
        match request.msg_type() {
            "usage_request" => Some(usage::reply(self.session.worker_pid())),
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
        }
    }
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
    HistoryEntry { session: SESSION, line: line.number, input: line.input, output: line.output }
}

fn candidate(completion: Completion) -> Match {
    let kind = match completion.kind {
        CompletionKind::Function => "function",
        CompletionKind::Instance => "instance",
        CompletionKind::Keyword => "keyword",
        CompletionKind::Magic => "magic",
        CompletionKind::Property => "property",
        CompletionKind::Path => "path",
    };
    Match { text: completion.text, kind: kind.into(), signature: completion.signature }
}
