//! The runs that hooks have been fired for: which exist, which are still live.

use candlewick_plugin_api::RunId;
use std::collections::BTreeMap;

/// Runs by id, with whether each is live. Ended runs stay: plugins still hold their state and tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    live: BTreeMap<RunId, bool>,
    newest: Option<RunId>,
}

impl Runs {
    /// Notes that a hook of this run fires; almost always one comparison.
    #[inline]
    pub(crate) fn meet(&mut self, run: RunId) {
        if self.newest != Some(run) {
            self.newest = Some(run);
            self.live.insert(run, true);
        }
    }

    /// Notes that the run's last hook has fired.
    pub(crate) fn end(&mut self, run: RunId) {
        self.newest = None;
        self.live.insert(run, false);
    }

    pub(crate) fn live(&self) -> Vec<RunId> {
        self.live.iter().filter(|(_, live)| **live).map(|(run, _)| *run).collect()
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = RunId> {
        self.live.keys().copied()
    }

    pub(crate) fn forget(&mut self, run: RunId) {
        self.newest = None;
        self.live.remove(&run);
    }
}
