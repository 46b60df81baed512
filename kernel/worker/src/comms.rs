//! Whom the messages on each comm are for.
//!
//! Must not know what a comm carries. Read [`Comms`] first, then [`Listener`].

use crate::Inbox;
use candlewick_link::Comm;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

/// Something behind a comm.
pub trait Listener {
    /// A client's message has arrived and no cell runs.
    fn message(self: Rc<Self>, comm: &Comm);
}

/// Who listens on which comm. Nobody is kept alive by it, and messages for those who are gone go away.
#[derive(Default)]
pub struct Comms {
    listeners: RefCell<BTreeMap<String, Weak<dyn Listener>>>,
    later: RefCell<VecDeque<Comm>>,
}

impl Comms {
    /// Messages on this comm are for that listener.
    pub fn listen(&self, id: &str, listener: Weak<dyn Listener>) {
        self.listeners.borrow_mut().insert(id.to_owned(), listener);
    }

    /// Nobody listens on this comm any more.
    pub fn forget(&self, id: &str) {
        self.listeners.borrow_mut().remove(id);
    }

    /// Keeps a message that was taken out by somebody whom it does not concern, until [`Self::serve`].
    pub fn postpone(&self, comm: Comm) {
        self.later.borrow_mut().push_back(comm);
    }

    /// Hands out all messages that wait, oldest first, also those that come meanwhile.
    pub fn serve(&self, inbox: &Inbox) {
        while let Some(comm) = self.postponed().or_else(|| inbox.take_comm()) {
            let listener = self.listeners.borrow().get(&comm.id).and_then(Weak::upgrade);
            if let Some(listener) = listener {
                listener.message(&comm);
            }
        }
    }

    fn postponed(&self) -> Option<Comm> {
        self.later.borrow_mut().pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::CommWhat;
    use serde_json::json;

    #[derive(Default)]
    struct Ear(RefCell<Vec<String>>);

    impl Listener for Ear {
        fn message(self: Rc<Self>, comm: &Comm) {
            self.0.borrow_mut().push(comm.data.to_string());
        }
    }

    #[test]
    fn messages_reach_whom_they_are_for_and_the_rest_goes_away() {
        let (comms, inbox, ear) = (Comms::default(), Inbox::default(), Rc::new(Ear::default()));
        let heard: Rc<dyn Listener> = ear.clone();
        comms.listen("a", Rc::downgrade(&heard));
        drop(heard);
        let comm = |id: &str, n: u8| Comm { id: id.into(), what: CommWhat::Message, data: json!(n) };
        comms.postpone(comm("a", 1));
        inbox.put_comm(comm("b", 2));
        inbox.put_comm(comm("a", 3));
        comms.serve(&inbox);
        assert_eq!(*ear.0.borrow(), ["1", "3"]);
        comms.forget("a");
        comms.postpone(comm("a", 4));
        comms.serve(&inbox);
        assert_eq!(ear.0.borrow().len(), 2);
    }
}
