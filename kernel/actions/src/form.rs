//! An instance as bytes: a safetensors file where it is a net or a map of tensors, else what its plugin made of it.
//!
//! Must not know where the bytes go. Read [`Form`] first.

use crate::{ActionError, Host};
use candle_core::{Device, Tensor};
use candlewick_plugin_api::Value;
use safetensors::SafeTensors;
use std::collections::{BTreeMap, HashMap};

/// The metadata entry by which a file of tensors says that we wrote it.
const MARK: &str = "candlewick.form";
/// The metadata entry that nets have.
const NET: &str = "candlewick.layers";

/// What bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A net, as a safetensors file.
    Net,
    /// Tensors by name, as a safetensors file.
    Tensors,
    /// What the plugin's `serialize` made.
    Own,
}

impl Form {
    /// The name it has in stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Tensors => "tensors",
            Self::Own => "own",
        }
    }

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Net, Self::Tensors, Self::Own].into_iter().find(|form| form.name() == name)
    }

    /// What bytes hold of which nobody has noted it.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let metadata = SafeTensors::read_metadata(bytes).ok().and_then(|(_, metadata)| metadata.metadata().clone());
        match metadata {
            Some(entries) if entries.contains_key(NET) => Self::Net,
            Some(entries) if entries.contains_key(MARK) => Self::Tensors,
            _ => Self::Own,
        }
    }

    /// A value as bytes, with their form.
    pub(crate) fn write(value: &Value, host: &dyn Host, what: &str) -> Result<(Self, Vec<u8>), ActionError> {
        let failed = |why: String| ActionError::Value { what: format!("{what} cannot be written"), why };
        match value {
            Value::Bytes(bytes) => return Ok((Self::Own, bytes.to_vec())),
            Value::Object(object) => {
                if let Some(bytes) = host.encode(object).map_err(failed)? {
                    return Ok((Self::Net, bytes));
                }
            }
            Value::Map(fields) => {
                if let Some(tensors) = tensors(fields) {
                    let mark = HashMap::from([(MARK.to_owned(), Self::Tensors.name().to_owned())]);
                    let bytes =
                        safetensors::serialize(tensors, Some(mark)).map_err(|error| failed(error.to_string()))?;
                    return Ok((Self::Tensors, bytes));
                }
            }
            _ => {}
        }
        let advice = "give the plugin `fn serialize(instance)` that answers with bytes, a net or a map of tensors";
        Err(ActionError::Answer { what: what.to_owned(), found: value.kind().to_owned(), advice })
    }

    /// What was written.
    pub(crate) fn read(self, bytes: &[u8], host: &dyn Host, what: &str) -> Result<Value, ActionError> {
        let failed = |why: String| ActionError::Value { what: format!("{what} cannot be read"), why };
        match self {
            Self::Own => Ok(bytes.to_vec().into()),
            Self::Net => host.decode(bytes).map_err(failed),
            Self::Tensors => {
                let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
                let tensors = tensors.map_err(|error| failed(error.to_string()))?;
                Ok(Value::Map(tensors.into_iter().map(|(name, tensor)| (name, tensor.into())).collect()))
            }
        }
    }
}

/// The fields, if all are tensors and there is one.
fn tensors(fields: &BTreeMap<String, Value>) -> Option<Vec<(String, Tensor)>> {
    let named = |(name, value): (&String, &Value)| Some((name.clone(), value.tensor()?.contiguous().ok()?));
    fields.iter().map(named).collect::<Option<Vec<_>>>().filter(|tensors| !tensors.is_empty())
}
