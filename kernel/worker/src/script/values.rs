//! Values of Rhai as JSON and back: for settings, state and `ctx.extra`.
//!
//! Must not know what they are used for.

use rhai::{Array, Dynamic, ImmutableString, Map};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_can_hold_comes_back() {
        let json = serde_json::json!({ "a": [1, 2.5, null, true], "b": { "c": "x" } });
        assert_eq!(to_json(&from_json(&json)).unwrap(), json);
        assert!(to_json(&Dynamic::from(std::time::Instant::now())).is_err());
    }
}
