//! Losses that compare number by number: their mean and its gradient as one operation. Read [`Difference`] first.

use super::host::{host, numbers};
use super::simd::{exp, sigmoid, vectorized};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// A function of a prediction `p` and its target `t`, of which the mean is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// `(p − t)²`.
    Squared,
    /// `|p − t|`; its derivative where they are equal is 0.
    Absolute,
    /// `−t·ln s − (1 − t)·ln(1 − s)` with `s = sigmoid(p)`, computed without overflow.
    BinaryCrossEntropy,
}

impl Difference {
    /// The mean over all numbers; both tensors f32 of one shape.
    ///
    /// # Errors
    /// candle's, when shapes or types do not fit.
    pub fn mean(self, predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
        if predictions.device().is_cpu() {
            return predictions.contiguous()?.apply_op2(&targets.contiguous()?, self);
        }
        self.composed(predictions, targets)
    }

    /// The same of candle's own operations, for other devices.
    ///
    /// # Errors
    /// candle's.
    pub fn composed(self, predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self {
            Self::Squared => (predictions - targets)?.sqr()?.mean_all(),
            Self::Absolute => (predictions - targets)?.abs()?.mean_all(),
            Self::BinaryCrossEntropy => {
                let soft = (predictions.abs()?.neg()?.exp()? + 1.0)?.log()?;
                ((predictions.relu()? - (predictions * targets)?)? + soft)?.mean_all()
            }
        }
    }

    #[inline(always)]
    fn value(self, p: f32, t: f32) -> f64 {
        match self {
            Self::Squared => f64::from(p - t) * f64::from(p - t),
            Self::Absolute => f64::from(p - t).abs(),
            Self::BinaryCrossEntropy => {
                f64::from(p).max(0.0) - f64::from(p) * f64::from(t) + f64::from(exp(-p.abs())).ln_1p()
            }
        }
    }

    #[inline(always)]
    fn derivative(self, p: f32, t: f32) -> f32 {
        match self {
            Self::Squared => 2.0 * (p - t),
            Self::Absolute if p == t => 0.0,
            Self::Absolute => (p - t).signum(),
            Self::BinaryCrossEntropy => sigmoid(p) - t,
        }
    }
}

impl CustomOp2 for Difference {
    fn name(&self) -> &'static str {
        match self {
            Self::Squared => "mse",
            Self::Absolute => "mae",
            Self::BinaryCrossEntropy => "bce_with_logits",
        }
    }

    fn cpu_fwd(&self, p: &CpuStorage, p_l: &Layout, t: &CpuStorage, t_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (p, t) = (numbers::<f32>(p, p_l)?, numbers::<f32>(t, t_l)?);
        if p.len() != t.len() {
            candle_core::bail!("{} predictions, but {} targets", p.len(), t.len());
        }
        let sum = vectorized(
            #[inline(always)]
            || p.iter().zip(t).fold(0.0, |sum, (&p, &t)| sum + self.value(p, t)),
        );
        Ok((CpuStorage::F32(vec![(sum / p.len() as f64) as f32]), ().into()))
    }

    fn bwd(
        &self,
        predictions: &Tensor,
        targets: &Tensor,
        _loss: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (p_host, t_host) = (host(predictions), host(targets));
        let (p, t) = (p_host.numbers::<f32>()?, t_host.numbers::<f32>()?);
        let scale = gradient.to_scalar::<f32>()? / p.len() as f32;
        let dp = vectorized(
            #[inline(always)]
            || p.iter().zip(t).map(|(&p, &t)| scale * self.derivative(p, t)).collect::<Vec<f32>>(),
        );
        Ok((Some(Tensor::from_vec(dp, predictions.shape(), predictions.device())?), None))
    }
}
