//! Changing how registered plugins take part: place, filters, limits, settings, whether they are active; all or nothing.
//!
//! A plugin keeps its place among equals, its state in every run and its counts: it is the same code. Must not know where
//! the wishes come from. Read [`PluginManager::reconfigure`] first.

use crate::config::settings;
use crate::factory::{declined, made};
use crate::filters::Filters;
use crate::loading::{LoadedPlugin, described};
use crate::manager::{PluginManager, guarded};
use crate::report::record;
use crate::slot::Slot;
use crate::{ManagerError, Record, Registered, Registration};
use candlewick_plugin_api::Metadata;
use serde_json::{Map, Value};
use std::path::Path;

impl PluginManager {
    /// Changes registrations by name, all of them or none. Of each, what says where the plugin comes from and whether it is
    /// in quarantine stays. Plugins to be deactivated go first, those that others need last; plugins to be activated come
    /// after those that they need. New settings are given to the plugin at once; its `initialize` has them when it runs
    /// next. Cleanups that failed are given back: their plugins are inactive all the same.
    ///
    /// # Errors
    /// A name that is not registered, a setting it does not declare or of another type, a filter that lets nothing
    /// through, a plugin that does not take its settings or cannot be activated. All is then as it was.
    pub fn reconfigure(&mut self, wanted: &[(String, Registration)]) -> Result<Vec<ManagerError>, ManagerError> {
        for (name, registration) in wanted {
            self.check_reconfigured(name, registration)?;
        }
        let former: Vec<Record> = wanted.iter().filter_map(|(name, _)| self.record_of(name).ok()).collect();
        let done = self.carry_out(wanted);
        if done.is_err() {
            let former: Vec<_> = former.into_iter().map(|own| (own.name, own.registration)).collect();
            // What was so a moment ago is taken again; where it is not, the first error says more than a second one.
            drop(self.carry_out(&former));
        }
        done
    }

    /// Whether a plugin could be given this registration, as far as can be said without asking the plugin.
    ///
    /// # Errors
    /// Those of [`PluginManager::reconfigure`] that need no call of the plugin.
    pub fn check_reconfigured(&self, name: &str, registration: &Registration) -> Result<(), ManagerError> {
        let slot = &self.slots[self.find(name)?];
        slot.check_not_executing("changed")?;
        if let Some((filter, advice)) = registration.filters().contradiction() {
            return Err(ManagerError::Filter { plugin: name.to_owned(), filter, advice });
        }
        if let Some(what) = registration.mistake() {
            return Err(ManagerError::Registration { plugin: name.to_owned(), what });
        }
        let settings = settings(&slot.description.metadata, &registration.config)?;
        slot.description.checks.settings(name, &settings)?;
        self.compiled(name, registration).map(drop)
    }

    /// Loads the plugin at a path and registers it with what `configured` makes of its registration; its name.
    ///
    /// # Errors
    /// Those of [`PluginManager::load_plugin`], or what `configured` refuses.
    pub fn load_configured(
        &mut self,
        path: &Path,
        configured: impl FnOnce(&Metadata, Registration) -> Result<Registration, ManagerError>,
    ) -> Result<(String, Registered), ManagerError> {
        let LoadedPlugin { plugin, registration } = self.load(path)?;
        let metadata = described(&*plugin, path)?;
        let registration = configured(&metadata, registration)?;
        Ok((metadata.name, self.register(plugin, registration)?))
    }

    /// What registers one plugin again as it is now.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn record_of(&self, name: &str) -> Result<Record, ManagerError> {
        Ok(record(&self.slots[self.find(name)?]))
    }

    /// The plugin's settings as they are in effect: those given, over its defaults.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn settings_of(&self, name: &str) -> Result<&Map<String, Value>, ManagerError> {
        Ok(&self.slots[self.find(name)?].description.settings)
    }

    /// Whether the plugin has been given settings by its `initialize`, which does not see new ones until it runs again.
    ///
    /// # Errors
    /// No plugin of that name.
    pub fn keeps_settings(&self, name: &str) -> Result<bool, ManagerError> {
        let slot = &self.slots[self.find(name)?];
        Ok(slot.initialized && slot.description.verb("initialize").is_some())
    }

    /// Whether a run has begun that has not ended.
    pub fn has_live_run(&self) -> bool {
        !self.runs.live().is_empty()
    }

    fn carry_out(&mut self, wanted: &[(String, Registration)]) -> Result<Vec<ManagerError>, ManagerError> {
        let mut cleanups = Vec::new();
        for (name, registration) in wanted {
            let index = self.find(name)?;
            self.give(index, registration)?;
        }
        self.rebuild();
        let named = |enabled: bool| -> Vec<&str> {
            let names = wanted.iter().filter(|(_, registration)| registration.enabled == enabled);
            names.map(|(name, _)| name.as_str()).collect()
        };
        self.each_in_turn(named(false), |manager, name| match manager.deactivate(name) {
            Err(error) if !manager.slots[manager.find(name)?].is_active() => {
                cleanups.push(error);
                Ok(true)
            }
            done => done,
        })?;
        self.each_in_turn(named(true), |manager, name| match manager.slots[manager.find(name)?].is_enabled() {
            true => Ok(false),
            false => manager.activate(name),
        })?;
        wanted.iter().for_each(|(name, _)| self.find(name).into_iter().for_each(|index| self.tell(index)));
        Ok(cleanups)
    }

    /// Does it to those for which it can be done, then to those for which it now can, until all are done: what plugins need
    /// of each other is followed so without being sorted.
    fn each_in_turn(
        &mut self,
        mut names: Vec<&str>,
        mut act: impl FnMut(&mut Self, &str) -> Result<bool, ManagerError>,
    ) -> Result<(), ManagerError> {
        while !names.is_empty() {
            let (before, mut refused) = (names.len(), None);
            names.retain(|name| match act(self, name) {
                Ok(_) => false,
                Err(error) => {
                    refused.get_or_insert(error);
                    true
                }
            });
            if names.len() == before {
                return refused.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }

    /// Gives a plugin a registration but for whether it is active.
    fn give(&mut self, index: usize, wanted: &Registration) -> Result<(), ManagerError> {
        let condition = self.compiled(self.slots[index].name(), wanted)?;
        let slot = &mut self.slots[index];
        if wanted.config != slot.registration.config {
            slot.description.settings = slot.given(&wanted.config)?;
        }
        slot.filters = wanted.filters();
        slot.filtered = slot.filters != Filters::default() || condition.is_some();
        if (&wanted.when, wanted.budget) != (&slot.registration.when, slot.registration.budget) {
            slot.watch.renew(wanted, condition);
        }
        let own = std::mem::take(&mut slot.registration);
        let Registration { enabled, quarantined, origin, source, package, of, .. } = own;
        slot.registration = Registration { enabled, quarantined, origin, source, package, of, ..wanted.clone() };
        Ok(())
    }
}

impl Slot {
    /// Gives the plugin settings over its defaults; those that it then has.
    fn given(&mut self, config: &Map<String, Value>) -> Result<Map<String, Value>, ManagerError> {
        let settings = settings(&self.description.metadata, config)?;
        let made = made(&mut *self.plugin, &self.description.metadata, &settings)?;
        let settings = made.ok_or_else(|| declined(self.name()))?;
        self.description.checks.settings(self.name(), &settings)?;
        if let Err(error) = guarded(|| self.plugin.configure(&settings)).flatten() {
            // It may have taken half of them.
            drop(guarded(|| self.plugin.configure(&self.description.settings)));
            return Err(ManagerError::Settings { plugin: self.name().to_owned(), error });
        }
        Ok(settings)
    }
}
