//! Checks a script: its functions, metadata, settings, schemas, and whether it could be registered.
//!
//! Must not know who asks. Read [`text`] first.

use super::{Checkup, Finding, functions};
use crate::calls::Terms;
use crate::cell::Cell;
use crate::script::{
    Engines, Given, METADATA, RhaiPlugin, ScriptFile, ScriptLoader, Slot, broken, read, schemas, to_json,
};
use crate::session::Session;
use crate::show::Shows;
use crate::{Inbox, Outbox, language};
use candlewick_link::FromWorker;
use candlewick_packages::look;
use candlewick_plugin_api::{Metadata, Plugin, Schemas, Verb};
use candlewick_plugin_manager::{ManagerError, PluginManager, Registration, schema_problems};
use rhai::{AST, Engine, EvalAltResult, Scope};
use serde_json::{Map, Value};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// A script with all that is needed to look into it.
struct Subject<'a> {
    engine: Rc<Engine>,
    slot: Rc<Slot>,
    session: &'a Session,
    body: String,
    given: &'a Given,
    source: &'a str,
    registration: &'a Registration,
}

/// Checks the plugin at a path, without registering it. `there` are the plugins that it may need.
///
/// # Errors
/// A path at which no plugin can be.
pub fn file(path: &Path, there: &PluginManager) -> Result<Checkup, ManagerError> {
    let engine = Engine::new();
    match read(&engine, path) {
        Ok(ScriptFile { path, text: source, given, registration }) => {
            Ok(text(&source, &given, &path, &registration, there))
        }
        Err(error @ (ManagerError::NotAPlugin { .. } | ManagerError::Unreadable { .. })) => Err(error),
        // What stands beside the script is broken; the script is looked into all the same.
        Err(error) => {
            let script = look(path).ok().and_then(|found| Some((found.name(), found.script()?)));
            let source = script.as_ref().and_then(|(_, script)| std::fs::read_to_string(script).ok());
            let given = Given { otherwise: script.map(|(name, _)| name).unwrap_or_default(), ..Given::default() };
            let origin = path.display().to_string();
            let found = source.map(|source| text(&source, &given, &origin, &Registration::default(), there));
            let mut checkup = found.unwrap_or(Checkup { name: given.otherwise, origin, ..Checkup::default() });
            checkup.findings.insert(0, of_error(&error, ""));
            Ok(checkup)
        }
    }
}

/// Checks the text of a script; `source` names it.
pub fn text(text: &str, given: &Given, source: &str, registration: &Registration, there: &PluginManager) -> Checkup {
    // Whatever its top-level statements do, they do to this session.
    let nowhere: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let session = Session::new(Outbox::new(nowhere), Inbox::default(), Shows::default());
    let slot = Rc::new(Slot::of(Rc::new(Engines::new(&session))));
    let engine = Rc::new(language::engine(&session));
    session.plugins.borrow_mut().add_loader(Rc::new(ScriptLoader::new(&engine, &slot)));
    let subject = Subject { engine, slot, session: &session, body: Cell::of(text).body, given, source, registration };
    let mut checkup = Checkup { origin: source.to_owned(), name: given.first_name().to_owned(), ..Checkup::default() };
    match subject.engine.compile(&subject.body) {
        Ok(ast) => subject.look(ast, there, &mut checkup),
        Err(error) => {
            let error = broken(&subject.engine, &error.into(), source);
            checkup.findings.push(of_error(&error, source));
        }
    }
    checkup.note_halves();
    checkup.sort();
    checkup
}

impl Subject<'_> {
    fn look(&self, mut ast: AST, there: &PluginManager, checkup: &mut Checkup) {
        ast.set_source(self.source);
        functions::of(&self.engine, &ast, &self.body, checkup);
        let mut scope = Scope::new();
        if let Err(error) = self.run(&mut scope, &ast) {
            checkup.findings.push(of_error(&broken(&self.engine, &error, self.source), self.source));
            return;
        }
        if let Some(metadata) = self.metadata(&scope, checkup) {
            checkup.name.clone_from(&metadata.name);
            self.schemas(&ast, &scope, &metadata, checkup);
            needs(&metadata, there, checkup);
        }
        // What is wrong beyond all this is what registering it says, were it told already or not.
        if checkup.wrong().next().is_none()
            && let Err(error) = self.registers()
        {
            checkup.findings.push(of_error(&error, self.source));
        }
    }

    /// Runs the top-level statements on the plugin's terms: they end, and reach nothing outside the session.
    fn run(&self, scope: &mut Scope<'static>, ast: &AST) -> Result<(), Box<EvalAltResult>> {
        let limits = self.registration.limits;
        let terms = Rc::new(Terms { plugin: self.given.first_name().to_owned(), limits, ..Terms::default() });
        let engine = self.slot.engines().map_or_else(|| self.engine.clone(), |engines| engines.of(&limits));
        let _call = self.session.calls.enter(&terms);
        engine.run_ast_with_scope(scope, ast).map_err(|error| terms.explained(error))
    }

    /// Every field is read by itself, so that each mistake is told.
    fn metadata(&self, scope: &Scope, checkup: &mut Checkup) -> Option<Metadata> {
        let own = scope.get("metadata").map(to_json);
        let fields = match own {
            None => Map::new(),
            Some(Ok(Value::Object(fields))) => fields,
            Some(other) => {
                let found = other.map_or_else(|kind| format!("a value of type {kind} in it"), |json| json.to_string());
                let message = format!("metadata must be a map of plain data; found {found}");
                checkup.findings.push(Finding::wrong(self.place("metadata"), message));
                return None;
            }
        };
        self.conflicts(&fields, checkup);
        let all = self.given.fields(&fields);
        let mut sound = Map::new();
        for (key, value) in &all {
            let one = Map::from_iter([(key.clone(), value.clone())]);
            match Metadata::read(&self.given.name, &one) {
                Ok(_) => drop(sound.insert(key.clone(), value.clone())),
                Err(message) => checkup.findings.push(Finding::wrong(self.place(key), message)),
            }
        }
        for field in ["version", "description"].iter().filter(|field| !all.contains_key(**field)) {
            checkup.findings.push(Finding::note(format!("metadata has no {field}")));
        }
        Metadata::read(&self.given.name, &sound).ok()
    }

    /// Fields that script and manifest both give, and differently: the manifest's hold.
    fn conflicts(&self, script: &Map<String, Value>, checkup: &mut Checkup) {
        let package = self.given.package.get(METADATA).and_then(Value::as_object);
        for (key, value) in package.into_iter().flatten() {
            if let Some(other) = script.get(key).filter(|other| *other != value) {
                let message = format!("`{key}` is {value} in plugin.toml and {other} in the script; plugin.toml holds");
                checkup.findings.push(Finding { line: self.place(key).0, ..Finding::note(message) });
            }
        }
    }

    fn schemas(&self, ast: &AST, scope: &Scope, metadata: &Metadata, checkup: &mut Checkup) {
        let schemas = schemas::of(&self.engine, ast, &self.body, scope.get("schemas"), metadata, self.given);
        let schemas = schemas.unwrap_or_else(|error| {
            checkup.findings.push(of_error(&broken(&self.engine, &error, self.source), self.source));
            Schemas::none()
        });
        let parameters = |verb: Verb| {
            let function = ast.iter_fn_def().find(|function| function.name == verb.name());
            function.map(|own| own.params.iter().map(ToString::to_string).collect()).unwrap_or_default()
        };
        let problems = schema_problems(metadata, &schemas, &checkup.verbs, parameters);
        let line = self.place("schemas").0;
        checkup.findings.extend(problems.iter().map(|error| Finding::wrong((line, None), error.to_string())));
    }

    fn registers(&self) -> Result<(), ManagerError> {
        let plugin = RhaiPlugin::of(
            &self.engine,
            &self.slot,
            &self.given.clone().under(self.registration),
            &self.body,
            self.source,
        );
        let plugin = plugin.map_err(|error| broken(&self.engine, &error, self.source))?;
        if !plugin.is_one() {
            let why = "it has no `const metadata` and no function that plugins have".to_owned();
            return Err(ManagerError::NotAPlugin { path: self.source.to_owned(), why });
        }
        let name = Plugin::metadata(&plugin).name;
        let registration = Registration { enabled: false, of: None, ..self.registration.clone() };
        PluginManager::new().register_instance(&name, Box::new(plugin), registration).map(drop)
    }

    /// Where a name stands first, followed by what makes it a key or a constant; metadata itself knows no places.
    fn place(&self, name: &str) -> (Option<usize>, Option<usize>) {
        let found = self.body.lines().enumerate().find_map(|(index, line)| {
            let at = line.match_indices(name).map(|(at, _)| at).find(|at| {
                let after = line[at + name.len()..].trim_start_matches('"').trim_start();
                let begins = !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                begins && (after.starts_with(':') || after.starts_with('='))
            })?;
            Some((index + 1, line[..at].chars().count() + 1))
        });
        (found.map(|place| place.0), found.map(|place| place.1))
    }
}

/// What it needs and what is not there: worth knowing, for it may be there where it will be used.
fn needs(metadata: &Metadata, there: &PluginManager, checkup: &mut Checkup) {
    if let Err(error) = there.check_needs(metadata) {
        checkup.findings.push(Finding::note(error.to_string()));
    }
}

/// An error as a finding: its place apart from its words, its file only when it is another one.
fn of_error(error: &ManagerError, source: &str) -> Finding {
    match error {
        ManagerError::Broken { path, line, column, message } => {
            let file = Some(path.clone()).filter(|path| path != source);
            Finding { file, ..Finding::wrong((*line, *column), message.clone()) }
        }
        ManagerError::NotAPlugin { why, .. } => Finding::wrong((None, None), format!("this is no plugin: {why}")),
        other => Finding::wrong(other.place(), other.to_string()),
    }
}
