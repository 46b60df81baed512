//! What is known of the interrupts of the running cell: when the first came, and whether another may end the worker.
//!
//! Must not know the worker. Read [`Interrupts::ask`] first.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A worker that has not reacted to an interrupt for this long may be killed by another.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The interrupts of whatever cell runs. Cheap to copy.
#[derive(Clone, Default)]
pub struct Interrupts(Arc<Mutex<Option<Arc<Asked>>>>);

/// What an interrupt is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Ask the worker to stop.
    Ask,
    /// It was asked long ago and the same cell still runs: end the worker.
    Kill,
}

/// A cell that runs; dropped when it has ended.
pub struct RunningCell {
    interrupts: Interrupts,
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    first: OnceLock<Instant>,
    rung: Notify,
}

impl Interrupts {
    /// A cell begins.
    pub fn begin(&self) -> RunningCell {
        let asked = Arc::new(Asked::default());
        *self.running() = Some(asked.clone());
        RunningCell { interrupts: self.clone(), asked }
    }

    /// Notes an interrupt and says what it is to do.
    pub fn ask(&self, now: Instant) -> Measure {
        let Some(asked) = self.running().clone() else { return Measure::Ask };
        let first = *asked.first.get_or_init(|| now);
        asked.rung.notify_one();
        if now.duration_since(first) < PATIENCE { Measure::Ask } else { Measure::Kill }
    }

    /// Whether the running cell has been interrupted: an interrupt that came before the worker had the cell is to be
    /// sent after it, for a worker ignores one that is for nothing.
    pub fn came(&self) -> bool {
        self.running().as_ref().is_some_and(|asked| asked.first.get().is_some())
    }

    fn running(&self) -> MutexGuard<'_, Option<Arc<Asked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningCell {
    /// Waits until the cell has been interrupted and goes on regardless.
    pub async fn ignores_an_interrupt(&self) {
        self.asked.rung.notified().await;
        tokio::time::sleep(PATIENCE).await;
    }
}

impl Drop for RunningCell {
    fn drop(&mut self) {
        self.interrupts.running().take_if(|asked| Arc::ptr_eq(asked, &self.asked));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_interrupt_kills_only_late_and_in_the_same_cell() {
        let interrupts = Interrupts::default();
        let begun = Instant::now();
        let check = |seconds, expect| assert_eq!(interrupts.ask(begun + Duration::from_secs(seconds)), expect);
        check(0, Measure::Ask);
        check(60, Measure::Ask);
        let cell = interrupts.begin();
        assert!(!interrupts.came());
        check(60, Measure::Ask);
        assert!(interrupts.came());
        check(64, Measure::Ask);
        check(65, Measure::Kill);
        drop(cell);
        let _next = interrupts.begin();
        check(66, Measure::Ask);
    }
}
