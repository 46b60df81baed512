//! Optimizers whose whole state can be saved and restored. Read [`OptimizerSpec`], then [`Optimizer`].

mod adamw;
mod lion;
mod named;
mod sgd;
mod spec;
mod update;

pub use spec::OptimizerSpec;

use crate::{EngineError, Result};
use candle_core::{Tensor, Var};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An optimizer and what it remembers.
pub struct Optimizer {
    spec: OptimizerSpec,
    steps: u64,
    /// By parameter name: one tensor of the parameter's shape for each of the kind's memories.
    state: BTreeMap<String, Vec<Var>>,
}

impl Optimizer {
    /// An optimizer with these settings that has made no step.
    pub fn new(spec: OptimizerSpec) -> Self {
        Self { spec, steps: 0, state: BTreeMap::new() }
    }

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
    /// A gradient of another shape than its parameter; nothing has changed then.
    pub fn step(
        &mut self,
        parameters: &[(String, Var)],
        gradients: &BTreeMap<String, Tensor>,
        learning_rate: f64,
    ) -> Result<()> {
        parameters.iter().try_for_each(|(name, var)| fits(name, var, gradients.get(name)))?;
        self.steps += 1;
        for (name, var) in parameters {
            let Some(gradient) = gradients.get(name) else { continue };
            if !self.state.contains_key(name) {
                let zeros = |_| Var::zeros(var.shape(), var.dtype(), var.device());
                let memories = self.spec.memories().iter().map(zeros).collect::<Result<_, _>>()?;
                self.state.insert(name.clone(), memories);
            }
            let composed = !var.device().is_cpu();
            self.spec.update((var, gradient), &self.state[name], learning_rate, self.steps, composed)?;
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

    /// Bytes of what it remembers.
    pub fn bytes(&self) -> usize {
        self.state.values().flatten().map(|memory| memory.elem_count() * memory.dtype().size_in_bytes()).sum()
    }

    /// Puts back what [`state`](Self::state) and [`steps`](Self::steps) gave; the next step is then the same to the bit.
    ///
    /// # Errors
    /// State of another kind of optimizer, or incomplete; nothing has changed then.
    pub fn restore(&mut self, steps: u64, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let (kinds, optimizer) = (self.spec.memories(), self.spec.name());
        let mut restored: BTreeMap<String, Vec<Var>> = BTreeMap::new();
        for key in state.keys() {
            let Some((name, _)) = key.rsplit_once('.').filter(|(_, kind)| kinds.contains(kind)) else {
                return Err(EngineError::Value(format!("\"{key}\" is not state of {optimizer}")));
            };
            if restored.contains_key(name) {
                continue;
            }
            let memory = |kind: &&str| {
                let tensor = state
                    .get(&format!("{name}.{kind}"))
                    .ok_or_else(|| EngineError::Value(format!("the state of {optimizer} lacks \"{name}.{kind}\"")))?;
                Ok(Var::from_tensor(&tensor.detach().copy()?)?)
            };
            restored.insert(name.to_owned(), kinds.iter().map(memory).collect::<Result<_>>()?);
        }
        (self.steps, self.state) = (steps, restored);
        Ok(())
    }
}

fn fits(name: &str, var: &Var, gradient: Option<&Tensor>) -> Result<()> {
    match gradient {
        Some(gradient) if gradient.dims() != var.dims() || gradient.dtype() != var.dtype() => {
            Err(EngineError::Value(format!(
                "the gradient of {name} is {} of shape {:?}, but the parameter is {} of shape {:?}",
                gradient.dtype().as_str(),
                gradient.dims(),
                var.dtype().as_str(),
                var.dims()
            )))
        }
        _ => Ok(()),
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
