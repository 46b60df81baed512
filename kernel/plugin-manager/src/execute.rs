//! Asking a plugin to do something: a verb, its arguments, its answer.
//!
//! Must not know what verbs mean. Read [`PluginManager::execute`] first.

use crate::lifecycle::{State, illegal};
use crate::manager::{PluginManager, guarded};
use crate::registration::Description;
use crate::slot::Slot;
use crate::{ManagerError, PluginRow};
use candlewick_plugin_api::{Plugin, PluginError, Value, Verb};
use std::time::Instant;

/// What is asked for when no verb is named.
const DEFAULT: &str = "infer";

impl PluginManager {
    /// Asks an active plugin for a verb, or for `infer` when none is named; its answer.
    ///
    /// # Errors
    /// No such plugin or verb, one that this plugin does not have or with other arguments than these, a plugin that is not
    /// active, or its failure. A plugin that fails too often in a row is put in quarantine, as at hooks.
    pub fn execute(&mut self, name: &str, verb: Option<&str>, arguments: &[Value]) -> Result<Value, ManagerError> {
        let index = self.find(name)?;
        let slot = &mut self.slots[index];
        let verb = chosen(slot, verb)?;
        if slot.state != State::Active {
            return Err(illegal(slot, slot.state, "executed", "activate it first"));
        }
        slot.state = State::Executing;
        let answer = slot.execute(verb, arguments);
        slot.state = State::Active;
        if answer.is_err() && slot.has_failed_too_often() {
            self.set_state(index, State::Quarantined);
        }
        answer
    }

    /// The plugins that are active, in registration order.
    pub fn active_plugins(&self) -> Vec<PluginRow> {
        self.plugins().into_iter().filter(|row| row.state == State::Active).collect()
    }
}

impl Slot {
    fn execute(&mut self, verb: Verb, arguments: &[Value]) -> Result<Value, ManagerError> {
        self.executions.calls += 1;
        let begun = Instant::now();
        let answer = ask(&mut *self.plugin, &self.description, verb, arguments);
        self.executions.time(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        match &answer {
            Ok(_) => self.executions.in_a_row = 0,
            // The user's own doing, and arguments that were never the plugin's.
            Err(ManagerError::Verb { error: PluginError::Interrupted, .. } | ManagerError::Arguments { .. }) => {}
            Err(_) => {
                self.executions.errors += 1;
                self.executions.in_a_row += 1;
            }
        }
        answer
    }

    fn has_failed_too_often(&self) -> bool {
        let limit = self.registration.quarantine_after;
        limit > 0 && self.executions.in_a_row >= limit
    }
}

/// Calls a verb; a panic is a failure like any other.
pub(crate) fn ask(
    plugin: &mut dyn Plugin,
    description: &Description,
    verb: Verb,
    arguments: &[Value],
) -> Result<Value, ManagerError> {
    let name = || description.metadata.name.clone();
    if !verb.takes(arguments.len()) {
        return Err(ManagerError::Arguments { plugin: name(), signature: verb.signature(), found: arguments.len() });
    }
    let answer = guarded(|| plugin.execute(verb, arguments)).flatten();
    answer.map_err(|error| ManagerError::Verb { plugin: name(), verb: verb.name(), error })
}

fn chosen(slot: &Slot, asked: Option<&str>) -> Result<Verb, ManagerError> {
    let wanted = asked.unwrap_or(DEFAULT);
    if let Some(verb) = slot.description.verb(wanted) {
        return Ok(verb);
    }
    let near = match Verb::from_name(wanted) {
        Some(_) => None,
        None => Verb::nearest(wanted),
    };
    let has: Vec<&str> = slot.description.verbs.iter().map(|verb| verb.name()).collect();
    let hint = match (near, has.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "it has hooks only".to_owned(),
        (None, false) => format!("it has {}", has.join(", ")),
    };
    Err(ManagerError::NoVerb { plugin: slot.name().to_owned(), verb: wanted.to_owned(), hint })
}
