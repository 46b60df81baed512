//! The fourteen lifecycle hooks, their names and sets of them. Knows no order beyond the declaration.

use crate::nearest;
use serde::{Deserialize, Serialize};

/// A place in the training lifecycle at which plugins are called (the fourteen of bz, in the order they first fire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Hook {
    /// Once, before anything else.
    StartTrainingSession,
    /// After the session started, only when a run resumes from a checkpoint.
    LoadCheckpoint,
    /// At the start of each epoch.
    StartEpoch,
    /// Before the first training batch of an epoch.
    StartTrainingLoop,
    /// Before the forward pass; `inputs` and `targets` may be replaced.
    StartTrainingBatch,
    /// After the optimizer's step.
    EndTrainingBatch,
    /// After the last training batch of an epoch.
    EndTrainingLoop,
    /// Before the first validation batch.
    StartValidationLoop,
    /// Before the forward pass of a validation batch.
    StartValidationBatch,
    /// After a validation batch was measured.
    EndValidationBatch,
    /// After the last validation batch.
    EndValidationLoop,
    /// When a checkpoint has been written.
    SaveCheckpoint,
    /// At the end of each epoch.
    EndEpoch,
    /// Once, after everything else, however the session ended.
    EndTrainingSession,
}

/// Each hook with its name and the name EveryDream2trainer gives it.
const NAMES: [(Hook, &str, Option<&str>); Hook::COUNT] = [
    (Hook::StartTrainingSession, "start_training_session", Some("on_training_start")),
    (Hook::LoadCheckpoint, "load_checkpoint", None),
    (Hook::StartEpoch, "start_epoch", Some("on_epoch_start")),
    (Hook::StartTrainingLoop, "start_training_loop", None),
    (Hook::StartTrainingBatch, "start_training_batch", Some("on_step_start")),
    (Hook::EndTrainingBatch, "end_training_batch", Some("on_step_end")),
    (Hook::EndTrainingLoop, "end_training_loop", None),
    (Hook::StartValidationLoop, "start_validation_loop", None),
    (Hook::StartValidationBatch, "start_validation_batch", None),
    (Hook::EndValidationBatch, "end_validation_batch", None),
    (Hook::EndValidationLoop, "end_validation_loop", None),
    (Hook::SaveCheckpoint, "save_checkpoint", None),
    (Hook::EndEpoch, "end_epoch", Some("on_epoch_end")),
    (Hook::EndTrainingSession, "end_training_session", Some("on_training_end")),
];

impl Hook {
    /// How many hooks there are.
    pub const COUNT: usize = 14;

    /// All hooks in lifecycle order.
    pub fn all() -> impl Iterator<Item = Hook> {
        NAMES.iter().map(|(hook, ..)| *hook)
    }

    /// The name that users write, such as `end_epoch`.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The hook of that name; EveryDream2trainer's names (`on_epoch_end`) are accepted too.
    pub fn from_name(name: &str) -> Option<Hook> {
        NAMES.iter().find(|(_, own, other)| *own == name || *other == Some(name)).map(|(hook, ..)| *hook)
    }

    /// When it is called and what for, in one line.
    pub fn documentation(self) -> &'static str {
        match self {
            Hook::StartTrainingSession => "once, before anything else: set up what the run needs",
            Hook::LoadCheckpoint => "only when a run resumes, after the session started: the checkpoint is read",
            Hook::StartEpoch => "at the start of each epoch: change learning_rate or batch_size for it",
            Hook::StartTrainingLoop => "before the first training batch of an epoch",
            Hook::StartTrainingBatch => "before the forward pass: look at inputs and targets, or replace them",
            Hook::EndTrainingBatch => "after the optimizer's step: ctx.loss, predictions and gradients are there",
            Hook::EndTrainingLoop => "after the last training batch of an epoch",
            Hook::StartValidationLoop => "before the first validation batch; only with validation data",
            Hook::StartValidationBatch => "before the forward pass of a validation batch",
            Hook::EndValidationBatch => "after a validation batch was measured",
            Hook::EndValidationLoop => "after the last validation batch: ctx.validation_loss is there",
            Hook::SaveCheckpoint => "when a checkpoint has been written",
            Hook::EndEpoch => "at the end of each epoch: stop when it is good enough",
            Hook::EndTrainingSession => "once, after everything else, however the session ended; ctx.outcome says how",
        }
    }

    /// The hook name nearest to a misspelt one, for "did you mean".
    pub fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, NAMES.iter().flat_map(|(_, own, other)| [Some(*own), *other]).flatten())
    }

    /// Whether plugins run in ascending order here; `end_…` hooks run in descending order, as a stack unwinds.
    pub fn is_ascending(self) -> bool {
        !self.name().starts_with("end_")
    }
}

impl std::fmt::Display for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of hooks, such as those a plugin defines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookSet(u16);

impl HookSet {
    /// The set without a hook.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The set of all fourteen.
    pub const fn all() -> Self {
        Self((1 << Hook::COUNT) - 1)
    }

    /// This set with one hook more.
    #[must_use]
    pub const fn with(self, hook: Hook) -> Self {
        Self(self.0 | 1 << hook as u16)
    }

    /// Whether the hook is in the set.
    pub const fn contains(self, hook: Hook) -> bool {
        self.0 & 1 << hook as u16 != 0
    }

    /// Whether no hook is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The hooks of the set in lifecycle order.
    pub fn iter(self) -> impl Iterator<Item = Hook> {
        Hook::all().filter(move |hook| self.contains(*hook))
    }
}

impl FromIterator<Hook> for HookSet {
    fn from_iter<I: IntoIterator<Item = Hook>>(hooks: I) -> Self {
        hooks.into_iter().fold(Self::none(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order() {
        for (index, hook) in Hook::all().enumerate() {
            assert_eq!(hook as usize, index);
            assert_eq!(Hook::from_name(hook.name()), Some(hook));
        }
    }

    #[test]
    fn other_names_and_misspelt_ones() {
        assert_eq!(Hook::from_name("on_step_end"), Some(Hook::EndTrainingBatch));
        assert_eq!(Hook::from_name("end_epok"), None);
        assert_eq!(Hook::nearest("end_epok"), Some("end_epoch"));
        assert_eq!(Hook::nearest("on_epoch_strat"), Some("on_epoch_start"));
        assert_eq!(Hook::nearest("xyz"), None);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: HookSet = [Hook::EndEpoch, Hook::StartEpoch].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Hook::StartEpoch, Hook::EndEpoch]);
        assert_eq!(HookSet::all().iter().count(), Hook::COUNT);
        assert!(HookSet::none().is_empty() && !set.is_empty());
    }
}
