//! How long the chart of a run of 5,000 steps takes to draw: `cargo bench -p candlewick-display --profile dev`.

use std::time::Instant;

use candlewick_display::{Chart, Series, Split};

#[allow(clippy::print_stdout, reason = "a bench reports on its output")]
fn main() {
    let chart = chart();
    let mut fastest = f64::INFINITY;
    for _ in 0..50 {
        let start = Instant::now();
        let bundle = std::hint::black_box(&chart).bundle();
        fastest = fastest.min(start.elapsed().as_secs_f64());
        std::hint::black_box(bundle);
    }
    let bytes = chart.svg().map_or(0, |svg| svg.len());
    println!("chart of 5,000 steps, SVG and text: {:.2} ms (fastest of 50), {bytes} bytes", fastest * 1e3);
}

fn chart() -> Chart {
    let noise = |step: usize| (step as f64 * 12.9898).sin().abs() * 43_758.545 % 1.0;
    let steps = |scale: f64| (1..=5_000).map(|step| (step as f64 / 50.0, scale * noise(step))).collect();
    let epochs = |scale: f64| (1..=100).map(|epoch| (epoch as f64, scale * noise(epoch))).collect();
    let series = |name: &str, split, points| Series { run: String::new(), name: name.into(), split, points };
    let series = vec![
        series("loss", Split::Training, steps(2.0)),
        series("loss", Split::Validation, epochs(2.0)),
        series("accuracy", Split::Training, steps(1.0)),
        series("accuracy", Split::Validation, epochs(1.0)),
    ];
    Chart { epochs: 100.0, series, ..Chart::default() }
}
