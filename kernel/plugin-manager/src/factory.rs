//! Factories: one plugin, many named instances, each with settings, state and a place of its own.
//!
//! Must not know how a plugin is made again: it says so itself ([`Plugin::another`]). Read [`PluginManager::create`] first.

use crate::config::settings;
use crate::manager::{describe, guarded, name_taken, refused};
use crate::registration::Description;
use crate::states::carry_states;
use crate::{ManagerError, PluginManager, Registered, Registration};
use candlewick_plugin_api::{EntryPoints, Event, Metadata, Plugin};
use serde_json::{Map, Value};

/// What takes the place of an instance when the plugin that it is of is replaced.
pub(crate) struct Successor {
    name: String,
    plugin: Box<dyn Plugin>,
    description: Description,
    registration: Registration,
}

impl PluginManager {
    /// Makes an instance of a plugin under a name of its own: with these settings over the plugin's defaults, fresh state,
    /// its own place in the order, and the priority, policy, filters, limits and grants of the plugin it is made of. An
    /// instance of that plugin that has the name already is replaced and keeps its state.
    ///
    /// # Errors
    /// No such plugin, one that cannot be made twice, a name that another plugin holds, or what refuses a registration.
    pub fn create(
        &mut self,
        plugin: &str,
        name: &str,
        config: &Map<String, Value>,
    ) -> Result<Registered, ManagerError> {
        let slot = &self.slots[self.find(plugin)?];
        slot.check_not_executing("made again")?;
        let of = slot.registration.of.clone().unwrap_or_else(|| plugin.to_owned());
        let registration = Registration {
            config: config.clone(),
            enabled: true,
            quarantined: false,
            origin: format!("plugin `{of}`"),
            of: Some(of),
            ..slot.registration.clone()
        };
        if let Some(holder) = self.slots.iter().find(|slot| slot.name() == name)
            && holder.registration.origin != registration.origin
        {
            return Err(name_taken(holder, &registration));
        }
        let mut made = another(&*slot.plugin, plugin)?;
        let description = describe(&mut *made, &registration, Some(name))?;
        self.enter(made, description, registration)
    }

    /// Registers an instance that was made elsewhere, as a former process recorded it.
    ///
    /// # Errors
    /// What refuses a registration.
    pub fn register_instance(
        &mut self,
        name: &str,
        mut plugin: Box<dyn Plugin>,
        registration: Registration,
    ) -> Result<Registered, ManagerError> {
        let description = describe(&mut *plugin, &registration, Some(name))?;
        self.enter(plugin, description, registration)
    }

    /// The names of a plugin's instances, in the order they were made.
    pub fn instances<'a>(&'a self, plugin: &'a str) -> impl Iterator<Item = &'a str> {
        self.slots.iter().filter(move |slot| slot.registration.of.as_deref() == Some(plugin)).map(|slot| slot.name())
    }

    /// Makes what is to take the place of every instance of a plugin, out of the plugin's new code; nothing changes yet.
    pub(crate) fn successors(
        &self,
        new: &dyn Plugin,
        name: &str,
        registration: &Registration,
    ) -> Result<Vec<Successor>, ManagerError> {
        let holder = self.slots.iter().find(|slot| slot.name() == name);
        if let Some(holder) = holder.filter(|holder| holder.registration.origin != registration.origin) {
            return Err(name_taken(holder, registration));
        }
        let instances = self.slots.iter().filter(|slot| slot.registration.of.as_deref() == Some(name));
        let successor = |slot: &crate::slot::Slot| {
            slot.check_not_executing("replaced")?;
            let mut plugin = another(new, name)?;
            let registration = crate::report::record(slot).registration;
            let description = describe(&mut *plugin, &registration, Some(slot.name()))?;
            carry_states(slot, &mut *plugin, self.runs.known())?;
            Ok(Successor { name: slot.name().to_owned(), plugin, description, registration })
        };
        instances.map(successor).collect()
    }

    /// Gives instances the new code. One whose `initialize` fails keeps the former code; the next hook says so.
    pub(crate) fn succeed(&mut self, successors: Vec<Successor>) {
        for Successor { name, plugin, description, registration } in successors {
            if let Err(error) = self.enter(plugin, description, registration) {
                let text = format!("instance `{name}` keeps its former code: {error}");
                self.notices.borrow_mut().push(Event::Warning(text));
            }
        }
    }
}

/// The settings that a plugin is to be made with; none when it takes no part with those.
pub(crate) fn made(
    plugin: &mut dyn Plugin,
    metadata: &Metadata,
    given: &Map<String, Value>,
) -> Result<Option<Map<String, Value>>, ManagerError> {
    let made = guarded(|| plugin.create(given)).flatten();
    let made = made.map_err(|error| refused(&metadata.name, "create", error))?;
    made.map(|made| settings(metadata, &made)).transpose()
}

/// Settings given later, with which the plugin takes no part.
pub(crate) fn declined(plugin: &str) -> ManagerError {
    let why = "its `create` says that it takes no part with these settings".to_owned();
    ManagerError::Unusable { plugin: plugin.to_owned(), why }
}

/// An instance goes by its own name, at its entry points too.
pub(crate) fn rename(metadata: &mut Metadata, name: &str) {
    name.clone_into(&mut metadata.name);
    let own = std::mem::take(&mut metadata.entry_points);
    metadata.entry_points = EntryPoints {
        state_cb_arg_name: own.state_cb_arg_name,
        instance_arg_name: own.instance_arg_name,
        ..EntryPoints::default()
    };
}

fn another(plugin: &dyn Plugin, name: &str) -> Result<Box<dyn Plugin>, ManagerError> {
    let made = guarded(|| plugin.another()).map_err(|error| refused(name, "another", error))?;
    made.ok_or_else(|| ManagerError::NotTwice {
        plugin: name.to_owned(),
        why: "its author has not provided for it (`Plugin::another`)".to_owned(),
    })
}
