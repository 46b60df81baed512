//! Call filters: which occurrences of a hook reach a plugin, and how often each hook came up in each run.

use candlewick_plugin_api::{Hook, RunId};
use std::collections::BTreeMap;
use std::rc::Rc;

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
        !is_once_per_run(hook) && *self != Self::default()
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

/// Whether a hook comes at most once in a run; filters and conditions do not apply to it.
pub(crate) fn is_once_per_run(hook: Hook) -> bool {
    matches!(hook, Hook::StartTrainingSession | Hook::LoadCheckpoint | Hook::EndTrainingSession)
}

/// How often each hook and each hook point came up, by run; the run asked about last comes first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occurrences(Vec<(RunId, Counts)>);

#[derive(Clone, Debug, Default)]
struct Counts {
    hooks: [u64; Hook::COUNT],
    points: BTreeMap<Rc<str>, u64>,
}

impl Occurrences {
    /// Counts one more of a hook and gives its number, from 1.
    #[inline]
    pub(crate) fn next(&mut self, run: RunId, hook: Hook) -> u64 {
        let count = &mut self.counts(run).hooks[hook as usize];
        *count += 1;
        *count
    }

    /// The same for a point.
    pub(crate) fn next_point(&mut self, run: RunId, point: &Rc<str>) -> u64 {
        let count = self.counts(run).points.entry(point.clone()).or_default();
        *count += 1;
        *count
    }

    /// The counts of one run by name, for its checkpoint.
    pub(crate) fn of(&self, run: RunId) -> Vec<(String, u64)> {
        let Some((_, counts)) = self.0.iter().find(|(own, _)| *own == run) else { return Vec::new() };
        let hooks = Hook::all().map(|hook| (hook.name().to_owned(), counts.hooks[hook as usize]));
        let points = counts.points.iter().map(|(name, count)| (name.to_string(), *count));
        hooks.chain(points).filter(|(_, count)| *count > 0).collect()
    }

    /// Puts the counts of one run back.
    pub(crate) fn set(&mut self, run: RunId, given: impl IntoIterator<Item = (String, u64)>) {
        self.forget(run);
        let mut counts = Counts::default();
        for (name, count) in given {
            match Hook::from_name(&name) {
                Some(hook) => counts.hooks[hook as usize] = count,
                None => drop(counts.points.insert(name.into(), count)),
            }
        }
        self.0.push((run, counts));
    }

    /// Forgets a run that has ended.
    pub(crate) fn forget(&mut self, run: RunId) {
        self.0.retain(|(own, _)| *own != run);
    }

    #[inline]
    fn counts(&mut self, run: RunId) -> &mut Counts {
        if self.0.first().is_none_or(|(own, _)| *own != run) {
            self.bring_forward(run);
        }
        &mut self.0[0].1
    }

    #[cold]
    fn bring_forward(&mut self, run: RunId) {
        match self.0.iter().position(|(own, _)| *own == run) {
            Some(place) => self.0.swap(0, place),
            None => self.0.insert(0, (run, Counts::default())),
        }
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
