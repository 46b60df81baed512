//! The curves of the learning rate. Knows nothing of runs. Read [`Settings::rate`] first.

use candlewick_plugin_api::{Measure, Mode, PluginError, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::f64::consts::PI;

/// The settings of `learning-rate`.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// The curve.
    pub schedule: Schedule,
    /// What it is counted in.
    pub unit: Unit,
    /// The highest rate; 0 for the rate that `fit` was given.
    pub base: f64,
    /// The lowest rate, once warm-up is over.
    pub minimum: f64,
    /// Units over which the rate first rises from 0; 0 for none.
    pub warmup: usize,
    /// Units after which the curve is at its end, warm-up included; 0 for the whole run.
    pub length: usize,
    /// Units in which `step` and `exponential` multiply the rate by `factor`.
    pub every: usize,
    /// What the rate is multiplied by: by `step`, `exponential` and `plateau`.
    pub factor: f64,
    /// The share of `one_cycle` in which the rate rises.
    pub rise: f64,
    /// How many times lower `one_cycle` begins.
    pub divisor: f64,
    /// What `plateau` watches.
    pub monitor: Measure,
    /// Which way that gets better.
    pub mode: Mode,
    /// The least change of it that counts.
    pub min_delta: f64,
    /// Epochs without a better value that `plateau` waits for, from 1.
    pub patience: usize,
}

/// How the rate moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It is multiplied by `factor` after every `every` units.
    Step,
    /// The same, smoothly.
    Exponential,
    /// It falls along a straight line to `minimum`.
    Linear,
    /// It falls along half a cosine to `minimum` (Loshchilov and Hutter, 2017, without restarts).
    Cosine,
    /// It rises from `base / divisor` to `base` and falls to `minimum`, both along half a cosine (Smith and Topin, 2019).
    OneCycle,
    /// It is multiplied by `factor` whenever the measure has not got better for `patience` epochs.
    Plateau,
}

/// What a schedule is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Training batches.
    Batch,
    /// Epochs.
    Epoch,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schedule: Schedule::Cosine,
            unit: Unit::Batch,
            base: 0.0,
            minimum: 0.0,
            warmup: 0,
            length: 0,
            every: 100,
            factor: 0.5,
            rise: 0.3,
            divisor: 25.0,
            monitor: Measure::default(),
            mode: Mode::Min,
            min_delta: 0.0,
            patience: 5,
        }
    }
}

impl Settings {
    /// Reads and checks them.
    pub(crate) fn read(config: &Map<String, Value>) -> Result<Self, PluginError> {
        let read: Self = settings::read(config)?;
        let rules = [
            ("base", read.base, read.base >= 0.0, "0 or a rate above it"),
            ("minimum", read.minimum, read.minimum >= 0.0, "0 or a rate above it"),
            ("factor", read.factor, read.factor > 0.0, "a number above 0"),
            ("rise", read.rise, read.rise > 0.0 && read.rise < 1.0, "a share between 0 and 1"),
            ("divisor", read.divisor, read.divisor >= 1.0, "a number from 1"),
            ("every", read.every as f64, read.every > 0, "a whole number from 1"),
            ("patience", read.patience as f64, read.patience > 0, "a whole number from 1"),
        ];
        for (name, value, fits, takes) in rules {
            if !fits || !value.is_finite() {
                return Err(PluginError::invalid(format!("{name} is {value}; it takes {takes}")));
            }
        }
        Ok(read)
    }

    /// The rate of unit `step` (from 0) of `total`; `plateau` is what a plateau has made of it, as a factor.
    pub fn rate(&self, base: f64, step: usize, total: usize, plateau: f64) -> f64 {
        if step < self.warmup {
            return base * (step + 1) as f64 / self.warmup as f64;
        }
        let total = if self.length > 0 { self.length } else { total };
        let (step, length) = ((step - self.warmup) as f64, total.saturating_sub(self.warmup + 1).max(1) as f64);
        let done = (step / length).min(1.0);
        let every = self.every.max(1) as f64;
        let rate = match self.schedule {
            Schedule::Constant => base,
            Schedule::Step => base * self.factor.powf((step / every).floor()),
            Schedule::Exponential => base * self.factor.powf(step / every),
            Schedule::Linear => base + (self.minimum - base) * done,
            Schedule::Cosine => half_cosine(base, self.minimum, done),
            Schedule::OneCycle if done < self.rise => half_cosine(base / self.divisor, base, done / self.rise),
            Schedule::OneCycle => return half_cosine(base, self.minimum, (done - self.rise) / (1.0 - self.rise)),
            Schedule::Plateau => base * plateau,
        };
        // A lowest rate above the base would make a falling curve rise.
        rate.max(self.minimum.min(base))
    }
}

/// From one value to another along half a cosine; `done` goes from 0 to 1.
fn half_cosine(from: f64, to: f64, done: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * done).cos())
}
