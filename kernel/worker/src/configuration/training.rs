//! The `[training]` table: defaults of `fit`'s options, checked when they are read, put under what a cell gives.
//!
//! Must not know files or layers' order. The engine's table of options says which there are. Read [`check`] first.

use super::layer::Given;
use super::tree::Trouble;
use crate::script::from_json;
use candlewick_engine::nn::{OptimizerSpec, Schedule};
use candlewick_engine::run::{OptionDoc, OptionValue, Options};
use candlewick_engine::{EngineError, device};
use rhai::{Dynamic, Map};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The option of that name or of that other spelling.
pub fn option(name: &str) -> Option<&'static OptionDoc> {
    Options::table().iter().find(|option| option.name == name || option.aliases.contains(&name))
}

/// Whether `fit` would take the value for the option.
///
/// # Errors
/// What the option takes and what was found.
pub fn check(option: &OptionDoc, given: &Given) -> Result<(), Trouble> {
    let wrong = |error: String| Trouble::at(given.at, error);
    let value = option_value(option.name, &given.value).map_err(wrong)?;
    if let (Json::String(word), "device") = (&given.value, option.name)
        && let Err(error @ EngineError::Unknown { .. }) = device::parse(word)
    {
        return Err(wrong(error.to_string()));
    }
    Options::default().set(option.name, value).map_err(|error| wrong(error.to_string()))
}

/// What a cell gave to `fit` over the defaults. A cell's own optimizer brings its learning rate with it.
pub fn under(given: &Map, defaults: &BTreeMap<String, Given>) -> Map {
    let mut options = given.clone();
    let gives = |option: &OptionDoc| {
        std::iter::once(&option.name).chain(option.aliases).any(|spelling| given.contains_key(*spelling))
    };
    let optimizer = |name: &str| given.get(name).is_some_and(Dynamic::is::<OptimizerSpec>);
    let own_optimizer = optimizer("optimizer") || optimizer("optimiser");
    for (name, default) in defaults {
        let Some(option) = option(name) else { continue };
        if gives(option) || (own_optimizer && option.name == "learning_rate") {
            continue;
        }
        if let Ok(value) = dynamic(option.name, &default.value) {
            options.insert(option.name.into(), value);
        }
    }
    options
}

/// What the options are where nobody gives them, of those that a configuration can say.
pub fn defaults() -> BTreeMap<String, Json> {
    let mut defaults = Options::default().hyperparameters();
    let name = |value: &Json, key: &str| value.get(key).cloned().unwrap_or_default();
    for (option, key) in [("optimizer", "kind"), ("schedule", "kind")] {
        if let Some(value) = defaults.get_mut(option) {
            *value = name(value, key);
        }
    }
    defaults
}

/// An optimizer may be a table of its name and settings, a schedule a table of its kind and numbers.
fn dynamic(name: &str, value: &Json) -> Result<Dynamic, String> {
    match (name, value) {
        ("optimizer", Json::Object(fields)) => optimizer(fields).map(Dynamic::from),
        ("schedule", _) => schedule(value).map(Dynamic::from),
        _ => Ok(from_json(value)),
    }
}

fn option_value(name: &str, value: &Json) -> Result<OptionValue, String> {
    match (name, value) {
        ("optimizer", Json::Object(fields)) => optimizer(fields).map(OptionValue::Optimizer),
        ("schedule", _) => schedule(value).map(OptionValue::Schedule),
        (_, Json::Bool(flag)) => Ok(OptionValue::Bool(*flag)),
        (_, Json::String(text)) => Ok(OptionValue::Text(text.clone())),
        (_, Json::Number(number)) => Ok(match number.as_i64() {
            Some(whole) => OptionValue::Integer(whole),
            None => OptionValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        (_, Json::Array(items)) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            Ok(texts.map_or_else(|| OptionValue::Other("an array".to_owned()), OptionValue::Texts))
        }
        (_, Json::Object(_)) => Ok(OptionValue::Other("a table".to_owned())),
        (_, Json::Null) => Ok(OptionValue::Other("nothing".to_owned())),
    }
}

fn optimizer(fields: &serde_json::Map<String, Json>) -> Result<OptimizerSpec, String> {
    let name = fields.get("name").or_else(|| fields.get("kind")).and_then(Json::as_str);
    let name = name.ok_or("an optimizer's table has its name, such as { name = \"sgd\", momentum = 0.9 }")?;
    let number = |(key, value): (&String, &Json)| {
        let number = value.as_f64().or_else(|| value.as_bool().map(|flag| f64::from(u8::from(flag))));
        number
            .map(|number| (key.clone(), number))
            .ok_or(format!("`{key}` of an optimizer takes a number; found {value}"))
    };
    let settings = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "name" | "kind")).map(number);
    let settings = settings.collect::<Result<Vec<_>, _>>()?;
    let settings: Vec<(&str, f64)> = settings.iter().map(|(key, number)| (key.as_str(), *number)).collect();
    OptimizerSpec::with(name, &settings).map_err(|error| error.to_string())
}

fn schedule(value: &Json) -> Result<Schedule, String> {
    let fields = match value {
        Json::String(kind) => serde_json::json!({ "kind": kind }),
        other => other.clone(),
    };
    serde_json::from_value(fields).map_err(|error| {
        format!(
            "a schedule is \"constant\", {{ kind = \"step\", every = 500, factor = 0.5 }} or \
             {{ kind = \"cosine\", warmup = 100, minimum = 0.0 }}: {error}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::layer::Origin;
    use super::super::tree::Place;
    use super::*;
    use serde_json::json;

    fn given(value: Json) -> Given {
        let from = Origin::File { file: "candlewick.toml".to_owned(), line: 2 };
        Given { value, from, at: Place { line: 2, column: 10 } }
    }

    #[test]
    fn values_are_checked_as_fit_would() {
        let check = |name: &str, value: Json, expect: &str| {
            let found = check(option(name).unwrap(), &given(value)).err().map(|trouble| trouble.message);
            assert_eq!(found.unwrap_or_default(), expect, "{name}");
        };
        check("epochs", json!(3), "");
        check("lr", json!(0.1), "");
        check("optimizer", json!("sgd"), "");
        check("optimizer", json!({"name": "sgd", "momentum": 0.9, "nesterov": true}), "");
        check("schedule", json!({"kind": "cosine", "warmup": 2, "minimum": 0.0}), "");
        check("metrics", json!(["accuracy"]), "");
        check("epochs", json!(0), "option epochs of fit expects a whole number from 1, but was given 0");
        check("batch_size", json!(0), "option batch_size of fit expects a whole number from 1, but was given 0");
        check("learning_rate", json!(0), "option learning_rate of fit expects a number above 0, but was given 0");
        check("seed", json!("x"), "option seed of fit expects a whole number from 0, but was given \"x\"");
        check(
            "device",
            json!("gpu"),
            "there is no device named \"gpu\" (did you mean \"cpu\"?); known are: auto, cpu, cuda:0",
        );
        check(
            "optimizer",
            json!("adamm"),
            "there is no optimizer named \"adamm\" (did you mean \"adamw\"?); known are: sgd, adamw, lion",
        );
    }

    #[test]
    fn what_a_cell_gives_goes_over_the_defaults() {
        let defaults = BTreeMap::from([
            ("epochs".to_owned(), given(json!(7))),
            ("learning_rate".to_owned(), given(json!(0.5))),
            ("batch_size".to_owned(), given(json!(4))),
        ]);
        let cell: Map = [("epochs".into(), 2i64.into()), ("batch".into(), 8i64.into())].into_iter().collect();
        let options = under(&cell, &defaults);
        assert_eq!(options["epochs"].as_int(), Ok(2));
        assert_eq!(options["learning_rate"].as_float(), Ok(0.5));
        assert!(!options.contains_key("batch_size"));
        let own = [("optimizer".into(), Dynamic::from(OptimizerSpec::adamw(0.1)))].into_iter().collect();
        assert!(!under(&own, &defaults).contains_key("learning_rate"));
    }
}
