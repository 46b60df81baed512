//! What a layer is, before it has parameters. It must not know tensors. Read [`LayerSpec`] first.

use super::module::{Forward, OwnModule};
use super::parameters::Parameters;
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
    /// Cross-correlation of images `[batch, channels, height, width]` with square kernels.
    Conv2d {
        /// Channels of what it takes.
        inputs: usize,
        /// Channels of what it gives.
        outputs: usize,
        /// Height and width of the kernel.
        kernel: usize,
        /// Pixels between two places of the kernel.
        stride: usize,
        /// Zeros on each side of the image.
        padding: usize,
        /// Whether it adds a number to each channel.
        bias: bool,
    },
    /// The largest number of each square window of an image.
    MaxPool2d {
        /// Height and width of the window.
        kernel: usize,
        /// Pixels between two places of the window.
        stride: usize,
    },
    /// Joins all dimensions after the batch into one.
    Flatten,
    /// Rows of a table, by whole numbers (u32).
    Embedding {
        /// Rows of the table.
        vocabulary: usize,
        /// Numbers of each row.
        width: usize,
    },
    /// Normalises over the last dimension, then scales and shifts.
    LayerNorm {
        /// Size of the last dimension.
        size: usize,
        /// Added to the variance.
        eps: f64,
    },
    /// Normalises each channel over the batch, then scales and shifts; takes `[batch, channels]` or images.
    BatchNorm {
        /// Channels.
        channels: usize,
        /// Added to the variance.
        eps: f64,
        /// The newest batch's share in the running statistics.
        momentum: f64,
    },
    /// In training, zeroes numbers at random and scales the others up.
    Dropout {
        /// The probability that a number becomes 0.
        rate: f64,
    },
    /// `max(x, 0)`.
    Relu,
    /// `x·Φ(x)`, the exact form by the error function.
    Gelu,
    /// `x·sigmoid(x)`.
    Silu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `eˣ / Σ eˣ` over the last dimension.
    Softmax,
    /// `x + layers(x)`.
    Residual {
        /// The layers beside the shortcut; they give the shape they take.
        layers: Vec<LayerSpec>,
    },
    /// A module of the user's own, see [`LayerSpec::own`]. A file or checkpoint holds its name only.
    Own(OwnModule),
}

impl LayerSpec {
    /// All built-in kinds, as users write them.
    pub const KINDS: [&'static str; 15] = [
        "linear",
        "conv2d",
        "max_pool2d",
        "flatten",
        "embedding",
        "layer_norm",
        "batch_norm",
        "dropout",
        "relu",
        "gelu",
        "silu",
        "tanh",
        "sigmoid",
        "softmax",
        "residual",
    ];

    /// The kind, as users write it, such as `linear`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Conv2d { .. } => "conv2d",
            Self::MaxPool2d { .. } => "max_pool2d",
            Self::Flatten => "flatten",
            Self::Embedding { .. } => "embedding",
            Self::LayerNorm { .. } => "layer_norm",
            Self::BatchNorm { .. } => "batch_norm",
            Self::Dropout { .. } => "dropout",
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softmax => "softmax",
            Self::Residual { .. } => "residual",
            Self::Own(_) => "own",
        }
    }

    /// What it is called: its kind, or the name of a module of the user's own.
    pub fn label(&self) -> &str {
        match self {
            Self::Own(own) => own.name(),
            built_in => built_in.kind(),
        }
    }

    /// Whether it is a module of the user's own, or has one inside.
    pub fn has_own(&self) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Residual { layers } => layers.iter().any(Self::has_own),
            _ => false,
        }
    }

    /// The path of this layer, the `i`-th where paths begin with `prefix`. A module that is the whole net has none.
    pub(super) fn path(&self, prefix: &str, i: usize) -> String {
        match self {
            Self::Own(own) if own.is_whole() => String::new(),
            _ => format!("{prefix}{i}"),
        }
    }

    /// The spec itself when its sizes make sense; what is read from a file or a script passes here.
    ///
    /// # Errors
    /// A size of 0, or a number out of its range; the message names the layer's kind and the option.
    pub fn checked(self) -> Result<Self> {
        match &self {
            Self::Linear { inputs, outputs, .. } => self.sizes(&[("inputs", *inputs), ("outputs", *outputs)])?,
            Self::Conv2d { inputs, outputs, kernel, stride, .. } => {
                let sizes = [("inputs", *inputs), ("outputs", *outputs), ("kernel", *kernel), ("stride", *stride)];
                self.sizes(&sizes)?;
            }
            Self::MaxPool2d { kernel, stride } => self.sizes(&[("kernel", *kernel), ("stride", *stride)])?,
            Self::Embedding { vocabulary, width } => self.sizes(&[("vocabulary", *vocabulary), ("width", *width)])?,
            Self::LayerNorm { size, eps } => {
                self.sizes(&[("size", *size)])?;
                self.holds("eps", *eps, *eps > 0.0 && eps.is_finite(), "above 0")?;
            }
            Self::BatchNorm { channels, eps, momentum } => {
                self.sizes(&[("channels", *channels)])?;
                self.holds("eps", *eps, *eps > 0.0 && eps.is_finite(), "above 0")?;
                self.holds("momentum", *momentum, (0.0..=1.0).contains(momentum), "from 0 to 1")?;
            }
            Self::Dropout { rate } => self.holds("rate", *rate, (0.0..1.0).contains(rate), "at least 0 and below 1")?,
            Self::Residual { layers } => {
                self.sizes(&[("the number of layers", layers.len())])?;
                layers.iter().try_for_each(|layer| layer.clone().checked().map(drop))?;
            }
            _ => {}
        }
        Ok(self)
    }

    fn sizes(&self, sizes: &[(&str, usize)]) -> Result<()> {
        match sizes.iter().find(|(_, size)| *size == 0) {
            Some((name, _)) => Err(EngineError::Value(format!("{}: {name} must be at least 1, not 0", self.kind()))),
            None => Ok(()),
        }
    }

    fn holds(&self, name: &str, value: f64, holds: bool, range: &str) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(EngineError::Value(format!("{}: {name} must be {range}, not {value}", self.kind())))
    }
}

/// Constructors with the usual settings; each refuses a size of 0 or a number out of its range.
#[allow(clippy::missing_errors_doc)]
impl LayerSpec {
    /// A linear layer with bias.
    pub fn linear(inputs: usize, outputs: usize) -> Result<Self> {
        Self::Linear { inputs, outputs, bias: true }.checked()
    }

    /// A convolution with bias, of stride 1 and without padding.
    pub fn conv2d(inputs: usize, outputs: usize, kernel: usize) -> Result<Self> {
        Self::Conv2d { inputs, outputs, kernel, stride: 1, padding: 0, bias: true }.checked()
    }

    /// Pooling whose windows stand side by side.
    pub fn max_pool2d(kernel: usize) -> Result<Self> {
        Self::MaxPool2d { kernel, stride: kernel }.checked()
    }

    /// A table of `vocabulary` rows.
    pub fn embedding(vocabulary: usize, width: usize) -> Result<Self> {
        Self::Embedding { vocabulary, width }.checked()
    }

    /// Layer normalisation with `eps` 1e-5.
    pub fn layer_norm(size: usize) -> Result<Self> {
        Self::LayerNorm { size, eps: 1e-5 }.checked()
    }

    /// Batch normalisation with `eps` 1e-5 and momentum 0.1.
    pub fn batch_norm(channels: usize) -> Result<Self> {
        Self::BatchNorm { channels, eps: 1e-5, momentum: 0.1 }.checked()
    }

    /// Dropout.
    pub fn dropout(rate: f64) -> Result<Self> {
        Self::Dropout { rate }.checked()
    }

    /// Layers with a shortcut around them.
    pub fn residual(layers: Vec<Self>) -> Result<Self> {
        Self::Residual { layers }.checked()
    }

    /// A module of the user's own as one layer among others. `make` gives it its parameters, whose names begin with the
    /// layer's path (`1.scale`); it is called whenever parameters are drawn, copied, moved or read from a file.
    ///
    /// ```
    /// # use candle_core::{Device, Module, Tensor, Var};
    /// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
    /// # use candlewick_plugin_api::Random;
    /// let scale = LayerSpec::own("scale", |parameters| {
    ///     let scale = parameters.parameter("scale", 128, Init::Constant(1.0))?;
    ///     Ok(move |x: &Tensor| x.broadcast_mul(&scale))
    /// });
    /// let net = Net::sequential(vec![LayerSpec::linear(64, 128)?, scale, LayerSpec::linear(128, 10)?])?;
    /// # Ok::<(), EngineError>(())
    /// ```
    pub fn own<M: Forward + 'static>(name: &str, make: impl Fn(&Parameters<'_>) -> Result<M> + 'static) -> Self {
        Self::Own(OwnModule::new(name, false, make))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_make_no_sense_are_refused() {
        let check = |spec: Result<LayerSpec>, expect: &str| assert_eq!(spec.unwrap_err().to_string(), expect);
        check(LayerSpec::linear(0, 3), "linear: inputs must be at least 1, not 0");
        check(LayerSpec::conv2d(1, 2, 0), "conv2d: kernel must be at least 1, not 0");
        check(LayerSpec::max_pool2d(0), "max_pool2d: kernel must be at least 1, not 0");
        check(LayerSpec::embedding(5, 0), "embedding: width must be at least 1, not 0");
        check(LayerSpec::dropout(1.0), "dropout: rate must be at least 0 and below 1, not 1");
        check(LayerSpec::dropout(f64::NAN), "dropout: rate must be at least 0 and below 1, not NaN");
        check(LayerSpec::LayerNorm { size: 3, eps: 0.0 }.checked(), "layer_norm: eps must be above 0, not 0");
        check(LayerSpec::residual(vec![]), "residual: the number of layers must be at least 1, not 0");
        let inner = LayerSpec::Dropout { rate: -0.5 };
        check(LayerSpec::residual(vec![inner]), "dropout: rate must be at least 0 and below 1, not -0.5");
    }

    #[test]
    fn kinds_are_the_names_in_json() {
        let specs = [LayerSpec::linear(1, 2), LayerSpec::max_pool2d(2), Ok(LayerSpec::Silu), LayerSpec::dropout(0.5)];
        for spec in specs.map(Result::unwrap) {
            let json = serde_json::to_value(&spec).unwrap();
            assert_eq!(json["kind"], spec.kind());
            assert!(LayerSpec::KINDS.contains(&spec.kind()));
            assert_eq!(serde_json::from_value::<LayerSpec>(json).unwrap(), spec);
        }
    }
}
