//! The learning-rate range test (Smith, 2017): the rate rises from batch to batch until the loss diverges.
//!
//! Read [`LearningRateFinder`] first. The test's own mathematics is in `Sweep`, which knows nothing of runs.

use candle_core::Tensor;
use candlewick_plugin_api::{
    Context, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, PluginKind, RunId, Schemas, Table, settings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The plugin's name.
const NAME: &str = "learning-rate-finder";

/// Makes a run a range test: the rate rises exponentially from `from` to `to` over `batches` batches, the run is stopped
/// when the loss diverges or the last rate was tried, the parameters are given back as they were, and the rate at which
/// the loss fell fastest is suggested: in print, as `ctx.extra.suggested_learning_rate`, and in the table `rates`.
///
/// It deactivates itself afterwards, so that the next `fit` trains. Running statistics of batch norm are not given back:
/// plugins see parameters only.
#[derive(Default)]
pub struct LearningRateFinder {
    settings: FinderSettings,
    runs: PerRun<Test>,
}

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct FinderSettings {
    /// The first rate.
    pub from: f64,
    /// The last rate.
    pub to: f64,
    /// Batches from the one to the other, from 3.
    pub batches: usize,
    /// How much of the mean loss before goes into the next one, from 0 to below 1.
    pub smoothing: f64,
    /// The loss has diverged when it is so many times its lowest.
    pub diverged: f64,
}

impl Default for FinderSettings {
    fn default() -> Self {
        Self { from: 1e-6, to: 1.0, batches: 100, smoothing: 0.9, diverged: 4.0 }
    }
}

/// A range test under way.
#[derive(Default)]
struct Test {
    sweep: Sweep,
    before: Vec<(String, Tensor)>,
}

/// Rates, the losses at them, and those smoothed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    rates: Vec<f64>,
    losses: Vec<f64>,
    smoothed: Vec<f64>,
    mean: f64,
}

impl LearningRateFinder {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plugin for LearningRateFinder {
    fn metadata(&self) -> Metadata {
        let text = "makes the next run a test of how high the learning rate may be";
        let metadata = Metadata::of(NAME, "1.0.0", text).kind(PluginKind::TuningStrategy);
        Metadata { config: settings::defaults::<FinderSettings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [Hook::StartTrainingSession, Hook::StartTrainingBatch, Hook::EndTrainingBatch, Hook::EndTrainingSession]
            .into_iter()
            .collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<FinderSettings>()
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        let read: FinderSettings = settings::read(config)?;
        read.check()?;
        self.settings = read;
        Ok(())
    }

    fn start_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let before = copies(ctx)?;
        self.runs.set(ctx.run, Test { sweep: Sweep::default(), before });
        Ok(())
    }

    fn start_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let tried = self.runs.of(ctx.run).sweep.rates.len();
        ctx.working.learning_rate = self.settings.rate(tried);
        Ok(())
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Some(loss) = ctx.loss.filter(|_| matches!(ctx.outcome, None | Some(Outcome::Done))) else { return Ok(()) };
        let sweep = &mut self.runs.of(ctx.run).sweep;
        sweep.push(ctx.working.learning_rate, loss, self.settings.smoothing);
        if sweep.has_diverged(self.settings.diverged) {
            ctx.stop(format!("{NAME} has seen the loss diverge at {:.2e}", ctx.working.learning_rate));
        } else if sweep.rates.len() >= self.settings.batches {
            ctx.stop(format!("{NAME} has tried all rates"));
        }
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let test = self.runs.of(ctx.run);
        let before = std::mem::take(&mut test.before);
        ctx.disable(NAME);
        let found = test.sweep.suggestion();
        let seen = test.sweep.rates.len();
        match found {
            Some(rate) => {
                ctx.working.extra.insert("suggested_learning_rate".into(), json!(rate));
                ctx.print(format!("{NAME}: after {seen} rates, {rate:.2e} is where the loss fell fastest"));
            }
            None => ctx.print(format!("{NAME}: the loss fell nowhere in {seen} rates; try others with from and to")),
        }
        let model = ctx.working.model.clone();
        model.map_or(Ok(()), |model| before.iter().try_for_each(|(name, value)| model.set_parameter(name, value)))
    }

    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        (name == "rates").then(|| self.runs.get(run).map(|test| test.sweep.table()).unwrap_or_default())
    }
}

impl FinderSettings {
    /// The rate of the batch before which so many rates were tried.
    fn rate(&self, tried: usize) -> f64 {
        let done = tried as f64 / (self.batches - 1) as f64;
        self.from * (self.to / self.from).powf(done)
    }

    fn check(&self) -> Result<(), PluginError> {
        let rules = [
            ("from", self.from, self.from > 0.0, "a rate above 0"),
            ("to", self.to, self.to > self.from, "a rate above `from`"),
            ("batches", self.batches as f64, self.batches >= 3, "a whole number from 3"),
            ("smoothing", self.smoothing, (0.0..1.0).contains(&self.smoothing), "a number from 0 to below 1"),
            ("diverged", self.diverged, self.diverged > 1.0, "a number above 1"),
        ];
        let wrong = rules.into_iter().find(|(_, value, fits, _)| !fits || !value.is_finite());
        wrong.map_or(Ok(()), |(name, value, _, takes)| {
            Err(PluginError::invalid(format!("{name} is {value}; it takes {takes}")))
        })
    }
}

impl Sweep {
    /// Adds a batch. The mean is corrected for its beginning at 0.
    pub(crate) fn push(&mut self, rate: f64, loss: f64, smoothing: f64) {
        self.mean = smoothing * self.mean + (1.0 - smoothing) * loss;
        self.rates.push(rate);
        self.losses.push(loss);
        let weight = 1.0 - smoothing.powf(self.rates.len() as f64);
        self.smoothed.push(self.mean / weight);
    }

    /// Whether the smoothed loss is so many times its lowest.
    pub(crate) fn has_diverged(&self, times: f64) -> bool {
        let lowest = self.smoothed.iter().copied().fold(f64::INFINITY, f64::min);
        self.smoothed.last().is_some_and(|newest| !newest.is_finite() || *newest > times * lowest)
    }

    /// The rate at which the smoothed loss fell fastest over the logarithm of the rate, before it was lowest; none when it
    /// fell nowhere.
    pub(crate) fn suggestion(&self) -> Option<f64> {
        let finite = |(_, loss): &(usize, &f64)| loss.is_finite();
        let (lowest, _) = self.smoothed.iter().enumerate().filter(finite).min_by(|a, b| a.1.total_cmp(b.1))?;
        let slope = |index: usize| {
            let (before, after) = (index - 1, index + 1);
            (self.smoothed[after] - self.smoothed[before]) / (self.rates[after] / self.rates[before]).ln()
        };
        let inner = 1..lowest.min(self.rates.len().saturating_sub(1));
        let steepest = inner.map(|index| (slope(index), index)).min_by(|a, b| a.0.total_cmp(&b.0))?;
        // Less is what rounding makes of a loss that stays.
        let least = 1e-9 * self.smoothed[steepest.1].abs();
        (steepest.0 < -least).then(|| self.rates[steepest.1])
    }

    fn table(&self) -> Table {
        let mut table = Table::default();
        for ((rate, loss), smoothed) in self.rates.iter().zip(&self.losses).zip(&self.smoothed) {
            table.push([("learning_rate", Some(*rate)), ("loss", Some(*loss)), ("smoothed_loss", Some(*smoothed))]);
        }
        table
    }
}

/// The parameters as they are now; training overwrites the model's own in place.
fn copies(ctx: &Context) -> Result<Vec<(String, Tensor)>, PluginError> {
    let Some(model) = &ctx.working.model else { return Ok(Vec::new()) };
    let named = model.parameter_names().into_iter().filter_map(|name| Some((model.parameter(&name)?, name)));
    named.map(|(parameter, name)| Ok((name, parameter.copy()?))).collect()
}
