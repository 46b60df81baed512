//! Softmax and negative log-likelihood as one operation. Read [`cross_entropy`] first.

use super::host::{host, numbers};
use super::simd::vectorized;
use super::softmax::powers;
use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor};

/// `mean over the batch of −log softmax(logits)[target]`: logits `[batch, classes]` f32, targets `[batch]` u32.
///
/// # Errors
/// A class out of range, or candle's when shapes or types do not fit.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if logits.device().is_cpu() {
        return logits.contiguous()?.apply_op2(&targets.contiguous()?, CrossEntropy);
    }
    composed(logits, targets)
}

/// The same of candle's own operations, for other devices.
pub fn composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let picked = shifted.broadcast_sub(&log_sum)?.gather(&targets.unsqueeze(1)?, 1)?;
    picked.mean_all()?.neg()
}

struct CrossEntropy;

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(&self, x: &CpuStorage, x_l: &Layout, t: &CpuStorage, t_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, classes) = x_l.shape().dims2()?;
        let (logits, targets) = (numbers::<f32>(x, x_l)?, numbers::<u32>(t, t_l)?);
        if targets.len() != batch || targets.iter().any(|&target| target as usize >= classes) {
            candle_core::bail!("cross_entropy needs one target in 0..{classes} for each of {batch} predictions");
        }
        let mut row = vec![0.0; classes];
        let sum = vectorized(
            #[inline(always)]
            || {
                logits.chunks_exact(classes).zip(targets).fold(0.0f64, |sum, (logits, &target)| {
                    row.copy_from_slice(logits);
                    let (largest, total) = powers(&mut row);
                    sum + f64::from(total).ln() + f64::from(largest - logits[target as usize])
                })
            },
        );
        Ok((CpuStorage::F32(vec![(sum / batch as f64) as f32]), ().into()))
    }

    /// `(softmax − one-hot target) / batch`.
    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _loss: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, classes) = logits.dims2()?;
        let scale = gradient.to_scalar::<f32>()? / batch as f32;
        let (x, t) = (host(logits), host(targets));
        let (mut dx, targets) = (x.numbers::<f32>()?.to_vec(), t.numbers::<u32>()?);
        vectorized(
            #[inline(always)]
            || {
                for (row, &target) in dx.chunks_exact_mut(classes).zip(targets) {
                    let (_, total) = powers(row);
                    let factor = scale / total;
                    row.iter_mut().for_each(|x| *x *= factor);
                    row[target as usize] -= scale;
                }
            },
        );
        Ok((Some(Tensor::from_vec(dx, logits.shape(), logits.device())?), None))
    }
}
