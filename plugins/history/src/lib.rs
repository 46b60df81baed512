//! The built-in plugin `history`: what a run measured, a row per epoch and a row per batch, as tables.
//!
//! It knows only `candlewick-plugin-api`; who shows the tables, and as what, is not its business. Read [`History`] first.

mod columns;

use candlewick_plugin_api::{Context, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, RunId, Table};
use columns::Columns;
use serde_json::{Value, json};

/// The priority to register it with: at `end_…` hooks the lowest comes last, and so sees what the others have changed.
pub const PRIORITY: i64 = -1000;

/// The names of the columns of `batches`, in their order.
const BATCH: [&str; 6] = ["global_step", "epoch", "batch", "loss", "learning_rate", "gradient_norm"];

/// Keeps the tables `epochs` and `batches` of each run.
///
/// - `epochs`: `epoch`, `training_loss`, `validation_loss`, `training_<metric>` …, `validation_<metric>` …,
///   `learning_rate`, `seconds` (of training since the session began, pauses left out)
/// - `batches`: `global_step`, `epoch`, `batch`, `loss`, `learning_rate`, `gradient_norm`
///
/// A batch that was not carried out (skipped, stopped or failed) has a row without loss and norm. A run that goes back and
/// repeats steps overwrites their rows.
#[derive(Default)]
pub struct History(PerRun<Tables>);

#[derive(Default)]
struct Tables {
    epochs: Columns,
    batches: Columns,
    /// The epoch whose validation loop came to its end last: facts alone do not tell an old validation from a new one.
    validated: Option<usize>,
}

impl History {
    /// A history without a run.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plugin for History {
    fn metadata(&self) -> Metadata {
        Metadata::of("history", "1.0.0", "keeps what was measured, by epoch and by batch")
    }

    fn hooks(&self) -> HookSet {
        [Hook::EndTrainingBatch, Hook::EndValidationLoop, Hook::EndEpoch].into_iter().collect()
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let measured = !matches!(ctx.outcome, Some(Outcome::Skipped | Outcome::Stopped | Outcome::Failed));
        let only = |value: Option<f64>| value.filter(|_| measured);
        let batches = &mut self.0.of(ctx.run).batches;
        batches.drop_from(0, ctx.global_step as f64);
        batches.push([
            (BATCH[0], Some(ctx.global_step as f64)),
            (BATCH[1], Some(ctx.epoch as f64)),
            (BATCH[2], ctx.batch.map(|batch| batch as f64)),
            (BATCH[3], only(ctx.loss)),
            (BATCH[4], Some(ctx.working.learning_rate)),
            (BATCH[5], only(ctx.gradient_norm)),
        ]);
        Ok(())
    }

    fn end_validation_loop(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.0.of(ctx.run).validated = Some(ctx.epoch);
        Ok(())
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let tables = self.0.of(ctx.run);
        let validated = tables.validated == Some(ctx.epoch);
        tables.epochs.drop_from(0, ctx.epoch as f64);
        let row = epoch_row(ctx, validated);
        tables.epochs.push(row.iter().map(|(name, value)| (name.as_str(), *value)));
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        let tables = self.0.get(run)?;
        let (epochs, batches) = (tables.epochs.to_value(), tables.batches.to_value());
        Some(json!({ "epochs": epochs, "batches": batches, "validated": tables.validated }))
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        let columns = |name: &str| {
            Columns::from_value(&state[name]).ok_or_else(|| {
                PluginError::invalid(format!("`{name}` of a saved history is not a list of columns of equal length"))
            })
        };
        let validated = state["validated"].as_u64().map(|epoch| epoch as usize);
        self.0.set(run, Tables { epochs: columns("epochs")?, batches: columns("batches")?, validated });
        Ok(())
    }

    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        let tables = self.0.get(run);
        match name {
            "epochs" => Some(tables.map(|tables| tables.epochs.to_table()).unwrap_or_default()),
            "batches" => Some(tables.map(|tables| tables.batches.to_table()).unwrap_or_default()),
            _ => None,
        }
    }
}

/// Names and values of an epoch's row; validation stands in it only when this epoch was validated.
fn epoch_row(ctx: &Context, validated: bool) -> Vec<(String, Option<f64>)> {
    let mut row = vec![("epoch".to_owned(), Some(ctx.epoch as f64)), ("training_loss".to_owned(), ctx.training_loss())];
    if ctx.has_validation {
        row.push(("validation_loss".to_owned(), ctx.validation_loss().filter(|_| validated)));
    }
    row.extend(ctx.training_metrics.iter().map(|(name, value)| (format!("training_{name}"), Some(*value))));
    if validated {
        row.extend(ctx.validation_metrics.iter().map(|(name, value)| (format!("validation_{name}"), Some(*value))));
    }
    row.push(("learning_rate".to_owned(), Some(ctx.working.learning_rate)));
    row.push(("seconds".to_owned(), Some(ctx.seconds)));
    row
}

#[cfg(test)]
mod tests;
