//! What a plugin's entry points stand for: model types, names of data, special parameters (seed 004).
//!
//! Must not know who calls them. Read [`EntryPoints`] first.

use crate::{Group, Verb};
use serde::{Deserialize, Serialize};

/// The parameter by which a function gets the state callback, unless metadata names another.
const STATE_CALLBACK: &str = "state_cb";

/// The model types and the data that a plugin's entry points are for. What is not given goes by the plugin's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntryPoints {
    /// The model types of all its entry points but `data_access`; empty: the plugin's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_types: Vec<String>,
    /// The names of the data that its `data_access` gives; empty: the plugin's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_names: Vec<String>,
    /// The model types of `instantiate`, where they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instantiate: Vec<String>,
    /// The model types of `fit`, where they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fit: Vec<String>,
    /// The model types of `predict`, where they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub predict: Vec<String>,
    /// The model types of `serialize`, where they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serialize: Vec<String>,
    /// The model types of `deserialize`, where they are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deserialize: Vec<String>,
    /// The parameter that is given the state callback; empty: `state_cb`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state_cb_arg_name: String,
    /// The parameter that is given the instance; empty: the first one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance_arg_name: String,
}

impl EntryPoints {
    /// The model types or names of data that an entry point of the plugin of that name is for, each once; none for
    /// another verb.
    pub fn keys<'a>(&'a self, verb: Verb, plugin: &'a str) -> Vec<&'a str> {
        if verb.group() != Group::EntryPoints {
            return Vec::new();
        }
        let (own, shared) =
            (self.own(verb), if verb.name() == "data_access" { &self.data_names } else { &self.model_types });
        let given = if own.is_empty() { shared } else { own };
        let mut keys: Vec<&str> = Vec::new();
        for key in given.iter().map(String::as_str) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() { vec![plugin] } else { keys }
    }

    /// The parameter that is given the state callback.
    pub fn state_callback(&self) -> &str {
        if self.state_cb_arg_name.is_empty() { STATE_CALLBACK } else { &self.state_cb_arg_name }
    }

    /// The entry points that are given types of their own.
    pub fn named(&self) -> impl Iterator<Item = Verb> {
        Group::EntryPoints.verbs().filter(|verb| !self.own(*verb).is_empty())
    }

    fn own(&self, verb: Verb) -> &[String] {
        match verb.name() {
            "instantiate" => &self.instantiate,
            "fit" => &self.fit,
            "predict" => &self.predict,
            "serialize" => &self.serialize,
            "deserialize" => &self.deserialize,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_from_the_narrow_to_the_wide() {
        let check = |text: &str, verb: &str, expect: &[&str]| {
            let own: EntryPoints = serde_json::from_str(text).unwrap();
            assert_eq!(own.keys(Verb::from_name(verb).unwrap(), "plug"), expect, "{text} {verb}");
        };
        check("{}", "fit", &["plug"]);
        check("{}", "data_access", &["plug"]);
        check("{}", "infer", &[]);
        let some = r#"{"model_types": ["a", "b", "a"], "predict": ["c"], "data_names": ["d"]}"#;
        check(some, "fit", &["a", "b"]);
        check(some, "predict", &["c"]);
        check(some, "data_access", &["d"]);
    }
}
