//! Softmax and negative log-likelihood as one operation. Read [`cross_entropy`] first.

use super::host::{host, numbers};
use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor};

/// `mean over the batch of −log softmax(logits)[target]`: logits `[batch, classes]` f32, targets `[batch]` u32.
///
/// # Errors
/// A class out of range, or candle's when shapes or types do not fit.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if logits.device().is_cpu() {
        return logits.contiguous()?.apply_op2(&targets.contiguous()?, CrossEntropy);
    }
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
        if targets.len() != batch {
            candle_core::bail!("{batch} predictions, but {} targets", targets.len());
        }
        let mut sum = 0.0f64;
        for (row, &target) in logits.chunks_exact(classes).zip(targets) {
            let Some(&logit) = row.get(target as usize) else {
                candle_core::bail!("class {target} is out of range: the predictions have {classes} classes");
            };
            let (largest, total) = softmax_sum(row);
            sum += f64::from(total.ln() + largest - logit);
        }
        Ok((CpuStorage::F32(vec![(sum / batch as f64) as f32]), ().into()))
    }

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
        let mut dx = x.numbers::<f32>()?.to_vec();
        for (row, &target) in dx.chunks_exact_mut(classes).zip(t.numbers::<u32>()?) {
            let (largest, total) = softmax_sum(row);
            row.iter_mut().for_each(|x| *x = (*x - largest).exp() * (scale / total));
            row[target as usize] -= scale;
        }
        Ok((Some(Tensor::from_vec(dx, logits.shape(), logits.device())?), None))
    }
}

/// The largest number and `Σ exp(x − largest)`.
fn softmax_sum(row: &[f32]) -> (f32, f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (largest, row.iter().map(|x| (x - largest).exp()).sum())
}
