//! Keeps a cell from filling the memory: a loop that doubles a string would otherwise end the whole worker.
//!
//! Must not know the language. Read [`Room`] first.

use crate::problem::Fault;
use candlewick_engine::memory::{Category, available_bytes, roughly};
use std::cell::Cell;

/// Growth below this is never looked into.
const FREE: u64 = 256 << 20;
/// What one operation may take beside what the cell has taken: a string added to itself is copied, then copied again to
/// twice the length.
const NEXT: u64 = 3;

/// How much the values of a cell have grown, and whether the next operation may still double them.
pub struct Room {
    begun: Cell<u64>,
    /// Growth at which the system is asked again.
    ask_at: Cell<u64>,
    available: Cell<fn() -> Option<u64>>,
}

impl Default for Room {
    fn default() -> Self {
        Self { begun: Cell::new(0), ask_at: Cell::new(FREE), available: Cell::new(available_bytes) }
    }
}

impl Room {
    /// Asks this instead of the system how many bytes are left.
    pub fn measure_with(&self, available: fn() -> Option<u64>) {
        self.available.set(available);
    }

    /// A cell begins.
    pub fn begin(&self) {
        self.begun.set(roughly(Category::Other));
        self.ask_at.set(FREE);
    }

    /// Why the cell must end, if it must; asked at every operation, and nearly always one load and one comparison.
    pub fn shortage(&self) -> Option<Fault> {
        let growth = roughly(Category::Other).saturating_sub(self.begun.get());
        if growth < self.ask_at.get() { None } else { self.ask(growth) }
    }

    #[cold]
    fn ask(&self, growth: u64) -> Option<Fault> {
        let left = (self.available.get())()?;
        if growth.saturating_mul(NEXT) <= left {
            self.ask_at.set(growth + growth / 8);
            return None;
        }
        let mb = |bytes: u64| bytes / 1_000_000;
        let message = format!(
            "the values of this cell have grown by {} MB and {} MB are left, too little to go on safely; \
             the cell was stopped and variables are kept: set what is not needed to ()",
            mb(growth),
            mb(left)
        );
        Some(Fault { name: "MemoryError", message })
    }
}
