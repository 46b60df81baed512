//! Activation functions of one number, each with its derivative. Read [`Activation`] first.

use super::host::{host, numbers};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// A function applied to each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`; its derivative at 0 is 0.
    Relu,
}

impl Activation {
    /// The function of every number of `x`.
    ///
    /// # Errors
    /// candle's, when `x` is not of f32.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() {
            return x.contiguous()?.apply_op1(self);
        }
        match self {
            Self::Relu => x.relu(),
        }
    }
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x: &[f32] = numbers(x, layout)?;
        let y = match self {
            Self::Relu => x.iter().map(|&x| if x <= 0.0 { 0.0 } else { x }).collect(),
        };
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let (x_host, gradient) = (host(x), host(&gradient));
        let pairs = x_host.numbers::<f32>()?.iter().zip(gradient.numbers::<f32>()?);
        let dx: Vec<f32> = match self {
            Self::Relu => pairs.map(|(&x, &d)| if x > 0.0 { d } else { 0.0 }).collect(),
        };
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
