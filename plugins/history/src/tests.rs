//! The tables of a small run, of a run that goes back, and of one that is saved and read again.

use super::*;

fn at(epoch: usize, batch: usize, loss: f64) -> Context {
    let mut ctx = Context::default();
    ctx.working.learning_rate = 0.1;
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.batch, facts.global_step) = (1, epoch, Some(batch), epoch * 2 + batch);
    (facts.loss, facts.gradient_norm, facts.seconds) = (Some(loss), Some(loss * 2.0), 1.5);
    (facts.training_loss_total, facts.training_batch_count, facts.has_validation) = (loss * 2.0, 2, true);
    (facts.validation_loss_total, facts.validation_batch_count) = (9.0, 1);
    facts.training_metrics.insert("accuracy".into(), 0.5);
    facts.validation_metrics.insert("accuracy".into(), 0.25);
    ctx
}

fn two_epochs() -> History {
    let mut history = History::new();
    for (epoch, batch, loss) in [(0, 0, 4.0), (0, 1, 3.0), (1, 0, 2.0), (1, 1, f64::NAN)] {
        history.end_training_batch(&mut at(epoch, batch, loss)).unwrap();
        if batch == 1 && epoch == 0 {
            history.end_validation_loop(&mut at(epoch, batch, loss)).unwrap();
        }
        if batch == 1 {
            history.end_epoch(&mut at(epoch, batch, 3.0)).unwrap();
        }
    }
    history
}

fn column(history: &History, table: &str, name: &str) -> Vec<Option<f64>> {
    let table = history.table(1, table).unwrap();
    table.columns.into_iter().find(|(own, _)| own == name).unwrap().1
}

#[test]
fn a_row_per_batch_and_per_epoch() {
    let history = two_epochs();
    let names = |table: &str| {
        let columns = history.table(1, table).unwrap().columns;
        columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("batches"), BATCH.join(" "));
    let expect = "epoch training_loss validation_loss training_accuracy validation_accuracy learning_rate seconds";
    assert_eq!(names("epochs"), expect);
    assert_eq!(column(&history, "batches", "global_step"), [Some(0.0), Some(1.0), Some(2.0), Some(3.0)]);
    assert_eq!(column(&history, "batches", "gradient_norm")[..3], [Some(8.0), Some(6.0), Some(4.0)]);
    assert!(column(&history, "batches", "loss")[3].is_some_and(f64::is_nan));
    assert_eq!(column(&history, "epochs", "training_loss"), [Some(3.0), Some(3.0)]);
    assert_eq!(column(&history, "epochs", "seconds"), [Some(1.5), Some(1.5)]);
}

#[test]
fn an_epoch_without_a_validation_loop_of_its_own_has_no_validation_loss() {
    let history = two_epochs();
    assert_eq!(column(&history, "epochs", "validation_loss"), [Some(9.0), None]);
    assert_eq!(column(&history, "epochs", "validation_accuracy"), [Some(0.25), None]);
}

#[test]
fn a_batch_that_was_not_carried_out_has_no_loss() {
    let mut history = History::new();
    for (batch, outcome) in [Outcome::Done, Outcome::Skipped, Outcome::Stopped, Outcome::Failed].into_iter().enumerate()
    {
        let mut ctx = at(0, batch, 4.0);
        ctx.driver().facts.outcome = Some(outcome);
        history.end_training_batch(&mut ctx).unwrap();
    }
    assert_eq!(column(&history, "batches", "loss"), [Some(4.0), None, None, None]);
}

#[test]
fn steps_done_again_overwrite_their_rows() {
    let mut history = two_epochs();
    history.end_training_batch(&mut at(0, 1, 7.0)).unwrap();
    assert_eq!(column(&history, "batches", "loss"), [Some(4.0), Some(7.0)]);
    history.end_epoch(&mut at(0, 1, 7.0)).unwrap();
    assert_eq!(column(&history, "epochs", "training_loss"), [Some(7.0)]);
}

#[test]
fn state_goes_through_text_and_back_to_the_bit() {
    let history = two_epochs();
    let text = history.state(1).unwrap().to_string();
    let mut restored = History::new();
    restored.restore(1, &serde_json::from_str(&text).unwrap()).unwrap();
    let bits = |history: &History, name| {
        column(history, "batches", name).into_iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>()
    };
    for name in BATCH {
        assert_eq!(bits(&restored, name), bits(&history, name), "{name}");
    }
    assert_eq!(restored.table(1, "epochs"), history.table(1, "epochs"));
    assert_eq!(restored.state(1), history.state(1));
}

#[test]
fn states_that_are_none_are_refused() {
    let mut history = History::new();
    for state in [json!(1), json!({ "epochs": [], "batches": [["a", "00"]] }), json!({ "epochs": [] })] {
        assert!(history.restore(1, &state).is_err(), "{state}");
    }
    assert_eq!((history.state(1), history.table(1, "other")), (None, None));
    assert_eq!(history.table(1, "epochs"), Some(Table::default()));
}
