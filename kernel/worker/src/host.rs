//! The Rhai host: answers every request of the kernel process on the engine thread.
//!
//! Must not know how messages travel. Read [`Host`] first.

use crate::cell::{self, Cell, Part};
use crate::commands::{self, Call, Outcome};
use crate::configuration::{Base, cells};
use crate::notebook::{Ended, Evaluated, Notebook};
use crate::problem::{Reporter, Sources, coloured};
use crate::rust::{self, Noting, RustSession, registering};
use crate::rust_crate::{self, CrateLoader};
use crate::script::{self, Given, RhaiCondition, RhaiPlugin, ScriptLoader, Slot};
use crate::session::Session;
use crate::{Inbox, Outbox, language, runs, surface, usage};
use crate::{complete, completeness, inspect};
use candlewick_link::{
    BlackBox, Bundle, Execute, Finished, FromWorker, Is, PluginRecord, Problem, Request, StreamName,
};
use candlewick_plugin_api::{Plugin, panics};
use candlewick_plugin_manager::{Condition, Observer, Record, Registered, Registration};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Position, Scope};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// One notebook with its language engine.
pub struct Host {
    engine: Rc<Engine>,
    session: Session,
    slot: Rc<Slot>,
    notebook: Notebook,
    sources: Sources,
    /// Gathered when first asked for, because starting must be quick.
    standard: OnceCell<Vec<(String, String, String)>>,
    /// The cell or file that each plugin's source came from, by the plugin's name.
    places: Places,
    told_variables: Vec<String>,
    rust: Rc<RefCell<RustSession>>,
}

type Places = Rc<RefCell<HashMap<String, String>>>;

/// Passes changes of the plugins on to the kernel process.
struct PluginReporter {
    outbox: Outbox,
    places: Places,
    black_box: Option<BlackBox>,
}

impl Observer for PluginReporter {
    fn changed(&self, number: u64, record: Record) {
        if let Some(black_box) = &self.black_box {
            black_box.name(number, &record.name);
        }
        // A registration is plain data; it always has JSON.
        let settings = serde_json::to_value(&record.registration).unwrap_or_default();
        let Record { name, registration } = record;
        let places = self.places.borrow();
        // An instance's source is that of the plugin it is of.
        let place = places.get(&name).or_else(|| places.get(registration.of.as_deref()?)).cloned();
        let origin = place.unwrap_or(registration.origin);
        let record = PluginRecord { name, source: registration.source, origin, settings };
        self.outbox.send(FromWorker::PluginRegistered(record));
    }

    fn removed(&self, name: &str) {
        self.outbox.send(FromWorker::PluginRemoved { name: name.to_owned() });
    }
}

/// A part of a cell that is ready to run.
enum Step<'a> {
    Statements(AST, bool),
    Command(commands::LineRun, cell::Line<'a>),
}

impl Host {
    /// A host in which nothing has run, whose output goes to that outbox.
    pub fn new(outbox: Outbox) -> Self {
        Self::with_inbox(outbox, Inbox::default())
    }

    /// The same, with an inbox that another thread puts things into.
    pub fn with_inbox(outbox: Outbox, inbox: Inbox) -> Self {
        let session = Session::new(outbox, inbox, surface::shows());
        let engine = Rc::new(language::engine(&session));
        session.speaks(&engine);
        let notebook = Notebook::new(&engine);
        let slot = Rc::new(Slot::of(Rc::new(script::Engines::new(&session))));
        session.plugins.borrow_mut().add_loader(Rc::new(ScriptLoader::new(&engine, &slot)));
        session.plugins.borrow_mut().add_loader(Rc::new(CrateLoader));
        let conditions = slot.clone();
        session.plugins.borrow_mut().compile_conditions_with(Box::new(move |plugin, registration| {
            RhaiCondition::new(&conditions, plugin, registration).map(|own| Box::new(own) as Box<dyn Condition>)
        }));
        Self {
            engine,
            session,
            slot,
            notebook,
            sources: Sources::default(),
            standard: OnceCell::new(),
            places: Rc::default(),
            told_variables: Vec::new(),
            rust: Rc::default(),
        }
    }

    /// Does what a request asks; the message that answers it is to be sent by the caller.
    pub fn answer(&mut self, id: u64, request: Request) -> FromWorker {
        let is = match request {
            Request::Execute(cell) => {
                return FromWorker::Finished { id, finished: with_colours(self.execute(&cell)) };
            }
            Request::Complete { code, cursor } => Is::Completions(complete::at(self, &code, cursor)),
            Request::Inspect { code, cursor, detail } => Is::Inspection(inspect::at(self, &code, cursor, detail)),
            Request::IsComplete { code } => {
                let (status, indent) = completeness::of(&self.engine, &code);
                Is::Completeness { status: status.to_owned(), indent }
            }
            Request::Register { plugins } => Is::Registered { failed: self.register_again(plugins) },
            Request::Usage => Is::Usage(usage::now()),
            Request::Comms => {
                self.serve_comms();
                Is::Done
            }
        };
        FromWorker::Reply { id, is }
    }

    /// Runs a cell; its outputs go to the outbox while it runs.
    pub fn execute(&mut self, cell: &Execute) -> Finished {
        let _noting = Noting::begin();
        let source = format!("cell {}", cell.cell);
        self.sources.remember(&source, &cell.code);
        self.session.begin(cell);
        let outcome = cells::begin(self, cell.silent).and_then(|()| self.run_text(&cell.code, &source));
        cells::settle(self);
        self.notebook.end_cell();
        let mut finished = Finished::default();
        match outcome {
            Ok(value) => {
                if !cell.silent && !value.is_unit() && !runs::show_live(&value) {
                    self.session.outbox.send(FromWorker::Result { bundle: self.session.shows.bundle(&value) });
                }
                finished.expressions = self.expressions(&cell.expressions);
            }
            Err(problem) => finished.problem = Some(problem),
        }
        finished.pages = self.session.take_pages();
        self.tell_variables();
        flush_native_output();
        self.session.outbox.flush();
        finished
    }

    /// Runs the text of a cell: its `%%` line decides how. The value is `()` when a semicolon ends the text.
    pub fn run_text(&mut self, text: &str, source: &str) -> Outcome {
        let cell = Cell::of(text);
        match &cell.magic {
            Some(line) => {
                let call = Call { line, source };
                commands::cell(self, &call)?(self, &call, &cell.body)
            }
            None => self.run_parts(text, source),
        }
    }

    /// Runs the text of a script as if it were a cell; errors quote it under that name.
    pub fn run_script(&mut self, text: &str, name: &str) -> Outcome {
        self.sources.remember(name, text);
        let outcome = self.run_text(text, name);
        self.notebook.end_cell();
        outcome
    }

    /// The language engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The same, for those who keep it.
    pub(crate) fn shared_engine(&self) -> &Rc<Engine> {
        &self.engine
    }

    /// The variables, moved out while somebody else has them.
    pub(crate) fn take_scope(&mut self) -> Scope<'static> {
        self.notebook.with_scope(std::mem::take)
    }

    /// The variables, moved back.
    pub(crate) fn put_scope(&mut self, own: Scope<'static>) {
        self.notebook.with_scope(|scope| *scope = own);
    }

    /// Changes the variables from outside.
    pub(crate) fn with_scope<R>(&mut self, change: impl FnOnce(&mut Scope<'static>) -> R) -> R {
        self.notebook.with_scope(change)
    }

    /// What commands share with built-in functions.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What this worker has of the Rust session.
    pub fn rust(&self) -> Rc<RefCell<RustSession>> {
        self.rust.clone()
    }

    /// The cell or file that each plugin's source came from, by the plugin's name.
    pub fn places(&self) -> Rc<RefCell<HashMap<String, String>>> {
        self.places.clone()
    }

    /// A text that was remembered under a name, such as `cell 7`.
    pub fn text(&self, source: &str) -> Option<&str> {
        self.sources.text(source)
    }

    /// The variables, oldest first: name, whether constant, value.
    pub fn variables(&self) -> Vec<(&str, bool, &Dynamic)> {
        self.notebook.entries()
    }

    /// The name of a value's type, as users know it.
    pub fn type_name(&self, value: &Dynamic) -> String {
        self.engine.map_type_name(value.type_name()).to_owned()
    }

    /// Forgets variables, functions and imports.
    pub fn reset(&mut self) {
        self.notebook.reset(&self.engine);
    }

    /// Keeps a text that errors may quote.
    pub fn remember(&mut self, source: &str, text: &str) {
        self.sources.remember(source, text);
    }

    /// A problem of that kind at a place.
    pub fn problem_at(&self, source: &str, line: usize, column: usize, name: &str, message: String) -> Problem {
        let counted = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let at = Position::new(counted(line), counted(column));
        self.reporter().problem_at(name, message, source, at)
    }

    /// The problem that an error of a built-in function is, called by the command at that line.
    pub fn problem_of(&self, error: &EvalAltResult, source: &str, line: usize) -> Problem {
        let problem = self.reporter().problem(error, source);
        self.problem_at(source, line, 1, &problem.name, problem.message)
    }

    /// Registers the body of a `%%plugin` cell.
    pub fn register_cell(&mut self, call: &Call, body: &str) -> Outcome {
        let header = script::header(&self.engine, call.line.arguments)
            .map_err(|message| call.problem(self, "CommandError", message))?;
        let text = self.sources.text(call.source).unwrap_or(body).to_owned();
        let registration = Registration { source: text, ..header.registration };
        let base = Base::of_cell(registration, script::given_keys(call.line.arguments));
        let configuration = self.session.configuration.clone();
        // Limits and grants hold while it is made; which settings it has is known only then.
        let terms = configuration.borrow().registration(&header.name, &base, &serde_json::Map::new());
        let plugin = RhaiPlugin::under(&self.engine, &self.slot, &header.name, body, call.source, &terms)
            .map_err(|error| self.reporter().problem(&error, call.source))?;
        let defaults = Plugin::metadata(&plugin).config;
        let registration = configuration.borrow().registration(&header.name, &base, &defaults);
        let hooks = plugin.hook_names();
        let plugins = self.session.plugins.clone();
        let former = self.places.borrow_mut().insert(header.name.clone(), call.source.to_owned());
        let registered = plugins.borrow_mut().register(Box::new(plugin), registration);
        let registered = registered.map_err(|error| {
            self.places.borrow_mut().extend(former.map(|place| (header.name.clone(), place)));
            let blamed = configuration.borrow().blamed(&header.name, &base, &error);
            let blamed = blamed.map_or_else(String::new, |from| format!("; it is set by {from}"));
            call.problem(self, "PluginError", format!("{error}{blamed}"))
        })?;
        let configured = configuration.borrow_mut().took(&header.name, base);
        let configured =
            if configured.is_empty() { String::new() } else { format!("; configured: {}", configured.join(", ")) };
        let text = match registered {
            Registered::Declined { .. } => surface::declined(&header.name),
            _ => format!("plugin {} registered: {hooks}{configured}\n", header.name),
        };
        self.session.outbox.print(StreamName::Stdout, &text);
        Ok(Dynamic::UNIT)
    }

    /// Registers the plugins in Rhai that are part of the program.
    pub fn register_built_in(&self) {
        for (name, why) in script::register_built_in(&self.engine, &self.slot, &mut self.session.plugins.borrow_mut()) {
            self.session.outbox.print(StreamName::Stderr, &format!("the built-in plugin {name} is not there: {why}\n"));
        }
    }

    /// From now on the kernel process hears of every change of the plugins, and finds in the black box which of them was
    /// being called when this process dies.
    pub fn observe_plugins(&mut self, black_box: Option<BlackBox>) {
        let (outbox, places) = (self.session.outbox.clone(), self.places.clone());
        let reporter = PluginReporter { outbox, places, black_box };
        let running = black_box.map(|black_box| black_box.running());
        self.session.plugins.borrow_mut().observe(Box::new(reporter), running);
    }

    /// Registers a former worker's plugins; those that failed, with the reason.
    fn register_again(&mut self, records: Vec<PluginRecord>) -> Vec<(String, String)> {
        if !records.is_empty() {
            cells::expect_former(self);
        }
        let register = |record: PluginRecord| self.register_record(&record).err().map(|why| (record.name, why));
        records.into_iter().filter_map(register).collect()
    }

    /// Makes a plugin of a cell anew with the registration that it has: limits and grants are given to a script when it is
    /// made.
    ///
    /// # Errors
    /// What its source or the manager refuses; it is then as it was.
    pub fn make_again(&mut self, name: &str) -> Result<(), String> {
        let record = self.session.plugins.borrow().record_of(name).map_err(|error| error.to_string())?;
        let settings = serde_json::to_value(&record.registration).map_err(|error| error.to_string())?;
        let origin = self.places.borrow().get(name).unwrap_or(&record.registration.origin).clone();
        self.register_record(&PluginRecord { name: record.name, source: record.registration.source, origin, settings })
    }

    fn register_record(&mut self, record: &PluginRecord) -> Result<(), String> {
        let registration: Registration =
            serde_json::from_value(record.settings.clone()).map_err(|error| error.to_string())?;
        let of_a_crate = || rust_crate::again(&registration).map(|made| made.map_err(|error| error.to_string()));
        if let Some(plugin) = registering::again(&registration).or_else(of_a_crate) {
            let plugin = plugin?;
            rust::uses_rust();
            if registering::is_of_a_rust_cell(&registration) {
                self.sources.remember(&record.origin, &record.source);
                self.places.borrow_mut().insert(record.name.clone(), record.origin.clone());
            }
            return self.register_made(&record.name, plugin, registration);
        }
        if record.source.is_empty() {
            return self.restore_built_in(&record.name, &registration);
        }
        let cell = Cell::of(&record.source);
        self.sources.remember(&record.origin, &record.source);
        self.places.borrow_mut().insert(record.name.clone(), record.origin.clone());
        let given = Given { package: registration.package.clone(), ..Given::named(&record.name) };
        let given = given.under(&registration);
        let plugin = RhaiPlugin::of(&self.engine, &self.slot, &given, &cell.body, &record.origin)
            .map_err(|error| error.to_string())?;
        self.register_made(&record.name, Box::new(plugin), registration)
    }

    fn register_made(&self, name: &str, plugin: Box<dyn Plugin>, registration: Registration) -> Result<(), String> {
        let mut plugins = self.session.plugins.borrow_mut();
        let registered = match registration.of {
            Some(_) => plugins.register_instance(name, plugin, registration),
            None => plugins.register(plugin, registration),
        };
        registered.map(drop).map_err(|error| error.to_string())
    }

    /// A plugin compiled into the program is registered already; its settings and whether it is called can differ.
    fn restore_built_in(&mut self, name: &str, registration: &Registration) -> Result<(), String> {
        if let Some(of) = &registration.of {
            let made = self.session.plugins.borrow_mut().create(of, name, &registration.config);
            made.map_err(|error| error.to_string())?;
        }
        let enabled = registration.enabled && !registration.quarantined;
        let wanted = Registration { enabled, ..registration.clone() };
        let restored = self.session.plugins.borrow_mut().reconfigure(&[(name.to_owned(), wanted)]);
        restored.map(drop).map_err(|error| error.to_string())
    }

    /// Tells the kernel process the names of the variables when a cell has changed them.
    fn tell_variables(&mut self) {
        let mut names: Vec<String> = self.variables().iter().map(|(name, ..)| (*name).to_owned()).collect();
        names.extend(self.rust.borrow().variables.iter().map(|(name, _)| format!("{name} (Rust)")));
        if names != self.told_variables {
            self.told_variables.clone_from(&names);
            self.session.outbox.send(FromWorker::Variables { names });
        }
    }

    fn run_parts(&mut self, text: &str, source: &str) -> Outcome {
        let engine = self.engine.clone();
        let parts = cell::parts(&engine, text);
        // All is compiled before anything runs: a mistake in the last line leaves the notebook as it was.
        let mut steps = Vec::new();
        for part in parts {
            steps.push(match part {
                Part::Statements(text) => {
                    Step::Statements(self.compile(&text, source)?, cell::ends_quietly(&engine, &text))
                }
                Part::Command(line) => Step::Command(commands::line(self, &Call { line: &line, source })?, line),
            });
        }
        for step in &steps {
            if let Step::Statements(ast, _) = step {
                self.notebook.adopt_functions(ast, source);
            }
        }
        let mut value = Dynamic::UNIT;
        for step in steps {
            value = match step {
                Step::Statements(ast, quiet) => {
                    let value = self.run(&ast, source)?;
                    if quiet { Dynamic::UNIT } else { value }
                }
                Step::Command(run, line) => rust::beside(self, |host| run(host, &Call { line: &line, source }))?,
            };
        }
        Ok(value)
    }

    fn expressions(&mut self, expressions: &[(String, String)]) -> Vec<(String, Result<Bundle, Problem>)> {
        let evaluate = |(name, text): &(String, String)| {
            let source = format!("expression {name}");
            self.sources.remember(&source, text);
            let value = self.compile(text, &source).and_then(|ast| self.run(&ast, &source));
            (name.clone(), value.map(|value| self.session.shows.bundle(&value)))
        };
        let answers = expressions.iter().map(evaluate).collect();
        self.notebook.end_cell();
        answers
    }

    fn compile(&self, text: &str, source: &str) -> Result<AST, Problem> {
        let compiled = self.engine.compile(text).map_err(EvalAltResult::from);
        compiled.map_err(|error| self.reporter().problem(&error, source))
    }

    /// Runs compiled statements; a panic of native code ends the cell, not the worker. Where Rust code may reach the
    /// variables they are run one by one: what it sets is there in the next one.
    fn run(&mut self, ast: &AST, source: &str) -> Result<Dynamic, Problem> {
        if !rust::in_use() {
            return self.guarded(source, |notebook, engine| notebook.run(engine, ast, source)).map(Ended::value);
        }
        self.notebook.begin(&self.engine, source);
        let mut value = Dynamic::UNIT;
        for statement in ast.statements() {
            let step = |notebook: &mut Notebook, engine: &Engine| notebook.step(engine, statement);
            match rust::beside(self, |host| host.guarded(source, step))? {
                Ended::There(given) => value = given,
                Ended::Returned(given) => return Ok(given),
            }
        }
        Ok(value)
    }

    fn guarded(
        &mut self,
        source: &str,
        run: impl FnOnce(&mut Notebook, &Engine) -> Evaluated,
    ) -> Result<Ended, Problem> {
        let (engine, notebook) = (&self.engine, &mut self.notebook);
        match catch_unwind(AssertUnwindSafe(|| run(notebook, engine))) {
            Ok(Ok(ended)) => Ok(ended),
            Ok(Err(error)) => Err(self.reporter().problem(&error, source)),
            Err(panic) => Err(panicked(panic.as_ref())),
        }
    }

    /// Handles what clients have sent on comms while no cell ran; a panic of native code ends that, not the worker.
    fn serve_comms(&mut self) {
        self.session.room.begin();
        let _noting = Noting::begin();
        let served = rust::beside(self, |host| {
            let session = &host.session;
            catch_unwind(AssertUnwindSafe(|| session.comms.serve(&session.inbox)))
        });
        if let Err(panic) = served {
            self.session.outbox.print(StreamName::Stderr, &format!("{}\n", panicked(panic.as_ref()).message));
        }
        flush_native_output();
        self.session.outbox.flush();
    }

    fn reporter(&self) -> Reporter<'_> {
        let (engine, scope, origins) = (&*self.engine, self.notebook.scope(), Some(&self.notebook));
        Reporter { engine, scope, origins, sources: &self.sources }
    }

    /// Rhai's own functions: name, type of the first parameter, signature.
    pub fn standard(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let functions = self.standard.get_or_init(|| language::standard(&self.engine));
        functions.iter().map(|(name, first, signature)| (name.as_str(), first.as_str(), signature.as_str()))
    }

    /// The cell or file that defined a function, and the lines it stands on there.
    pub fn definition(&self, function: &str, parameters: usize) -> Option<(&str, String)> {
        let origin = self.notebook.definition(function, parameters)?;
        let (first, last) = origin.lines()?;
        let lines = self.sources.text(&origin.source)?.lines().skip(first.checked_sub(1)?).take(last + 1 - first);
        Some((&origin.source, lines.collect::<Vec<_>>().join("\n")))
    }

    /// The modules imported so far, newest first: the name they go by, and the module.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &rhai::Module)> {
        self.notebook.modules()
    }

    /// The functions of all cells so far.
    pub fn functions(&self) -> &AST {
        self.notebook.functions()
    }
}

/// Colours are for those who look: the last step before the problem leaves.
fn with_colours(finished: Finished) -> Finished {
    let expressions = finished.expressions.into_iter().map(|(name, value)| (name, value.map_err(coloured)));
    Finished { problem: finished.problem.map(coloured), expressions: expressions.collect(), ..finished }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panics::described(panic);
    let message = format!("native code panicked: {text}; the notebook's variables are kept");
    Problem { name: "Panic".to_owned(), traceback: vec![format!("Panic: {message}")], message }
}

/// C's and Rust's own buffers go out before the cell ends.
pub fn flush_native_output() {
    // A closed descriptor loses text that nobody could read.
    let _ = std::io::Write::flush(&mut std::io::stdout());
    // SAFETY: a null argument flushes all streams and touches nothing else.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}
