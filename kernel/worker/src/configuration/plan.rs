//! What a change of the configuration would do, before it is done: one row a key, and the registrations it comes to.
//!
//! Must not know how layers are read or rows are shown. Read [`plan`] first.

use super::keys::{KEYS, Key, RUST, find};
use super::layer::{Given, Layer, Refusal, merge, same_plugin};
use super::{order, training};
use candlewick_plugin_manager::{ManagerError, PluginManager, Registration};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a plugin was registered with, before the configuration.
#[derive(Clone, Debug)]
pub struct Base {
    /// The registration.
    pub registration: Registration,
    /// Keys that its cell gives itself, which go over the configuration.
    pub own: BTreeSet<String>,
}

impl Base {
    /// What a `%%plugin` cell registers, with the keys of its first line.
    pub fn of_cell<'a>(registration: Registration, keys: impl Iterator<Item = &'a str>) -> Self {
        let path = |key: &str| match find(&KEYS, key) {
            Some(_) => key.to_owned(),
            None => format!("config.{key}"),
        };
        Self { registration, own: keys.map(path).collect() }
    }
}

/// Registered plugins by name.
pub type Bases = BTreeMap<String, Base>;

/// One key that would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key, such as `training.epochs` or `early-stopping.patience`.
    pub key: String,
    /// The plugin; empty for training and the compiler.
    pub plugin: String,
    /// What it is; null for nothing.
    pub old: Json,
    /// What it would be.
    pub new: Json,
    /// Whether it bounds what the plugin may do.
    pub bounds: bool,
    /// Where the new value comes from; none when it is no longer said.
    pub given: Option<Given>,
    /// When it takes effect.
    pub effect: Effect,
}

/// When a change takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once: from the next hook on.
    Now,
    /// At once, but the plugin's `initialize` has taken the old value and sees the new one when it is activated again.
    NextActivation,
    /// When the plugin is made again: what bounds it is given to it then.
    NextMaking,
    /// When a compiler process is started next.
    NextCompiler,
    /// When `fit` is called next; a run keeps the options it was made with.
    NextFit,
    /// At once: the plugin is loaded from its path.
    Loaded,
    /// When a plugin of that name is registered.
    Registration,
    /// Not at all.
    Refused(String),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::NextActivation => f.write_str("at the next activation"),
            Self::NextMaking => f.write_str("when it is registered again"),
            Self::NextFit => f.write_str("at the next fit"),
            Self::NextCompiler => f.write_str("when the compiler is started next"),
            Self::Loaded => f.write_str("now, loaded from its path"),
            Self::Registration => f.write_str("when it is registered"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// What a change would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By key: training first, then the compiler, then plugins.
    pub changes: Vec<Change>,
    /// The plugins to be changed, each after those it needs.
    pub wanted: Vec<(String, Registration)>,
    /// The configuration that is then in effect.
    pub layer: Layer,
}

impl Plan {
    /// The plugins that are named but not registered.
    pub fn waiting(&self) -> impl Iterator<Item = &str> {
        let waits = self.changes.iter().filter(|change| change.effect == Effect::Registration);
        let mut seen = BTreeSet::new();
        waits.map(|change| change.plugin.as_str()).filter(move |name| seen.insert(*name))
    }

    /// The plugins of which there is a source that must be made again.
    pub fn made_again(&self) -> BTreeSet<String> {
        let bound =
            self.changes.iter().filter(|change| change.bounds && matches!(change.effect, Effect::Now | Effect::Loaded));
        bound.map(|change| change.plugin.clone()).collect()
    }

    /// The first change that is refused.
    pub fn refused(&self) -> Option<(&Change, &str)> {
        self.changes.iter().find_map(|change| match &change.effect {
            Effect::Refused(why) => Some((change, why.as_str())),
            _ => None,
        })
    }
}

/// What it would do to go from one configuration to another.
///
/// # Errors
/// Plugins that need one that is not there, or each other.
pub fn plan(manager: &PluginManager, bases: &Bases, old: &Layer, new: Layer) -> Result<Plan, Refusal> {
    let (layer, names) = order::ordered(manager, bases, new)?;
    let mut plan = Plan { changes: training_changes(old, &layer), ..Plan::default() };
    plan.changes.extend(rust_changes(old, &layer));
    let mut said: Vec<&str> = layer.plugins.iter().chain(&old.plugins).map(|entry| entry.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    said.retain(|name| seen.insert(*name));
    for name in &said {
        match bases.get(*name) {
            Some(base) => {
                let keys =
                    touched(base, old.of(name).map(|entry| &entry.keys), layer.of(name).map(|entry| &entry.keys));
                plan.changes.extend(of_plugin(manager, name, base, &layer, &keys, &mut plan.wanted));
            }
            None => plan.changes.extend(waiting(name, old, &layer)),
        }
    }
    let place = |name: &str| names.iter().position(|own| own == name).unwrap_or(names.len());
    plan.wanted.sort_by_key(|(name, _)| place(name));
    plan.layer = layer;
    Ok(plan)
}

/// A registration with what the configuration says of the plugin put over it, but for keys that its cell gives itself.
pub fn configured(base: &Base, layer: &Layer, name: &str, defaults: &Map<String, Json>) -> Registration {
    let Some(entry) = layer.of(name) else { return base.registration.clone() };
    let keys = entry.keys.iter().filter(|(key, _)| !base.own.contains(*key));
    let values = keys.map(|(key, given)| (key.as_str(), Some(over_default(key, &given.value, defaults))));
    with(&base.registration, values)
}

/// Keys of which the two say different things and which are the configuration's to say.
fn touched(
    base: &Base,
    old: Option<&BTreeMap<String, Given>>,
    new: Option<&BTreeMap<String, Given>>,
) -> BTreeSet<String> {
    let empty = BTreeMap::new();
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let value = |keys: &BTreeMap<String, Given>, key: &str| keys.get(key).map(|given| given.value.clone());
    let keys = old.keys().chain(new.keys()).filter(|key| value(old, key) != value(new, key));
    keys.filter(|key| !base.own.contains(*key)).cloned().collect()
}

fn of_plugin(
    manager: &PluginManager,
    name: &str,
    base: &Base,
    layer: &Layer,
    keys: &BTreeSet<String>,
    wanted: &mut Vec<(String, Registration)>,
) -> Vec<Change> {
    let (Ok(record), Ok(metadata), Ok(settings)) =
        (manager.record_of(name), manager.metadata(name), manager.settings_of(name))
    else {
        return Vec::new();
    };
    let given = |key: &str| layer.of(name).and_then(|entry| entry.keys.get(key));
    let values: Vec<(&str, Option<Json>)> = keys
        .iter()
        .map(|key| {
            let said = given(key).map(|given| over_default(key, &given.value, &metadata.config));
            (key.as_str(), said.or_else(|| part(&base.registration, key)))
        })
        .collect();
    let target = with(&record.registration, values.iter().cloned());
    let now = |key: &str| match key.strip_prefix("config.") {
        Some(setting) => settings.get(setting).cloned().unwrap_or_default(),
        None => part(&record.registration, key).unwrap_or_default(),
    };
    let mut changes = Vec::new();
    for (key, value) in &values {
        let new = match (value, key.strip_prefix("config.")) {
            (Some(value), _) => value.clone(),
            (None, Some(setting)) => metadata.config.get(setting).cloned().unwrap_or_default(),
            (None, None) => Json::Null,
        };
        let old = now(key);
        let effect = effect(manager, name, key, &target);
        if same(&old, &new) && !matches!(effect, Effect::Refused(_)) || !is_registration(key) {
            continue;
        }
        changes.push(Change {
            key: shown_key(name, key),
            plugin: name.to_owned(),
            old,
            new,
            bounds: is_bound(key),
            given: given(key).cloned(),
            effect,
        });
    }
    if !changes.is_empty() {
        wanted.push((name.to_owned(), target));
    }
    changes
}

/// A number is the same whether it is written whole or not.
fn same(old: &Json, new: &Json) -> bool {
    old == new || old.as_f64().is_some_and(|old| new.as_f64() == Some(old))
}

/// Whether a key says something to the manager; the others say where a plugin comes from.
fn is_registration(key: &str) -> bool {
    !matches!(key, "path" | "dependencies")
}

fn effect(manager: &PluginManager, name: &str, key: &str, target: &Registration) -> Effect {
    if let Err(error) = manager.check_reconfigured(name, target)
        && is_about(&error, key)
    {
        return Effect::Refused(error.to_string());
    }
    // Where there is a source it is made again at once.
    if is_bound(key) && target.source.is_empty() {
        return Effect::NextMaking;
    }
    let kept = key.starts_with("config.") && manager.keeps_settings(name).unwrap_or(false);
    if kept { Effect::NextActivation } else { Effect::Now }
}

/// Whether a key bounds what a plugin may do: a script is made under its bounds.
fn is_bound(key: &str) -> bool {
    key == "allow" || key.starts_with("limits.")
}

/// Whether an error is, or may be, about that key: one wrong setting does not make the others wrong.
fn is_about(error: &ManagerError, key: &str) -> bool {
    match error {
        ManagerError::UnknownSetting { key: wrong, .. } | ManagerError::SettingType { key: wrong, .. } => {
            key.strip_prefix("config.") == Some(wrong)
        }
        ManagerError::Condition { .. } => key == "when",
        ManagerError::Filter { .. } => matches!(key, "every" | "once" | "after" | "before"),
        _ => true,
    }
}

fn training_changes(old: &Layer, new: &Layer) -> Vec<Change> {
    let defaults = training::defaults();
    let names: BTreeSet<&String> = old.training.keys().chain(new.training.keys()).collect();
    let value = |layer: &Layer, name: &str| {
        let said = layer.training.get(name).map(|given| given.value.clone());
        said.or_else(|| defaults.get(name).cloned()).unwrap_or_default()
    };
    let change = |name: &String| {
        let (old, new_value) = (value(old, name), value(new, name));
        (!same(&old, &new_value)).then(|| Change {
            key: format!("training.{name}"),
            plugin: String::new(),
            old,
            new: new_value,
            bounds: false,
            given: new.training.get(name).cloned(),
            effect: Effect::NextFit,
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn rust_changes(old: &Layer, new: &Layer) -> Vec<Change> {
    let value = |layer: &Layer, key: &str| layer.rust.get(key).map(|given| given.value.clone()).unwrap_or_default();
    let changed = RUST.iter().filter(|key| value(old, key.name) != value(new, key.name));
    let change = |key: &Key| Change {
        key: format!("rust.{}", key.name),
        plugin: String::new(),
        old: value(old, key.name),
        new: value(new, key.name),
        bounds: false,
        given: new.rust.get(key.name).cloned(),
        effect: if key.name == "memory" { Effect::NextCompiler } else { Effect::Now },
    };
    changed.map(change).collect()
}

/// Changes of what is said of a plugin that is not registered.
fn waiting(name: &str, old: &Layer, new: &Layer) -> Vec<Change> {
    let empty = BTreeMap::new();
    let keys = |layer: &Layer| layer.of(name).map_or(empty.clone(), |entry| entry.keys.clone());
    let (old, new) = (keys(old), keys(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |keys: &BTreeMap<String, Given>, key: &str| keys.get(key).map(|given| given.value.clone());
    let effect = if new.contains_key("path") { Effect::Loaded } else { Effect::Registration };
    let change = |key: &String| {
        let (before, after) = (value(&old, key), value(&new, key));
        (before != after).then(|| Change {
            key: shown_key(name, key),
            plugin: name.to_owned(),
            old: before.unwrap_or_default(),
            new: after.unwrap_or_default(),
            bounds: is_bound(key),
            given: new.get(key).cloned(),
            effect: effect.clone(),
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// A plugin's key as users read and write it.
pub fn shown_key(name: &str, key: &str) -> String {
    let key = match key.strip_prefix("config.") {
        // What is both a setting and a key of the registration is written in full.
        Some(setting) if find(&KEYS, setting).is_none() => setting,
        _ => key,
    };
    format!("{name}.{key}")
}

/// A part of a registration by its key; none where a setting is not given.
pub fn part(registration: &Registration, key: &str) -> Option<Json> {
    // A registration is plain data; it always has JSON.
    let json = serde_json::to_value(registration).unwrap_or_default();
    match key.split_once('.') {
        Some((table, name)) => json.get(table)?.get(name).cloned(),
        None => json.get(key).cloned(),
    }
}

/// A registration with other values; none takes a setting away.
fn with<'a>(registration: &Registration, values: impl Iterator<Item = (&'a str, Option<Json>)>) -> Registration {
    let mut json = serde_json::to_value(registration).unwrap_or_default();
    for (key, value) in values.filter(|(key, _)| is_registration(key)) {
        let (table, name) = match key.split_once('.') {
            Some((table, name)) => (json.get_mut(table), name),
            None => (Some(&mut json), key),
        };
        let Some(table) = table.and_then(Json::as_object_mut) else { continue };
        match value {
            Some(value) => drop(table.insert(name.to_owned(), value)),
            None => drop(table.shift_remove(name)),
        }
    }
    // Every value was checked when it was read, so that this is a registration.
    serde_json::from_value(json).unwrap_or_else(|_| registration.clone())
}

/// A setting that is a map goes over its default key by key.
fn over_default(key: &str, value: &Json, defaults: &Map<String, Json>) -> Json {
    match key.strip_prefix("config.").and_then(|setting| defaults.get(setting)) {
        Some(default) => merge(default, value),
        None => value.clone(),
    }
}

/// The name of the entry that a plugin of that name takes.
pub fn entry_of<'a>(layer: &'a Layer, name: &str) -> Option<&'a str> {
    let entries = layer.plugins.iter().map(|entry| entry.name.as_str());
    entries
        .clone()
        .find(|entry| *entry == name)
        .or_else(|| entries.into_iter().find(|entry| same_plugin(entry, std::iter::once(name)).is_some()))
}
