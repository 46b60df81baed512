//! Activation functions of one number, each with its derivative. Read [`Activation`] first.

use super::host::{host, numbers};
use super::simd::{normal, sigmoid, tanh, vectorized};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// A function applied to each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`; its derivative at 0 is 0, and what is not a number stays so.
    Relu,
    /// `x·Φ(x)`, the exact form by the error function (Hendrycks and Gimpel, 2016), as PyTorch's default; the
    /// approximation by tanh would be another function and is not faster here.
    Gelu,
    /// `x·sigmoid(x)`.
    Silu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
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
        self.composed(x)
    }

    /// The same of candle's own operations, for other devices.
    ///
    /// # Errors
    /// candle's.
    pub fn composed(self, x: &Tensor) -> Result<Tensor> {
        let sigmoid = |x: &Tensor| (x.neg()?.exp()? + 1.0)?.recip();
        match self {
            Self::Relu => x.relu(),
            Self::Gelu => x.gelu_erf(),
            Self::Silu => x * sigmoid(x)?,
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
        }
    }
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = numbers(x, layout)?;
        let y = match self {
            Self::Relu => map(
                x,
                #[inline(always)]
                |x| if x < 0.0 { 0.0 } else { x },
            ),
            Self::Gelu => map(
                x,
                #[inline(always)]
                |x| x * normal(x).0,
            ),
            Self::Silu => map(
                x,
                #[inline(always)]
                |x| x * sigmoid(x),
            ),
            Self::Tanh => map(x, tanh),
            Self::Sigmoid => map(x, sigmoid),
        };
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let (x_host, y_host, d_host) = (host(x), host(y), host(&gradient));
        let (inputs, outputs, d) = (x_host.numbers()?, y_host.numbers()?, d_host.numbers()?);
        let dx = match self {
            Self::Relu => map2(
                outputs,
                d,
                #[inline(always)]
                |y, d| if y <= 0.0 { 0.0 } else { d },
            ),
            Self::Gelu => map2(
                inputs,
                d,
                #[inline(always)]
                |x, d| {
                    let (below, density) = normal(x);
                    d * (below + x * density)
                },
            ),
            Self::Silu => map2(
                inputs,
                d,
                #[inline(always)]
                |x, d| {
                    let s = sigmoid(x);
                    d * s * (1.0 + x * (1.0 - s))
                },
            ),
            Self::Tanh => map2(
                outputs,
                d,
                #[inline(always)]
                |y, d| d * (1.0 - y * y),
            ),
            Self::Sigmoid => map2(
                outputs,
                d,
                #[inline(always)]
                |y, d| d * y * (1.0 - y),
            ),
        };
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}

fn map(x: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
    vectorized(
        #[inline(always)]
        || x.iter().map(|&x| f(x)).collect(),
    )
}

fn map2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    vectorized(
        #[inline(always)]
        || a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect(),
    )
}
