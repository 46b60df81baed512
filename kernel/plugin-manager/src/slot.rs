//! One registered plugin: its place, its state, what it has cost.

use crate::State;
use crate::filters::{Filters, Occurrences};
use crate::registration::{Description, Registration};
use crate::watch::Watch;
use candlewick_plugin_api::{Hook, HookFailure, Plugin, RunId, Transform};

/// A registered plugin.
pub(crate) struct Slot {
    /// From 1, in the order of registration; a replaced plugin keeps it, nobody else gets it.
    pub(crate) number: u64,
    pub(crate) plugin: Box<dyn Plugin>,
    /// What each hook has cost since this generation was registered.
    pub(crate) tallies: [Tally; Hook::COUNT],
    /// What each transform has cost since this generation was registered; every call is timed.
    pub(crate) transform_tallies: [Tally; Transform::COUNT],
    pub(crate) filters: Filters,
    /// Whether any filter or condition is set: the hot path asks only this.
    pub(crate) filtered: bool,
    pub(crate) occurrences: Occurrences,
    pub(crate) state: State,
    pub(crate) description: Description,
    pub(crate) registration: Registration,
    pub(crate) generation: u64,
    /// Live runs whose start it has not been told.
    pub(crate) due: Vec<RunId>,
    pub(crate) newest_failure: Option<HookFailure>,
    /// Whether its `initialize` has run since it was registered or cleaned up.
    pub(crate) initialized: bool,
    /// What its verbs have cost since this generation was registered; every call is timed.
    pub(crate) executions: Tally,
    /// Its condition, its budgets, its newest failed call.
    pub(crate) watch: Watch,
}

impl Slot {
    pub(crate) fn name(&self) -> &str {
        &self.description.metadata.name
    }

    /// Whether it is to be active again in a new process.
    pub(crate) fn is_enabled(&self) -> bool {
        matches!(self.state, State::Active | State::Executing | State::Quarantined)
    }

    /// Whether it takes part: its hooks are called, but for those of a plugin that is executing just now.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, State::Active | State::Executing)
    }
}

/// Calls of one hook of one plugin, or of its verbs. Counts are exact. The first call is timed by itself, because it is cold; of the
/// others a sample is timed, and its mean is taken for all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    /// Failures without a success of the same hook between.
    pub(crate) in_a_row: usize,
    pub(crate) first_nanoseconds: u64,
    /// Calls timed, the first left out.
    pub(crate) timed: u64,
    pub(crate) nanoseconds: u64,
}

impl Tally {
    /// Notes how long the newest call took.
    pub(crate) fn time(&mut self, nanoseconds: u64) {
        if self.calls == 1 {
            self.first_nanoseconds = nanoseconds;
        } else {
            self.timed += 1;
            self.nanoseconds += nanoseconds;
        }
    }

    /// Seconds spent, estimated from the sample when not every call was timed.
    pub(crate) fn seconds(&self) -> f64 {
        let others = self.calls.saturating_sub(1) as f64;
        let mean = if self.timed == 0 { 0.0 } else { self.nanoseconds as f64 / self.timed as f64 };
        (self.first_nanoseconds as f64 + mean * others) * 1e-9
    }

    /// Whether the seconds are an estimate.
    pub(crate) fn is_sampled(&self) -> bool {
        self.calls > self.timed + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_stands_for_all_calls_but_the_cold_first() {
        let mut tally = Tally { calls: 1, ..Tally::default() };
        tally.time(1000);
        assert_eq!((tally.seconds(), tally.is_sampled()), (1000.0 * 1e-9, false));
        tally.calls = 2;
        tally.time(10);
        assert!(!tally.is_sampled());
        tally.calls = 101;
        assert_eq!((tally.seconds(), tally.is_sampled()), (2000.0 * 1e-9, true));
    }
}
