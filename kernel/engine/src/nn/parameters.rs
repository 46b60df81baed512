//! What a user's own module takes its parameters from: by name, drawn from the net's seed, or copied, or read from a file.
//!
//! Must not know nets. Read [`Parameters`] first; [`Block`] and [`Buffer`] are what it gives beside tensors.

use super::LayerSpec;
use super::init::{Init, Slot};
use super::layer::{Fill, Filled, Layer, Mode};
use super::module::Forward;
use crate::{EngineError, Result, memory};
use candle_core::{Device, Shape, Tensor, TensorId, Var};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gives a module its parameters, each by its own name.
///
/// The closure of [`Net::of`](super::Net::of) is called with it whenever the net's parameters are drawn, copied, moved to
/// another device or read from a file: it asks for the same names and shapes every time, and must not keep anything else.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// struct Attention { query: Block, key: Block, temperature: Tensor }
///
/// impl Attention {
///     fn new(parameters: &Parameters, width: usize) -> Result<Self, EngineError> {
///         Ok(Self {
///             query: parameters.linear("query", width, width)?,                       // query.weight, query.bias
///             key: parameters.layer("key", LayerSpec::linear(width, width)?)?,        // the same, any built-in layer
///             temperature: parameters.parameter("temperature", 1, Init::Constant(1.0))?,
///         })
///     }
/// }
///
/// impl Forward for Attention {
///     fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
///         let scores = self.query.forward(x, mode)?.matmul(&self.key.forward(x, mode)?.t()?)?;
///         Ok(candle_nn::ops::softmax(&scores.broadcast_div(&self.temperature)?, 1)?.matmul(x)?)
///     }
/// }
///
/// let net = Net::of("attention", |parameters| Attention::new(parameters, 16))?;
/// # Ok::<(), EngineError>(())
/// ```
pub struct Parameters<'a> {
    source: Arc<Mutex<Source<'a>>>,
    made: Rc<Made>,
    /// What stands before each name; empty or ending in a dot.
    prefix: String,
    device: Device,
}

/// What has been made so far, but what [`Source`] has.
#[derive(Default)]
struct Made {
    blocks: RefCell<Vec<Rc<Layer>>>,
    buffers: RefCell<Vec<Buffer>>,
}

/// Where parameters come from, and those that were given as they are. Behind a mutex, because candle's `VarBuilder` asks
/// for what may be shared between threads.
pub(super) struct Source<'a> {
    fill: &'a mut Fill<'a>,
    names: BTreeSet<String>,
    slots: Vec<Filled>,
    bytes: usize,
}

/// What a module was made of: its own parameters and buffers, its layers, its buffers with a new value.
pub(super) struct Parts {
    pub slots: Vec<Filled>,
    pub blocks: Vec<Rc<Layer>>,
    pub buffers: Vec<Buffer>,
}

impl<'a> Parameters<'a> {
    /// Those of the module at this path, which is empty for a whole net.
    pub(super) fn new(path: &str, device: &Device, fill: &'a mut Fill<'a>) -> Self {
        let source = Source { fill, names: BTreeSet::new(), slots: Vec::new(), bytes: 0 };
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        Self { source: Arc::new(Mutex::new(source)), made: Rc::default(), prefix, device: device.clone() }
    }

    /// A parameter that the optimizer trains: f32 of that shape. Use it as it is: it is the same tensor in every step.
    ///
    /// # Errors
    /// A name that was used before, or one that is empty; a shape that memory has no room for; what a file holds under
    /// that name has another shape.
    pub fn parameter(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        let var = self.keep(name, shape.into(), true, init)?;
        Ok(var.as_tensor().clone())
    }

    /// Numbers that are saved with the net and not trained, such as a running mean.
    ///
    /// # Errors
    /// As [`parameter`](Self::parameter).
    pub fn buffer(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Buffer> {
        let var = self.keep(name, shape.into(), false, init)?;
        let buffer = Buffer { var, next: Rc::default() };
        self.made.buffers.borrow_mut().push(buffer.clone());
        Ok(buffer)
    }

    /// A linear layer with bias, `x·Wᵀ + b`, as `linear(inputs, outputs)` makes it in a `sequential`.
    ///
    /// # Errors
    /// As [`parameter`](Self::parameter), and a size of 0.
    pub fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Block> {
        self.layer(name, LayerSpec::linear(inputs, outputs)?)
    }

    /// A layer of any built-in kind, or another module ([`LayerSpec::own`]).
    ///
    /// # Errors
    /// As [`parameter`](Self::parameter).
    pub fn layer(&self, name: &str, spec: LayerSpec) -> Result<Block> {
        let path = self.full(name)?;
        let source = self.source.clone();
        let mut fill = move |slot: &Slot, name: &str| locked(&source).give(slot, name);
        let layer = Rc::new(Layer::new(spec, path, &self.device, &mut fill)?);
        self.made.blocks.borrow_mut().push(layer.clone());
        Ok(Block(layer))
    }

    /// The same under a name: `within("encoder").linear("0", …)` makes `encoder.0.weight`.
    pub fn within(&self, name: &str) -> Self {
        let prefix = format!("{}{name}.", self.prefix);
        Self { source: self.source.clone(), made: self.made.clone(), prefix, device: self.device.clone() }
    }

    /// candle's builder on top of this, for what candle-nn and other crates make:
    /// `candle_nn::linear(64, 128, parameters.builder().pp("hidden"))`. What is random in their first values is drawn from
    /// the net's seed, too. Names that begin with `running_` become buffers.
    pub fn builder(&self) -> candle_nn::VarBuilder<'a> {
        super::builder::over(self.source.clone(), self.prefix.clone(), &self.device)
    }

    /// The device that the parameters are on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What was made by now.
    pub(super) fn parts(self) -> Parts {
        let slots = std::mem::take(&mut locked(&self.source).slots);
        Parts { slots, blocks: self.made.blocks.take(), buffers: self.made.buffers.take() }
    }

    fn keep(&self, name: &str, shape: Shape, trained: bool, init: Init) -> Result<Var> {
        let full = self.full(name)?;
        locked(&self.source).keep(full, shape, trained, init)
    }

    fn full(&self, name: &str) -> Result<String> {
        if name.is_empty() {
            return Err(EngineError::Value("a parameter or layer needs a name, such as \"weight\"".to_owned()));
        }
        Ok(format!("{}{name}", self.prefix))
    }
}

impl Source<'_> {
    /// A parameter or buffer that the module holds itself.
    pub fn keep(&mut self, name: String, shape: Shape, trained: bool, init: Init) -> Result<Var> {
        let slot = Slot { name: name.clone().into(), shape: shape.into_dims(), trained, init };
        let var = self.give(&slot, &name)?;
        self.slots.push(Filled::new(name, trained, var.clone()));
        Ok(var)
    }

    /// Whether a parameter or buffer of that full name was made.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn give(&mut self, slot: &Slot, name: &str) -> Result<Var> {
        if !self.names.insert(name.to_owned()) {
            let how = "give each its own, or clone the tensor to use one twice";
            return Err(EngineError::Value(format!("there are two parameters named {name}: {how}")));
        }
        self.bytes = self.bytes.saturating_add(slot.bytes());
        refuse_too_large(self.bytes, || format!("the parameters up to {name}"))?;
        (self.fill)(slot, name)
    }
}

/// What is too large for the machine would end the process at its allocation.
pub(super) fn refuse_too_large(bytes: usize, what: impl Fn() -> String) -> Result<()> {
    const ALWAYS_FITS: usize = 64 << 20;
    if bytes <= ALWAYS_FITS {
        return Ok(());
    }
    let Some(left) = memory::available_bytes().filter(|left| bytes as u64 > *left) else { return Ok(()) };
    let (needed, left) = (bytes as f64 / 1e9, left as f64 / 1e9);
    Err(EngineError::Value(format!("{} take {needed:.1} GB, and {left:.1} GB of memory are left", what())))
}

pub(super) fn locked<'m, 'a>(source: &'m Mutex<Source<'a>>) -> MutexGuard<'m, Source<'a>> {
    // A panic in the user's own code; what was made until then is whole.
    source.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A layer inside a user's own module, with its parameters. A clone is the same layer.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// let net = Net::of("normal", |parameters| {
///     let (norm, out) = (parameters.layer("norm", LayerSpec::batch_norm(4)?)?, parameters.linear("out", 4, 2)?);
///     Ok(Chain(vec![norm, out]))
/// })?;
/// struct Chain(Vec<Block>);
/// impl Forward for Chain {
///     fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
///         self.0.iter().try_fold(x.clone(), |x, block| block.forward(&x, mode))
///     }
/// }
/// # Ok::<(), EngineError>(())
/// ```
#[derive(Clone)]
pub struct Block(Rc<Layer>);

impl Block {
    /// The layer's output for `x`.
    ///
    /// # Errors
    /// What the layer takes and what it was given.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.0.checked_forward(x, mode)
    }
}

impl Forward for Block {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.forward(x, mode)
    }
}

/// Numbers of a module that are saved and not trained. A clone is the same buffer.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// struct Centered { mean: Buffer, output: Block }
///
/// impl Forward for Centered {
///     fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
///         if mode.is_train() {
///             self.mean.set(&((self.mean.tensor() * 0.9)? + (x.mean(0)? * 0.1)?)?);
///         }
///         self.output.forward(&x.broadcast_sub(&self.mean.tensor())?, mode)
///     }
/// }
///
/// let net = Net::of("centered", |parameters| {
///     let mean = parameters.buffer("mean", 4, Init::Constant(0.0))?;
///     Ok(Centered { mean, output: parameters.linear("output", 4, 2)? })
/// })?;
/// # Ok::<(), EngineError>(())
/// ```
#[derive(Clone)]
pub struct Buffer {
    var: Var,
    next: Rc<RefCell<Option<Tensor>>>,
}

impl Buffer {
    /// The numbers, without a record for the backward pass.
    pub fn tensor(&self) -> Tensor {
        self.var.as_detached_tensor()
    }

    /// Sets the numbers once this batch has been trained on: a forward pass that is repeated after an interrupt finds the
    /// old ones. Out of training nothing is set.
    pub fn set(&self, value: &Tensor) {
        *self.next.borrow_mut() = Some(value.detach());
    }

    /// Tells it from others.
    pub(super) fn id(&self) -> TensorId {
        self.var.id()
    }

    /// Makes the new numbers permanent.
    pub(super) fn commit(&self) -> Result<()> {
        match self.next.borrow_mut().take() {
            Some(value) if value.dims() != self.var.dims() => Err(EngineError::Value(format!(
                "a buffer of shape {:?} was set to numbers of shape {:?}",
                self.var.dims(),
                value.dims()
            ))),
            // Of its own storage: the value may be a view of the batch.
            Some(value) => Ok(self.var.set(&value.contiguous()?)?),
            None => Ok(()),
        }
    }

    /// Forgets the new numbers.
    pub(super) fn forget(&self) {
        self.next.borrow_mut().take();
    }
}
