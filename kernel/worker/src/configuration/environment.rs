//! The environment's layer: `CANDLEWICK_PROFILE`, `CANDLEWICK_PLUGINS__NAME__KEY`, `CANDLEWICK_TRAINING__OPTION` and
//! `CANDLEWICK_RUST__KEY`.
//!
//! Must not know which plugins are registered: names are compared in all spellings later. Read [`Environment`] first.

use super::document::{Reader, Source};
use super::keys::{LIMITS, find, hint};
use super::layer::Layer;
use super::tree::{self, Field, Node, Place, Trouble, Value};
use serde_json::Value as Json;

const PROFILE: &str = "CANDLEWICK_PROFILE";
const PLUGINS: &str = "CANDLEWICK_PLUGINS__";
const TRAINING: &str = "CANDLEWICK_TRAINING__";
const RUST: &str = "CANDLEWICK_RUST__";
const NOWHERE: Place = Place { line: 1, column: 1 };

/// The variables that configure a session.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Those among all variables, sorted by name.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours =
            |name: &str| name == PROFILE || [PLUGINS, TRAINING, RUST].iter().any(|table| name.starts_with(table));
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| ours(name)).collect();
        variables.sort();
        Self(variables)
    }

    /// Those of this process. A variable that is no text is left to whoever knows it.
    pub fn of_process() -> Self {
        let texts =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::of(texts)
    }

    /// The profile that it asks for.
    pub fn profile(&self) -> Option<&str> {
        self.0.iter().find(|(name, value)| name == PROFILE && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Whether it says anything of the compiler of Rust cells.
    pub fn says_of_rust(&self) -> bool {
        self.0.iter().any(|(name, _)| name.starts_with(RUST))
    }

    /// What it says of training, plugins and the compiler.
    ///
    /// # Errors
    /// A variable that cannot be used: its name, what is wrong, what to write.
    pub fn layer(&self) -> Result<Layer, Trouble> {
        let mut layer = Layer::default();
        for (name, text) in self.0.iter().filter(|(name, _)| name != PROFILE) {
            read(name, text, &mut layer)
                .map_err(|trouble| Trouble::whole(format!("environment variable {name}: {}", trouble.message)))?;
        }
        Ok(layer)
    }
}

fn read(name: &str, text: &str, layer: &mut Layer) -> Result<(), Trouble> {
    let reader = Reader { source: Source::Environment(name), profile: None };
    if let Some(option) = name.strip_prefix(TRAINING) {
        return reader.option(&field(&option.to_lowercase(), value(text)), layer);
    }
    if let Some(key) = name.strip_prefix(RUST) {
        return reader.rust(&field(&key.to_lowercase(), value(text)), layer);
    }
    let path = name.strip_prefix(PLUGINS).unwrap_or_default().to_lowercase();
    match path.split("__").collect::<Vec<_>>()[..] {
        [plugin, key] if !plugin.is_empty() && !key.is_empty() => reader.word(&field(key, value(text)), plugin, layer),
        [plugin, table @ ("limits" | "config"), key] if !plugin.is_empty() && !key.is_empty() => {
            if table == "limits" && find(&LIMITS, key).is_none() {
                let hint = hint(key, LIMITS.iter().map(|key| key.name));
                return Err(Trouble::whole(format!("there is no limit `{key}`; {hint}")));
            }
            let inner = Node { value: Value::Table(vec![field(key, value(text))]), at: NOWHERE };
            reader.word(&field(table, inner), plugin, layer)
        }
        _ => {
            Err(Trouble::whole(format!("it is written {PLUGINS}NAME__KEY, such as {PLUGINS}EARLY_STOPPING__PATIENCE")))
        }
    }
}

fn field(name: &str, node: Node) -> Field {
    Field { name: name.to_owned(), at: NOWHERE, node }
}

/// A value as TOML writes it; what is none is a text.
pub fn value(text: &str) -> Node {
    let read = tree::toml(&format!("value = {text}")).ok();
    let node = read.and_then(|node| match node.value {
        Value::Table(mut fields) if fields.len() == 1 => fields.pop().map(|field| field.node),
        _ => None,
    });
    node.unwrap_or_else(|| Node { value: Value::Plain(Json::String(text.to_owned())), at: NOWHERE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(pairs: &[(&str, &str)]) -> Result<String, String> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let layer = Environment::of(pairs).layer().map_err(|trouble| trouble.message)?;
        let both = layer.training.iter().chain(&layer.rust);
        let training = both.map(|(key, given)| format!("{key}={}", given.value));
        let plugins = layer
            .plugins
            .iter()
            .flat_map(|entry| entry.keys.iter().map(|(key, given)| format!("{}.{key}={}", entry.name, given.value)));
        Ok(training.chain(plugins).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn variables_become_keys() {
        let check = |pairs: &[(&str, &str)], expect: &str| assert_eq!(read(pairs).unwrap(), expect);
        check(&[("CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENCE", "5")], "early_stopping.config.patience=5");
        check(&[("CANDLEWICK_PLUGINS__A__ENABLED", "false"), ("PATH", "/bin")], "a.enabled=false");
        check(&[("CANDLEWICK_PLUGINS__A__LIMITS__SECONDS", "1.5")], "a.limits.seconds=1.5");
        check(&[("CANDLEWICK_PLUGINS__A__CONFIG__PATH", "x y")], "a.config.path=\"x y\"");
        check(&[("CANDLEWICK_TRAINING__EPOCHS", "3"), ("CANDLEWICK_PROFILE", "fast")], "epochs=3");
        check(&[("CANDLEWICK_RUST__WARM", "true"), ("CANDLEWICK_RUST__MEMORY", "1 GiB")], "memory=\"1 GiB\" warm=true");
    }

    #[test]
    fn what_cannot_be_used_names_the_variable() {
        let check = |name: &str, value: &str, expect: &str| {
            let expect = format!("environment variable {name}: {expect}");
            assert_eq!(read(&[(name, value)]), Err(expect));
        };
        let written =
            "it is written CANDLEWICK_PLUGINS__NAME__KEY, such as CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENCE";
        check("CANDLEWICK_PLUGINS__A", "1", written);
        check("CANDLEWICK_PLUGINS____A", "1", written);
        check("CANDLEWICK_PLUGINS__A__ENABLED", "yes", "`enabled` of plugin `a` takes true or false; found \"yes\"");
        check("CANDLEWICK_PLUGINS__A__LIMITS__SECOND", "1", "there is no limit `second`; did you mean `seconds`?");
        check(
            "CANDLEWICK_TRAINING__EPOCHS",
            "0",
            "option epochs of fit expects a whole number from 1, but was given 0",
        );
        check("CANDLEWICK_TRAINING__EPOHCS", "1", "fit has no option `epohcs`, in [training]; did you mean `epochs`?");
    }

    #[test]
    fn values_are_toml_or_text() {
        let check = |text: &str, expect: Json| assert_eq!(value(text).json(), expect, "{text}");
        check("3", json!(3));
        check("0.5", json!(0.5));
        check("true", json!(true));
        check("[1, 2]", json!([1, 2]));
        check("\"a b\"", json!("a b"));
        check("runs/today", json!("runs/today"));
        check("1\nother = 2", json!("1\nother = 2"));
        check("", json!(""));
    }
}
