//! Where a run stands and which hook comes next: the lifecycle as data, without tensors.
//!
//! Knows nothing of models or plugins. [`Plan::next`] is the hook to fire; after it was fired, [`Plan::take`] takes
//! what plugins asked for and [`Plan::follow`] moves on. Every `start_…` that was fired gets its `end_…`, because each
//! way out of a loop leads through the hook that closes it.

use candlewick_plugin_api::{Hook, Outcome, Requests};
use serde::{Deserialize, Serialize};

/// Position, sizes and pending requests of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The hook to fire next; none when the session has ended.
    pub next: Option<Hook>,
    pub epoch: usize,
    pub batch: usize,
    pub validation_batch: usize,
    pub global_step: usize,
    pub epochs: usize,
    pub batches: usize,
    pub validation_batches: usize,
    /// A checkpoint is due at the end of every so many epochs; 0 for never.
    pub checkpoint_every: usize,
    /// How the running batch will have ended; decided when its start hook was fired.
    pub batch_outcome: Outcome,
    /// The session begins from a checkpoint.
    pub resume: bool,
    /// Set once the session is to end early, and how.
    pub ending: Option<Outcome>,
    pub skip_epoch: bool,
    wants_validation: bool,
    wants_checkpoint: bool,
    /// The running validation loop was asked for between two training batches.
    detour: bool,
    after_save: AfterSave,
}

/// What a saved checkpoint stood in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum AfterSave {
    Batch,
    EndEpoch,
    NextEpoch,
}

impl Plan {
    pub fn new(epochs: usize, batches: usize, validation_batches: usize, checkpoint_every: usize) -> Self {
        Self {
            next: Some(Hook::StartTrainingSession),
            epoch: 0,
            batch: 0,
            validation_batch: 0,
            global_step: 0,
            epochs,
            batches,
            validation_batches,
            checkpoint_every,
            batch_outcome: Outcome::Done,
            resume: false,
            ending: None,
            skip_epoch: false,
            wants_validation: false,
            wants_checkpoint: false,
            detour: false,
            after_save: AfterSave::Batch,
        }
    }

    /// The batch a hook is about, where it is about one.
    pub fn batch_at(&self, hook: Hook) -> Option<usize> {
        match hook {
            Hook::StartTrainingBatch | Hook::EndTrainingBatch => Some(self.batch),
            Hook::StartValidationBatch | Hook::EndValidationBatch => Some(self.validation_batch),
            _ => None,
        }
    }

    /// How the thing that a hook closes has ended; none for hooks that close nothing.
    pub fn outcome_at(&self, hook: Hook) -> Option<Outcome> {
        let skipped = || if self.skip_epoch { Outcome::Skipped } else { Outcome::Done };
        match hook {
            Hook::EndTrainingBatch | Hook::EndValidationBatch => Some(self.batch_outcome),
            Hook::EndTrainingLoop | Hook::EndValidationLoop | Hook::EndEpoch => {
                Some(self.ending.unwrap_or_else(skipped))
            }
            Hook::EndTrainingSession => Some(self.ending.unwrap_or(Outcome::Done)),
            _ => None,
        }
    }

    /// Takes what plugins asked for at a hook.
    pub fn take(&mut self, hook: Hook, requests: &Requests) {
        if requests.stop.is_some() {
            self.ending.get_or_insert(Outcome::Stopped);
        }
        let starts_batch = matches!(hook, Hook::StartTrainingBatch | Hook::StartValidationBatch);
        let in_epoch = !matches!(hook, Hook::StartTrainingSession | Hook::EndEpoch | Hook::EndTrainingSession);
        self.skip_epoch |= requests.skip_epoch && in_epoch;
        self.wants_checkpoint |= requests.checkpoint;
        self.wants_validation |= requests.validation && self.validation_batches > 0;
        if starts_batch {
            let skipped = requests.skip_batch || self.skip_epoch;
            let planned = if skipped { Outcome::Skipped } else { Outcome::Done };
            self.batch_outcome = self.ending.unwrap_or(planned);
        }
    }

    /// Ends the session because of an error; `save` asks for a checkpoint before.
    pub fn fail(&mut self, save: bool) {
        self.ending = Some(Outcome::Failed);
        self.wants_checkpoint |= save;
    }

    /// Takes the way out from where the run is paused.
    pub fn leave(&mut self) {
        self.next = self.next.and_then(|next| self.way_out(next));
    }

    /// Moves on from a hook that was fired.
    pub fn follow(&mut self, hook: Hook) {
        self.next = match hook {
            Hook::StartTrainingSession if self.ending.is_some() => Some(Hook::EndTrainingSession),
            Hook::StartTrainingSession if self.resume => Some(Hook::LoadCheckpoint),
            Hook::StartTrainingSession => Some(Hook::StartEpoch),
            // The loaded checkpoint has set `next`; a stop or a skip leads out from there.
            Hook::LoadCheckpoint if self.next == Some(Hook::StartTrainingBatch) => self.next_batch(),
            Hook::LoadCheckpoint => self.next.and_then(|next| self.way_out(next)),
            Hook::StartEpoch if self.leaves_epoch() => self.before_end_epoch(),
            Hook::StartEpoch => Some(Hook::StartTrainingLoop),
            Hook::StartTrainingLoop => self.next_batch(),
            Hook::StartTrainingBatch => Some(Hook::EndTrainingBatch),
            Hook::EndTrainingBatch => {
                self.batch += 1;
                self.global_step += 1;
                self.after_batch()
            }
            Hook::EndTrainingLoop if self.leaves_epoch() || self.validation_batches == 0 => self.before_end_epoch(),
            Hook::EndTrainingLoop => self.validate(false),
            Hook::StartValidationLoop => self.next_validation_batch(),
            Hook::StartValidationBatch => Some(Hook::EndValidationBatch),
            Hook::EndValidationBatch => {
                self.validation_batch += 1;
                self.next_validation_batch()
            }
            Hook::EndValidationLoop if self.detour => self.before_next_batch(),
            Hook::EndValidationLoop => self.before_end_epoch(),
            Hook::SaveCheckpoint => self.after_save(),
            Hook::EndEpoch => self.after_epoch(),
            Hook::EndTrainingSession => None,
        };
    }

    /// The plan of a run of so many epochs that goes on from the checkpoint in which this plan was saved.
    pub fn resumed(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self.resume = true;
        self.ending = None;
        self.next = self.after_save();
        self
    }

    fn leaves_epoch(&self) -> bool {
        self.ending.is_some() || self.skip_epoch
    }

    /// The hook that comes instead of `next` once the session is ending: what was started is closed, nothing is begun.
    fn way_out(&mut self, next: Hook) -> Option<Hook> {
        match next {
            _ if self.ending.is_none() => Some(next),
            Hook::StartTrainingSession => None,
            Hook::LoadCheckpoint | Hook::StartEpoch => Some(Hook::EndTrainingSession),
            Hook::StartTrainingLoop => self.before_end_epoch(),
            Hook::StartTrainingBatch => Some(Hook::EndTrainingLoop),
            Hook::StartValidationBatch => Some(Hook::EndValidationLoop),
            Hook::StartValidationLoop if self.detour => self.before_next_batch(),
            Hook::StartValidationLoop => self.before_end_epoch(),
            Hook::EndTrainingBatch | Hook::EndValidationBatch => {
                self.batch_outcome = Outcome::Stopped;
                Some(next)
            }
            other => Some(other),
        }
    }

    fn next_batch(&self) -> Option<Hook> {
        let over = self.leaves_epoch() || self.batch >= self.batches;
        Some(if over { Hook::EndTrainingLoop } else { Hook::StartTrainingBatch })
    }

    fn after_batch(&mut self) -> Option<Hook> {
        if std::mem::take(&mut self.wants_validation) && !self.leaves_epoch() {
            return self.validate(true);
        }
        self.before_next_batch()
    }

    fn before_next_batch(&mut self) -> Option<Hook> {
        self.detour = false;
        if self.wants_checkpoint { self.save(AfterSave::Batch) } else { self.next_batch() }
    }

    fn validate(&mut self, detour: bool) -> Option<Hook> {
        self.detour = detour;
        self.wants_validation = false;
        self.validation_batch = 0;
        Some(Hook::StartValidationLoop)
    }

    fn next_validation_batch(&self) -> Option<Hook> {
        let over = self.leaves_epoch() || self.validation_batch >= self.validation_batches;
        Some(if over { Hook::EndValidationLoop } else { Hook::StartValidationBatch })
    }

    fn before_end_epoch(&mut self) -> Option<Hook> {
        let every = self.checkpoint_every;
        let due = every > 0 && (self.epoch + 1).is_multiple_of(every) && !self.leaves_epoch();
        if due || self.wants_checkpoint { self.save(AfterSave::EndEpoch) } else { Some(Hook::EndEpoch) }
    }

    fn after_epoch(&mut self) -> Option<Hook> {
        if self.wants_checkpoint { self.save(AfterSave::NextEpoch) } else { self.next_epoch() }
    }

    fn next_epoch(&mut self) -> Option<Hook> {
        if self.ending.is_some() || self.epoch + 1 >= self.epochs {
            return Some(Hook::EndTrainingSession);
        }
        self.epoch += 1;
        self.batch = 0;
        self.skip_epoch = false;
        Some(Hook::StartEpoch)
    }

    fn save(&mut self, after: AfterSave) -> Option<Hook> {
        self.wants_checkpoint = false;
        self.after_save = after;
        Some(Hook::SaveCheckpoint)
    }

    fn after_save(&mut self) -> Option<Hook> {
        match self.after_save {
            AfterSave::Batch => self.next_batch(),
            AfterSave::EndEpoch => Some(Hook::EndEpoch),
            AfterSave::NextEpoch => self.next_epoch(),
        }
    }
}
