//! The newest failed call of a plugin, kept so that it can be made again: with the code as it is now, on the context and
//! the state that it failed on, without touching the run.
//!
//! What the call wrote in place before it failed (a Rust plugin's own fields) cannot be taken back, and the model's
//! parameters are those of today; everything else is as it was. Read [`PluginManager::replay`] first.

use crate::ManagerError;
use crate::manager::{PluginManager, guarded};
use crate::slot::Slot;
use crate::transforms::item;
use candlewick_plugin_api::{
    Change, Context, Event, Part, PluginError, PointFired, PointSink, Requests, RunId, Transform, TransformContext,
    Value,
};
use serde_json::Value as Json;
use std::rc::{Rc, Weak};

/// A failed call, with what it was given.
pub(crate) struct FailedCall {
    given: Given,
    state: Option<Json>,
}

/// What a call was given. Data is shared with whoever holds it, not copied.
enum Given {
    Hook(Part, Box<Context>, Option<Value>),
    Transform(Transform, Box<TransformContext>, Value),
}

/// What came of making a failed call again.
#[derive(Debug)]
pub struct Replay {
    /// What was called, such as `end_epoch`, `the point augment at end_epoch` or `transform_caption of item 3 (a.txt)`.
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
    /// What a transform gave back.
    pub gave: Option<Value>,
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
        Self { given: Given::Hook(part, Box::new(context), data.cloned()), state: state(slot, ctx.run) }
    }

    /// Of a transform that has just failed on that value.
    pub(crate) fn of_transform(slot: &Slot, transform: Transform, ctx: &TransformContext, value: &Value) -> Self {
        let given = Given::Transform(transform, Box::new(ctx.fork()), value.clone());
        Self { given, state: state(slot, ctx.run) }
    }

    fn run(&self) -> RunId {
        match &self.given {
            Given::Hook(_, context, _) => context.run,
            Given::Transform(_, context, _) => context.run,
        }
    }
}

fn state(slot: &Slot, run: RunId) -> Option<Json> {
    guarded(|| slot.plugin.state(run)).ok().flatten()
}

impl PluginManager {
    /// Makes the plugin's newest failed call again, with the code that it has now, and puts its state back afterwards. A
    /// quarantined plugin stays so; [`PluginManager::activate`] brings it back.
    ///
    /// # Errors
    /// No plugin of that name, one that has not failed at a hook, a point or a transform, or one that is executing a verb.
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
        let run = call.run();
        let kept = guarded(|| self.plugin.set_aside(run)).ok().flatten();
        let restored = match &call.state {
            Some(state) => guarded(|| self.plugin.restore(run, state)).flatten(),
            None => Ok(()),
        };
        let mut replay = match &call.given {
            Given::Hook(part, context, data) => self.replay_hook(restored, part, context, data.as_ref()),
            Given::Transform(transform, context, value) => self.replay_transform(restored, *transform, context, value),
        };
        let put_back = guarded(|| self.plugin.take_back(run, kept)).flatten();
        if let Err(error) = put_back {
            let text = format!("its state could not be put back after the replay: {error}");
            replay.events.push(Event::Warning(text));
        }
        replay
    }

    fn replay_hook(
        &mut self,
        restored: Result<(), PluginError>,
        part: &Part,
        context: &Context,
        data: Option<&Value>,
    ) -> Replay {
        let mut ctx = context.clone();
        // Writes of an earlier replay are not seen by this one.
        ctx.working = ctx.working.rehearsal();
        let nobody: Rc<dyn PointSink> = Rc::new(Nobody);
        *ctx.driver().points = Some(Rc::downgrade(&nobody) as Weak<dyn PointSink>);
        let outcome = restored.and_then(|()| self.call_again(part, data, &mut ctx));
        let driver = ctx.driver();
        Replay {
            place: part.place(context.hook),
            epoch: context.epoch,
            batch: context.batch,
            called: outcome != Ok(false),
            outcome: outcome.map(drop),
            requests: std::mem::take(driver.requests),
            events: std::mem::take(driver.events),
            fired: driver.fired.drain(..).map(|fired| fired.point).collect(),
            changes: ctx.working.take_changes(),
            gave: None,
        }
    }

    /// Asks the condition, then calls; false when the condition does not hold.
    fn call_again(&mut self, part: &Part, data: Option<&Value>, ctx: &mut Context) -> Result<bool, PluginError> {
        if let Some(condition) = &mut self.watch.condition
            && !guarded(|| condition.holds(ctx)).flatten()?
        {
            return Ok(false);
        }
        let (plugin, hook) = (&mut self.plugin, ctx.hook);
        match (part, data.cloned()) {
            (Part::Point(point), Some(mut data)) => guarded(|| plugin.call_point(point, ctx, &mut data)).flatten()?,
            _ => guarded(|| plugin.call(hook, ctx)).flatten()?,
        }
        Ok(true)
    }

    /// Its random numbers are those of the failed call: a fork draws them from their start.
    fn replay_transform(
        &mut self,
        restored: Result<(), PluginError>,
        transform: Transform,
        context: &TransformContext,
        value: &Value,
    ) -> Replay {
        let mut ctx = context.fork();
        let mut again = || guarded(|| self.plugin.transform(transform, value.clone(), &mut ctx)).flatten();
        let gave = restored.and_then(|()| again());
        let gave = gave.and_then(|gave| transform.check(value, &gave).map(|()| gave));
        Replay {
            place: format!("{} of {}", transform.name(), item(transform, context)),
            epoch: context.epoch,
            batch: None,
            called: true,
            outcome: gave.as_ref().map(drop).map_err(Clone::clone),
            requests: Requests::default(),
            events: Vec::new(),
            fired: Vec::new(),
            changes: Vec::new(),
            gave: gave.ok(),
        }
    }
}

impl PointSink for Nobody {
    fn fire(&self, point: &str, ctx: &mut Context, data: Value) -> Result<Value, PluginError> {
        ctx.driver().fired.push(PointFired { point: point.to_owned(), ..PointFired::default() });
        Ok(data)
    }
}
