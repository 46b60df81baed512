//! The working zone of the context: what plugins may look into and change.

use crate::PluginError;
use candle_core::Tensor;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The model under training, as plugins see it.
pub trait Model {
    /// The parameters' names in name order, such as `0.weight`.
    fn parameter_names(&self) -> Vec<String>;
    /// A parameter as a tensor that shares its storage and records no gradient; none when there is no such name.
    fn parameter(&self, name: &str) -> Option<Tensor>;
    /// Overwrites a parameter in place.
    ///
    /// # Errors
    /// An unknown name, or another shape or dtype than the parameter's.
    fn set_parameter(&self, name: &str, value: &Tensor) -> Result<(), PluginError>;
}

/// The optimizer of the run, as plugins see it.
pub trait Optimizer {
    /// Its name, such as `adamw`.
    fn name(&self) -> String;
    /// Its state by name, such as `0.weight.m`.
    fn state(&self) -> BTreeMap<String, Tensor>;
}

/// What a plugin may change. Tensors are cheap handles; setting one replaces it for the rest of the batch.
#[derive(Clone, Default)]
pub struct Working {
    /// The batch's inputs, `[batch, …]`.
    pub inputs: Option<Tensor>,
    /// The batch's targets, `[batch]` classes (u32) or `[batch, …]` values (f32).
    pub targets: Option<Tensor>,
    /// The model's output for this batch; at `end_…_batch`.
    pub predictions: Option<Tensor>,
    /// The newest gradients by parameter name; at `end_training_batch`.
    pub gradients: Rc<BTreeMap<String, Tensor>>,
    /// The model under training.
    pub model: Option<Rc<dyn Model>>,
    /// The optimizer.
    pub optimizer: Option<Rc<dyn Optimizer>>,
    /// A map shared by all plugins of the run and saved with its checkpoints.
    pub extra: Map<String, Value>,
    /// The step size of the coming optimizer step; set at every batch from the schedule.
    pub learning_rate: f64,
    /// How many batches' gradients are summed before the optimizer steps.
    pub accumulate: usize,
    /// Upper bound of the global gradient norm; none leaves gradients as they are.
    pub clip_norm: Option<f64>,
    /// Factor on the loss before the backward pass; gradients are divided by it again.
    pub loss_scale: f64,
    /// Examples per batch, from the next epoch on.
    pub batch_size: usize,
}

impl Working {
    /// The names that may be set, in the order error messages list them.
    pub const SETTABLE: [&'static str; 8] =
        ["learning_rate", "accumulate", "clip_norm", "loss_scale", "batch_size", "inputs", "targets", "extra"];
}
