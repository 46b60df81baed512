//! Optimizers by name: one table of kinds and settings with their defaults.

use super::OptimizerSpec;
use crate::{EngineError, Result};
use serde_json::{Map, Value, json};

/// A kind's name and its settings with their defaults, the learning rate first (PyTorch's defaults; Lion's paper's).
type Kind = (&'static str, &'static [(&'static str, f64)]);

const KINDS: &[Kind] = &[
    ("sgd", &[("learning_rate", 0.01), ("momentum", 0.0), ("nesterov", 0.0), ("weight_decay", 0.0)]),
    ("adamw", &[("learning_rate", 0.001), ("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8), ("weight_decay", 0.01)]),
    ("lion", &[("learning_rate", 0.0001), ("beta1", 0.9), ("beta2", 0.99), ("weight_decay", 0.0)]),
];

impl OptimizerSpec {
    /// The names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        KINDS.iter().map(|(name, _)| *name)
    }

    /// The settings of a kind with their defaults; empty for a name that is none.
    pub fn settings(name: &str) -> &'static [(&'static str, f64)] {
        KINDS.iter().find(|(own, _)| *own == name).map_or(&[], |(_, settings)| settings)
    }

    /// The optimizer of that name with its defaults.
    ///
    /// # Errors
    /// An unknown name, with the nearest one.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::with(name, &[])
    }

    /// The optimizer of that name with these settings; `nesterov` is given as 0 or 1.
    ///
    /// # Errors
    /// An unknown name or setting, with the nearest one; a number that cannot be used.
    pub fn with(name: &str, given: &[(&str, f64)]) -> Result<Self> {
        let Some((name, settings)) = KINDS.iter().find(|(own, _)| *own == name) else {
            return Err(EngineError::unknown("optimizer", name, Self::names()));
        };
        let mut fields = Map::from_iter([("kind".to_owned(), json!(name))]);
        for (setting, default) in *settings {
            fields.insert((*setting).to_owned(), field(setting, *default));
        }
        for (setting, value) in given {
            if !fields.contains_key(*setting) || *setting == "kind" {
                return Err(EngineError::unknown("setting of an optimizer", setting, settings.iter().map(|(s, _)| *s)));
            }
            fields.insert((*setting).to_owned(), field(setting, checked(name, setting, *value)?));
        }
        let spec: Self = serde_json::from_value(Value::Object(fields))
            .map_err(|error| EngineError::Value(format!("{name}: {error}")))?;
        spec.checked()
    }

    /// AdamW with this learning rate and its defaults.
    pub fn adamw(learning_rate: f64) -> Self {
        Self::AdamW { learning_rate, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 }
    }

    /// The same optimizer with another learning rate.
    ///
    /// # Errors
    /// A learning rate that is negative or not a number.
    pub fn at(self, learning_rate: f64) -> Result<Self> {
        let rate = checked(self.name(), "learning_rate", learning_rate)?;
        if let Self::Own(own) = self {
            return Ok(Self::Own(own.at(learning_rate)));
        }
        let unreadable = |error: serde_json::Error| EngineError::Value(error.to_string());
        let mut fields = serde_json::to_value(self).map_err(unreadable)?;
        fields["learning_rate"] = json!(rate);
        serde_json::from_value(fields).map_err(unreadable)
    }
}

fn field(setting: &str, value: f64) -> Value {
    if setting == "nesterov" { json!(value != 0.0) } else { json!(value) }
}

fn checked(kind: &str, setting: &str, value: f64) -> Result<f64> {
    let below_one = setting.starts_with("beta") || setting == "momentum";
    if value.is_finite() && value >= 0.0 && !(below_one && value >= 1.0) {
        return Ok(value);
    }
    let range = if below_one { "a number from 0 to below 1" } else { "a number from 0" };
    Err(EngineError::Value(format!("{kind} expects {setting} to be {range}, but was given {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_settings_by_name() {
        assert_eq!(OptimizerSpec::from_name("adamw").unwrap(), OptimizerSpec::adamw(0.001));
        assert_eq!(OptimizerSpec::adamw(0.1).at(0.2).unwrap(), OptimizerSpec::adamw(0.2));
        for name in OptimizerSpec::names() {
            assert_eq!(OptimizerSpec::from_name(name).unwrap().name(), name);
        }
        let check = |name: &str, given: &[(&str, f64)], expect: &str| {
            let message = OptimizerSpec::with(name, given).err().map_or(String::new(), |error| error.to_string());
            assert!(message.contains(expect), "{message}");
        };
        check("adam", &[], "did you mean \"adamw\"?");
        check("adamw", &[("beta", 0.5)], "did you mean \"beta1\"?");
        check("adamw", &[("beta1", 1.0)], "from 0 to below 1, but was given 1");
        check("adamw", &[("learning_rate", f64::NAN)], "but was given NaN");
    }
}
