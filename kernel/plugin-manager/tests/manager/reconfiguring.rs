//! Registrations of registered plugins are changed all or nothing; state, counts and places stay.

use crate::scripted::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::json;

/// A stage with `a` and `b`, both with the setting `patience`.
fn stage() -> Stage {
    let mut stage = Stage::default();
    for name in ["a", "b"] {
        let plugin = stage.plugin(name).with_config(json!({ "patience": 3 }));
        stage.add(plugin);
    }
    stage
}

fn changed(stage: &Stage, name: &str, change: impl FnOnce(&mut Registration)) -> (String, Registration) {
    let mut record = stage.manager.record_of(name).unwrap();
    change(&mut record.registration);
    (name.to_owned(), record.registration)
}

#[test]
fn a_changed_plugin_keeps_its_state_and_its_counts() {
    let mut stage = stage();
    stage.fire(Hook::StartTrainingSession);
    stage.fire(Hook::StartEpoch);
    let before = (stage.row("a").calls, stage.manager.states(0)["a"].clone());
    let wanted = [changed(&stage, "a", |own| {
        own.priority = 9;
        own.config.insert("patience".to_owned(), json!(5));
    })];
    assert_eq!(stage.manager.reconfigure(&wanted), Ok(vec![]));
    let row = stage.row("a");
    assert_eq!((row.calls, stage.manager.states(0)["a"].clone()), before);
    assert_eq!((row.priority, row.generation), (9, 1));
    assert_eq!(stage.manager.settings_of("a").unwrap()["patience"], 5);
    stage.logged();
    stage.fire(Hook::StartEpoch);
    assert_eq!(stage.logged(), "b:start_epoch a:start_epoch");
    assert!(stage.manager.has_live_run());
}

#[test]
fn what_is_refused_changes_none_of_them() {
    let check = |change: fn(&mut Registration), expect: &str| {
        let mut stage = stage();
        let wanted = [changed(&stage, "a", |own| own.priority = 7), changed(&stage, "b", change)];
        let error = stage.manager.reconfigure(&wanted).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
        assert_eq!((stage.row("a").priority, stage.row("b").priority), (0, 0));
    };
    let setting = |own: &mut Registration, key: &str| drop(own.config.insert(key.to_owned(), json!(1)));
    check(|own| drop(own.config.insert("patiense".to_owned(), json!(1))), "plugin `b` has no setting `patiense`");
    check(|own| own.every = Some(0), "plugin `b`: every=0 would never let a call through");
    check(|own| own.budget = Some(-1.0), "plugin `b`");
    let mut stage = stage();
    let mut wanted = changed(&stage, "a", |own| setting(own, "patience"));
    wanted.0 = "c".to_owned();
    assert!(matches!(stage.manager.reconfigure(&[wanted]), Err(ManagerError::UnknownPlugin { .. })));
}

#[test]
fn enabling_and_disabling_say_what_is_needed_once() {
    let mut stage = stage();
    let wanted = [changed(&stage, "a", |own| own.enabled = false)];
    stage.manager.reconfigure(&wanted).unwrap();
    assert!(!stage.manager.record_of("a").unwrap().registration.enabled);
    stage.fire(Hook::StartEpoch);
    assert_eq!(stage.logged(), "b:start_epoch");
    let wanted = [changed(&stage, "a", |own| own.enabled = true)];
    stage.manager.reconfigure(&wanted).unwrap();
    assert!(stage.manager.record_of("a").unwrap().registration.enabled);
}
