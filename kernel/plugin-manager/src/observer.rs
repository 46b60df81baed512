//! Who looks on from outside: an observer that is told of every change of the registry, and a word of memory in which
//! stands which plugin is being called.
//!
//! Must not know who reads either. Read [`Observer`] first.

use crate::manager::PluginManager;
use crate::report::record;
use crate::{Record, State};
use std::sync::atomic::{AtomicU64, Ordering};

/// Is told what registers the plugins again, as soon as it changes: also in the middle of a run, when nobody else can
/// look into the manager.
pub trait Observer {
    /// A plugin was registered, replaced, activated, deactivated or put in quarantine. Its number is its own for the
    /// manager's life.
    fn changed(&self, number: u64, record: Record);

    /// A plugin was taken out.
    fn removed(&self, name: &str);
}

/// Where the number of the plugin that is being called is stored.
#[derive(Clone, Copy)]
pub(crate) struct Witness(&'static AtomicU64);

/// Written by managers that nobody looks on.
static NOBODY: AtomicU64 = AtomicU64::new(0);

impl Default for Witness {
    fn default() -> Self {
        Self(&NOBODY)
    }
}

impl Witness {
    #[inline(always)]
    pub(crate) fn enter(self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn leave(self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl PluginManager {
    /// Tells of every plugin there is, and from now on of every change. While a plugin is called its number stands in
    /// `running`, else 0: two relaxed stores a call.
    pub fn observe(&mut self, observer: Box<dyn Observer>, running: Option<&'static AtomicU64>) {
        self.witness = running.map_or_else(Witness::default, Witness);
        self.observer = Some(observer);
        (0..self.slots.len()).for_each(|index| self.tell(index));
    }

    pub(crate) fn tell(&self, index: usize) {
        if let (Some(observer), Some(slot)) = (&self.observer, self.slots.get(index)) {
            observer.changed(slot.number, record(slot));
        }
    }

    /// Says it again of those that were in quarantine before: they are few, and to say it twice does no harm.
    #[cold]
    pub(crate) fn tell_quarantined(&self) {
        let lost = (0..self.slots.len()).filter(|index| self.slots[*index].state == State::Quarantined);
        lost.for_each(|index| self.tell(index));
    }
}
