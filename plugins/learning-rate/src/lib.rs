//! The built-in plugins `learning-rate` and `learning-rate-finder`: schedules of the learning rate, and how high it may be.
//!
//! It knows only `candlewick-plugin-api`. Read [`LearningRate`] first, then [`Settings`], then [`LearningRateFinder`].

mod finder;
mod schedule;

use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings,
};
pub use finder::LearningRateFinder;
pub use schedule::{Schedule, Settings, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Sets `ctx.learning_rate` before every batch, along a curve over the batches or epochs of the run, or by what the run
/// measures (`plateau`). For runs whose `fit` has no schedule of its own.
#[derive(Default)]
pub struct LearningRate {
    settings: Settings,
    runs: PerRun<Plateau>,
}

/// What `plateau` remembers of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Plateau {
    best: Option<f64>,
    waited: usize,
    factor: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { best: None, waited: 0, factor: 1.0 }
    }
}

impl LearningRate {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rate of the coming batch.
    fn rate(&self, ctx: &Context) -> Result<f64, PluginError> {
        let own = ctx.hyperparameters.get("learning_rate").and_then(Value::as_f64);
        let base = match (self.settings.base, own) {
            (base, _) if base > 0.0 => base,
            (_, Some(own)) => own,
            _ => return Err(PluginError::failed("this run has no learning rate to start from; set `base`")),
        };
        let factor = self.runs.get(ctx.run).map_or(1.0, |plateau| plateau.factor);
        let (step, total) = match self.settings.unit {
            Unit::Batch => (ctx.global_step, ctx.epochs * ctx.batches_per_epoch),
            Unit::Epoch => (ctx.epoch, ctx.epochs),
        };
        Ok(self.settings.rate(base, step, total, factor))
    }
}

impl Plugin for LearningRate {
    fn metadata(&self) -> Metadata {
        let text = "moves the learning rate along a schedule";
        let metadata = Metadata::of("learning-rate", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [Hook::StartTrainingSession, Hook::StartTrainingBatch, Hook::EndEpoch].into_iter().collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        self.settings = Settings::read(config)?;
        Ok(())
    }

    fn start_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let own = ctx.hyperparameters.get("schedule").and_then(|schedule| schedule["kind"].as_str());
        match own {
            None | Some("constant") => Ok(()),
            Some(own) => Err(PluginError::failed(format!(
                "fit has the schedule {own} of its own, which this plugin overrides; leave one of the two out"
            ))),
        }
    }

    fn start_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        ctx.working.learning_rate = self.rate(ctx)?;
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Settings { schedule: Schedule::Plateau, monitor, mode, min_delta, patience, factor, .. } = &self.settings
        else {
            return Ok(());
        };
        let value = monitor.of(ctx).map_err(PluginError::failed)?;
        let plateau = self.runs.of(ctx.run);
        if mode.is_better(value, plateau.best, *min_delta) {
            (plateau.best, plateau.waited) = (Some(value), 0);
            return Ok(());
        }
        plateau.waited += 1;
        if plateau.waited >= *patience {
            (plateau.waited, plateau.factor) = (0, plateau.factor * factor);
            let (rate, epoch) = (self.rate(ctx)?, ctx.epoch + 1);
            ctx.print(format!("learning-rate: {monitor} has not got better; from epoch {} on {rate:e}", epoch + 1));
        }
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        serde_json::to_value(self.runs.get(run)?).ok()
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let unreadable = |error| PluginError::invalid(format!("the saved plateau cannot be read: {error}"));
        self.runs.set(run, Plateau::deserialize(state).map_err(unreadable)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
