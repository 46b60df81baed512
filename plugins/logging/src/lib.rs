//! The built-in plugin `logging`: what a run does, as one JSON object a line.
//!
//! It knows only `candlewick-plugin-api`. Read [`Logging`] first, then `Log`, which owns the file.

mod file;
mod record;

use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings,
};
use file::Log;
use record::Record;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Appends a line for everything a run does to a file of JSON lines (RFC 8259, one object a line). A number that JSON does
/// not have is `null`, and `notes` says what it was.
///
/// Every line is with the system when its hook returns, so that a killed process loses none. A run that goes on from a
/// checkpoint goes on with its own lines: what it had written after that checkpoint goes to `<file>.superseded`, because
/// those steps come again.
#[derive(Default)]
pub struct Logging {
    settings: Settings,
    runs: PerRun<Log>,
}

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// The file; empty for `run.jsonl` in the run's log folder, or in `logs` where it has none.
    pub path: String,
    /// Batches from one line to the next; 0 for no lines of batches. One that failed always has a line.
    pub batches: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: String::new(), batches: 10 }
    }
}

impl Logging {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }

    fn path(&self, ctx: &Context) -> PathBuf {
        match (self.settings.path.as_str(), &*ctx.log_folder) {
            ("", "") => PathBuf::from("logs/run.jsonl"),
            ("", folder) => PathBuf::from(folder).join("run.jsonl"),
            (path, _) => PathBuf::from(path),
        }
    }

    /// Writes a line; before a run's first one, the line that says what run it is.
    fn write(&mut self, ctx: &Context, record: Record) -> Result<(), PluginError> {
        let path = self.path(ctx);
        let log = self.runs.of(ctx.run);
        let written = log.open(&path, ctx.run).and_then(|is_new| {
            if is_new {
                log.write(record::session(ctx))?;
            }
            log.write(record)
        });
        written.map_err(|error| PluginError::failed(format!("{} cannot be written: {error}", path.display())))
    }
}

impl Plugin for Logging {
    fn metadata(&self) -> Metadata {
        let text = "writes what a run does to a file of JSON lines";
        let metadata = Metadata::of("logging", "1.0.0", text).kind(PluginKind::Metric);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [
            Hook::LoadCheckpoint,
            Hook::StartEpoch,
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
        self.write(ctx, record::checkpoint(ctx, "resume"))
    }

    /// Opens the file, so that a path that cannot be written is known before anything is trained.
    fn start_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.write(ctx, record::start_epoch(ctx))
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let every = self.settings.batches;
        let due = every > 0 && ctx.batch.is_some_and(|batch| (batch + 1).is_multiple_of(every));
        if due || ctx.outcome == Some(Outcome::Failed) {
            self.write(ctx, record::batch(ctx))?;
        }
        Ok(())
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.write(ctx, record::validation(ctx))
    }

    fn save_checkpoint(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.write(ctx, record::checkpoint(ctx, "checkpoint"))
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.write(ctx, record::epoch(ctx))
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        if ctx.outcome == Some(Outcome::Failed) {
            self.write(ctx, record::failure(ctx))?;
        }
        self.write(ctx, record::end(ctx))?;
        self.runs.remove(ctx.run);
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        Some(self.runs.get(run)?.state())
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let unreadable = || PluginError::invalid("its place in the log cannot be read from the checkpoint");
        self.runs.set(run, Log::at(state).ok_or_else(unreadable)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
