//! Order is a contract: priority, then registration; `start_…` ascending, `end_…` descending.

use crate::scripted::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;

fn priority(priority: i64) -> Registration {
    Registration { priority, ..Registration::from_origin("test") }
}

fn order_at(stage: &mut Stage, hook: Hook) -> String {
    stage.fire(hook);
    stage.logged().replace(&format!(":{hook}"), "")
}

#[test]
fn priority_then_registration_and_backwards_at_end_hooks() {
    let mut stage = Stage::default();
    for (name, number) in [("a", 0), ("b", 5), ("c", -5), ("d", 0)] {
        stage.add_with(stage.plugin(name), priority(number));
    }
    for hook in Hook::all() {
        let expect = if hook.name().starts_with("end_") { "b d a c" } else { "c a d b" };
        assert_eq!(order_at(&mut stage, hook), expect, "{hook}");
    }
}

#[test]
fn a_replaced_plugin_keeps_its_place_unless_its_priority_changes() {
    let mut stage = Stage::default();
    for name in ["a", "b", "c"] {
        stage.add(stage.plugin(name));
    }
    stage.add(stage.plugin("a"));
    assert_eq!(order_at(&mut stage, Hook::StartEpoch), "a b c");
    stage.add_with(stage.plugin("a"), priority(1));
    assert_eq!(order_at(&mut stage, Hook::StartEpoch), "b c a");
    stage.add_with(stage.plugin("a"), priority(0));
    assert_eq!(order_at(&mut stage, Hook::StartEpoch), "a b c");
    stage.manager.unregister("a").unwrap();
    stage.add(stage.plugin("a"));
    stage.fire_of(1, Hook::StartTrainingSession);
    stage.logged();
    assert_eq!(order_at(&mut stage, Hook::StartEpoch), "b c a");
}

#[test]
fn only_plugins_that_have_the_hook_and_are_active_are_called() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a").at([Hook::EndEpoch]));
    stage.add(stage.plugin("b"));
    assert_eq!(order_at(&mut stage, Hook::StartEpoch), "b");
    stage.manager.deactivate("b").unwrap();
    assert_eq!(order_at(&mut stage, Hook::EndEpoch), "a");
    stage.manager.activate("b").unwrap();
    assert_eq!(order_at(&mut stage, Hook::EndEpoch), "b a");
}

#[test]
fn the_loop_is_printed_in_the_order_of_calls() {
    let mut stage = Stage::default();
    stage.add_with(stage.plugin("a"), priority(2));
    stage.add_with(stage.plugin("b"), priority(1));
    stage.manager.deactivate("a").unwrap();
    let lifecycle = stage.manager.lifecycle();
    let names = |hook: Hook| lifecycle[hook as usize].1.iter().map(|row| row.plugin.as_str()).collect::<String>();
    assert_eq!((names(Hook::StartEpoch), names(Hook::EndEpoch)), ("ba".into(), "ab".into()));
    assert_eq!(lifecycle[0].1[1].state, State::Inactive);
}
