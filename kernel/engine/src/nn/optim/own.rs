//! Optimizers of a user's own. Read [`Optimize`] first, then [`OwnOptimizer`].

use super::OptimizerSpec;
use crate::nn::Gradients;
use crate::{EngineError, Result};
use candle_core::{Tensor, Var};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// One optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The step size, as the schedule and plugins have made it.
    pub learning_rate: f64,
    /// The number of this step in the run, from 1, also after a checkpoint.
    pub number: u64,
}

/// An optimizer: what changes parameters by their gradients.
///
/// Every run has a clone of the one that was given to [`OptimizerSpec::own`], so two runs share nothing. What it remembers
/// between steps goes through [`state`](Self::state) and [`restore`](Self::restore), which checkpoints ask for;
/// [`Memories`](super::Memories) does both.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// # use std::collections::BTreeMap;
/// #[derive(Clone)]
/// struct HeavyBall { momentum: f64, memories: Memories }
///
/// impl Optimize for HeavyBall {
///     fn step(&mut self, parameters: &[(String, Var)], gradients: &Gradients, step: Step) -> Result<(), EngineError> {
///         for (name, parameter) in parameters {
///             let Some(gradient) = gradients.get(name) else { continue };
///             let velocity = &self.memories.of(name, parameter)?[0];
///             velocity.set(&((velocity.as_detached_tensor() * self.momentum)? + gradient)?)?;
///             parameter.set(&(parameter.as_detached_tensor() - (velocity.as_detached_tensor() * step.learning_rate)?)?)?;
///         }
///         Ok(())
///     }
///
///     fn state(&self) -> Result<BTreeMap<String, Tensor>, EngineError> {
///         self.memories.state()
///     }
///
///     fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), EngineError> {
///         self.memories.restore(state)
///     }
/// }
///
/// let heavy_ball = HeavyBall { momentum: 0.9, memories: Memories::new(&["velocity"]) };
/// let options = Options { optimizer: OptimizerSpec::own("heavy_ball", 0.05, heavy_ball)?, ..Options::default() };
/// # Ok::<(), EngineError>(())
/// ```
pub trait Optimize {
    /// Changes parameters in place, by `Var::set`. A parameter without a gradient has none in `gradients`; those that are
    /// there have the shape and type of their parameter.
    ///
    /// # Errors
    /// Whatever stops it; the run then ends as failed.
    fn step(&mut self, parameters: &[(String, Var)], gradients: &Gradients, step: Step) -> Result<()>;

    /// What it remembers, by name, for checkpoints and for whoever looks at `ctx.optimizer`; nothing unless said.
    ///
    /// # Errors
    /// candle's, when there is no room for copies.
    fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        Ok(BTreeMap::new())
    }

    /// Puts back what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// State that is not its own.
    fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        match state.keys().next() {
            Some(name) => Err(EngineError::Value(format!("it remembers nothing, but was given \"{name}\""))),
            None => Ok(()),
        }
    }

    /// Its settings but the learning rate, as hyperparameters show them; a checkpoint is resumed with equal ones only.
    fn settings(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// An optimizer of the user's own with its name, learning rate and settings.
#[derive(Clone)]
pub struct OwnOptimizer {
    name: Rc<str>,
    pub(super) learning_rate: f64,
    settings: Map<String, Value>,
    make: Rc<dyn Fn() -> Box<dyn Optimize>>,
}

impl OptimizerSpec {
    /// An optimizer of the user's own, see [`Optimize`]. Each run steps a clone of it.
    ///
    /// # Errors
    /// A learning rate that is negative or not a number.
    pub fn own(name: &str, learning_rate: f64, optimizer: impl Optimize + Clone + 'static) -> Result<Self> {
        let settings = optimizer.settings();
        let make = Rc::new(move || Box::new(optimizer.clone()) as Box<dyn Optimize>);
        Self::Own(OwnOptimizer { name: name.into(), learning_rate, settings, make }).checked()
    }
}

impl OwnOptimizer {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same with another learning rate.
    pub(super) fn at(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// One that has made no step.
    pub(super) fn build(&self) -> Box<dyn Optimize> {
        (self.make)()
    }
}

impl fmt::Debug for OwnOptimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OwnOptimizer");
        shown.field("name", &self.name).field("learning_rate", &self.learning_rate).field("settings", &self.settings);
        shown.finish_non_exhaustive()
    }
}

impl PartialEq for OwnOptimizer {
    fn eq(&self, other: &Self) -> bool {
        let equal = self.name == other.name && self.learning_rate == other.learning_rate;
        equal && self.settings == other.settings && Rc::ptr_eq(&self.make, &other.make)
    }
}

/// Its name, learning rate and settings stand for it.
impl Serialize for OwnOptimizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("name", &*self.name)?;
        fields.serialize_entry("learning_rate", &self.learning_rate)?;
        for (name, value) in &self.settings {
            fields.serialize_entry(name, value)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for OwnOptimizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            name: String,
        }
        let Fields { name } = Fields::deserialize(deserializer)?;
        Err(D::Error::custom(EngineError::not_built_in("optimizer", &name)))
    }
}
