//! What is in effect, one row a key: its value and where that comes from.
//!
//! Must not know how rows are shown. Read [`rows`] first.

use super::keys::{KEYS, LIMITS};
use super::layer::{Entry, Layer};
use super::plan::{Base, Bases, part, shown_key};
use super::training;
use candlewick_plugin_manager::{PluginManager, Registration};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The plugin; none for training and the compiler.
    pub plugin: Option<String>,
    /// The table it stands in: `training`, `rust` or `plugins`.
    pub table: &'static str,
    /// The key in its table: `epochs`, `enabled`, `limits.seconds`, `config.patience`.
    pub path: String,
    /// The value in effect.
    pub value: Json,
    /// Where it comes from.
    pub from: String,
    /// Whether it is nobody's wish but what is so by itself.
    pub by_default: bool,
    /// Whether the plugin is not registered yet.
    pub waits: bool,
}

impl Row {
    /// The key as users write it.
    pub fn key(&self) -> String {
        match &self.plugin {
            Some(name) => shown_key(name, &self.path),
            None => format!("{}.{}", self.table, self.path),
        }
    }
}

/// All rows: training, the compiler, registered plugins in their order, then plugins that are waited for.
pub fn rows(plugins: &PluginManager, bases: &Bases, layer: &Layer) -> Vec<Row> {
    let registered = plugins.plugins();
    let mut rows = of_training(layer);
    rows.extend(of_rust(layer));
    registered.iter().for_each(|row| rows.extend(of_plugin(plugins, bases.get(&row.name), layer, &row.name)));
    let waiting = layer.plugins.iter().filter(|entry| !registered.iter().any(|row| row.name == entry.name));
    rows.extend(waiting.flat_map(of_waiting));
    rows
}

fn of_training(layer: &Layer) -> Vec<Row> {
    let defaults = training::defaults();
    let names: BTreeSet<&String> = defaults.keys().chain(layer.training.keys()).collect();
    let row = |name: &String| {
        let given = layer.training.get(name);
        let value = given.map(|given| given.value.clone()).or_else(|| defaults.get(name).cloned())?;
        (!value.is_null()).then(|| Row {
            plugin: None,
            table: "training",
            path: name.clone(),
            value,
            from: given.map_or_else(|| "default".to_owned(), |given| given.from.to_string()),
            by_default: given.is_none(),
            waits: false,
        })
    };
    names.into_iter().filter_map(row).collect()
}

/// What is said of the compiler; what is not said is up to it.
fn of_rust(layer: &Layer) -> impl Iterator<Item = Row> {
    layer.rust.iter().map(|(key, given)| Row {
        plugin: None,
        table: "rust",
        path: key.clone(),
        value: given.value.clone(),
        from: given.from.to_string(),
        by_default: false,
        waits: false,
    })
}

fn of_plugin(plugins: &PluginManager, base: Option<&Base>, layer: &Layer, name: &str) -> Vec<Row> {
    let (Ok(record), Ok(metadata), Ok(settings)) =
        (plugins.record_of(name), plugins.metadata(name), plugins.settings_of(name))
    else {
        return Vec::new();
    };
    let entry = layer.of(name);
    let own = record.registration;
    let usual = Registration::default();
    let always = |key: &str| matches!(key, "enabled" | "priority");
    let row = |path: String, value: Json, default: Option<Json>| {
        let (from, by_default) = origin(&path, &value, entry, base, default.as_ref());
        Row { plugin: Some(name.to_owned()), table: "plugins", path, value, from, by_default, waits: false }
    };
    let limits = LIMITS.iter().map(|key| format!("limits.{}", key.name));
    let keys = KEYS.iter().filter(|key| !key.is_table()).map(|key| key.name.to_owned()).chain(limits);
    let mut rows = Vec::new();
    for key in keys {
        let (value, default) = (part(&own, &key), part(&usual, &key));
        match value.or_else(|| said(entry, &key)) {
            Some(value) if always(&key) || Some(&value) != default.as_ref() => rows.push(row(key, value, default)),
            _ => {}
        }
    }
    rows.extend(settings.iter().map(|(setting, value)| {
        row(format!("config.{setting}"), value.clone(), metadata.config.get(setting).cloned())
    }));
    rows
}

/// Where a value in effect comes from, and whether that is nobody's wish.
fn origin(
    path: &str,
    value: &Json,
    entry: Option<&Entry>,
    base: Option<&Base>,
    default: Option<&Json>,
) -> (String, bool) {
    let own = base.is_some_and(|base| base.own.contains(path));
    if let Some(given) = entry.and_then(|entry| entry.keys.get(path))
        && !own
        && (same(&given.value, value) || value.is_object())
    {
        return (given.from.to_string(), false);
    }
    let registered = base.and_then(|base| part(&base.registration, path));
    match registered {
        Some(registered) if own && same(&registered, value) => ("its `%%plugin` line".to_owned(), false),
        Some(registered) if same(&registered, value) => ("default".to_owned(), true),
        None if base.is_none() || default.is_some_and(|default| same(default, value)) => ("default".to_owned(), true),
        _ if default.is_some_and(|default| same(default, value)) && path.starts_with("config.") => {
            ("default".to_owned(), true)
        }
        _ => ("a cell".to_owned(), false),
    }
}

fn same(one: &Json, other: &Json) -> bool {
    one == other || one.as_f64().is_some_and(|one| other.as_f64() == Some(one))
}

fn said(entry: Option<&Entry>, key: &str) -> Option<Json> {
    Some(entry?.keys.get(key)?.value.clone())
}

fn of_waiting(entry: &Entry) -> impl Iterator<Item = Row> + '_ {
    entry.keys.iter().map(|(path, given)| Row {
        plugin: Some(entry.name.clone()),
        table: "plugins",
        path: path.clone(),
        value: given.value.clone(),
        from: given.from.to_string(),
        by_default: false,
        waits: true,
    })
}
