//! The language engines of script plugins: one for each set of limits that Rhai keeps for a whole engine.
//!
//! Nearly all plugins share one. Rhai walks through a whole array or map at every operation on it to know its size, so
//! that a loop of `push` takes quadratic time; that is switched on only where a limit is so low that the walk stays short.
//! Higher limits are watched by the growth of memory (`Calls`). Read [`Engines::of`] first.

use crate::calls::Calls;
use crate::language::{self, Confines};
use crate::session::Session;
use candlewick_plugin_manager::Limits;
use rhai::Engine;
use std::cell::RefCell;
use std::rc::Rc;

/// Limits up to this are kept by Rhai itself.
const SHORT: usize = 1 << 14;

/// The engines made so far.
pub struct Engines {
    session: Session,
    made: RefCell<Vec<(Confines, Rc<Engine>)>>,
}

impl Engines {
    /// None made yet.
    pub fn new(session: &Session) -> Self {
        Self { session: session.clone(), made: RefCell::default() }
    }

    /// The engine for plugins with these limits.
    pub fn of(&self, limits: &Limits) -> Rc<Engine> {
        let confines = confines(limits);
        let mut made = self.made.borrow_mut();
        if let Some((_, engine)) = made.iter().find(|(own, _)| *own == confines) {
            return engine.clone();
        }
        let engine = Rc::new(language::plugin_engine(&self.session, confines));
        made.push((confines, engine.clone()));
        engine
    }

    /// Who is being called.
    pub fn calls(&self) -> &Rc<Calls> {
        &self.session.calls
    }
}

fn confines(limits: &Limits) -> Confines {
    let low = |limit: usize| if limit <= SHORT { limit } else { 0 };
    Confines {
        call_depth: limits.call_depth,
        string_bytes: low(limits.string_bytes),
        array_items: low(limits.array_items),
        map_entries: low(limits.map_entries),
    }
}
