//! Softmax over the last dimension. Read [`softmax`] first.

use super::host::{host, numbers};
use super::simd::{dot, exp, sum, vectorized};
use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};

/// `eˣ / Σ eˣ` over the last dimension.
///
/// # Errors
/// candle's, when `x` is not of f32 or has no dimension.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(Softmax);
    }
    composed(x)
}

/// The same of candle's own operations, for other devices.
pub fn composed(x: &Tensor) -> Result<Tensor> {
    let powers = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}

/// Overwrites the row with `e^(x − largest)`; gives the largest number and the sum of those powers.
#[inline(always)]
pub fn powers(row: &mut [f32]) -> (f32, f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|x| *x = exp(*x - largest));
    (largest, sum(row, |x| x))
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = numbers::<f32>(x, layout)?.to_vec();
        let width = layout.shape().dim(D::Minus1)?.max(1);
        vectorized(
            #[inline(always)]
            || {
                for row in y.chunks_exact_mut(width) {
                    let (_, total) = powers(row);
                    row.iter_mut().for_each(|x| *x /= total);
                }
            },
        );
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    /// `dx = y·(dy − Σ dy·y)`.
    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let (y_host, d_host) = (host(y), host(&gradient));
        let (y, mut dx) = (y_host.numbers::<f32>()?, d_host.numbers::<f32>()?.to_vec());
        let width = x.dim(D::Minus1)?.max(1);
        vectorized(
            #[inline(always)]
            || {
                for (dx, y) in dx.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
                    let total = dot(dx, y);
                    dx.iter_mut().zip(y).for_each(|(d, y)| *d = y * (*d - total));
                }
            },
        );
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
