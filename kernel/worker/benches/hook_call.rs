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
    )?;
    let condition = best_of("p when=\"ctx.loss < 0.1\"", "fn end_training_batch(ctx) { }");
    writeln!(out, "a condition that does not hold: {condition:.0} ns")?;
    let step = step_of_ten();
    writeln!(
        out,
        "10 Rhai plugins x 14 hooks with filters, reading the context: {step:.0} ns a step, {:.3} % of 5 ms (goal 0.25)",
        step / 5e4
    )?;
    writeln!(out, "replacing a plugin in a live run: {:.0} us (goal 1000)", replacing() / 1e3)
}

/// Nanoseconds that ten plugins with all hooks and filters add to the two hooks of a step.
fn step_of_ten() -> f64 {
    let hooks: Vec<String> = Hook::all()
        .map(|hook| format!("fn {hook}(ctx) {{ if ctx.global_step < 0 {{ ctx.stop(\"done\"); }} }}"))
        .collect();
    let body = hooks.join("\n");
    let mut host = host();
    (1..=10).for_each(|cell| run(&mut host, cell, format!("%%plugin p{cell} every=1 after=1\n{body}")));
    let mut context = Context::default();
    context.driver().facts.loss = Some(0.5);
    let plugins = host.session().plugins.clone();
    let mut plugins = plugins.borrow_mut();
    let series = |_| {
        let start = Instant::now();
        for _ in 0..CALLS / 10 {
            plugins.fire(Hook::StartTrainingBatch, &mut context);
            plugins.fire(Hook::EndTrainingBatch, &mut context);
        }
        start.elapsed().as_nanos() as f64 / f64::from(CALLS / 10)
    };
    (0..SERIES / 4).map(series).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds to run a plugin's cell again while its run lives.
fn replacing() -> f64 {
    let mut host = host();
    let text = "%%plugin p\nconst metadata = #{ state: #{ n: 0, best: 1e9 } };\nfn end_training_batch(ctx) { this.n += 1; }\nfn end_epoch(ctx) { if ctx.loss < this.best { this.best = ctx.loss; } }";
    run(&mut host, 1, text.to_owned());
    let mut context = Context::default();
    context.driver().facts.loss = Some(0.5);
    let mut fastest = f64::INFINITY;
    for cell in 2..400 {
        host.session().plugins.borrow_mut().fire(Hook::EndTrainingBatch, &mut context);
        let start = Instant::now();
        run(&mut host, cell, text.to_owned());
        fastest = fastest.min(start.elapsed().as_nanos() as f64);
    }
    fastest
}

fn host() -> Host {
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    Host::new(Outbox::new(sent))
}

fn run(host: &mut Host, cell: u64, code: String) {
    let finished = host.execute(&Execute { code, cell, ..Execute::default() });
    assert!(finished.problem.is_none(), "{finished:?}");
}

/// Nanoseconds of one call, best of many series.
fn best(body: &str) -> f64 {
    best_of("p", body)
}

fn best_of(header: &str, body: &str) -> f64 {
    let mut host = host();
    run(&mut host, 1, format!("%%plugin {header}\n{body}"));
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
