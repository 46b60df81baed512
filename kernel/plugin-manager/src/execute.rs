//! Asking a plugin to do something: a verb, its arguments, its answer.
//!
//! Must not know what verbs mean. Read [`PluginManager::execute`] first.

use crate::envelope::Begun;
use crate::lifecycle::{State, illegal};
use crate::manager::{PluginManager, guarded};
use crate::observer::Witness;
use crate::registration::Description;
use crate::slot::Slot;
use crate::{ManagerError, PluginRow};
use candlewick_plugin_api::{Context, Hook, Metadata, Plugin, PluginError, Report, Value, Verb};
use std::time::Instant;

/// What is asked for when no verb is named.
const DEFAULT: &str = "infer";

/// A plugin that was taken out of its slot to do what a verb asks. The manager stays free meanwhile, so that a verb may
/// start a run or ask another plugin; the plugin's own hooks are not called until it is back.
pub struct Asked {
    plugin: Box<dyn Plugin>,
    description: Description,
    number: u64,
    pub(crate) verb: Verb,
    witness: Witness,
    answer: Option<(Result<Value, ManagerError>, u64)>,
    /// When it began and with what, for its envelope.
    pub(crate) begun: Option<Begun>,
}

/// Stands in the slot of a plugin that is executing.
struct Away(Metadata);

impl PluginManager {
    /// Asks an active plugin for a verb, or for `infer` when none is named; its answer.
    ///
    /// # Errors
    /// No such plugin or verb, one that this plugin does not have or with other arguments than these, a plugin that is not
    /// active, or its failure. A plugin that fails too often in a row is put in quarantine, as at hooks.
    pub fn execute(&mut self, name: &str, verb: Option<&str>, arguments: &[Value]) -> Result<Value, ManagerError> {
        let mut asked = self.take(name, verb)?;
        asked.run(arguments);
        self.put_back(asked)
    }

    /// Takes an active plugin out of its slot, to do what a verb asks while the manager is not held. It must be put back.
    ///
    /// # Errors
    /// No such plugin or verb, one that this plugin does not have, or a plugin that is not active.
    pub fn take(&mut self, name: &str, verb: Option<&str>) -> Result<Asked, ManagerError> {
        let index = self.find(name)?;
        let slot = &mut self.slots[index];
        let verb = chosen(slot, verb)?;
        match slot.state {
            State::Active => slot.state = State::Executing,
            State::Executing => return Err(illegal(slot, slot.state, "executed again", "it must answer first")),
            state => return Err(illegal(slot, state, "executed", "activate it first")),
        }
        let description = slot.description.clone();
        let plugin = std::mem::replace(&mut slot.plugin, Box::new(Away(description.metadata.clone())));
        Ok(Asked { plugin, description, number: slot.number, verb, witness: self.witness, answer: None, begun: None })
    }

    /// Puts a plugin back that was taken out, counts what it did, and gives its answer.
    ///
    /// # Errors
    /// What went wrong when it ran.
    pub fn put_back(&mut self, asked: Asked) -> Result<Value, ManagerError> {
        let (answer, nanoseconds) = asked.answer.unwrap_or((Ok(Value::Nothing), 0));
        // Nothing takes an executing plugin's slot away.
        let Some(index) = self.slots.iter().position(|slot| slot.number == asked.number) else { return answer };
        let slot = &mut self.slots[index];
        slot.plugin = asked.plugin;
        slot.state = State::Active;
        slot.count(&answer, nanoseconds);
        if answer.is_err() && slot.has_failed_too_often() {
            self.set_state(index, State::Quarantined);
        }
        answer
    }

    /// The plugins that are active, in registration order.
    pub fn active_plugins(&self) -> Vec<PluginRow> {
        self.plugins().into_iter().filter(|row| matches!(row.state, State::Active | State::Executing)).collect()
    }
}

impl Asked {
    /// Does what the verb asks; [`PluginManager::put_back`] gives the answer.
    pub fn run(&mut self, arguments: &[Value]) {
        self.run_with(arguments, &Report::nobody());
    }

    /// The same inside an action, to which the plugin may report.
    pub fn run_with(&mut self, arguments: &[Value], report: &Report) {
        let begun = Instant::now();
        self.witness.enter(self.number);
        let answer = ask_with(&mut *self.plugin, &self.description, self.verb, arguments, report);
        self.witness.leave();
        self.answer = Some((answer, u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)));
    }

    /// Seconds that the verb took, once it has run.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.answer.as_ref().map(|(_, nanoseconds)| *nanoseconds as f64 * 1e-9)
    }

    /// The names of the verb's parameters, where the plugin tells them.
    pub(crate) fn parameters(&self) -> Option<Vec<String>> {
        guarded(|| self.plugin.parameters(self.verb)).ok().flatten()
    }

    /// What the plugin says about itself.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.description.metadata
    }
}

impl Plugin for Away {
    fn metadata(&self) -> Metadata {
        self.0.clone()
    }

    fn call(&mut self, _hook: Hook, _ctx: &mut Context) -> Result<(), PluginError> {
        Ok(())
    }
}

impl Slot {
    fn count(&mut self, answer: &Result<Value, ManagerError>, nanoseconds: u64) {
        self.executions.calls += 1;
        self.executions.time(nanoseconds);
        match answer {
            Ok(_) => self.executions.in_a_row = 0,
            // The user's own doing, and arguments that were never the plugin's.
            Err(
                ManagerError::Verb { error: PluginError::Interrupted, .. }
                | ManagerError::Arguments { .. }
                | ManagerError::Schema { what: "arguments", .. },
            ) => {}
            Err(_) => {
                self.executions.errors += 1;
                self.executions.in_a_row += 1;
            }
        }
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
    ask_with(plugin, description, verb, arguments, &Report::nobody())
}

fn ask_with(
    plugin: &mut dyn Plugin,
    description: &Description,
    verb: Verb,
    arguments: &[Value],
    report: &Report,
) -> Result<Value, ManagerError> {
    let name = || description.metadata.name.clone();
    if !verb.takes(arguments.len()) {
        return Err(ManagerError::Arguments { plugin: name(), signature: verb.signature(), found: arguments.len() });
    }
    description.checks.arguments(&description.metadata.name, verb, arguments)?;
    let answer = guarded(|| plugin.execute_with(verb, arguments, report)).flatten();
    let answer = answer.map_err(|error| ManagerError::Verb { plugin: name(), verb: verb.name(), error })?;
    description.checks.answer(&description.metadata.name, verb, &answer)?;
    Ok(answer)
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
