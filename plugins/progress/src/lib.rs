//! The built-in plugin `progress`: where a run stands, at what rate, and how long it will take, as data.
//!
//! It knows only `candlewick-plugin-api` and prints nothing: it emits [`Event::Progress`]. Read [`ProgressLine`] first.

use candlewick_plugin_api::{Context, Event, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, Progress};
use std::collections::VecDeque;
use std::time::Instant;

/// The priority to register it with: at `end_…` hooks the lowest comes last, and so sees what the others have changed.
pub const PRIORITY: i64 = -1020;

/// Seconds between two messages of a run.
const INTERVAL: f64 = 0.25;

/// How many messages back the rate reaches: five seconds or more.
const WINDOW: usize = 20;

/// Emits where each run stands, at most four times a second and once more at the end.
///
/// When to speak goes by a clock. The rate goes by the run's own seconds, which leave pauses out, so that a run that
/// waits between two cells does not seem slow.
pub struct ProgressLine {
    runs: PerRun<Standing>,
    clock: Box<dyn Fn() -> f64>,
}

/// What is remembered of a run between two messages.
#[derive(Default)]
struct Standing {
    emitted: Option<f64>,
    /// Training batches of the newest epoch finished.
    batch: usize,
    /// Training seconds and steps done at the newest messages, oldest first.
    marks: VecDeque<(f64, usize)>,
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressLine {
    /// A progress line that goes by the machine's clock.
    pub fn new() -> Self {
        let begun = Instant::now();
        Self::with_clock(move || begun.elapsed().as_secs_f64())
    }

    /// A progress line that goes by a clock of the caller's, in seconds; its zero does not matter.
    pub fn with_clock(clock: impl Fn() -> f64 + 'static) -> Self {
        Self { runs: PerRun::default(), clock: Box::new(clock) }
    }

    fn emit_if_due(&mut self, ctx: &mut Context) {
        let now = (self.clock)();
        let standing = self.runs.of(ctx.run);
        if standing.emitted.is_none_or(|newest| now - newest >= INTERVAL) {
            standing.emitted = Some(now);
            let progress = standing.progress(ctx, false);
            ctx.emit(Event::Progress(progress));
        }
    }
}

impl Plugin for ProgressLine {
    fn metadata(&self) -> Metadata {
        Metadata::of("progress", "1.0.0", "shows where a run stands, its rate and the remaining time")
    }

    fn hooks(&self) -> HookSet {
        let hooks = [Hook::StartTrainingSession, Hook::StartEpoch, Hook::EndTrainingBatch, Hook::EndEpoch];
        hooks.into_iter().collect::<HookSet>().with(Hook::EndTrainingSession)
    }

    fn start_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.runs.of(ctx.run).mark(ctx.seconds, ctx.epoch * ctx.batches_per_epoch);
        Ok(())
    }

    fn start_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.runs.of(ctx.run).batch = 0;
        Ok(())
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.runs.of(ctx.run).batch = ctx.batch.map_or(0, |batch| batch + 1);
        self.emit_if_due(ctx);
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.emit_if_due(ctx);
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let progress = self.runs.of(ctx.run).progress(ctx, true);
        self.runs.remove(ctx.run);
        ctx.emit(Event::Progress(progress));
        Ok(())
    }
}

impl Standing {
    fn progress(&mut self, ctx: &Context, finished: bool) -> Progress {
        let done = ctx.epoch * ctx.batches_per_epoch + self.batch;
        self.mark(ctx.seconds, done);
        let rate = self.rate();
        let left = (ctx.epochs * ctx.batches_per_epoch).saturating_sub(done) as f64;
        Progress {
            run: ctx.run,
            epoch: (ctx.epoch + 1).min(ctx.epochs),
            epochs: ctx.epochs,
            batch: self.batch,
            batches: ctx.batches_per_epoch,
            steps_per_second: rate,
            remaining_seconds: (rate > 0.0 && !finished).then(|| left / rate),
            numbers: numbers(ctx),
            finished,
        }
    }

    /// Remembers a point in time; a run that went back starts the measurement anew.
    fn mark(&mut self, seconds: f64, done: usize) {
        if self.marks.back().is_some_and(|(newest, most)| seconds < *newest || done < *most) {
            self.marks.clear();
        }
        if self.marks.len() > WINDOW {
            self.marks.pop_front();
        }
        self.marks.push_back((seconds, done));
    }

    /// Steps per second since the oldest mark; 0 while nothing can be measured.
    fn rate(&self) -> f64 {
        match (self.marks.front(), self.marks.back()) {
            (Some((begun, first)), Some((now, last))) if now > begun => (last - first) as f64 / (now - begun),
            _ => 0.0,
        }
    }
}

/// What is worth a place in the line: losses, then metrics, training before validation.
fn numbers(ctx: &Context) -> Vec<(String, f64)> {
    let training = ctx.training_loss().map(|loss| ("loss".to_owned(), loss));
    let validation = ctx.validation_loss().map(|loss| ("validation_loss".to_owned(), loss));
    let metrics = ctx.training_metrics.iter().map(|(name, value)| (name.clone(), *value));
    let validated = ctx.validation_metrics.iter().map(|(name, value)| (format!("validation_{name}"), *value));
    training.into_iter().chain(validation).chain(metrics).chain(validated).collect()
}

#[cfg(test)]
mod tests;
