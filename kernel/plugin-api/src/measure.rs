//! What a run measures, by name, and which way it gets better: for plugins that watch a number.
//!
//! Read [`Measure`] first. It knows facts only.

use crate::{Fact, Facts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A loss or metric of the training or the validation data: `validation_loss`, `training_accuracy`. Keras' `val_` is
/// taken for `validation_`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Measure(String);

impl Measure {
    /// The measure of that name.
    ///
    /// # Errors
    /// A name that says neither training nor validation.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let whole = name.strip_prefix("val_").map_or_else(|| name.to_owned(), |rest| format!("validation_{rest}"));
        if whole.starts_with("validation_") || whole.starts_with("training_") {
            return Ok(Self(whole));
        }
        let takes = "it takes a measure of training or validation, such as validation_loss or training_accuracy";
        Err(format!("a measure cannot be `{name}`; {takes}"))
    }

    /// Its name, such as `validation_loss`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether it is measured on validation data.
    pub fn is_of_validation(&self) -> bool {
        self.0.starts_with("validation_")
    }

    /// Its value now.
    ///
    /// # Errors
    /// This run does not measure it: what it does measure, and what to do.
    pub fn of(&self, facts: &Facts) -> Result<f64, String> {
        match facts.get(&self.0) {
            Some(Fact::Number(value)) => return Ok(value),
            Some(Fact::Missing(why)) => return Err(format!("it watches {}: {why}", self.0)),
            _ => {}
        }
        let (metrics, name) = match self.0.strip_prefix("validation_") {
            Some(name) => (&facts.validation_metrics, name),
            None => (&facts.training_metrics, self.0.trim_start_matches("training_")),
        };
        metrics.get(name).copied().ok_or_else(|| {
            let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "no metrics".to_owned() } else { known.join(", ") };
            format!("it watches {}, but this run measures {known} there; add it to the metrics of fit", self.0)
        })
    }
}

impl Default for Measure {
    fn default() -> Self {
        Self("validation_loss".into())
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Measure {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name)
    }
}

impl From<Measure> for String {
    fn from(measure: Measure) -> Self {
        measure.0
    }
}

/// Which way a measure gets better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Lower is better.
    #[default]
    Min,
    /// Higher is better.
    Max,
}

impl Mode {
    /// Whether a value is better than the best so far by more than `least`. One that is no number never is, and any
    /// number is better than none.
    pub fn is_better(self, value: f64, best: Option<f64>, least: f64) -> bool {
        let gain = |best: f64| match self {
            Self::Min => best - value,
            Self::Max => value - best,
        };
        best.map_or(!value.is_nan(), |best| gain(best) > least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values() {
        let mut facts = Facts { has_validation: true, training_loss_total: 3.0, ..Facts::default() };
        facts.training_batch_count = 2;
        facts.training_metrics.insert("accuracy".into(), 0.5);
        let check = |name: &str, expect: Result<f64, &str>| {
            let found = Measure::from_name(name).and_then(|measure| measure.of(&facts));
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{name}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{name}: {found}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        };
        check("training_loss", Ok(1.5));
        check("training_accuracy", Ok(0.5));
        check("training_mse", Err("this run measures accuracy there"));
        check("val_loss", Err("no validation batch has been measured yet"));
        check("validation_f1_score", Err("this run measures no metrics there"));
        check("loss", Err("a measure cannot be `loss`"));
    }

    #[test]
    fn better_goes_by_the_mode_and_needs_a_number() {
        let check = |mode: Mode, value, best, least, expect| {
            assert_eq!(mode.is_better(value, best, least), expect, "{mode:?} {value} {best:?} {least}");
        };
        check(Mode::Min, 0.9, Some(1.0), 0.05, true);
        check(Mode::Min, 0.9, Some(1.0), 0.2, false);
        check(Mode::Max, 0.9, Some(1.0), 0.0, false);
        check(Mode::Max, 1.1, Some(1.0), 0.0, true);
        check(Mode::Min, f64::NAN, None, 0.0, false);
        check(Mode::Min, f64::INFINITY, None, 0.0, true);
    }
}
