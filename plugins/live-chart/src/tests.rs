//! How often charts come, what they hold, how large they may grow. Time is a number that the tests set.

use super::*;
use std::cell::Cell;
use std::rc::Rc;

fn chart_with_clock() -> (LiveChart, Rc<Cell<f64>>) {
    let time = Rc::new(Cell::new(0.0));
    let clock = time.clone();
    (LiveChart::with_clock(move || clock.get()), time)
}

fn at(epoch: usize, batch: usize, loss: f64) -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.epochs, facts.batch, facts.batches_per_epoch) = (1, epoch, 3, Some(batch), 4);
    (facts.loss, facts.training_loss_total, facts.training_batch_count) = (Some(loss), loss * 4.0, 4);
    (facts.has_validation, facts.validation_loss_total, facts.validation_batch_count) = (true, 5.0, 1);
    facts.training_metrics.insert("accuracy".into(), 0.5);
    facts.validation_metrics.insert("accuracy".into(), 0.25);
    ctx
}

fn charts(ctx: &mut Context) -> Vec<Chart> {
    let events = ctx.driver().events.drain(..);
    events.filter_map(|event| if let Event::Chart(chart) = event { Some(chart) } else { None }).collect()
}

#[test]
fn at_most_four_a_second_and_a_finished_one_at_the_end() {
    let (mut plugin, time) = chart_with_clock();
    let mut emitted = 0;
    for step in 0..2000 {
        time.set(step as f64 / 1000.0);
        let mut ctx = at(step / 4, step % 4, 1.0);
        plugin.end_training_batch(&mut ctx).unwrap();
        emitted += charts(&mut ctx).len();
    }
    assert_eq!(emitted, 8);
    let mut ctx = at(2, 3, 1.0);
    plugin.end_training_session(&mut ctx).unwrap();
    let last = charts(&mut ctx);
    assert_eq!((last.len(), last[0].finished, last[0].epochs, last[0].run), (1, true, 3, 1));
}

#[test]
fn curves_of_batches_and_epochs_on_both_splits() {
    let (mut plugin, _) = chart_with_clock();
    for (batch, loss) in [(0, 4.0), (1, 3.0), (2, f64::NAN), (3, 1.0)] {
        plugin.end_training_batch(&mut at(0, batch, loss)).unwrap();
    }
    plugin.end_validation_loop(&mut at(0, 3, 2.0)).unwrap();
    plugin.end_epoch(&mut at(0, 3, 2.0)).unwrap();
    let mut ctx = at(0, 3, 2.0);
    plugin.end_training_session(&mut ctx).unwrap();
    let series =
        |name: &str, split, points: &[(f64, f64)]| Series { name: name.into(), split, points: points.to_vec() };
    let expect = [
        series("batch loss", Split::Training, &[(0.25, 4.0), (0.5, 3.0), (1.0, 1.0)]),
        series("loss", Split::Validation, &[(1.0, 5.0)]),
        series("accuracy", Split::Validation, &[(1.0, 0.25)]),
        series("loss", Split::Training, &[(1.0, 2.0)]),
        series("accuracy", Split::Training, &[(1.0, 0.5)]),
    ];
    assert_eq!(charts(&mut ctx)[0].series, expect);
}

#[test]
fn a_batch_that_was_not_carried_out_has_no_point() {
    let (mut plugin, _) = chart_with_clock();
    let mut ctx = at(0, 0, 4.0);
    ctx.driver().facts.outcome = Some(Outcome::Skipped);
    plugin.end_training_batch(&mut ctx).unwrap();
    assert_eq!(charts(&mut ctx)[0].series, []);
}

#[test]
fn a_long_curve_stays_small_and_keeps_its_mean() {
    let mut curve = Curve::default();
    for step in 0..100_000 {
        curve.push(f64::from(step), f64::from(step) * 2.0);
    }
    let points = curve.points();
    assert!((curve::MOST / 2..=curve::MOST).contains(&points.len()), "{}", points.len());
    assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(points.iter().all(|(x, y)| (y - 2.0 * x).abs() < 1e-6));
}

#[test]
fn a_run_that_goes_back_draws_over_its_old_points() {
    let (mut plugin, _) = chart_with_clock();
    for (batch, loss) in [(0, 4.0), (1, 3.0), (2, 2.0), (1, 9.0)] {
        plugin.end_training_batch(&mut at(0, batch, loss)).unwrap();
    }
    let curves = plugin.runs.of(1);
    assert_eq!(curves.batches.points(), [(0.25, 4.0), (0.5, 9.0)]);
}

#[test]
fn state_goes_through_text_and_back() {
    let (mut plugin, _) = chart_with_clock();
    plugin.end_training_batch(&mut at(0, 0, 4.0)).unwrap();
    plugin.end_epoch(&mut at(0, 3, 2.0)).unwrap();
    let text = plugin.state(1).unwrap().to_string();
    let (mut restored, _) = chart_with_clock();
    restored.restore(7, &serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(restored.runs.of(7).series(), plugin.runs.of(1).series());
    assert!(restored.restore(7, &serde_json::json!({ "batches": 1 })).is_err());
    assert_eq!(restored.state(8), None);
}
