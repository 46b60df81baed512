//! Plugins that come, go and change while runs live: states, late delivery, what runs leave behind.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::json;

#[test]
fn replacement_in_a_live_run_keeps_state_and_place_and_delivers_nothing_late() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a"));
    stage.add(stage.plugin("b"));
    for (run, hook) in [(1, StartTrainingSession), (2, StartTrainingSession), (1, StartEpoch), (1, EndEpoch)] {
        stage.fire_of(run, hook);
    }
    stage.logged();
    assert_eq!(stage.add(stage.plugin("a")), Registered::Replaced { generation: 2 });
    assert_eq!(stage.manager.states(1)["a"], json!(3));
    assert_eq!(stage.manager.states(2)["a"], json!(1));
    assert_eq!((stage.row("a").calls, stage.row("b").calls), (0, 4));
    stage.fire_of(1, StartEpoch);
    assert_eq!(stage.logged(), "a:start_epoch b:start_epoch");
    assert_eq!(stage.manager.states(1)["a"], json!(4));
}

#[test]
fn the_state_of_ended_runs_is_carried_too_until_they_are_forgotten() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a"));
    stage.fire_of(1, StartTrainingSession);
    stage.fire_of(1, EndTrainingSession);
    stage.add(stage.plugin("a"));
    assert_eq!(stage.manager.table("a", 1, "calls").unwrap().columns[0].1, [Some(2.0)]);
    stage.manager.forget_run(1);
    stage.add(stage.plugin("a"));
    assert_eq!(stage.manager.states(1).get("a"), None);
}

#[test]
fn a_successor_that_cannot_read_the_state_does_not_enter() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a"));
    stage.fire_of(1, StartTrainingSession);
    let successor = Scripted { readable: false, ..stage.plugin("a") };
    let error = stage.manager.register(Box::new(successor), Registration::from_origin("test")).unwrap_err();
    let expect = "plugin `a` was not replaced: the new one cannot read the old one's state of run 1: \
                  a state I cannot read; unregister `a` first to begin with fresh state";
    assert_eq!(error.to_string(), expect);
    assert_eq!((stage.row("a").generation, &stage.manager.states(1)["a"]), (1, &json!(1)));
}

#[test]
fn a_plugin_new_in_a_live_run_is_told_late_and_once() {
    let mut stage = Stage::default();
    for hook in [StartTrainingSession, StartEpoch, StartTrainingLoop, StartTrainingBatch] {
        stage.fire_of(1, hook);
    }
    stage.ctx.driver().facts.batch = Some(4);
    stage.add(stage.plugin("p").doing(|hook, ctx| {
        let batch = if hook == EndTrainingBatch { Some(4) } else { None };
        assert_eq!((ctx.hook, ctx.batch), (hook, batch));
        Ok(())
    }));
    stage.fire(EndTrainingBatch);
    assert_eq!(stage.logged(), "p:start_training_session:late p:start_epoch:late p:end_training_batch");
    assert!(stage.failures().is_empty() && !stage.ctx.late);
    stage.fire(StartTrainingBatch);
    assert_eq!(stage.logged(), "p:start_training_batch");
}

#[test]
fn late_delivery_tells_only_what_was_missed() {
    let check = |next: Hook, expect: &str| {
        let mut stage = Stage::default();
        stage.fire_of(1, StartTrainingSession);
        stage.add(stage.plugin("p"));
        stage.fire_of(1, next);
        assert_eq!(stage.logged(), expect);
    };
    check(StartEpoch, "p:start_training_session:late p:start_epoch");
    check(EndEpoch, "p:start_training_session:late p:start_epoch:late p:end_epoch");
    check(EndTrainingSession, "p:start_training_session:late p:end_training_session");
    check(StartTrainingSession, "p:start_training_session");
}

#[test]
fn late_delivery_is_by_run_and_not_for_runs_that_ended() {
    let mut stage = Stage::default();
    for (run, hook) in [(1, StartTrainingSession), (2, StartTrainingSession), (2, EndTrainingSession)] {
        stage.fire_of(run, hook);
    }
    stage.add(stage.plugin("p"));
    stage.fire_of(3, StartTrainingSession);
    assert_eq!(stage.logged(), "p:start_training_session");
    stage.fire_of(1, StartEpoch);
    assert_eq!(stage.logged(), "p:start_training_session:late p:start_epoch");
    stage.fire_of(2, EndEpoch);
    assert_eq!(stage.logged(), "p:end_epoch");
}

#[test]
fn a_plugin_activated_in_a_live_run_is_told_late_only_if_it_missed_the_start() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("p"));
    stage.fire_of(1, StartTrainingSession);
    stage.manager.deactivate("p").unwrap();
    stage.fire_of(2, StartTrainingSession);
    stage.manager.activate("p").unwrap();
    stage.logged();
    stage.fire_of(1, StartEpoch);
    assert_eq!(stage.logged(), "p:start_epoch");
    stage.fire_of(2, StartEpoch);
    assert_eq!(stage.logged(), "p:start_training_session:late p:start_epoch");
}

#[test]
fn states_go_into_a_checkpoint_and_back() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a"));
    stage.add(stage.plugin("quiet").at([]));
    stage.fire_of(1, StartTrainingSession);
    let states = stage.manager.states(1);
    assert_eq!(serde_json::Value::Object(states.clone()), json!({ "a": 1 }));
    let mut fresh = Stage::default();
    fresh.add(fresh.plugin("a"));
    fresh.manager.restore(9, &states);
    assert_eq!(fresh.manager.states(9)["a"], json!(1));
    fresh.fire_of(9, LoadCheckpoint);
    assert!(fresh.warnings().is_empty());
}

#[test]
fn a_saved_state_that_cannot_be_read_is_said_at_the_next_hook() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a"));
    stage.manager.restore(9, json!({ "a": "text", "gone": 1 }).as_object().unwrap());
    stage.fire_of(9, LoadCheckpoint);
    let expect = "plugin `a` could not take back its saved state in run 9: a state I cannot read";
    assert_eq!(stage.warnings(), [expect]);
}
