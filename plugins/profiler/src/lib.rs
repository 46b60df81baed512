//! The built-in plugin `profiler`: where a run's time and memory go.
//!
//! It knows only `candlewick-plugin-api`; the run itself measures its work and its plugins (`ctx.work_seconds`,
//! `ctx.plugin_seconds`), so that pauses between cells count nowhere. Read [`Profiler`] first, then `Profile`.

mod process;
mod profile;
mod report;

use candlewick_plugin_api::{
    Context, Hook, Metadata, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, Table, settings,
};
use profile::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The priority to register it with: last at `start_…` hooks, so that it sees batches as the other plugins leave them.
pub const PRIORITY: i64 = 1000;

/// Sums up a session's time by phase and by hook, takes a row every so many batches, prints a summary at the end and
/// writes it as JSON if asked. It offers the tables `intervals`, `phases` and `hooks`.
///
/// Seconds are measured, none is an estimate. On a GPU they are the host's: work of the device that nothing has waited for
/// yet counts in the phase that waits.
#[derive(Default)]
pub struct Profiler {
    settings: Settings,
    runs: PerRun<Profile>,
}

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// Training batches from one row of `intervals` to the next, from 1.
    pub log_interval: usize,
    /// Whether the run ends with a summary in text.
    pub summary: bool,
    /// A file for the summary as JSON; empty for none.
    pub report: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { log_interval: 10, summary: true, report: String::new() }
    }
}

impl Profiler {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plugin for Profiler {
    fn metadata(&self) -> Metadata {
        let text = "measures where a run's time and memory go";
        let metadata = Metadata::of("profiler", "1.0.0", text).kind(PluginKind::Metric);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        let read: Settings = settings::read(config)?;
        if read.log_interval == 0 {
            return Err(PluginError::invalid("log_interval is 0; it takes a whole number of batches from 1"));
        }
        self.settings = read;
        Ok(())
    }

    /// The same at all fourteen hooks: what the run says of the time since the one before.
    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Result<(), PluginError> {
        if ctx.late {
            // What is told late is of hooks that are over: their time is not what stands there now.
            return Ok(());
        }
        let profile = self.runs.of(ctx.run);
        profile.add(hook, ctx);
        match hook {
            Hook::EndTrainingBatch if profile.batches().is_multiple_of(self.settings.log_interval) => profile.row(ctx),
            Hook::EndTrainingSession => return self.finish(ctx),
            _ => {}
        }
        Ok(())
    }

    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        let profile = self.runs.get(run);
        match name {
            "intervals" => Some(profile.map(|profile| profile.intervals().clone()).unwrap_or_default()),
            "phases" => Some(profile.map(Profile::phases).unwrap_or_default()),
            "hooks" => Some(profile.map(Profile::hooks).unwrap_or_default()),
            _ => None,
        }
    }
}

impl Profiler {
    fn finish(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let profile = self.runs.of(ctx.run);
        if self.settings.summary {
            let text = report::text(ctx, profile);
            ctx.print(text);
        }
        let path = self.settings.report.as_str();
        if path.is_empty() {
            return Ok(());
        }
        let written = report::write(path.as_ref(), &report::json(ctx, profile));
        written.map_err(|error| PluginError::failed(format!("the report {path} cannot be written: {error}")))
    }
}

#[cfg(test)]
mod tests;
