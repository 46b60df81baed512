//! What data and metrics cost beside a training step: loading, one batch of 32, one update of each metric.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use candle_core::{Device, Tensor};
use candlewick_engine::data::{Dataset, Frame, order};
use candlewick_engine::metrics::Metric;
use candlewick_engine::{Result, Seed};

fn main() -> Result<()> {
    let digits = Dataset::named("digits")?;
    let rows = order(digits.len(), Seed(1), 0, true);
    time("dataset(\"digits\")", 10, || Dataset::named("digits").map(drop));
    time("order of 1797 rows", 100, || {
        black_box(order(1797, Seed(1), 3, true));
        Ok(())
    });
    time("split of digits", 10, || digits.split(0.2, Seed(1)).map(drop));
    time("normalize digits", 10, || digits.normalize().map(drop));
    time("batch [32, 64]", 1000, || digits.batch(&rows[..32]).map(drop));
    metrics(&rows)?;
    frames()
}

fn metrics(rows: &[u32]) -> Result<()> {
    let predictions: Vec<f32> = rows[..320].iter().map(|&row| row as f32).collect();
    let predictions = Tensor::from_vec(predictions, (32, 10), &Device::Cpu)?;
    let targets = Tensor::from_vec(rows[..32].iter().map(|row| row % 10).collect(), 32, &Device::Cpu)?;
    for name in ["accuracy", "f1_score", "top5_accuracy"] {
        let mut metric = Metric::from_name(name)?;
        time(&format!("{name} of [32, 10]"), 1000, || metric.update(&predictions, &targets));
    }
    let mut metric = Metric::from_name("mse")?;
    time("mse of [32, 10]", 1000, || metric.update(&predictions, &predictions));
    Ok(())
}

fn frames() -> Result<()> {
    let path = std::env::temp_dir().join(format!("candlewick-bench-{}.csv", std::process::id()));
    let columns =
        (0..10).map(|at| (format!("c{at}"), (0..20_000).map(|row| Some(f64::from(row * at) / 7.0)).collect()));
    Frame::from_columns::<Vec<Option<f64>>>(columns.collect())?.write_csv(&path)?;
    let frame = Frame::read_csv(&path)?;
    time("read_csv of 20000 x 10", 3, || Frame::read_csv(&path).map(drop));
    time("describe of 20000 x 10", 3, || frame.describe().map(drop));
    std::fs::remove_file(&path).map_err(|error| candlewick_engine::EngineError::file(&path, error))
}

/// The least of several means, in microseconds.
fn time(what: &str, times: u32, mut of: impl FnMut() -> Result<()>) {
    let mut once = || {
        let start = Instant::now();
        let done = (0..times).try_for_each(|_| of());
        done.map_or(f64::NAN, |()| start.elapsed().as_secs_f64() * 1e6 / f64::from(times))
    };
    let least = (0..20).map(|_| once()).fold(f64::INFINITY, f64::min);
    println!("{what:>24} {least:>10.2} µs");
}
