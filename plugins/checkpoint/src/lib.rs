//! The built-in plugin `checkpoint`: when a checkpoint is due, and which ones are kept.
//!
//! It knows only `candlewick-plugin-api`: the run writes checkpoints, this plugin asks for them and keeps copies. Read
//! [`Checkpoints`] first, then [`Settings`].

mod keep;
mod settings;

use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings as own,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use settings::Settings;
use std::path::{Path, PathBuf};

/// Keeps the best checkpoint of a run as `best`, and the newest few as `rolling-NNNNNNNN` after the step they were saved
/// at. What the run itself keeps (its newest two, `step-NNNNNNNN`) stays as it is; `resume` takes any of them.
///
/// `rolling` with `remove_at_end` is the `InterruptiblePlugin` of seed 002: something to go on from while a run is under
/// way, nothing left when it has come to its end.
#[derive(Default)]
pub struct Checkpoints {
    settings: Settings,
    runs: PerRun<Watch>,
}

/// What is remembered of a run.
#[derive(Default, Serialize, Deserialize)]
struct Watch {
    best: Option<f64>,
    best_epoch: usize,
    /// The checkpoints kept in turn, oldest first.
    rolling: Vec<PathBuf>,
    /// What the next checkpoint is for.
    #[serde(skip)]
    is_best: bool,
    #[serde(skip)]
    is_due: bool,
}

impl Checkpoints {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a checkpoint when the measure has got better.
    fn watch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Settings { monitor, mode, min_delta, .. } = &self.settings;
        let value = monitor.of(ctx).map_err(PluginError::failed)?;
        let watch = self.runs.of(ctx.run);
        if mode.is_better(value, watch.best, *min_delta) {
            (watch.best, watch.best_epoch, watch.is_best) = (Some(value), ctx.epoch, true);
            ctx.request_checkpoint();
        }
        Ok(())
    }

    fn ask(&mut self, ctx: &mut Context) {
        self.runs.of(ctx.run).is_due = true;
        ctx.request_checkpoint();
    }

    /// Where copies go: into the folder of the settings, else beside the run's own checkpoints.
    fn folder(&self, checkpoint: &Path) -> PathBuf {
        match self.settings.folder.as_str() {
            "" => checkpoint.parent().unwrap_or(checkpoint).to_owned(),
            folder => PathBuf::from(folder),
        }
    }
}

impl Plugin for Checkpoints {
    fn metadata(&self) -> Metadata {
        let text = "keeps a run's best checkpoint and its newest ones";
        let metadata = Metadata::of("checkpoint", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: own::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [
            Hook::EndTrainingBatch,
            Hook::EndTrainingLoop,
            Hook::EndValidationLoop,
            Hook::SaveCheckpoint,
            Hook::EndTrainingSession,
        ]
        .into_iter()
        .collect()
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

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        // The checkpoint of an epoch's end is asked for when its loop has ended, so that validation is in it.
        let ends_epoch = ctx.batch.is_some_and(|batch| batch + 1 >= ctx.batches_per_epoch);
        if self.settings.is_due(ctx.global_step, ctx.batches_per_epoch) && !ends_epoch {
            self.ask(ctx);
        }
        Ok(())
    }

    fn end_training_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let is_whole = ctx.outcome == Some(Outcome::Done);
        // The step that has ended is the one before.
        if is_whole && self.settings.is_due(ctx.global_step.saturating_sub(1), ctx.batches_per_epoch) {
            self.ask(ctx);
        }
        if is_whole && self.settings.best && !self.settings.monitor.is_of_validation() {
            self.watch(ctx)?;
        }
        Ok(())
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        if ctx.outcome == Some(Outcome::Done) && self.settings.best && self.settings.monitor.is_of_validation() {
            self.watch(ctx)?;
        }
        Ok(())
    }

    fn save_checkpoint(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let saved = ctx.working.extra.get("checkpoint_path").and_then(Value::as_str).map(PathBuf::from);
        let Some(saved) = saved else { return Ok(()) };
        let folder = self.folder(&saved);
        let watch = self.runs.of(ctx.run);
        if std::mem::take(&mut watch.is_best) {
            keep::copy(&saved, &folder.join("best"))?;
        }
        if std::mem::take(&mut watch.is_due) {
            let place = folder.join(format!("rolling-{:08}", ctx.global_step));
            keep::copy(&saved, &place)?;
            watch.rolling.retain(|other| *other != place);
            watch.rolling.push(place);
            let many = watch.rolling.len().saturating_sub(self.settings.rolling);
            for old in watch.rolling.drain(..many) {
                keep::remove(&old)?;
            }
        }
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Some(watch) = self.runs.remove(ctx.run) else { return Ok(()) };
        if let Some(best) = watch.best {
            let (monitor, epoch) = (&self.settings.monitor, watch.best_epoch + 1);
            ctx.print(format!("checkpoint kept the parameters of epoch {epoch} as `best`: {monitor} {best:.4}"));
        }
        // A run that was stopped or has failed is one to go on from.
        if self.settings.remove_at_end && ctx.outcome == Some(Outcome::Done) {
            watch.rolling.iter().try_for_each(|old| keep::remove(old))?;
        }
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

#[cfg(test)]
mod tests;
