//! The six entry points as words: instances of models, data by name, actions and what they report.
//!
//! Must not know how actions are carried out or stored. Read [`BUILTINS`] first; `models.rs` has the store.

use super::arguments::{Answer, Options, place};
use super::{Builtin, Kind, interrupted};
use crate::problem::Fault;
use crate::script::{from_json, from_passed, tell, to_passed};
use crate::session::Session;
use crate::show::{Show, Shows};
use candlewick_actions::{Action, ActionError, Actions, Argument, Arguments, DataAccess, Instance};
use candlewick_display::{self as display, number};
use candlewick_packages::{find, search_paths};
use candlewick_plugin_api::PluginError;
use candlewick_plugin_manager::ManagerError;
use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, Map, NativeCallContext};
use std::any::TypeId;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::UNIX_EPOCH;

/// The name of [`Instance`] for users.
pub const INSTANCE: &str = "instance";
/// The name of [`ActionHandle`] for users.
const ACTION: &str = "action";
/// The name of [`ActionList`] for users.
const ACTIONS: &str = "actions";
/// The name of [`DataAccess`] for users.
const DATA_ACCESS: &str = "data access";
/// Arguments that an entry point takes beside the instance.
const MOST: usize = 8;

/// Arguments by name.
#[derive(Clone)]
struct Named(Map);

/// An action, by its number; what it was is kept in case it is forgotten.
#[derive(Clone)]
struct ActionHandle(Rc<Action>, Actions);

/// The actions at one moment.
#[derive(Clone)]
struct ActionList(Vec<Rc<Action>>, Actions);

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "create_instance",
        "create_instance(model_type, …) -> instance",
        "makes an instance of a model type: asks the plugin that has it for instantiate",
        "let model = create_instance(\"my_net\");",
        |engine, session| {
            bind(
                engine,
                session,
                "create_instance",
                TypeId::of::<rhai::ImmutableString>(),
                |actions, model_type, given| {
                    let model_type = super::arguments::text("create_instance", model_type)?;
                    actions.create_instance(&model_type, given).map(Dynamic::from).map_err(refused)
                },
            );
        },
    ),
    Builtin::new(
        Kind::Function,
        "data_access",
        "data_access(name, …) -> data access",
        "data by name, for an argument: accessed before the action that is given it executes, several at once; \
         a plugin's, or csv, parquet, dataset",
        "let data = data_access(\"csv\", \"measurements.csv\");",
        |engine, session| {
            bind(engine, session, "data_access", TypeId::of::<rhai::ImmutableString>(), |_, name, given| {
                let name = super::arguments::text("data_access", name)?;
                Ok(Dynamic::from(DataAccess { name, arguments: given.clone() }))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "named",
        "named(#{ parameter: value, … }) -> named arguments",
        "arguments by the names of the plugin's parameters: the last argument of an entry point",
        "named(#{ epochs: 10 })",
        |engine, _| {
            engine.register_fn("named", |arguments: Map| Named(arguments));
        },
    ),
    Builtin::new(
        Kind::Method(DATA_ACCESS),
        "load",
        "load() -> any",
        "accesses the data now",
        "data_access(\"dataset\", \"iris\").load()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("load", move |access: &mut DataAccess| {
                actions.access(access).map(|value| from_passed(&value)).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Method(INSTANCE),
        "fit",
        "fit(data, …) -> instance",
        "trains the instance: asks its plugin for fit; one that fails or is cancelled leaves it as it was",
        "create_instance(\"my_net\").fit(dataset(\"iris\"))",
        |engine, session| {
            bind(engine, session, "fit", TypeId::of::<Instance>(), |actions, instance, given| {
                let instance = own(instance)?;
                actions.fit(&instance, given).map(|()| Dynamic::from(instance)).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Method(INSTANCE),
        "predict",
        "predict(data, …) -> any",
        "the prediction for given data: asks its plugin for predict; the instance keeps what predicting changed in it",
        "create_instance(\"my_net\").predict(dataset(\"iris\"))",
        |engine, session| {
            bind(engine, session, "predict", TypeId::of::<Instance>(), |actions, instance, given| {
                actions.predict(&own(instance)?, given).map(|value| from_passed(&value)).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Method(INSTANCE),
        "serialize",
        "serialize() -> blob",
        "the instance as bytes: what its plugin's serialize gives, safetensors where that is a net or a map of tensors",
        "create_instance(\"my_net\").serialize()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("serialize", move |instance: &mut Instance| -> Answer<Blob> {
                actions.serialize(instance).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "deserialize",
        "deserialize(model_type, bytes) -> instance",
        "the instance that serialize() made bytes of",
        "deserialize(\"my_net\", blob())",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("deserialize", move |model_type: &str, bytes: Blob| -> Answer<Instance> {
                actions.deserialize(model_type, &bytes).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Property(INSTANCE),
        "id",
        "id -> integer",
        "its number in this session",
        "create_instance(\"my_net\").id",
        |engine, _| {
            engine.register_get("id", |instance: &mut Instance| instance.id() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(INSTANCE),
        "model_type",
        "model_type -> string",
        "its model type",
        "create_instance(\"my_net\").model_type",
        |engine, _| {
            engine.register_get("model_type", |instance: &mut Instance| instance.model_type().to_owned());
        },
    ),
    Builtin::new(
        Kind::Property(INSTANCE),
        "value",
        "value -> any",
        "what its plugin made of it last, such as a net",
        "create_instance(\"my_net\").value",
        |engine, _| {
            engine.register_get("value", |instance: &mut Instance| from_passed(&instance.value()));
        },
    ),
    Builtin::new(
        Kind::Function,
        "model",
        "model(plugin) -> string",
        "the model type that a plugin is whole for, with all of instantiate, fit, predict, serialize and deserialize; \
         otherwise an error that names what is missing",
        "create_instance(model(\"my_net\"))",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("model", move |plugin: &str| -> Answer<String> {
                Ok(actions.model_types(plugin).map_err(refused)?.swap_remove(0))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "entry_points",
        "entry_points() -> map",
        "the six registries: for each entry point the plugins by model type, for data_access by name of data",
        "entry_points()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("entry_points", move || registries(&actions));
        },
    ),
    Builtin::new(
        Kind::Function,
        "initialize",
        "initialize(#{ names: [path or name, …] }) -> array",
        "loads and registers these plugins, all or none; a name is looked for in the search paths",
        "initialize(#{ names: [\"plugins/my_net.rhai\"] })",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("initialize", move |settings: Map| -> Answer<Array> {
                Ok(texts(actions.initialize(&places(&settings)?).map_err(refused)?))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "unload_all",
        "unload_all() -> array",
        "takes out every plugin that initialize has loaded",
        "unload_all()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("unload_all", move || actions.unload_all().map(texts).map_err(refused));
        },
    ),
    Builtin::new(
        Kind::Function,
        "report",
        "report(#{ progress: share, … }) or report(percent)",
        "inside an entry point: tells the state of the running action, which shows as a bar; \
         a percentage is told when it has grown by one",
        "report(#{ progress: 0.4, loss: 0.1 });",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("report", move |state: Dynamic| -> Answer<()> {
                tell(&actions.report().map_err(refused)?, &state)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "actions",
        "actions() -> actions",
        "what entry points were asked for: those that run, and the newest 1,000 that have ended",
        "actions()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("actions", move || ActionList(actions.list(), actions.clone()));
        },
    ),
    Builtin::new(
        Kind::Property(ACTIONS),
        "len",
        "len -> integer",
        "how many there are; actions()[-1] is the newest",
        "actions().len",
        |engine, _| {
            engine.register_get("len", |list: &mut ActionList| list.0.len() as i64);
            engine.register_fn("len", |list: &mut ActionList| list.0.len() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(ACTIONS),
        "values",
        "values -> array",
        "each action as a map",
        "actions().values",
        |engine, _| {
            engine.register_get("values", |list: &mut ActionList| -> Array {
                list.0.iter().map(|action| Dynamic::from_map(fields(action))).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Method(ACTION),
        "cancel",
        "cancel() -> bool",
        "asks an action that runs to end, for hooks and callbacks; false when it did not run",
        "actions()[-1].cancel()",
        |engine, _| {
            engine.register_fn("cancel", |action: &mut ActionHandle| action.1.cancel(action.0.id));
        },
    ),
    property("id", "id -> integer", "its number in this session", "actions()[-1].id"),
    property(
        "parent",
        "parent -> integer",
        "the action for which or inside which it was begun, or ()",
        "actions()[-1].parent",
    ),
    property("verb", "verb -> string", "the entry point", "actions()[-1].verb"),
    property("key", "key -> string", "the model type, or the name of data", "actions()[-1].key"),
    property(
        "instance",
        "instance -> integer",
        "the number of the instance it works on, or ()",
        "actions()[-1].instance",
    ),
    property("arguments", "arguments -> string", "its arguments as text", "actions()[-1].arguments"),
    property(
        "progress",
        "progress -> string",
        "accessing data, executing, storing, complete, failed or cancelled",
        "actions()[-1].progress",
    ),
    property("state", "state -> map", "what the plugin reported last, or ()", "actions()[-1].state"),
    property("reports", "reports -> integer", "how many times the plugin has reported", "actions()[-1].reports"),
    property(
        "cause",
        "cause -> map",
        "why it failed: message, plugin, line, column; () when it did not",
        "actions()[-1].cause",
    ),
    property("started", "started -> number", "when it began, in seconds since 1970", "actions()[-1].started"),
    property("seconds", "seconds -> number", "the seconds it took, or takes so far", "actions()[-1].seconds"),
];

/// An entry for a property of an action; [`types`] binds them all, from the same fields as `values` has.
const fn property(name: &'static str, signature: &'static str, doc: &'static str, example: &'static str) -> Builtin {
    Builtin::new(Kind::Property(ACTION), name, signature, doc, example, |_, _| {})
}

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Instance>(INSTANCE).register_type_with_name::<DataAccess>(DATA_ACCESS);
    engine.register_type_with_name::<Named>("named arguments").register_type_with_name::<ActionHandle>(ACTION);
    engine.register_type_with_name::<ActionList>(ACTIONS);
    for builtin in BUILTINS.iter().filter(|builtin| builtin.kind == Kind::Property(ACTION)) {
        let name = builtin.name;
        engine.register_get(name, move |action: &mut ActionHandle| {
            let now = action.1.find(action.0.id).unwrap_or_else(|| action.0.clone());
            fields(&now).remove(name).unwrap_or_default()
        });
    }
    engine.register_indexer_get(|list: &mut ActionList, index: i64| -> Answer<ActionHandle> {
        let found = place(index, list.0.len()).map(|place| ActionHandle(list.0[place].clone(), list.1.clone()));
        let short = || Fault::error("IndexError", format!("there is no action {index}; there are {}", list.0.len()));
        found.ok_or_else(short)
    });
    engine.register_iterator::<ActionList>();
}

/// Makes instances and actions show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Instance>();
    shows.add::<DataAccess>();
    shows.add::<ActionHandle>();
    shows.add::<ActionList>();
}

impl IntoIterator for ActionList {
    type Item = ActionHandle;
    type IntoIter = std::vec::IntoIter<ActionHandle>;

    fn into_iter(self) -> Self::IntoIter {
        let Self(list, actions) = self;
        let handles: Vec<_> = list.into_iter().map(|action| ActionHandle(action, actions.clone())).collect();
        handles.into_iter()
    }
}

impl Show for Instance {
    fn bundle(&self) -> display::Bundle {
        let mut facts = vec![("value".to_owned(), self.value().kind().to_owned())];
        if let Some((store, name)) = self.home() {
            facts.push(("stored".to_owned(), format!("as {name} in {}", store.path().display())));
        }
        let place = self.busy().map_or_else(|| "ready".to_owned(), |action| format!("busy with action {action}"));
        let calls = [("instance.fit(data, …)", "trains it"), ("instance.predict(data, …)", "asks it")];
        let calls = calls.map(|(call, what)| (call.to_owned(), what.to_owned())).to_vec();
        display::RunPanel { title: format!("instance {} of {}", self.id(), self.model_type()), place, facts, calls }
            .bundle()
    }
}

impl Show for DataAccess {
    fn bundle(&self) -> display::Bundle {
        display::Bundle::new(format!("{}: accessed when an action needs it, or by load()", self.text()))
    }
}

impl Show for ActionHandle {
    fn bundle(&self) -> display::Bundle {
        let now = self.1.find(self.0.id).unwrap_or_else(|| self.0.clone());
        table(std::slice::from_ref(&now)).bundle()
    }
}

impl Show for ActionList {
    fn bundle(&self) -> display::Bundle {
        if self.0.is_empty() {
            return display::Bundle::new("no actions yet");
        }
        table(&self.0).bundle()
    }
}

/// An error of actions as users see it.
pub fn refused(error: ActionError) -> Box<EvalAltResult> {
    let name = match &error {
        ActionError::Interrupted => return interrupted(),
        ActionError::Manager(ManagerError::Verb { error: PluginError::Interrupted, .. }) => return interrupted(),
        ActionError::Busy { .. } | ActionError::InHook => "BusyError",
        ActionError::NoEntry { .. } | ActionError::NoData { .. } => "NameError",
        ActionError::Manager(_) | ActionError::NotModel { .. } => "PluginError",
        ActionError::Store(_) | ActionError::NotStored { .. } => "StoreError",
        ActionError::Data { .. } => "DataError",
        ActionError::Cancelled { .. } => "Cancelled",
        _ => "ActionError",
    };
    Fault::error(name, error.to_string())
}

fn own(value: &Dynamic) -> Answer<Instance> {
    value.clone().try_cast::<Instance>().ok_or_else(|| Fault::error("TypeError", "this is called on an instance"))
}

/// What a word does with what it is called on and the arguments after that.
type Act = fn(&Actions, &Dynamic, &Arguments) -> Answer;

/// A function of any number of arguments after the first, which has a type.
fn bind(engine: &mut Engine, session: &Session, name: &'static str, first: TypeId, act: Act) {
    for count in 0..=MOST {
        let actions = session.actions.clone();
        let types: Vec<TypeId> =
            std::iter::once(first).chain(std::iter::repeat_n(TypeId::of::<Dynamic>(), count)).collect();
        #[allow(deprecated)]
        // Rhai's mark for an interface that may still change; the typed one needs a function for each count
        engine.register_raw_fn(name, types, move |call, arguments| {
            let (on, given) = arguments.split_first_mut().ok_or("a method is called on a value")?;
            let given: Vec<Dynamic> = given.iter().map(|argument| (**argument).clone()).collect();
            act(&actions, on, &passed(&call, given)?)
        });
    }
}

/// The arguments by position and, from a last `named(…)`, by name.
fn passed(call: &NativeCallContext, mut given: Vec<Dynamic>) -> Answer<Arguments> {
    let named = given.pop_if(|last| last.is::<Named>()).and_then(Dynamic::try_cast::<Named>);
    if given.iter().any(Dynamic::is::<Named>) {
        return Err(Fault::error("TypeError", "named(#{ … }) is the last argument"));
    }
    let engine = call.engine();
    let name = |value: &Dynamic| engine.map_type_name(value.type_name()).to_owned();
    let argument = |value: &Dynamic| match value.read_lock::<DataAccess>() {
        Some(access) => Argument::Data(access.clone()),
        None => Argument::Value(to_passed(value, &name)),
    };
    let positional = given.iter().map(argument).collect();
    let named = named.iter().flat_map(|named| &named.0).map(|(name, value)| (name.to_string(), argument(value)));
    Ok(Arguments { positional, named: named.collect() })
}

/// What is known of an action, by the names of its properties.
fn fields(action: &Action) -> Map {
    let number = |number: Option<u64>| number.map_or(Dynamic::UNIT, |number| (number as i64).into());
    let cause = action.cause.as_ref().map(|cause| serde_json::to_value(cause).unwrap_or_default());
    let started = action.started.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let fields: [(&str, Dynamic); 12] = [
        ("id", (action.id as i64).into()),
        ("parent", number(action.parent)),
        ("verb", action.verb.into()),
        ("key", action.key.clone().into()),
        ("instance", number(action.instance)),
        ("arguments", action.arguments.clone().into()),
        ("progress", action.progress.name().into()),
        ("state", action.state.as_ref().map_or(Dynamic::UNIT, from_json)),
        ("reports", (action.reports as i64).into()),
        ("cause", cause.as_ref().map_or(Dynamic::UNIT, from_json)),
        ("started", started.into()),
        ("seconds", action.seconds().into()),
    ];
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn table(actions: &[Rc<Action>]) -> display::Table {
    let heads = ["action", "for", "verb", "of", "instance", "arguments", "progress", "state", "time", "cause"];
    let columns = heads.map(|name| display::TableColumn { name: name.to_owned(), dtype: String::new() });
    display::Table::new(columns.to_vec(), actions.iter().map(|action| row(action)).collect())
}

fn row(action: &Action) -> Vec<display::Cell> {
    use display::Cell;
    let number = |number: Option<u64>| number.map_or(Cell::Null, |number| Cell::Integer(number as i64));
    let text = |text: Option<String>| text.map_or(Cell::Null, Cell::Text);
    vec![
        Cell::Integer(action.id as i64),
        number(action.parent),
        Cell::Text(action.verb.to_owned()),
        Cell::Text(action.key.clone()),
        number(action.instance),
        Cell::Text(action.arguments.clone()),
        Cell::Text(action.progress.name().to_owned()),
        text(action.state.as_ref().map(ToString::to_string)),
        Cell::Text(number::seconds(action.seconds())),
        text(action.cause.as_ref().map(cause)),
    ]
}

/// The error's text with its place.
fn cause(cause: &candlewick_actions::Cause) -> String {
    let place = cause.line.map_or(String::new(), |line| format!("line {line}: "));
    format!("{place}{}", cause.message)
}

fn texts(names: Vec<String>) -> Array {
    names.into_iter().map(Dynamic::from).collect()
}

/// The plugins that a configuration of seed 004 names: `names` and nothing else.
fn places(settings: &Map) -> Answer<Vec<PathBuf>> {
    let options = Options::new("initialize", "setting", settings, &["names"])?;
    let names = options.texts("names")?;
    let names = names.ok_or_else(|| Fault::error("ValueError", "initialize takes #{ names: [path or name, …] }"))?;
    Ok(names.iter().map(|name| found(name).unwrap_or_else(|| PathBuf::from(name))).collect())
}

/// The plugin of that name in the search paths; none for what is a path already.
fn found(name: &str) -> Option<PathBuf> {
    if Path::new(name).exists() {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let known = search_paths(&here).into_iter().filter_map(|directory| find(&directory).ok()).flatten();
    known.into_iter().find(|plugin| plugin.name() == name).map(|plugin| plugin.path)
}

fn registries(actions: &Actions) -> Answer<Map> {
    let mut map = Map::new();
    for entry in actions.entries().map_err(refused)? {
        let registry = map.entry(entry.verb.name().into()).or_insert_with(|| Map::new().into());
        if let Ok(mut registry) = registry.as_map_mut() {
            registry.insert(entry.key.as_str().into(), entry.plugin.into());
        }
    }
    Ok(map)
}
