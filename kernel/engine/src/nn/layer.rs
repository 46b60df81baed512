//! A layer with its parameters, ready to compute. It must not know nets or files. Read [`Layer`] first.

use super::ops::activation::Activation;
use super::ops::linear::linear;
use super::{LayerSpec, init};
use crate::{EngineError, Result, Seed, interrupt};
use candle_core::{Device, Tensor, Var};

/// How a net computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As in use: no dropout, running statistics, and no record for a backward pass.
    Evaluate,
    /// As in training: records for the backward pass.
    Train {
        /// The seed that dropout draws from.
        seed: Seed,
        /// The training step, which makes each step's dropout its own.
        step: u64,
    },
}

/// A layer and its parameters.
pub struct Layer {
    spec: LayerSpec,
    path: String,
    parameters: Vec<Parameter>,
    inside: Vec<Layer>,
}

/// A parameter, its full name, and its twin that shares the storage but records nothing.
struct Parameter {
    name: String,
    var: Var,
    twin: Tensor,
}

impl Layer {
    /// Draws the parameters of the layers, whose paths begin with `prefix`.
    ///
    /// # Errors
    /// candle's, when the device has no room.
    pub fn draw(specs: &[LayerSpec], prefix: &str, seed: Seed, device: &Device) -> Result<Vec<Self>> {
        let draw = |(i, spec): (usize, &LayerSpec)| {
            let path = format!("{prefix}{i}");
            let parameter = |slot: init::Slot| -> Result<Parameter> {
                let var = init::draw(&slot, &path, seed, device)?;
                let twin = var.as_detached_tensor();
                Ok(Parameter { name: format!("{path}.{}", slot.name), var, twin })
            };
            let parameters = init::parameters(spec).into_iter().map(parameter).collect::<Result<_>>()?;
            let inside = match spec {
                LayerSpec::Residual { layers } => Self::draw(layers, &format!("{path}.layers."), seed, device)?,
                _ => Vec::new(),
            };
            Ok(Self { spec: spec.clone(), path, parameters, inside })
        };
        specs.iter().enumerate().map(draw).collect()
    }

    /// Adds this layer's parameters and those inside it.
    pub fn collect(&self, into: &mut Vec<(String, Var)>) {
        into.extend(self.parameters.iter().map(|p| (p.name.clone(), p.var.clone())));
        self.inside.iter().for_each(|layer| layer.collect(into));
    }

    /// The layers one after another, stopping between two when the user asked for it.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], or what a layer says.
    pub fn through(layers: &[Self], x: &Tensor, mode: Mode) -> Result<Tensor> {
        layers.iter().try_fold(x.clone(), |x, layer| {
            if interrupt::requested() { Err(EngineError::Interrupted) } else { layer.forward(&x, mode) }
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let parameter = |i: usize| self.parameters.get(i).map(|p| p.tensor(mode));
        match (&self.spec, parameter(0)) {
            (LayerSpec::Linear { .. }, Some(weight)) => Ok(linear(x, weight, parameter(1))?),
            (LayerSpec::Flatten, _) => Ok(x.flatten_from(1)?),
            (LayerSpec::Relu, _) => Ok(Activation::Relu.forward(x)?),
            (LayerSpec::Residual { .. }, _) => Ok((Self::through(&self.inside, x, mode)? + x)?),
            (_, None) => Err(EngineError::Value(format!("layer {} lacks its parameters", self.path))),
        }
    }
}

impl Parameter {
    fn tensor(&self, mode: Mode) -> &Tensor {
        match mode {
            Mode::Evaluate => &self.twin,
            Mode::Train { .. } => self.var.as_tensor(),
        }
    }
}
