//! candle's `VarBuilder` over [`Parameters`](super::Parameters): what candle-nn makes draws from the net's seed.
//!
//! Must not know nets. Read [`over`] first.

use super::init::Init;
use super::parameters::{Source, locked};
use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::{Init as Hint, NormalOrUniform};
use candle_nn::var_builder::SimpleBackend;
use std::sync::{Arc, Mutex};

/// A builder whose names stand under `prefix`, which is empty or ends in a dot.
pub fn over<'a>(source: Arc<Mutex<Source<'a>>>, prefix: String, device: &Device) -> VarBuilder<'a> {
    VarBuilder::from_backend(Box::new(Bridge { source, prefix, device: device.clone() }), DType::F32, device.clone())
}

struct Bridge<'a> {
    source: Arc<Mutex<Source<'a>>>,
    prefix: String,
    device: Device,
}

impl SimpleBackend for Bridge<'_> {
    fn get(&self, shape: Shape, name: &str, hint: Hint, dtype: DType, device: &Device) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        if dtype != DType::F32 || !device.same_device(&self.device) {
            candle_core::bail!(
                "parameter {name}: parameters are f32 and on the net's device; found {}",
                dtype.as_str()
            );
        }
        let trained = !name.rsplit('.').next().is_some_and(|last| last.starts_with("running_"));
        let init = init(hint, &shape);
        let var = locked(&self.source).keep(name, shape, trained, init).map_err(Error::wrap)?;
        // The variable itself: candle's batch normalisation sets its running statistics in it.
        Ok(var.as_tensor().clone())
    }

    fn get_unchecked(&self, name: &str, _dtype: DType, _device: &Device) -> Result<Tensor> {
        candle_core::bail!("parameter {name} was asked for without a shape, which only a file would know")
    }

    fn contains_tensor(&self, name: &str) -> bool {
        locked(&self.source).has(&format!("{}{name}", self.prefix))
    }
}

/// The same distribution; Kaiming's bounds as candle computes them.
fn init(hint: Hint, shape: &Shape) -> Init {
    match hint {
        Hint::Const(value) => Init::Constant(value as f32),
        Hint::Randn { mean, stdev } => Init::Normal { mean: mean as f32, deviation: stdev as f32 },
        Hint::Uniform { lo, up } => Init::Uniform { low: lo as f32, high: up as f32 },
        Hint::Kaiming { dist, fan, non_linearity } => {
            let deviation = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            match dist {
                NormalOrUniform::Normal => Init::Normal { mean: 0.0, deviation: deviation as f32 },
                NormalOrUniform::Uniform => {
                    let bound = (3f64.sqrt() * deviation) as f32;
                    Init::Uniform { low: -bound, high: bound }
                }
            }
        }
    }
}
