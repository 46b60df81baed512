//! Optimizers, losses of a user's own and learning-rate schedules as values.
//!
//! Must not know runs. Read [`BUILTINS`] first.

use super::arguments::{Answer, count, count_from, fault, number};
use super::{Builtin, Kind};
use crate::show::{Show, Shows};
use candlewick_display as display;
use candlewick_engine::nn::{Loss, OptimizerSpec, Schedule};
use rhai::{Dynamic, Engine, Map};

const OPTIMIZER: &str = "optimizer";
const SCHEDULE: &str = "schedule";
const LOSS: &str = "loss";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "sgd",
        "sgd(learning_rate) or sgd(learning_rate, options) -> optimizer",
        "gradient descent; options momentum, nesterov, weight_decay",
        "sgd(0.1, #{ momentum: 0.9, nesterov: true })",
        |engine, _| bind_optimizer(engine, "sgd"),
    ),
    Builtin::new(
        Kind::Function,
        "adamw",
        "adamw(learning_rate) or adamw(learning_rate, options) -> optimizer",
        "Adam with decoupled weight decay; options beta1, beta2, eps, weight_decay",
        "adamw(0.001)",
        |engine, _| bind_optimizer(engine, "adamw"),
    ),
    Builtin::new(
        Kind::Function,
        "lion",
        "lion(learning_rate) or lion(learning_rate, options) -> optimizer",
        "steps of one size in the direction of the momentum's sign; options beta1, beta2, weight_decay",
        "lion(0.0003)",
        |engine, _| bind_optimizer(engine, "lion"),
    ),
    Builtin::new(
        Kind::Function,
        "constant",
        "constant() -> schedule",
        "the learning rate stays",
        "constant()",
        |engine, _| {
            engine.register_fn("constant", || Schedule::Constant);
        },
    ),
    Builtin::new(
        Kind::Function,
        "step_decay",
        "step_decay(every, factor) -> schedule",
        "the learning rate is multiplied by a factor after every so many steps",
        "step_decay(500, 0.5)",
        |engine, _| {
            engine.register_fn("step_decay", |every: Dynamic, factor: Dynamic| -> Answer<Schedule> {
                let every = count_from("step_decay", &every, 1)? as u64;
                Ok(Schedule::Step { every, factor: number("step_decay", &factor)? })
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "cosine",
        "cosine(warmup) or cosine(warmup, minimum) -> schedule",
        "the learning rate rises over `warmup` steps, then falls along half a cosine to `minimum`",
        "cosine(100, 0.0001)",
        |engine, _| {
            let cosine = |warmup: &Dynamic, minimum: f64| -> Answer<Schedule> {
                Ok(Schedule::Cosine { warmup: count("cosine", warmup)? as u64, minimum })
            };
            engine.register_fn("cosine", move |warmup: Dynamic| cosine(&warmup, 0.0));
            engine.register_fn("cosine", move |warmup: Dynamic, minimum: Dynamic| {
                cosine(&warmup, number("cosine", &minimum)?)
            });
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<OptimizerSpec>(OPTIMIZER).register_type_with_name::<Schedule>(SCHEDULE);
    engine.register_type_with_name::<Loss>(LOSS);
}

/// Makes optimizers and schedules show.
pub fn shows(shows: &mut Shows) {
    shows.add::<OptimizerSpec>();
    shows.add::<Schedule>();
    shows.add::<Loss>();
}

impl Show for Loss {
    fn bundle(&self) -> display::Bundle {
        display::Bundle::new(match self {
            Self::Own(_) => format!("{}, a loss of your own", self.name()),
            built_in => built_in.name().to_owned(),
        })
    }
}

impl Show for OptimizerSpec {
    fn bundle(&self) -> display::Bundle {
        settings(serde_json::to_value(self))
    }
}

impl Show for Schedule {
    fn bundle(&self) -> display::Bundle {
        settings(serde_json::to_value(self))
    }
}

fn settings(value: serde_json::Result<serde_json::Value>) -> display::Bundle {
    let fields = value.unwrap_or_default();
    // One of the user's own goes by its name.
    let kind = fields.get("name").unwrap_or(&fields["kind"]).as_str().unwrap_or_default().to_owned();
    let settings =
        fields.as_object().into_iter().flatten().filter(|(name, _)| !matches!(name.as_str(), "kind" | "name"));
    let settings: Vec<String> = settings.map(|(name, value)| format!("{name}: {value}")).collect();
    display::Bundle::new(format!("{kind}({})", settings.join(", ")))
}

fn bind_optimizer(engine: &mut Engine, name: &'static str) {
    engine.register_fn(name, move |rate: Dynamic| optimizer(name, &rate, &Map::new()));
    engine.register_fn(name, move |rate: Dynamic, options: Map| optimizer(name, &rate, &options));
}

fn optimizer(name: &str, rate: &Dynamic, options: &Map) -> Answer<OptimizerSpec> {
    let mut settings = vec![("learning_rate", number(name, rate)?)];
    for (setting, value) in options {
        let value = value.as_bool().map(|on| f64::from(u8::from(on))).or_else(|_| number(setting, value))?;
        settings.push((setting.as_str(), value));
    }
    OptimizerSpec::with(name, &settings).map_err(fault)
}
