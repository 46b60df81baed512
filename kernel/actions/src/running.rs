//! Actions that have begun and not ended. Must not know what they do. Read [`Running`] first.

use crate::log::Log;
use crate::{Action, ActionError, Cause, Host, Progress};
use candlewick_plugin_api::{Listener, PluginError};
use candlewick_plugin_manager::ManagerError;
use serde_json::Value as Json;
use std::cell::Cell;
use std::rc::Rc;

/// One action that runs: takes what its plugin reports, and says whether it is to end.
pub(crate) struct Running {
    pub(crate) id: u64,
    log: Rc<Log>,
    host: Rc<dyn Host>,
    cancelled: Cell<bool>,
    ended: Cell<bool>,
}

impl Running {
    pub(crate) fn new(id: u64, log: Rc<Log>, host: Rc<dyn Host>) -> Self {
        Self { id, log, host, cancelled: Cell::new(false), ended: Cell::new(false) }
    }

    pub(crate) fn progress(&self, progress: Progress) {
        self.log.change(self.id, |action| action.progress = progress);
    }

    /// Asks for it to end: at its next report, or at the next operation of whatever it runs.
    pub(crate) fn cancel(&self) {
        self.cancelled.set(true);
        self.host.interrupt();
    }

    /// Notes how it ended, once; a cancelled action's error says so.
    pub(crate) fn end<T>(&self, outcome: Result<T, ActionError>, took: Option<f64>) -> Result<T, ActionError> {
        if self.ended.replace(true) {
            return outcome;
        }
        let outcome = self.settled(outcome);
        self.log.change(self.id, |action| {
            action.took = Some(took.unwrap_or_else(|| action.seconds()));
            match &outcome {
                Ok(_) => action.progress = Progress::Complete,
                Err(ActionError::Interrupted | ActionError::Cancelled { .. }) => action.progress = Progress::Cancelled,
                Err(error) => {
                    action.progress = Progress::Failed;
                    action.cause = Some(Cause::of(error));
                }
            }
        });
        outcome
    }

    /// The interrupt that `cancel` asked for ends this action and no more; the user's own goes on to the cell.
    fn settled<T>(&self, outcome: Result<T, ActionError>) -> Result<T, ActionError> {
        if self.cancelled.get() {
            self.host.clear_interrupt();
        }
        match outcome {
            Err(error) if was_interrupted(&error) && self.cancelled.get() => {
                let action = self.log.find(self.id).as_deref().map(Action::to_string).unwrap_or_default();
                Err(ActionError::Cancelled { action })
            }
            Err(error) if was_interrupted(&error) => Err(ActionError::Interrupted),
            other => other,
        }
    }
}

impl Listener for Running {
    fn state(&self, state: Json) {
        if !self.ended.get() {
            self.log.change(self.id, |action| {
                action.state = Some(state);
                action.reports += 1;
            });
        }
    }

    fn is_cancelled(&self) -> bool {
        !self.ended.get() && (self.cancelled.get() || self.host.is_interrupted())
    }
}

fn was_interrupted(error: &ActionError) -> bool {
    matches!(
        error,
        ActionError::Interrupted | ActionError::Manager(ManagerError::Verb { error: PluginError::Interrupted, .. })
    )
}
