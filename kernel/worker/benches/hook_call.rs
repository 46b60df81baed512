//! What one hook call of a Rhai plugin costs: `cargo bench -p candlewick-worker --profile dev`.

use candlewick_engine as _;
use candlewick_link::{Execute, FromWorker};
use candlewick_plugin_api::{Context, Hook, HookSink};
use candlewick_worker::{Host, Outbox};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

const CALLS: u32 = 500;
const SERIES: u32 = 800;

fn main() -> std::io::Result<()> {
    let empty = best("fn end_training_batch(ctx) { }");
    let reads = best("fn end_training_batch(ctx) { if ctx.loss < 0.1 { ctx.stop(\"done\"); } }");
    let keeps = best("fn end_training_batch(ctx) { this.n = ctx.global_step; }");
    let mut out = std::io::stdout();
    writeln!(
        out,
        "one Rhai hook call, best of {SERIES} x {CALLS}: empty {empty:.0} ns, reads a fact and compares {reads:.0} ns (goal 600), keeps a number {keeps:.0} ns"
    )
}

/// Nanoseconds of one call, best of many series.
fn best(body: &str) -> f64 {
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let mut host = Host::new(Outbox::new(sent));
    let cell = Execute { code: format!("%%plugin p\n{body}"), cell: 1, ..Execute::default() };
    host.execute(&cell);
    let mut context = Context::default();
    context.driver().facts.loss = Some(0.5);
    let plugins = host.session().plugins.clone();
    let mut plugins = plugins.borrow_mut();
    let series = |_| {
        let start = Instant::now();
        for _ in 0..CALLS {
            plugins.fire(Hook::EndTrainingBatch, &mut context);
        }
        start.elapsed().as_nanos() as f64 / f64::from(CALLS)
    };
    (0..SERIES).map(series).fold(f64::INFINITY, f64::min)
}
