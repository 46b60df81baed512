//! The actions so far, newest last. Must not know how actions are carried out. Read [`Log`] first.

use crate::{Action, Progress};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Instant, SystemTime};

/// How many actions that have ended are kept; older ones are forgotten.
pub const HISTORY: usize = 1_000;

/// Called with an action that has changed.
type Callback = Rc<dyn Fn(&Rc<Action>)>;

/// The list of actions and those who want to hear of changes.
#[derive(Default)]
pub(crate) struct Log {
    actions: RefCell<VecDeque<Rc<Action>>>,
    numbered: Cell<u64>,
    callbacks: RefCell<Vec<Callback>>,
}

/// What an action begins as.
pub(crate) struct Begun {
    pub(crate) parent: Option<u64>,
    pub(crate) verb: &'static str,
    pub(crate) key: String,
    pub(crate) instance: Option<u64>,
    pub(crate) arguments: String,
    pub(crate) progress: Progress,
}

impl Log {
    /// A new action; its number.
    pub(crate) fn begin(&self, begun: Begun) -> u64 {
        let id = self.numbered.get() + 1;
        self.numbered.set(id);
        let Begun { parent, verb, key, instance, arguments, progress } = begun;
        let action = Rc::new(Action {
            id,
            parent,
            verb,
            key,
            instance,
            arguments,
            progress,
            state: None,
            reports: 0,
            cause: None,
            started: SystemTime::now(),
            took: None,
            begun: Instant::now(),
        });
        self.actions.borrow_mut().push_back(action.clone());
        self.prune();
        self.tell(&action);
        id
    }

    /// Replaces an action by a changed one.
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut Action)) {
        let changed = {
            let mut actions = self.actions.borrow_mut();
            let Some(place) = actions.iter_mut().rev().find(|action| action.id == id) else { return };
            let mut action = (**place).clone();
            change(&mut action);
            *place = Rc::new(action);
            place.clone()
        };
        self.tell(&changed);
    }

    pub(crate) fn find(&self, id: u64) -> Option<Rc<Action>> {
        self.actions.borrow().iter().rev().find(|action| action.id == id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Rc<Action>> {
        self.actions.borrow().iter().cloned().collect()
    }

    pub(crate) fn observe(&self, callback: impl Fn(&Rc<Action>) + 'static) {
        self.callbacks.borrow_mut().push(Rc::new(callback));
    }

    fn tell(&self, action: &Rc<Action>) {
        // A callback may ask for the actions, and another one may be added meanwhile.
        let callbacks = self.callbacks.borrow().clone();
        callbacks.iter().for_each(|callback| callback(action));
    }

    /// Forgets the oldest of those that have ended.
    fn prune(&self) {
        let mut actions = self.actions.borrow_mut();
        while actions.len() > HISTORY
            && let Some(place) = actions.iter().position(|action| action.progress.has_ended())
        {
            actions.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            parent: None,
            verb: "fit",
            key: "k".into(),
            instance: None,
            arguments: String::new(),
            progress: Progress::Executing,
        }
    }

    #[test]
    fn only_the_newest_that_have_ended_are_kept() {
        let log = Log::default();
        let running = log.begin(begun());
        for _ in 0..HISTORY + 5 {
            let id = log.begin(begun());
            log.change(id, |action| action.progress = Progress::Complete);
        }
        let actions = log.all();
        assert_eq!((actions.len(), actions[0].id), (HISTORY, running));
        assert_eq!(actions[1].id, 8);
        assert!(log.find(2).is_none() && log.find(1).is_some());
    }

    #[test]
    fn a_change_makes_another_action_and_is_told() {
        let log = Rc::new(Log::default());
        let told = Rc::new(RefCell::new(Vec::new()));
        let (heard, own) = (told.clone(), log.clone());
        log.observe(move |action| heard.borrow_mut().push((action.progress, own.all().len())));
        let id = log.begin(begun());
        let before = log.find(id).unwrap();
        log.change(id, |action| action.progress = Progress::Failed);
        assert_eq!((before.progress, log.find(id).unwrap().progress), (Progress::Executing, Progress::Failed));
        assert_eq!(*told.borrow(), [(Progress::Executing, 1), (Progress::Failed, 1)]);
    }
}
