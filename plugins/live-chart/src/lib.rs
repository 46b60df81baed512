//! The built-in plugin `live-chart`: a run's curves as data, at most four times a second and once more at the end.
//!
//! It knows only `candlewick-plugin-api` and draws nothing: it emits [`Event::Chart`]. Read [`LiveChart`] first.

mod curve;

use candlewick_plugin_api::{
    Chart, Context, Event, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, RunId, Series, Split,
};
use curve::{Curve, push};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Instant;

/// The priority to register it with: at `end_…` hooks the lowest comes last, and so sees what the others have changed.
pub const PRIORITY: i64 = -1010;

/// Seconds between two charts of a run.
const INTERVAL: f64 = 0.25;

/// Emits each run's curves: `batch loss` (means of neighbouring batches, at most 512 points however long the run), and by
/// epoch `loss` and every metric, on training and validation data. x is counted in epochs.
pub struct LiveChart {
    runs: PerRun<Curves>,
    emitted: PerRun<Option<f64>>,
    clock: Box<dyn Fn() -> f64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Curves {
    batches: Curve,
    epochs: Vec<Series>,
}

impl Default for LiveChart {
    fn default() -> Self {
        Self::new()
    }
}

impl LiveChart {
    /// A chart that goes by the machine's clock.
    pub fn new() -> Self {
        let begun = Instant::now();
        Self::with_clock(move || begun.elapsed().as_secs_f64())
    }

    /// A chart that goes by a clock of the caller's, in seconds; its zero does not matter.
    pub fn with_clock(clock: impl Fn() -> f64 + 'static) -> Self {
        Self { runs: PerRun::default(), emitted: PerRun::default(), clock: Box::new(clock) }
    }

    fn emit_if_due(&mut self, ctx: &mut Context) {
        let now = (self.clock)();
        let newest = self.emitted.of(ctx.run);
        if newest.is_none_or(|newest| now - newest >= INTERVAL) {
            *newest = Some(now);
            self.emit(ctx, false);
        }
    }

    fn emit(&mut self, ctx: &mut Context, finished: bool) {
        let series = self.runs.of(ctx.run).series();
        ctx.emit(Event::Chart(Chart { run: ctx.run, series, epochs: ctx.epochs, finished }));
    }
}

impl Plugin for LiveChart {
    fn metadata(&self) -> Metadata {
        Metadata::of("live-chart", "1.0.0", "shows losses and metrics while a run trains")
    }

    fn hooks(&self) -> HookSet {
        [Hook::EndTrainingBatch, Hook::EndValidationLoop, Hook::EndEpoch, Hook::EndTrainingSession]
            .into_iter()
            .collect()
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let (Some(loss), Some(batch)) = (ctx.loss, ctx.batch) else { return Ok(()) };
        if matches!(ctx.outcome, None | Some(Outcome::Done)) {
            self.runs.of(ctx.run).batches.push(epochs_done(ctx, batch + 1), loss);
        }
        self.emit_if_due(ctx);
        Ok(())
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let (x, curves) = (epochs_done(ctx, ctx.training_batch_count), self.runs.of(ctx.run));
        curves.add(x, Split::Validation, "loss", ctx.validation_loss());
        for (name, value) in &ctx.validation_metrics {
            curves.add(x, Split::Validation, name, Some(*value));
        }
        self.emit_if_due(ctx);
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let (x, curves) = (ctx.epoch as f64 + 1.0, self.runs.of(ctx.run));
        curves.add(x, Split::Training, "loss", ctx.training_loss());
        for (name, value) in &ctx.training_metrics {
            curves.add(x, Split::Training, name, Some(*value));
        }
        self.emit_if_due(ctx);
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.emit(ctx, true);
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        serde_json::to_value(self.runs.get(run)?).ok()
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let unreadable = |error| PluginError::invalid(format!("the saved curves cannot be read: {error}"));
        self.runs.set(run, Curves::deserialize(state).map_err(unreadable)?);
        Ok(())
    }
}

impl Curves {
    /// All curves; those without a point are left out.
    fn series(&self) -> Vec<Series> {
        let batches = Series { name: "batch loss".into(), split: Split::Training, points: self.batches.points() };
        std::iter::once(batches).chain(self.epochs.iter().cloned()).filter(|series| !series.points.is_empty()).collect()
    }

    fn add(&mut self, x: f64, split: Split, name: &str, y: Option<f64>) {
        let Some(y) = y else { return };
        let index = self.epochs.iter().position(|own| own.split == split && own.name == name).unwrap_or_else(|| {
            self.epochs.push(Series { name: name.to_owned(), split, points: Vec::new() });
            self.epochs.len() - 1
        });
        push(&mut self.epochs[index].points, x, y);
    }
}

/// Epochs done when so many training batches of the present one are.
fn epochs_done(ctx: &Context, batches: usize) -> f64 {
    ctx.epoch as f64 + (batches as f64 / ctx.batches_per_epoch.max(1) as f64).min(1.0)
}

#[cfg(test)]
mod tests;
