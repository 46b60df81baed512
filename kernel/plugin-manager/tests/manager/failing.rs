//! Failures: named, counted, contained; policies, quarantine, panics, interrupts and requests to disable.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;

fn policy(on_error: Policy) -> Registration {
    Registration { on_error, ..Registration::from_origin("test") }
}

#[test]
fn a_failure_is_named_and_the_others_are_called() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("bad").failing());
    stage.add(stage.plugin("good"));
    let facts = stage.ctx.driver().facts;
    (facts.run, facts.epoch, facts.batch) = (1, 2, Some(5));
    assert_eq!(stage.fire(StartTrainingBatch), Fired::default());
    assert_eq!(stage.logged(), "bad:start_training_batch good:start_training_batch");
    let expect = HookFailure {
        run: 1,
        plugin: "bad".into(),
        hook: StartTrainingBatch,
        part: Part::Hook,
        epoch: 2,
        batch: Some(5),
        message: "no".into(),
        line: Some(7),
        column: Some(3),
        in_a_row: 1,
        quarantined: false,
        stops_run: false,
    };
    assert_eq!(stage.failures(), std::slice::from_ref(&expect));
    assert_eq!(stage.manager.failures("bad"), Ok(Some(&expect)));
    assert_eq!(stage.manager.failures("good"), Ok(None));
    assert_eq!((stage.row("bad").calls, stage.row("bad").errors, stage.row("good").errors), (1, 1, 0));
}

#[test]
fn policies_ask_of_the_run_what_they_say() {
    let asked = |on_error| {
        let mut stage = Stage::default();
        stage.add_with(stage.plugin("bad").failing(), policy(on_error));
        let fired = stage.fire(StartTrainingBatch);
        (stage.ctx.driver().requests.skip_batch, fired.stop.map(|failure| failure.stops_run))
    };
    assert_eq!(asked(Policy::Continue), (false, None));
    assert_eq!(asked(Policy::SkipBatch), (true, None));
    assert_eq!(asked(Policy::Stop), (false, Some(true)));
}

#[test]
fn the_first_of_two_stops_stands_and_nobody_is_left_out() {
    let mut stage = Stage::default();
    for name in ["a", "b"] {
        stage.add_with(stage.plugin(name).failing(), policy(Policy::Stop));
    }
    assert_eq!(stage.fire(StartEpoch).stop.unwrap().plugin, "a");
    assert_eq!((stage.logged().as_str(), stage.failures().len()), ("a:start_epoch b:start_epoch", 2));
}

#[test]
fn three_in_a_row_quarantine_once_and_training_goes_on() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("bad").failing());
    for _ in 0..5 {
        stage.fire(EndTrainingBatch);
    }
    let quarantined: Vec<bool> = stage.failures().iter().map(|failure| failure.quarantined).collect();
    assert_eq!(quarantined, [false, false, true]);
    assert_eq!((stage.row("bad").state, stage.row("bad").calls), (State::Quarantined, 3));
    assert_eq!(stage.manager.deactivate("bad"), Ok(false));
    assert_eq!(stage.manager.activate("bad"), Ok(true));
    stage.fire(EndTrainingBatch);
    assert_eq!((stage.failures()[0].in_a_row, stage.row("bad").state), (1, State::Active));
}

#[test]
fn a_quarantined_plugin_comes_back_by_registration() {
    let mut stage = Stage::default();
    let registration = Registration { quarantine_after: 1, ..Registration::from_origin("test") };
    stage.add_with(stage.plugin("bad").failing(), registration);
    stage.fire(StartEpoch);
    assert_eq!(stage.row("bad").state, State::Quarantined);
    stage.add(stage.plugin("bad"));
    assert_eq!((stage.row("bad").state, stage.row("bad").errors), (State::Active, 0));
    assert_eq!(stage.manager.failures("bad"), Ok(None));
}

#[test]
fn a_success_of_the_same_hook_starts_the_row_again_but_another_hooks_does_not() {
    let mut stage = Stage::default();
    let mut calls = 0;
    stage.add(stage.plugin("p").doing(move |hook, _| {
        calls += usize::from(hook == EndTrainingBatch);
        if hook == EndTrainingBatch && calls != 3 { Err(PluginError::failed("no")) } else { Ok(()) }
    }));
    for _ in 0..6 {
        stage.fire(StartTrainingBatch);
        stage.fire(EndTrainingBatch);
    }
    let rows: Vec<usize> = stage.failures().iter().map(|failure| failure.in_a_row).collect();
    assert_eq!(rows, [1, 2, 1, 2, 3]);
    assert_eq!(stage.row("p").state, State::Quarantined);
}

#[test]
fn zero_means_never_quarantined() {
    let mut stage = Stage::default();
    let registration = Registration { quarantine_after: 0, ..Registration::from_origin("test") };
    stage.add_with(stage.plugin("bad").failing(), registration);
    for _ in 0..20 {
        stage.fire(EndTrainingBatch);
    }
    assert_eq!((stage.row("bad").state, stage.row("bad").errors), (State::Active, 20));
}

#[test]
fn panics_are_contained_and_keep_their_message() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a").doing(|_, ctx| panic!("epoch {} is too much", ctx.epoch)));
    stage.add(stage.plugin("b").doing(|_, _| panic!("a literal")));
    stage.fire(StartEpoch);
    let messages: Vec<String> = stage.failures().into_iter().map(|failure| failure.message).collect();
    assert_eq!(messages, ["panicked: epoch 0 is too much", "panicked: a literal"]);
}

#[test]
fn an_interrupt_is_no_failure_and_the_hook_counts_as_fired() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a").doing(|_, _| Err(PluginError::Interrupted)));
    stage.add(stage.plugin("b"));
    for _ in 0..4 {
        assert_eq!(stage.fire(StartEpoch), Fired { stop: None, interrupted: true });
    }
    assert_eq!((stage.row("a").errors, stage.row("a").state, stage.row("b").calls), (0, State::Active, 4));
    assert!(stage.failures().is_empty());
}

#[test]
fn disable_is_served_right_after_the_hook() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("a").doing(|_, ctx| {
        ctx.disable("b");
        ctx.disable("bee");
        Ok(())
    }));
    stage.add(stage.plugin("b"));
    stage.fire(StartEpoch);
    assert_eq!(stage.logged(), "a:start_epoch b:start_epoch");
    assert_eq!(stage.row("b").state, State::Inactive);
    assert!(stage.ctx.driver().requests.is_empty());
    assert_eq!(stage.warnings(), ["a plugin asked to disable `bee`: there is no plugin `bee`; there is `a`, `b`"]);
    stage.fire(StartEpoch);
    assert_eq!(stage.logged(), "a:start_epoch");
}
