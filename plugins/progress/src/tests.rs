//! How often the line comes, its rate and remaining time. Time is a number that the tests set.

use super::*;
use std::cell::Cell;
use std::rc::Rc;

const BATCHES: usize = 100;

/// A run of two epochs at a steady pace, with the run's own seconds going by the same clock.
struct Stage {
    plugin: ProgressLine,
    time: Rc<Cell<f64>>,
    ctx: Context,
}

impl Stage {
    fn new() -> Self {
        let time = Rc::new(Cell::new(0.0));
        let clock = time.clone();
        let mut ctx = Context::default();
        let facts = ctx.driver().facts;
        (facts.run, facts.epochs, facts.batches_per_epoch) = (1, 2, BATCHES);
        let mut stage = Self { plugin: ProgressLine::with_clock(move || clock.get()), time, ctx };
        stage.plugin.start_training_session(&mut stage.ctx).unwrap();
        stage
    }

    /// Trains one batch in so many seconds.
    fn step(&mut self, epoch: usize, batch: usize, seconds: f64) {
        self.time.set(self.time.get() + seconds);
        let facts = self.ctx.driver().facts;
        (facts.epoch, facts.batch, facts.seconds) = (epoch, Some(batch), facts.seconds + seconds);
        (facts.training_loss_total, facts.training_batch_count) = (0.5 * (batch + 1) as f64, batch + 1);
        self.plugin.end_training_batch(&mut self.ctx).unwrap();
    }

    fn emitted(&mut self) -> Vec<Progress> {
        let events = self.ctx.driver().events.drain(..);
        events.filter_map(|event| if let Event::Progress(progress) = event { Some(progress) } else { None }).collect()
    }
}

#[test]
fn at_most_four_a_second_and_a_finished_one_at_the_end() {
    let mut stage = Stage::new();
    for batch in 0..BATCHES {
        stage.step(0, batch, 1.0 / 64.0);
    }
    assert_eq!(stage.emitted().len(), 7);
    stage.plugin.end_training_session(&mut stage.ctx).unwrap();
    let last = stage.emitted();
    assert_eq!((last.len(), last[0].finished, last[0].remaining_seconds), (1, true, None));
    assert_eq!((last[0].epoch, last[0].batch, last[0].batches), (1, BATCHES, BATCHES));
}

#[test]
fn rate_and_remaining_time_of_a_steady_run() {
    let mut stage = Stage::new();
    for batch in 0..50 {
        stage.step(0, batch, 0.5);
    }
    let progress = stage.emitted().pop().unwrap();
    assert_eq!((progress.steps_per_second, progress.remaining_seconds), (2.0, Some(75.0)));
    assert_eq!(progress.numbers, [("loss".to_owned(), 0.5)]);
}

#[test]
fn the_rate_is_that_of_the_recent_past() {
    let mut stage = Stage::new();
    for batch in 0..30 {
        stage.step(0, batch, 4.0);
    }
    for batch in 30..60 {
        stage.step(0, batch, 0.5);
    }
    assert_eq!(stage.emitted().pop().unwrap().steps_per_second, 2.0);
}

#[test]
fn a_pause_does_not_slow_the_rate_down() {
    let mut stage = Stage::new();
    stage.step(0, 0, 0.5);
    stage.time.set(1000.0);
    stage.step(0, 1, 0.5);
    assert_eq!(stage.emitted().pop().unwrap().steps_per_second, 2.0);
}

#[test]
fn a_run_that_goes_back_starts_measuring_anew() {
    let mut stage = Stage::new();
    for batch in 0..10 {
        stage.step(0, batch, 0.5);
    }
    stage.step(0, 2, 0.5);
    assert_eq!(stage.emitted().pop().unwrap().steps_per_second, 0.0);
    stage.step(0, 3, 0.25);
    let progress = stage.emitted().pop().unwrap();
    assert_eq!((progress.steps_per_second, progress.batch), (4.0, 4));
}

#[test]
fn losses_and_metrics_of_both_splits_stand_in_the_line() {
    let mut stage = Stage::new();
    let facts = stage.ctx.driver().facts;
    (facts.validation_loss_total, facts.validation_batch_count) = (3.0, 2);
    facts.training_metrics.insert("accuracy".into(), 0.75);
    facts.validation_metrics.insert("accuracy".into(), 0.5);
    stage.step(1, 0, 1.0);
    let progress = stage.emitted().pop().unwrap();
    let names: Vec<&str> = progress.numbers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["loss", "validation_loss", "accuracy", "validation_accuracy"]);
    assert_eq!(progress.epoch, 2);
}
