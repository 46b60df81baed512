//! What early stopping watches and when it has seen enough. Read [`Settings`] first.

use candlewick_plugin_api::{Context, Fact};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The plugin's settings, named as in seed 003.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// A loss or metric: `validation_loss`, `training_loss`, `validation_accuracy`, `training_f1_score` …; Keras' `val_`
    /// is taken for `validation_`.
    pub monitor: String,
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

/// Which way a measure gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Lower is better.
    Min,
    /// Higher is better.
    Max,
}

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            monitor: "validation_loss".into(),
            patience: 10,
            min_delta: 0.001,
            mode: Mode::Min,
            strategy: Strategy::Patience,
            min_epochs: 0,
            restore_best_weights: false,
        }
    }
}

impl Settings {
    /// The settings as metadata declares them.
    pub fn to_map(&self) -> Map<String, Value> {
        // Plain data always has JSON, and a structure is an object.
        serde_json::to_value(self).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
    }

    /// Reads them.
    ///
    /// # Errors
    /// The setting that cannot be, and what it takes.
    pub fn read(config: &Map<String, Value>) -> Result<Self, String> {
        let mut read: Self = serde_json::from_value(Value::Object(config.clone())).map_err(|error| {
            format!("{error}; mode is \"min\" or \"max\", strategy \"patience\" or \"plateau\", patience and min_epochs whole numbers")
        })?;
        if let Some(rest) = read.monitor.strip_prefix("val_") {
            read.monitor = format!("validation_{rest}");
        }
        if !read.monitor.starts_with("validation_") && !read.monitor.starts_with("training_") {
            return Err(format!(
                "monitor is `{}`; it takes a measure of training or validation, such as validation_loss or training_accuracy",
                read.monitor
            ));
        }
        Ok(read)
    }

    /// The measure's value at the end of an epoch.
    ///
    /// # Errors
    /// This run does not measure it: what it does measure.
    pub fn measure(&self, ctx: &Context) -> Result<f64, String> {
        match ctx.get(&self.monitor) {
            Some(Fact::Number(value)) => return Ok(value),
            Some(Fact::Missing(why)) => return Err(format!("it watches {}: {why}", self.monitor)),
            _ => {}
        }
        let (metrics, name) = match self.monitor.strip_prefix("validation_") {
            Some(name) => (&ctx.validation_metrics, name),
            None => (&ctx.training_metrics, self.monitor.trim_start_matches("training_")),
        };
        metrics.get(name).copied().ok_or_else(|| {
            let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "no metrics".to_owned() } else { known.join(", ") };
            format!("it watches {}, but this run measures {known} there; add it to the metrics of fit", self.monitor)
        })
    }
}
