//! AdamW. Read [`AdamW`] first.

use super::update::in_place;
use crate::nn::ops::host::host;
use crate::nn::ops::simd::vectorized;
use candle_core::{Result, Tensor, Var};

/// One step of Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2, as PyTorch computes it).
pub struct AdamW {
    pub learning_rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    /// The number of this step, from 1.
    pub step: u64,
}

impl AdamW {
    /// Updates the parameter and both running means, in one pass on the CPU.
    pub fn apply(&self, var: &Var, gradient: &Tensor, m: &Var, v: &Var) -> Result<()> {
        let gradient = gradient.contiguous()?;
        let held = host(&gradient);
        let g = held.numbers::<f32>()?;
        in_place(var, |p| {
            in_place(m, |m| {
                in_place(v, |v| {
                    self.update(p, g, m, v);
                    Ok(())
                })
            })
        })
    }

    fn update(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        let (beta1, beta2, eps) = (self.beta1 as f32, self.beta2 as f32, self.eps as f32);
        let (rest1, rest2) = ((1.0 - self.beta1) as f32, (1.0 - self.beta2) as f32);
        let (keep, rate, root) = self.factors();
        let (keep, rate, root) = (keep as f32, rate as f32, root as f32);
        vectorized(
            #[inline(always)]
            || {
                for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                    *m = beta1 * *m + rest1 * g;
                    *v = beta2 * *v + rest2 * (g * g);
                    *p = keep * *p - rate * *m / ((*v).sqrt() * root + eps);
                }
            },
        );
    }

    /// What a parameter is multiplied by, the bias-corrected step size, and the bias correction of the root.
    fn factors(&self) -> (f64, f64, f64) {
        let step = self.step as f64;
        let (bias1, bias2) = (1.0 - self.beta1.powf(step), 1.0 - self.beta2.powf(step));
        (1.0 - self.learning_rate * self.weight_decay, self.learning_rate / bias1, 1.0 / bias2.sqrt())
    }

    /// The same of candle's own operations, for other devices.
    pub fn composed(&self, var: &Var, gradient: &Tensor, m: &Var, v: &Var) -> Result<()> {
        let (keep, rate, root) = self.factors();
        m.set(&((m.as_detached_tensor() * self.beta1)? + (gradient * (1.0 - self.beta1))?)?)?;
        v.set(&((v.as_detached_tensor() * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?)?;
        let denominator = ((v.as_detached_tensor().sqrt()? * root)? + self.eps)?;
        let change = (m.as_detached_tensor().div(&denominator)? * rate)?;
        var.set(&((var.as_detached_tensor() * keep)? - change)?)
    }
}
