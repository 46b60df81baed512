//! A `candlewick.toml` that gives what is in effect: for reproduction.
//!
//! Settings that a plugin has by default are written too, so that a later version with other defaults does the same. Must
//! not know where values came from. Read [`toml`] first.

use super::layer::Layer;
use super::plan::Bases;
use super::rows::{Row, rows};
use candlewick_plugin_manager::PluginManager;
use serde_json::Value as Json;

/// The text: training as it is said, then every plugin of which anything is not by itself so.
pub fn toml(plugins: &PluginManager, bases: &Bases, layer: &Layer) -> String {
    let rows = rows(plugins, bases, layer);
    let mut text = String::from("# What was in effect, written by `%config --toml`.\n");
    for section in ["training", "rust"] {
        let own: Vec<&Row> = rows.iter().filter(|row| row.table == section && !row.by_default).collect();
        table(&mut text, section, "", &own);
    }
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter(|row| !row.by_default).filter_map(|row| row.plugin.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let own: Vec<&Row> = rows.iter().filter(|row| row.plugin.as_deref() == Some(name)).collect();
        let path = format!("plugins.{}", key_text(name));
        for (below, prefix) in [("", ""), (".limits", "limits."), (".config", "config.")] {
            let part = |row: &&&Row| match prefix {
                "" => !row.path.contains('.'),
                prefix => row.path.starts_with(prefix),
            };
            let part: Vec<&Row> = own.iter().filter(part).copied().collect();
            table(&mut text, &format!("{path}{below}"), prefix, &part);
        }
    }
    text
}

fn table(text: &mut String, path: &str, prefix: &str, rows: &[&Row]) {
    if rows.is_empty() {
        return;
    }
    text.push_str(&format!("\n[{path}]\n"));
    for row in rows {
        let key = key_text(row.path.strip_prefix(prefix).unwrap_or(&row.path));
        match value_text(&row.value) {
            Some(value) => text.push_str(&format!("{key} = {value}\n")),
            // TOML has no word for nothing.
            None => text.push_str(&format!("# {key} = {}\n", row.value)),
        }
    }
}

/// A key, in quotes where TOML wants them.
fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { key.to_owned() } else { Json::from(key).to_string() }
}

/// A value on one line; none where TOML cannot say it.
fn value_text(value: &Json) -> Option<String> {
    toml::Value::try_from(value).ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_and_values_are_toml() {
        let check = |value: Json, expect: Option<&str>| assert_eq!(value_text(&value).as_deref(), expect, "{value}");
        check(json!(3), Some("3"));
        check(json!(2.0), Some("2.0"));
        check(json!("a \"b\"\nc"), Some("\"\"\"\na \"b\"\nc\"\"\""));
        check(json!([1, "x"]), Some("[1, \"x\"]"));
        check(json!({"a": {"b": true}}), Some("{ a = { b = true } }"));
        check(json!(null), None);
        assert_eq!(key_text("early-stopping"), "early-stopping");
        assert_eq!(key_text("my plugin.x"), "\"my plugin.x\"");
    }
}
