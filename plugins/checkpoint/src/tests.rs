//! When checkpoints are asked for, and what of them stays on disk.

use super::*;
use serde_json::json;

/// A run of 4 batches an epoch whose checkpoints are folders with the step in a file.
struct Fake {
    plugin: Checkpoints,
    ctx: Context,
    folder: tempfile::TempDir,
    saved: Vec<usize>,
}

impl Fake {
    fn new(config: Value) -> Self {
        let mut plugin = Checkpoints::new();
        plugin.configure(config.as_object().unwrap()).unwrap();
        let mut ctx = Context::default();
        let facts = ctx.driver().facts;
        (facts.run, facts.batches_per_epoch, facts.has_validation, facts.outcome) = (1, 4, true, Some(Outcome::Done));
        Self { plugin, ctx, folder: tempfile::tempdir().unwrap(), saved: Vec::new() }
    }

    /// One epoch with that validation loss, as the run does it: a checkpoint asked for is saved before the epoch ends.
    fn epoch(&mut self, epoch: usize, loss: f64) {
        self.ctx.driver().facts.epoch = epoch;
        for batch in 0..4 {
            let facts = self.ctx.driver().facts;
            (facts.batch, facts.global_step) = (Some(batch), epoch * 4 + batch);
            self.plugin.end_training_batch(&mut self.ctx).unwrap();
            self.ctx.driver().facts.global_step += 1;
            self.save_if_asked();
        }
        let facts = self.ctx.driver().facts;
        (facts.validation_loss_total, facts.validation_batch_count) = (loss, 1);
        self.plugin.end_training_loop(&mut self.ctx).unwrap();
        self.plugin.end_validation_loop(&mut self.ctx).unwrap();
        self.save_if_asked();
    }

    fn save_if_asked(&mut self) {
        if !std::mem::take(&mut self.ctx.driver().requests.checkpoint) {
            return;
        }
        let step = self.ctx.global_step;
        let path = self.folder.path().join(format!("step-{step:08}"));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("run.json"), step.to_string()).unwrap();
        self.ctx.working.extra.insert("checkpoint_path".into(), json!(path));
        self.plugin.save_checkpoint(&mut self.ctx).unwrap();
        std::fs::remove_dir_all(path).unwrap();
        self.saved.push(step);
    }

    fn end(&mut self, outcome: Outcome) {
        self.ctx.driver().facts.outcome = Some(outcome);
        self.plugin.end_training_session(&mut self.ctx).unwrap();
    }

    /// Folders that are there, each with the step its checkpoint is of.
    fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let named = entries.map(|path| {
            let step = std::fs::read_to_string(path.join("run.json")).unwrap();
            format!("{} {step}", path.file_name().unwrap().to_string_lossy())
        });
        let mut named: Vec<String> = named.collect();
        named.sort();
        named
    }
}

#[test]
fn the_best_and_the_newest_are_kept() {
    let mut run = Fake::new(json!({ "rolling": 2 }));
    for (epoch, loss) in [0.9, 0.3, f64::NAN, 0.5].into_iter().enumerate() {
        run.epoch(epoch, loss);
    }
    assert_eq!(run.kept(), ["best 8", "rolling-00000012 12", "rolling-00000016 16"]);
    run.end(Outcome::Done);
    assert_eq!(run.kept().len(), 3);
    let events = &run.ctx.driver().events;
    assert!(format!("{events:?}").contains("epoch 2 as `best`: validation_loss 0.3000"), "{events:?}");
}

#[test]
fn only_what_is_better_is_asked_for_when_nothing_rolls() {
    let mut run = Fake::new(json!({ "rolling": 0, "mode": "max", "min_delta": 0.1 }));
    for (epoch, loss) in [0.5, 0.55, 0.7, 0.6].into_iter().enumerate() {
        run.epoch(epoch, loss);
    }
    assert_eq!(run.saved, [4, 12]);
}

#[test]
fn rolling_ones_come_by_epochs_parts_of_them_or_batches() {
    let check = |config: Value, expect: &[usize]| {
        let mut config = config.as_object().cloned().unwrap();
        config.insert("best".into(), json!(false));
        let mut run = Fake::new(Value::Object(config.clone()));
        (0..3).for_each(|epoch| run.epoch(epoch, 1.0));
        assert_eq!(run.saved, expect, "{config:?}");
    };
    check(json!({}), &[4, 8, 12]);
    check(json!({ "every_epochs": 2.0 }), &[8]);
    check(json!({ "every_epochs": 0.5 }), &[2, 4, 6, 8, 10, 12]);
    check(json!({ "every_epochs": 1.5 }), &[6, 12]);
    check(json!({ "every_epochs": 0.01 }), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    check(json!({ "every_batches": 5 }), &[5, 10]);
}

#[test]
fn rolling_ones_go_at_the_planned_end_only() {
    for (outcome, expect) in [(Outcome::Done, 0), (Outcome::Stopped, 3), (Outcome::Failed, 3)] {
        let mut run = Fake::new(json!({ "remove_at_end": true, "best": false }));
        (0..4).for_each(|epoch| run.epoch(epoch, 1.0));
        run.end(outcome);
        assert_eq!(run.kept().len(), expect, "{outcome:?}");
    }
}

#[test]
fn a_resumed_run_knows_its_best_and_what_it_keeps() {
    let mut run = Fake::new(json!({ "rolling": 1 }));
    run.epoch(0, 0.2);
    let state = run.plugin.state(1).unwrap();
    run.plugin = Checkpoints::new();
    run.plugin.configure(json!({ "rolling": 1 }).as_object().unwrap()).unwrap();
    run.plugin.restore(1, &state).unwrap();
    run.epoch(1, 0.4);
    assert_eq!(run.kept(), ["best 4", "rolling-00000008 8"]);
}

#[test]
fn what_cannot_be_is_an_error_that_says_so() {
    let mut plugin = Checkpoints::new();
    let mut refused = |config: Value| plugin.configure(config.as_object().unwrap()).unwrap_err().to_string();
    assert!(refused(json!({ "every_epochs": 0.0 })).contains("a number above 0, such as 2 or 0.25"));
    assert!(refused(json!({ "monitor": "loss" })).contains("a measure cannot be `loss`"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = keep::copy(folder.path(), &file.join("best")).unwrap_err().to_string();
    assert!(error.contains("no checkpoint could be kept in") && error.contains("file/best"), "{error}");
}
