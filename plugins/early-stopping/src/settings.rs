//! What early stopping watches and when it has seen enough. Read [`Settings`] first.

use candlewick_plugin_api::{Measure, Mode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plugin's settings, named as in seed 003.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// A loss or metric: `validation_loss`, `training_loss`, `validation_accuracy`, `training_f1_score` …; Keras' `val_`
    /// is taken for `validation_`.
    pub monitor: Measure,
    /// Epochs to wait; 0 never stops.
    pub patience: usize,
    /// The least change that counts.
    pub min_delta: f64,
    /// Which way is better.
    pub mode: Mode,
    /// What is waited for.
    pub strategy: Strategy,
    /// Epochs before which nothing is stopped.
    pub min_epochs: usize,
    /// Whether the run ends with the parameters of its best epoch.
    pub restore_best_weights: bool,
}

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// No better value for so many epochs.
    Patience,
    /// Hardly any movement over so many epochs.
    Plateau,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            monitor: Measure::default(),
            patience: 10,
            min_delta: 0.001,
            mode: Mode::Min,
            strategy: Strategy::Patience,
            min_epochs: 0,
            restore_best_weights: false,
        }
    }
}
