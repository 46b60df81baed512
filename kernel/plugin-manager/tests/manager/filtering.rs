//! Call filters as a plugin meets them: counted per hook and run, kept over replacement, checkpoint and resumption.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;

fn every(n: u64) -> Registration {
    Registration { every: Some(n), ..Registration::from_origin("test") }
}

/// Which of so many firings reached the plugin, from 1.
fn reached(stage: &mut Stage, run: RunId, hook: Hook, firings: usize) -> Vec<usize> {
    let called = |stage: &mut Stage| {
        stage.fire_of(run, hook);
        !stage.logged().is_empty()
    };
    (1..=firings).filter(|_| called(stage)).collect()
}

#[test]
fn counted_by_hook_and_run() {
    let mut stage = Stage::default();
    stage.add_with(stage.plugin("p"), every(3));
    stage.fire_of(1, StartTrainingSession);
    assert_eq!(stage.logged(), "p:start_training_session");
    assert_eq!(reached(&mut stage, 1, StartTrainingBatch, 7), [3, 6]);
    assert_eq!(reached(&mut stage, 1, EndTrainingBatch, 4), [3]);
    assert_eq!(reached(&mut stage, 2, StartTrainingBatch, 4), [3]);
    assert_eq!(reached(&mut stage, 1, StartTrainingBatch, 2), [2]);
    assert_eq!(stage.row("p").calls, 1 + 2 + 1 + 1 + 1);
}

#[test]
fn a_replaced_plugin_goes_on_counting() {
    let mut stage = Stage::default();
    stage.add_with(stage.plugin("p"), every(3));
    reached(&mut stage, 1, EndTrainingBatch, 2);
    stage.add_with(stage.plugin("p"), every(3));
    assert_eq!(reached(&mut stage, 1, EndTrainingBatch, 3), [1]);
}

#[test]
fn counts_go_into_a_checkpoint_and_back() {
    let mut stage = Stage::default();
    stage.add_with(stage.plugin("p"), every(3));
    reached(&mut stage, 1, EndTrainingBatch, 2);
    let states = stage.manager.states(1);
    assert_eq!(reached(&mut stage, 1, EndTrainingBatch, 5), [1, 4]);
    stage.manager.restore(1, &states);
    assert_eq!(reached(&mut stage, 1, EndTrainingBatch, 5), [1, 4]);
    let mut fresh = Stage::default();
    fresh.add_with(fresh.plugin("p"), every(3));
    fresh.manager.restore(8, &states);
    assert_eq!(reached(&mut fresh, 8, EndTrainingBatch, 2), [1]);
}

#[test]
fn a_run_that_ends_leaves_no_counts() {
    let mut stage = Stage::default();
    stage.add_with(stage.plugin("p").at([EndTrainingBatch]), every(2));
    reached(&mut stage, 1, EndTrainingBatch, 1);
    let occurrences = |stage: &Stage| stage.manager.states(1).keys().filter(|key| *key != "p").count();
    assert_eq!(occurrences(&stage), 1);
    stage.fire_of(1, EndTrainingSession);
    assert_eq!(occurrences(&stage), 0);
}
