//! What a batch's row costs. Prints the minimum of many rounds, since other work on the machine only adds time.

#![allow(clippy::print_stdout)] // a bench prints what it measured

use candlewick_history::History;
use candlewick_plugin_api::{Context, Plugin};
use std::hint::black_box;
use std::time::Instant;

const BATCHES: usize = 10_000;

fn main() {
    let fastest = (0..100).map(|_| nanoseconds_per_batch()).fold(f64::INFINITY, f64::min);
    println!("history, one row per batch (of {BATCHES}): {fastest:6.1} ns");
}

fn nanoseconds_per_batch() -> f64 {
    let (mut history, mut ctx) = (History::new(), Context::default());
    let begun = Instant::now();
    for step in 0..BATCHES {
        let facts = ctx.driver().facts;
        (facts.global_step, facts.batch, facts.loss) = (step, Some(step), Some(0.5));
        let noted = history.end_training_batch(black_box(&mut ctx));
        assert!(noted.is_ok(), "{noted:?}");
    }
    begun.elapsed().as_nanos() as f64 / BATCHES as f64
}
