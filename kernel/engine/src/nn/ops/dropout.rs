//! Dropout from a named stream. Read [`dropout`] first.

use super::host::{host, numbers};
use crate::Stream;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// Zeroes each number with probability `rate` and divides the others by `1 − rate`, so that the expected value stays.
///
/// # Errors
/// candle's.
pub fn dropout(x: &Tensor, rate: f32, mut stream: Stream) -> Result<Tensor> {
    let kept = 1.0 / (1.0 - rate);
    let mask: Vec<f32> = (0..x.elem_count()).map(|_| if stream.uniform() < rate { 0.0 } else { kept }).collect();
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(Mask(mask));
    }
    x * Tensor::from_vec(mask, x.shape(), x.device())?
}

struct Mask(Vec<f32>);

impl Mask {
    fn apply(&self, x: &[f32]) -> Vec<f32> {
        x.iter().zip(&self.0).map(|(x, factor)| x * factor).collect()
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.apply(numbers(x, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let dx = self.apply(host(&gradient).numbers()?);
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
