//! The options of `fit`: one table gives names, other spellings, meaning and how each is set.

use crate::data::Dataset;
use crate::metrics::Metric;
use crate::nn::{Loss, OptimizerSpec, Schedule};
use crate::{EngineError, Result};
use candlewick_plugin_api::nearest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a run is validated on.
#[derive(Clone, Default)]
pub enum Validation {
    /// Nothing.
    #[default]
    None,
    /// This share of the data, split off by the run's seed.
    Fraction(f64),
    /// Other data.
    Data(Dataset),
}

/// How to train. [`Options::set`] sets one by name, as users write it.
#[derive(Clone)]
pub struct Options {
    /// How often the data is gone through.
    pub epochs: usize,
    /// Examples per batch.
    pub batch_size: usize,
    /// The optimizer with its learning rate.
    pub optimizer: OptimizerSpec,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// What is made small.
    pub loss: Loss,
    /// Names of metrics to measure.
    pub metrics: Vec<String>,
    /// What to validate on.
    pub validation: Validation,
    /// The seed of everything random.
    pub seed: u64,
    /// `auto`, `cpu` or `cuda:0`.
    pub device: String,
    /// Batches whose gradients are averaged into one optimizer step.
    pub accumulate: usize,
    /// Upper bound of the global gradient norm.
    pub clip_norm: Option<f64>,
    /// Factor on the loss before the backward pass.
    pub loss_scale: f64,
    /// Whether each epoch goes through the data in a new order.
    pub shuffle: bool,
    /// Whether parameters are drawn anew instead of trained from where they stand.
    pub from_scratch: bool,
    /// The project's name.
    pub project_name: String,
    /// Directory for logs.
    pub log_folder: String,
    /// Directory for checkpoints; none for no checkpoints.
    pub checkpoints: Option<PathBuf>,
    /// A checkpoint is due after every so many epochs; 0 for only when asked for.
    pub checkpoint_every: usize,
    /// A checkpoint to go on from.
    pub resume: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 1,
            batch_size: 32,
            optimizer: OptimizerSpec::adamw(0.001),
            schedule: Schedule::Constant,
            loss: Loss::CrossEntropy,
            metrics: Vec::new(),
            validation: Validation::None,
            seed: 0,
            device: "auto".into(),
            accumulate: 1,
            clip_norm: None,
            loss_scale: 1.0,
            shuffle: true,
            from_scratch: false,
            project_name: String::new(),
            log_folder: String::new(),
            checkpoints: None,
            checkpoint_every: 0,
            resume: None,
        }
    }
}

/// A value for an option, in the words of any host language.
#[derive(Clone)]
pub enum OptionValue {
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A dataset.
    Dataset(Dataset),
    /// A loss.
    Loss(Loss),
    /// An optimizer.
    Optimizer(OptimizerSpec),
    /// A schedule.
    Schedule(Schedule),
    /// Something else; the text names what it is.
    Other(String),
}

/// An option's name, other spellings of it, and its meaning.
pub struct OptionDoc {
    /// The name.
    pub name: &'static str,
    /// Other accepted spellings, Keras' among them.
    pub aliases: &'static [&'static str],
    /// What it means and what it takes.
    pub doc: &'static str,
    set: fn(&mut Options, OptionValue) -> std::result::Result<(), &'static str>,
}

impl Options {
    /// All options, in the order users read them.
    pub fn table() -> &'static [OptionDoc] {
        TABLE
    }

    /// Sets the option of that name.
    ///
    /// # Errors
    /// An unknown name, with the nearest known one; a value of the wrong kind or out of range.
    pub fn set(&mut self, name: &str, value: OptionValue) -> Result<()> {
        let known = TABLE.iter().find(|option| option.name == name || option.aliases.contains(&name));
        let Some(option) = known else {
            let names = TABLE.iter().flat_map(|o| std::iter::once(o.name).chain(o.aliases.iter().copied()));
            return Err(EngineError::Unknown {
                what: "option of fit",
                name: name.to_owned(),
                nearest: nearest(name, names).map(str::to_owned),
                known: TABLE.iter().map(|o| o.name).collect::<Vec<_>>().join(", "),
            });
        };
        let found = value.to_string();
        if option.name == "metrics" {
            return self.set_metrics(value);
        }
        if let OptionValue::Text(text) = &value {
            // Names have their own errors, which offer the nearest one.
            match option.name {
                "loss" => return Loss::from_name(text).map(|loss| self.loss = loss),
                "optimizer" => return OptimizerSpec::from_name(text).map(|spec| self.optimizer = spec),
                _ => {}
            }
        }
        (option.set)(self, value).map_err(|expected| {
            EngineError::Value(format!("option {} of fit expects {expected}, but was given {found}", option.name))
        })
    }

    /// The options as plain values, for `ctx.hyperparameters` and checkpoints.
    pub fn hyperparameters(&self) -> BTreeMap<String, Value> {
        let validation = match &self.validation {
            Validation::None => Value::Null,
            Validation::Fraction(share) => json!(share),
            Validation::Data(data) => json!(data.name()),
        };
        BTreeMap::from([
            ("epochs".into(), json!(self.epochs)),
            ("batch_size".into(), json!(self.batch_size)),
            ("optimizer".into(), json!(self.optimizer)),
            ("learning_rate".into(), json!(self.optimizer.learning_rate())),
            ("schedule".into(), json!(self.schedule)),
            ("loss".into(), json!(self.loss.name())),
            ("metrics".into(), json!(self.metrics)),
            ("validation".into(), validation),
            ("seed".into(), json!(self.seed)),
            ("device".into(), json!(self.device)),
            ("accumulate".into(), json!(self.accumulate)),
            ("clip_norm".into(), json!(self.clip_norm)),
            ("loss_scale".into(), json!(self.loss_scale)),
            ("shuffle".into(), json!(self.shuffle)),
        ])
    }

    fn set_metrics(&mut self, value: OptionValue) -> Result<()> {
        let names = match value {
            OptionValue::Texts(names) => names,
            OptionValue::Text(name) => vec![name],
            other => {
                let message = format!("option metrics of fit expects a list of names, but was given {other}");
                return Err(EngineError::Value(message));
            }
        };
        for name in &names {
            Metric::from_name(name)?;
        }
        self.metrics = names;
        Ok(())
    }
}

impl std::fmt::Display for OptionValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "\"{value}\""),
            Self::Texts(values) => write!(f, "{values:?}"),
            Self::Dataset(data) => write!(f, "the dataset {}", data.name()),
            Self::Loss(loss) => write!(f, "the loss {}", loss.name()),
            Self::Optimizer(spec) => write!(f, "the optimizer {}", spec.name()),
            Self::Schedule(_) => f.write_str("a schedule"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

type Set = std::result::Result<(), &'static str>;

const TABLE: &[OptionDoc] = &[
    option("epochs", &[], "how often the data is gone through; a whole number from 1", |o, v| {
        count(v, 1).map(|n| o.epochs = n)
    }),
    option("batch_size", &["batch"], "examples per batch; a whole number from 1", |o, v| {
        count(v, 1).map(|n| o.batch_size = n)
    }),
    option(
        "optimizer",
        &["optimiser"],
        "sgd(…), adamw(…), lion(…), one of their names, or one of your own",
        |o, v| match v {
            OptionValue::Optimizer(spec) => set(&mut o.optimizer, spec),
            _ => Err("sgd(…), adamw(…), lion(…), one of their names, or one of your own (OptimizerSpec::own)"),
        },
    ),
    option("learning_rate", &["lr"], "the optimizer's learning rate; a number above 0", |o, v| {
        let rate = number(v, |x| x > 0.0, "a number above 0")?;
        o.optimizer.clone().at(rate).map(|spec| o.optimizer = spec).map_err(|_| "a number above 0")
    }),
    option(
        "schedule",
        &["scheduler"],
        "how the learning rate moves: constant(), step_decay(…), cosine(…)",
        |o, v| match v {
            OptionValue::Schedule(schedule) => set(&mut o.schedule, schedule),
            _ => Err("constant(), step_decay(…) or cosine(…)"),
        },
    ),
    option(
        "loss",
        &[],
        "\"cross_entropy\", \"mse\", \"mae\", \"bce_with_logits\", or one of your own",
        |o, v| match v {
            OptionValue::Loss(loss) => set(&mut o.loss, loss),
            _ => Err("\"cross_entropy\", \"mse\", \"mae\", \"bce_with_logits\", or one of your own: \
                      Loss::own of Rust, or |predictions, targets| …"),
        },
    ),
    option("metrics", &[], "names of metrics to measure, such as [\"accuracy\"]", |_, _| Err("a list of names")),
    option(
        "validation",
        &["validation_split", "validation_data"],
        "a share of the data, or a dataset",
        |o, v| match v {
            OptionValue::Dataset(data) => set(&mut o.validation, Validation::Data(data)),
            other => {
                number(other, |x| (0.0..1.0).contains(&x), "a number from 0 to below 1, or a dataset").map(|share| {
                    o.validation = if share == 0.0 { Validation::None } else { Validation::Fraction(share) };
                })
            }
        },
    ),
    option("seed", &[], "the seed of everything random; a whole number", |o, v| count(v, 0).map(|n| o.seed = n as u64)),
    option("device", &[], "\"auto\", \"cpu\" or \"cuda:0\"", |o, v| text(v).map(|name| o.device = name)),
    option("accumulate", &["gradient_accumulation"], "batches whose gradients make one step; from 1", |o, v| {
        count(v, 1).map(|n| o.accumulate = n)
    }),
    option("clip_norm", &["clipnorm", "global_clipnorm"], "upper bound of the gradients' global norm", |o, v| {
        number(v, |x| x > 0.0, "a number above 0").map(|norm| o.clip_norm = Some(norm))
    }),
    option("loss_scale", &[], "factor on the loss before the backward pass", |o, v| {
        number(v, |x| x > 0.0, "a number above 0").map(|scale| o.loss_scale = scale)
    }),
    option("shuffle", &[], "whether each epoch goes through the data in a new order", |o, v| {
        flag(v).map(|on| o.shuffle = on)
    }),
    option("from", &[], "\"scratch\" draws the parameters anew; \"here\" trains on from where they stand", |o, v| {
        match text(v)?.as_str() {
            "scratch" => set(&mut o.from_scratch, true),
            "here" => set(&mut o.from_scratch, false),
            _ => Err("\"scratch\" or \"here\""),
        }
    }),
    option("project_name", &["project"], "the project's name", |o, v| text(v).map(|name| o.project_name = name)),
    option("log_folder", &[], "directory for logs", |o, v| text(v).map(|path| o.log_folder = path)),
    option("checkpoints", &["checkpoint"], "directory for checkpoints, or false for none", |o, v| match v {
        OptionValue::Bool(false) => set(&mut o.checkpoints, None),
        other => text(other).map(|path| o.checkpoints = Some(path.into())).map_err(|_| "a directory, or false"),
    }),
    option(
        "checkpoint_every",
        &["checkpoint_interval"],
        "epochs between checkpoints; 0 for only when asked",
        |o, v| count(v, 0).map(|n| o.checkpoint_every = n),
    ),
    option("resume", &[], "path of a checkpoint to go on from", |o, v| {
        text(v).map(|path| o.resume = Some(path.into()))
    }),
];

const fn option(
    name: &'static str,
    aliases: &'static [&'static str],
    doc: &'static str,
    set: fn(&mut Options, OptionValue) -> Set,
) -> OptionDoc {
    OptionDoc { name, aliases, doc, set }
}

fn set<T>(place: &mut T, value: T) -> Set {
    *place = value;
    Ok(())
}

fn count(value: OptionValue, least: i64) -> std::result::Result<usize, &'static str> {
    let whole = match value {
        OptionValue::Integer(n) => Some(n),
        OptionValue::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => Some(x as i64),
        _ => None,
    };
    let expected = if least > 0 { "a whole number from 1" } else { "a whole number from 0" };
    whole.filter(|n| *n >= least).map(|n| n as usize).ok_or(expected)
}

fn number(value: OptionValue, fits: fn(f64) -> bool, expected: &'static str) -> std::result::Result<f64, &'static str> {
    let number = match value {
        OptionValue::Integer(n) => Some(n as f64),
        OptionValue::Float(x) => Some(x),
        _ => None,
    };
    number.filter(|x| x.is_finite() && fits(*x)).ok_or(expected)
}

fn text(value: OptionValue) -> std::result::Result<String, &'static str> {
    if let OptionValue::Text(text) = value { Ok(text) } else { Err("a text") }
}

fn flag(value: OptionValue) -> std::result::Result<bool, &'static str> {
    if let OptionValue::Bool(on) = value { Ok(on) } else { Err("true or false") }
}
