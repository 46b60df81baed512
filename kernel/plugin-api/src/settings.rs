//! A plugin's settings as a Rust structure: its defaults as metadata declares them, and reading what a user gave.

use crate::PluginError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The defaults of settings, for [`Metadata::config`](crate::Metadata::config).
pub fn defaults<T: Default + Serialize>() -> Map<String, Value> {
    // Plain data always has JSON, and a structure is an object.
    serde_json::to_value(T::default()).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
}

/// Reads settings, as [`Plugin::configure`](crate::Plugin::configure) is given them; names that are missing keep their
/// defaults.
///
/// # Errors
/// The setting that cannot be, what it was, and what it takes.
pub fn read<T: Default + Serialize + DeserializeOwned>(config: &Map<String, Value>) -> Result<T, PluginError> {
    let mut whole = defaults::<T>();
    for (name, value) in config {
        let before = whole.insert(name.clone(), value.clone());
        // One setting at a time, because serde does not say which of them it could not read.
        if let Err(error) = serde_json::from_value::<T>(Value::Object(whole.clone())) {
            let default = before.map_or(String::new(), |before| format!("; its default is {before}"));
            return Err(PluginError::invalid(format!("setting `{name}` cannot be {value}: {error}{default}")));
        }
    }
    serde_json::from_value(Value::Object(whole)).map_err(|error| PluginError::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Own {
        every: usize,
        way: Way,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Way {
        Up,
        Down,
    }

    impl Default for Own {
        fn default() -> Self {
            Self { every: 10, way: Way::Up }
        }
    }

    #[test]
    fn what_is_given_stands_over_the_defaults() {
        let given = json!({ "way": "down" }).as_object().cloned().unwrap();
        assert_eq!(read::<Own>(&given), Ok(Own { every: 10, way: Way::Down }));
        assert_eq!(Value::Object(defaults::<Own>()), json!({ "every": 10, "way": "up" }));
    }

    #[test]
    fn what_cannot_be_is_named_with_what_can() {
        let refused = |given: Value| read::<Own>(given.as_object().unwrap()).unwrap_err().to_string();
        let error = refused(json!({ "every": 3, "way": "left" }));
        assert!(error.starts_with("setting `way` cannot be \"left\""), "{error}");
        assert!(error.contains("`up` or `down`") && error.ends_with("its default is \"up\""), "{error}");
        assert!(refused(json!({ "every": -1 })).starts_with("setting `every` cannot be -1"), "{error}");
    }
}
