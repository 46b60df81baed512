//! Loads script plugins: single `.rhai` files, and directories with a script and a `plugin.toml`.
//!
//! A file may begin with a `%%plugin NAME key=value …` line, as the cell did that it was written in. Must not know the
//! registry. Read [`ScriptLoader`] first.

use super::given::{Given, METADATA, SCHEMAS};
use super::{RhaiPlugin, Slot, header};
use crate::cell::Cell;
use crate::problem::{Reporter, Sources};
use candlewick_packages::{Form, Found, Manifest, PackageError, SchemaFiles, look};
use candlewick_plugin_api::{Hook, Transform, Verb};
use candlewick_plugin_manager::{Limits, LoadedPlugin, Loader, ManagerError, Registration};
use rhai::{Engine, EvalAltResult, Scope};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::rc::Rc;

/// Makes script plugins with one language engine.
pub struct ScriptLoader {
    engine: Rc<Engine>,
    slot: Rc<Slot>,
}

/// A script as it is read from its file, not compiled yet.
pub struct ScriptFile {
    /// The path of the script, all links followed.
    pub path: String,
    /// The text, its `%%plugin` line included.
    pub text: String,
    /// What stands beside it.
    pub given: Given,
    /// How it is to be registered.
    pub registration: Registration,
}

impl ScriptLoader {
    /// A loader whose plugins run in that engine and lend contexts through that slot.
    pub fn new(engine: &Rc<Engine>, slot: &Rc<Slot>) -> Self {
        Self { engine: engine.clone(), slot: slot.clone() }
    }

    fn make(&self, file: ScriptFile) -> Result<LoadedPlugin, ManagerError> {
        let body = Cell::of(&file.text).body;
        let made = RhaiPlugin::of(&self.engine, &self.slot, &file.given.under(&file.registration), &body, &file.path);
        let plugin = made.map_err(|error| broken(&self.engine, &error, &file.path))?;
        if !plugin.is_one() {
            return Err(ManagerError::NotAPlugin { path: file.path, why: NOTHING.to_owned() });
        }
        Ok(LoadedPlugin { plugin: Box::new(plugin), registration: file.registration })
    }
}

/// What is said of a script in which nothing makes a plugin.
const NOTHING: &str = "it has no `const metadata` and no function of a plugin: no hook such as `end_epoch(ctx)`, no verb \
                       such as `infer(data)`";

impl Loader for ScriptLoader {
    fn takes(&self, path: &Path) -> bool {
        // A crate too: where no loader for crates was added after this one, it is told that it must be built.
        look(path).is_ok()
    }

    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        self.make(read(&self.engine, path)?)
    }

    fn compile(&self, name: &str, text: &str) -> Option<Result<LoadedPlugin, ManagerError>> {
        let registration = Registration { source: text.to_owned(), ..Registration::from_origin(super::ORIGIN) };
        let (path, text) = (format!("the text of plugin {name}"), text.to_owned());
        Some(self.make(ScriptFile { path, text, given: Given::named(name), registration }))
    }
}

/// Reads the script at a path with all that belongs to it.
///
/// # Errors
/// What is not there, no plugin by its form, or broken in what stands beside the script.
pub fn read(engine: &Engine, path: &Path) -> Result<ScriptFile, ManagerError> {
    let found = look(path).map_err(packaged)?;
    let manifest = found.manifest.clone().map_err(packaged)?;
    let Some(script) = found.script() else {
        let why = "it is a crate, which a loader of scripts does not build: load it by its path with `load_plugin`";
        return Err(ManagerError::NotAPlugin { path: path.display().to_string(), why: why.to_owned() });
    };
    let unreadable =
        |error: std::io::Error| ManagerError::Unreadable { path: script.display().to_string(), why: error.to_string() };
    let text = std::fs::read_to_string(&script).map_err(unreadable)?;
    let path = script.canonicalize().map_err(unreadable)?.display().to_string();
    let cell = Cell::of(&text);
    let written = cell.magic.as_ref().filter(|line| line.name == "plugin");
    let line = written.map(|line| (header(engine, line.arguments), line.number));
    let (name, registration) = match line {
        None => (String::new(), Registration::default()),
        Some((Ok(header), _)) => (header.name, header.registration),
        Some((Err(message), line)) => {
            return Err(ManagerError::Broken { path, line: Some(line), column: Some(1), message });
        }
    };
    let package = package(&found, manifest.as_ref())?;
    let given = Given { name, otherwise: found.name(), package: package.clone(), ..Given::default() };
    // A file cannot grant itself anything: that is for whoever loads it.
    if let Some(key) = granted_to_itself(&registration) {
        let message = format!(
            "a file cannot set its own `{key}`; take it out, and set `{key}` where it is loaded: `[plugins.NAME]` in \
             candlewick.toml, or `%config NAME.{key}=…`"
        );
        return Err(ManagerError::Broken { path, line: written.map(|line| line.number), column: Some(1), message });
    }
    let registration = Registration { origin: path.clone(), source: text.clone(), package, ..registration };
    Ok(ScriptFile { path, text, given, registration })
}

/// The key of a file's `%%plugin` line that only whoever loads the file may set.
fn granted_to_itself(registration: &Registration) -> Option<&'static str> {
    if !registration.allow.is_empty() {
        return Some("allow");
    }
    (registration.limits != Limits::default()).then_some("limits")
}

/// What a package gives beside the script.
fn package(found: &Found, manifest: Option<&Manifest>) -> Result<Map<String, Value>, ManagerError> {
    let mut package = Map::new();
    if let Some(manifest) = manifest {
        package.insert(METADATA.to_owned(), Value::Object(manifest.metadata.clone()));
    }
    if found.form == Form::Directory {
        let mut files = manifest.map_or_else(SchemaFiles::default, |manifest| manifest.schemas.clone());
        files.add_defaults(&found.path);
        let schemas = schemas(&found.path, &files)?;
        if !schemas.is_empty() {
            package.insert(SCHEMAS.to_owned(), Value::Object(schemas));
        }
    }
    Ok(package)
}

/// The schemas of files in the form of `const schemas`; what names no verb is for the main one.
fn schemas(directory: &Path, files: &SchemaFiles) -> Result<Map<String, Value>, ManagerError> {
    let mut schemas = Map::new();
    if let Some(file) = &files.config {
        schemas.insert("config".to_owned(), schema(&directory.join(file))?);
    }
    let sides = [("input", &files.inputs), ("output", &files.outputs)];
    for (side, verb, file) in
        sides.iter().flat_map(|(side, all)| all.iter().map(move |(verb, file)| (side, verb, file)))
    {
        let verb = if verb.is_empty() { "infer" } else { verb };
        let own = schemas.entry(verb).or_insert_with(|| json!({}));
        own[*side] = schema(&directory.join(file))?;
    }
    Ok(schemas)
}

fn schema(path: &Path) -> Result<Value, ManagerError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ManagerError::Unreadable { path: shown.clone(), why: error.to_string() })?;
    serde_json::from_str(&text).map_err(|error| ManagerError::Broken {
        path: shown,
        line: Some(error.line()),
        column: Some(error.column()),
        message: format!("this is no JSON: {error}"),
    })
}

fn packaged(error: PackageError) -> ManagerError {
    match error {
        PackageError::Unreadable { path, reason } => {
            ManagerError::Unreadable { path: path.display().to_string(), why: reason }
        }
        PackageError::Manifest { path, line, column, message } => {
            ManagerError::Broken { path: path.display().to_string(), line, column, message }
        }
        PackageError::NotAPlugin { path, reason } => {
            ManagerError::NotAPlugin { path: path.display().to_string(), why: reason }
        }
        other => ManagerError::NotAPlugin { path: String::new(), why: other.to_string() },
    }
}

/// What is wrong with a script, with its place.
pub fn broken(engine: &Engine, error: &EvalAltResult, path: &str) -> ManagerError {
    let (sources, scope) = (Sources::default(), Scope::new());
    let problem = Reporter { engine, scope: &scope, origins: None, sources: &sources }.problem(error, path);
    let place = super::failure::innermost(error).position();
    let message =
        if problem.name == "PluginError" { problem.message } else { format!("{}: {}", problem.name, problem.message) };
    ManagerError::Broken { path: path.to_owned(), line: place.line(), column: place.position(), message }
}

/// Whether a function's name is one that plugins are made of.
pub fn is_of_a_plugin(name: &str) -> bool {
    Hook::from_name(name).is_some()
        || Verb::from_name(name).is_some()
        || Transform::from_name(name).is_some()
        || name == "create"
}
