//! A plugin's life: its states, and activating, deactivating and cleaning up.
//!
//! Must not know what plugins do. Read [`State`] first. created → registered → initialized → active → executing →
//! inactive → cleaned, and quarantined. A plugin that is not registered yet is created: no manager knows it.

use crate::config::settings;
use crate::execute::ask;
use crate::factory::{declined, made};
use crate::manager::{PluginManager, guarded};
use crate::registration::Description;
use crate::slot::Slot;
use crate::{ManagerError, Registration};
use candlewick_plugin_api::{Plugin, PluginError, Value};
use serde_json::{Map, Value as Json};

/// Where a plugin stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The manager knows it; it has done nothing yet.
    Registered,
    /// Its `initialize` has run.
    Initialized,
    /// Its hooks are called, its verbs may be asked for.
    Active,
    /// A verb of it is running.
    Executing,
    /// It was deactivated and is not called.
    Inactive,
    /// It was deactivated and its `cleanup` has run.
    Cleaned,
    /// It failed too often in a row and is not called until activated or registered again.
    Quarantined,
}

impl State {
    /// The word that users read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Initialized => "initialized",
            Self::Active => "active",
            Self::Executing => "executing",
            Self::Inactive => "inactive",
            Self::Cleaned => "cleaned",
            Self::Quarantined => "quarantined",
        }
    }
}

impl PluginManager {
    /// Runs the plugin's `initialize`, if it has one and it has not run, without activating it. Says whether it ran.
    ///
    /// # Errors
    /// No plugin of that name, one that is active or quarantined, or its `initialize` failed.
    pub fn initialize(&mut self, name: &str) -> Result<bool, ManagerError> {
        let index = self.find(name)?;
        let slot = &mut self.slots[index];
        match slot.state {
            State::Registered | State::Inactive | State::Cleaned => {}
            State::Initialized => return Ok(false),
            state => return Err(illegal(slot, state, "initialized", "deactivate it first")),
        }
        slot.initialize()?;
        slot.state = State::Initialized;
        Ok(true)
    }

    /// Calls the plugin from the next hook on, after its `initialize`; a quarantined one comes back with a clean record.
    /// Says whether anything changed.
    ///
    /// # Errors
    /// No plugin of that name, something it needs is not there, or its `initialize` failed; it is then as it was.
    pub fn activate(&mut self, name: &str) -> Result<bool, ManagerError> {
        let index = self.find(name)?;
        if self.slots[index].is_active() {
            return Ok(false);
        }
        self.check_requirements(&self.slots[index].description.metadata)?;
        let slot = &mut self.slots[index];
        slot.initialize()?;
        self.set_state(index, State::Active);
        Ok(true)
    }

    /// The same with settings given over those it has; `initialize` runs again with them.
    ///
    /// # Errors
    /// Those of [`PluginManager::activate`], a setting that the plugin does not declare, one of another type than its
    /// default, or a plugin that is active: it would have to be deactivated first.
    pub fn activate_with(&mut self, name: &str, options: &Map<String, Json>) -> Result<bool, ManagerError> {
        let index = self.find(name)?;
        if options.is_empty() {
            return self.activate(name);
        }
        if self.slots[index].is_active() {
            let slot = &self.slots[index];
            return Err(illegal(slot, slot.state, "given other settings", "deactivate it first"));
        }
        self.slots[index].reconfigure(options)?;
        self.activate(name)
    }

    /// Calls the plugin no more from the next hook on, then runs its `cleanup`. Says whether anything changed; a
    /// quarantined plugin stays so.
    ///
    /// # Errors
    /// No plugin of that name, or an active one that needs it; then nothing has changed. Or its `cleanup` failed: it is
    /// inactive all the same.
    pub fn deactivate(&mut self, name: &str) -> Result<bool, ManagerError> {
        let index = self.find(name)?;
        if !self.slots[index].is_active() {
            return Ok(false);
        }
        self.slots[index].check_not_executing("deactivated")?;
        self.check_not_needed(name, "deactivated")?;
        self.set_state(index, State::Inactive);
        self.slots[index].clean_up()?;
        Ok(true)
    }

    /// Runs the `cleanup` of every plugin that was initialized, the newest first: before the session ends. Those that
    /// failed, with how.
    pub fn clean_up(&mut self) -> Vec<ManagerError> {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_active()) {
            slot.state = State::Inactive;
        }
        self.rebuild();
        self.slots.iter_mut().rev().filter_map(|slot| slot.clean_up().err()).collect()
    }

    pub(crate) fn set_state(&mut self, index: usize, state: State) {
        let slot = &mut self.slots[index];
        slot.state = state;
        slot.tallies.iter_mut().for_each(|tally| tally.in_a_row = 0);
        slot.executions.in_a_row = 0;
        self.rebuild();
        self.tell(index);
    }
}

impl Slot {
    /// Whether it is not just doing what a verb asks.
    pub(crate) fn check_not_executing(&self, what: &'static str) -> Result<(), ManagerError> {
        match self.state {
            State::Executing => Err(illegal(self, self.state, what, "it must answer first")),
            _ => Ok(()),
        }
    }

    /// Puts settings over those it has; nothing changes when they are refused.
    fn reconfigure(&mut self, options: &Map<String, Json>) -> Result<(), ManagerError> {
        let mut config = self.registration.config.clone();
        config.extend(options.clone());
        let settings = settings(&self.description.metadata, &config)?;
        self.description.checks.settings(self.name(), &settings)?;
        let made = made(&mut *self.plugin, &self.description.metadata, &settings)?;
        let settings = made.ok_or_else(|| declined(self.name()))?;
        self.description.checks.settings(self.name(), &settings)?;
        let taken = guarded(|| self.plugin.configure(&settings)).flatten();
        taken.map_err(|error| ManagerError::Settings { plugin: self.name().to_owned(), error })?;
        (self.registration.config, self.description.settings, self.initialized) = (config, settings, false);
        Ok(())
    }

    /// Runs `initialize` with the plugin's settings, once.
    fn initialize(&mut self) -> Result<(), ManagerError> {
        if !self.initialized {
            initialize(&mut *self.plugin, &self.description)?;
            self.initialized = true;
        }
        Ok(())
    }

    /// Runs `cleanup`, once after each `initialize`.
    pub(crate) fn clean_up(&mut self) -> Result<(), ManagerError> {
        if !std::mem::take(&mut self.initialized) {
            return Ok(());
        }
        let Some(verb) = self.description.verb("cleanup") else { return Ok(()) };
        ask(&mut *self.plugin, &self.description, verb, &[])?;
        if self.state != State::Quarantined {
            self.state = State::Cleaned;
        }
        Ok(())
    }
}

/// Runs a plugin's `initialize`, if it has one, with its settings as options. One that is interrupted is followed by its
/// `cleanup`.
pub(crate) fn initialize(plugin: &mut dyn Plugin, description: &Description) -> Result<(), ManagerError> {
    let Some(verb) = description.verb("initialize") else { return Ok(()) };
    let options = Value::from(Json::Object(description.settings.clone()));
    let answer = ask(plugin, description, verb, &[options]).map(drop);
    if is_interrupted(&answer)
        && let Some(cleanup) = description.verb("cleanup")
    {
        // Half of what it makes may be there, and nobody will ask for it. The interrupt is what is told.
        drop(ask(plugin, description, cleanup, &[]));
    }
    answer
}

fn is_interrupted(answer: &Result<(), ManagerError>) -> bool {
    matches!(answer, Err(ManagerError::Verb { error: PluginError::Interrupted, .. }))
}

/// What a plugin that was just registered is.
pub(crate) fn initial_state(registration: &Registration) -> State {
    match (registration.enabled, registration.quarantined) {
        (false, _) => State::Registered,
        (true, false) => State::Active,
        (true, true) => State::Quarantined,
    }
}

/// Whether it is active at once.
pub(crate) fn starts_active(registration: &Registration) -> bool {
    initial_state(registration) == State::Active
}

pub(crate) fn illegal(slot: &Slot, state: State, what: &'static str, advice: &'static str) -> ManagerError {
    ManagerError::IllegalState { plugin: slot.name().to_owned(), state: state.name(), what, advice }
}
