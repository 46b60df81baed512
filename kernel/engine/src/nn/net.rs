//! A net: layers in a row, their parameters, and who trains them. Read [`Net`] first.

use super::LayerSpec;
use super::init::{self, Slot};
use super::layer::{Fill, Layer, Mode};
use super::module::{Forward, OwnModule};
use super::parameters::{Parameters, refuse_too_large};
use super::shape::{self, Form};
use crate::{EngineError, Result, Seed};
use candle_core::{DType, Device, Tensor, Var};
use candlewick_plugin_api::{Model, PluginError, RunId};
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

/// Layers in a row, or a module of the user's own. A clone is the same net; [`copy`](Self::copy) makes another. Parameters are drawn on first use.
#[derive(Clone)]
pub struct Net(Rc<Inner>);

struct Inner {
    specs: Vec<LayerSpec>,
    layers: RefCell<Vec<Rc<Layer>>>,
    device: RefCell<Option<Device>>,
    owner: Cell<Option<RunId>>,
    /// The newest input shape that was found to fit, so that it is not checked again at every step.
    checked: RefCell<Vec<usize>>,
}

/// Numbers in one piece of inputs that [`Net::predict`] computes at once.
const PIECE: usize = 1 << 20;

impl Net {
    /// A net of those layers, without parameters yet.
    ///
    /// # Errors
    /// No layers, a size that makes no sense, or neighbours that cannot fit.
    pub fn sequential(specs: Vec<LayerSpec>) -> Result<Self> {
        if specs.is_empty() {
            return Err(EngineError::Value("a net needs at least one layer".to_owned()));
        }
        let specs = specs.into_iter().map(LayerSpec::checked).collect::<Result<Vec<_>>>()?;
        shape::through(&specs, "", Form::unknown())?;
        let net = Self::undrawn(specs);
        // So that a mistake in a module's own code is told where the net is made.
        if net.has_own() {
            net.trial()?;
        }
        Ok(net)
    }

    /// A net that is a module of the user's own. `make` gives it its parameters by name; it is called at once, with
    /// parameters of zeros, and again whenever parameters are drawn, copied, moved or read from a file.
    ///
    /// Such a net does all that others do. A saved one can be read only by one of the same name, with
    /// [`load_parameters`](Self::load_parameters).
    ///
    /// ```
    /// # use candle_core::{Device, Module, Tensor, Var};
    /// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
    /// # use candlewick_plugin_api::Random;
    /// let net = Net::of("logistic", |parameters| {
    ///     let weight = parameters.parameter("weight", (4, 3), Init::FanIn(4))?;
    ///     Ok(move |x: &Tensor| x.matmul(&weight))
    /// })?;
    /// let of_candle_nn = Net::of("dense", |parameters| Ok(candle_nn::linear(4, 3, parameters.builder().pp("dense"))?))?;
    /// # Ok::<(), EngineError>(())
    /// ```
    ///
    /// # Errors
    /// What `make` says.
    pub fn of<M: Forward + 'static>(name: &str, make: impl Fn(&Parameters<'_>) -> Result<M> + 'static) -> Result<Self> {
        if name.is_empty() {
            return Err(EngineError::Value("a net of your own needs a name, such as \"mlp\"".to_owned()));
        }
        Self::sequential(vec![LayerSpec::Own(OwnModule::new(name, true, make))])
    }

    /// What it is: `sequential`, or the name of the module that it is.
    pub fn name(&self) -> &str {
        match self.layers() {
            [LayerSpec::Own(own)] if own.is_whole() => own.name(),
            _ => "sequential",
        }
    }

    /// The layers' specs.
    pub fn layers(&self) -> &[LayerSpec] {
        &self.0.specs
    }

    /// Whether the parameters have been drawn.
    pub fn is_drawn(&self) -> bool {
        self.0.device.borrow().is_some()
    }

    /// The device of the parameters, once drawn.
    pub fn device(&self) -> Option<Device> {
        self.0.device.borrow().clone()
    }

    /// Draws the parameters from streams named by their paths, unless that was done before.
    ///
    /// # Errors
    /// candle's, when the device has no room.
    pub fn draw(&self, seed: Seed, device: &Device) -> Result<()> {
        if self.is_drawn() { Ok(()) } else { self.redraw(seed, device) }
    }

    /// Draws the parameters anew, whatever they were.
    ///
    /// # Errors
    /// Parameters that take more memory than there is; candle's, when the device has no room.
    pub fn redraw(&self, seed: Seed, device: &Device) -> Result<()> {
        self.refuse_too_large(device)?;
        self.fill(device, &mut |slot, name| init::draw(slot, name, seed, device))
    }

    /// The shape that comes out for inputs of that shape, the batch included. A net with a module of the user's own is
    /// tried with zeros, of f32 unless its first layer takes whole numbers.
    ///
    /// # Errors
    /// [`EngineError::Shape`] naming the layer and both shapes; what a module says.
    pub fn check(&self, input: &[usize]) -> Result<Vec<usize>> {
        let first = self.layers().first();
        let whole = matches!(first, Some(LayerSpec::Embedding { .. }));
        self.check_as(input, if whole { DType::U32 } else { DType::F32 })
    }

    /// As [`check`](Self::check), for inputs of that type.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_as(&self, input: &[usize], dtype: DType) -> Result<Vec<usize>> {
        let form = shape::through(&self.0.specs, "", Form::exact(input))?;
        match form.dims() {
            Some(dims) => Ok(dims),
            None if self.has_own() => self.try_with_zeros(input, dtype),
            None => Err(EngineError::Value(format!("no shape follows from an input of {input:?}"))),
        }
    }

    /// The net's output for `x`. In training, [`commit`](Self::commit) makes its traces in the net permanent.
    ///
    /// # Errors
    /// Shapes that do not fit, parameters not drawn yet, or [`EngineError::Interrupted`], after which the same call
    /// may be made again.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if *self.0.checked.borrow() != x.dims() {
            shape::through(&self.0.specs, "", Form::exact(x.dims()))?;
            *self.0.checked.borrow_mut() = x.dims().to_vec();
        }
        let layers = self.drawn()?;
        if mode.is_train() && self.has_own() {
            return unless_failed(&layers, || Layer::through(&layers, x, mode));
        }
        Layer::through(&layers, x, mode)
    }

    /// Makes the running statistics of the newest training forward pass permanent (batch normalisation).
    ///
    /// # Errors
    /// candle's.
    pub fn commit(&self) -> Result<()> {
        let mut outcome = Ok(());
        Layer::visit(&self.0.layers.borrow(), &mut |layer| {
            if outcome.is_ok() {
                outcome = layer.commit();
            }
        });
        outcome
    }

    /// The net's output for `x` as in use, computed piece by piece, so that memory does not grow with `x`.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), and inputs without a single example.
    pub fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let count = *x.dims().first().unwrap_or(&0);
        if count == 0 {
            return Err(EngineError::Data(format!("there is nothing to predict in inputs of shape {:?}", x.dims())));
        }
        let rows = (PIECE / (x.elem_count() / count).max(1)).clamp(1, 1024);
        if count <= rows {
            return self.forward(x, Mode::Evaluate);
        }
        let piece = |start| self.forward(&x.narrow(0, start, rows.min(count - start))?, Mode::Evaluate);
        let pieces = (0..count).step_by(rows).map(piece).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&pieces, 0)?)
    }

    /// The parameters in name order, such as `0.weight`.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        self.slots(true)
    }

    /// The buffers in name order, such as `1.running_mean`: what is saved with the net but not trained.
    pub fn buffers(&self) -> Vec<(String, Var)> {
        self.slots(false)
    }

    /// Another net with the same layers and, when drawn, the same parameters and buffers; no run owns it.
    ///
    /// # Errors
    /// candle's, when there is no room.
    pub fn copy(&self) -> Result<Self> {
        let copy = self.blank();
        if let Some(device) = self.device() {
            self.hand_to(&copy, &device)?;
        }
        Ok(copy)
    }

    /// Moves the parameters and buffers to that device; nothing happens where they are there or not drawn yet.
    ///
    /// # Errors
    /// candle's, when the device has no room; the net stays where it was.
    pub fn to_device(&self, device: &Device) -> Result<()> {
        match self.device() {
            Some(own) if !own.same_device(device) => self.hand_to(self, device),
            _ => Ok(()),
        }
    }

    /// Which unfinished run trains this net.
    pub fn owner(&self) -> Option<RunId> {
        self.0.owner.get()
    }

    /// Notes which unfinished run trains this net.
    pub fn set_owner(&self, owner: Option<RunId>) {
        self.0.owner.set(owner);
    }

    /// Takes all parameters and buffers from `fill`; nothing changes when one fails.
    pub(super) fn fill(&self, device: &Device, fill: &mut Fill<'_>) -> Result<()> {
        let layers = Layer::make(&self.0.specs, "", device, fill)?;
        *self.0.layers.borrow_mut() = layers;
        *self.0.device.borrow_mut() = Some(device.clone());
        Ok(())
    }

    /// A net of the same layers without parameters.
    pub(super) fn blank(&self) -> Self {
        Self::undrawn(self.0.specs.clone())
    }

    /// Takes the parameters and buffers of another net of the same layers, which has none then.
    pub(super) fn take(&self, other: &Self) {
        self.0.layers.replace(other.0.layers.take());
        self.0.device.replace(other.0.device.take());
    }

    /// The layers as they are, or, not drawn yet, with parameters of zeros, which nothing else sees.
    pub(super) fn made(&self) -> Result<Vec<Rc<Layer>>> {
        if self.is_drawn() { Ok(self.0.layers.borrow().clone()) } else { self.trial() }
    }

    /// Whether a module of the user's own is in it.
    pub(super) fn has_own(&self) -> bool {
        self.layers().iter().any(LayerSpec::has_own)
    }

    fn undrawn(specs: Vec<LayerSpec>) -> Self {
        let (layers, device, checked) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { specs, layers, device, owner: Cell::new(None), checked }))
    }

    fn trial(&self) -> Result<Vec<Rc<Layer>>> {
        let mut zeros = |slot: &Slot, _: &str| Ok(Var::zeros(slot.shape.as_slice(), DType::F32, &Device::Cpu)?);
        Layer::make(&self.0.specs, "", &Device::Cpu, &mut zeros)
    }

    fn try_with_zeros(&self, input: &[usize], dtype: DType) -> Result<Vec<usize>> {
        let x = Tensor::zeros(input, dtype, &self.device().unwrap_or(Device::Cpu))?;
        Ok(Layer::through(&self.made()?, &x, Mode::Evaluate)?.dims().to_vec())
    }

    fn refuse_too_large(&self, device: &Device) -> Result<()> {
        // A module's own parameters are measured as it asks for them.
        if !device.is_cpu() || self.has_own() {
            return Ok(());
        }
        let bytes = self.summary(None)?.iter().fold(0usize, |sum, row| sum.saturating_add(row.bytes));
        refuse_too_large(bytes, || "the parameters of this net".to_owned())
    }

    /// Gives `other`, of the same layers, copies of this net's parameters and buffers on that device.
    fn hand_to(&self, other: &Self, device: &Device) -> Result<()> {
        let mut own = [self.slots(true), self.slots(false)].concat();
        other.fill(device, &mut |slot, name| {
            let at = own.iter().position(|(n, _)| n == name);
            let (_, var) = own.swap_remove(at.ok_or_else(|| lacks(slot, name))?);
            Ok(Var::from_tensor(&var.as_detached_tensor().to_device(device)?.copy()?)?)
        })
    }

    fn slots(&self, trained: bool) -> Vec<(String, Var)> {
        let mut slots = Vec::new();
        Layer::visit(&self.0.layers.borrow(), &mut |layer| {
            let wanted = layer.slots().iter().filter(|slot| slot.trained == trained);
            slots.extend(wanted.map(|slot| (slot.name.clone(), slot.var.clone())));
        });
        slots.sort_by(|a, b| a.0.cmp(&b.0));
        slots
    }

    fn drawn(&self) -> Result<Ref<'_, [Rc<Layer>]>> {
        if !self.is_drawn() {
            let message = "this net has no parameters yet: draw them with a seed, or train it";
            return Err(EngineError::Value(message.to_owned()));
        }
        Ok(Ref::map(self.0.layers.borrow(), Vec::as_slice))
    }
}

/// What `forward` gives; when it fails, buffers that a module changed on the way are as before, so that it can be
/// repeated.
fn unless_failed(layers: &[Rc<Layer>], forward: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
    let mut before = Vec::new();
    let mut outcome = Ok(());
    Layer::visit(layers, &mut |layer| {
        for var in layer.changing() {
            match var.as_detached_tensor().copy() {
                Ok(copy) => before.push((var.clone(), copy)),
                Err(error) => outcome = Err(error),
            }
        }
    });
    outcome?;
    let output = forward();
    if output.is_err() {
        before.iter().try_for_each(|(var, copy)| var.set(copy))?;
    }
    output
}

/// A net without one of its parameters.
pub(super) fn lacks(slot: &Slot, name: &str) -> EngineError {
    EngineError::Value(format!("parameter {name} of shape {:?} is missing", slot.shape))
}

impl Model for Net {
    fn parameter_names(&self) -> Vec<String> {
        self.parameters().into_iter().map(|(name, _)| name).collect()
    }

    fn parameter(&self, name: &str) -> Option<Tensor> {
        self.parameters().into_iter().find(|(n, _)| n == name).map(|(_, var)| var.as_detached_tensor())
    }

    fn set_parameter(&self, name: &str, value: &Tensor) -> Result<(), PluginError> {
        let parameters = self.parameters();
        let Some((_, var)) = parameters.iter().find(|(n, _)| n == name) else {
            let known = parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
            return Err(PluginError::invalid(EngineError::unknown("parameter", name, known).to_string()));
        };
        if var.dims() != value.dims() || value.dtype() != DType::F32 {
            return Err(PluginError::invalid(format!(
                "parameter {name} is f32 of shape {:?}, but was given {} of shape {:?}",
                var.dims(),
                value.dtype().as_str(),
                value.dims()
            )));
        }
        var.set(value).map_err(PluginError::from)
    }
}
