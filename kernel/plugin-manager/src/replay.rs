//! The newest failed call of a plugin, kept so that it can be made again: with the code as it is now, on the context and
//! the state that it failed on, without touching the run.
//!
//! What the call wrote in place before it failed (a Rust plugin's own fields) cannot be taken back, and the model's
//! parameters are those of today; everything else is as it was. Read [`PluginManager::replay`] first.

use crate::ManagerError;
use crate::manager::{PluginManager, guarded};
use crate::slot::Slot;
use candlewick_plugin_api::{Change, Context, Event, Part, PluginError, PointFired, PointSink, Requests, Value};
use serde_json::Value as Json;
use std::rc::{Rc, Weak};

/// A failed call, with what it was given.
pub(crate) struct FailedCall {
    part: Part,
    context: Context,
    state: Option<Json>,
    data: Option<Value>,
}

/// What came of making a failed call again.
#[derive(Debug)]
pub struct Replay {
    /// What was called, such as `end_epoch` or `the point augment at end_epoch`.
    pub place: String,
    /// The epoch, from 0.
    pub epoch: usize,
    /// The batch, from 0, in a batch hook.
    pub batch: Option<usize>,
    /// How it ended this time.
    pub outcome: Result<(), PluginError>,
    /// Whether its condition let the call through.
    pub called: bool,
    /// What it would have changed of the working zone.
    pub changes: Vec<Change>,
    /// What it would have asked of the run.
    pub requests: Requests,
    /// What it emitted: text, warnings.
    pub events: Vec<Event>,
    /// Points that it fired; nobody was called there.
    pub fired: Vec<String>,
}

/// Points during a replay: other plugins are not called, for they would take it for the run's.
struct Nobody;

impl FailedCall {
    /// Of a call that has just failed; the context's first writes are undone.
    pub(crate) fn of(slot: &Slot, part: Part, ctx: &Context, data: Option<&Value>) -> Self {
        let mut context = ctx.clone();
        context.working = ctx.working.rehearsal();
        let driver = context.driver();
        (*driver.requests, *driver.points) = (Requests::default(), None);
        driver.events.clear();
        driver.fired.clear();
        let state = guarded(|| slot.plugin.state(ctx.run)).ok().flatten();
        Self { part, context, state, data: data.cloned() }
    }
}

impl PluginManager {
    /// Makes the plugin's newest failed call again, with the code that it has now, and puts its state back afterwards. A
    /// quarantined plugin stays so; [`PluginManager::activate`] brings it back.
    ///
    /// # Errors
    /// No plugin of that name, one that has not failed at a hook, or one that is executing a verb.
    pub fn replay(&mut self, name: &str) -> Result<Replay, ManagerError> {
        let index = self.find(name)?;
        let slot = &mut self.slots[index];
        slot.check_not_executing("replayed")?;
        let nothing = || ManagerError::NothingToReplay { plugin: name.to_owned() };
        let call = slot.watch.failed_call.take().ok_or_else(nothing)?;
        let replay = slot.replay(&call);
        slot.watch.failed_call = Some(call);
        Ok(replay)
    }
}

impl Slot {
    fn replay(&mut self, call: &FailedCall) -> Replay {
        let mut ctx = call.context.clone();
        // Writes of an earlier replay are not seen by this one.
        ctx.working = ctx.working.rehearsal();
        let nobody: Rc<dyn PointSink> = Rc::new(Nobody);
        *ctx.driver().points = Some(Rc::downgrade(&nobody) as Weak<dyn PointSink>);
        let run = ctx.run;
        let kept = guarded(|| self.plugin.set_aside(run)).ok().flatten();
        let restored = match &call.state {
            Some(state) => guarded(|| self.plugin.restore(run, state)).flatten(),
            None => Ok(()),
        };
        let outcome = restored.and_then(|()| self.call_again(call, &mut ctx));
        let put_back = guarded(|| self.plugin.take_back(run, kept)).flatten();
        let driver = ctx.driver();
        if let Err(error) = put_back {
            driver.events.push(Event::Warning(format!("its state could not be put back after the replay: {error}")));
        }
        Replay {
            place: call.part.place(call.context.hook),
            epoch: call.context.epoch,
            batch: call.context.batch,
            called: outcome != Ok(false),
            outcome: outcome.map(drop),
            requests: std::mem::take(driver.requests),
            events: std::mem::take(driver.events),
            fired: driver.fired.drain(..).map(|fired| fired.point).collect(),
            changes: ctx.working.take_changes(),
        }
    }

    /// Asks the condition, then calls; false when the condition does not hold.
    fn call_again(&mut self, call: &FailedCall, ctx: &mut Context) -> Result<bool, PluginError> {
        if let Some(condition) = &mut self.watch.condition
            && !guarded(|| condition.holds(ctx)).flatten()?
        {
            return Ok(false);
        }
        let (plugin, hook) = (&mut self.plugin, ctx.hook);
        match (&call.part, call.data.clone()) {
            (Part::Point(point), Some(mut data)) => guarded(|| plugin.call_point(point, ctx, &mut data)).flatten()?,
            _ => guarded(|| plugin.call(hook, ctx)).flatten()?,
        }
        Ok(true)
    }
}

impl PointSink for Nobody {
    fn fire(&self, point: &str, ctx: &mut Context, data: Value) -> Result<Value, PluginError> {
        ctx.driver().fired.push(PointFired { point: point.to_owned(), ..PointFired::default() });
        Ok(data)
    }
}
