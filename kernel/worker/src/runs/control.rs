//! What the buttons of a run's panel ask, and how they are obeyed while the run moves.
//!
//! Must not know how the panel looks. Read [`Control::come_past`] first.

use super::panel::Panel;
use crate::Inbox;
use crate::comms::Comms;
use candlewick_engine::run::Run;
use candlewick_link::{Comm, CommWhat};
use std::cell::RefCell;

/// The reason of a run that was stopped by its panel.
pub const REASON: &str = "stopped from the panel";

/// What a button asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hold at the next hook.
    Pause,
    /// Go on to the next hook and hold there.
    Step,
    /// Go on.
    Resume,
    /// End the session.
    Stop,
}

impl Action {
    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "pause" => Self::Pause,
            "step" => Self::Step,
            "resume" => Self::Resume,
            "stop" => Self::Stop,
            _ => return None,
        })
    }

    /// What a client's message asks: ipywidgets' custom message with our content.
    pub fn of(comm: &Comm) -> Option<Self> {
        let custom = comm.what == CommWhat::Message && comm.data["method"] == "custom";
        Self::from_name(comm.data["content"]["action"].as_str()?).filter(|_| custom)
    }
}

/// Who drives a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A cell. A pause holds it where it is, as a debugger does: what follows in the cell waits.
    Cell,
    /// The panel, while no cell runs. A pause ends the drive, so that cells can run.
    Panel,
}

/// Obeys the panel's buttons during one drive.
pub struct Control<'a> {
    panel: &'a RefCell<Panel>,
    inbox: &'a Inbox,
    comms: &'a Comms,
    driver: Driver,
    hold: bool,
    /// Hold at the hook after this one.
    step: bool,
}

impl<'a> Control<'a> {
    /// For a drive that begins.
    pub fn new(panel: &'a RefCell<Panel>, inbox: &'a Inbox, comms: &'a Comms, driver: Driver) -> Self {
        Self { panel, inbox, comms, driver, hold: false, step: false }
    }

    /// Called at every hook: obeys what was asked meanwhile, waits while the run is held; whether the drive is to end
    /// here. When the user interrupts while it waits, it returns, and the drive sees the interrupt itself.
    pub fn come_past(&mut self, run: &mut Run) -> bool {
        self.hold = std::mem::take(&mut self.step);
        while let Some(comm) = self.inbox.take_comm() {
            self.obey(&comm, run);
        }
        if !self.hold || run.is_finished() {
            return false;
        }
        if self.driver == Driver::Panel {
            return true;
        }
        self.panel.borrow_mut().tell_now(run, false);
        while self.hold
            && let Some(comm) = self.inbox.wait_comm()
        {
            self.obey(&comm, run);
        }
        if !self.hold {
            self.panel.borrow_mut().tell_now(run, true);
        }
        false
    }

    fn obey(&mut self, comm: &Comm, run: &mut Run) {
        if !self.panel.borrow().is_on(&comm.id) {
            self.comms.postpone(comm.clone());
            return;
        }
        if comm.what == CommWhat::Close {
            self.panel.borrow_mut().closed_by_client();
            // Nobody could let it go on.
            self.hold = false;
        }
        let Some(action) = Action::of(comm) else { return };
        self.panel.borrow_mut().answer();
        match action {
            Action::Pause => self.hold = true,
            // A step that was asked for while the run moved: it has moved, so hold here.
            Action::Step if !self.hold => self.hold = true,
            Action::Step => (self.hold, self.step) = (false, true),
            Action::Resume => (self.hold, self.step) = (false, false),
            Action::Stop => {
                run.stop(REASON);
                (self.hold, self.step) = (false, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn only_custom_messages_with_a_known_action_ask_something() {
        let check = |what: CommWhat, data: Value, expect: Option<Action>| {
            assert_eq!(Action::of(&Comm { id: "a".into(), what, data: data.clone() }), expect, "{data}");
        };
        let custom = |action: &str| json!({ "method": "custom", "content": { "action": action } });
        check(CommWhat::Message, custom("pause"), Some(Action::Pause));
        check(CommWhat::Message, custom("step"), Some(Action::Step));
        check(CommWhat::Message, custom("resume"), Some(Action::Resume));
        check(CommWhat::Message, custom("stop"), Some(Action::Stop));
        check(CommWhat::Message, custom("explode"), None);
        check(CommWhat::Message, json!({ "method": "update", "state": {} }), None);
        check(CommWhat::Message, json!({ "method": "custom", "content": "pause" }), None);
        check(CommWhat::Message, Value::Null, None);
        check(CommWhat::Close, custom("stop"), None);
    }
}
