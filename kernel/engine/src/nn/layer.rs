//! A layer with its parameters, ready to compute. It must not know nets or files. Read [`Layer`] first.

use super::LayerSpec;
use super::init::{self, Slot};
use super::module::{Forward, OwnModule};
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
use super::parameters::{Buffer, Parameters};
use super::shape::{self, Form};
use crate::{EngineError, Result, Seed, interrupt};
use candle_core::{DType, Device, Tensor, Var};
use candlewick_plugin_api::Random;
use std::cell::RefCell;
use std::rc::Rc;

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

impl Mode {
    /// Whether it is training.
    pub fn is_train(self) -> bool {
        self != Self::Evaluate
    }

    /// In training, zeroes numbers of `x` at random, each with probability `rate`, and scales the others up; else `x`. The
    /// stream is named by `name` (one for each place in the net), the step and the run's seed, so that a run that goes on
    /// from a checkpoint drops the same. candle-nn's own dropout cannot be seeded.
    ///
    /// # Errors
    /// A rate that is not at least 0 and below 1.
    pub fn dropout(self, x: &Tensor, rate: f64, name: &str) -> Result<Tensor> {
        if !(0.0..1.0).contains(&rate) {
            return Err(EngineError::Value(format!("dropout: rate must be at least 0 and below 1, not {rate}")));
        }
        match self {
            Self::Train { seed, step } if rate > 0.0 => {
                Ok(dropout(x, rate as f32, seed.stream(&format!("dropout/{name}/{step}")))?)
            }
            _ => Ok(x.clone()),
        }
    }

    /// In training, random numbers of that name, the same whenever this step is made again; none in use.
    pub fn random(self, name: &str) -> Option<Random> {
        match self {
            Self::Train { seed, step } => Some(Random::new(seed.stream(&format!("module/{name}/{step}")))),
            Self::Evaluate => None,
        }
    }
}

/// Where parameters come from: by slot and full name.
pub type Fill<'a> = dyn FnMut(&Slot, &str) -> Result<Var> + Send + 'a;

/// A layer, its parameters and its buffers.
pub struct Layer {
    spec: LayerSpec,
    path: String,
    slots: Vec<Filled>,
    inside: Vec<Rc<Layer>>,
    /// A module of the user's own; its layers are `inside`, what it holds itself are `slots`.
    module: Option<(Box<dyn Forward>, Vec<Buffer>)>,
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
    /// Makes the layers, whose paths begin with `prefix`, on that device, taking each parameter from
    /// `fill(slot, full name)`.
    ///
    /// # Errors
    /// What `fill` or a user's own module says.
    pub fn make(specs: &[LayerSpec], prefix: &str, device: &Device, fill: &mut Fill<'_>) -> Result<Vec<Rc<Self>>> {
        let numbered = specs.iter().enumerate();
        numbered.map(|(i, spec)| Ok(Rc::new(Self::new(spec.clone(), spec.path(prefix, i), device, fill)?))).collect()
    }

    /// Makes one layer at this path.
    ///
    /// # Errors
    /// What `fill` or a user's own module says.
    pub fn new(spec: LayerSpec, path: String, device: &Device, fill: &mut Fill<'_>) -> Result<Self> {
        let pending = RefCell::new(None);
        if let LayerSpec::Own(own) = &spec {
            let parameters = Parameters::new(&path, device, fill);
            let module = own.build(&parameters)?;
            let parts = parameters.parts();
            let (slots, inside, module) = (parts.slots, parts.blocks, Some((module, parts.buffers)));
            return Ok(Self { spec, path, slots, inside, module, pending });
        }
        let mut slots = Vec::new();
        for slot in init::slots(&spec) {
            let name = format!("{path}.{}", slot.name);
            let var = fill(&slot, &name)?;
            slots.push(Filled::new(name, slot.trained, var));
        }
        let inside = match &spec {
            LayerSpec::Residual { layers } => Self::make(layers, &format!("{path}.layers."), device, fill)?,
            _ => Vec::new(),
        };
        Ok(Self { spec, path, slots, inside, module: None, pending })
    }

    /// Calls `visit` with every layer, those inside after the one they are in.
    pub fn visit(layers: &[Rc<Self>], visit: &mut dyn FnMut(&Self)) {
        for layer in layers {
            visit(layer);
            Self::visit(&layer.inside, visit);
        }
    }

    /// What it was made from.
    pub fn spec(&self) -> &LayerSpec {
        &self.spec
    }

    /// Its path, such as `2.layers.0`; empty for a module that is the whole net.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The layers inside it.
    pub fn inside(&self) -> &[Rc<Self>] {
        &self.inside
    }

    /// Its own parameters and buffers.
    pub fn slots(&self) -> &[Filled] {
        &self.slots
    }

    /// Buffers that a module changes while it computes, as candle-nn's batch normalisation does its running statistics.
    pub fn changing(&self) -> impl Iterator<Item = &Var> {
        let kept = self.module.iter().flat_map(|(_, buffers)| buffers).map(Buffer::id).collect::<Vec<_>>();
        let own = self.module.iter().flat_map(|_| &self.slots).filter(|slot| !slot.trained).map(|slot| &slot.var);
        own.filter(move |var| !kept.contains(&var.id()))
    }

    /// The layers one after another, stopping between two when the user asked for it.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], or what a layer says.
    pub fn through(layers: &[Rc<Self>], x: &Tensor, mode: Mode) -> Result<Tensor> {
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
        let buffers = self.module.iter().flat_map(|(_, buffers)| buffers);
        buffers.into_iter().try_for_each(Buffer::commit)
    }

    /// The layer's output for `x`, of which nobody has checked that it fits.
    ///
    /// # Errors
    /// [`EngineError::Shape`], [`EngineError::Interrupted`], or candle's.
    pub fn checked_forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if interrupt::requested() {
            return Err(EngineError::Interrupted);
        }
        shape::output(&self.spec, &self.path, &Form::exact(x.dims()))?;
        self.forward(x, mode, false)
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
            LayerSpec::Own(ref own) => return self.run(own, x, mode),
        })
    }

    /// A module of the user's own.
    fn run(&self, own: &OwnModule, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Some((module, buffers)) = &self.module else {
            return Err(EngineError::Value(format!("the module {} was not made", own.name())));
        };
        let output = own.run(&**module, x, mode);
        match mode {
            Mode::Train { .. } => output,
            Mode::Evaluate => {
                buffers.iter().for_each(Buffer::forget);
                // Its parameters record for the backward pass, which nobody asks for here.
                Ok(output?.detach())
            }
        }
    }

    /// Refuses numbers of a type that the layer does not take.
    fn fits(&self, x: &Tensor) -> Result<()> {
        let (wanted, name) = match self.spec {
            LayerSpec::Embedding { .. } => (DType::U32, "whole numbers (u32)"),
            LayerSpec::Flatten | LayerSpec::Own(_) => return Ok(()),
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
    /// A parameter, or a buffer, of that full name.
    pub fn new(name: String, trained: bool, var: Var) -> Self {
        Self { twin: var.as_detached_tensor(), name, trained, var }
    }

    fn tensor(&self, mode: Mode) -> &Tensor {
        match mode {
            Mode::Train { .. } if self.trained => self.var.as_tensor(),
            _ => &self.twin,
        }
    }
}
