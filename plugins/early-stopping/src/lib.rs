//! The built-in plugin `early-stopping`: ends a run whose measure no longer gets better.
//!
//! It knows only `candlewick-plugin-api`. Read [`EarlyStopping`] first, then [`Settings`].

mod settings;

use candle_core::Tensor;
use candlewick_plugin_api::{
    Context, Event, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings as own,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use settings::{Settings, Strategy};
use std::collections::VecDeque;

/// Looks at one measure at the end of each epoch. By `patience` it stops when the measure has not got better by
/// `min_delta` for so many epochs; by `plateau` when over so many epochs it has moved by less than `min_delta` in all.
/// With `restore_best_weights` the run's end gives back the parameters of its best epoch.
#[derive(Default)]
pub struct EarlyStopping {
    settings: Settings,
    runs: PerRun<Watch>,
}

/// What is remembered of a run.
#[derive(Default, Serialize, Deserialize)]
struct Watch {
    best: Option<f64>,
    best_epoch: usize,
    /// The newest values of the measure, oldest first, one more than the patience.
    recent: VecDeque<f64>,
    /// The parameters of the best epoch. Too large for a checkpoint's plugin state: a resumed run begins without.
    #[serde(skip)]
    weights: Vec<(String, Tensor)>,
}

impl EarlyStopping {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Why the run should end now, if it should.
    fn verdict(&self, watch: &Watch, epoch: usize) -> Option<String> {
        let Settings { monitor, patience, min_delta, strategy, min_epochs, .. } = &self.settings;
        if epoch + 1 < *min_epochs || *patience == 0 {
            return None;
        }
        match strategy {
            Strategy::Patience => {
                let waited = epoch - watch.best_epoch;
                (waited >= *patience).then(|| {
                    format!(
                        "{monitor} has not got better by {min_delta} for {waited} epochs; its best was at epoch {}",
                        watch.best_epoch + 1
                    )
                })
            }
            Strategy::Plateau => {
                let full = watch.recent.len() > *patience;
                let least = watch.recent.iter().copied().fold(f64::INFINITY, f64::min);
                let most = watch.recent.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (full && most - least < *min_delta)
                    .then(|| format!("{monitor} has moved by less than {min_delta} over {patience} epochs"))
            }
        }
    }
}

impl Plugin for EarlyStopping {
    fn metadata(&self) -> Metadata {
        let text = "ends a run whose measure no longer gets better";
        let metadata = Metadata::of("early-stopping", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: own::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [Hook::EndEpoch, Hook::EndTrainingSession].into_iter().collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        self.settings = own::read(config)?;
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let value = self.settings.monitor.of(ctx).map_err(PluginError::failed)?;
        let watch = self.runs.of(ctx.run);
        watch.recent.push_back(value);
        if watch.recent.len() > self.settings.patience + 1 {
            watch.recent.pop_front();
        }
        if self.settings.mode.is_better(value, watch.best, self.settings.min_delta) {
            (watch.best, watch.best_epoch) = (Some(value), ctx.epoch);
            if self.settings.restore_best_weights {
                watch.weights = copies(ctx)?;
            }
        }
        if let Some(watch) = self.runs.get(ctx.run)
            && let Some(why) = self.verdict(watch, ctx.epoch)
        {
            ctx.stop(why);
        }
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Some(watch) = self.runs.remove(ctx.run) else { return Ok(()) };
        let Some(model) = ctx.working.model.clone().filter(|_| self.settings.restore_best_weights) else {
            return Ok(());
        };
        if watch.best.is_none() || watch.best_epoch == ctx.epoch {
            return Ok(());
        }
        if watch.weights.is_empty() {
            let (epoch, how) = (watch.best_epoch + 1, "activate(\"checkpoint\") keeps the best ones on disk");
            ctx.emit(Event::Warning(format!(
                "early-stopping cannot give back the parameters of epoch {epoch}, which was before the run was resumed; {how}"
            )));
            return Ok(());
        }
        for (name, weights) in &watch.weights {
            model.set_parameter(name, weights)?;
        }
        ctx.print(format!("early-stopping gave back the parameters of epoch {}", watch.best_epoch + 1));
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        serde_json::to_value(self.runs.get(run)?).ok()
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let unreadable = |error| PluginError::invalid(format!("the saved watch cannot be read: {error}"));
        self.runs.set(run, Watch::deserialize(state).map_err(unreadable)?);
        Ok(())
    }
}

/// The parameters as they are now; training overwrites the model's own in place.
fn copies(ctx: &Context) -> Result<Vec<(String, Tensor)>, PluginError> {
    let Some(model) = &ctx.working.model else { return Ok(Vec::new()) };
    let copy = |name: String| {
        let parameter = model.parameter(&name)?;
        Some(parameter.copy().map(|own| (name, own)).map_err(PluginError::from))
    };
    model.parameter_names().into_iter().filter_map(copy).collect()
}

#[cfg(test)]
mod tests;
