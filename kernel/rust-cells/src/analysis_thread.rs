//! The thread that asks the analysis: completion and hover never delay cells, nor the reading of their interrupt.
//!
//! Must not know how an answer is found. Read [`AnalysisThread`] first.

use crate::CompilerError;
use crate::analysis::{Analysis, Known};
use crate::clients::Client;
use crate::panics;
use crate::service::Service;
use candlewick_link::{CompilerIs, Completions};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Who answers questions about the text of cells.
pub(crate) struct AnalysisThread {
    analysis: Arc<Analysis>,
    questions: Sender<Question>,
}

struct Question {
    client: Arc<Client>,
    id: u64,
    code: String,
    cursor: usize,
    /// How much is to be told of what stands there; none for candidates.
    detail: Option<u8>,
}

impl AnalysisThread {
    /// Starts it; nothing is read yet. `standard_library` is where the sources of the standard library are.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn start(service: Arc<Service>, standard_library: Option<&Path>) -> Result<Self, CompilerError> {
        let (questions, asked) = channel();
        let analysis = Arc::new(Analysis::new(standard_library));
        let asker = Arc::clone(&analysis);
        let serve = move || serve(&service, &asker, &asked);
        let started = std::thread::Builder::new().name("analysis".into()).spawn(serve);
        started.map_err(|error| CompilerError::Start(format!("no thread for completion: {error}")))?;
        Ok(Self { analysis, questions })
    }

    /// Begins to read the sources.
    pub fn warm(&self) {
        self.analysis.warm();
    }

    /// Gives the memory back that what was read takes.
    pub fn unload(&self) {
        self.analysis.unload();
    }

    /// Whether answers come from all sources.
    pub fn is_ready(&self) -> bool {
        self.analysis.is_ready()
    }

    /// Asks for candidates; they are sent to the client.
    pub fn complete(&self, client: &Arc<Client>, id: u64, code: String, cursor: usize) {
        self.ask(client, id, code, cursor, None);
    }

    /// Asks what stands there; it is sent to the client.
    pub fn inspect(&self, client: &Arc<Client>, id: u64, code: String, cursor: usize, detail: u8) {
        self.ask(client, id, code, cursor, Some(detail));
    }

    fn ask(&self, client: &Arc<Client>, id: u64, code: String, cursor: usize, detail: Option<u8>) {
        let question = Question { client: Arc::clone(client), id, code, cursor, detail };
        if let Err(failed) = self.questions.send(question) {
            client.reply(id, nothing(&failed.0));
        }
    }
}

fn serve(service: &Service, analysis: &Analysis, asked: &Receiver<Question>) {
    for question in asked {
        let known = service.known();
        let answer = panics::caught(|| answer(analysis, &known, &question));
        // rust-analyzer panics on some texts; nothing is lost with it, and the next question may go well.
        question.client.reply(question.id, answer.unwrap_or_else(|_| nothing(&question)));
    }
}

fn answer(analysis: &Analysis, known: &Known, question: &Question) -> CompilerIs {
    let Question { code, cursor, .. } = question;
    match question.detail {
        None => CompilerIs::Completions(analysis.complete(known, code, *cursor)),
        Some(detail) => CompilerIs::Inspection(analysis.inspect(known, code, *cursor, detail)),
    }
}

fn nothing(question: &Question) -> CompilerIs {
    let cursor = question.cursor;
    match question.detail {
        None => CompilerIs::Completions(Completions { start: cursor, end: cursor, matches: Vec::new() }),
        Some(_) => CompilerIs::Inspection(None),
    }
}
