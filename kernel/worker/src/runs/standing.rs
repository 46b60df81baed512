//! Where a run stands, in words and numbers: for its panel, its text, and its context.
//!
//! Must not know who shows it or how a run is moved. Read [`Standing`] first.

use crate::show::Show;
use candlewick_display as display;
use candlewick_display::number;
use candlewick_engine::run::Run;
use candlewick_plugin_api::{Context, Fact, Facts, Hook, Outcome, PointCall, PointFired};
use std::rc::Rc;

/// Where a run stands, as its live panel says it.
pub struct Standing {
    /// Which run.
    pub title: String,
    /// `running`, `paused`, `finished`, `stopped` or `failed`.
    pub state: &'static str,
    /// The place: at which hook, epoch and batch, or why it has ended.
    pub place: String,
    /// How far it is.
    pub progress: display::Progress,
    /// What a person watches: name and value.
    pub figures: Vec<(String, String)>,
}

impl Standing {
    /// Of a run that moves or not. When it moves its rate is that of the recent past, else the mean of its training.
    pub fn of(run: &Run, moving: bool, steps_per_second: f64) -> Self {
        let state = match run.outcome() {
            Some(Outcome::Done) => "finished",
            Some(Outcome::Failed) => "failed",
            Some(_) => "stopped",
            None if moving => "running",
            None => "paused",
        };
        let progress = progress(run, if state == "running" { steps_per_second } else { mean_rate(run) });
        let place = if state == "running" { String::new() } else { place(run) };
        let figures = figures(run, &progress);
        Self { title: format!("run {}", run.id()), state, place, progress, figures }
    }
}

fn progress(run: &Run, steps_per_second: f64) -> display::Progress {
    let ctx = run.context();
    let begun = run.next_hook() != Some(Hook::StartTrainingSession);
    let batch = ctx.training_batch_count.min(ctx.batches_per_epoch);
    let done = ctx.epoch * ctx.batches_per_epoch + batch;
    let left = (ctx.epochs * ctx.batches_per_epoch).saturating_sub(done) as f64;
    let rate = Some(steps_per_second).filter(|rate| rate.is_finite() && *rate > 0.0);
    display::Progress {
        epoch: if begun { (ctx.epoch as u64 + 1).min(ctx.epochs as u64) } else { 0 },
        epochs: ctx.epochs as u64,
        batch: batch as u64,
        batches: ctx.batches_per_epoch as u64,
        values: measured(ctx),
        rate,
        remaining: rate.filter(|_| !run.is_finished()).map(|rate| left / rate),
    }
}

/// Steps for each second of training and validation; of a run that has only just begun none that means anything.
fn mean_rate(run: &Run) -> f64 {
    let ctx = run.context();
    let done = ctx.epoch * ctx.batches_per_epoch + ctx.training_batch_count;
    if ctx.seconds < 1e-3 { 0.0 } else { done as f64 / ctx.seconds }
}

/// Losses, then metrics, of training before those of validation.
fn measured(ctx: &Context) -> Vec<(String, f64)> {
    let training = ctx.training_loss().map(|loss| ("loss".to_owned(), loss));
    let validation = ctx.validation_loss().map(|loss| ("validation_loss".to_owned(), loss));
    let metrics = ctx.training_metrics.iter().map(|(name, value)| (name.clone(), *value));
    let validated = ctx.validation_metrics.iter().map(|(name, value)| (format!("validation_{name}"), *value));
    training.into_iter().chain(validation).chain(metrics).chain(validated).collect()
}

fn figures(run: &Run, progress: &display::Progress) -> Vec<(String, String)> {
    let figure = |name: &str, value: String| (name.to_owned(), value);
    let ctx = run.context();
    let of = |done, all| format!("{} of {}", number::count(done), number::count(all));
    let epoch = figure("epoch", of(progress.epoch, progress.epochs));
    let batch = figure("batch", of(progress.batch, progress.batches));
    // A run that only stands before its first batch has taken some microseconds, which nobody wants to read.
    let elapsed = figure("elapsed", number::seconds(if ctx.seconds < 1e-3 { 0.0 } else { ctx.seconds }));
    let speed = progress.rate.map(|rate| figure("speed", number::rate(rate, "step")));
    let left = progress.remaining.map(|seconds| figure("left", format!("about {}", number::seconds(seconds))));
    let values = progress.values.iter().map(|(name, value)| figure(&name.replace('_', " "), number::steady(*value, 4)));
    [epoch, batch, elapsed].into_iter().chain(speed).chain(left).chain(values).collect()
}

/// At which hook a run stands, or why it has ended.
fn place(run: &Run) -> String {
    let ctx = run.context();
    let epoch = format!("epoch {} of {}", ctx.epoch + 1, ctx.epochs);
    match (run.outcome(), run.next_hook()) {
        (Some(_), _) => run.stop_reason().map_or(epoch, str::to_owned),
        (None, Some(Hook::StartTrainingSession)) => "before its first hook".to_owned(),
        (None, next) => {
            let of = if ctx.hook.name().ends_with("training_batch") {
                format!(" of {}", ctx.batches_per_epoch)
            } else {
                String::new()
            };
            let batch = ctx.batch.map_or(String::new(), |batch| format!(", batch {}{of}", batch + 1));
            let next = next.map_or("", Hook::name);
            format!("at {}, {epoch}{batch}; next is {next}", ctx.hook)
        }
    }
}

/// A run as the value of a cell.
pub fn panel(run: &Run) -> display::RunPanel {
    let state = run.outcome().map_or("paused", Outcome::name);
    let names = ["training_loss", "validation_loss", "training_metrics", "validation_metrics", "global_step"];
    let mut facts = facts(run.context(), names.into_iter());
    facts.extend(run.context().fired().iter().map(fired));
    let call = |call: &str, what: &str| (call.to_owned(), what.to_owned());
    // Which calls there are is said at both ends; between them it would bury what has changed.
    let calls = match run.next_hook() {
        None => vec![call("run.history", "a row for every epoch"), call("run.chart()", "the curves")],
        Some(hook) if hook != Hook::StartTrainingSession => Vec::new(),
        Some(_) => vec![
            call("run.step()", "to the next hook; run.step(3), run.batch(), run.epoch()"),
            call("run.run_until(\"end_epoch\")", "to a hook, or a condition such as \"ctx.loss < 0.1\""),
            call("run.resume()", "to the end, under a live chart"),
            call("run.stop(\"why\")", "ends it"),
        ],
    };
    display::RunPanel { title: format!("run {}, {state}", run.id()), place: place(run), facts, calls }
}

/// A point that was fired at this stop: who was called for how long, and what they changed.
fn fired(fired: &PointFired) -> (String, String) {
    let call = |call: &PointCall| {
        let failed = call.failure.as_ref().map_or(String::new(), |why| format!(", failed: {why}"));
        format!("{} {}{failed}", call.plugin, number::seconds(call.seconds))
    };
    let calls: Vec<String> = fired.calls.iter().map(call).collect();
    let calls = if calls.is_empty() { "nobody was called".to_owned() } else { calls.join("; ") };
    let changed = if fired.changed.is_empty() { String::new() } else { format!("; {}", fired.changed.join(", ")) };
    (format!("{} fired by {}", fired.point, fired.by), format!("{calls}{changed}"))
}

fn facts<'a>(ctx: &Context, names: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let number = |value: f64| number::significant(value, 5);
    let shown = |name: &str| match ctx.get(name)? {
        Fact::Count(count) => Some(count.to_string()),
        Fact::Number(value) => Some(number(value)),
        Fact::Flag(flag) => Some(flag.to_string()),
        Fact::Text(text) => Some(text.to_string()).filter(|text| !text.is_empty()),
        Fact::Numbers(numbers) => {
            let numbers: Vec<_> = numbers.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
            Some(numbers.join(", ")).filter(|text| !text.is_empty())
        }
        Fact::Values(values) => {
            let values: Vec<_> = values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            Some(values.join(", "))
        }
        Fact::Missing(_) => None,
    };
    names.filter_map(|name| Some((name.to_owned(), shown(name)?))).collect()
}

/// A run's context as it was when asked for.
#[derive(Clone)]
pub struct ContextView(pub Rc<Context>);

impl Show for ContextView {
    fn bundle(&self) -> display::Bundle {
        let title = format!("context of run {}", self.0.run);
        let mut facts = facts(&self.0, Facts::names());
        facts.push(("learning_rate".into(), number::significant(self.0.working.learning_rate, 5)));
        display::RunPanel { title, place: format!("at {}", self.0.hook), facts, calls: Vec::new() }.bundle()
    }
}
