//! What it prints, to the letter.

use super::*;
use candlewick_plugin_api::{Event, Outcome};
use serde_json::json;

fn plugin(config: Value) -> Console {
    let mut plugin = Console::new();
    plugin.configure(config.as_object().unwrap()).unwrap();
    plugin
}

fn at(epoch: usize) -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.epochs, facts.batches_per_epoch) = (3, epoch, 4, 10);
    (facts.training_loss_total, facts.training_batch_count, facts.has_validation) = (5.0, 10, true);
    (facts.validation_loss_total, facts.validation_batch_count, facts.seconds) = (0.00025, 1, 12.34);
    facts.training_metrics.insert("accuracy".into(), 0.98765);
    facts.validation_metrics.insert("accuracy".into(), 0.75);
    ctx
}

/// What was printed since the last time.
fn printed(ctx: &mut Context) -> Vec<String> {
    let events = ctx.driver().events.drain(..);
    events.filter_map(|event| if let Event::Print(text) = event { Some(text) } else { None }).collect()
}

#[test]
fn a_line_for_every_epoch_with_four_digits() {
    let (mut plugin, mut ctx) = (plugin(json!({})), at(1));
    plugin.end_epoch(&mut ctx).unwrap();
    assert_eq!(printed(&mut ctx), ["epoch 2/4  loss 0.5000  accuracy 0.9877  12.3 s"]);
    plugin.end_validation_loop(&mut ctx).unwrap();
    plugin.end_epoch(&mut ctx).unwrap();
    let expect =
        "epoch 2/4  loss 0.5000  validation_loss 2.500e-4  accuracy 0.9877  validation_accuracy 0.7500  12.3 s";
    assert_eq!(printed(&mut ctx), [expect]);
}

#[test]
fn every_thins_the_lines_out_but_for_the_last() {
    let mut plugin = plugin(json!({ "every": 3 }));
    let lines = (0..4).map(|epoch| {
        let mut ctx = at(epoch);
        plugin.end_epoch(&mut ctx).unwrap();
        printed(&mut ctx).len()
    });
    assert_eq!(lines.collect::<Vec<_>>(), [0, 0, 1, 1]);
}

#[test]
fn batches_are_shown_when_asked_and_say_how_they_ended() {
    let (mut plugin, mut ctx) = (plugin(json!({ "batches": 2 })), at(0));
    for (batch, outcome) in [(0, Outcome::Done), (1, Outcome::Done), (3, Outcome::Skipped)] {
        let facts = ctx.driver().facts;
        (facts.batch, facts.loss, facts.outcome) = (Some(batch), Some(1.5), Some(outcome));
        plugin.end_training_batch(&mut ctx).unwrap();
    }
    assert_eq!(
        printed(&mut ctx),
        ["epoch 1/4  batch 2/10  loss 1.5000", "epoch 1/4  batch 4/10  loss 1.5000  skipped"]
    );
}

#[test]
fn the_summary_says_how_why_and_what_was_reached() {
    let (mut plugin, mut ctx) = (plugin(json!({})), at(1));
    plugin.end_validation_loop(&mut ctx).unwrap();
    plugin.end_epoch(&mut ctx).unwrap();
    let facts = ctx.driver().facts;
    (facts.outcome, facts.stop_reason) = (Some(Outcome::Stopped), Some("seen enough".into()));
    plugin.end_training_session(&mut ctx).unwrap();
    let expect = "run 3 stopped after 2 of 4 epochs: seen enough
              training    validation
loss            0.5000      2.500e-4
accuracy        0.9877        0.7500
time            12.3 s";
    assert_eq!(printed(&mut ctx).pop().unwrap(), expect);
}

#[test]
fn a_checkpoint_is_named_when_saved_and_when_loaded() {
    let (mut plugin, mut ctx) = (plugin(json!({})), at(1));
    ctx.working.extra.insert("checkpoint_path".into(), json!("runs/step-00000020"));
    ctx.driver().facts.global_step = 20;
    plugin.load_checkpoint(&mut ctx).unwrap();
    plugin.save_checkpoint(&mut ctx).unwrap();
    assert_eq!(printed(&mut ctx), ["going on after step 20 from runs/step-00000020", "saved runs/step-00000020"]);
}

#[test]
fn epochs_are_counted_over_a_resume() {
    let (mut before, mut ctx) = (plugin(json!({})), at(2));
    before.end_epoch(&mut ctx).unwrap();
    let mut after = plugin(json!({}));
    after.restore(3, &before.state(3).unwrap()).unwrap();
    after.end_training_session(&mut ctx).unwrap();
    assert!(printed(&mut ctx)[1].starts_with("run 3 done after 3 of 4 epochs\n"));
    assert!(after.restore(3, &json!("x")).is_err());
}
