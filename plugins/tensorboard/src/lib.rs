//! The built-in plugin `tensorboard`: event files that TensorBoard reads.
//!
//! It knows only `candlewick-plugin-api`. Read [`TensorBoard`] first, then `EventFile`, then the messages in `proto`.

mod file;
mod proto;

use candle_core::DType;
use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, settings,
};
use file::EventFile;
use proto::{Histogram, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::path::PathBuf;

/// Writes losses, metrics, the learning rate and, if asked, histograms of the parameters. Each run has a directory of its
/// own below `log_dir`; the tags are those of seed 003.
///
/// Every event is with the system when its hook returns, so that TensorBoard shows a run while it trains. A run that goes
/// on from a checkpoint goes on in its own file, without what it had written after that checkpoint.
#[derive(Default)]
pub struct TensorBoard {
    settings: Settings,
    runs: PerRun<EventFile>,
}

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// Directory of all runs: what `tensorboard --logdir` is given.
    pub log_dir: String,
    /// The run's directory in it; empty for one named after the project and the time.
    pub name: String,
    /// Batches from one value of `Loss/Train Step` to the next; 0 for none.
    pub batches: usize,
    /// Epochs from one histogram of every parameter to the next; 0 for none.
    pub histograms: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { log_dir: "runs".into(), name: String::new(), batches: 1, histograms: 0 }
    }
}

impl TensorBoard {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }

    fn write(&mut self, ctx: &Context, step: usize, values: Vec<Value>) -> Result<(), PluginError> {
        let directory = self.directory(ctx);
        let file = self.runs.of(ctx.run);
        let written = file.open(&directory).and_then(|()| file.write(step as i64, values));
        written.map_err(|error| PluginError::failed(format!("{} cannot be written: {error}", file.path(&directory))))
    }

    fn directory(&self, ctx: &Context) -> PathBuf {
        let project = if ctx.project_name.is_empty() { "run" } else { &*ctx.project_name };
        let name = match self.settings.name.as_str() {
            "" => format!("{project}-{}-{}", file::now() as u64, ctx.run),
            name => name.to_owned(),
        };
        PathBuf::from(&self.settings.log_dir).join(name)
    }
}

impl Plugin for TensorBoard {
    fn metadata(&self) -> Metadata {
        let text = "writes event files that TensorBoard reads";
        let metadata = Metadata::of("tensorboard", "1.0.0", text).kind(PluginKind::Metric);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [Hook::EndTrainingBatch, Hook::EndValidationLoop, Hook::EndEpoch, Hook::EndTrainingSession]
            .into_iter()
            .collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Json>) -> Result<(), PluginError> {
        self.settings = settings::read(config)?;
        Ok(())
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let every = self.settings.batches;
        let due = every > 0 && ctx.global_step.is_multiple_of(every);
        let carried_out = !matches!(ctx.outcome, Some(Outcome::Skipped | Outcome::Stopped));
        let Some(loss) = ctx.loss.filter(|_| due && carried_out) else { return Ok(()) };
        let rate = Value::scalar("Learning Rate", ctx.working.learning_rate);
        self.write(ctx, ctx.global_step, vec![Value::scalar("Loss/Train Step", loss), rate])
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let loss = ctx.validation_loss().map(|loss| Value::scalar("Loss/Validation Epoch", loss));
        let metrics = ctx.validation_metrics.iter();
        let metrics = metrics.map(|(name, value)| Value::scalar(&format!("Metric/Validation/{name} Epoch"), *value));
        self.write(ctx, ctx.epoch, loss.into_iter().chain(metrics).collect())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let loss = ctx.training_loss().map(|loss| Value::scalar("Loss/Train Epoch", loss));
        let metrics = ctx.training_metrics.iter();
        let metrics = metrics.map(|(name, value)| Value::scalar(&format!("Metric/Train/{name} Epoch"), *value));
        let mut values: Vec<Value> = loss.into_iter().chain(metrics).collect();
        let every = self.settings.histograms;
        if every > 0 && (ctx.epoch + 1).is_multiple_of(every) {
            values.extend(histograms(ctx)?);
        }
        self.write(ctx, ctx.epoch, values)
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.runs.remove(ctx.run);
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Json> {
        serde_json::to_value(self.runs.get(run)?).ok()
    }

    fn restore(&mut self, run: RunId, state: &Json) -> Result<(), PluginError> {
        let unreadable =
            |error| PluginError::invalid(format!("its event file cannot be read from the checkpoint: {error}"));
        self.runs.set(run, EventFile::deserialize(state).map_err(unreadable)?.resumed());
        Ok(())
    }
}

/// One histogram for each parameter of the model.
fn histograms(ctx: &Context) -> Result<Vec<Value>, PluginError> {
    let Some(model) = &ctx.working.model else { return Ok(Vec::new()) };
    let named = model.parameter_names().into_iter().filter_map(|name| Some((model.parameter(&name)?, name)));
    let histogram = |(tensor, name): (candle_core::Tensor, String)| {
        let numbers = tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        Ok(Value::histogram(&format!("Parameters/{name}"), Histogram::of(&numbers)))
    };
    named.map(histogram).collect()
}

#[cfg(test)]
mod tests;
