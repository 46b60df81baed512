//! The built-in plugin `console`: what a run does, as lines of text, and a summary at its end.
//!
//! It knows only `candlewick-plugin-api` and writes to no stream: it emits lines. Read [`Console`] first.

mod lines;

use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The priority to register it with: its lines come after those of other plugins, the run's summary last.
pub const PRIORITY: i64 = -900;

/// Prints a line for every so many epochs, one for every so many batches if asked, and a table at the end.
///
/// Seed 003 draws bars that overwrite themselves; here the progress line does that, and this plugin's lines stay.
#[derive(Default)]
pub struct Console {
    settings: Settings,
    runs: PerRun<Seen>,
}

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// Epochs from one line to the next; 0 for no lines of epochs. The last epoch always has one.
    pub every: usize,
    /// Batches from one line to the next; 0 for no lines of batches.
    pub batches: usize,
    /// Whether the run ends with a table.
    pub summary: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { every: 1, batches: 0, summary: true }
    }
}

/// What is remembered of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// Epochs that came to their end.
    epochs: usize,
    /// The epoch that was validated last: the facts of a validation stay until the next one.
    validated: Option<usize>,
}

impl Console {
    /// A console with its default settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plugin for Console {
    fn metadata(&self) -> Metadata {
        let text = "prints a line for every epoch and a table at the end";
        let metadata = Metadata::of("console", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [
            Hook::LoadCheckpoint,
            Hook::EndTrainingBatch,
            Hook::EndValidationLoop,
            Hook::SaveCheckpoint,
            Hook::EndEpoch,
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
        self.settings = settings::read(config)?;
        Ok(())
    }

    fn load_checkpoint(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let line = format!("going on after step {} from {}", ctx.global_step, lines::checkpoint(ctx));
        ctx.print(line);
        Ok(())
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let every = self.settings.batches;
        if every > 0 && ctx.batch.is_some_and(|batch| (batch + 1).is_multiple_of(every)) {
            let line = lines::batch(ctx);
            ctx.print(line);
        }
        Ok(())
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.runs.of(ctx.run).validated = Some(ctx.epoch);
        Ok(())
    }

    fn save_checkpoint(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let line = format!("saved {}", lines::checkpoint(ctx));
        ctx.print(line);
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let seen = self.runs.of(ctx.run);
        seen.epochs = ctx.epoch + 1;
        let every = self.settings.every;
        let is_last = ctx.epoch + 1 == ctx.epochs || ctx.stop_reason.is_some();
        if every > 0 && (is_last || (ctx.epoch + 1).is_multiple_of(every)) {
            let line = lines::epoch(ctx, seen.validated == Some(ctx.epoch));
            ctx.print(line);
        }
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let seen = self.runs.remove(ctx.run).unwrap_or_default();
        if self.settings.summary {
            let table = lines::summary(ctx, seen.epochs, seen.validated == Some(ctx.epoch));
            ctx.print(table);
        }
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        serde_json::to_value(self.runs.get(run)?).ok()
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let unreadable = |error| PluginError::invalid(format!("what it had printed cannot be read: {error}"));
        self.runs.set(run, Seen::deserialize(state).map_err(unreadable)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
