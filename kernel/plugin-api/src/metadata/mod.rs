//! What a plugin says about itself: the nineteen fields of seed 000, the ids of seed 001, settings and state.
//!
//! Must not know the machine it runs on; see [`Machine`] for what is compared. Read [`Metadata`] first.

mod checks;
mod compatibility;
mod dependency;
mod entry_points;
mod kind;

pub use compatibility::{Compatibility, Machine};
pub use dependency::Dependency;
pub use entry_points::EntryPoints;
pub use kind::PluginKind;

use crate::{Capability, TransformOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A plugin's description and defaults. Fields that are not given keep their defaults; one that is unknown is refused,
/// and one that cannot be right is named by [`Metadata::check`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The name it is registered under.
    pub name: String,
    /// Its version, as semantic versioning writes it: `1.2.3`. Empty for a plugin of a cell that has none.
    pub version: String,
    /// What it does, in one line.
    pub description: String,
    /// Its author.
    pub author: String,
    /// What kind of plugin it is.
    #[serde(alias = "kind")]
    pub plugin_type: PluginKind,
    /// Plugins that must be active before it.
    pub dependencies: Vec<Dependency>,
    /// What it needs of Candlewick and of the machine.
    pub compatibility: Compatibility,
    /// When it was made: a date, or a date and time, as ISO 8601 writes them.
    pub created_at: String,
    /// When it was changed last, in the same form.
    pub updated_at: String,
    /// The model's architecture, such as `transformer`.
    pub model_architecture: String,
    /// The model's size in words, such as `7B`.
    pub model_size: String,
    /// Memory that must be free before it is activated, in GB of 10⁹ bytes.
    pub required_memory_gb: f64,
    /// What it can work on, such as `text`, `image`.
    pub supported_modalities: Vec<String>,
    /// Its licence, as SPDX names it.
    pub license: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The family of models it belongs to.
    pub model_family: String,
    /// The model's parameters.
    pub num_parameters: u64,
    /// The share of its code that its tests run, 0 to 1.
    pub test_coverage: f64,
    /// Whether somebody has validated it.
    pub validation_passed: bool,
    /// The id of its package: letters, digits, `.`, `_`, `-`, beginning with a letter or digit, at most 128.
    pub gid: String,
    /// The id of the component in its package, in the same form.
    pub cid: String,
    /// What it wants to reach outside the session; a user must grant each.
    pub capabilities: Vec<Capability>,
    /// What its entry points are for: model types, names of data, special parameters.
    pub entry_points: EntryPoints,
    /// Settings with their defaults; a setting that is not here cannot be given.
    pub config: Map<String, Value>,
    /// What the plugin's own state starts as in every run.
    pub state: Map<String, Value>,
    /// How its data transforms are applied: `#{ validation: true }` applies them to validation data too.
    pub transforms: TransformOptions,
}

impl Metadata {
    /// Every field's name, in the order of the tables.
    pub const FIELDS: [&str; 26] = [
        "name",
        "version",
        "description",
        "author",
        "plugin_type",
        "dependencies",
        "compatibility",
        "created_at",
        "updated_at",
        "model_architecture",
        "model_size",
        "required_memory_gb",
        "supported_modalities",
        "license",
        "tags",
        "model_family",
        "num_parameters",
        "test_coverage",
        "validation_passed",
        "gid",
        "cid",
        "capabilities",
        "entry_points",
        "config",
        "state",
        "transforms",
    ];

    /// Metadata with a name, a version and a one-line description.
    pub fn of(name: &str, version: &str, description: &str) -> Self {
        Self { name: name.into(), version: version.into(), description: description.into(), ..Self::default() }
    }

    /// With an author.
    #[must_use]
    pub fn by(mut self, author: &str) -> Self {
        self.author = author.into();
        self
    }

    /// With a kind.
    #[must_use]
    pub fn kind(mut self, kind: PluginKind) -> Self {
        self.plugin_type = kind;
        self
    }

    /// With a plugin that must be active before this one.
    #[must_use]
    pub fn needs(mut self, dependency: Dependency) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// With a setting and its default.
    #[must_use]
    pub fn setting(mut self, name: &str, default: impl Into<Value>) -> Self {
        self.config.insert(name.into(), default.into());
        self
    }

    /// With a field of the state and what it starts as.
    #[must_use]
    pub fn keeping(mut self, name: &str, start: impl Into<Value>) -> Self {
        self.state.insert(name.into(), start.into());
        self
    }

    /// Reads metadata from JSON, TOML or a Rhai map given as JSON, under a name given from outside.
    ///
    /// # Errors
    /// An unknown field with the nearest known one, a value of the wrong kind, or what [`Metadata::check`] names.
    pub fn read(name: &str, fields: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = fields.keys().find(|key| !Self::FIELDS.contains(&key.as_str()) && *key != "kind") {
            let near = crate::nearest(key, Self::FIELDS);
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("metadata has no field `{key}`{hint}"));
        }
        let mut metadata: Self = serde_json::from_value(Value::Object(fields.clone()))
            .map_err(|error| format!("metadata cannot be read: {error}"))?;
        if !name.is_empty() {
            metadata.name = name.to_owned();
        }
        metadata.check()?;
        Ok(metadata)
    }

    /// Every field with its value as text, for a table; fields that were not given are left out.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let (Ok(Value::Object(own)), Ok(Value::Object(default))) =
            (serde_json::to_value(self), serde_json::to_value(Self::default()))
        else {
            return Vec::new();
        };
        let given = Self::FIELDS.into_iter().filter(|name| own.get(*name) != default.get(*name));
        given.map(|name| (name, shown(&own[name]))).collect()
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_list_of_fields_is_the_structures() {
        let Ok(Value::Object(fields)) = serde_json::to_value(Metadata::default()) else { panic!("a map") };
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), Metadata::FIELDS);
    }

    #[test]
    fn fields_are_read_and_shown() {
        let fields = json!({
            "version": "1.2.0", "kind": "metric", "dependencies": ["history >=1, <2"], "tags": ["a", "b"],
            "compatibility": {"devices": ["cpu"]}, "config": {"patience": 3},
        });
        let metadata = Metadata::read("p", fields.as_object().unwrap()).unwrap();
        assert_eq!((metadata.name.as_str(), metadata.plugin_type), ("p", PluginKind::Metric));
        let rows = metadata.rows();
        let row = |name: &str| rows.iter().find(|(own, _)| *own == name).map(|(_, text)| text.as_str());
        assert_eq!(row("plugin_type"), Some("metric"));
        assert_eq!(row("dependencies"), Some("history >=1, <2"));
        assert_eq!(row("tags"), Some("a, b"));
        assert_eq!(row("config"), Some("patience: 3"));
        assert_eq!(row("license"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |fields: Value, expect: &str| {
            let error = Metadata::read("p", fields.as_object().unwrap()).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check(json!({"verison": "1.0.0"}), "no field `verison`; did you mean `version`?");
        check(json!({"version": "1.0"}), "version `1.0`");
        check(json!({"kind": "metrics"}), "`metrics`");
        check(json!({"gid": "-x"}), "gid `-x`");
        check(json!({"required_memory_gb": -1.0}), "required_memory_gb");
        check(json!({"test_coverage": 40}), "test_coverage");
        check(json!({"created_at": "yesterday"}), "created_at");
        check(json!({"dependencies": ["a b c"]}), "a b c");
        check(json!({"config": 3}), "cannot be read");
    }
}
