//! Every line is one JSON object; a resumed run repeats none and loses none; what cannot be written is named.

use super::*;
use serde_json::json;
use std::path::Path;

fn plugin(config: Value) -> Logging {
    let mut plugin = Logging::new();
    plugin.configure(config.as_object().unwrap()).unwrap();
    plugin
}

fn at(epoch: usize, batch: usize, loss: f64) -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.batch, facts.global_step) = (5, epoch, Some(batch), epoch * 4 + batch);
    (facts.loss, facts.outcome) = (Some(loss), Some(Outcome::Done));
    (facts.training_loss_total, facts.training_batch_count) = (4.0, 4);
    facts.training_metrics.insert("accuracy".into(), 0.5);
    ctx
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(path: &Path) -> Vec<String> {
    lines(path).iter().map(|line| format!("{} {}", line["event"].as_str().unwrap(), line["sequence"])).collect()
}

/// An epoch of two logged batches.
fn epoch(plugin: &mut Logging, epoch: usize) {
    plugin.start_epoch(&mut at(epoch, 0, 1.0)).unwrap();
    for batch in 0..4 {
        plugin.end_training_batch(&mut at(epoch, batch, 1.0)).unwrap();
    }
    plugin.end_epoch(&mut at(epoch, 3, 1.0)).unwrap();
}

#[test]
fn one_object_for_every_event_in_a_folder_that_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/log.jsonl");
    let mut plugin = plugin(json!({ "path": path, "batches": 2 }));
    epoch(&mut plugin, 0);
    plugin.end_validation_loop(&mut at(0, 3, 1.0)).unwrap();
    let mut ctx = at(0, 3, 1.0);
    ctx.working.extra.insert("checkpoint_path".into(), json!("step-1"));
    plugin.save_checkpoint(&mut ctx).unwrap();
    ctx.driver().facts.outcome = Some(Outcome::Failed);
    ctx.driver().facts.stop_reason = Some("out of \"memory\"\n".into());
    plugin.end_training_session(&mut ctx).unwrap();
    let kinds = ["session", "start_epoch", "batch", "batch", "epoch", "validation", "checkpoint", "failure", "end"];
    let expect: Vec<String> = kinds.iter().enumerate().map(|(number, kind)| format!("{kind} {number}")).collect();
    assert_eq!(events(&path), expect);
    let lines = lines(&path);
    assert_eq!((&lines[3]["batch"], &lines[3]["outcome"]), (&json!(3), &json!("done")));
    assert_eq!((&lines[4]["training_loss"], &lines[4]["training_metrics"]["accuracy"]), (&json!(1.0), &json!(0.5)));
    assert_eq!((&lines[6]["path"], &lines[7]["reason"]), (&json!("step-1"), &json!("out of \"memory\"\n")));
}

#[test]
fn a_number_that_json_does_not_have_is_null_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut plugin = plugin(json!({ "path": path, "batches": 1 }));
    plugin.end_training_batch(&mut at(0, 0, f64::NAN)).unwrap();
    let line = &lines(&path)[1];
    assert_eq!((&line["loss"], &line["notes"]), (&Value::Null, &json!(["loss is NaN"])));
}

#[test]
fn a_failed_batch_has_a_line_whatever_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut plugin = plugin(json!({ "path": path, "batches": 0 }));
    for outcome in [Outcome::Done, Outcome::Failed] {
        let mut ctx = at(0, 0, 1.0);
        ctx.driver().facts.outcome = Some(outcome);
        plugin.end_training_batch(&mut ctx).unwrap();
    }
    assert_eq!(events(&path), ["session 0", "batch 1"]);
}

#[test]
fn a_resumed_run_neither_repeats_nor_loses_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let config = json!({ "path": path, "batches": 2 });
    let mut first = plugin(config.clone());
    epoch(&mut first, 0);
    let state = first.state(5).unwrap();
    // Epoch 1 comes to nothing: the process is killed after its first lines, and another run writes to the same file.
    first.start_epoch(&mut at(1, 0, 1.0)).unwrap();
    first.end_training_batch(&mut at(1, 1, 1.0)).unwrap();
    let mut other = plugin(config.clone());
    other.start_epoch(&mut at(0, 0, 1.0)).unwrap();
    drop(first);
    let mut second = plugin(config);
    second.restore(9, &state).unwrap();
    let with_run = |mut ctx: Context| {
        ctx.driver().facts.run = 9;
        ctx
    };
    second.load_checkpoint(&mut with_run(at(0, 3, 1.0))).unwrap();
    second.start_epoch(&mut with_run(at(1, 0, 1.0))).unwrap();
    second.end_training_batch(&mut with_run(at(1, 1, 1.0))).unwrap();
    let own = lines(&path)[0]["session"].clone();
    let of_own: Vec<Value> = lines(&path).into_iter().filter(|line| line["session"] == own).collect();
    let numbers: Vec<&Value> = of_own.iter().map(|line| &line["sequence"]).collect();
    assert_eq!(json!(numbers), json!((0..of_own.len()).collect::<Vec<_>>()));
    let kinds: Vec<&Value> = of_own.iter().map(|line| &line["event"]).collect();
    assert_eq!(
        json!(kinds),
        json!(["session", "start_epoch", "batch", "batch", "epoch", "resume", "start_epoch", "batch"])
    );
    assert_eq!(lines(&path).len(), of_own.len() + 2, "the other run's lines stay");
    assert_eq!(events(&folder.path().join("log.jsonl.superseded")), ["start_epoch 5", "batch 6"]);
}

#[test]
fn what_cannot_be_written_is_an_error_that_names_the_path() {
    let mut plugin = plugin(json!({ "path": "/dev/full" }));
    let error = plugin.start_epoch(&mut at(0, 0, 1.0)).unwrap_err().to_string();
    assert!(error.starts_with("/dev/full cannot be written: ") && error.contains("No space left"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/log.jsonl");
    plugin.configure(json!({ "path": path }).as_object().unwrap()).unwrap();
    let error = plugin.start_epoch(&mut at(0, 0, 1.0)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} cannot be written: ", path.display())), "{error}");
}
