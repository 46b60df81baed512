//! The order of plugins that a configuration names: each after those it needs, and a list's order as priorities.
//!
//! Must not know how values are applied. Read [`ordered`] first.

use super::layer::{Given, Layer, Refusal, same_plugin};
use super::plan::Bases;
use candlewick_plugin_api::{Dependency, Metadata};
use candlewick_plugin_manager::{ManagerError, PluginManager};
use serde_json::Value as Json;

/// The configuration with priorities for plugins of its list that have none of their own, and all plugins' names, each
/// after those it needs.
///
/// # Errors
/// A plugin that needs one that is not there, not enabled or of another version, or plugins that need each other.
pub fn ordered(manager: &PluginManager, bases: &Bases, mut layer: Layer) -> Result<(Layer, Vec<String>), Refusal> {
    for entry in &mut layer.plugins {
        // Whoever says where a plugin is wants it.
        if let (Some(path), false) = (entry.keys.get("path").cloned(), entry.keys.contains_key("enabled")) {
            entry.keys.insert("enabled".to_owned(), Given { value: true.into(), ..path });
        }
    }
    check(manager, &layer)?;
    let names = sorted(manager, &layer)?;
    let mut listed: Vec<String> = layer.order.clone();
    // The names begin with the list, so that only what plugins need of each other moves them.
    listed.sort_by_key(|name| names.iter().position(|own| own == name));
    let mut last: Option<i64> = None;
    for name in &listed {
        let own = bases.get(name).map_or(0, |base| base.registration.priority);
        let entry = layer.entry(name);
        if entry.keys.contains_key("priority") {
            continue;
        }
        let place = last.map_or(own, |last| if own > last { own } else { last + 1 });
        last = Some(place);
        if place != own
            && let Some(named) = entry.keys.get("enabled").cloned()
        {
            entry.keys.insert("priority".to_owned(), Given { value: place.into(), ..named });
        }
    }
    Ok((layer, names))
}

/// Whether what each enabled plugin needs by the configuration is there and enabled.
fn check(manager: &PluginManager, layer: &Layer) -> Result<(), Refusal> {
    for entry in layer.plugins.iter().filter(|entry| said(layer, &entry.name) != Some(false)) {
        let Some(given) = entry.keys.get("dependencies") else { continue };
        for dependency in dependencies(given) {
            if let Some(why) = unmet(manager, layer, &dependency) {
                let name = &entry.name;
                return Err(Refusal::of(given, &format!("plugin `{name}` needs plugin `{dependency}`, which {why}")));
            }
        }
    }
    Ok(())
}

fn unmet(manager: &PluginManager, layer: &Layer, dependency: &Dependency) -> Option<String> {
    let rows = manager.plugins();
    let name = resolved(&dependency.name, &rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>(), layer);
    let row = rows.iter().find(|row| row.name == name);
    match (row, said(layer, &name)) {
        (_, Some(false)) => Some("is not enabled".to_owned()),
        (None, None) if layer.of(&name).is_none() => {
            Some("is neither registered nor named in the configuration".to_owned())
        }
        (Some(row), _) if !dependency.is_met_by(&row.version) => Some(format!("is there as version {}", row.version)),
        (Some(row), None) if !manager.active_plugins().iter().any(|active| active.name == row.name) => {
            Some(format!("is {} and not enabled; name it in the configuration", row.state.name()))
        }
        _ => None,
    }
}

/// All plugins by name, each after those it needs; else in the order of the list, then of registration.
fn sorted(manager: &PluginManager, layer: &Layer) -> Result<Vec<String>, Refusal> {
    let rows = manager.plugins();
    let registered: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let mut names: Vec<String> = layer.order.clone();
    let others = registered.iter().cloned().chain(layer.plugins.iter().map(|entry| entry.name.clone()));
    others.for_each(|name| {
        if !names.contains(&name) {
            names.push(name)
        }
    });
    let nodes: Vec<Metadata> = names.iter().map(|name| node(manager, layer, name, &names)).collect();
    let nodes: Vec<&Metadata> = nodes.iter().collect();
    match PluginManager::order(&nodes) {
        Ok(order) => Ok(order.into_iter().map(str::to_owned).collect()),
        Err(ManagerError::Circle { circle }) => Err(circular(layer, &circle)),
        Err(error) => Err(Refusal::whole(error.to_string())),
    }
}

/// A plugin with what it needs of the others, as far as they are there: what is not was asked for elsewhere.
fn node(manager: &PluginManager, layer: &Layer, name: &str, names: &[String]) -> Metadata {
    let mut node = Metadata::of(name, "", "");
    let own = manager.metadata(name).map(|metadata| metadata.dependencies.clone()).unwrap_or_default();
    let more = layer.of(name).and_then(|entry| entry.keys.get("dependencies")).map(dependencies).unwrap_or_default();
    for dependency in own.into_iter().chain(more) {
        let needed = resolved(&dependency.name, names, layer);
        if names.contains(&needed)
            && let Ok(any) = needed.parse()
        {
            node = node.needs(any);
        }
    }
    node
}

fn circular(layer: &Layer, circle: &str) -> Refusal {
    let message = format!("plugins need each other in a circle: {circle}; take one of the dependencies away");
    let inside = |name: &str| circle.split(" → ").any(|own| own == name);
    let given = layer.plugins.iter().filter(|entry| inside(&entry.name));
    match given.filter_map(|entry| entry.keys.get("dependencies")).next() {
        Some(given) => Refusal::of(given, &message),
        None => Refusal::whole(message),
    }
}

/// Whether the configuration enables a plugin, if it says so.
fn said(layer: &Layer, name: &str) -> Option<bool> {
    layer.of(name)?.keys.get("enabled")?.value.as_bool()
}

fn dependencies(given: &Given) -> Vec<Dependency> {
    let texts = given.value.as_array().into_iter().flatten().filter_map(Json::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

fn resolved(name: &str, known: &[String], layer: &Layer) -> String {
    let known = known.iter().map(String::as_str).chain(layer.plugins.iter().map(|entry| entry.name.as_str()));
    same_plugin(name, known).unwrap_or(name).to_owned()
}
