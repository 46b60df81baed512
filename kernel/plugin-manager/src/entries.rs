//! The six registries of entry points, read from the plugins that are registered: which plugin answers for a model type
//! or a name of data. Nothing is kept here, so that they can never differ from the plugins.
//!
//! Must not know what the entry points do. Read [`PluginManager::entry`] first.

use crate::lifecycle::{State, illegal};
use crate::manager::guarded;
use crate::registration::Description;
use crate::{ManagerError, PluginManager};
use candlewick_plugin_api::{Group, Loading, PluginError, Value, Verb};

/// One entry of one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The registry: `data_access`, `instantiate`, `fit`, `predict`, `serialize` or `deserialize`.
    pub verb: Verb,
    /// The model type, or the name of data.
    pub key: String,
    /// The plugin that declares it.
    pub plugin: String,
}

impl PluginManager {
    /// The plugin that declares an entry point for a model type or a name of data.
    pub fn entry(&self, verb: Verb, key: &str) -> Option<&str> {
        let declares =
            |description: &Description| description.verbs.contains(&verb) && keys(description, verb).contains(&key);
        self.slots.iter().find(|slot| declares(&slot.description)).map(|slot| slot.name())
    }

    /// All entries, registry by registry, in the order in which the plugins were registered.
    pub fn entries(&self) -> Vec<Entry> {
        let of = |verb: Verb| {
            let having = self.slots.iter().filter(move |slot| slot.description.verbs.contains(&verb));
            having.flat_map(move |slot| {
                let made = |key: &str| Entry { verb, key: key.to_owned(), plugin: slot.name().to_owned() };
                keys(&slot.description, verb).into_iter().map(made).collect::<Vec<_>>()
            })
        };
        Group::EntryPoints.verbs().flat_map(of).collect()
    }

    /// The names of a verb's parameters, where the plugin tells them.
    ///
    /// # Errors
    /// No such plugin.
    pub fn parameters(&self, plugin: &str, verb: &str) -> Result<Option<Vec<String>>, ManagerError> {
        let slot = &self.slots[self.find(plugin)?];
        let Some(verb) = slot.description.verb(verb) else { return Ok(None) };
        Ok(guarded(|| slot.plugin.parameters(verb)).ok().flatten())
    }

    /// An active plugin's `data_access` as work for a thread, if it offers that.
    ///
    /// # Errors
    /// No such plugin, one that is not active, or one that panics.
    pub fn load_data(&mut self, plugin: &str, arguments: &[Value]) -> Result<Option<Loading>, ManagerError> {
        let index = self.find(plugin)?;
        let slot = &mut self.slots[index];
        if slot.state != State::Active {
            return Err(illegal(slot, slot.state, "executed", "activate it first"));
        }
        let failed = |error| ManagerError::Verb { plugin: plugin.to_owned(), verb: "data_access", error };
        guarded(|| slot.plugin.load_data(arguments)).map_err(failed)
    }

    /// Refuses a plugin of which any entry is declared by another one, before anything of it enters a registry.
    pub(crate) fn check_entries(&self, new: &Description) -> Result<(), ManagerError> {
        let plugin = &new.metadata.name;
        if let Some(verb) = new.metadata.entry_points.named().find(|verb| !new.verbs.contains(verb)) {
            let error = PluginError::invalid(format!("entry_points names {verb}, but it has no function {verb}"));
            return Err(ManagerError::Refused { plugin: plugin.clone(), what: "its metadata", error });
        }
        for verb in &new.verbs {
            for key in keys(new, *verb) {
                if let Some(holder) = self.entry(*verb, key).filter(|holder| holder != plugin) {
                    let (key, holder) = (key.to_owned(), holder.to_owned());
                    return Err(ManagerError::EntryTaken { key, verb: verb.name(), holder, plugin: plugin.clone() });
                }
            }
        }
        Ok(())
    }
}

fn keys(description: &Description, verb: Verb) -> Vec<&str> {
    description.metadata.entry_points.keys(verb, &description.metadata.name)
}
