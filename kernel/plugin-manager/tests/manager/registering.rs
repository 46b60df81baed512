//! Registration is all or nothing; names, settings and filters are checked; activation and removal are idempotent.

use crate::scripted::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::json;

fn settings(config: serde_json::Value) -> Registration {
    Registration { config: config.as_object().cloned().unwrap(), ..Registration::from_origin("test") }
}

/// What a second registration of `p`, declaring `config`, is refused with; the first one must stand as it was.
fn refused(plugin: Scripted, registration: Registration) -> String {
    let mut stage = Stage::default();
    stage.add(stage.plugin("p"));
    let error = stage.manager.register(Box::new(plugin), registration).unwrap_err();
    let row = stage.row("p");
    assert_eq!((stage.manager.plugins().len(), row.generation, row.origin.as_str()), (1, 1, "test"));
    stage.fire(Hook::StartEpoch);
    assert_eq!(stage.logged(), "p:start_epoch");
    error.to_string()
}

fn plugin(name: &str) -> Scripted {
    Scripted::of(name, &Log::default())
}

#[test]
fn what_is_refused_changes_nothing() {
    let declared = || plugin("p").with_config(json!({ "patience": 3, "refuse": false }));
    let check = |plugin, registration, expect: &str| assert_eq!(refused(plugin, registration), expect);
    check(
        plugin("p"),
        Registration::from_origin("cell 9"),
        "the name `p` is taken: the plugin from test has it, so the one from cell 9 cannot be registered under it; rename one, or unregister `p` first",
    );
    check(
        declared(),
        settings(json!({ "patiense": 3 })),
        "plugin `p` has no setting `patiense`; did you mean `patience`?",
    );
    check(
        declared(),
        settings(json!({ "patience": "3" })),
        "setting `patience` of plugin `p` takes a number (its default is 3), but a string (\"3\") was given",
    );
    check(
        declared(),
        settings(json!({ "refuse": true })),
        "plugin `p` could not be registered: configure failed: asked to refuse",
    );
    check(plugin(""), settings(json!({})), "`` is no name for a plugin: it is empty");
    let never = Registration { every: Some(0), ..Registration::from_origin("test") };
    check(plugin("p"), never, "plugin `p`: every=0 would never let a call through; occurrences count from 1");
}

#[test]
fn a_panic_during_registration_is_an_error() {
    struct Broken;
    impl Plugin for Broken {
        fn metadata(&self) -> Metadata {
            panic!("no metadata today")
        }
    }
    let error = PluginManager::new().register(Box::new(Broken), Registration::from_origin("cell 2")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `from cell 2` could not be registered: metadata failed: panicked: no metadata today"
    );
}

#[test]
fn settings_reach_the_plugin_with_defaults_filled_in() {
    let mut stage = Stage::default();
    let log = stage.log.clone();
    struct Configured(Log);
    impl Plugin for Configured {
        fn metadata(&self) -> Metadata {
            let config = json!({ "patience": 3, "factor": 0.5 }).as_object().cloned().unwrap();
            Metadata { config, ..Metadata::of("configured", "1.0.0", "") }
        }
        fn configure(&mut self, config: &serde_json::Map<String, serde_json::Value>) -> Result<(), PluginError> {
            self.0.borrow_mut().push(serde_json::Value::Object(config.clone()).to_string());
            Ok(())
        }
    }
    let registration = settings(json!({ "factor": 2 }));
    assert_eq!(stage.manager.register(Box::new(Configured(log)), registration), Ok(Registered::New));
    assert_eq!(stage.logged(), r#"{"patience":3,"factor":2.0}"#);
}

#[test]
fn activation_and_removal_are_idempotent_and_name_the_nearest() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("plateau"));
    let unknown = stage.manager.activate("plataeu").unwrap_err().to_string();
    assert_eq!(unknown, "there is no plugin `plataeu`; did you mean `plateau`?");
    let far = stage.manager.deactivate("x").unwrap_err().to_string();
    assert_eq!(far, "there is no plugin `x`; there is `plateau`");
    assert_eq!(stage.manager.activate("plateau"), Ok(false));
    assert_eq!(stage.manager.deactivate("plateau"), Ok(true));
    assert_eq!(stage.manager.deactivate("plateau"), Ok(false));
    assert_eq!(stage.manager.unregister("plateau"), Ok(true));
    assert_eq!(stage.manager.unregister("plateau"), Ok(false));
    let none = stage.manager.unregister("never").unwrap_err().to_string();
    assert_eq!(none, "there is no plugin `never`; no plugin is registered");
}

#[test]
fn a_plugin_registered_disabled_waits_to_be_activated() {
    let mut stage = Stage::default();
    let registration = Registration { enabled: false, ..Registration::from_origin("test") };
    stage.add_with(stage.plugin("p"), registration);
    stage.fire(Hook::StartEpoch);
    assert_eq!((stage.logged().as_str(), stage.row("p").state), ("", State::Registered));
    stage.manager.activate("p").unwrap();
    stage.fire_of(1, Hook::StartTrainingSession);
    assert_eq!(stage.logged(), "p:start_training_session");
}

#[test]
fn records_register_all_again() {
    let mut stage = Stage::default();
    let registration = Registration { priority: 4, source: "fn x() {}".into(), ..settings(json!({ "n": 2 })) };
    stage.add_with(stage.plugin("a").with_config(json!({ "n": 1 })), registration.clone());
    stage.add(stage.plugin("b"));
    stage.manager.deactivate("b").unwrap();
    let records = stage.manager.records();
    assert_eq!(records[0], Record { name: "a".into(), registration });
    assert!(!records[1].registration.enabled);
    let text = serde_json::to_string(&records).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Record>>(&text).unwrap(), records);
}
