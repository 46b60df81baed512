//! A Rust cell from its text to its end: the compiler is asked, what it has built is loaded and run, what came of it is
//! told.
//!
//! Must not know how messages travel or how a build is loaded. Read [`cell`] first, then [`Evaluation`].

use super::client::{Attendant, Client, ClientError, Nobody, directory};
use super::current::{Failure, enter};
use super::errors;
use super::loading::{Loaded, cell_place};
use super::marks;
use super::panics;
use super::progress::Progress;
use super::registering::{self, Registrar};
use crate::Host;
use crate::capture::restore_standard;
use crate::commands::{Call, Outcome};
use crate::host::flush_native_output;
use crate::script::{self, Header};
use candlewick_engine::interrupt;
use candlewick_link::{
    Build, CompilerIs, CompilerRequest, CompilerStatus, Evaluated, FromWorker, Problem, Ran, RustCell, StreamName,
};
use rhai::Dynamic;
use std::ffi::c_void;
use std::ptr::null_mut;

/// What becomes of variables when a cell does not run to its end: evcxr stores the new ones last.
const KEPT: &str = "variables of earlier cells are kept, new ones of this cell are not";

/// Below the compiler's directory: builds under names of their own, those that plugins are made of for as long as the
/// session.
const BUILDS: &str = "plugins";

/// What a worker has of its Rust session.
pub struct RustSession {
    client: Option<Client>,
    /// The variables' values, as the cells' own code keeps them; null before there are any.
    store: *mut c_void,
    /// Variables with their types, as the compiler has them.
    pub variables: Vec<(String, String)>,
}

impl Default for RustSession {
    fn default() -> Self {
        Self { client: None, store: null_mut(), variables: Vec::new() }
    }
}

impl RustSession {
    /// Asks the compiler for what is answered by a status; connects first, which starts it.
    ///
    /// # Errors
    /// It cannot be reached, or ends.
    pub fn status(
        &mut self,
        host: &Host,
        request: CompilerRequest,
        by: &mut dyn Attendant,
    ) -> Result<CompilerStatus, ClientError> {
        let status = self.client(host)?.status_of(request, by);
        if status.is_err() {
            self.client = None;
        }
        let status = status?;
        self.variables.clone_from(&status.variables);
        Ok(status)
    }

    /// The connection; a new one when there is none, or the compiler has ended since.
    fn client(&mut self, host: &Host) -> Result<&mut Client, ClientError> {
        self.client.take_if(|client| client.has_ended());
        match &mut self.client {
            Some(client) => Ok(client),
            none => {
                let client = Client::connect()?;
                host.session().compiler.set(client.greeting.pid);
                self.variables.clone_from(&client.greeting.variables);
                Ok(none.insert(client))
            }
        }
    }
}

/// What one cell is to the compiler and to those who register plugins.
pub struct Written<'a> {
    /// Its text, the `%%` line blank.
    pub body: &'a str,
    /// What its `%%plugin --rust` line says, with the keys that it gives.
    pub header: Option<(Header, Vec<String>)>,
}

/// Runs a `%%rust` cell.
///
/// # Errors
/// What does not compile, a panic, an error that `?` handed on, an interrupt, or the compiler's end.
pub fn cell(host: &mut Host, call: &Call, written: Written) -> Outcome {
    let session = host.rust();
    let Ok(mut session) = session.try_borrow_mut() else {
        return Err(call.problem(host, "RustError", "a Rust cell cannot run inside another one"));
    };
    evaluate(host, call, written, &mut session)
}

/// Runs a `%%plugin --rust NAME` cell: the compiler writes the line that registers the plugin.
///
/// # Errors
/// As [`cell`]; a line that cannot be read, and a cell that registers nothing.
pub fn plugin(host: &mut Host, call: &Call, body: &str) -> Outcome {
    let arguments = without_option(call.line.arguments);
    let header =
        script::header(host.engine(), &arguments).map_err(|message| call.problem(host, "CommandError", message))?;
    let keys = script::given_keys(&arguments).map(str::to_owned).collect();
    cell(host, call, Written { body, header: Some((header, keys)) })
}

/// Whether a `%%plugin` line is of a Rust cell.
pub fn is_rust(arguments: &str) -> bool {
    script::words(arguments).contains(&OPTION)
}

/// What makes a `%%plugin` cell a Rust cell.
const OPTION: &str = "--rust";

fn without_option(arguments: &str) -> String {
    let words = script::words(arguments);
    words.into_iter().filter(|word| *word != OPTION).collect::<Vec<_>>().join(" ")
}

fn evaluate(host: &mut Host, call: &Call, written: Written, session: &mut RustSession) -> Outcome {
    let plugin = written.header.as_ref().map(|(header, _)| header.name.clone());
    let asked = RustCell { code: written.body.to_owned(), source: call.source.to_owned(), plugin };
    let wants_plugin = asked.plugin.clone();
    let (progress, store) = (Progress::new(host.session()), session.store);
    let client = session.client(host).map_err(|error| error.problem(host, call))?;
    let mut evaluation =
        Evaluation { host, call, header: written.header, store, progress, ran: 0, registered: 0, problem: None };
    let answer = client.ask(CompilerRequest::Evaluate(asked), &mut evaluation);
    let Evaluation { host, store, progress, ran, registered, problem, .. } = evaluation;
    session.store = store;
    progress.end();
    let evaluated = match answer {
        Ok(CompilerIs::Evaluated(evaluated)) => evaluated,
        Ok(CompilerIs::Failed(problem)) => return Err(problem),
        Ok(other) => return Err(ClientError::Odd(format!("{other:?}")).problem(host, call)),
        Err(error) => {
            session.client = None;
            return Err(match problem {
                Some(problem) => problem,
                None => lost(host, call, session, &error, ran > 0),
            });
        }
    };
    session.variables.clone_from(&evaluated.variables);
    tell(host, &evaluated);
    if let Some(problem) = problem.or(evaluated.problem) {
        return Err(problem);
    }
    match wants_plugin {
        Some(name) if registered == 0 => {
            let message = format!("the cell has run, but plugin `{name}` was not registered by it");
            Err(call.problem(host, "PluginError", message))
        }
        _ => Ok(Dynamic::UNIT),
    }
}

/// What is to be seen beside the cell's own output.
fn tell(host: &Host, evaluated: &Evaluated) {
    let outbox = &host.session().outbox;
    for notice in &evaluated.notices {
        outbox.print(StreamName::Stderr, &format!("{}\n", notice.trim_end()));
    }
    for bundle in evaluated.warnings.iter().chain(&evaluated.shown) {
        outbox.send(FromWorker::Display { bundle: bundle.clone(), display_id: None, update: false });
    }
}

/// The compiler did not answer. A new one is asked what is still there, so that it also is ready for the next cell.
fn lost(host: &Host, call: &Call, session: &mut RustSession, error: &ClientError, ran: bool) -> Problem {
    if interrupt::requested() {
        let text = format!("interrupted; {error}; the next Rust cell starts it anew if need be");
        return call.problem(host, "Interrupted", text);
    }
    let when = if ran {
        "after the cell had run, so new variables of it are not known; run the cell again"
    } else {
        "while it worked on this cell, which has not run; it can be run again"
    };
    let there = match session.status(host, CompilerRequest::Status, &mut Nobody) {
        Ok(status) => there(&status),
        Err(error) => format!("a new one could not be started: {error}"),
    };
    call.problem(host, "RustError", format!("{error} {when}; {there}"))
}

/// What a compiler that was started anew has of the Rust session, in a sentence.
fn there(status: &CompilerStatus) -> String {
    let variables: Vec<String> = status.variables.iter().map(|(name, _)| name.clone()).collect();
    let kinds = [("items", &status.items), ("dependencies", &status.dependencies), ("variables", &variables)];
    let kinds: Vec<String> = kinds
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{kind} {}", names.join(", ")))
        .collect();
    match kinds.is_empty() {
        true => "a new one runs; nothing of the Rust session is left".to_owned(),
        false => format!("a new one runs; still there: {}", kinds.join("; ")),
    }
}

/// One evaluation, while the compiler works on it.
struct Evaluation<'a> {
    host: &'a mut Host,
    call: &'a Call<'a>,
    header: Option<(Header, Vec<String>)>,
    store: *mut c_void,
    progress: Progress,
    /// How many builds have run.
    ran: usize,
    /// How many plugins were registered.
    registered: usize,
    problem: Option<Problem>,
}

impl Attendant for Evaluation<'_> {
    /// The compiler is told what it must know: that the cell did not run, or not to its end. What else is wrong with it
    /// takes nothing of what the cell has made.
    fn run(&mut self, build: &Build) -> Ran {
        let (notes, problem, is_whole) = match self.load(build) {
            Ok(loaded) => self.call(&loaded),
            Err(problem) => (Vec::new(), Some(problem), false),
        };
        if self.problem.is_none() {
            self.problem.clone_from(&problem);
        }
        Ran { notes, problem: problem.filter(|_| !is_whole) }
    }

    fn progress(&mut self, text: &str) {
        self.progress.show(text);
    }
}

impl Evaluation<'_> {
    fn load(&self, build: &Build) -> Result<Loaded, Problem> {
        let directory = directory().map_err(|error| self.wrong("RustError", error.to_string()))?;
        Loaded::open(build, &directory.join(BUILDS)).map_err(|error| self.wrong("RustError", error.to_string()))
    }

    /// What it printed for evcxr, what went wrong, and whether it ran to its end.
    fn call(&mut self, loaded: &Loaded) -> (Vec<String>, Option<Problem>, bool) {
        self.ran += 1;
        let registrar = self.registrar();
        let outbox = self.host.session().outbox.clone();
        outbox.begin_marks();
        panics::forget();
        errors::forget();
        let (entry, store) = (loaded.entry, self.store);
        let ((pointer, registrar), failure) = enter(self.host, || {
            registering::within(registrar, || {
                // SAFETY: the compiler has built it with this signature for the libraries of this process, and the pointer
                // is what the last build of this session gave back. It catches its own panics.
                unsafe { entry(store) }
            })
        });
        self.store = pointer;
        flush_native_output();
        let (mut notes, printed) = outbox.end_marks();
        let closed = self.restore_standard();
        self.registered += registrar.registered;
        if !registrar.files.contains(&loaded.file) {
            loaded.forget_file();
        }
        let panic = panics::take();
        if closed && panic.is_some() && !notes.iter().any(|note| note == marks::PANIC) {
            // Its mark was lost with standard output.
            notes.push(marks::PANIC.to_owned());
        } else if closed && panic.is_none() && errors::is_held() && !notes.iter().any(|note| note == marks::ERROR) {
            notes.push(marks::ERROR.to_owned());
        }
        let is_whole = !notes.iter().any(|note| [marks::PANIC, marks::ERROR].contains(&note.as_str()));
        let problem = self.problem_of(&notes, &printed, panic);
        let problem = problem.or_else(|| failure.map(|failure| self.failed(&failure)));
        let refused = || registrar.refused.into_iter().next().map(|why| self.wrong("PluginError", why));
        (notes, problem.or_else(refused), is_whole)
    }

    /// What went wrong while a build ran.
    fn problem_of(&self, notes: &[String], printed: &str, panic: Option<panics::Panicked>) -> Option<Problem> {
        let is_noted = |mark: &str| notes.iter().any(|note| note == mark);
        let panicked = is_noted(marks::PANIC);
        let failed = errors::take(is_noted(marks::ERROR), printed, &self.host.session().outbox);
        let panic = panic.filter(|_| panicked);
        if interrupt::requested() {
            let why = panic.map(|panic| panic.message).or(failed).map_or_else(String::new, |why| format!(" ({why})"));
            return Some(self.wrong("Interrupted", format!("the cell was interrupted{why}; {KEPT}")));
        }
        if panicked {
            return Some(self.panicked(panic));
        }
        failed.map(|message| self.wrong("RustError", message))
    }

    /// The cell's last expression was an `Err`.
    fn failed(&self, failure: &Failure) -> Problem {
        match cell_place(failure.at.file(), failure.at.line(), 0) {
            Some((source, line, _)) => {
                self.host.problem_at(&source, line as usize, 0, failure.name, failure.message.clone())
            }
            None => self.wrong(failure.name, failure.message.clone()),
        }
    }

    fn panicked(&self, panic: Option<panics::Panicked>) -> Problem {
        let Some(panics::Panicked { message, place, at }) = panic else {
            return self.wrong("Panic", format!("the cell panicked; {KEPT}"));
        };
        let message = format!("{message} at {place}; {KEPT}");
        match at {
            Some((source, line, column)) => {
                self.host.problem_at(&source, line as usize, column as usize, "Panic", message)
            }
            None => self.wrong("Panic", message),
        }
    }

    /// A cell may close descriptors that later cells print on. Whether standard output was not itself.
    fn restore_standard(&self) -> bool {
        let [out, err] = restore_standard();
        let outbox = &self.host.session().outbox;
        for (name, changed) in [("standard output", out), ("standard error", err)] {
            if changed {
                let text = format!("the cell has closed or replaced {name}; it is open again for later cells\n");
                outbox.print(StreamName::Stderr, &text);
            }
        }
        out
    }

    fn registrar(&self) -> Registrar {
        let (session, places) = (self.host.session().clone(), self.host.places());
        let source = self.call.source.to_owned();
        let text = self.host.text(&source).unwrap_or_default().to_owned();
        let header = self.header.clone();
        Registrar { session, places, source, text, header, files: Vec::new(), registered: 0, refused: Vec::new() }
    }

    /// A problem of the whole cell.
    fn wrong(&self, name: &str, message: String) -> Problem {
        Problem { name: name.to_owned(), traceback: vec![format!("{name}: {message}")], message }
    }
}
