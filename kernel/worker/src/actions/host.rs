//! What actions need of the engine and of Rhai's values: copies, nets as bytes, built-in sources of data, the interrupt.
//!
//! Must not know who asks. Read [`EngineHost`] first.

use candle_core::Device;
use candlewick_actions::Host;
use candlewick_engine::data::{Dataset, Frame};
use candlewick_engine::nn::Net;
use candlewick_engine::{Seed, device, interrupt};
use candlewick_plugin_api::{Loaded, Loading, Object, PluginError, Value};
use rhai::Dynamic;

/// The names of the built-in sources; each takes a path, or the name of a shipped dataset.
const SOURCES: [&str; 3] = ["csv", "parquet", "dataset"];

/// This worker's engine.
pub struct EngineHost;

impl Host for EngineHost {
    fn copy(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::List(items) => Value::List(items.iter().map(|item| self.copy(item)).collect::<Result<_, _>>()?),
            Value::Map(fields) => {
                let copied = |(name, value): (&String, &Value)| Ok::<_, String>((name.clone(), self.copy(value)?));
                Value::Map(fields.iter().map(copied).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => match net(object) {
                Some(net) => made(net.copy().map_err(|error| error.to_string())?),
                None => value.clone(),
            },
            other => other.clone(),
        })
    }

    fn encode(&self, object: &Object) -> Result<Option<Vec<u8>>, String> {
        let Some(net) = net(object) else { return Ok(None) };
        let drawn = device::parse("auto").and_then(|device| net.draw(Seed(0), &device));
        drawn.and_then(|()| net.to_bytes("the net")).map(Some).map_err(|error| error.to_string())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Value, String> {
        Net::from_bytes("the net", bytes, &Device::Cpu).map(made).map_err(|error| error.to_string())
    }

    fn source(&self, name: &str, arguments: &[Value]) -> Option<Result<Loading, String>> {
        let name = *SOURCES.iter().find(|source| **source == name)?;
        let [argument] = arguments else {
            return Some(Err(format!("it takes one argument, {}; found {}", wanted(name), arguments.len())));
        };
        let Some(text) = argument.text().map(str::to_owned) else {
            return Some(Err(format!("it takes {}; found {}", wanted(name), argument.kind())));
        };
        Some(Ok(loading(name, text)))
    }

    fn sources(&self) -> &[&'static str] {
        &SOURCES
    }

    fn is_interrupted(&self) -> bool {
        interrupt::requested()
    }

    fn interrupt(&self) {
        interrupt::request();
    }

    fn clear_interrupt(&self) {
        interrupt::clear();
    }
}

/// The net that an object of Rhai is.
fn net(object: &Object) -> Option<Net> {
    object.get::<Dynamic>()?.read_lock::<Net>().map(|net| net.clone())
}

fn made(net: Net) -> Value {
    Object::new("net", Dynamic::from(net)).into()
}

fn wanted(source: &str) -> &'static str {
    if source == "dataset" { "the name of a dataset such as \"iris\"" } else { "the path of a file" }
}

/// Reading happens on the thread; the value of Rhai is made where it is used.
fn loading(source: &'static str, text: String) -> Loading {
    let failed = |error: candlewick_engine::EngineError| PluginError::failed(error.to_string());
    let frame = |frame: Frame| -> Loaded { Box::new(move || Object::new("frame", Dynamic::from(frame)).into()) };
    let dataset = |data: Dataset| -> Loaded { Box::new(move || Object::new("dataset", Dynamic::from(data)).into()) };
    Box::new(move || match source {
        "csv" => Frame::read_csv(&text).map(frame).map_err(failed),
        "parquet" => Frame::read_parquet(&text).map(frame).map_err(failed),
        _ => Dataset::named(&text).map(dataset).map_err(failed),
    })
}
