//! Optimizers whose whole state can be saved and restored. Read [`Optimizer`] first.

mod adamw;
mod named;
mod update;

use crate::{EngineError, Result};
use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An optimizer's kind and settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OptimizerSpec {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// The step size.
        learning_rate: f64,
        /// Decay of the gradient's running mean.
        beta1: f64,
        /// Decay of the squared gradient's running mean.
        beta2: f64,
        /// Added to the root in the denominator.
        eps: f64,
        /// Each step shrinks parameters by `learning_rate · weight_decay` of themselves.
        weight_decay: f64,
    },
}

impl OptimizerSpec {
    /// The name, as users write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AdamW { .. } => "adamw",
        }
    }

    /// The step size it starts from.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Self::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// An optimizer with these settings that has made no step.
    pub fn build(self) -> Optimizer {
        Optimizer { spec: self, steps: 0, state: BTreeMap::new() }
    }

    /// The names of what it remembers of each parameter.
    fn memories(&self) -> &'static [&'static str] {
        match self {
            Self::AdamW { .. } => &["m", "v"],
        }
    }
}

/// An optimizer and what it remembers.
pub struct Optimizer {
    spec: OptimizerSpec,
    steps: u64,
    /// By parameter name: one tensor of the parameter's shape for each of the kind's memories.
    state: BTreeMap<String, Vec<Var>>,
}

impl Optimizer {
    /// Its settings.
    pub fn spec(&self) -> &OptimizerSpec {
        &self.spec
    }

    /// How many steps it has made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates in place every parameter that has a gradient.
    ///
    /// # Errors
    /// candle's, when a gradient has another shape or type than its parameter.
    pub fn step(
        &mut self,
        parameters: &[(String, Var)],
        gradients: &BTreeMap<String, Tensor>,
        learning_rate: f64,
    ) -> Result<()> {
        self.steps += 1;
        for (name, var) in parameters {
            let Some(gradient) = gradients.get(name) else { continue };
            if gradient.dims() != var.dims() {
                return Err(EngineError::Value(format!(
                    "the gradient of {name} has shape {:?}, but the parameter {:?}",
                    gradient.dims(),
                    var.dims()
                )));
            }
            if !self.state.contains_key(name) {
                let zeros = || Var::zeros(var.shape(), var.dtype(), var.device());
                let memories = self.spec.memories().iter().map(|_| zeros()).collect::<Result<_, _>>()?;
                self.state.insert(name.clone(), memories);
            }
            let memories = &self.state[name];
            match self.spec {
                OptimizerSpec::AdamW { beta1, beta2, eps, weight_decay, .. } => {
                    let update = adamw::AdamW { learning_rate, beta1, beta2, eps, weight_decay, step: self.steps };
                    update.apply(var, gradient, &memories[0], &memories[1])?;
                }
            }
        }
        Ok(())
    }

    /// What it remembers, by names such as `0.weight.m`; copies that later steps leave alone.
    ///
    /// # Errors
    /// candle's, when there is no room for the copies.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut all = BTreeMap::new();
        for (name, memories) in &self.state {
            for (kind, memory) in self.spec.memories().iter().zip(memories) {
                all.insert(format!("{name}.{kind}"), memory.as_detached_tensor().copy()?);
            }
        }
        Ok(all)
    }

    /// Puts back what [`state`](Self::state) and [`steps`](Self::steps) gave; the next step is then the same to the bit.
    ///
    /// # Errors
    /// State of another kind of optimizer, or incomplete; nothing has changed then.
    pub fn restore(&mut self, steps: u64, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let kinds = self.spec.memories();
        let mut restored: BTreeMap<String, Vec<Var>> = BTreeMap::new();
        for key in state.keys() {
            let Some((name, _)) = key.rsplit_once('.').filter(|(_, kind)| kinds.contains(kind)) else {
                return Err(EngineError::Value(format!("\"{key}\" is not state of {}", self.spec.name())));
            };
            if restored.contains_key(name) {
                continue;
            }
            let memory = |kind: &&str| {
                let key = format!("{name}.{kind}");
                let tensor = state
                    .get(&key)
                    .ok_or_else(|| EngineError::Value(format!("the state of {} lacks \"{key}\"", self.spec.name())))?;
                Ok(Var::from_tensor(&tensor.detach().copy()?)?)
            };
            let memories = kinds.iter().map(memory).collect::<Result<_>>()?;
            restored.insert(name.to_owned(), memories);
        }
        (self.steps, self.state) = (steps, restored);
        Ok(())
    }
}

/// The optimizer as plugins see it.
#[derive(Clone)]
pub struct OptimizerHandle(pub Rc<RefCell<Optimizer>>);

impl candlewick_plugin_api::Optimizer for OptimizerHandle {
    fn name(&self) -> String {
        self.0.borrow().spec.name().to_owned()
    }

    /// Empty when there is no room for the copies.
    fn state(&self) -> BTreeMap<String, Tensor> {
        self.0.borrow().state().unwrap_or_default()
    }
}
