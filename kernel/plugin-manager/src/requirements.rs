//! What a plugin needs before it may be active: other plugins, Candlewick's version, the machine.
//!
//! Must not know how the machine is measured. Read [`PluginManager::measure_with`] first.

use crate::ManagerError;
use crate::manager::PluginManager;
use crate::slot::Slot;
use candlewick_plugin_api::{Compatibility, Dependency, Machine, Metadata};
use std::collections::BTreeMap;

/// How the machine is measured, when a plugin asks for something of it.
pub(crate) struct Requirements {
    machine: fn() -> Machine,
}

impl Default for Requirements {
    fn default() -> Self {
        Self { machine: Machine::here }
    }
}

impl PluginManager {
    /// Measures the machine with this instead of [`Machine::here`], which knows neither devices nor memory.
    pub fn measure_with(&mut self, machine: fn() -> Machine) {
        self.requirements.machine = machine;
    }

    /// The names in an order in which each comes after those it needs; else in the given order.
    ///
    /// # Errors
    /// A name that is needed and not among them, a version that will not do, or names that need each other in a circle.
    pub fn order<'a>(plugins: &[&'a Metadata]) -> Result<Vec<&'a str>, ManagerError> {
        let by_name: BTreeMap<&str, &Metadata> = plugins.iter().map(|own| (own.name.as_str(), *own)).collect();
        let mut order = Vec::new();
        for plugin in plugins {
            visit(plugin, &by_name, &mut Vec::new(), &mut order)?;
        }
        Ok(order)
    }

    /// Whether everything a plugin needs is there.
    pub(crate) fn check_requirements(&self, metadata: &Metadata) -> Result<(), ManagerError> {
        for dependency in &metadata.dependencies {
            let found = self.slots.iter().find(|slot| slot.name() == dependency.name);
            if let Some(why) = unmet(dependency, found) {
                return Err(unusable(metadata, why));
            }
        }
        let asks_nothing = metadata.compatibility == Compatibility::default() && metadata.required_memory_gb == 0.0;
        let lacks = |machine: Machine| machine.lacks(&metadata.compatibility, metadata.required_memory_gb);
        match if asks_nothing { None } else { lacks((self.requirements.machine)()) } {
            Some(why) => Err(unusable(metadata, why)),
            None => Ok(()),
        }
    }

    /// Whether no active plugin needs this one.
    pub(crate) fn check_not_needed(&self, name: &str, what: &'static str) -> Result<(), ManagerError> {
        let needs = |slot: &&Slot| {
            slot.is_active() && slot.description.metadata.dependencies.iter().any(|own| own.name == name)
        };
        let dependents: Vec<&str> = self.slots.iter().filter(needs).map(Slot::name).collect();
        match dependents.is_empty() {
            true => Ok(()),
            false => Err(ManagerError::Needed { plugin: name.to_owned(), what, by: dependents.join(", ") }),
        }
    }
}

fn unmet(dependency: &Dependency, found: Option<&Slot>) -> Option<String> {
    let Some(slot) = found else { return Some(format!("it needs plugin `{dependency}`, which is not registered")) };
    let version = &slot.description.metadata.version;
    if !dependency.is_met_by(version) {
        return Some(format!("it needs plugin `{dependency}`; version {version} is registered"));
    }
    let state = slot.state.name();
    (!slot.is_active()).then(|| format!("it needs plugin `{}`, which is {state}; activate that first", slot.name()))
}

/// Depth first; `path` is what is being looked into, so that a circle is seen when it closes.
fn visit<'a>(
    plugin: &'a Metadata,
    all: &BTreeMap<&str, &'a Metadata>,
    path: &mut Vec<&'a str>,
    order: &mut Vec<&'a str>,
) -> Result<(), ManagerError> {
    if order.contains(&plugin.name.as_str()) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|name| *name == plugin.name) {
        let circle: Vec<&str> = path[start..].iter().copied().chain([plugin.name.as_str()]).collect();
        return Err(ManagerError::Circle { circle: circle.join(" → ") });
    }
    path.push(&plugin.name);
    for dependency in &plugin.dependencies {
        let found = all.get(dependency.name.as_str()).copied();
        let missing = |why: &str| unusable(plugin, format!("it needs plugin `{dependency}`{why}"));
        let needed = found.ok_or_else(|| missing(", which is not there"))?;
        if !dependency.is_met_by(&needed.version) {
            return Err(missing(&format!("; version {} is there", needed.version)));
        }
        visit(needed, all, path, order)?;
    }
    path.pop();
    order.push(&plugin.name);
    Ok(())
}

fn unusable(metadata: &Metadata, why: String) -> ManagerError {
    ManagerError::Unusable { plugin: metadata.name.clone(), why }
}
