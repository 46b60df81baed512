//! Verbs, states and what plugins need of each other.

use crate::scripted::{Log, Scripted};
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::json;
use std::cell::Cell;

/// A model that adds to what it is given; every verb is noted.
struct Adder {
    metadata: Metadata,
    log: Log,
    by: i64,
    failing: &'static str,
}

impl Adder {
    fn of(name: &str, log: &Log) -> Self {
        let metadata = Metadata::of(name, "1.2.0", "adds").setting("by", 1);
        Self { metadata, log: log.clone(), by: 0, failing: "" }
    }

    fn failing_at(mut self, verb: &'static str) -> Self {
        self.failing = verb;
        self
    }

    fn needing(mut self, dependency: &str) -> Self {
        self.metadata = self.metadata.needs(dependency.parse().unwrap());
        self
    }
}

impl Plugin for Adder {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn hooks(&self) -> HookSet {
        HookSet::none()
    }

    fn verbs(&self) -> Vec<Verb> {
        ["initialize", "infer", "cleanup"].iter().filter_map(|name| Verb::from_name(name)).collect()
    }

    fn execute(&mut self, verb: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        self.log.borrow_mut().push(format!("{}:{verb}", self.metadata.name));
        if verb.name() == self.failing {
            return Err(PluginError::failed("no"));
        }
        match (verb.name(), arguments) {
            ("initialize", [Value::Map(options)]) => {
                self.by = options["by"].number().unwrap_or(0.0) as i64;
                Ok(Value::Nothing)
            }
            ("infer", [Value::Integer(number), ..]) => Ok(Value::from(number + self.by)),
            ("infer", _) => panic!("only whole numbers"),
            _ => Ok(Value::Nothing),
        }
    }
}

fn registered(plugins: &mut PluginManager, plugin: Adder) {
    plugins.register(Box::new(plugin), Registration::default()).unwrap();
}

fn state(plugins: &PluginManager, name: &str) -> &'static str {
    plugins.plugins().into_iter().find(|row| row.name == name).unwrap().state.name()
}

#[test]
fn a_plugin_lives_from_registered_to_cleaned() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    let idle = Registration { enabled: false, ..Registration::default() };
    plugins.register(Box::new(Adder::of("p", &log)), idle).unwrap();
    assert_eq!(state(&plugins, "p"), "registered");
    assert_eq!(plugins.initialize("p"), Ok(true));
    assert_eq!((state(&plugins, "p"), plugins.initialize("p")), ("initialized", Ok(false)));
    assert_eq!((plugins.activate("p"), plugins.activate("p")), (Ok(true), Ok(false)));
    assert_eq!(state(&plugins, "p"), "active");
    let answer = plugins.execute("p", None, &[Value::from(41)]).unwrap();
    assert_eq!(answer.number(), Some(42.0));
    assert_eq!((plugins.deactivate("p"), plugins.deactivate("p")), (Ok(true), Ok(false)));
    assert_eq!(state(&plugins, "p"), "cleaned");
    // Cleaned up, it is initialized again before it is active again.
    plugins.activate("p").unwrap();
    assert_eq!(*log.borrow(), ["p:initialize", "p:infer", "p:cleanup", "p:initialize"]);
    assert!(plugins.clean_up().is_empty());
    assert_eq!(log.borrow().last().unwrap(), "p:cleanup");
}

#[test]
fn an_answer_is_never_nothing_for_a_failure() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    registered(&mut plugins, Adder::of("p", &log));
    let mut check = |verb: Option<&str>, arguments: &[Value], expect: &str| {
        let error = plugins.execute("p", verb, arguments).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(Some("infr"), &[], "no verb `infr`; did you mean `infer`?");
    check(Some("tokenize"), &[], "has no verb `tokenize`; it has initialize, infer, cleanup");
    check(None, &[], "fn infer(data [, options]) was given 0 arguments");
    check(None, &[Value::from("x")], "failed at infer: panicked: only whole numbers");
    assert!(plugins.execute("q", None, &[]).unwrap_err().to_string().contains("no plugin `q`"));
    plugins.deactivate("p").unwrap();
    let error = plugins.execute("p", None, &[Value::from(1)]).unwrap_err().to_string();
    assert_eq!(error, "plugin `p` is cleaned and cannot be executed; activate it first");
}

#[test]
fn a_verb_that_fails_three_times_puts_its_plugin_in_quarantine() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    registered(&mut plugins, Adder::of("p", &log).failing_at("infer"));
    for _ in 0..3 {
        assert_eq!(state(&plugins, "p"), "active");
        // A wrong number of arguments is the caller's fault.
        plugins.execute("p", None, &[]).unwrap_err();
        plugins.execute("p", None, &[Value::from(1)]).unwrap_err();
    }
    assert_eq!(state(&plugins, "p"), "quarantined");
    assert_eq!((plugins.activate("p"), state(&plugins, "p")), (Ok(true), "active"));
}

#[test]
fn a_failing_cleanup_is_told_and_leaves_nothing_active() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    registered(&mut plugins, Adder::of("p", &log).failing_at("cleanup"));
    assert_eq!(plugins.deactivate("p").unwrap_err().to_string(), "plugin `p` failed at cleanup: no");
    assert_eq!(state(&plugins, "p"), "inactive");
    plugins.activate("p").unwrap();
    assert_eq!(plugins.clean_up().len(), 1);
    plugins.activate("p").unwrap();
    plugins.unregister("p").unwrap_err();
    assert!(plugins.plugins().is_empty());
}

#[test]
fn a_failing_initialize_keeps_a_plugin_out() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    let error = plugins.register(Box::new(Adder::of("p", &log).failing_at("initialize")), Registration::default());
    assert!(error.unwrap_err().to_string().contains("failed at initialize: no"));
    assert!(plugins.plugins().is_empty());
}

#[test]
fn what_a_plugin_needs_is_checked_before_it_is_active() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    let refused = |plugins: &mut PluginManager, dependency: &str, expect: &str| {
        let plugin = Adder::of("p", &log).needing(dependency);
        let error = plugins.register(Box::new(plugin), Registration::default()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    refused(&mut plugins, "base", "needs plugin `base`, which is not registered");
    registered(&mut plugins, Adder::of("base", &log));
    refused(&mut plugins, "base >=2", "needs plugin `base >=2`; version 1.2.0 is registered");
    plugins.deactivate("base").unwrap();
    refused(&mut plugins, "base ^1", "needs plugin `base`, which is cleaned; activate that first");
    plugins.activate("base").unwrap();
    registered(&mut plugins, Adder::of("p", &log).needing("base ^1"));
    let error = plugins.deactivate("base").unwrap_err().to_string();
    assert_eq!(error, "plugin `base` cannot be deactivated: p needs it; deactivate that first");
    assert!(plugins.unregister("base").is_err() && state(&plugins, "base") == "active");
    plugins.deactivate("p").unwrap();
    assert_eq!(plugins.unregister("base"), Ok(true));
}

#[test]
fn the_machine_is_measured_only_for_plugins_that_ask() {
    thread_local!(static MEASURED: Cell<u32> = const { Cell::new(0) });
    fn machine() -> Machine {
        MEASURED.with(|count| count.set(count.get() + 1));
        Machine { free_bytes: Some(1_000_000_000), ..Machine::here() }
    }
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    plugins.measure_with(machine);
    registered(&mut plugins, Adder::of("modest", &log));
    assert_eq!(MEASURED.with(Cell::get), 0);
    let mut greedy = Adder::of("greedy", &log);
    greedy.metadata.required_memory_gb = 8.0;
    let error = plugins.register(Box::new(greedy), Registration::default()).unwrap_err().to_string();
    assert_eq!(error, "plugin `greedy` cannot be activated: it needs 8 GB of memory; 1.0 GB are free");
    assert_eq!(MEASURED.with(Cell::get), 1);
}

#[test]
fn plugins_come_after_those_they_need() {
    let metadata = |name: &str, version: &str, needs: &[&str]| {
        let plain = Metadata::of(name, version, "");
        needs.iter().fold(plain, |metadata, need| metadata.needs(need.parse().unwrap()))
    };
    let check = |plugins: &[Metadata], expect: Result<&[&str], &str>| {
        let found = PluginManager::order(&plugins.iter().collect::<Vec<_>>());
        match expect {
            Ok(expect) => assert_eq!(found.unwrap(), expect),
            Err(expect) => assert_eq!(found.unwrap_err().to_string(), expect),
        }
    };
    check(
        &[metadata("c", "1.0.0", &["b", "a"]), metadata("a", "1.0.0", &[]), metadata("b", "1.0.0", &["a"])],
        Ok(&["a", "b", "c"]),
    );
    check(&[metadata("b", "1.0.0", &[]), metadata("a", "1.0.0", &[])], Ok(&["b", "a"]));
    check(
        &[metadata("a", "1.0.0", &["b"]), metadata("b", "1.0.0", &["c"]), metadata("c", "1.0.0", &["b"])],
        Err("plugins need each other in a circle: b → c → b; take one of the dependencies away"),
    );
    check(
        &[metadata("a", "1.0.0", &["a"])],
        Err("plugins need each other in a circle: a → a; take one of the dependencies away"),
    );
    check(
        &[metadata("a", "1.0.0", &["x ^1"])],
        Err("plugin `a` cannot be activated: it needs plugin `x ^1`, which is not there"),
    );
    check(
        &[metadata("a", "1.0.0", &["x ^1"]), metadata("x", "2.0.0", &[])],
        Err("plugin `a` cannot be activated: it needs plugin `x ^1`; version 2.0.0 is there"),
    );
}

#[test]
fn malformed_metadata_is_refused_with_its_field() {
    let log = Log::default();
    let mut plugin = Adder::of("p", &log);
    plugin.metadata.version = "one".into();
    let error = PluginManager::new().register(Box::new(plugin), Registration::default()).unwrap_err().to_string();
    assert!(error.contains("version `one` is not a semantic version"), "{error}");
    let hooks_only = Scripted::of("h", &log).with_config(json!({}));
    let mut plugins = PluginManager::new();
    plugins.register(Box::new(hooks_only), Registration::default()).unwrap();
    let error = plugins.execute("h", None, &[]).unwrap_err().to_string();
    assert_eq!(error, "plugin `h` has no verb `infer`; it has hooks only");
}

#[test]
fn the_manager_is_free_while_a_plugin_executes() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    registered(&mut plugins, Adder::of("p", &log));
    registered(&mut plugins, Adder::of("q", &log));
    let mut asked = plugins.take("p", Some("infer")).unwrap();
    assert_eq!(state(&plugins, "p"), "executing");
    let again = plugins.execute("p", None, &[Value::from(1)]).unwrap_err().to_string();
    assert_eq!(again, "plugin `p` is executing and cannot be executed again; it must answer first");
    assert!(plugins.unregister("p").is_err() && plugins.deactivate("p").is_err());
    let replacing = plugins.register(Box::new(Adder::of("p", &log)), Registration::default()).unwrap_err();
    assert!(replacing.to_string().contains("cannot be replaced"), "{replacing}");
    assert_eq!(plugins.execute("q", None, &[Value::from(1)]).unwrap().number(), Some(2.0));
    asked.run(&[Value::from(6)]);
    assert_eq!(plugins.put_back(asked).unwrap().number(), Some(7.0));
    assert_eq!(state(&plugins, "p"), "active");
    // It is the plugin itself that is back.
    assert_eq!(plugins.execute("p", None, &[Value::from(1)]).unwrap().number(), Some(2.0));
}

#[test]
fn settings_can_be_given_when_a_plugin_is_activated() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    let options = |json: serde_json::Value| json.as_object().cloned().unwrap();
    registered(&mut plugins, Adder::of("p", &log));
    let active = plugins.activate_with("p", &options(json!({"by": 5}))).unwrap_err().to_string();
    assert_eq!(active, "plugin `p` is active and cannot be given other settings; deactivate it first");
    plugins.deactivate("p").unwrap();
    let unknown = plugins.activate_with("p", &options(json!({"bye": 5}))).unwrap_err().to_string();
    assert_eq!(unknown, "plugin `p` has no setting `bye`; did you mean `by`?");
    assert_eq!(plugins.activate_with("p", &options(json!({"by": 5}))), Ok(true));
    assert_eq!(plugins.execute("p", None, &[Value::from(1)]).unwrap().number(), Some(6.0));
    assert_eq!(plugins.records()[0].registration.config, options(json!({"by": 5})));
}

#[test]
fn a_plugin_that_is_refused_was_not_initialized() {
    let (log, mut plugins) = (Log::default(), PluginManager::new());
    plugins.register(Box::new(Adder::of("p", &log)), Registration::from_origin("here")).unwrap();
    let other = plugins.register(Box::new(Adder::of("p", &log)), Registration::from_origin("there"));
    assert!(matches!(other, Err(ManagerError::NameTaken { .. })), "{other:?}");
    assert_eq!(*log.borrow(), ["p:initialize"]);
    plugins.register(Box::new(Adder::of("p", &log)), Registration::from_origin("here")).unwrap();
    assert_eq!(*log.borrow(), ["p:initialize", "p:initialize", "p:cleanup"]);
}
