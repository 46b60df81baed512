//! Counts are exact however time is sampled; tables and rows say what they are asked.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[test]
fn counts_are_exact_and_a_sample_of_the_times_is_labelled() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("p"));
    stage.manager.set_exact(true);
    for _ in 0..100 {
        stage.fire(StartTrainingBatch);
    }
    assert_eq!((stage.row("p").calls, stage.row("p").sampled), (100, false));
    stage.manager.set_exact(false);
    for _ in 0..1000 {
        stage.fire(StartTrainingBatch);
    }
    stage.fire(EndEpoch);
    let row = stage.row("p");
    assert_eq!((row.calls, row.sampled), (1101, true));
    assert!(row.seconds > 0.0);
    let lifecycle = stage.manager.lifecycle();
    let at = |hook: Hook| &lifecycle[hook as usize].1[0];
    assert_eq!((at(StartTrainingBatch).calls, at(EndEpoch).calls, at(StartEpoch).calls), (1100, 1, 0));
    assert_eq!((at(StartTrainingBatch).sampled, at(EndEpoch).sampled), (true, false));
}

#[test]
fn rows_describe_the_plugin() {
    let mut stage = Stage::default();
    let registration = Registration { priority: -3, ..Registration::from_origin("cell 4") };
    stage.add_with(stage.plugin("p").at([EndEpoch, StartEpoch]), registration);
    let row = stage.row("p");
    assert_eq!((row.version.as_str(), row.description.as_str(), row.origin.as_str()), ("1.0.0", "scripted", "cell 4"));
    assert_eq!((row.state.name(), row.priority, row.generation), ("active", -3, 1));
    assert_eq!((row.hooks, row.calls, row.seconds), (vec![StartEpoch, EndEpoch], 0, 0.0));
}

#[test]
fn tables_are_asked_by_plugin_run_and_name() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("p"));
    stage.fire_of(3, StartEpoch);
    assert_eq!(stage.manager.table("p", 3, "calls").unwrap().columns, [("calls".to_owned(), vec![Some(1.0)])]);
    let error = |plugin: &str, table: &str| stage.manager.table(plugin, 3, table).unwrap_err().to_string();
    assert_eq!(error("q", "calls"), "there is no plugin `q`; did you mean `p`?");
    assert_eq!(error("p", "cals"), "plugin `p` has no table `cals` about run 3");
    assert!(error("p", "broken").starts_with("plugin `p` failed to give table `broken`: panicked:"));
}

/// Notes what it is told, and which plugin was being called then.
struct Noted(Log);

impl Observer for Noted {
    fn changed(&self, number: u64, record: Record) {
        let Registration { enabled, quarantined, .. } = record.registration;
        self.0.borrow_mut().push(format!("{number} {} {enabled} {quarantined}", record.name));
    }
    fn removed(&self, name: &str) {
        self.0.borrow_mut().push(format!("{name} gone"));
    }
}

#[test]
fn an_observer_is_told_of_every_change_also_in_a_run() {
    static RUNNING: AtomicU64 = AtomicU64::new(0);
    let (mut stage, noted) = (Stage::default(), Log::default());
    stage.add(stage.plugin("a"));
    stage.manager.observe(Box::new(Noted(noted.clone())), Some(&RUNNING));
    let told = |expect: &[&str]| assert_eq!(std::mem::take(&mut *noted.borrow_mut()), expect);
    told(&["1 a true false"]);
    stage.add(stage.plugin("b").failing());
    told(&["2 b true false"]);
    let during = Rc::new(Cell::new(0));
    let seen = during.clone();
    stage.add(stage.plugin("a").doing(move |_, ctx| {
        seen.set(RUNNING.load(Relaxed));
        ctx.disable("a");
        Ok(())
    }));
    told(&["1 a true false"]);
    stage.fire(EndTrainingBatch);
    assert_eq!((during.get(), RUNNING.load(Relaxed)), (1, 0));
    told(&["1 a false false"]);
    stage.fire(EndTrainingBatch);
    stage.fire(EndTrainingBatch);
    told(&["2 b true true"]);
    assert_eq!(stage.manager.unregister("b"), Ok(true));
    told(&["b gone"]);
    stage.add(stage.plugin("b"));
    told(&["3 b true false"]);
}

#[test]
fn a_plugin_recorded_in_quarantine_comes_back_in_quarantine() {
    let mut stage = Stage::default();
    let registration = Registration { quarantined: true, ..Registration::from_origin("test") };
    stage.add_with(stage.plugin("bad"), registration);
    stage.fire(StartEpoch);
    assert_eq!((stage.row("bad").state, stage.row("bad").calls), (State::Quarantined, 0));
    assert_eq!(stage.manager.activate("bad"), Ok(true));
    stage.fire(EndEpoch);
    assert_eq!((stage.row("bad").state, stage.row("bad").calls), (State::Active, 1));
}
