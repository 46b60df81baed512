//! Plugins that Rust cells register, and what brings them back in a new worker.
//!
//! `register!("name", EXPR)` keeps the code that makes the plugin, by which it can be made again: for instances, under other
//! limits, and in a new worker, which opens the same file. `register(plugin)` keeps the plugin only. Must not know how a
//! cell is compiled. Read [`register`] first, then [`again`].

use super::loading::Loaded;
use super::plugin::CellPlugin;
use crate::configuration::Base;
use crate::script::{self, Header};
use crate::session::Session;
use crate::surface;
use candlewick_link::{Lines, StreamName};
use candlewick_packages::library::loaded;
use candlewick_plugin_api::{Hook, Plugin};
use candlewick_plugin_manager::{Registered, Registration};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::UNIX_EPOCH;

/// Makes a plugin. Rust's own calling convention and types: whoever calls it is of the same compiler and library.
pub type Make = fn() -> Box<dyn Plugin>;

/// Keys of [`Registration::package`]: what makes the plugin of a Rust cell again.
const BUILD: &str = "build";
const FUNCTION: &str = "function";
const OFFSET: &str = "offset";
const LINES: &str = "lines";
const LIBRARY: &str = "library";
const NAME: &str = "name";
/// The key of one of which there is nothing but itself.
const BY_VALUE: &str = "by_value";

thread_local! {
    static CELL: RefCell<Option<Registrar>> = const { RefCell::new(None) };
}

/// What a Rust cell that runs registers plugins with, and what came of it.
pub(super) struct Registrar {
    pub(super) session: Session,
    /// The cell that each plugin's source came from, by the plugin's name.
    pub(super) places: Rc<RefCell<HashMap<String, String>>>,
    /// The cell, such as `cell 7`.
    pub(super) source: String,
    /// Its whole text.
    pub(super) text: String,
    /// What its `%%plugin --rust` line says, with the keys that it gives.
    pub(super) header: Option<(Header, Vec<String>)>,
    /// Files that plugins can be made of again.
    pub(super) files: Vec<PathBuf>,
    pub(super) registered: usize,
    /// Why plugins were refused.
    pub(super) refused: Vec<String>,
}

/// Registers a plugin with the notebook's plugins; one of the same name that a cell has registered before is replaced, in
/// a live run between two hooks. It takes over the state of each run, which [`Plugin::state`] gives and
/// [`Plugin::restore`] takes.
///
/// After the worker's death it is not there until its cell is run again, unless it is registered with
/// [`register!`](crate::register). A refusal is the cell's error, when the cell ends.
///
/// # Panics
/// Outside a Rust cell that runs, or in a thread of it.
pub fn register(plugin: impl Plugin + 'static) {
    enter(CellPlugin::by_value(Box::new(plugin)));
}

/// What [`register!`](crate::register) does: the same for a plugin that `make` makes, under that name.
///
/// # Panics
/// As [`register`], and as `make`.
pub fn register_made(name: &str, make: Make) {
    enter(CellPlugin::made(name, make));
}

/// Registers a plugin of a Rust cell under a name: `register!("name", EXPRESSION);`.
///
/// The expression is evaluated for each instance of the plugin, and in a new worker; it can therefore name items, but no
/// variables. One that needs variables is registered with the function [`register`](crate::rust::registering::register).
#[macro_export]
macro_rules! register {
    ($name:expr, $plugin:expr $(,)?) => {{
        fn make() -> ::std::boxed::Box<dyn $crate::rust::registering::PluginTrait> {
            ::std::boxed::Box::new($plugin)
        }
        $crate::rust::registering::register_made($name, make)
    }};
}

#[doc(hidden)]
pub use candlewick_plugin_api::Plugin as PluginTrait;

/// Runs a cell's code, which may register plugins; what came of that.
pub(super) fn within<T>(registrar: Registrar, run: impl FnOnce() -> T) -> (T, Registrar) {
    let former = CELL.replace(Some(registrar));
    let done = run();
    // It is put there above, and taken by nobody else for longer than a registration.
    let registrar = CELL.replace(former);
    match registrar {
        Some(registrar) => (done, registrar),
        None => panic_any("a registration of a plugin has not ended".to_owned()),
    }
}

/// The plugin of a Rust cell that a former worker had; none where the registration is of something else. An error says why
/// it cannot be made again.
pub fn again(registration: &Registration) -> Option<Result<Box<dyn Plugin>, String>> {
    let package = &registration.package;
    if package.contains_key(BY_VALUE) {
        let how = "it was registered by value: run its cell again, and write `register!(\"name\", EXPRESSION)` for one \
                   that comes back by itself";
        return Some(Err(how.to_owned()));
    }
    package.contains_key(BUILD).then(|| made_again(package))
}

/// Whether a registration is of a plugin in a Rust cell: its source is no script.
pub fn is_of_a_rust_cell(registration: &Registration) -> bool {
    registration.package.contains_key(BUILD) || registration.package.contains_key(BY_VALUE)
}

fn made_again(package: &Map<String, Value>) -> Result<Box<dyn Plugin>, String> {
    let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
    if text(LIBRARY) != library() {
        return Err("it was compiled for another build of Candlewick: run its cell again".to_owned());
    }
    let (file, function) = (Path::new(text(BUILD)), text(FUNCTION));
    let lines: Vec<Lines> =
        package.get(LINES).and_then(|lines| serde_json::from_value(lines.clone()).ok()).unwrap_or_default();
    let loaded = match Loaded::named(file) {
        Some(loaded) => loaded,
        None => Loaded::open_at(file, function, lines)
            .map_err(|error| format!("its compiled cell is gone ({error}): run the cell again"))?,
    };
    let offset = package.get(OFFSET).and_then(Value::as_u64).and_then(|offset| usize::try_from(offset).ok());
    let address = loaded.address_at(offset.ok_or("what was noted of it has no offset: run its cell again")?);
    // SAFETY: the offset of a function of this type in this file was noted when the file was loaded; the file is this
    // session's own and was not changed since, and what it was compiled for is loaded here.
    let make = unsafe { std::mem::transmute::<*const c_void, Make>(address) };
    let made = catch_unwind(|| CellPlugin::made(text(NAME), make));
    let panicked = |panic: Box<dyn std::any::Any + Send>| candlewick_plugin_api::panics::described(&*panic);
    made.map(|plugin| Box::new(plugin) as Box<dyn Plugin>)
        .map_err(|panic| format!("it panicked while it was made: {}", panicked(panic)))
}

/// The plugin's code may register others while it is asked what it is, so nothing is borrowed then.
fn enter(plugin: CellPlugin) {
    let Some(mut registrar) = CELL.take() else {
        panic_any(
            "a plugin is registered by the code of a Rust cell, on the cell's own thread, while it runs".to_owned(),
        )
    };
    let registered = catch_unwind(AssertUnwindSafe(|| {
        let name = plugin.name();
        registrar.register(&name, plugin)
    }));
    let panic = match registered {
        Ok(Ok(told)) => {
            registrar.registered += 1;
            registrar.session.outbox.print(StreamName::Stdout, &told);
            None
        }
        Ok(Err(why)) => {
            registrar.refused.push(why);
            None
        }
        Err(panic) => Some(panic),
    };
    CELL.replace(Some(registrar));
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

impl Registrar {
    fn register(&mut self, name: &str, plugin: CellPlugin) -> Result<String, String> {
        let (header, keys) = match &self.header {
            Some((header, keys)) if header.name == name => (header.registration.clone(), keys.clone()),
            _ => (Registration::from_origin(script::ORIGIN), Vec::new()),
        };
        let (package, file) = package(name, plugin.make());
        let registration = Registration { source: self.text.clone(), package, ..header };
        let base = Base::of_cell(registration, keys.iter().map(String::as_str));
        let busy = || format!("plugin `{name}` was not registered: plugins cannot change while one of them is called");
        let configuration = self.session.configuration.clone();
        let defaults = plugin.metadata().config;
        let registration = configuration.try_borrow().map_err(|_| busy())?.registration(name, &base, &defaults);
        let hooks = described(&plugin);
        let former = self.places.borrow_mut().insert(name.to_owned(), self.source.clone());
        let plugins = self.session.plugins.clone();
        let registered = match plugins.try_borrow_mut() {
            Ok(mut plugins) => plugins.register(Box::new(plugin), registration).map_err(|error| {
                let blamed = configuration.borrow().blamed(name, &base, &error);
                blamed.map_or_else(|| error.to_string(), |from| format!("{error}; it is set by {from}"))
            }),
            Err(_) => Err(busy()),
        };
        let registered = registered.inspect_err(|_| {
            self.places.borrow_mut().extend(former.map(|place| (name.to_owned(), place)));
        })?;
        self.files.extend(file);
        let configured = configuration.borrow_mut().took(name, base);
        let configured =
            if configured.is_empty() { String::new() } else { format!("; configured: {}", configured.join(", ")) };
        Ok(match registered {
            Registered::Declined { .. } => surface::declined(name),
            _ => format!("plugin {name} registered: {hooks}{configured}\n"),
        })
    }
}

/// What makes a plugin again, and the file that it needs.
fn package(name: &str, make: Option<Make>) -> (Map<String, Value>, Option<PathBuf>) {
    let made = make.map(|make| make as *const c_void);
    let Some((address, loaded)) = made.and_then(|address| Some((address, Loaded::of(address)?))) else {
        return (Map::from_iter([(BY_VALUE.to_owned(), Value::from(true))]), None);
    };
    let package = json!({
        BUILD: loaded.file, FUNCTION: loaded.function, OFFSET: loaded.offset_of(address), LINES: loaded.lines,
        LIBRARY: library(), NAME: name,
    });
    match package {
        Value::Object(package) => (package, Some(loaded.file)),
        _ => (Map::new(), None),
    }
}

/// Tells this build of the library from another: its file, length and time. Not its checksum, as plugin packages have it:
/// that takes longer than a cell may, and within a session nothing else replaces the file than an installation.
fn library() -> String {
    let about = loaded("libcandlewick.").and_then(|file| Some((file.metadata().ok()?, file)));
    let Some((about, file)) = about else { return String::new() };
    let time = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {} {}", file.display(), about.len(), time.as_nanos())
}

/// Its hooks, transforms and verbs in a few words.
fn described(plugin: &CellPlugin) -> String {
    let hooks = plugin.hooks();
    let transforms = plugin.transforms();
    let all = Hook::all().all(|hook| hooks.contains(hook));
    let mut names: Vec<&str> = if all { vec!["all hooks"] } else { hooks.iter().map(Hook::name).collect() };
    names.extend(transforms.iter().map(|transform| transform.name()));
    let verbs = plugin.verbs();
    names.extend(verbs.iter().map(|verb| verb.name()));
    if names.is_empty() { "no hooks".to_owned() } else { names.join(", ") }
}
