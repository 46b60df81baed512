//! What comes to the engine thread from outside while it is busy: answers to its questions, messages on comms.
//!
//! Must not know what is asked or what a comm is for. Read [`Inbox`] first. The link thread puts things in; the engine
//! thread takes them out when it waits for them or comes past.

use candlewick_engine::interrupt;
use candlewick_link::Comm;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A handle on the inbox, shared by link thread and engine thread.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    content: Mutex<Content>,
    rung: Condvar,
    has_comms: AtomicBool,
}

#[derive(Default)]
struct Content {
    comms: VecDeque<Comm>,
    answers: Vec<(u64, Result<String, String>)>,
}

impl Inbox {
    /// Puts in a message on a comm.
    pub fn put_comm(&self, comm: Comm) {
        self.content().comms.push_back(comm);
        self.0.has_comms.store(true, Ordering::Release);
        self.ring();
    }

    /// The oldest message on a comm. One load when there is none, so that every hook may ask.
    pub fn take_comm(&self) -> Option<Comm> {
        if !self.0.has_comms.load(Ordering::Acquire) {
            return None;
        }
        let mut content = self.content();
        let oldest = content.comms.pop_front();
        self.0.has_comms.store(!content.comms.is_empty(), Ordering::Release);
        oldest
    }

    /// Waits for a message on a comm; none when the user interrupts.
    pub fn wait_comm(&self) -> Option<Comm> {
        self.wait(|content| content.comms.pop_front())
    }

    /// Puts in the answer to a question.
    pub fn put_answer(&self, id: u64, answer: Result<String, String>) {
        self.content().answers.push((id, answer));
        self.ring();
    }

    /// Waits for the answer to a question; none when the user interrupts. Answers to older questions, which nobody
    /// waits for any more, go away.
    pub fn wait_answer(&self, id: u64) -> Option<Result<String, String>> {
        self.wait(|content| {
            let at = content.answers.iter().position(|(own, _)| *own == id)?;
            let answer = content.answers.swap_remove(at).1;
            content.answers.clear();
            Some(answer)
        })
    }

    /// Wakes whoever waits, to look again; also after an interrupt was requested.
    pub fn ring(&self) {
        self.0.rung.notify_all();
    }

    fn wait<T>(&self, mut find: impl FnMut(&mut Content) -> Option<T>) -> Option<T> {
        let mut content = self.content();
        loop {
            if interrupt::requested() {
                return None;
            }
            if let Some(found) = find(&mut content) {
                self.0.has_comms.store(!content.comms.is_empty(), Ordering::Release);
                return Some(found);
            }
            // An interrupt that is requested between the check and the wait rings too early: look again in time.
            let waited = self.0.rung.wait_timeout(content, Duration::from_millis(20));
            content = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::CommWhat;
    use serde_json::json;

    fn comm(id: &str) -> Comm {
        Comm { id: id.into(), what: CommWhat::Message, data: json!({}) }
    }

    #[test]
    fn comms_come_out_in_order() {
        let inbox = Inbox::default();
        assert_eq!(inbox.take_comm(), None);
        inbox.put_comm(comm("a"));
        inbox.put_comm(comm("b"));
        let (first, second) = (inbox.take_comm(), inbox.wait_comm());
        assert_eq!((first.unwrap().id, second.unwrap().id), ("a".to_owned(), "b".to_owned()));
        assert_eq!(inbox.take_comm(), None);
    }

    #[test]
    fn an_answer_reaches_the_one_who_waits_for_it() {
        let inbox = Inbox::default();
        let link = inbox.clone();
        let thread = std::thread::spawn(move || {
            link.put_answer(1, Ok("late".into()));
            link.put_answer(2, Ok("seven".into()));
        });
        assert_eq!(inbox.wait_answer(2), Some(Ok("seven".into())));
        thread.join().unwrap();
    }
}
