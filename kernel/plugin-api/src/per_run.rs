//! State that a plugin keeps for each run apart, so that two runs stepped in turn do not mix.

use crate::RunId;
use std::collections::BTreeMap;

/// One `T` per run, made from its default when first asked for.
#[derive(Clone, Debug, Default)]
pub struct PerRun<T>(BTreeMap<RunId, T>);

impl<T: Default> PerRun<T> {
    /// The run's own `T`.
    pub fn of(&mut self, run: RunId) -> &mut T {
        self.0.entry(run).or_default()
    }
}

impl<T> PerRun<T> {
    /// The run's own `T`, if it has one.
    pub fn get(&self, run: RunId) -> Option<&T> {
        self.0.get(&run)
    }

    /// All of them, in the order of runs.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }

    /// Starts the run's own `T` from a given one.
    pub fn set(&mut self, run: RunId, value: T) {
        self.0.insert(run, value);
    }

    /// Forgets a run.
    pub fn remove(&mut self, run: RunId) -> Option<T> {
        self.0.remove(&run)
    }
}
