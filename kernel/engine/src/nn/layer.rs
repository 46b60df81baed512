//! A layer with its parameters, ready to compute. It must not know nets or files. Read [`Layer`] first.

use super::LayerSpec;
use super::init::{self, Slot};
use super::ops::activation::Activation;
use super::ops::batch_norm::{batch_norm, statistics};
use super::ops::conv2d::conv2d;
use super::ops::dropout::dropout;
use super::ops::embedding::embedding;
use super::ops::layer_norm::layer_norm;
use super::ops::linear::linear;
use super::ops::max_pool2d::max_pool2d;
use super::ops::softmax::softmax;
use super::ops::window::Window;
use crate::{EngineError, Result, Seed, interrupt};
use candle_core::{DType, Tensor, Var};
use std::cell::RefCell;

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

/// A layer, its parameters and its buffers.
pub struct Layer {
    spec: LayerSpec,
    path: String,
    slots: Vec<Filled>,
    inside: Vec<Layer>,
    /// Running statistics that the newest training forward pass led to, not yet permanent.
    pending: RefCell<Option<[Tensor; 2]>>,
}

/// A parameter or buffer, its full name, and its twin that shares the storage but records nothing.
pub struct Filled {
    /// The full name, such as `2.layers.0.weight`.
    pub name: String,
    /// Whether an optimizer changes it.
    pub trained: bool,
    /// The numbers.
    pub var: Var,
    twin: Tensor,
}

impl Layer {
    /// Makes the layers, whose paths begin with `prefix`, taking each parameter from `fill(slot, full name)`.
    ///
    /// # Errors
    /// What `fill` says.
    pub fn make(
        specs: &[LayerSpec],
        prefix: &str,
        fill: &mut dyn FnMut(&Slot, &str) -> Result<Var>,
    ) -> Result<Vec<Self>> {
        let mut layers = Vec::with_capacity(specs.len());
        for (i, spec) in specs.iter().enumerate() {
            let path = format!("{prefix}{i}");
            let mut slots = Vec::new();
            for slot in init::slots(spec) {
                let name = format!("{path}.{}", slot.name);
                let var = fill(&slot, &name)?;
                slots.push(Filled { twin: var.as_detached_tensor(), name, trained: slot.trained, var });
            }
            let inside = match spec {
                LayerSpec::Residual { layers } => Self::make(layers, &format!("{path}.layers."), fill)?,
                _ => Vec::new(),
            };
            layers.push(Self { spec: spec.clone(), path, slots, inside, pending: RefCell::new(None) });
        }
        Ok(layers)
    }

    /// Calls `visit` with every layer, those inside after the one they are in.
    pub fn visit(layers: &[Self], visit: &mut dyn FnMut(&Self)) {
        for layer in layers {
            visit(layer);
            Self::visit(&layer.inside, visit);
        }
    }

    /// Its own parameters and buffers.
    pub fn slots(&self) -> &[Filled] {
        &self.slots
    }

    /// The layers one after another, stopping between two when the user asked for it.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], or what a layer says.
    pub fn through(layers: &[Self], x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (mut x, mut layers) = (x.clone(), layers.iter().peekable());
        while let Some(layer) = layers.next() {
            if interrupt::requested() {
                return Err(EngineError::Interrupted);
            }
            // A relu right after a convolution is computed with it.
            let fused = matches!(layer.spec, LayerSpec::Conv2d { .. })
                && layers.next_if(|next| next.spec == LayerSpec::Relu).is_some();
            x = layer.forward(&x, mode, fused)?;
        }
        Ok(x)
    }

    /// Makes the running statistics of the newest training forward pass permanent.
    ///
    /// # Errors
    /// candle's.
    pub fn commit(&self) -> Result<()> {
        if let Some([mean, variance]) = self.pending.borrow_mut().take() {
            self.slots[2].var.set(&mean)?;
            self.slots[3].var.set(&variance)?;
        }
        Ok(())
    }

    fn forward(&self, x: &Tensor, mode: Mode, relu: bool) -> Result<Tensor> {
        self.fits(x)?;
        let slot = |i: usize| self.slots.get(i).map(|slot| slot.tensor(mode));
        let own = |i: usize| self.slots[i].tensor(mode);
        Ok(match self.spec {
            LayerSpec::Linear { .. } => linear(x, own(0), slot(1))?,
            LayerSpec::Conv2d { kernel, stride, padding, .. } => {
                conv2d(x, own(0), slot(1), Window { kernel, stride, padding }, relu)?
            }
            LayerSpec::MaxPool2d { kernel, stride } => max_pool2d(x, kernel, stride)?,
            LayerSpec::Flatten => x.reshape((x.dim(0)?, ()))?,
            LayerSpec::Embedding { .. } => embedding(own(0), x)?,
            LayerSpec::LayerNorm { eps, .. } => layer_norm(x, own(0), own(1), eps)?,
            LayerSpec::BatchNorm { eps, momentum, .. } => self.batch_norm(x, eps, momentum, mode)?,
            LayerSpec::Dropout { rate } => match mode {
                Mode::Train { seed, step } if rate > 0.0 => {
                    dropout(x, rate as f32, seed.stream(&format!("dropout/{}/{step}", self.path)))?
                }
                _ => x.clone(),
            },
            LayerSpec::Relu => Activation::Relu.forward(x)?,
            LayerSpec::Gelu => Activation::Gelu.forward(x)?,
            LayerSpec::Silu => Activation::Silu.forward(x)?,
            LayerSpec::Tanh => Activation::Tanh.forward(x)?,
            LayerSpec::Sigmoid => Activation::Sigmoid.forward(x)?,
            LayerSpec::Softmax => softmax(x)?,
            LayerSpec::Residual { .. } => (Self::through(&self.inside, x, mode)? + x)?,
        })
    }

    /// Refuses numbers of a type that the layer does not take.
    fn fits(&self, x: &Tensor) -> Result<()> {
        let (wanted, name) = match self.spec {
            LayerSpec::Embedding { .. } => (DType::U32, "whole numbers (u32)"),
            LayerSpec::Flatten => return Ok(()),
            _ => (DType::F32, "f32"),
        };
        if x.dtype() == wanted {
            return Ok(());
        }
        Err(EngineError::Shape {
            layer: format!("{} ({})", self.path, self.spec.kind()),
            expected: name.to_owned(),
            found: format!("{} of shape {:?}", x.dtype().as_str(), x.dims()),
        })
    }

    fn batch_norm(&self, x: &Tensor, eps: f64, momentum: f64, mode: Mode) -> Result<Tensor> {
        let [weight, bias, running_mean, running_variance] = [0, 1, 2, 3].map(|i| self.slots[i].tensor(mode));
        if mode == Mode::Evaluate {
            return Ok(batch_norm(x, weight, bias, (running_mean, running_variance), eps, false)?);
        }
        let count = x.elem_count() / weight.elem_count();
        if count < 2 {
            return Err(EngineError::Shape {
                layer: format!("{} (batch_norm)", self.path),
                expected: "at least 2 numbers of each channel in training".to_owned(),
                found: format!("{:?}", x.dims()),
            });
        }
        let (mean, variance) = statistics(x)?;
        // The running variance is the estimate for the population: divided by count − 1.
        let unbiased = count as f64 / (count - 1) as f64;
        let mix = |old: &Tensor, new: &Tensor, factor: f64| {
            (old.detach().affine(1.0 - momentum, 0.0)? + new.affine(momentum * factor, 0.0)?)?.contiguous()
        };
        let pending = [mix(running_mean, &mean, 1.0)?, mix(running_variance, &variance, unbiased)?];
        *self.pending.borrow_mut() = Some(pending);
        Ok(batch_norm(x, weight, bias, (&mean, &variance), eps, true)?)
    }
}

impl Filled {
    fn tensor(&self, mode: Mode) -> &Tensor {
        match mode {
            Mode::Train { .. } if self.trained => self.var.as_tensor(),
            _ => &self.twin,
        }
    }
}
