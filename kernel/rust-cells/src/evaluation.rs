//! The thread that owns the Rust session: it serves evaluating requests in the order in which they came.
//!
//! Owns what happens to a cell between its arrival and its answer, and what is known of the session. Must not know
//! sockets. Read [`Evaluation`] first.

use crate::analysis::Known;
use crate::analysis_thread::AnalysisThread;
use crate::cell::{self, Compiled, Knowledge, Typed};
use crate::conversation::{Asker, LinesOf, Outcome};
use crate::directory::Directory;
use crate::journal::Journal;
use crate::notices::{self, Kept};
use crate::renewal;
use crate::service::{Job, Service, Work, interrupted};
use crate::session::Session;
use crate::toolchain::Tools;
use crate::{panics, problem, processes};
use candlewick_link::{CompilerIs, Evaluated, Problem, RustCell};
use evcxr::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// The problem that nobody hears: who would run the cell has gone.
const GONE: &str = "WorkerGone";
/// The exit code after a panic in evcxr.
const PANICKED: i32 = 70;
const NETWORK: &str = "a dependency is not on this machine yet: asking the network for it";

/// The session and what is known of it.
pub(crate) struct Evaluation {
    service: Arc<Service>,
    analysis: Arc<AnalysisThread>,
    tools: Tools,
    session: Session,
    journal: Journal,
    /// Variables of an earlier compiler process whose values a worker still has.
    to_adopt: Vec<(String, String)>,
    kept: Kept,
    notices: Vec<String>,
    memory: u64,
    /// It takes more than it may, and ends after this cell.
    outgrown: bool,
}

impl Evaluation {
    /// Starts the session and restores what an earlier process has left.
    ///
    /// # Errors
    /// Why nothing can be compiled.
    pub fn start(
        service: Arc<Service>,
        analysis: Arc<AnalysisThread>,
        tools: Tools,
        notebook: PathBuf,
        memory: u64,
    ) -> Result<Self, String> {
        let mut session = Session::start(&service.directory).map_err(|error| error.to_string())?;
        // evcxr has looked for its configuration; from now on relative paths are the notebook's. Other threads use none.
        drop(std::env::set_current_dir(&notebook));
        let earlier = Journal::read(&service.directory);
        let (mut journal, kept) = restore(&mut session, earlier, &service.directory).map_err(|error| {
            let library = tools.library.display();
            format!("a first cell cannot be compiled with {library}: {error}; `candlewick doctor` says what is missing")
        })?;
        journal.knowledge.directory = notebook;
        let to_adopt = std::mem::take(&mut journal.knowledge.variables);
        if !service.is_awaited() {
            session.warm_check();
        }
        service.set_low_priority(false);
        let mut evaluation = Self {
            service,
            analysis,
            tools,
            session,
            journal,
            to_adopt,
            kept,
            notices: Vec::new(),
            memory,
            outgrown: false,
        };
        evaluation.note();
        evaluation.service.update(|status| status.warm = true);
        Ok(evaluation)
    }

    /// Serves requests until the process is to end; its exit code.
    pub fn serve(mut self) -> i32 {
        loop {
            let job = self.service.begin();
            match panics::caught(|| self.answer(&job)) {
                Ok(answer) if self.outgrown => {
                    self.service.finish_last(answer);
                    return 0;
                }
                Ok(answer) => self.service.finish(answer),
                Err(message) => {
                    self.service.finish_last(panicked(&message));
                    return PANICKED;
                }
            }
        }
    }

    fn answer(&mut self, job: &Job) -> CompilerIs {
        let done = match &job.work {
            Work::Evaluate(cell) => return self.evaluate(job, cell),
            Work::Hello { worker } => self.meet(*worker),
            Work::Warm => Ok(()),
            Work::Clear => self.clear(),
        };
        self.note();
        match done {
            Ok(()) => CompilerIs::Status(self.service.status()),
            Err(error) => CompilerIs::Failed(problem("CompilerError", &error)),
        }
    }

    /// A new worker has none of the values that the one before had.
    fn meet(&mut self, worker: u32) -> Result<(), Error> {
        if self.journal.worker == Some(worker) {
            return Ok(());
        }
        self.journal.worker = Some(worker);
        self.journal.stale = false;
        self.kept.lost.extend(names(std::mem::take(&mut self.to_adopt)));
        self.notices.extend(notices::lost_with_worker(&names(self.session.variables())));
        let forgotten = self.forget_variables();
        self.refresh();
        forgotten
    }

    fn forget_variables(&mut self) -> Result<(), Error> {
        // The relay may end just after evcxr has heard that all went well.
        for _ in 0..3 {
            if self.session.variables().is_empty() {
                break;
            }
            self.service.conversation.hang_up();
            self.session.forget_variables()?;
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Error> {
        // The worker has the values until something is run there.
        self.journal.stale |= !self.session.variables().is_empty() || !self.to_adopt.is_empty();
        self.to_adopt.clear();
        self.kept = Kept::default();
        if !self.journal.knowledge.texts.is_empty() {
            // Rhai's variables, plugins and functions may still hold values of the types that are forgotten.
            self.set_types(self.types() + 1);
        }
        self.journal.knowledge.clear();
        self.session.clear()
    }

    fn evaluate(&mut self, job: &Job, cell: &RustCell) -> CompilerIs {
        if let Some(missing) = self.tools.missing() {
            self.service.update(|status| status.refused = Some(missing.clone()));
            return failed(problem("ToolchainError", &missing));
        }
        self.service.update(|status| status.refused = None);
        self.adopt(job);
        if self.service.is_cancelled() {
            return interrupted();
        }
        let mut evaluated = self
            .compile_and_run(job, cell)
            .unwrap_or_else(|problem| Evaluated { problem: Some(problem), ..Evaluated::default() });
        self.note();
        if evaluated.problem.as_ref().is_some_and(|problem| problem.name == GONE) {
            return CompilerIs::Evaluated(evaluated);
        }
        if self.service.is_cancelled() && evaluated.problem.is_some() {
            return interrupted();
        }
        evaluated.variables.clone_from(&self.journal.knowledge.variables);
        evaluated
            .notices
            .splice(0..0, std::mem::take(&mut self.kept).notice().into_iter().chain(self.notices.drain(..)));
        evaluated.notices.extend(self.make_way());
        CompilerIs::Evaluated(evaluated)
    }

    fn compile_and_run(&mut self, job: &Job, cell: &RustCell) -> Result<Evaluated, Problem> {
        let prepared = cell::prepare(cell, &self.journal.knowledge)?;
        if prepared.clears() {
            self.clear().map_err(|error| problem("CompilerError", &error))?;
            self.drop_stale(job);
        }
        let service = Arc::clone(&self.service);
        let going_online = || service.tell(NETWORK);
        let typed = match prepared.probe() {
            None => prepared.untyped(),
            Some(probe) => {
                let probe = probe.to_owned();
                let errors =
                    self.session.check(&probe, &going_online).map_err(|error| problem("CompileError", &error))?;
                if self.service.is_cancelled() {
                    return Err(Problem::default());
                }
                let (diagnostics, source) = (self.session.diagnostics(), self.session.source());
                let compiled = Compiled { diagnostics: &diagnostics, source: &source, errors: &errors };
                prepared.types(&compiled).inspect_err(|_| self.journal.knowledge.failed(&compiled))?
            }
        };
        self.run(job, &typed, &going_online)
    }

    fn run(&mut self, job: &Job, typed: &Typed, going_online: &dyn Fn()) -> Result<Evaluated, Problem> {
        let types = self.types();
        let knowledge = &self.journal.knowledge;
        if knowledge.changes_dependencies(typed) || renewal::changes_types(&knowledge.texts, &typed.items()) {
            self.set_types(types + 1);
        }
        let (ran, outcome) = match typed.text() {
            "" => (Ok(()), Outcome::default()),
            text => {
                let own = typed.clone();
                let lines = Box::new(move |source: &str| own.lines(source));
                self.asking(job, lines, |session| session.execute(text, going_online))
            }
        };
        let diagnostics = if typed.text().is_empty() { Vec::new() } else { self.session.diagnostics() };
        let source = self.session.source();
        let mut compiled = Compiled { diagnostics: &diagnostics, source: &source, errors: &[] };
        if let Err(error) = ran {
            self.set_types(types);
            if outcome.gone {
                // evcxr has forgotten them: its child has ended.
                self.notices.extend(notices::lost_with_worker(&names(self.journal.knowledge.variables.clone())));
                self.refresh();
                return Err(problem(GONE, &"the process that runs Rust cells ended while this one ran"));
            }
            if let Error::CompilationErrors(errors) = &error {
                compiled.errors = errors;
            }
            self.journal.knowledge.failed(&compiled);
            return Err(outcome.problem.unwrap_or_else(|| typed.problem(&error, &compiled)));
        }
        self.journal.knowledge.learn(typed);
        self.refresh();
        Ok(Evaluated {
            problem: outcome.problem,
            shown: typed.shown(&self.journal.knowledge),
            warnings: typed.warnings(&compiled),
            notices: notices::lost_by_type(&outcome.lost).into_iter().collect(),
            variables: Vec::new(),
        })
    }

    /// Has what is compiled run by who asks.
    fn asking<T>(&mut self, job: &Job, lines: LinesOf, act: impl FnOnce(&mut Session) -> T) -> (T, Outcome) {
        self.service.conversation.begin(Asker { client: Arc::clone(&job.client), lines });
        let done = act(&mut self.session);
        (done, self.service.conversation.end())
    }

    /// Takes over the values that an earlier compiler process has left in the same worker: all at once, or, when one of
    /// them does not compile, one by one.
    fn adopt(&mut self, job: &Job) {
        self.drop_stale(job);
        let variables = std::mem::take(&mut self.to_adopt);
        if variables.is_empty() {
            return;
        }
        let take = |(name, kind): &(String, String)| {
            format!("let mut {name}: {kind} = evcxr_variable_store.take_variable::<{kind}>(\"{name}\");\n")
        };
        let all: String = variables.iter().map(take).collect();
        if self.asking(job, Box::new(|_| Vec::new()), |session| session.execute(&all, &|| ())).0.is_err() {
            for variable in &variables {
                let one = take(variable);
                drop(self.asking(job, Box::new(|_| Vec::new()), |session| session.execute(&one, &|| ())));
            }
        }
        if self.service.is_cancelled() {
            // The next cell takes what this one has not.
            let there = names(self.session.variables());
            self.to_adopt = variables.into_iter().filter(|(name, _)| !there.contains(name)).collect();
            return;
        }
        self.kept.variables = names(self.session.variables());
        let lost = names(variables).into_iter().filter(|name| !self.kept.variables.contains(name));
        self.kept.lost.extend(lost);
        self.refresh();
    }

    /// Drops the values in the worker that nothing names since the session was cleared.
    fn drop_stale(&mut self, job: &Job) {
        if !self.journal.stale {
            return;
        }
        let text = "*evcxr_variable_store = evcxr_internal_runtime::VariableStore::new();";
        let (dropped, _) = self.asking(job, Box::new(|_| Vec::new()), |session| session.execute(text, &|| ()));
        self.journal.stale = dropped.is_err();
    }

    fn types(&self) -> u64 {
        types(&self.service.directory)
    }

    fn set_types(&self, number: u64) {
        set_types(&self.service.directory, number);
    }

    fn refresh(&mut self) {
        self.journal.knowledge.variables = self.session.variables();
        self.journal.knowledge.items = self.session.items();
    }

    /// Writes down what there is, for the status and for the next process.
    fn note(&mut self) {
        let mut journal = self.journal.clone();
        journal.knowledge.variables.extend(self.to_adopt.iter().cloned());
        journal.write(&self.service.directory);
        let knowledge = journal.knowledge;
        self.service.set_known(Known {
            items: knowledge.texts.iter().map(|item| item.text.clone()).collect(),
            variables: knowledge.variables.clone(),
            dependencies: knowledge.dependencies.clone(),
        });
        self.service.update(|status| {
            status.items = item_names(&knowledge);
            status.dependencies = knowledge.dependencies;
            status.variables = knowledge.variables;
        });
    }

    /// What completion has read is given back first.
    fn make_way(&mut self) -> Option<String> {
        if processes::resident() > self.memory {
            self.analysis.unload();
        }
        let resident = processes::resident();
        self.outgrown = resident > self.memory;
        self.outgrown.then(|| {
            format!(
                "the compiler of Rust cells took {} MB, more than the {} MB it may; it was ended, and the next Rust cell starts \
                 another one, with this session's items, dependencies and variables",
                resident >> 20,
                self.memory >> 20
            )
        })
    }
}

/// Compiles what every cell sees and what the journal holds; without what does not compile any more.
/// How often a type was defined anew. The wrapper of rustc reads the file too.
fn types(directory: &Directory) -> u64 {
    let text = std::fs::read_to_string(directory.types()).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

fn set_types(directory: &Directory, number: u64) {
    // None is not the same to rustc as 0.
    if number == 0 {
        drop(std::fs::remove_file(directory.types()));
    } else if number != types(directory) {
        drop(std::fs::write(directory.types(), number.to_string()));
    }
}

fn restore(session: &mut Session, earlier: Option<Journal>, directory: &Directory) -> Result<(Journal, Kept), Error> {
    let Some(mut journal) = earlier else {
        session.begin(&[], "")?;
        return Ok((Journal::default(), Kept::default()));
    };
    let knowledge = &mut journal.knowledge;
    let texts = knowledge.sources().join("\n");
    let mut kept =
        Kept { items: item_names(knowledge), dependencies: knowledge.dependencies.clone(), ..Kept::default() };
    if session.begin(&knowledge.dependencies, &texts).is_err() {
        set_types(directory, types(directory) + 1);
        session.begin(&[], "")?;
        let variables = std::mem::take(&mut knowledge.variables);
        let lost = [kept.items, kept.dependencies, names(variables)].concat();
        kept = Kept { lost, ..Kept::default() };
        let directory = std::mem::take(&mut knowledge.directory);
        *knowledge = Knowledge { directory, ..Knowledge::default() };
        journal.stale = true;
    }
    journal.knowledge.items = session.items();
    Ok((journal, kept))
}

fn item_names(knowledge: &Knowledge) -> Vec<String> {
    let mut names = knowledge.names();
    names.sort();
    names.dedup();
    names
}

fn names(variables: Vec<(String, String)>) -> Vec<String> {
    variables.into_iter().map(|(name, _)| name).collect()
}

fn failed(problem: Problem) -> CompilerIs {
    CompilerIs::Evaluated(Evaluated { problem: Some(problem), ..Evaluated::default() })
}

fn panicked(message: &str) -> CompilerIs {
    let message = format!(
        "evcxr panicked while it compiled this cell: {message}. The compiler was ended; the next Rust cell starts another \
         one, with this session's items, dependencies and variables"
    );
    failed(problem("CompilerError", &message))
}
