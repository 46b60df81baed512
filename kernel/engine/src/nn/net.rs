//! A net: layers in a row, their parameters, and who trains them. Read [`Net`] first.

use super::LayerSpec;
use super::layer::{Layer, Mode};
use super::shape::{self, Form};
use crate::{EngineError, Result, Seed};
use candle_core::{DType, Device, Tensor, Var};
use candlewick_plugin_api::{Model, PluginError, RunId};
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

/// Layers in a row. A clone is the same net. Parameters are drawn on first use.
#[derive(Clone)]
pub struct Net(Rc<Inner>);

struct Inner {
    specs: Vec<LayerSpec>,
    layers: RefCell<Vec<Layer>>,
    device: RefCell<Option<Device>>,
    owner: Cell<Option<RunId>>,
}

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
        let (layers, device, owner) = (RefCell::new(Vec::new()), RefCell::new(None), Cell::new(None));
        Ok(Self(Rc::new(Inner { specs, layers, device, owner })))
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
    /// candle's, when the device has no room.
    pub fn redraw(&self, seed: Seed, device: &Device) -> Result<()> {
        *self.0.layers.borrow_mut() = Layer::draw(&self.0.specs, "", seed, device)?;
        *self.0.device.borrow_mut() = Some(device.clone());
        Ok(())
    }

    /// The shape that comes out for inputs of that shape, the batch included.
    ///
    /// # Errors
    /// [`EngineError::Shape`] naming the layer and both shapes.
    pub fn check(&self, input: &[usize]) -> Result<Vec<usize>> {
        let form = shape::through(&self.0.specs, "", Form::exact(input))?;
        form.dims().ok_or_else(|| EngineError::Value(format!("no shape follows from an input of {input:?}")))
    }

    /// The net's output for `x`.
    ///
    /// # Errors
    /// Shapes that do not fit, parameters not drawn yet, or [`EngineError::Interrupted`].
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.check(x.dims())?;
        Layer::through(&self.drawn()?, x, mode)
    }

    /// The parameters in name order, such as `0.weight`.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        let mut parameters = Vec::new();
        self.0.layers.borrow().iter().for_each(|layer| layer.collect(&mut parameters));
        parameters.sort_by(|a, b| a.0.cmp(&b.0));
        parameters
    }

    /// The buffers.
    pub fn buffers(&self) -> Vec<(String, Var)> {
        Vec::new()
    }

    /// Commit.
    pub fn commit(&self) -> Result<()> {
        Ok(())
    }

    /// Which unfinished run trains this net.
    pub fn owner(&self) -> Option<RunId> {
        self.0.owner.get()
    }

    /// Notes which unfinished run trains this net.
    pub fn set_owner(&self, owner: Option<RunId>) {
        self.0.owner.set(owner);
    }

    fn drawn(&self) -> Result<Ref<'_, [Layer]>> {
        if !self.is_drawn() {
            let message = "this net has no parameters yet: draw them with a seed, or train it";
            return Err(EngineError::Value(message.to_owned()));
        }
        Ok(Ref::map(self.0.layers.borrow(), Vec::as_slice))
    }
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
                "parameter {name} is f32 of shape {:?}, but was given {:?} of shape {:?}",
                var.dims(),
                value.dtype(),
                value.dims()
            )));
        }
        var.set(value).map_err(PluginError::from)
    }
}
