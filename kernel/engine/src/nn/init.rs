//! The parameters and buffers of each kind of layer and how they are drawn. Read [`Init`], then [`slots`].

use super::LayerSpec;
use crate::{Result, Seed};
use candle_core::{Device, Var};
use std::borrow::Cow;

/// How the numbers of a parameter or buffer begin. What is random comes from a stream that is named by the parameter's
/// full name and the net's seed, so that equal definitions with one seed are equal bit for bit.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// let net = Net::of("scaled", |parameters| {
///     let scale = parameters.parameter("scale", 64, Init::Constant(1.0))?;
///     Ok(move |x: &Tensor| x.broadcast_mul(&scale))
/// })?;
/// # Ok::<(), EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in `±1/√fan_in`, as PyTorch fills its linear and convolution layers.
    FanIn(usize),
    /// Uniform in `low..high`.
    Uniform {
        /// The least number.
        low: f32,
        /// What all numbers are below.
        high: f32,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f32,
        /// The standard deviation.
        deviation: f32,
    },
    /// The same number everywhere.
    Constant(f32),
}

/// A parameter or buffer that a layer has.
pub struct Slot {
    /// Its name in the layer, such as `weight`.
    pub name: Cow<'static, str>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether an optimizer changes it; else it is a buffer, such as a running mean.
    pub trained: bool,
    /// How it begins.
    pub init: Init,
}

impl Slot {
    /// Bytes of its numbers.
    pub fn bytes(&self) -> usize {
        self.shape.iter().fold(size_of::<f32>(), |product, length| product.saturating_mul(*length))
    }
}

/// The parameters and buffers of that layer itself, without those of layers inside it; parameters first.
pub fn slots(layer: &LayerSpec) -> Vec<Slot> {
    let constant = |name: &'static str, size, value, trained| Slot {
        name: name.into(),
        shape: vec![size],
        trained,
        init: Init::Constant(value),
    };
    match *layer {
        LayerSpec::Linear { inputs, outputs, bias } => weighted(vec![outputs, inputs], inputs, bias),
        LayerSpec::Conv2d { inputs, outputs, kernel, bias, .. } => {
            weighted(vec![outputs, inputs, kernel, kernel], inputs * kernel * kernel, bias)
        }
        LayerSpec::Embedding { vocabulary, width } => {
            let init = Init::Normal { mean: 0.0, deviation: 1.0 };
            vec![Slot { name: "weight".into(), shape: vec![vocabulary, width], trained: true, init }]
        }
        LayerSpec::LayerNorm { size, .. } => {
            vec![constant("weight", size, 1.0, true), constant("bias", size, 0.0, true)]
        }
        LayerSpec::BatchNorm { channels, .. } => vec![
            constant("weight", channels, 1.0, true),
            constant("bias", channels, 0.0, true),
            constant("running_mean", channels, 0.0, false),
            constant("running_variance", channels, 1.0, false),
        ],
        _ => Vec::new(),
    }
}

/// Draws a slot from the stream `parameters/<name>`, `name` being its full name, such as `0.weight`.
///
/// # Errors
/// candle's, when the device has no room.
pub fn draw(slot: &Slot, name: &str, seed: Seed, device: &Device) -> Result<Var> {
    let count = slot.shape.iter().product();
    let mut stream = seed.stream(&format!("parameters/{name}"));
    let numbers: Vec<f32> = match slot.init {
        Init::FanIn(fan_in) => {
            let bound = 1.0 / (fan_in as f32).sqrt();
            (0..count).map(|_| (2.0 * stream.uniform() - 1.0) * bound).collect()
        }
        Init::Uniform { low, high } => (0..count).map(|_| low + stream.uniform() * (high - low)).collect(),
        Init::Normal { mean, deviation } => (0..count).map(|_| mean + deviation * stream.normal()).collect(),
        Init::Constant(value) => vec![value; count],
    };
    Ok(Var::from_vec(numbers, slot.shape.as_slice(), device)?)
}

fn weighted(shape: Vec<usize>, fan_in: usize, bias: bool) -> Vec<Slot> {
    let (outputs, init) = (shape[0], Init::FanIn(fan_in));
    let mut slots = vec![Slot { name: "weight".into(), shape, trained: true, init }];
    if bias {
        slots.push(Slot { name: "bias".into(), shape: vec![outputs], trained: true, init });
    }
    slots
}
