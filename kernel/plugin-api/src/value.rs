//! What passes between a plugin's verbs and whoever calls them, in whichever language either is written.
//!
//! Must not know Rhai or the engine. Read [`Value`] first.

use candle_core::Tensor;
use serde_json::{Map, Value as Json, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// An argument or a result of a verb. Cheap to clone where it is large: tensors, bytes and objects are shared.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing: what a verb answers that has nothing to say.
    #[default]
    Nothing,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(Rc<str>),
    /// Bytes, such as a serialised model.
    Bytes(Rc<[u8]>),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(BTreeMap<String, Value>),
    /// A tensor: the same storage on both sides.
    Tensor(Tensor),
    /// Anything else, such as a net, a data set or a closure.
    Object(Object),
}

/// A thing that only its maker and those who know its type look into.
#[derive(Clone)]
pub struct Object {
    type_name: Rc<str>,
    thing: Rc<dyn Any>,
}

impl Object {
    /// A thing under the name that users know its type by.
    pub fn new<T: Any>(type_name: &str, thing: T) -> Self {
        Self { type_name: type_name.into(), thing: Rc::new(thing) }
    }

    /// The thing, if it is of that type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.thing.downcast_ref()
    }

    /// The name that users know its type by.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }
}

impl Value {
    /// The name of its kind in messages.
    pub fn kind(&self) -> &str {
        match self {
            Self::Nothing => "nothing",
            Self::Flag(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Tensor(_) => "a tensor",
            Self::Object(object) => object.type_name(),
        }
    }

    /// The number it is, whole or not.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text it is.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The tensor it is.
    pub fn tensor(&self) -> Option<&Tensor> {
        if let Self::Tensor(tensor) = self { Some(tensor) } else { None }
    }

    /// It as JSON, for schemas, logs and tables. A tensor is `{"tensor": shape, "dtype": name}`, bytes are
    /// `{"bytes": length}` and an object is `{"object": type}`: schemas can ask for them by these forms.
    pub fn json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Flag(flag) => json!(flag),
            Self::Integer(number) => json!(number),
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(**text),
            Self::Bytes(bytes) => json!({"bytes": bytes.len()}),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(fields) => {
                Json::Object(fields.iter().map(|(name, value)| (name.clone(), value.json())).collect::<Map<_, _>>())
            }
            Self::Tensor(tensor) => json!({"tensor": tensor.dims(), "dtype": tensor.dtype().as_str()}),
            Self::Object(object) => json!({"object": object.type_name()}),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Nothing,
            Json::Bool(flag) => Self::Flag(flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Integer(whole),
                None => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(text.into()),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(fields) => {
                Self::Map(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.type_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_there_and_back() {
        let json = json!({"a": [1, 2.5, null, true], "b": {"c": "x"}});
        assert_eq!(Value::from(json.clone()).json(), json);
    }

    #[test]
    fn what_json_has_no_word_for_is_described() {
        let tensor = Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        assert_eq!(Value::from(tensor).json(), json!({"tensor": [2, 3], "dtype": "f32"}));
        assert_eq!(Value::from(vec![1u8, 2]).json(), json!({"bytes": 2}));
        let object = Object::new("clock", std::time::Duration::from_secs(2));
        assert_eq!(object.get::<std::time::Duration>().map(|time| time.as_secs()), Some(2));
        assert_eq!((object.get::<u8>(), Value::from(object.clone()).json()), (None, json!({"object": "clock"})));
    }
}
