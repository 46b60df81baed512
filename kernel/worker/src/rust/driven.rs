//! A training run in Rust code: the handle that Rhai cells have too.
//!
//! Must not know how a run moves inside. Read [`LiveRun`] first.

use super::error::CellError;
use crate::problem::Fault;
use crate::runs::RunHandle;
use crate::session::Session;
use candlewick_engine::data::Frame;
use candlewick_engine::nn::Net;
use candlewick_engine::run::{Run, Unit};
use candlewick_plugin_api::{Facts, Hook, Outcome};
use rhai::EvalAltResult;

/// A run of this notebook: whoever moves it, in either language, fires all plugins, draws its chart and heeds its panel's
/// buttons. A clone is the same run.
///
/// ```no_run
/// # use candlewick::prelude::*;
/// # fn cell() -> Result<(), CellError> {
/// let run = session().get::<LiveRun>("run")?; // of `let run = fit(net, data, …);` in Rhai
/// run.epochs(2)?;
/// println!("loss {:?} after {} steps", run.facts()?.loss, run.facts()?.global_step);
/// run.resume()?;
/// session().set("history", run.history()?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LiveRun(RunHandle);

type Done<T = ()> = Result<T, CellError>;

impl LiveRun {
    pub(super) fn new(session: &Session, run: Run) -> Self {
        Self(RunHandle::new(session, run))
    }

    pub(super) fn of(handle: &RunHandle) -> Self {
        Self(handle.clone())
    }

    pub(super) fn handle(&self) -> &RunHandle {
        &self.0
    }

    /// Goes on by so many hooks.
    ///
    /// # Errors
    /// The run has ended, moves already, failed, or was interrupted; so with everything that moves it.
    pub fn step(&self, hooks: usize) -> Done {
        done(self.0.step(hooks, Unit::Hook))
    }

    /// Goes on by so many training batches.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    pub fn batches(&self, batches: usize) -> Done {
        done(self.0.step(batches, Unit::Batch))
    }

    /// Goes on by so many epochs.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    pub fn epochs(&self, epochs: usize) -> Done {
        done(self.0.step(epochs, Unit::Epoch))
    }

    /// Goes on until the condition holds after a hook, or to the end.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    ///
    /// ```no_run
    /// # use candlewick::prelude::*;
    /// # fn cell(run: LiveRun) -> Result<(), CellError> {
    /// run.run_until(|facts| facts.loss.is_some_and(|loss| loss < 0.1))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_until(&self, mut holds: impl FnMut(&Facts) -> bool) -> Done {
        done(self.0.go_on_until(|run, _| holds(run.context())))
    }

    /// Goes on to that hook, or to the end.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    pub fn run_to(&self, hook: Hook) -> Done {
        done(self.0.go_on_until(|_, reached| reached == hook))
    }

    /// Goes on to the end, under a live chart.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    pub fn resume(&self) -> Done {
        done(self.0.resume())
    }

    /// Ends the run; what it has begun is ended too.
    ///
    /// # Errors
    /// As [`LiveRun::step`].
    pub fn stop(&self, reason: &str) -> Done {
        done(self.0.stop(reason))
    }

    /// What the run knows where it stands.
    ///
    /// # Errors
    /// It is moving: a plugin's hook has its own context.
    pub fn facts(&self) -> Done<Facts> {
        self.look(|run| Facts::clone(run.context()))
    }

    /// Looks at the run itself: options, data, checkpoints.
    ///
    /// # Errors
    /// As [`LiveRun::facts`].
    pub fn look<T>(&self, look: impl FnOnce(&Run) -> T) -> Done<T> {
        self.0.look(look).map_err(|error| failed(&error))
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// As [`LiveRun::facts`].
    pub fn is_finished(&self) -> Done<bool> {
        self.look(Run::is_finished)
    }

    /// How it has ended; none while it goes on.
    ///
    /// # Errors
    /// As [`LiveRun::facts`].
    pub fn outcome(&self) -> Done<Option<Outcome>> {
        self.look(Run::outcome)
    }

    /// The net that it trains: the same parameters.
    ///
    /// # Errors
    /// As [`LiveRun::facts`].
    pub fn net(&self) -> Done<Net> {
        self.look(|run| run.net().clone())
    }

    /// What was measured, a row per epoch.
    ///
    /// # Errors
    /// The plugin `history` is not active, or as [`LiveRun::facts`].
    pub fn history(&self) -> Done<Frame> {
        self.0.table("epochs").map_err(|error| failed(&error))
    }

    /// What was measured, a row per training batch.
    ///
    /// # Errors
    /// As [`LiveRun::history`].
    pub fn batch_history(&self) -> Done<Frame> {
        self.0.table("batches").map_err(|error| failed(&error))
    }
}

fn done(moved: Result<RunHandle, Box<EvalAltResult>>) -> Done {
    moved.map(drop).map_err(|error| failed(&error))
}

fn failed(error: &EvalAltResult) -> CellError {
    match error {
        EvalAltResult::ErrorTerminated(..) => CellError::Interrupted,
        EvalAltResult::ErrorRuntime(value, _) => match value.read_lock::<Fault>() {
            Some(fault) => CellError::Run(format!("{}: {}", fault.name, fault.message)),
            None => CellError::Run(value.to_string()),
        },
        other => CellError::Run(other.to_string()),
    }
}
