//! The read-only zone of the context: where a run stands and what it has measured.

use crate::Hook;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Tells runs of one session apart.
pub type RunId = u64;

/// How the thing that an `end_…` hook closes came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As planned.
    Done,
    /// A plugin asked to skip it.
    Skipped,
    /// A plugin or the user stopped the run.
    Stopped,
    /// An error ended it.
    Failed,
}

impl Outcome {
    /// The word that users read.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Skipped => "skipped",
            Outcome::Stopped => "stopped",
            Outcome::Failed => "failed",
        }
    }
}

/// What a run knows at a hook. `epoch`, `batch` and `global_step` count from 0, as in the systems this carries on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The run these facts are about.
    pub run: RunId,
    /// The hook that is being called.
    pub hook: Hook,
    /// The epoch, from 0.
    pub epoch: usize,
    /// How many epochs were asked for.
    pub epochs: usize,
    /// The batch of the present loop, from 0; none outside a batch.
    pub batch: Option<usize>,
    /// Training batches of one epoch.
    pub batches_per_epoch: usize,
    /// Training batches finished since the run began; during a batch its own index.
    pub global_step: usize,
    /// Loss of the newest batch, training or validation.
    pub loss: Option<f64>,
    /// Sum of this epoch's training batch losses.
    pub training_loss_total: f64,
    /// Training batches that count in `training_loss_total`.
    pub training_batch_count: usize,
    /// Sum of the newest validation loop's batch losses.
    pub validation_loss_total: f64,
    /// Validation batches that count in `validation_loss_total`.
    pub validation_batch_count: usize,
    /// Whether the run has validation data at all.
    pub has_validation: bool,
    /// Metrics of this epoch's training batches so far.
    pub training_metrics: BTreeMap<String, f64>,
    /// Metrics of the newest validation loop so far.
    pub validation_metrics: BTreeMap<String, f64>,
    /// Global L2 norm of the newest gradients, before clipping.
    pub gradient_norm: Option<f64>,
    /// The options of `fit` as the user gave them, defaults filled in.
    pub hyperparameters: Rc<BTreeMap<String, Value>>,
    /// Seconds of training since the session began, pauses left out.
    pub seconds: f64,
    /// Seconds of the run's own work since the hook before: loading, training, measuring or saving.
    pub work_seconds: f64,
    /// Seconds that all plugins together took at the hook before.
    pub plugin_seconds: f64,
    /// Where tensors live: `cpu` or `cuda:0`.
    pub device: Rc<str>,
    /// The project's name.
    pub project_name: Rc<str>,
    /// Directory for logs.
    pub log_folder: Rc<str>,
    /// At `end_…` hooks: how it ended.
    pub outcome: Option<Outcome>,
    /// Once the session is to end early: the reason given, or the error.
    pub stop_reason: Option<Rc<str>>,
    /// Whether this call is delivered late, to a plugin registered in a live run.
    pub late: bool,
    /// Whether the run is replaying steps it has done before.
    pub replaying: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            run: 0,
            hook: Hook::StartTrainingSession,
            epoch: 0,
            epochs: 0,
            batch: None,
            batches_per_epoch: 0,
            global_step: 0,
            loss: None,
            training_loss_total: 0.0,
            training_batch_count: 0,
            validation_loss_total: 0.0,
            validation_batch_count: 0,
            has_validation: false,
            training_metrics: BTreeMap::new(),
            validation_metrics: BTreeMap::new(),
            gradient_norm: None,
            hyperparameters: Rc::default(),
            seconds: 0.0,
            work_seconds: 0.0,
            plugin_seconds: 0.0,
            device: Rc::from("cpu"),
            project_name: Rc::from(""),
            log_folder: Rc::from(""),
            outcome: None,
            stop_reason: None,
            late: false,
            replaying: false,
        }
    }
}

/// One fact's value, for hosts that ask by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A count or an index.
    Count(usize),
    /// A measured number.
    Number(f64),
    /// A yes or no.
    Flag(bool),
    /// A word.
    Text(Rc<str>),
    /// Named numbers, such as metrics.
    Numbers(BTreeMap<String, f64>),
    /// Named values, such as hyperparameters.
    Values(Rc<BTreeMap<String, Value>>),
    /// This run does not have it; the text says why and what to do.
    Missing(&'static str),
}

impl Facts {
    /// Mean loss of this epoch's training batches so far.
    pub fn training_loss(&self) -> Option<f64> {
        (self.training_batch_count > 0).then(|| self.training_loss_total / self.training_batch_count as f64)
    }

    /// Mean loss of the newest validation loop so far.
    pub fn validation_loss(&self) -> Option<f64> {
        (self.validation_batch_count > 0).then(|| self.validation_loss_total / self.validation_batch_count as f64)
    }

    /// The names of all facts, in the order users read them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, ..)| *name)
    }

    /// What each fact means, for completion and the reference.
    pub fn documentation(name: &str) -> Option<&'static str> {
        TABLE.iter().find(|(own, ..)| *own == name).map(|(_, doc, _)| *doc)
    }

    /// The fact of that name; none when there is no such fact.
    pub fn get(&self, name: &str) -> Option<Fact> {
        TABLE.iter().find(|(own, ..)| *own == name).map(|(.., read)| read(self))
    }
}

type Read = fn(&Facts) -> Fact;

const NO_BATCH: &str = "no batch is running at this hook; read it in a batch hook";
const NO_LOSS: &str = "no batch has been measured yet; read it after the first batch";
const NO_TRAINING: &str = "no training batch of this epoch has been measured yet";
const NO_VALIDATION: &str =
    "this run has no validation data; pass #{ validation: 0.2 } or a dataset as validation to fit";
const NO_VALIDATION_YET: &str = "no validation batch has been measured yet; read it after the first validation loop";
const NO_NORM: &str = "no gradient has been computed yet; read it at end_training_batch or later";
const NO_REASON: &str = "the session is not ending early; it is there once it was stopped or has failed";
const NO_OUTCOME: &str = "only end_… hooks have an outcome";

/// One table drives reading by name, completion and the reference.
const TABLE: [(&str, &str, Read); 29] = [
    ("epoch", "the epoch, counted from 0", |f| Fact::Count(f.epoch)),
    ("batch", "the batch of the present loop, counted from 0", |f| {
        f.batch.map_or(Fact::Missing(NO_BATCH), Fact::Count)
    }),
    ("global_step", "training batches finished since the run began", |f| Fact::Count(f.global_step)),
    ("epochs", "how many epochs were asked for", |f| Fact::Count(f.epochs)),
    ("batches_per_epoch", "training batches of one epoch", |f| Fact::Count(f.batches_per_epoch)),
    ("loss", "loss of the newest batch, training or validation", |f| number(f.loss, NO_LOSS)),
    ("training_loss", "mean loss of this epoch's training batches so far", |f| number(f.training_loss(), NO_TRAINING)),
    ("validation_loss", "mean loss of the newest validation loop", |f| {
        validation(f, f.validation_loss().map(Fact::Number))
    }),
    ("training_loss_total", "sum of this epoch's training batch losses", |f| Fact::Number(f.training_loss_total)),
    ("training_batch_count", "training batches measured in this epoch", |f| Fact::Count(f.training_batch_count)),
    ("validation_loss_total", "sum of the newest validation loop's batch losses", |f| {
        validation(f, Some(Fact::Number(f.validation_loss_total)))
    }),
    ("validation_batch_count", "validation batches measured in the newest loop", |f| {
        validation(f, Some(Fact::Count(f.validation_batch_count)))
    }),
    ("training_metrics", "metrics of this epoch's training batches so far", |f| {
        Fact::Numbers(f.training_metrics.clone())
    }),
    ("validation_metrics", "metrics of the newest validation loop", |f| {
        validation(f, Some(Fact::Numbers(f.validation_metrics.clone())))
    }),
    ("gradient_norm", "global L2 norm of the newest gradients, before clipping", |f| number(f.gradient_norm, NO_NORM)),
    ("hyperparameters", "the options of fit, defaults filled in", |f| Fact::Values(f.hyperparameters.clone())),
    ("seconds", "seconds of training since the session began, pauses left out", |f| Fact::Number(f.seconds)),
    ("work_seconds", "seconds of the run's own work since the hook before", |f| Fact::Number(f.work_seconds)),
    ("plugin_seconds", "seconds that all plugins took at the hook before", |f| Fact::Number(f.plugin_seconds)),
    ("device", "where tensors live: cpu or cuda:0", |f| Fact::Text(f.device.clone())),
    ("project_name", "the project's name", |f| Fact::Text(f.project_name.clone())),
    ("log_folder", "directory for logs", |f| Fact::Text(f.log_folder.clone())),
    ("hook", "the hook that is being called", |f| Fact::Text(f.hook.name().into())),
    ("outcome", "at end_… hooks: done, skipped, stopped or failed", |f| {
        f.outcome.map_or(Fact::Missing(NO_OUTCOME), |outcome| Fact::Text(outcome.name().into()))
    }),
    ("stop_reason", "why the session ends early: the reason given, or the error", |f| {
        f.stop_reason.clone().map_or(Fact::Missing(NO_REASON), Fact::Text)
    }),
    ("late", "whether this call is delivered late, to a plugin registered in a live run", |f| Fact::Flag(f.late)),
    ("replaying", "whether the run is replaying steps it has done before", |f| Fact::Flag(f.replaying)),
    ("run", "the number that tells this run from others of the session", |f| Fact::Count(f.run as usize)),
    ("has_validation", "whether the run has validation data", |f| Fact::Flag(f.has_validation)),
];

fn number(value: Option<f64>, why: &'static str) -> Fact {
    value.map_or(Fact::Missing(why), Fact::Number)
}

fn validation(facts: &Facts, value: Option<Fact>) -> Fact {
    match value {
        _ if !facts.has_validation => Fact::Missing(NO_VALIDATION),
        Some(value) => value,
        None => Fact::Missing(NO_VALIDATION_YET),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_facts_say_what_to_do() {
        let mut facts = Facts::default();
        assert_eq!(facts.get("validation_loss"), Some(Fact::Missing(NO_VALIDATION)));
        facts.has_validation = true;
        assert_eq!(facts.get("validation_loss"), Some(Fact::Missing(NO_VALIDATION_YET)));
        facts.validation_loss_total = 3.0;
        facts.validation_batch_count = 2;
        assert_eq!(facts.get("validation_loss"), Some(Fact::Number(1.5)));
        assert_eq!(facts.get("no_such_fact"), None);
    }

    #[test]
    fn every_fact_is_documented_and_readable() {
        let facts = Facts::default();
        for name in Facts::names() {
            assert!(facts.get(name).is_some() && Facts::documentation(name).is_some(), "{name}");
        }
    }
}
