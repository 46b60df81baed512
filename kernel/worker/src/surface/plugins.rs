//! The plugin manager's verbs as functions, and a plugin as a value whose own verbs are its methods.
//!
//! Must not know hooks or runs. Read [`BUILTINS`] first, then [`PluginHandle`].

use super::actions::refused as refused_action;
use super::arguments::Answer;
use super::closures::carried;
use super::{Builtin, Kind};
use crate::commands;
use crate::problem::Fault;
use crate::script::{from_json, from_passed, to_json, to_passed};
use crate::session::Session;
use candlewick_display::Bundle;
use candlewick_link::FromWorker;
use candlewick_plugin_api::{Group, Value, Verb};
use candlewick_plugin_manager::{Envelope, ManagerError, PluginManager, PluginRow};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext};
use std::sync::LazyLock;

/// A registered plugin, by its name.
#[derive(Clone)]
pub struct PluginHandle(pub String);

/// The name of [`PluginHandle`] for users.
const PLUGIN: &str = "plugin";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "plugin",
        "plugin(name) -> plugin",
        "a registered plugin; its own verbs are called on it, as in plugin(\"x\").infer(data)",
        "plugin(\"history\")",
        |engine, session| {
            let plugins = session.clone();
            engine.register_fn("plugin", move |name: &str| {
                look(&plugins, |plugins| plugins.metadata(name).map(|_| PluginHandle(name.to_owned())))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "plugins",
        "plugins()",
        "shows all plugins with state, calls and time, as `%plugins` does",
        "plugins()",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("plugins", move || show(&session, commands::plugin_table));
        },
    ),
    Builtin::new(
        Kind::Function,
        "hooks",
        "hooks()",
        "shows the training loop with every plugin in its place, as `%hooks` does",
        "hooks()",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("hooks", move || show(&session, commands::hook_table));
        },
    ),
    Builtin::new(
        Kind::Function,
        "list_plugins",
        "list_plugins() -> array",
        "the names of all plugins, in the order in which they were registered",
        "list_plugins()",
        |engine, session| {
            let plugins = session.clone();
            engine.register_fn("list_plugins", move || look(&plugins, |plugins| Ok(names(plugins.plugins()))));
        },
    ),
    Builtin::new(
        Kind::Function,
        "list_active_plugins",
        "list_active_plugins() -> array",
        "the names of the plugins that are active",
        "list_active_plugins()",
        |engine, session| {
            let plugins = session.clone();
            engine.register_fn("list_active_plugins", move || {
                look(&plugins, |plugins| Ok(names(plugins.active_plugins())))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "activate",
        "activate(name) or activate(name, settings) -> bool",
        "initializes a plugin and calls it from the next hook on; false when it was active",
        "activate(\"live-chart\")",
        |engine, session| {
            let (plain, with) = (session.clone(), session.clone());
            engine.register_fn("activate", move |name: &str| change(&plain, |plugins| plugins.activate(name)));
            engine.register_fn("activate", move |name: &str, settings: Map| {
                let settings = json_map(settings)?;
                change(&with, |plugins| plugins.activate_with(name, &settings))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "deactivate",
        "deactivate(name) -> bool",
        "calls a plugin no more and runs its cleanup; false when it was not active",
        "deactivate(\"live-chart\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("deactivate", move |name: &str| change(&session, |plugins| plugins.deactivate(name)));
        },
    ),
    Builtin::new(
        Kind::Function,
        "unregister",
        "unregister(name) -> bool",
        "takes a plugin out, after its cleanup; false when it was taken out before",
        "unregister(\"live-chart\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("unregister", move |name: &str| change(&session, |plugins| plugins.unregister(name)));
        },
    ),
    Builtin::new(
        Kind::Function,
        "execute",
        "execute(name, data) or execute(name, data, options)",
        "asks a plugin for its main verb, infer; others are called on plugin(name)",
        "execute(\"my_model\", tensor([1.0, 2.0]))",
        |engine, session| {
            let (plain, with) = (session.clone(), session.clone());
            engine.register_fn("execute", move |call: NativeCallContext, name: &str, data: Dynamic| {
                execute(&plain, &call, name, None, &[data])
            });
            engine.register_fn("execute", move |call: NativeCallContext, name: &str, data: Dynamic, options: Map| {
                execute(&with, &call, name, None, &[data, options.into()])
            });
        },
    ),
    Builtin::new(
        Kind::Method(PLUGIN),
        "run",
        "run(verb, …) -> map",
        "asks for a verb and gives the answer in its envelope: gid, cid, version, start, seconds, arguments, output",
        "plugin(\"my_model\").run(\"infer\", 1.0)",
        |engine, session| (1..=10).for_each(|count| bind_run(engine, session, count)),
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "settings",
        "settings -> map",
        "its settings: those given over its defaults",
        "plugin(\"live-chart\").settings",
        |engine, session| {
            let session = session.clone();
            engine.register_get("settings", move |plugin: &mut PluginHandle| {
                let settings = look(&session, |plugins| plugins.settings(&plugin.0).cloned())?;
                Ok::<_, Box<EvalAltResult>>(from_json(&serde_json::Value::Object(settings)))
            });
        },
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "instances",
        "instances -> array",
        "the names of the instances that create(…) made of it",
        "plugin(\"my_model\").instances",
        |engine, session| {
            let session = session.clone();
            engine.register_get("instances", move |plugin: &mut PluginHandle| -> Answer<Array> {
                let named = |plugins: &PluginManager| {
                    Ok(plugins.instances(&plugin.0).map(|name| Dynamic::from(name.to_owned())).collect())
                };
                look(&session, named)
            });
        },
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "name",
        "name -> string",
        "the name it is registered under",
        "plugin(\"history\").name",
        |engine, _| {
            engine.register_get("name", |plugin: &mut PluginHandle| plugin.0.clone());
        },
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "state",
        "state -> string",
        "where it stands: registered, initialized, active, executing, inactive, cleaned or quarantined",
        "plugin(\"history\").state",
        |engine, session| {
            let session = session.clone();
            engine.register_get("state", move |plugin: &mut PluginHandle| {
                row(&session, &plugin.0).map(|row| row.state.name().to_owned())
            });
        },
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "metadata",
        "metadata -> map",
        "what it says about itself",
        "plugin(\"history\").metadata",
        |engine, session| {
            let session = session.clone();
            engine.register_get("metadata", move |plugin: &mut PluginHandle| {
                let metadata = look(&session, |plugins| plugins.metadata(&plugin.0).cloned())?;
                // Plain data always has JSON.
                Ok::<_, Box<EvalAltResult>>(from_json(&serde_json::to_value(metadata).unwrap_or_default()))
            });
        },
    ),
    Builtin::new(
        Kind::Property(PLUGIN),
        "verbs",
        "verbs -> array",
        "the verbs it has",
        "plugin(\"history\").verbs",
        |engine, session| {
            let session = session.clone();
            engine.register_get("verbs", move |plugin: &mut PluginHandle| -> Answer<Array> {
                Ok(row(&session, &plugin.0)?.verbs.iter().map(|verb| Dynamic::from(verb.name())).collect())
            });
        },
    ),
];

/// The verbs of plugins as methods, made from the table of verbs.
pub static VERBS: LazyLock<Vec<Builtin>> = LazyLock::new(|| Verb::all().map(method).collect());

/// Names the types of this file and makes every verb a method.
pub fn types(engine: &mut Engine, session: &Session) {
    engine.register_type_with_name::<PluginHandle>(PLUGIN);
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |plugin: &mut PluginHandle| format!("plugin({:?})", plugin.0));
    }
    for verb in Verb::all() {
        (0..=9).filter(|count| verb.takes(*count)).for_each(|count| bind(engine, session, verb, count));
    }
}

/// A method of `count` arguments beside the plugin itself.
fn bind(engine: &mut Engine, session: &Session, verb: Verb, count: usize) {
    let session = session.clone();
    let types = std::iter::once(std::any::TypeId::of::<PluginHandle>())
        .chain(std::iter::repeat_n(std::any::TypeId::of::<Dynamic>(), count));
    #[allow(deprecated)]
    // Rhai's mark for an interface that may still change; the typed one needs a function for each count
    engine.register_raw_fn(verb.name(), types.collect::<Vec<_>>(), move |call, arguments| {
        let (plugin, given) = arguments.split_first_mut().ok_or("a method is called on a value")?;
        let name = plugin.read_lock::<PluginHandle>().map(|plugin| plugin.0.clone()).unwrap_or_default();
        let given: Vec<Dynamic> = given.iter().map(|argument| (**argument).clone()).collect();
        execute(&session, &call, &name, Some(verb.name()), &given)
    });
}

/// `run` with `count` arguments, the verb's name among them.
fn bind_run(engine: &mut Engine, session: &Session, count: usize) {
    let session = session.clone();
    let types = [std::any::TypeId::of::<PluginHandle>(), std::any::TypeId::of::<rhai::ImmutableString>()];
    let types = types.into_iter().chain(std::iter::repeat_n(std::any::TypeId::of::<Dynamic>(), count - 1));
    #[allow(deprecated)] // as above
    engine.register_raw_fn("run", types.collect::<Vec<_>>(), move |call, arguments| {
        let name = arguments[0].read_lock::<PluginHandle>().map(|plugin| plugin.0.clone()).unwrap_or_default();
        let verb = arguments[1].to_string();
        let given: Vec<Dynamic> = arguments[2..].iter().map(|argument| carried(&call, argument)).collect();
        let envelope = enveloped(&session, call.engine(), &name, Some(&verb), &given)?;
        let mut map: Map =
            envelope.head().iter().map(|(name, field)| (name.as_str().into(), from_json(field))).collect();
        map.insert("output".into(), from_passed(&envelope.output));
        Ok(Dynamic::from(map))
    });
}

/// Asks for a verb; the answer in its envelope.
///
/// # Errors
/// As asking for the verb.
pub fn enveloped(
    session: &Session,
    engine: &Engine,
    name: &str,
    verb: Option<&str>,
    arguments: &[Dynamic],
) -> Answer<Envelope> {
    let named = |value: &Dynamic| engine.map_type_name(value.type_name()).to_owned();
    let arguments: Vec<Value> = arguments.iter().map(|argument| to_passed(argument, &named)).collect();
    if let Some(entry) = entry_point(verb) {
        let open = look(session, |plugins| plugins.open_envelope(name, entry, &arguments))?;
        let answer = session.actions.call(name, entry.name(), &arguments).map_err(refused_action)?;
        return Ok(open.seal(answer));
    }
    let mut asked = change(session, |plugins| plugins.take(name, verb))?;
    asked.begin(&arguments);
    asked.run(&arguments);
    change(session, |plugins| plugins.put_back_enveloped(asked))
}

/// The verb's entry for help and completion; [`types`] binds it.
fn method(verb: Verb) -> Builtin {
    // Once for each verb in a process.
    let signature: &'static str = Box::leak(verb.signature().trim_start_matches("fn ").to_owned().into_boxed_str());
    let example: &'static str = Box::leak(format!("plugin(\"x\").{verb}()").into_boxed_str());
    Builtin::new(Kind::Method(PLUGIN), verb.name(), signature, verb.doc(), example, |_, _| {})
}

/// Asks for a verb while the manager is free, so that the verb may start a run or ask another plugin.
fn execute(
    session: &Session,
    call: &NativeCallContext,
    name: &str,
    verb: Option<&str>,
    arguments: &[Dynamic],
) -> Answer<Dynamic> {
    let engine = call.engine();
    let named = |value: &Dynamic| engine.map_type_name(value.type_name()).to_owned();
    let arguments: Vec<Value> = arguments.iter().map(|argument| to_passed(&carried(call, argument), &named)).collect();
    if let Some(entry) = entry_point(verb) {
        let answer = session.actions.call(name, entry.name(), &arguments);
        return answer.map(|answer| from_passed(&answer)).map_err(refused_action);
    }
    let mut asked = change(session, |plugins| plugins.take(name, verb))?;
    asked.run(&arguments);
    change(session, |plugins| plugins.put_back(asked)).map(|answer| from_passed(&answer))
}

/// Shows a table of the plugins right away.
fn show(session: &Session, table: fn(&PluginManager) -> Bundle) -> Answer<()> {
    let bundle = crate::show::linked(look(session, |plugins| Ok(table(plugins)))?);
    session.outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
    Ok(())
}

/// The entry point of that name: it is asked for inside an action.
fn entry_point(verb: Option<&str>) -> Option<Verb> {
    verb.and_then(Verb::from_name).filter(|verb| verb.group() == Group::EntryPoints)
}

/// Looks at the plugins.
///
/// # Errors
/// They are in use, or what `see` refuses.
pub fn look<T>(session: &Session, see: impl FnOnce(&PluginManager) -> Result<T, ManagerError>) -> Answer<T> {
    let plugins = session.plugins.try_borrow().map_err(|_| busy())?;
    see(&plugins).map_err(|error| refused(&error))
}

/// Changes the plugins.
///
/// # Errors
/// They are in use, or what `act` refuses.
pub fn change<T>(session: &Session, act: impl FnOnce(&mut PluginManager) -> Result<T, ManagerError>) -> Answer<T> {
    let mut plugins = session.plugins.try_borrow_mut().map_err(|_| busy())?;
    act(&mut plugins).map_err(|error| refused(&error))
}

fn row(session: &Session, name: &str) -> Answer<PluginRow> {
    let rows = look(session, |plugins| plugins.metadata(name).map(|_| plugins.plugins()))?;
    rows.into_iter().find(|row| row.name == name).ok_or_else(|| Fault::error("PluginError", format!("{name} is gone")))
}

fn names(rows: Vec<PluginRow>) -> Array {
    rows.into_iter().map(|row| row.name.into()).collect()
}

/// A map of plain data as JSON.
///
/// # Errors
/// A value in it that JSON has no word for.
pub fn json_map(settings: Map) -> Answer<serde_json::Map<String, serde_json::Value>> {
    match to_json(&settings.into()) {
        Ok(serde_json::Value::Object(map)) => Ok(map),
        Ok(_) => Ok(serde_json::Map::new()),
        Err(found) => Err(Fault::error("TypeError", format!("settings are plain data; found a value of type {found}"))),
    }
}

/// What the registry refused, as a notebook shows it.
pub fn refused(error: &ManagerError) -> Box<EvalAltResult> {
    let interrupted =
        matches!(error, ManagerError::Verb { error: candlewick_plugin_api::PluginError::Interrupted, .. });
    if interrupted { super::interrupted() } else { Fault::error("PluginError", error.to_string()) }
}

/// The plugins are in use.
pub fn busy() -> Box<EvalAltResult> {
    let why = "plugins cannot be changed or asked while a hook runs or a plugin is being registered; do it from a cell or a verb, or ask with ctx.disable(name)";
    Fault::error("BusyError", why)
}
