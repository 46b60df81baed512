//! Stochastic gradient descent. Read [`Sgd`] first.

use super::update::in_place;
use crate::nn::ops::host::host;
use crate::nn::ops::simd::vectorized;
use candle_core::{Result, Tensor, Var};

/// One step of gradient descent with momentum, as PyTorch computes it (no dampening).
pub struct Sgd {
    pub learning_rate: f64,
    pub momentum: f64,
    pub nesterov: bool,
    pub weight_decay: f64,
}

impl Sgd {
    /// Updates the parameter and, with momentum, its memory, in one pass on the CPU.
    pub fn apply(&self, var: &Var, gradient: &Tensor, memory: Option<&Var>) -> Result<()> {
        let gradient = gradient.contiguous()?;
        let held = host(&gradient);
        let g = held.numbers::<f32>()?;
        match memory {
            Some(memory) => in_place(var, |p| {
                in_place(memory, |m| {
                    self.update(p, g, m);
                    Ok(())
                })
            }),
            None => in_place(var, |p| {
                self.update_plain(p, g);
                Ok(())
            }),
        }
    }

    fn update(&self, p: &mut [f32], g: &[f32], m: &mut [f32]) {
        let (rate, momentum, decay) = (self.learning_rate as f32, self.momentum as f32, self.weight_decay as f32);
        // The direction is the memory, with Nesterov's look ahead the gradient and the decayed memory.
        let (of_gradient, of_memory) = if self.nesterov { (1.0, momentum) } else { (0.0, 1.0) };
        vectorized(
            #[inline(always)]
            || {
                for ((p, &g), m) in p.iter_mut().zip(g).zip(m) {
                    let g = g + decay * *p;
                    *m = momentum * *m + g;
                    *p -= rate * (of_gradient * g + of_memory * *m);
                }
            },
        );
    }

    fn update_plain(&self, p: &mut [f32], g: &[f32]) {
        let (rate, decay) = (self.learning_rate as f32, self.weight_decay as f32);
        vectorized(
            #[inline(always)]
            || p.iter_mut().zip(g).for_each(|(p, &g)| *p -= rate * (g + decay * *p)),
        );
    }

    /// The same of candle's own operations, for other devices.
    pub fn composed(&self, var: &Var, gradient: &Tensor, memory: Option<&Var>) -> Result<()> {
        let old = var.as_detached_tensor();
        let gradient = (gradient + (&old * self.weight_decay)?)?;
        let direction = match memory {
            Some(memory) => {
                memory.set(&((memory.as_detached_tensor() * self.momentum)? + &gradient)?)?;
                let memory = memory.as_detached_tensor();
                if self.nesterov { (gradient + (memory * self.momentum)?)? } else { memory }
            }
            None => gradient,
        };
        var.set(&(old - (direction * self.learning_rate)?)?)
    }
}
