//! What is summed up where. Seconds are numbers that the tests set.

use super::*;
use candle_core::{DType, Device, Tensor};
use candlewick_plugin_api::{Event, Outcome};
use serde_json::json;

fn plugin(config: Value) -> Profiler {
    let mut plugin = Profiler::new();
    plugin.configure(config.as_object().unwrap()).unwrap();
    plugin
}

/// One hook: the run says what it and the plugins before took.
fn hook(plugin: &mut Profiler, ctx: &mut Context, hook: Hook, work: f64, plugins: f64) {
    let facts = ctx.driver().facts;
    (facts.hook, facts.work_seconds, facts.plugin_seconds) = (hook, work, plugins);
    plugin.call(hook, ctx).unwrap();
}

/// A session of 3 batches of 32 examples, then one of validation.
fn session(plugin: &mut Profiler) -> Context {
    let mut ctx = Context::default();
    ctx.driver().facts.run = 2;
    ctx.working.inputs = Tensor::zeros((32, 4), DType::F32, &Device::Cpu).ok();
    hook(plugin, &mut ctx, Hook::StartTrainingSession, 0.25, 0.0);
    for batch in 0..3 {
        ctx.driver().facts.batch = Some(batch);
        hook(plugin, &mut ctx, Hook::StartTrainingBatch, 0.5, 0.125);
        hook(plugin, &mut ctx, Hook::EndTrainingBatch, 2.0, 0.125);
    }
    hook(plugin, &mut ctx, Hook::StartValidationBatch, 0.25, 0.5);
    hook(plugin, &mut ctx, Hook::EndValidationBatch, 0.75, 0.0);
    hook(plugin, &mut ctx, Hook::SaveCheckpoint, 1.0, 0.0);
    ctx.driver().facts.outcome = Some(Outcome::Done);
    hook(plugin, &mut ctx, Hook::EndTrainingSession, 0.0, 0.0);
    ctx
}

fn column(table: &Table, name: &str) -> Vec<Option<f64>> {
    table.columns.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("{name}")).1.clone()
}

#[test]
fn time_by_phase_and_by_hook() {
    let mut plugin = plugin(json!({}));
    session(&mut plugin);
    let phases = plugin.table(2, "phases").unwrap();
    let expect = [
        ("loading", 1.5),
        ("training", 6.0),
        ("validation", 1.0),
        ("checkpoint", 1.0),
        ("other", 0.25),
        ("plugins", 1.25),
        ("samples_per_second", 96.0 / 11.0),
    ];
    for (name, seconds) in expect {
        assert_eq!(column(&phases, name), [Some(seconds)], "{name}");
    }
    let hooks = plugin.table(2, "hooks").unwrap();
    assert_eq!(column(&hooks, "start_training_session"), [Some(0.125)]);
    assert_eq!(column(&hooks, "start_training_batch"), [Some(0.375)]);
    assert_eq!(column(&hooks, "end_training_batch"), [Some(0.75)]);
    assert_eq!(plugin.table(2, "nothing"), None);
}

#[test]
fn a_row_for_every_interval_with_its_throughput() {
    let mut plugin = plugin(json!({ "log_interval": 2 }));
    session(&mut plugin);
    let rows = plugin.table(2, "intervals").unwrap();
    assert_eq!(rows.rows(), 1);
    assert_eq!((column(&rows, "epoch"), column(&rows, "batch")), (vec![Some(0.0)], vec![Some(1.0)]));
    // 0.25 of setting up, twice 2.5 of work, 4 × 0.125 of plugins.
    assert_eq!(column(&rows, "samples_per_second"), [Some(64.0 / 5.75)]);
    assert_eq!(column(&rows, "training_seconds"), [Some(4.0)]);
    if cfg!(target_os = "linux") {
        assert!(column(&rows, "memory_mb")[0].is_some_and(|megabytes| megabytes > 1.0));
    }
}

#[test]
fn the_summary_and_the_report_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/profile.json");
    let mut plugin = plugin(json!({ "report": path, "log_interval": 1 }));
    let mut ctx = session(&mut plugin);
    let Some(Event::Print(text)) = ctx.driver().events.pop() else { panic!() };
    for part in ["profile of run 2: 11.0 s, 9 samples/s", "  training ", "54.5 %", "at end_training_batch", "3 calls"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        (&report["seconds"], &report["samples"], &report["outcome"]),
        (&json!(11.0), &json!(96), &json!("done"))
    );
    assert_eq!(report["phase_seconds"]["training"], json!(6.0));
    assert_eq!(report["hooks"]["end_training_batch"], json!({ "times": 3, "seconds": 0.75 }));
    assert_eq!(report["intervals"]["batch"], json!([0.0, 1.0, 2.0]));
}

#[test]
fn hooks_that_are_told_late_count_nowhere() {
    let (mut plugin, mut ctx) = (plugin(json!({})), Context::default());
    for late in [true, false] {
        ctx.driver().facts.late = late;
        hook(&mut plugin, &mut ctx, Hook::EndTrainingBatch, 2.0, 1.0);
    }
    assert_eq!(column(&plugin.table(0, "phases").unwrap(), "training"), [Some(2.0)]);
}

#[test]
fn what_cannot_be_is_said() {
    let error = Profiler::new().configure(json!({ "log_interval": 0 }).as_object().unwrap()).unwrap_err();
    assert!(error.to_string().contains("a whole number of batches from 1"), "{error}");
    let mut plugin = plugin(json!({ "report": "/dev/null/profile.json" }));
    let mut ctx = Context::default();
    let error = plugin.call(Hook::EndTrainingSession, &mut ctx).unwrap_err().to_string();
    assert!(error.starts_with("the report /dev/null/profile.json cannot be written: "), "{error}");
}
