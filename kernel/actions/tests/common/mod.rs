//! Plugins and a host of Rust for the tests of actions.

#![allow(clippy::unwrap_used, dead_code)] // shared by tests; clippy sees no #[test] in here, each file uses what it needs

use candlewick_actions::{Actions, Argument, Arguments, DataAccess, Host};
use candlewick_plugin_api::{
    EntryPoints, HookSet, Loaded, Loading, Metadata, Object, Plugin, PluginError, Report, Value, Verb,
};
use candlewick_plugin_manager::{PluginManager, Registration};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A host without nets; the interrupt is a flag.
#[derive(Default)]
pub struct Bare {
    pub interrupted: Cell<bool>,
}

impl Host for Bare {
    fn copy(&self, value: &Value) -> Result<Value, String> {
        Ok(value.clone())
    }

    fn encode(&self, _: &Object) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn decode(&self, _: &[u8]) -> Result<Value, String> {
        Err("there are no nets here".to_owned())
    }

    fn source(&self, name: &str, arguments: &[Value]) -> Option<Result<Loading, String>> {
        let text = arguments.first().and_then(Value::text).map(str::to_owned);
        let loading =
            |text: String| -> Loading { Box::new(move || Ok(Box::new(move || Value::from(text.as_str())) as Loaded)) };
        (name == "text").then(|| text.map(loading).ok_or_else(|| "it takes a text".to_owned()))
    }

    fn sources(&self) -> &[&'static str] {
        &["text"]
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.get()
    }

    fn interrupt(&self) {
        self.interrupted.set(true);
    }

    fn clear_interrupt(&self) {
        self.interrupted.set(false);
    }
}

/// What a scripted plugin does for a verb.
type Act = Rc<dyn Fn(&[Value], &Report) -> Result<Value, PluginError>>;

/// How a scripted plugin loads data on a thread.
type Load = Rc<dyn Fn(&[Value]) -> Loading>;

/// A plugin of the verbs it was given.
#[derive(Clone, Default)]
pub struct Scripted {
    metadata: Metadata,
    acts: Vec<(Verb, Act)>,
    loading: Option<Load>,
}

impl Scripted {
    pub fn of(name: &str) -> Self {
        Self { metadata: Metadata::of(name, "1.0.0", "scripted"), ..Self::default() }
    }

    pub fn for_types(mut self, types: &[&str]) -> Self {
        let model_types = types.iter().map(|name| (*name).to_owned()).collect();
        self.metadata.entry_points = EntryPoints { model_types, ..EntryPoints::default() };
        self
    }

    pub fn does(mut self, verb: &str, act: impl Fn(&[Value], &Report) -> Result<Value, PluginError> + 'static) -> Self {
        self.acts.push((Verb::from_name(verb).unwrap(), Rc::new(act)));
        self
    }

    pub fn loads(mut self, loading: impl Fn(&[Value]) -> Loading + 'static) -> Self {
        self.loading = Some(Rc::new(loading));
        self
    }
}

impl Plugin for Scripted {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn hooks(&self) -> HookSet {
        HookSet::none()
    }

    fn verbs(&self) -> Vec<Verb> {
        self.acts.iter().map(|(verb, _)| *verb).collect()
    }

    fn execute_with(&mut self, verb: Verb, arguments: &[Value], report: &Report) -> Result<Value, PluginError> {
        let act = self.acts.iter().find(|(own, _)| *own == verb).map(|(_, act)| act.clone());
        act.map_or(Ok(Value::Nothing), |act| act(arguments, report))
    }

    fn load_data(&mut self, arguments: &[Value]) -> Option<Loading> {
        self.loading.as_ref().map(|loading| loading(arguments))
    }
}

/// Actions on plugins, with the host and the manager beside them.
pub struct Bench {
    pub actions: Actions,
    pub host: Rc<Bare>,
    pub plugins: Rc<RefCell<PluginManager>>,
}

impl Bench {
    pub fn of(plugins: &[Scripted]) -> Self {
        let manager = Rc::new(RefCell::new(PluginManager::new()));
        let host = Rc::new(Bare::default());
        let bench = Self { actions: Actions::new(manager.clone(), host.clone()), host, plugins: manager };
        plugins.iter().for_each(|plugin| bench.register(plugin.clone()).unwrap());
        bench
    }

    pub fn register(&self, plugin: Scripted) -> Result<(), String> {
        let registered = self.plugins.borrow_mut().register(Box::new(plugin), Registration::from_origin("a test"));
        registered.map(drop).map_err(|error| error.to_string())
    }

    /// Verb and progress of every action.
    pub fn progress(&self) -> Vec<String> {
        self.actions.list().iter().map(|action| format!("{} {}", action.verb, action.progress)).collect()
    }
}

/// A counter: an instance is a number, fit adds, predict multiplies.
pub fn counter() -> Scripted {
    let number = |value: &Value| value.number().unwrap_or(f64::NAN);
    Scripted::of("counter")
        .does("instantiate", move |given, _| Ok(given.first().map_or(0.0, number).into()))
        .does("fit", move |given, report| {
            report.state(json!({ "progress": 0.5, "sum": number(&given[0]) }))?;
            Ok((number(&given[0]) + number(&given[1])).into())
        })
        .does("predict", move |given, _| Ok((number(&given[0]) * number(&given[1])).into()))
        .does("serialize", move |given, _| Ok(number(&given[0]).to_string().into_bytes().into()))
        .does("deserialize", move |given, _| {
            let Value::Bytes(bytes) = &given[0] else { return Err(PluginError::invalid("bytes are needed")) };
            let text = String::from_utf8_lossy(bytes).parse::<f64>();
            text.map(Value::from).map_err(|error| PluginError::failed(error.to_string()))
        })
}

/// Positional arguments.
pub fn given(values: impl IntoIterator<Item = Value>) -> Arguments {
    Arguments { positional: values.into_iter().map(Argument::Value).collect(), named: Vec::new() }
}

/// A data access as an argument.
pub fn data(name: &str, values: impl IntoIterator<Item = Value>) -> Argument {
    Argument::Data(DataAccess { name: name.to_owned(), arguments: given(values) })
}

/// Those who wait here go on when all have come, or not at all.
#[derive(Clone)]
pub struct Meeting(Arc<(Mutex<usize>, Condvar, usize)>);

impl Meeting {
    pub fn of(count: usize) -> Self {
        Self(Arc::new((Mutex::new(0), Condvar::new(), count)))
    }

    pub fn come(&self) -> Result<(), PluginError> {
        let (come, rung, count) = &*self.0;
        let mut here = come.lock().unwrap();
        *here += 1;
        rung.notify_all();
        let (here, _) = rung.wait_timeout_while(here, Duration::from_secs(20), |here| *here < *count).unwrap();
        if *here < *count { Err(PluginError::failed("the others did not come: nothing is concurrent")) } else { Ok(()) }
    }
}

/// A map of values.
pub fn map(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>())
}
