//! What plugins keep about runs: into checkpoints, out of them, and from a replaced plugin to its successor.

use crate::ManagerError;
use crate::filters::Occurrences;
use crate::manager::{PluginManager, guarded};
use crate::slot::Slot;
use candlewick_plugin_api::{Event, Plugin, PluginError, RunId, Table};
use serde_json::{Map, Value};

/// Where a checkpoint keeps how often each hook came up for filtered plugins, beside the plugins' own states.
pub(crate) const OWN_KEY: &str = "plugin manager: occurrences";

impl PluginManager {
    /// A table that a plugin offers about a run.
    ///
    /// # Errors
    /// No such plugin, no such table, or the plugin panicked.
    pub fn table(&self, plugin: &str, run: RunId, name: &str) -> Result<Table, ManagerError> {
        let slot = &self.slots[self.find(plugin)?];
        let (plugin, table) = (plugin.to_owned(), name.to_owned());
        match guarded(|| slot.plugin.table(run, name)) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(ManagerError::NoTable { plugin, run, table }),
            Err(error) => Err(ManagerError::TableFailed { plugin, table, error }),
        }
    }

    /// Every plugin's state in this run, by name, inactive ones too: they may come back.
    pub(crate) fn gather_states(&self, run: RunId) -> Map<String, Value> {
        let mut states = Map::new();
        for slot in &self.slots {
            match guarded(|| slot.plugin.state(run)) {
                Ok(Some(state)) => drop(states.insert(slot.name().to_owned(), state)),
                Ok(None) => {}
                Err(error) => self.notice(slot, "could not save its state", run, &error),
            }
        }
        let counts = self.gather_occurrences(run);
        if !counts.is_empty() {
            states.insert(OWN_KEY.to_owned(), Value::Object(counts));
        }
        states
    }

    /// Gives plugins back what a checkpoint held. One that cannot read its own goes on as it is, and a warning says so.
    pub(crate) fn spread_states(&mut self, run: RunId, states: &Map<String, Value>) {
        let counts = states.get(OWN_KEY);
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            slot.occurrences.set(run, counts.and_then(|all| all.get(slot.name())).map(counted).unwrap_or_default());
            let Some(state) = states.get(slot.name()) else { continue };
            if let Err(error) = guarded(|| slot.plugin.restore(run, state)).flatten() {
                self.notice(&self.slots[index], "could not take back its saved state", run, &error);
            }
        }
    }

    fn gather_occurrences(&self, run: RunId) -> Map<String, Value> {
        let counts = |own: &Occurrences| -> Map<String, Value> {
            own.of(run).into_iter().map(|(name, count)| (name, Value::from(count))).collect()
        };
        let slots = self.slots.iter().map(|slot| (slot.name().to_owned(), counts(&slot.occurrences)));
        slots.filter(|(_, own)| !own.is_empty()).map(|(name, own)| (name, Value::Object(own))).collect()
    }

    fn notice(&self, slot: &Slot, what: &str, run: RunId, error: &PluginError) {
        let text = format!("plugin `{}` {what} in run {run}: {error}", slot.name());
        self.notices.borrow_mut().push(Event::Warning(text));
    }
}

/// Hands every run's state from a plugin to its successor, which nobody else has seen yet.
pub(crate) fn carry_states(
    slot: &Slot,
    successor: &mut dyn Plugin,
    runs: impl Iterator<Item = RunId>,
) -> Result<(), ManagerError> {
    for run in runs {
        let carried = guarded(|| slot.plugin.state(run)).and_then(|state| match state {
            Some(state) => guarded(|| successor.restore(run, &state)).flatten(),
            None => Ok(()),
        });
        carried.map_err(|error| ManagerError::StateNotCarried { plugin: slot.name().to_owned(), run, error })?;
    }
    Ok(())
}

fn counted(counts: &Value) -> Vec<(String, u64)> {
    let pairs = counts.as_object().into_iter().flatten();
    pairs.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect()
}
