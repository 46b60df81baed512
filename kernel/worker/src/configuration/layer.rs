//! One layer of a configuration: what a file, a profile, the environment or a cell says; and layers put over each other.
//!
//! Must not know how a layer is read or applied. Read [`Layer`] first, then [`Layer::over`].

use super::tree::{Place, Trouble};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fmt;

/// Where a value comes from, from the lowest precedence to the highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File {
        /// As users know it, such as `candlewick.toml`.
        file: String,
        /// The line.
        line: usize,
    },
    /// A profile of a file or of a cell.
    Profile {
        /// The profile.
        profile: String,
        /// Where it stands: a file or a cell.
        file: String,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A cell.
    Cell {
        /// As users know it, such as `cell 3`.
        cell: String,
        /// The line.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}, line {line}"),
            Self::Profile { profile, file, line } => write!(f, "profile {profile} ({file}, line {line})"),
            Self::Environment(name) => write!(f, "environment, {name}"),
            Self::Cell { cell, line } => write!(f, "{cell}, line {line}"),
        }
    }
}

/// A value with where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The value.
    pub value: Json,
    /// Where it comes from.
    pub from: Origin,
    /// Where it stands in the text of its file or cell.
    pub at: Place,
}

/// Why a configuration is refused, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The file or cell in which the place stands.
    pub source: Option<String>,
    /// What is wrong.
    pub trouble: Trouble,
}

impl Refusal {
    /// A refusal of one value.
    pub fn of(given: &Given, message: &str) -> Self {
        let (source, trouble) = match &given.from {
            Origin::Environment(name) => (None, Trouble::whole(format!("environment variable {name}: {message}"))),
            Origin::File { file, .. } | Origin::Profile { file, .. } => (Some(file), Trouble::at(given.at, message)),
            Origin::Cell { cell, .. } => (Some(cell), Trouble::at(given.at, message)),
        };
        Self { source: source.cloned(), trouble }
    }

    /// A refusal for which no one value stands.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { source: None, trouble: Trouble::whole(message) }
    }
}

/// What is said of one plugin. A key of `config` or `limits` stands under `config.KEY` or `limits.KEY`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The plugin, as the layer names it.
    pub name: String,
    /// Its keys.
    pub keys: BTreeMap<String, Given>,
}

/// What one source says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// Defaults of `fit`'s options, by the options' names.
    pub training: BTreeMap<String, Given>,
    /// What is said of the compiler of Rust cells.
    pub rust: BTreeMap<String, Given>,
    /// Plugins in the order of the text.
    pub plugins: Vec<Entry>,
    /// The names of a list of plugins: the order in which they are called. Empty where there is no list.
    pub order: Vec<String>,
}

impl Layer {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.training.is_empty() && self.plugins.is_empty() && self.rust.is_empty()
    }

    /// The entry of that plugin, made when there is none.
    pub fn entry(&mut self, name: &str) -> &mut Entry {
        let index = self.plugins.iter().position(|entry| entry.name == name).unwrap_or_else(|| {
            self.plugins.push(Entry { name: name.to_owned(), keys: BTreeMap::new() });
            self.plugins.len() - 1
        });
        &mut self.plugins[index]
    }

    /// What is said of that plugin.
    pub fn of(&self, name: &str) -> Option<&Entry> {
        self.plugins.iter().find(|entry| entry.name == name)
    }

    /// Gives an entry another name.
    pub fn rename(&mut self, entry: &str, name: &str) {
        self.plugins.iter_mut().filter(|own| own.name == entry).for_each(|own| own.name = name.to_owned());
        self.order.iter_mut().filter(|own| *own == entry).for_each(|own| *own = name.to_owned());
    }

    /// This layer put over another: what it says goes over what that says, settings that are maps key by key. Its names
    /// mean the other's plugins, or one of `known`, where they are the same but for spelling.
    #[must_use]
    pub fn over(&self, lower: &Self, known: &[String]) -> Self {
        let mut merged = lower.clone();
        merged.training.extend(self.training.clone());
        merged.rust.extend(self.rust.clone());
        for entry in &self.plugins {
            let name = resolved(&entry.name, known, &merged);
            let target = merged.entry(&name);
            for (key, given) in &entry.keys {
                let value = match target.keys.get(key) {
                    Some(below) if key.starts_with("config.") => merge(&below.value, &given.value),
                    _ => given.value.clone(),
                };
                target.keys.insert(key.clone(), Given { value, ..given.clone() });
            }
        }
        if !self.order.is_empty() {
            merged.order = self.order.iter().map(|name| resolved(name, known, &merged)).collect();
        }
        merged
    }
}

fn resolved(name: &str, known: &[String], layer: &Layer) -> String {
    let names = || known.iter().map(String::as_str).chain(layer.plugins.iter().map(|entry| entry.name.as_str()));
    same_plugin(name, names()).unwrap_or(name).to_owned()
}

/// A map over a map, key by key down to what is no map; anything else takes the place of what is below.
pub fn merge(below: &Json, over: &Json) -> Json {
    let (Json::Object(below), Json::Object(over)) = (below, over) else { return over.clone() };
    let mut merged: Map<String, Json> = below.clone();
    for (key, value) in over {
        let value = merged.get(key).map_or_else(|| value.clone(), |below| merge(below, value));
        merged.insert(key.clone(), value);
    }
    Json::Object(merged)
}

/// The one of `known` that a name means: itself, or one that differs in case, in `-` for `_`, in words joined by
/// capitals, or by `plugin` at the name's end, as classes are called.
pub fn same_plugin<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let plain = plain_name(name);
    let matches = |test: &dyn Fn(&str) -> bool| known.clone().find(|own| test(own));
    matches(&|own| own == name)
        .or_else(|| matches(&|own| plain_name(own) == plain))
        .or_else(|| matches(&|own| plain.strip_suffix("_plugin") == Some(&*plain_name(own))))
}

/// The name that an entry goes by: of a dotted path to a class, `package.module.Class`, the class in words with dashes.
pub fn entry_name(given: &str) -> String {
    match given.rsplit_once('.') {
        Some((_, class)) if !class.is_empty() => plain_name(class).replace('_', "-"),
        _ => given.to_owned(),
    }
}

/// In lower case, words joined by `_`.
fn plain_name(name: &str) -> String {
    let mut plain = String::new();
    let mut lower_before = false;
    for letter in name.chars() {
        if letter.is_uppercase() && lower_before {
            plain.push('_');
        }
        lower_before = letter.is_lowercase() || letter.is_numeric();
        match letter {
            '-' => plain.push('_'),
            other => plain.extend(other.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_found_in_other_spellings() {
        let known = ["early-stopping", "live_chart", "Mine"];
        let check = |name: &str, expect| assert_eq!(same_plugin(name, known.into_iter()), expect, "{name}");
        check("early-stopping", Some("early-stopping"));
        check("early_stopping", Some("early-stopping"));
        check("EarlyStopping", Some("early-stopping"));
        check("EARLY_STOPPING", Some("early-stopping"));
        check("EarlyStoppingPlugin", Some("early-stopping"));
        check("LiveChart", Some("live_chart"));
        check("mine", Some("Mine"));
        check("early", None);
        assert_eq!(entry_name("plugins.interruptible.InterruptiblePlugin"), "interruptible-plugin");
        assert_eq!(entry_name("console_out"), "console_out");
    }

    #[test]
    fn maps_go_over_maps_key_by_key() {
        let check = |below: Json, over: Json, expect: Json| assert_eq!(merge(&below, &over), expect);
        check(json!({"a": 1, "b": {"c": 2, "d": 3}}), json!({"b": {"c": 4}}), json!({"a": 1, "b": {"c": 4, "d": 3}}));
        check(json!({"a": 1}), json!({"a": {"b": 2}}), json!({"a": {"b": 2}}));
        check(json!([1, 2]), json!([3]), json!([3]));
    }

    #[test]
    fn layers_go_over_layers_and_keep_where_a_value_comes_from() {
        let layer = |text: &str, from: &str, line: usize| {
            let mut layer = Layer::default();
            for pair in text.split_whitespace() {
                let (key, value) = pair.split_once('=').unwrap();
                let from = Origin::File { file: from.to_owned(), line };
                let given = Given { value: serde_json::from_str(value).unwrap(), from, at: Place::default() };
                match key.split_once('.').unwrap() {
                    ("training", key) => drop(layer.training.insert(key.to_owned(), given)),
                    (name, key) => drop(layer.entry(name).keys.insert(key.to_owned(), given)),
                }
            }
            layer
        };
        let file = layer("training.epochs=3 training.seed=1 early_stopping.config.patience=5 x.priority=1", "file", 1);
        let over = layer("training.epochs=9 EARLY_STOPPING.config.patience=7 y.priority=2", "over", 2);
        let known = ["early-stopping".to_owned()];
        let merged = over.over(&file.over(&Layer::default(), &known), &known);
        let line = |given: &Given| (given.value.clone(), given.from.to_string());
        assert_eq!(line(&merged.training["epochs"]), (json!(9), "over, line 2".to_owned()));
        assert_eq!(line(&merged.training["seed"]), (json!(1), "file, line 1".to_owned()));
        let names: Vec<&str> = merged.plugins.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["early-stopping", "x", "y"]);
        assert_eq!(merged.of("early-stopping").unwrap().keys["config.patience"].value, json!(7));
    }
}
