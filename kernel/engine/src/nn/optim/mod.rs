//! Optimizers whose whole state can be saved and restored. Read [`OptimizerSpec`], then [`Optimizer`].

mod adamw;
mod lion;
mod memories;
mod named;
mod own;
mod sgd;
mod spec;
mod update;

pub use memories::Memories;
pub use own::{Optimize, OwnOptimizer, Step};
pub use spec::OptimizerSpec;

use crate::own::called;
use crate::{EngineError, Result, interrupt};
use candle_core::{Tensor, Var};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An optimizer and what it remembers.
pub struct Optimizer {
    spec: OptimizerSpec,
    steps: u64,
    rule: Rule,
}

/// How parameters are changed.
enum Rule {
    /// As the spec says, parameter by parameter.
    BuiltIn(Memories),
    /// As the user wrote it.
    Own(Box<dyn Optimize>),
}

impl Optimizer {
    /// An optimizer with these settings that has made no step.
    pub fn new(spec: OptimizerSpec) -> Self {
        let rule = match &spec {
            OptimizerSpec::Own(own) => Rule::Own(own.build()),
            built_in => Rule::BuiltIn(Memories::new(built_in.memories())),
        };
        Self { spec, steps: 0, rule }
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
    /// A gradient of another shape than its parameter; nothing has changed then. What an optimizer of the user's own says.
    pub fn step(
        &mut self,
        parameters: &[(String, Var)],
        gradients: &BTreeMap<String, Tensor>,
        learning_rate: f64,
    ) -> Result<()> {
        parameters.iter().try_for_each(|(name, var)| fits(name, var, gradients.get(name)))?;
        self.steps += 1;
        let number = self.steps;
        match &mut self.rule {
            Rule::Own(own) => {
                let step = Step { learning_rate, number };
                // A step that is half made cannot be repeated, so it is not interrupted.
                interrupt::suspended(|| called(|| whose(&self.spec), || own.step(parameters, gradients, step)))
            }
            Rule::BuiltIn(memories) => {
                for (name, var) in parameters {
                    let Some(gradient) = gradients.get(name) else { continue };
                    let (held, composed) = (memories.of(name, var)?, !var.device().is_cpu());
                    self.spec.update((var, gradient), held, learning_rate, number, composed)?;
                }
                Ok(())
            }
        }
    }

    /// What it remembers, by names such as `0.weight.m`; copies that later steps leave alone.
    ///
    /// # Errors
    /// candle's, when there is no room for the copies; what an optimizer of the user's own says.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        match &self.rule {
            Rule::BuiltIn(memories) => memories.state(),
            Rule::Own(own) => called(|| whose(&self.spec), || own.state()),
        }
    }

    /// Puts back what [`state`](Self::state) and [`steps`](Self::steps) gave; the next step is then the same to the bit.
    ///
    /// # Errors
    /// State of another kind of optimizer, or incomplete; nothing has changed then.
    pub fn restore(&mut self, steps: u64, state: &BTreeMap<String, Tensor>) -> Result<()> {
        called(
            || whose(&self.spec),
            || match &mut self.rule {
                Rule::BuiltIn(memories) => memories.restore(state),
                Rule::Own(own) => own.restore(state),
            },
        )?;
        self.steps = steps;
        Ok(())
    }
}

fn whose(spec: &OptimizerSpec) -> String {
    format!("the optimizer {}", spec.name())
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
