//! Who gets in: only messages that are whole, signed with the key and new.
//!
//! Owns the check of everything that comes from clients, for all channels together. Must not know what messages mean.
//! Read [`Gate::admit`] first.

use crate::Session;
use crate::message::{Message, Seen};
use crate::transport::Incoming;
use std::sync::{Arc, Mutex, PoisonError};

/// The check that all channels share: what was said on one can't be said again on another.
pub(crate) struct Gate {
    session: Arc<Session>,
    seen: Mutex<Seen>,
}

impl Gate {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, seen: Mutex::default() }
    }

    /// The message, if it is taken; others leave no trace. A refused one gets no reply, for its sender may not be a
    /// client, and must not learn which of its guesses was right.
    pub(crate) fn admit(&self, incoming: Incoming) -> Option<Message> {
        let mut frames = vec![incoming.peer];
        frames.extend(incoming.frames);
        let message = Message::from_frames(&self.session, &frames).ok()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.check(&frames).is_ok().then_some(message)
    }
}
