//! The parameters and buffers of each kind of layer and how they are drawn. Read [`parameters`] first.

use super::LayerSpec;
use crate::{Result, Seed};
use candle_core::{Device, Var};

/// A parameter or buffer that a layer has.
pub struct Slot {
    /// Its name in the layer, such as `weight`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    fill: Fill,
}

enum Fill {
    /// Uniform in `±1/√fan_in`: He's initialization with the gain of the fan-in rule that PyTorch's linear and
    /// convolution layers use.
    Uniform { fan_in: usize },
}

/// The parameters of that layer itself, without those of layers inside it.
pub fn parameters(layer: &LayerSpec) -> Vec<Slot> {
    match *layer {
        LayerSpec::Linear { inputs, outputs, bias } => weighted(vec![outputs, inputs], inputs, bias),
        _ => Vec::new(),
    }
}

/// Draws a slot of the layer at `path` from the stream `parameters/<path>.<name>`.
///
/// # Errors
/// candle's, when the device has no room.
pub fn draw(slot: &Slot, path: &str, seed: Seed, device: &Device) -> Result<Var> {
    let count = slot.shape.iter().product();
    let mut stream = seed.stream(&format!("parameters/{path}.{}", slot.name));
    let numbers: Vec<f32> = match slot.fill {
        Fill::Uniform { fan_in } => {
            let bound = 1.0 / (fan_in as f32).sqrt();
            (0..count).map(|_| (2.0 * stream.uniform() - 1.0) * bound).collect()
        }
    };
    Ok(Var::from_vec(numbers, slot.shape.as_slice(), device)?)
}

fn weighted(shape: Vec<usize>, fan_in: usize, bias: bool) -> Vec<Slot> {
    let outputs = shape[0];
    let mut slots = vec![Slot { name: "weight", shape, fill: Fill::Uniform { fan_in } }];
    if bias {
        slots.push(Slot { name: "bias", shape: vec![outputs], fill: Fill::Uniform { fan_in } });
    }
    slots
}
