//! Call filters: which occurrences of a hook reach a plugin, and how often each hook came up in each run.

use candlewick_plugin_api::{Hook, RunId};
use std::collections::BTreeMap;

/// The four filters; a call passes when all that are set let it pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Filters {
    pub(crate) every: Option<u64>,
    pub(crate) once: Option<u64>,
    pub(crate) after: Option<u64>,
    pub(crate) before: Option<u64>,
}

impl Filters {
    /// Whether there is anything to count at this hook.
    pub(crate) fn apply_to(&self, hook: Hook) -> bool {
        let once_per_run = matches!(hook, Hook::StartTrainingSession | Hook::LoadCheckpoint | Hook::EndTrainingSession);
        !once_per_run && *self != Self::default()
    }

    /// Whether the occurrence with this number, from 1, reaches the plugin.
    pub(crate) fn pass(&self, occurrence: u64) -> bool {
        self.every.is_none_or(|n| occurrence.is_multiple_of(n))
            && self.once.is_none_or(|n| occurrence == n)
            && self.after.is_none_or(|n| occurrence > n)
            && self.before.is_none_or(|n| occurrence < n)
    }

    /// A filter that lets no call through, as given, with advice.
    pub(crate) fn contradiction(&self) -> Option<(String, &'static str)> {
        let zero =
            |name, value: Option<u64>| (value == Some(0)).then(|| (format!("{name}=0"), "occurrences count from 1"));
        zero("every", self.every).or_else(|| zero("once", self.once)).or_else(|| {
            let (after, before) = (self.after.unwrap_or(0), self.before?);
            (before <= after.saturating_add(1))
                .then(|| (format!("before={before} with after={after}"), "give a `before` above `after` + 1"))
        })
    }
}

/// How often each hook came up, by run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occurrences(BTreeMap<(RunId, Hook), u64>);

impl Occurrences {
    /// Counts one more and gives its number, from 1.
    pub(crate) fn next(&mut self, run: RunId, hook: Hook) -> u64 {
        let count = self.0.entry((run, hook)).or_default();
        *count += 1;
        *count
    }

    /// The counts of one run, for its checkpoint.
    pub(crate) fn of(&self, run: RunId) -> impl Iterator<Item = (Hook, u64)> {
        self.0.iter().filter(move |((own, _), _)| *own == run).map(|((_, hook), count)| (*hook, *count))
    }

    /// Puts the counts of one run back.
    pub(crate) fn set(&mut self, run: RunId, counts: impl IntoIterator<Item = (Hook, u64)>) {
        self.forget(run);
        self.0.extend(counts.into_iter().map(|(hook, count)| ((run, hook), count)));
    }

    /// Forgets a run that has ended.
    pub(crate) fn forget(&mut self, run: RunId) {
        self.0.retain(|(own, _), _| *own != run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(filters: Filters) -> Vec<u64> {
        (1..=10).filter(|occurrence| filters.pass(*occurrence)).collect()
    }

    #[test]
    fn each_filter_and_all_together() {
        let none = Filters::default();
        assert_eq!(passed(none).len(), 10);
        assert_eq!(passed(Filters { every: Some(4), ..none }), [4, 8]);
        assert_eq!(passed(Filters { once: Some(3), ..none }), [3]);
        assert_eq!(passed(Filters { after: Some(8), ..none }), [9, 10]);
        assert_eq!(passed(Filters { before: Some(3), ..none }), [1, 2]);
        assert_eq!(passed(Filters { every: Some(2), after: Some(3), before: Some(8), once: None }), [4, 6]);
    }

    #[test]
    fn filters_that_pass_nothing_are_named() {
        let none = Filters::default();
        let named = |filters: Filters| filters.contradiction().map(|(filter, _)| filter);
        assert_eq!(named(none), None);
        assert_eq!(named(Filters { every: Some(0), ..none }), Some("every=0".into()));
        assert_eq!(named(Filters { once: Some(0), ..none }), Some("once=0".into()));
        assert_eq!(named(Filters { before: Some(1), ..none }), Some("before=1 with after=0".into()));
        assert_eq!(named(Filters { after: Some(5), before: Some(7), ..none }), None);
    }

    #[test]
    fn session_hooks_are_never_filtered() {
        let tenth = Filters { every: Some(10), ..Filters::default() };
        assert!(!tenth.apply_to(Hook::StartTrainingSession) && !tenth.apply_to(Hook::EndTrainingSession));
        assert!(tenth.apply_to(Hook::EndTrainingBatch) && !Filters::default().apply_to(Hook::EndTrainingBatch));
    }
}
