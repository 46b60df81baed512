//! Lion. Read [`Lion`] first.

use super::update::in_place;
use crate::nn::ops::host::host;
use crate::nn::ops::simd::vectorized;
use candle_core::{Result, Tensor, Var};

/// One step of Lion (Chen and others, 2023, algorithm 2).
pub struct Lion {
    pub learning_rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub weight_decay: f64,
}

impl Lion {
    /// Updates the parameter and its running mean, in one pass on the CPU.
    pub fn apply(&self, var: &Var, gradient: &Tensor, m: &Var) -> Result<()> {
        let gradient = gradient.contiguous()?;
        let held = host(&gradient);
        let g = held.numbers::<f32>()?;
        in_place(var, |p| {
            in_place(m, |m| {
                self.update(p, g, m);
                Ok(())
            })
        })
    }

    fn update(&self, p: &mut [f32], g: &[f32], m: &mut [f32]) {
        let (beta1, rest1) = (self.beta1 as f32, (1.0 - self.beta1) as f32);
        let (beta2, rest2) = (self.beta2 as f32, (1.0 - self.beta2) as f32);
        let (keep, rate) = ((1.0 - self.learning_rate * self.weight_decay) as f32, self.learning_rate as f32);
        vectorized(
            #[inline(always)]
            || {
                for ((p, &g), m) in p.iter_mut().zip(g).zip(m) {
                    let direction = beta1 * *m + rest1 * g;
                    // The sign, 0 at 0; what is not a number stays so.
                    let sign = if direction == 0.0 { 0.0 } else { direction.signum() };
                    *p = keep * *p - rate * sign;
                    *m = beta2 * *m + rest2 * g;
                }
            },
        );
    }

    /// The same of candle's own operations, for other devices.
    pub fn composed(&self, var: &Var, gradient: &Tensor, m: &Var) -> Result<()> {
        let (old, mean) = (var.as_detached_tensor(), m.as_detached_tensor());
        let direction = ((&mean * self.beta1)? + (gradient * (1.0 - self.beta1))?)?.sign()?;
        let keep = 1.0 - self.learning_rate * self.weight_decay;
        var.set(&((old * keep)? - (direction * self.learning_rate)?)?)?;
        m.set(&((mean * self.beta2)? + (gradient * (1.0 - self.beta2))?)?)
    }
}
