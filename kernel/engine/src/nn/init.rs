//! The parameters and buffers of each kind of layer and how they are drawn. Read [`slots`] first.

use super::LayerSpec;
use crate::{Result, Seed};
use candle_core::{Device, Var};

/// A parameter or buffer that a layer has.
pub struct Slot {
    /// Its name in the layer, such as `weight`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether an optimizer changes it; else it is a buffer, such as a running mean.
    pub trained: bool,
    fill: Fill,
}

enum Fill {
    /// Uniform in `±1/√fan_in`, as PyTorch fills its linear and convolution layers.
    Uniform { fan_in: usize },
    /// Standard normal.
    Normal,
    /// The same number everywhere.
    Constant(f32),
}

/// The parameters and buffers of that layer itself, without those of layers inside it; parameters first.
pub fn slots(layer: &LayerSpec) -> Vec<Slot> {
    let constant = |name, size, value, trained| Slot { name, shape: vec![size], trained, fill: Fill::Constant(value) };
    match *layer {
        LayerSpec::Linear { inputs, outputs, bias } => weighted(vec![outputs, inputs], inputs, bias),
        LayerSpec::Conv2d { inputs, outputs, kernel, bias, .. } => {
            weighted(vec![outputs, inputs, kernel, kernel], inputs * kernel * kernel, bias)
        }
        LayerSpec::Embedding { vocabulary, width } => {
            vec![Slot { name: "weight", shape: vec![vocabulary, width], trained: true, fill: Fill::Normal }]
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
    let numbers: Vec<f32> = match slot.fill {
        Fill::Uniform { fan_in } => {
            let bound = 1.0 / (fan_in as f32).sqrt();
            (0..count).map(|_| (2.0 * stream.uniform() - 1.0) * bound).collect()
        }
        Fill::Normal => (0..count).map(|_| stream.normal()).collect(),
        Fill::Constant(value) => vec![value; count],
    };
    Ok(Var::from_vec(numbers, slot.shape.as_slice(), device)?)
}

fn weighted(shape: Vec<usize>, fan_in: usize, bias: bool) -> Vec<Slot> {
    let outputs = shape[0];
    let mut slots = vec![Slot { name: "weight", shape, trained: true, fill: Fill::Uniform { fan_in } }];
    if bias {
        slots.push(Slot { name: "bias", shape: vec![outputs], trained: true, fill: Fill::Uniform { fan_in } });
    }
    slots
}
