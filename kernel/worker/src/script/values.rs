//! Values of Rhai as JSON and back, for settings, state and `ctx.extra`; and as what passes between plugins.
//!
//! Must not know what they are used for.

use candle_core::Tensor;
use candlewick_plugin_api::{Object, Value as Passed};
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};
use serde_json::Value;

/// The value as JSON.
///
/// # Errors
/// The name of a type that JSON has no word for.
pub fn to_json(value: &Dynamic) -> Result<Value, String> {
    if value.is_unit() {
        Ok(Value::Null)
    } else if let Ok(flag) = value.as_bool() {
        Ok(flag.into())
    } else if let Ok(number) = value.as_int() {
        Ok(number.into())
    } else if let Ok(number) = value.as_float() {
        serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(|| number.to_string())
    } else if let Some(text) = value.read_lock::<ImmutableString>() {
        Ok(text.as_str().into())
    } else if let Ok(letter) = value.as_char() {
        Ok(letter.to_string().into())
    } else if let Some(items) = value.read_lock::<Array>() {
        items.iter().map(to_json).collect()
    } else if let Some(map) = value.read_lock::<Map>() {
        map.iter().map(|(key, item)| Ok((key.to_string(), to_json(item)?))).collect()
    } else {
        Err(value.type_name().to_owned())
    }
}

/// JSON as a value.
pub fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(from_json).collect::<Array>().into(),
        Value::Object(fields) => {
            fields.iter().map(|(key, item)| (key.as_str().into(), from_json(item))).collect::<Map>().into()
        }
    }
}

/// The value as it passes to a plugin of any language. What is neither data nor a tensor stays itself inside an object
/// under `name`'s word for its type.
pub fn to_passed(value: &Dynamic, name: &dyn Fn(&Dynamic) -> String) -> Passed {
    if value.is_unit() {
        Passed::Nothing
    } else if let Ok(flag) = value.as_bool() {
        flag.into()
    } else if let Ok(number) = value.as_int() {
        number.into()
    } else if let Ok(number) = value.as_float() {
        number.into()
    } else if let Some(text) = value.read_lock::<ImmutableString>() {
        text.as_str().into()
    } else if let Ok(letter) = value.as_char() {
        letter.to_string().as_str().into()
    } else if let Some(bytes) = value.read_lock::<Blob>() {
        bytes.clone().into()
    } else if let Some(items) = value.read_lock::<Array>() {
        Passed::List(items.iter().map(|item| to_passed(item, name)).collect())
    } else if let Some(map) = value.read_lock::<Map>() {
        Passed::Map(map.iter().map(|(key, item)| (key.to_string(), to_passed(item, name))).collect())
    } else if let Some(tensor) = value.read_lock::<Tensor>() {
        tensor.clone().into()
    } else {
        Object::new(&name(value), value.clone()).into()
    }
}

/// What passed from a plugin as a value of Rhai.
pub fn from_passed(value: &Passed) -> Dynamic {
    match value {
        Passed::Nothing => Dynamic::UNIT,
        Passed::Flag(flag) => (*flag).into(),
        Passed::Integer(number) => (*number).into(),
        Passed::Number(number) => (*number).into(),
        Passed::Text(text) => text.to_string().into(),
        Passed::Bytes(bytes) => Dynamic::from_blob(bytes.to_vec()),
        Passed::List(items) => items.iter().map(from_passed).collect::<Array>().into(),
        Passed::Map(fields) => {
            fields.iter().map(|(key, item)| (key.as_str().into(), from_passed(item))).collect::<Map>().into()
        }
        Passed::Tensor(tensor) => Dynamic::from(tensor.clone()),
        // A thing of a Rust plugin that no cell has made: Rhai keeps it and hands it on.
        Passed::Object(object) => object.get::<Dynamic>().cloned().unwrap_or_else(|| Dynamic::from(object.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_can_hold_comes_back() {
        let json = serde_json::json!({ "a": [1, 2.5, null, true], "b": { "c": "x" } });
        assert_eq!(to_json(&from_json(&json)).unwrap(), json);
        assert!(to_json(&Dynamic::from(std::time::Instant::now())).is_err());
    }

    #[test]
    fn what_passes_to_a_plugin_comes_back_the_same() {
        let there_and_back = |value: &Dynamic| from_passed(&to_passed(value, &|_| "thing".to_owned()));
        let json = serde_json::json!({ "a": [1, 2.5, null, true], "b": { "c": "x" } });
        assert_eq!(to_json(&there_and_back(&from_json(&json))).unwrap(), json);
        let bytes = there_and_back(&Dynamic::from_blob(vec![0, 255]));
        assert_eq!(*bytes.read_lock::<Blob>().unwrap(), [0, 255]);
        let moment = std::time::Instant::now();
        assert_eq!(there_and_back(&Dynamic::from(moment)).cast::<std::time::Instant>(), moment);
        let tensor = Tensor::zeros(3, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        assert_eq!(there_and_back(&Dynamic::from(tensor.clone())).cast::<Tensor>().id(), tensor.id());
    }
}
