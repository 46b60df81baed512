//! The six registries of entry points, read from the plugins that are registered: which plugin answers for a model type
//! or a name of data. Nothing is kept here, so that they can never differ from the plugins.
//!
//! Must not know what the entry points do. Read [`PluginManager::entry`] first.

use crate::registration::Description;
use crate::{ManagerError, PluginManager};
use candlewick_plugin_api::{Group, PluginError, Verb};

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
