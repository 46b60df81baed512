//! Driving a run: the one loop by which cells, commands and examples call [`Run::advance`].

use super::lifecycle::Run;
use crate::{EngineError, Result, interrupt};
use candlewick_plugin_api::{Event, Hook, HookSink};

/// What a step is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Hooks.
    Hook,
    /// Training batches: up to their `end_training_batch`.
    Batch,
    /// Epochs: up to their `end_epoch`.
    Epoch,
}

impl Unit {
    /// The unit of that name.
    ///
    /// # Errors
    /// Any other name than `hook`, `batch` and `epoch` (or their plurals).
    pub fn from_name(name: &str) -> Result<Self> {
        match name.strip_suffix('s').unwrap_or(name) {
            "hook" => Ok(Self::Hook),
            "batch" | "batche" => Ok(Self::Batch),
            "epoch" => Ok(Self::Epoch),
            _ => Err(EngineError::unknown("unit of a step", name, ["hook", "batch", "epoch"])),
        }
    }

    /// Whether reaching this hook completes one of these.
    pub fn ends_at(self, hook: Hook) -> bool {
        match self {
            Self::Hook => true,
            Self::Batch => hook == Hook::EndTrainingBatch,
            Self::Epoch => hook == Hook::EndEpoch,
        }
    }
}

/// Why driving came to a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The condition was met at this hook.
    Reached(Hook),
    /// The session has ended.
    Finished,
    /// The user interrupted; the run can be driven on.
    Interrupted,
}

/// Advances until `reached` says so, the session ends, or the user interrupts. Events go to `show` as they come.
///
/// # Errors
/// An error of `reached`, or of the engine when the run could not be moved. The error that ended a session is not one:
/// it stands in [`Run::failure`].
pub fn drive<E: From<EngineError>>(
    run: &mut Run,
    hooks: &mut dyn HookSink,
    mut reached: impl FnMut(&mut Run, Hook) -> std::result::Result<bool, E>,
    mut show: impl FnMut(&mut Run, Vec<Event>),
) -> std::result::Result<Halt, E> {
    loop {
        if interrupt::requested() {
            return Ok(Halt::Interrupted);
        }
        let moved = run.advance(hooks);
        let events = run.take_events();
        if !events.is_empty() {
            show(run, events);
        }
        match moved {
            Ok(Some(hook)) if reached(run, hook)? => return Ok(Halt::Reached(hook)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Halt::Finished),
            Err(EngineError::Interrupted) => return Ok(Halt::Interrupted),
            Err(error) => return Err(error.into()),
        }
    }
}
