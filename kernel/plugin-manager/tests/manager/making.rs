//! Instances of one plugin, settings that a plugin adjusts or declines, schemas, envelopes.

use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::{Map, Value as Json, json};

/// Counts in each run by its setting `step`; made with `step` 0 it takes no part, and with more than 9 it takes 9.
#[derive(Default)]
struct Counter {
    code: i64,
    step: i64,
    alone: bool,
    counts: PerRun<i64>,
}

impl Plugin for Counter {
    fn metadata(&self) -> Metadata {
        Metadata { gid: "g".into(), cid: "c".into(), ..Metadata::of("counter", "1.2.0", "counts").setting("step", 1) }
    }
    fn hooks(&self) -> HookSet {
        HookSet::none().with(Hook::EndEpoch)
    }
    fn verbs(&self) -> Vec<Verb> {
        ["infer", "cleanup"].iter().filter_map(|name| Verb::from_name(name)).collect()
    }
    fn schemas(&self) -> Schemas {
        let fields = json!({
            "config": {"properties": {"step": {"type": "integer", "maximum": 20}}},
            "infer": {"input": {"type": "integer"}, "output": {"maximum": 100}},
        });
        Schemas::read(fields.as_object().unwrap()).unwrap()
    }
    fn another(&self) -> Option<Box<dyn Plugin>> {
        (!self.alone).then(|| Box::new(Self { code: self.code, ..Self::default() }) as Box<dyn Plugin>)
    }
    fn create(&mut self, config: &Map<String, Json>) -> Result<Option<Map<String, Json>>, PluginError> {
        let step = config["step"].as_i64().unwrap_or_default();
        let adjusted = json!({"step": step.min(9)});
        Ok(if step == 0 { None } else { adjusted.as_object().cloned() })
    }
    fn configure(&mut self, config: &Map<String, Json>) -> Result<(), PluginError> {
        self.step = config["step"].as_i64().unwrap_or_default();
        Ok(())
    }
    fn state(&self, run: RunId) -> Option<Json> {
        self.counts.get(run).map(|count| json!(count))
    }
    fn restore(&mut self, run: RunId, state: &Json) -> Result<(), PluginError> {
        self.counts.set(run, state.as_i64().unwrap_or_default());
        Ok(())
    }
    fn execute(&mut self, _verb: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        let given = arguments.first().and_then(Value::number).unwrap_or_default() as i64;
        Ok(Value::from(given + self.step + self.code))
    }
    fn call(&mut self, _hook: Hook, ctx: &mut Context) -> Result<(), PluginError> {
        *self.counts.of(ctx.run) += self.step;
        Ok(())
    }
}

fn options(json: Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap()
}

fn counters(code: i64) -> PluginManager {
    let mut plugins = PluginManager::new();
    register(&mut plugins, code).unwrap();
    plugins
}

fn register(plugins: &mut PluginManager, code: i64) -> Result<Registered, ManagerError> {
    let plugin = Counter { code, ..Counter::default() };
    plugins.register(Box::new(plugin), Registration { priority: 7, ..Registration::from_origin("here") })
}

fn infer(plugins: &mut PluginManager, name: &str) -> f64 {
    plugins.execute(name, None, &[Value::from(1)]).unwrap().number().unwrap()
}

#[test]
fn one_plugin_has_many_instances_each_with_settings_and_state() {
    let mut plugins = counters(0);
    assert_eq!(plugins.create("counter", "by_two", &options(json!({"step": 2}))), Ok(Registered::New));
    assert_eq!(plugins.create("counter", "by_five", &options(json!({"step": 5}))), Ok(Registered::New));
    assert_eq!(["counter", "by_two", "by_five"].map(|name| infer(&mut plugins, name)), [2.0, 3.0, 6.0]);
    let mut ctx = Context::default();
    ctx.driver().facts.run = 1;
    for _ in 0..3 {
        plugins.fire(Hook::EndEpoch, &mut ctx);
    }
    let states = plugins.states(1);
    assert_eq!([&states["counter"], &states["by_two"], &states["by_five"]], [3, 6, 15]);
    let rows = plugins.plugins();
    let row = rows.iter().find(|row| row.name == "by_two").unwrap();
    assert_eq!((row.of.as_deref(), row.priority, row.calls), (Some("counter"), 7, 4));
    assert_eq!(plugins.instances("counter").collect::<Vec<_>>(), ["by_two", "by_five"]);
    assert_eq!(plugins.settings("by_five").unwrap()["step"], 5);
    assert_eq!(plugins.bytes("by_five"), Ok(2));
    // Taking one out, or the plugin itself, leaves the others.
    plugins.unregister("by_two").unwrap();
    plugins.unregister("counter").unwrap();
    assert_eq!(infer(&mut plugins, "by_five"), 6.0);
}

#[test]
fn new_code_of_a_plugin_is_new_code_of_its_instances_and_their_state_is_kept() {
    let mut plugins = counters(0);
    plugins.create("counter", "x", &options(json!({"step": 2}))).unwrap();
    let mut ctx = Context::default();
    ctx.driver().facts.run = 1;
    plugins.fire(Hook::EndEpoch, &mut ctx);
    assert_eq!(register(&mut plugins, 100), Ok(Registered::Replaced { generation: 2 }));
    plugins.fire(Hook::EndEpoch, &mut ctx);
    assert_eq!(plugins.states(1)["x"], 4);
    // The instance's answer is out of its schema's range now: it is the new code that answers.
    let error = plugins.execute("x", None, &[Value::from(1)]).unwrap_err().to_string();
    assert_eq!(error, "plugin `x`: the answer of infer does not fit its schema: expected at most 100, found 103");
    let alone = Counter { alone: true, ..Counter::default() };
    let error = plugins.register(Box::new(alone), Registration::from_origin("here")).unwrap_err().to_string();
    assert!(error.starts_with("plugin `counter` cannot be made twice"), "{error}");
    assert_eq!(plugins.plugins()[0].generation, 2);
}

#[test]
fn what_cannot_be_made_is_said() {
    let mut plugins = counters(0);
    let mut check = |of: &str, name: &str, config: Json, expect: &str| {
        let error = plugins.create(of, name, &options(config)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert_eq!(plugins.plugins().len(), 1);
    };
    check("countr", "x", json!({}), "no plugin `countr`; did you mean `counter`?");
    check("counter", "counter", json!({}), "the name `counter` is taken: the plugin from here has it");
    check("counter", "x", json!({"stepp": 1}), "plugin `x` has no setting `stepp`; did you mean `step`?");
    check(
        "counter",
        "x",
        json!({"step": 21}),
        "plugin `x`: the settings do not fit its schema: at /step: expected at most 20, found 21",
    );
    check("counter", " x", json!({}), "is no name for a plugin");
}

#[test]
fn a_plugin_adjusts_its_settings_or_takes_no_part() {
    let mut plugins = counters(0);
    plugins.create("counter", "much", &options(json!({"step": 15}))).unwrap();
    assert_eq!(plugins.settings("much").unwrap()["step"], 9);
    let declined = plugins.create("counter", "none", &options(json!({"step": 0})));
    assert_eq!(declined, Ok(Registered::Declined { generation: 1 }));
    let row = plugins.plugins().into_iter().find(|row| row.name == "none").unwrap();
    assert_eq!(row.state.name(), "registered");
    let error = plugins.activate_with("none", &options(json!({"step": 0}))).unwrap_err().to_string();
    assert_eq!(error, "plugin `none` cannot be activated: its `create` says that it takes no part with these settings");
    assert_eq!(plugins.activate_with("none", &options(json!({"step": 3}))), Ok(true));
}

#[test]
fn every_call_is_checked_against_the_schemas() {
    let mut plugins = counters(0);
    for _ in 0..5 {
        let error = plugins.execute("counter", None, &[Value::from("x")]).unwrap_err().to_string();
        let expect = "plugin `counter`: the arguments of infer do not fit its schema: at /data: expected a whole number, found \"x\"";
        assert_eq!(error, expect);
    }
    // Those were never the plugin's: it is not put in quarantine for them. Its own answers are.
    for _ in 0..3 {
        plugins.execute("counter", None, &[Value::from(100)]).unwrap_err();
    }
    assert_eq!(plugins.plugins()[0].state, State::Quarantined);
}

#[test]
fn an_envelope_says_who_when_how_long_what_and_with_what() {
    let mut plugins = counters(0);
    let envelope = plugins.execute_enveloped("counter", None, &[Value::from(41)]).unwrap();
    assert!(envelope.start.starts_with("20") && envelope.start.ends_with('Z') && envelope.seconds > 0.0);
    let mut json = envelope.json();
    (json["start"], json["seconds"]) = (Json::Null, Json::Null);
    let expect = json!({
        "gid": "g", "cid": "c", "plugin": "counter", "version": "1.2.0", "verb": "infer", "start": null,
        "seconds": null, "arguments": {"data": 41}, "output": 42,
    });
    assert_eq!(json, expect);
    assert!(plugins.execute_enveloped("counter", None, &[Value::from(100)]).is_err());
}
