//! How long it takes to load 500 script plugins: `cargo bench -p candlewick-worker --profile dev --bench discover`.
//!
//! Each has metadata with described settings, a hook and a documented verb, as a plugin of a package would.

use candlewick_engine as _;
use candlewick_link::FromWorker;
use candlewick_worker::{Host, Outbox};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

const PLUGINS: usize = 500;
const SERIES: usize = 5;
const GOAL: f64 = 0.5;

fn main() -> std::io::Result<()> {
    let directory = std::env::temp_dir().join(format!("candlewick-discover-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    for number in 0..PLUGINS {
        std::fs::write(directory.join(format!("plugin_{number:03}.rhai")), source(number))?;
    }
    let mut seconds: Vec<f64> = (0..SERIES).map(|_| discover(&directory)).collect();
    seconds.sort_by(f64::total_cmp);
    std::fs::remove_dir_all(&directory)?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{PLUGINS} script plugins loaded and registered: median {:.3} s, best {:.3} s (goal {GOAL} s)",
        seconds[SERIES / 2],
        seconds[0]
    )
}

fn source(number: usize) -> String {
    let needs = if number.is_multiple_of(10) && number > 0 {
        format!("dependencies: [\"plugin_{:03}\"], ", number - 1)
    } else {
        String::new()
    };
    format!(
        "const metadata = #{{ version: \"1.{number}.0\", description: \"plugin {number}\", {needs}config: #{{
    patience: 3, // epochs to wait, 1..100
    mode: \"min\", // which way is better: \"min\" | \"max\"
}}, state: #{{ best: 1e9, bad: 0 }} }};
fn end_epoch(ctx) {{
    if ctx.loss < this.best {{ this.best = ctx.loss; this.bad = 0; }} else {{ this.bad += 1; }}
    if this.bad >= this.config.patience {{ ctx.stop(\"flat\"); }}
}}
/// @param data {{number|tensor}} what to work on
/// @returns {{number|tensor}}
fn infer(data) {{ data + {number} }}
"
    )
}

/// Seconds of one discovery in a fresh host; none of the plugins may have failed.
fn discover(directory: &std::path::Path) -> f64 {
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let host = Host::new(Outbox::new(sent));
    let mut plugins = host.session().plugins.borrow_mut();
    plugins.search_in(vec![directory.to_owned()]);
    let begun = Instant::now();
    let report = plugins.discover();
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!((report.rows.len(), report.failed().count()), (PLUGINS, 0));
    seconds
}
