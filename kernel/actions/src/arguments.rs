//! Arguments of entry points: by position and by name, and data that is accessed before the call.
//!
//! Must not know who is called. Read [`Arguments`] first.

use crate::ActionError;
use candlewick_plugin_api::{EntryPoints, Value};

/// Characters of one argument's text.
const SHOWN: usize = 60;

/// Data by name, accessed when an action needs it.
#[derive(Clone, Debug)]
pub struct DataAccess {
    /// The name of the data.
    pub name: String,
    /// What its `data_access` or its source is given.
    pub arguments: Arguments,
}

/// One argument.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A value.
    Value(Value),
    /// Data to be accessed first.
    Data(DataAccess),
}

/// What an entry point is given, the instance left out.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// By position.
    pub positional: Vec<Argument>,
    /// By name.
    pub named: Vec<(String, Argument)>,
}

/// Arguments of which every data access has been resolved.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
}

impl Arguments {
    /// The data accesses among them, by position, then by name.
    pub(crate) fn accesses(&self) -> Vec<&DataAccess> {
        let all = self.positional.iter().chain(self.named.iter().map(|(_, argument)| argument));
        all.filter_map(|argument| if let Argument::Data(access) = argument { Some(access) } else { None }).collect()
    }

    /// With the data that was accessed, in the order of [`Arguments::accesses`].
    pub(crate) fn with(&self, data: Vec<Value>) -> Resolved {
        let mut data = data.into_iter();
        let mut value = |argument: &Argument| match argument {
            Argument::Value(value) => value.clone(),
            Argument::Data(_) => data.next().unwrap_or_default(),
        };
        Resolved {
            positional: self.positional.iter().map(&mut value).collect(),
            named: self.named.iter().map(|(name, argument)| (name.clone(), value(argument))).collect(),
        }
    }

    /// They as one line, long ones cut.
    pub fn text(&self) -> String {
        let positional = self.positional.iter().map(Argument::text);
        let named = self.named.iter().map(|(name, argument)| format!("{name}: {}", argument.text()));
        positional.chain(named).collect::<Vec<_>>().join(", ")
    }
}

impl Argument {
    fn text(&self) -> String {
        match self {
            Self::Value(Value::Object(object)) => object.type_name().to_owned(),
            Self::Value(Value::Tensor(tensor)) => format!("tensor {:?}", tensor.dims()),
            Self::Value(Value::Bytes(bytes)) => format!("{} bytes", bytes.len()),
            Self::Value(Value::Nothing) => "()".to_owned(),
            Self::Value(value) => cut(&value.json().to_string()),
            Self::Data(access) => access.text(),
        }
    }
}

impl DataAccess {
    /// As users write it.
    pub fn text(&self) -> String {
        let arguments = self.arguments.text();
        let comma = if arguments.is_empty() { "" } else { ", " };
        format!("data_access({:?}{comma}{arguments})", self.name)
    }
}

impl Resolved {
    /// The arguments in the order of the function's parameters, after the instance where there is one.
    pub(crate) fn placed(
        self,
        instance: Option<Value>,
        parameters: Option<Vec<String>>,
        declared: &EntryPoints,
        what: &str,
    ) -> Result<Vec<Value>, ActionError> {
        let wrong = |why: String| ActionError::Arguments { what: what.to_owned(), why };
        let has_instance = instance.is_some();
        let mut placed: Vec<Option<Value>> = instance.into_iter().chain(self.positional).map(Some).collect();
        if self.named.is_empty() {
            return Ok(placed.into_iter().flatten().collect());
        }
        let parameters = parameters.ok_or_else(|| wrong("it takes arguments by position only".to_owned()))?;
        for (name, value) in self.named {
            if name == declared.state_callback() {
                return Err(wrong(format!("state cb already set: `{name}` is given by the action itself")));
            }
            let place = parameters.iter().position(|parameter| *parameter == name);
            let place = place
                .ok_or_else(|| wrong(format!("there is no parameter `{name}`; it takes {}", parameters.join(", "))))?;
            if place == 0 && has_instance {
                return Err(wrong(format!("instance already set: `{name}` is given by the action itself")));
            }
            if placed.len() <= place {
                placed.resize(place + 1, None);
            }
            if placed[place].replace(value).is_some() {
                return Err(wrong(format!("`{name}` is given by position and by name; give it once")));
            }
        }
        match placed.iter().position(Option::is_none) {
            Some(place) => {
                Err(wrong(format!("no value for `{}`; it takes {}", parameters[place], parameters.join(", "))))
            }
            None => Ok(placed.into_iter().flatten().collect()),
        }
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(positional: &[i64], named: &[(&str, i64)]) -> Result<Vec<i64>, String> {
        let named = named.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let resolved = Resolved { positional: positional.iter().map(|value| Value::from(*value)).collect(), named };
        let parameters = ["model", "x", "y", "z"].map(str::to_owned).to_vec();
        let placed = resolved.placed(Some(0.into()), Some(parameters), &EntryPoints::default(), "fit of t");
        let number = |value: Value| value.number().unwrap_or(f64::NAN) as i64;
        placed.map(|values| values.into_iter().map(number).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn named_arguments_find_their_places() {
        let check = |positional: &[i64], named: &[(&str, i64)], expect: Result<Vec<i64>, &str>| {
            assert_eq!(placed(positional, named), expect.map_err(str::to_owned));
        };
        check(&[1, 2, 3], &[], Ok(vec![0, 1, 2, 3]));
        check(&[1], &[("z", 3), ("y", 2)], Ok(vec![0, 1, 2, 3]));
        check(&[], &[("x", 1)], Ok(vec![0, 1]));
        check(&[], &[("y", 2)], Err("fit of t: no value for `x`; it takes model, x, y, z"));
        check(&[1], &[("x", 1)], Err("fit of t: `x` is given by position and by name; give it once"));
        check(&[1], &[("w", 1)], Err("fit of t: there is no parameter `w`; it takes model, x, y, z"));
        check(&[], &[("model", 1)], Err("fit of t: instance already set: `model` is given by the action itself"));
        check(&[], &[("state_cb", 1)], Err("fit of t: state cb already set: `state_cb` is given by the action itself"));
    }

    #[test]
    fn arguments_are_written_as_they_were_given() {
        let tensor = candle_core::Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        let inner = Arguments { positional: vec![Argument::Value("a.csv".into())], named: Vec::new() };
        let access = DataAccess { name: "csv".to_owned(), arguments: inner };
        let arguments = Arguments {
            positional: vec![Argument::Value(tensor.into()), Argument::Data(access)],
            named: vec![("rate".to_owned(), Argument::Value(0.5.into()))],
        };
        assert_eq!(arguments.text(), "tensor [2, 3], data_access(\"csv\", \"a.csv\"), rate: 0.5");
    }
}
