//! A plugin's settings: what the user gave, checked against what the plugin declares, over its defaults.

use crate::ManagerError;
use candlewick_plugin_api::{Metadata, nearest};
use serde_json::{Map, Value};

/// The plugin's defaults with the user's settings put over them.
///
/// # Errors
/// A key that is no setting, or a value of another JSON type than the default. A default of `null` takes any type.
pub(crate) fn settings(metadata: &Metadata, given: &Map<String, Value>) -> Result<Map<String, Value>, ManagerError> {
    let mut settings = metadata.config.clone();
    for (key, value) in given {
        let Some(default) = settings.get_mut(key) else { return Err(unknown(metadata, key)) };
        if !fits(default, value) {
            return Err(wrong_type(metadata, key, default, value));
        }
        *default = adapted(default, value);
    }
    Ok(settings)
}

/// "did you mean", or the list of what there is.
pub(crate) fn hint<'a>(asked: &str, names: impl Iterator<Item = &'a str> + Clone, none: &str) -> String {
    match nearest(asked, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => match names.map(|name| format!("`{name}`")).collect::<Vec<_>>() {
            all if all.is_empty() => none.to_owned(),
            all => format!("there is {}", all.join(", ")),
        },
    }
}

fn fits(default: &Value, value: &Value) -> bool {
    default.is_null() || json_type(default) == json_type(value)
}

/// A whole number given where the default is a fraction becomes one, so that the plugin's arithmetic stays in floats.
fn adapted(default: &Value, value: &Value) -> Value {
    match value.as_f64() {
        Some(number) if default.is_f64() => Value::from(number),
        _ => value.clone(),
    }
}

fn unknown(metadata: &Metadata, key: &str) -> ManagerError {
    let names = metadata.config.keys().map(String::as_str);
    ManagerError::UnknownSetting {
        plugin: metadata.name.clone(),
        key: key.to_owned(),
        hint: hint(key, names, "it declares no settings"),
    }
}

fn wrong_type(metadata: &Metadata, key: &str, default: &Value, value: &Value) -> ManagerError {
    ManagerError::SettingType {
        plugin: metadata.name.clone(),
        key: key.to_owned(),
        expected: format!("{} (its default is {default})", json_type(default)),
        found: format!("{} ({value})", json_type(value)),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given(value: Value) -> Result<Value, String> {
        let config = json!({ "patience": 3, "factor": 0.5, "name": "x", "any": null });
        let metadata = Metadata { config: config.as_object().cloned().unwrap(), ..Metadata::of("p", "1", "") };
        settings(&metadata, value.as_object().unwrap()).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_go_over_defaults() {
        let ok = given(json!({ "patience": 5, "factor": 2, "any": [1] })).unwrap();
        assert_eq!(ok, json!({ "patience": 5, "factor": 2.0, "name": "x", "any": [1] }));
    }

    #[test]
    fn unknown_settings_and_wrong_types_are_named() {
        let check = |value, expect: &str| assert_eq!(given(value), Err(expect.to_owned()));
        check(json!({ "patiense": 5 }), "plugin `p` has no setting `patiense`; did you mean `patience`?");
        check(
            json!({ "colour": 5 }),
            "plugin `p` has no setting `colour`; there is `patience`, `factor`, `name`, `any`",
        );
        check(
            json!({ "patience": "5" }),
            "setting `patience` of plugin `p` takes a number (its default is 3), but a string (\"5\") was given",
        );
    }
}
