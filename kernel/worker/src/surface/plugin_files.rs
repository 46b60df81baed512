//! Plugins from files and texts, and instances of them: register, load_plugin, load_plugins, discover, create.
//!
//! Must not know hooks or runs. Read [`BUILTINS`] first, then [`Loaded`].

use super::arguments::Answer;
use super::plugins::{PluginHandle, busy, change, json_map, refused};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::session::Session;
use crate::show::{Show, Shows};
use candlewick_display::{self as display, Listing, counted};
use candlewick_link::StreamName;
use candlewick_packages::search_paths;
use candlewick_plugin_manager::{LoadReport, LoadRow, ManagerError, Registered};
use rhai::{Array, Dynamic, Engine, Map};
use std::path::Path;

/// What came of loading, as a value.
#[derive(Clone)]
pub struct Loaded(pub LoadReport);

/// The name of [`Loaded`] for users.
const REPORT: &str = "load report";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "register",
        "register(name, source) -> plugin",
        "registers a plugin whose source is a text; a %%plugin cell does the same with the rest of the cell",
        "register(\"quiet\", \"fn end_epoch(ctx) { }\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("register", move |name: &str, source: &str| register(&session, name, source));
        },
    ),
    Builtin::new(
        Kind::Function,
        "create",
        "create(plugin, name) or create(plugin, name, settings) -> plugin",
        "makes an instance of a plugin under a name of its own, with its own settings and state",
        "create(\"early-stopping\", \"patient\", #{ patience: 20 })",
        |engine, session| {
            let (plain, with) = (session.clone(), session.clone());
            engine.register_fn("create", move |plugin: &str, name: &str| create(&plain, plugin, name, Map::new()));
            engine.register_fn("create", move |plugin: &str, name: &str, settings: Map| {
                create(&with, plugin, name, settings)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "load_plugin",
        "load_plugin(path) -> plugin",
        "loads a plugin from a .rhai file or a directory and registers it; the same path again replaces it",
        "load_plugin(\"plugins/stop_on_plateau.rhai\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("load_plugin", move |path: &str| -> Answer<PluginHandle> {
                session.calls.refuse_registering()?;
                let (name, registered) = change(&session, |plugins| plugins.load_plugin(Path::new(path)))?;
                say_declined(&session, &name, &registered);
                Ok(PluginHandle(name))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "load_plugins",
        "load_plugins(directory) -> load report",
        "loads all plugins of a directory, those first that others need; tells of each what came of it",
        "load_plugins(\"plugins\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("load_plugins", move |directory: &str| -> Answer<Loaded> {
                session.calls.refuse_registering()?;
                change(&session, |plugins| plugins.load_plugins(Path::new(directory))).map(Loaded)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "discover",
        "discover() -> load report",
        "loads all plugins of the search paths: plugins here, the user's own, those of CANDLEWICK_PLUGIN_PATH",
        "discover()",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("discover", move || discover(&session));
        },
    ),
    Builtin::new(
        Kind::Property(REPORT),
        "found",
        "found -> int",
        "how many plugins there are",
        "discover().found",
        |engine, _| {
            engine.register_get("found", |report: &mut Loaded| report.0.rows.len() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(REPORT),
        "loaded",
        "loaded -> array",
        "the names of those that are registered now",
        "discover().loaded",
        |engine, _| {
            engine.register_get("loaded", |report: &mut Loaded| -> Array {
                report.0.loaded().map(|row| row.name.clone().unwrap_or_default().into()).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Property(REPORT),
        "failed",
        "failed -> array",
        "a map for each of the others: path, name, why, line",
        "discover().failed",
        |engine, _| {
            engine.register_get("failed", |report: &mut Loaded| -> Array {
                report.0.failed().map(|(row, error)| failure(row, error)).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Property(REPORT),
        "searched",
        "searched -> array",
        "the directories that were looked into",
        "discover().searched",
        |engine, _| {
            engine.register_get("searched", |report: &mut Loaded| -> Array {
                report.0.searched.iter().map(|(path, _)| path.display().to_string().into()).collect()
            });
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Loaded>(REPORT);
}

/// How values of this file's types look.
pub fn shows(shows: &mut Shows) {
    shows.add::<Loaded>();
    shows.add::<PluginHandle>();
}

/// Loads all plugins of the search paths.
///
/// # Errors
/// The plugins are in use: a hook runs.
pub fn discover(session: &Session) -> Answer<Loaded> {
    session.calls.refuse_registering()?;
    let here = std::env::current_dir().map_err(|error| Fault::error("FileError", error.to_string()))?;
    change(session, |plugins| {
        plugins.search_in(search_paths(&here));
        Ok(Loaded(plugins.discover()))
    })
}

/// What is printed when a plugin takes no part with the settings it was given.
pub fn declined(name: &str) -> String {
    format!("plugin {name} registered, not active: its `create` says that it takes no part with these settings\n")
}

/// What came of registering a plugin, in words.
pub fn told(registered: &Registered) -> String {
    match registered {
        Registered::New => "registered".to_owned(),
        Registered::Replaced { generation } => format!("replaced, generation {generation}"),
        Registered::Declined { .. } => "registered, not active: takes no part with these settings".to_owned(),
        Registered::Unchanged => "unchanged".to_owned(),
    }
}

/// The source is compiled while the registry is free, so that its top-level statements may look at other plugins.
fn register(session: &Session, name: &str, source: &str) -> Answer<PluginHandle> {
    session.calls.refuse_registering()?;
    let loaders = session.plugins.try_borrow().map_err(|_| busy())?.loaders();
    let made = loaders.iter().find_map(|loader| loader.compile(name, source));
    let made = made.ok_or_else(|| Fault::error("PluginError", "no loader here makes plugins of texts"))?;
    let made = made.map_err(|error| refused(&error))?;
    let registered = change(session, |plugins| plugins.register(made.plugin, made.registration))?;
    say_declined(session, name, &registered);
    Ok(PluginHandle(name.to_owned()))
}

fn create(session: &Session, plugin: &str, name: &str, settings: Map) -> Answer<PluginHandle> {
    session.calls.refuse_registering()?;
    let settings = json_map(settings)?;
    let registered = change(session, |plugins| plugins.create(plugin, name, &settings))?;
    say_declined(session, name, &registered);
    Ok(PluginHandle(name.to_owned()))
}

fn say_declined(session: &Session, name: &str, registered: &Registered) {
    if matches!(registered, Registered::Declined { .. }) {
        session.outbox.print(StreamName::Stdout, &declined(name));
    }
}

fn failure(row: &LoadRow, error: &ManagerError) -> Dynamic {
    let mut map = Map::new();
    map.insert("path".into(), row.path.display().to_string().into());
    map.insert("name".into(), row.name.clone().map_or(Dynamic::UNIT, Dynamic::from));
    map.insert("why".into(), error.to_string().into());
    map.insert("line".into(), error.place().0.map_or(Dynamic::UNIT, |line| (line as i64).into()));
    map.into()
}

/// Why, without the path that stands in the row already.
fn without_path(why: &str, path: &Path) -> String {
    let rest = why.strip_prefix(&path.display().to_string()).filter(|rest| rest.starts_with([',', ':', ' ']));
    rest.map_or(why, |rest| rest.trim_start_matches([',', ':', ' '])).to_owned()
}

impl Show for Loaded {
    fn bundle(&self) -> display::Bundle {
        let report = &self.0;
        let row = |row: &LoadRow| {
            let (state, why) = match &row.outcome {
                Ok(registered) => (told(registered), String::new()),
                Err(error) => ("failed".to_owned(), without_path(&error.to_string(), &row.path)),
            };
            vec![row.name.clone().unwrap_or_default(), row.path.display().to_string(), state, why]
        };
        let gone = report.searched.iter().filter(|(_, there)| !there).map(|(path, _)| path.display().to_string());
        let gone: Vec<String> = gone.collect();
        let gone = if gone.is_empty() { String::new() } else { format!("; not there: {}", gone.join(", ")) };
        let looked = report.searched.iter().filter(|(_, there)| *there).count();
        let note = format!(
            "{} found, {} loaded, {} failed, in {}{gone}",
            counted(report.rows.len(), "plugin"),
            report.loaded().count(),
            report.failed().count(),
            if looked == 1 { "1 directory".to_owned() } else { format!("{looked} directories") },
        );
        let listing = Listing { title: "plugins from files".to_owned(), note, ..Listing::default() };
        listing.table(&["plugin", "file", "what came of it", "why"], report.rows.iter().map(row).collect()).bundle()
    }
}

impl Show for PluginHandle {
    fn bundle(&self) -> display::Bundle {
        display::Bundle::new(format!("plugin({:?})", self.0))
    }
}
