//! The learning rate over a run. Read [`Schedule`] first.

use serde::{Deserialize, Serialize};

/// How the learning rate changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It is multiplied by `factor` after every `every` steps.
    Step {
        /// Steps between two changes.
        every: u64,
        /// What it is multiplied by.
        factor: f64,
    },
    /// It rises from 0 over `warmup` steps, then falls along half a cosine to `minimum`
    /// (Loshchilov and Hutter, 2017, without restarts).
    Cosine {
        /// Steps of the rise.
        warmup: u64,
        /// The rate at the last step.
        minimum: f64,
    },
}

impl Schedule {
    /// The rate of step `step` (from 0) of `total_steps`, `base` being the optimizer's own.
    pub fn rate(&self, base: f64, step: u64, total_steps: u64) -> f64 {
        match *self {
            Self::Constant => base,
            Self::Step { every, factor } => base * factor.powf((step / every.max(1)) as f64),
            Self::Cosine { warmup, .. } if step < warmup => base * (step + 1) as f64 / warmup as f64,
            Self::Cosine { warmup, minimum } => {
                let length = total_steps.saturating_sub(warmup).saturating_sub(1).max(1) as f64;
                let done = ((step - warmup) as f64 / length).min(1.0);
                minimum + (base - minimum) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let check = |schedule: Schedule, step, expect: f64| {
            let rate = schedule.rate(0.1, step, 11);
            assert!((rate - expect).abs() < 1e-12, "{schedule:?} at {step}: {rate}");
        };
        check(Schedule::Constant, 7, 0.1);
        let steps = Schedule::Step { every: 3, factor: 0.5 };
        check(steps, 2, 0.1);
        check(steps, 3, 0.05);
        check(steps, 6, 0.025);
        let cosine = Schedule::Cosine { warmup: 2, minimum: 0.02 };
        check(cosine, 0, 0.05);
        check(cosine, 1, 0.1);
        check(cosine, 2, 0.1);
        check(cosine, 6, 0.06);
        check(cosine, 10, 0.02);
        check(cosine, 99, 0.02);
    }
}
