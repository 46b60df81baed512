//! When the checkpoint plugin asks for a checkpoint, and what it keeps. Read [`Settings`] first.

use candlewick_plugin_api::{Measure, Mode, PluginError, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The plugin's settings. A folder is meant for one run: a `best` that is there is replaced.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// Where checkpoints are kept; empty for beside the run's own, which is `checkpoints` of `fit`.
    pub folder: String,
    /// Whether the best one is kept, as `best`.
    pub best: bool,
    /// The measure that says which is best.
    pub monitor: Measure,
    /// Which way it gets better.
    pub mode: Mode,
    /// The least change of it that counts.
    pub min_delta: f64,
    /// How many of the newest are kept, as `rolling-NNNNNNNN`; 0 for none.
    pub rolling: usize,
    /// Epochs from one rolling checkpoint to the next; a fraction such as 0.25 is a part of an epoch.
    pub every_epochs: f64,
    /// Batches from one rolling checkpoint to the next, instead of epochs; 0 for by epochs.
    pub every_batches: usize,
    /// Whether the rolling ones are removed when the run has come to its end as planned.
    pub remove_at_end: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: String::new(),
            best: true,
            monitor: Measure::default(),
            mode: Mode::Min,
            min_delta: 0.0,
            rolling: 3,
            every_epochs: 1.0,
            every_batches: 0,
            remove_at_end: false,
        }
    }
}

impl Settings {
    pub(crate) fn read(config: &Map<String, Value>) -> Result<Self, PluginError> {
        let read: Self = settings::read(config)?;
        if read.every_epochs.is_finite() && read.every_epochs > 0.0 {
            return Ok(read);
        }
        let message = format!("every_epochs is {}; it takes a number above 0, such as 2 or 0.25", read.every_epochs);
        Err(PluginError::invalid(message))
    }

    /// Whether a rolling checkpoint is due after that step, the first being 0.
    pub(crate) fn is_due(&self, step: usize, batches_per_epoch: usize) -> bool {
        let length = match self.every_batches {
            0 => self.every_epochs * batches_per_epoch as f64,
            batches => batches as f64,
        };
        // Part epochs need not be whole numbers of batches: due is the batch in which another part is completed.
        let parts = |steps: usize| (steps as f64 / length.max(1.0) + 1e-9).floor();
        self.rolling > 0 && parts(step + 1) > parts(step)
    }
}
