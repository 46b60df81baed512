//! What plugins see of the net.

use crate::nn::Net;
use candle_core::Tensor;
use candlewick_plugin_api::{Model, PluginError};

/// The net, as `ctx.model`.
pub(super) struct NetView(pub Net);

impl Model for NetView {
    fn parameter_names(&self) -> Vec<String> {
        self.0.parameters().into_iter().map(|(name, _)| name).collect()
    }

    fn parameter(&self, name: &str) -> Option<Tensor> {
        let (_, var) = self.0.parameters().into_iter().find(|(own, _)| own == name)?;
        Some(var.as_detached_tensor())
    }

    fn set_parameter(&self, name: &str, value: &Tensor) -> Result<(), PluginError> {
        let parameters = self.0.parameters();
        let Some((_, var)) = parameters.iter().find(|(own, _)| own == name) else {
            let names = parameters.iter().map(|(own, _)| own.as_str());
            let nearest =
                candlewick_plugin_api::nearest(name, names).map_or(String::new(), |n| format!("; did you mean {n}?"));
            return Err(PluginError::invalid(format!("the model has no parameter {name}{nearest}")));
        };
        if var.shape() != value.shape() {
            let (expected, found) = (var.dims(), value.dims());
            return Err(PluginError::invalid(format!(
                "parameter {name} has shape {expected:?}, but was given {found:?}"
            )));
        }
        Ok(var.set(&value.to_dtype(var.dtype())?.to_device(var.device())?)?)
    }
}
