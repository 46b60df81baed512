//! What the engine and its plugins tell the outside: data for whoever draws, never drawings.

use crate::{HookFailure, RunId};
use serde::{Deserialize, Serialize};

/// Something worth showing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A line for the running cell's standard output.
    Print(String),
    /// A line for the running cell's standard error.
    Warning(String),
    /// A plugin's hook failed; the run goes on unless its policy says stop.
    PluginFailed(HookFailure),
    /// Where a run stands, for a progress line; a later one of the same run replaces it.
    Progress(Progress),
    /// A run's curves so far; a later one of the same run replaces it.
    Chart(Chart),
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// Epochs finished or under way, from 1.
    pub epoch: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// Training batches of this epoch finished.
    pub batch: usize,
    /// Training batches of an epoch.
    pub batches: usize,
    /// Training steps per second, measured over the recent past.
    pub steps_per_second: f64,
    /// Estimated seconds to the end.
    pub remaining_seconds: Option<f64>,
    /// Names and values worth a place in the line, such as `loss`.
    pub numbers: Vec<(String, f64)>,
    /// Whether this is the last one of the run.
    pub finished: bool,
}

/// A run's curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// The run.
    pub run: RunId,
    /// The curves; x is counted in epochs (fractions inside one).
    pub series: Vec<Series>,
    /// Epochs asked for: the right end of the x axis.
    pub epochs: usize,
    /// Whether this is the last one of the run.
    pub finished: bool,
}

/// One curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What is measured, such as `loss` or `accuracy`.
    pub name: String,
    /// On which data.
    pub split: Split,
    /// `(x, y)` in ascending x.
    pub points: Vec<(f64, f64)>,
}

/// Which data a number was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Training data.
    Training,
    /// Validation data.
    Validation,
}
