//! An optimizer's kind and settings. Read [`OptimizerSpec`] first.

use super::adamw::AdamW;
use super::lion::Lion;
use super::sgd::Sgd;
use super::{Optimizer, OwnOptimizer};
use crate::{EngineError, Result};
use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

/// An optimizer's kind and settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OptimizerSpec {
    /// Gradient descent with momentum (Sutskever and others, 2013, as PyTorch computes it).
    Sgd {
        /// The step size.
        learning_rate: f64,
        /// The share of the last step's direction that is kept; 0 for none.
        momentum: f64,
        /// Whether the gradient is taken as if the coming momentum step had been made.
        nesterov: bool,
        /// This share of the parameter is added to its gradient.
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    #[serde(rename = "adamw")]
    AdamW {
        /// The step size.
        learning_rate: f64,
        /// Decay of the gradient's running mean.
        beta1: f64,
        /// Decay of the squared gradient's running mean.
        beta2: f64,
        /// Added to the root in the denominator.
        eps: f64,
        /// Each step shrinks parameters by `learning_rate · weight_decay` of themselves.
        weight_decay: f64,
    },
    /// Steps of one size in the direction of a running mean's sign (Chen and others, 2023).
    Lion {
        /// The step size.
        learning_rate: f64,
        /// The running mean's share in the direction.
        beta1: f64,
        /// Decay of the running mean.
        beta2: f64,
        /// Each step shrinks parameters by `learning_rate · weight_decay` of themselves.
        weight_decay: f64,
    },
    /// One of the user's own, see [`OptimizerSpec::own`]. A checkpoint holds its name and settings only.
    Own(OwnOptimizer),
}

impl OptimizerSpec {
    /// The name, as users write it.
    pub fn name(&self) -> &str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::AdamW { .. } => "adamw",
            Self::Lion { .. } => "lion",
            Self::Own(own) => own.name(),
        }
    }

    /// The step size it starts from.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd { learning_rate, .. } | Self::AdamW { learning_rate, .. } | Self::Lion { learning_rate, .. } => {
                *learning_rate
            }
            Self::Own(own) => own.learning_rate,
        }
    }

    /// The spec itself when its numbers make sense.
    ///
    /// # Errors
    /// A number out of its range, named.
    pub fn checked(self) -> Result<Self> {
        let rate = |name, value: f64| self.holds(name, value, value >= 0.0 && value.is_finite(), "at least 0");
        let share = |name, value: f64| self.holds(name, value, (0.0..1.0).contains(&value), "at least 0 and below 1");
        rate("learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd { momentum, nesterov, weight_decay, .. } => {
                rate("weight_decay", weight_decay)?;
                share("momentum", momentum)?;
                self.holds("momentum", momentum, !nesterov || momentum > 0.0, "above 0 with nesterov")?;
            }
            Self::AdamW { beta1, beta2, eps, weight_decay, .. } => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                self.holds("eps", eps, eps > 0.0 && eps.is_finite(), "above 0")?;
                rate("weight_decay", weight_decay)?;
            }
            Self::Lion { beta1, beta2, weight_decay, .. } => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                rate("weight_decay", weight_decay)?;
            }
            Self::Own(_) => {}
        }
        Ok(self)
    }

    /// An optimizer with these settings that has made no step.
    pub fn build(&self) -> Optimizer {
        Optimizer::new(self.clone())
    }

    /// The names of what it remembers of each parameter.
    pub(in crate::nn) fn memories(&self) -> &'static [&'static str] {
        match *self {
            Self::Sgd { momentum: 0.0, .. } => &[],
            Self::Sgd { .. } => &["momentum"],
            Self::AdamW { .. } => &["m", "v"],
            Self::Lion { .. } => &["m"],
            Self::Own(_) => &[],
        }
    }

    /// Updates one parameter and its memories in step number `step`, from 1; `composed` of candle's operations, as
    /// every device but the CPU needs.
    pub(in crate::nn) fn update(
        &self,
        (var, gradient): (&Var, &Tensor),
        memories: &[Var],
        learning_rate: f64,
        step: u64,
        composed: bool,
    ) -> Result<()> {
        match (self, memories) {
            (&Self::Sgd { momentum, nesterov, weight_decay, .. }, memories) => {
                let sgd = Sgd { learning_rate, momentum, nesterov, weight_decay };
                if composed {
                    sgd.composed(var, gradient, memories.first())?;
                } else {
                    sgd.apply(var, gradient, memories.first())?;
                }
            }
            (&Self::AdamW { beta1, beta2, eps, weight_decay, .. }, [m, v]) => {
                let adamw = AdamW { learning_rate, beta1, beta2, eps, weight_decay, step };
                if composed {
                    adamw.composed(var, gradient, m, v)?;
                } else {
                    adamw.apply(var, gradient, m, v)?;
                }
            }
            (&Self::Lion { beta1, beta2, weight_decay, .. }, [m]) => {
                let lion = Lion { learning_rate, beta1, beta2, weight_decay };
                if composed {
                    lion.composed(var, gradient, m)?;
                } else {
                    lion.apply(var, gradient, m)?;
                }
            }
            _ => return Err(EngineError::Value(format!("{} lacks its memories", self.name()))),
        }
        Ok(())
    }

    fn holds(&self, name: &str, value: f64, holds: bool, range: &str) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(EngineError::Value(format!("{}: {name} must be {range}, not {value}", self.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_named() {
        let check = |json: &str, expect: &str| {
            let spec: OptimizerSpec = serde_json::from_str(json).unwrap();
            assert_eq!(spec.checked().map_or_else(|e| e.to_string(), |s| s.name().to_owned()), expect);
        };
        let sgd = r#"{"kind":"sgd","learning_rate":0.1,"momentum":M,"nesterov":true,"weight_decay":0.0}"#;
        check(&sgd.replace('M', "0.9"), "sgd");
        check(&sgd.replace('M', "0.0"), "sgd: momentum must be above 0 with nesterov, not 0");
        check(&sgd.replace('M', "1.0"), "sgd: momentum must be at least 0 and below 1, not 1");
        let lion = r#"{"kind":"lion","learning_rate":-1.0,"beta1":0.9,"beta2":0.99,"weight_decay":0.0}"#;
        check(lion, "lion: learning_rate must be at least 0, not -1");
        let adamw = r#"{"kind":"adamw","learning_rate":1.0,"beta1":0.9,"beta2":0.99,"eps":0.0,"weight_decay":0.0}"#;
        check(adamw, "adamw: eps must be above 0, not 0");
        let message = OptimizerSpec::from_name("adam").unwrap_err().to_string();
        assert!(message.contains("did you mean \"adamw\"?"), "{message}");
    }
}
