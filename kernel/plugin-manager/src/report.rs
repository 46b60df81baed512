//! What users see of the registry: rows for `%plugins`, the loop for `%hooks`, failures, and what registers all again.

use crate::manager::{PluginManager, guarded};
use crate::points::Bound;
use crate::slot::{Slot, Tally};
use crate::{ManagerError, Record, Registration, State};
use candlewick_plugin_api::{Hook, HookFailure, Metadata, Point, TransformSet, Verb};
use serde_json::{Map, Value};

/// One plugin, for a table of all.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, in one line.
    pub description: String,
    /// Where it was registered from.
    pub origin: String,
    /// Whether it is called.
    pub state: State,
    /// Its place in the order.
    pub priority: i64,
    /// The hooks it has, in lifecycle order.
    pub hooks: Vec<Hook>,
    /// The verbs it has.
    pub verbs: Vec<Verb>,
    /// The data transforms it has.
    pub transforms: TransformSet,
    /// Calls of hooks, transforms and verbs since this generation was registered; exact.
    pub calls: u64,
    /// Failed ones among them.
    pub errors: u64,
    /// Seconds spent in its calls.
    pub seconds: f64,
    /// Whether `seconds` is an estimate from every 64th call of a hook.
    pub sampled: bool,
    /// How many times the name has been registered.
    pub generation: u64,
    /// The plugin that it is an instance of.
    pub of: Option<String>,
}

/// One plugin at one hook.
#[derive(Clone, Debug, PartialEq)]
pub struct HookRow {
    /// The plugin's name.
    pub plugin: String,
    /// Its place in the order.
    pub priority: i64,
    /// Whether it is called.
    pub state: State,
    /// Calls since this generation was registered; exact.
    pub calls: u64,
    /// Failed ones among them.
    pub errors: u64,
    /// Seconds spent in these calls.
    pub seconds: f64,
    /// Whether `seconds` is an estimate from every 64th call.
    pub sampled: bool,
    /// Its filters and its condition in a few words, such as `every 10, when ctx.loss > 2`.
    pub filter: String,
}

/// A hook point with the plugins that have a function for it.
#[derive(Clone, Debug, PartialEq)]
pub struct PointRow {
    /// The point.
    pub point: Point,
    /// Its plugins in the order they are called, inactive ones too.
    pub plugins: Vec<HookRow>,
}

impl PluginManager {
    /// All plugins in registration order.
    pub fn plugins(&self) -> Vec<PluginRow> {
        self.slots.iter().map(plugin_row).collect()
    }

    /// All fourteen hooks in lifecycle order, each with its plugins in the order they are called, inactive ones too.
    pub fn lifecycle(&self) -> Vec<(Hook, Vec<HookRow>)> {
        Hook::all().map(|hook| (hook, self.rows_at(hook))).collect()
    }

    /// The declared hook points, in the order of their declaration, each with its plugins.
    pub fn points(&self) -> Vec<PointRow> {
        let row = |bound: &Bound| {
            let mut slots: Vec<&Slot> =
                self.slots.iter().filter(|slot| slot.description.points.contains(&bound.point.name)).collect();
            slots.sort_by_key(|slot| slot.registration.priority);
            if bound.point.descending {
                slots.reverse();
            }
            let tally = |slot: &Slot| slot.watch.points.get(&bound.name).copied().unwrap_or_default();
            let plugins = slots.into_iter().map(|slot| HookRow::of(slot, &tally(slot))).collect();
            PointRow { point: bound.point.clone(), plugins }
        };
        self.points.iter().map(row).collect()
    }

    /// What registers all plugins again in the same order, in a new process too.
    pub fn records(&self) -> Vec<Record> {
        self.slots.iter().map(record).collect()
    }

    /// The plugin's newest failure since it was registered, if it failed at all.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn failures(&self, name: &str) -> Result<Option<&HookFailure>, ManagerError> {
        Ok(self.slots[self.find(name)?].newest_failure.as_ref())
    }

    /// Bytes of what the plugin keeps: as it counts them itself, else of its states in all runs as JSON.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn bytes(&self, name: &str) -> Result<u64, ManagerError> {
        let plugin = &self.slots[self.find(name)?].plugin;
        let states = || self.runs.known().filter_map(|run| guarded(|| plugin.state(run)).ok().flatten());
        let counted = guarded(|| plugin.bytes()).ok().flatten();
        Ok(counted.unwrap_or_else(|| states().map(|state| state.to_string().len() as u64).sum()))
    }

    /// The plugin's settings: those given over its defaults.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn settings(&self, name: &str) -> Result<&Map<String, Value>, ManagerError> {
        Ok(&self.slots[self.find(name)?].description.settings)
    }

    /// What the plugin says about itself.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn metadata(&self, name: &str) -> Result<&Metadata, ManagerError> {
        Ok(&self.slots[self.find(name)?].description.metadata)
    }

    fn rows_at(&self, hook: Hook) -> Vec<HookRow> {
        let mut slots: Vec<&Slot> = self.slots.iter().filter(|slot| slot.description.hooks.contains(hook)).collect();
        slots.sort_by_key(|slot| slot.registration.priority);
        if !hook.is_ascending() {
            slots.reverse();
        }
        slots.into_iter().map(|slot| HookRow::of(slot, &slot.tallies[hook as usize])).collect()
    }
}

fn plugin_row(slot: &Slot) -> PluginRow {
    let metadata = &slot.description.metadata;
    PluginRow {
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        description: metadata.description.clone(),
        origin: slot.registration.origin.clone(),
        state: slot.state,
        priority: slot.registration.priority,
        hooks: slot.description.hooks.iter().collect(),
        verbs: slot.description.verbs.clone(),
        transforms: slot.description.transforms,
        calls: all(slot).map(|tally| tally.calls).sum(),
        errors: all(slot).map(|tally| tally.errors).sum(),
        seconds: all(slot).map(Tally::seconds).sum(),
        sampled: slot.tallies.iter().any(Tally::is_sampled),
        generation: slot.generation,
        of: slot.registration.of.clone(),
    }
}

/// What its hooks, its transforms and its verbs have cost.
fn all(slot: &Slot) -> impl Iterator<Item = &Tally> {
    slot.tallies.iter().chain(&slot.transform_tallies).chain([&slot.executions]).chain(slot.watch.points.values())
}

impl HookRow {
    /// The row of a plugin with what it has cost there.
    pub(crate) fn of(slot: &Slot, tally: &Tally) -> Self {
        Self {
            plugin: slot.name().to_owned(),
            priority: slot.registration.priority,
            state: slot.state,
            calls: tally.calls,
            errors: tally.errors,
            seconds: tally.seconds(),
            sampled: tally.is_sampled(),
            filter: slot.registration.filter_words(),
        }
    }
}

/// A quarantined plugin stays so in a new process: what made it fail may be what ended the old one.
pub(crate) fn record(slot: &Slot) -> Record {
    let (enabled, quarantined) = (slot.is_enabled(), slot.state == State::Quarantined);
    let registration = Registration { enabled, quarantined, ..slot.registration.clone() };
    Record { name: slot.name().to_owned(), registration }
}
