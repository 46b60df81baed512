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
        let (order, failed) = arranged(plugins, &[]);
        match failed.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(order.into_iter().map(|index| plugins[index].name.as_str()).collect()),
        }
    }

    /// Whether everything is there that a plugin with this metadata needs: other plugins, Candlewick's version, the machine.
    ///
    /// # Errors
    /// The first thing that is not, and what there is instead.
    pub fn check_needs(&self, metadata: &Metadata) -> Result<(), ManagerError> {
        self.check_requirements(metadata)
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

/// The indices of plugins in an order in which each comes after those it needs, else in the given order; and those that
/// cannot come at all, each with why, causes first. What is `there` already may be needed too.
pub(crate) fn arranged(plugins: &[&Metadata], there: &[&Metadata]) -> (Vec<usize>, Vec<(usize, ManagerError)>) {
    let places = plugins.iter().enumerate().map(|(index, own)| (own.name.as_str(), index)).collect();
    let there = there.iter().map(|own| (own.name.as_str(), own.version.as_str())).collect();
    let mut arranging = Arranging {
        plugins,
        places,
        there,
        reached: vec![Reached::Not; plugins.len()],
        order: Vec::new(),
        failed: Vec::new(),
    };
    for index in 0..plugins.len() {
        arranging.visit(index, &mut Vec::new());
    }
    (arranging.order, arranging.failed)
}

/// How far a plugin has come.
#[derive(Clone, Copy, PartialEq)]
enum Reached {
    Not,
    Under,
    Placed,
    Failed,
}

struct Arranging<'a> {
    plugins: &'a [&'a Metadata],
    places: BTreeMap<&'a str, usize>,
    /// Name and version of what is registered already.
    there: BTreeMap<&'a str, &'a str>,
    reached: Vec<Reached>,
    order: Vec<usize>,
    failed: Vec<(usize, ManagerError)>,
}

impl Arranging<'_> {
    /// Depth first; `path` is what is being looked into, so that a circle is seen when it closes.
    fn visit(&mut self, index: usize, path: &mut Vec<usize>) {
        match self.reached[index] {
            Reached::Placed | Reached::Failed => return,
            Reached::Under => return self.close(index, path),
            Reached::Not => self.reached[index] = Reached::Under,
        }
        path.push(index);
        for dependency in &self.plugins[index].dependencies {
            if let Some(&needed) = self.places.get(dependency.name.as_str()) {
                self.visit(needed, path);
            }
            if self.reached[index] == Reached::Failed {
                break;
            }
            if let Some(why) = self.unmet(dependency) {
                self.fail(index, unusable(self.plugins[index], why));
                break;
            }
        }
        path.pop();
        if self.reached[index] == Reached::Under {
            self.reached[index] = Reached::Placed;
            self.order.push(index);
        }
    }

    fn unmet(&self, dependency: &Dependency) -> Option<String> {
        let missing = |why: &str| Some(format!("it needs plugin `{dependency}`{why}"));
        let other = |version: &str| missing(&format!("; version {version} is there"));
        match (self.places.get(dependency.name.as_str()), self.there.get(dependency.name.as_str())) {
            (Some(&index), _) if !dependency.is_met_by(&self.plugins[index].version) => {
                other(&self.plugins[index].version)
            }
            (Some(&index), _) if self.reached[index] == Reached::Failed => missing(", which cannot be loaded itself"),
            (None, Some(version)) if !dependency.is_met_by(version) => other(version),
            (None, None) => missing(", which is not there"),
            _ => None,
        }
    }

    /// Every plugin of a circle is named in the error of each.
    fn close(&mut self, index: usize, path: &[usize]) {
        let start = path.iter().position(|own| *own == index).unwrap_or(0);
        let names = path[start..].iter().chain([&index]).map(|own| self.plugins[*own].name.as_str());
        let circle = names.collect::<Vec<_>>().join(" → ");
        for member in &path[start..] {
            self.fail(*member, ManagerError::Circle { circle: circle.clone() });
        }
    }

    fn fail(&mut self, index: usize, error: ManagerError) {
        if self.reached[index] != Reached::Failed {
            self.reached[index] = Reached::Failed;
            self.failed.push((index, error));
        }
    }
}

fn unusable(metadata: &Metadata, why: String) -> ManagerError {
    ManagerError::Unusable { plugin: metadata.name.clone(), why }
}
