//! How far predictions are from targets. Read [`Loss`] first.

use super::ops::cross_entropy::cross_entropy;
use crate::{EngineError, Result};
use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

/// A loss: one number per batch, smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Classes: mean of `−log softmax(predictions)[target]`.
    CrossEntropy,
}

impl Loss {
    /// All losses.
    pub const ALL: [Self; 1] = [Self::CrossEntropy];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross_entropy",
        }
    }

    /// The loss of that name.
    ///
    /// # Errors
    /// [`EngineError::Unknown`] with the nearest name.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|loss| loss.name() == name);
        found.ok_or_else(|| EngineError::unknown("loss", name, Self::ALL.map(Self::name)))
    }

    /// Whether targets of that shape and type fit predictions of that shape.
    ///
    /// # Errors
    /// What the loss takes, what it was given, and what to do.
    pub fn check(self, predictions: &[usize], targets: &[usize], dtype: DType) -> Result<()> {
        match self {
            Self::CrossEntropy => classes(predictions, targets, dtype),
        }
    }

    /// The loss as a scalar that records for the backward pass.
    ///
    /// # Errors
    /// What [`check`](Self::check) says, or a class out of range.
    pub fn forward(self, predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.check(predictions.dims(), targets.dims(), targets.dtype())?;
        match self {
            Self::CrossEntropy => Ok(cross_entropy(predictions, targets)?),
        }
    }
}

fn classes(predictions: &[usize], targets: &[usize], dtype: DType) -> Result<()> {
    if dtype != DType::U32 {
        return Err(EngineError::Data(format!(
            "cross_entropy takes classes as whole numbers (u32), but the targets are {dtype:?}: \
             use integer labels, or mse for values"
        )));
    }
    match (predictions, targets) {
        ([batch, _], [also]) if batch == also => Ok(()),
        _ => Err(EngineError::Data(format!(
            "cross_entropy takes predictions [batch, classes] and targets [batch], but was given {predictions:?} and {targets:?}"
        ))),
    }
}
