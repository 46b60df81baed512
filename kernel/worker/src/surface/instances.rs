//! The six entry points as words: instances of models, data by name, the registries.
//!
//! Must not know how actions are carried out or stored. Read [`BUILTINS`] first; `actions.rs` has what was asked, `models.rs`
//! the store.

use super::actions::refused;
use super::arguments::{Answer, Options, text};
use super::closures::carried;
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::script::{from_passed, to_passed};
use crate::session::Session;
use crate::show::{Show, Shows};
use candlewick_actions::{Actions, Argument, Arguments, DataAccess, Instance};
use candlewick_display as display;
use candlewick_packages::{find, search_paths};
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use std::any::TypeId;
use std::path::{Path, PathBuf};

/// The name of [`Instance`] for users.
const INSTANCE: &str = "instance";
/// The name of [`DataAccess`] for users.
const DATA_ACCESS: &str = "data access";
/// Arguments that an entry point takes beside the instance.
const MOST: usize = 8;

/// Arguments by name.
#[derive(Clone)]
struct Named(Map);

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "create_instance",
        "create_instance(model_type, …) -> instance",
        "makes an instance of a model type: asks the plugin that has it for instantiate",
        "let model = create_instance(\"my_net\");",
        |engine, session| {
            bind(engine, session, "create_instance", TypeId::of::<ImmutableString>(), |actions, model_type, given| {
                let model_type = text("create_instance", model_type)?;
                actions.create_instance(&model_type, given).map(Dynamic::from).map_err(refused)
            });
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
            bind(engine, session, "data_access", TypeId::of::<ImmutableString>(), |_, name, given| {
                let name = text("data_access", name)?;
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
            let (actions, calls) = (session.actions.clone(), session.calls.clone());
            engine.register_fn("initialize", move |settings: Map| -> Answer<Array> {
                calls.refuse_registering()?;
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
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Instance>(INSTANCE).register_type_with_name::<DataAccess>(DATA_ACCESS);
    engine.register_type_with_name::<Named>("named arguments");
}

/// Makes instances show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Instance>();
    shows.add::<DataAccess>();
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
        None => Argument::Value(to_passed(&carried(call, value), &name)),
    };
    let positional = given.iter().map(argument).collect();
    let named = named.iter().flat_map(|named| &named.0).map(|(name, value)| (name.to_string(), argument(value)));
    Ok(Arguments { positional, named: named.collect() })
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
