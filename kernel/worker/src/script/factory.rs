//! `fn create(config)` of a script plugin: the settings it wants to be made with, or `()` when it takes no part (seed 003).
//!
//! Must not know instances. Read [`create`] first.

use super::RhaiPlugin;
use super::values::{from_json, to_json};
use candlewick_plugin_api::PluginError;
use serde_json::{Map, Value};

/// Asks the script's `create`, if it has one.
///
/// # Errors
/// It threw, or gave neither a map nor `()`.
pub fn create(plugin: &mut RhaiPlugin, config: &Map<String, Value>) -> Result<Option<Map<String, Value>>, PluginError> {
    let given = from_json(&Value::Object(config.clone()));
    let Some(made) = plugin.call_plain("create", given) else { return Ok(Some(config.clone())) };
    match to_json(&made?) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Object(fields)) => Ok(Some(fields)),
        Ok(other) => {
            Err(PluginError::invalid(format!("create(config) gives the settings as a map, or (); found {other}")))
        }
        Err(kind) => {
            Err(PluginError::invalid(format!("the settings that create(config) gives hold a value of type {kind}")))
        }
    }
}
