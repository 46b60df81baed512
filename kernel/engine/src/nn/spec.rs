//! What a layer is, before it has parameters. It must not know tensors. Read [`LayerSpec`] first.

use crate::{EngineError, Result};
use serde::{Deserialize, Serialize};

/// One layer's kind and sizes. Two equal specs drawn with one seed have equal parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LayerSpec {
    /// `x·Wᵀ + b` over the last dimension.
    Linear {
        /// Size of the last dimension of what it takes.
        inputs: usize,
        /// Size of the last dimension of what it gives.
        outputs: usize,
        /// Whether it adds `b`.
        bias: bool,
    },
    /// Joins all dimensions after the batch into one.
    Flatten,
    /// `max(x, 0)`.
    Relu,
    /// `x + layers(x)`.
    Residual {
        /// The layers beside the shortcut; they give the shape they take.
        layers: Vec<LayerSpec>,
    },
}

impl LayerSpec {
    /// The kind, as users write it, such as `linear`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Flatten => "flatten",
            Self::Relu => "relu",
            Self::Residual { .. } => "residual",
        }
    }

    /// A linear layer with bias.
    ///
    /// # Errors
    /// A size of 0.
    pub fn linear(inputs: usize, outputs: usize) -> Result<Self> {
        Self::Linear { inputs, outputs, bias: true }.checked()
    }

    /// The spec itself when its sizes make sense; what is read from a file or a script passes here.
    ///
    /// # Errors
    /// A size of 0 or a rate out of range.
    pub fn checked(self) -> Result<Self> {
        match &self {
            Self::Linear { inputs, outputs, .. } => self.positive(&[("inputs", *inputs), ("outputs", *outputs)])?,
            Self::Residual { layers } => {
                self.positive(&[("the number of layers", layers.len())])?;
                layers.iter().try_for_each(|layer| layer.clone().checked().map(|_| ()))?;
            }
            Self::Flatten | Self::Relu => {}
        }
        Ok(self)
    }

    fn positive(&self, sizes: &[(&str, usize)]) -> Result<()> {
        match sizes.iter().find(|(_, size)| *size == 0) {
            Some((name, _)) => Err(EngineError::Value(format!("{}: {name} must be at least 1, not 0", self.kind()))),
            None => Ok(()),
        }
    }
}
