//! Counts are exact however time is sampled; tables and rows say what they are asked.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;

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
