//! The settings of a live run, by the names that users and seed 002 give them: one table for reading a name, checking a
//! value and listing what there is.
//!
//! Must not know when a setting takes effect; that is the run's. Read [`Setting`] first.

use crate::{PluginError, Working, nearest};

/// A number that plugins may change while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The step size of the coming optimizer step; the schedule goes on from it in proportion.
    LearningRate,
    /// How many batches' gradients make one optimizer step; from the coming batch on.
    Accumulate,
    /// Upper bound of the global gradient norm, or none; from the coming batch on.
    ClipNorm,
    /// Factor on the loss before the backward pass; from the coming batch on.
    LossScale,
    /// Examples per batch: set at `start_epoch` from this epoch on, else from the next.
    BatchSize,
}

const TABLE: [(Setting, &str, &[&str]); 5] = [
    (Setting::LearningRate, "learning_rate", &["lr"]),
    (Setting::Accumulate, "accumulate", &["grad_accum", "gradient_accumulation", "accumulate_grad_batches"]),
    (Setting::ClipNorm, "clip_norm", &["clip_grad_norm", "clipnorm", "global_clipnorm"]),
    (Setting::LossScale, "loss_scale", &[]),
    (Setting::BatchSize, "batch_size", &["batch"]),
];

impl Setting {
    /// The setting of that name, or of another one that seed 002, Keras or Lightning give it.
    ///
    /// # Errors
    /// An unknown name: the nearest one, and all there are.
    pub fn from_name(name: &str) -> Result<Self, PluginError> {
        let found = TABLE.iter().find(|(_, own, aliases)| *own == name || aliases.contains(&name));
        found.map(|(setting, ..)| *setting).ok_or_else(|| {
            let names = TABLE.iter().flat_map(|(_, own, aliases)| std::iter::once(*own).chain(aliases.iter().copied()));
            let near = nearest(name, names).map_or(String::new(), |near| format!("did you mean `{near}`? "));
            let listed: Vec<String> = TABLE.iter().map(|(_, own, aliases)| listed(own, aliases)).collect();
            PluginError::invalid(format!(
                "there is no setting `{name}` of a run; {near}there are {}",
                listed.join(", ")
            ))
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Its other names.
    pub fn aliases(self) -> &'static [&'static str] {
        TABLE[self as usize].2
    }

    /// Sets it. None takes the bound of the gradients' norm away.
    ///
    /// # Errors
    /// A value that it cannot have.
    pub fn set(self, working: &mut Working, value: Option<f64>) -> Result<(), PluginError> {
        let whole =
            value.filter(|value| value.fract() == 0.0 && (1.0..1e9).contains(value)).map(|value| value as usize);
        let number = value.filter(|value| value.is_finite() && *value >= 0.0);
        let above = number.filter(|value| *value > 0.0);
        let expected = match self {
            Self::LearningRate => place(&mut working.learning_rate, number, "a number from 0 up"),
            Self::LossScale => place(&mut working.loss_scale, above, "a number above 0"),
            Self::Accumulate => place(&mut working.accumulate, whole, "a whole number from 1 up"),
            Self::BatchSize => place(&mut working.batch_size, whole, "a whole number from 1 up"),
            Self::ClipNorm if value.is_none() => place(&mut working.clip_norm, Some(None), ""),
            Self::ClipNorm => {
                place(&mut working.clip_norm, above.map(Some), "a number above 0, or nothing for no bound")
            }
        };
        expected.map_err(|expected| {
            let found = value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            PluginError::invalid(format!("{} takes {expected}; found {found}", self.name()))
        })
    }
}

impl Working {
    /// Sets a setting by any of its names, such as seed 002's `grad_accum`.
    ///
    /// # Errors
    /// An unknown name, or a value that the setting cannot have.
    pub fn update(&mut self, name: &str, value: Option<f64>) -> Result<(), PluginError> {
        Setting::from_name(name)?.set(self, value)
    }
}

fn listed(name: &str, aliases: &[&str]) -> String {
    if aliases.is_empty() { name.to_owned() } else { format!("{name} (also {})", aliases.join(", ")) }
}

fn place<T>(place: &mut T, value: Option<T>, expected: &'static str) -> Result<(), &'static str> {
    *place = value.ok_or(expected)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_set_by_all_its_names() {
        for (setting, name, aliases) in TABLE {
            assert_eq!(setting.name(), name);
            assert!(Working::SETTABLE.contains(&name));
            for name in std::iter::once(name).chain(aliases.iter().copied()) {
                assert_eq!(Setting::from_name(name), Ok(setting));
            }
        }
        let mut working = Working::default();
        working.update("grad_accum", Some(4.0)).unwrap();
        working.update("lr", Some(0.5)).unwrap();
        working.update("clipnorm", Some(1.0)).unwrap();
        working.update("batch", Some(8.0)).unwrap();
        working.update("loss_scale", Some(2.0)).unwrap();
        let set =
            (working.accumulate, working.learning_rate, working.clip_norm, working.batch_size, working.loss_scale);
        assert_eq!(set, (4, 0.5, Some(1.0), 8, 2.0));
        working.update("clip_norm", None).unwrap();
        assert_eq!(working.clip_norm, None);
    }

    #[test]
    fn unknown_names_and_values_are_told() {
        let check = |name: &str, value: Option<f64>, expect: &str| {
            let error = Working::default().update(name, value).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(
            "grad_acum",
            Some(1.0),
            "no setting `grad_acum` of a run; did you mean `grad_accum`? there are learning_rate",
        );
        check(
            "sample_steps",
            Some(1.0),
            "accumulate (also grad_accum, gradient_accumulation, accumulate_grad_batches)",
        );
        check("grad_accum", Some(0.0), "accumulate takes a whole number from 1 up; found 0");
        check("grad_accum", Some(2.5), "found 2.5");
        check("learning_rate", None, "learning_rate takes a number from 0 up; found nothing");
        check("lr", Some(f64::NAN), "found NaN");
        check("batch_size", Some(1e12), "found 1000000000000");
    }
}
