//! What a plugin says about itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A plugin's description and defaults. `config` holds every setting with its default; `state` what `this` starts as.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// The name it is registered under.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line on what it does.
    pub description: String,
    /// Its author.
    pub author: String,
    /// Settings with their defaults; a setting that is not here cannot be given.
    pub config: Map<String, Value>,
    /// What the plugin's own state starts as in every run.
    pub state: Map<String, Value>,
}

impl Metadata {
    /// Metadata with a name, a version and a one-line description.
    pub fn of(name: &str, version: &str, description: &str) -> Self {
        Self { name: name.into(), version: version.into(), description: description.into(), ..Self::default() }
    }
}
