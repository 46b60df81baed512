//! What built-in functions and commands share: the way out, the plugins, the ways to show values.
//!
//! Must not know the notebook's scope. Read [`Session`] first.

use crate::Outbox;
use crate::show::Shows;
use candlewick_plugin_manager::PluginManager;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One session's shared parts; a clone is another handle on the same ones.
#[derive(Clone)]
pub struct Session {
    /// Where outputs go.
    pub outbox: Outbox,
    /// The registered plugins.
    pub plugins: Rc<RefCell<PluginManager>>,
    /// How values of each type look.
    pub shows: Rc<Shows>,
    displays: Rc<Cell<u64>>,
}

impl Session {
    /// A session without plugins.
    pub fn new(outbox: Outbox, shows: Shows) -> Self {
        Self { outbox, plugins: Rc::default(), shows: Rc::new(shows), displays: Rc::default() }
    }

    /// A display id that no other display of this worker has. The process id keeps ids of successive workers apart.
    pub fn next_display_id(&self) -> String {
        self.displays.set(self.displays.get() + 1);
        format!("candlewick-{}-{}", std::process::id(), self.displays.get())
    }
}
