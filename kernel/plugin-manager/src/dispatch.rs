//! Firing a hook: the one hot path of the crate, and what happens when a plugin fails on it.
//!
//! The hot path allocates nothing and looks nothing up: it walks a prepared list. Whatever is rare (late delivery,
//! filters, timing, failures, requests) stands behind one comparison each.

use crate::clock::coarse;
use crate::conflicts::Conflicts;
use crate::manager::PluginManager;
use crate::observer::Witness;
use crate::replay::FailedCall;
use crate::slot::Slot;
use crate::watch::SAMPLE;
use crate::{Policy, State};
use candlewick_plugin_api::{
    Context, Event, Fired, Hook, HookFailure, HookSink, Part, PluginError, RunId, Transform, TransformContext,
    TransformSet, Transformed, Value as Passed, panics,
};
use serde_json::{Map, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

impl HookSink for PluginManager {
    /// Calls every plugin that has this hook, in its order.
    ///
    /// A failure never keeps the others from being called. Nor does an interrupt: the hook counts as fired, so a plugin
    /// left out would miss it for good (an `end_…` without its `start_…`). Hosts whose plugins can run long
    /// return [`PluginError::Interrupted`] at once while the interrupt stands, so nothing is delayed by this.
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        let mut fired = Fired::default();
        self.before(hook, ctx, &mut fired);
        let lost_one = if self.points.is_empty() {
            let mut around = Around { mask: self.mask(), witness: self.witness, conflicts: &mut self.conflicts };
            call_all(&mut self.slots, &self.order[hook as usize], hook, ctx, &mut around, &mut fired)
        } else {
            let list = self.order[hook as usize].clone();
            self.fire_on_stage(&list, hook, ctx, &mut fired)
        };
        self.after(hook, ctx, lost_one);
        fired
    }

    fn states(&self, run: RunId) -> Map<String, Value> {
        self.gather_states(run)
    }

    fn restore(&mut self, run: RunId, states: &Map<String, Value>) {
        self.spread_states(run, states);
    }

    fn transforms(&self, _: RunId, training: bool) -> TransformSet {
        self.active_transforms(training)
    }

    fn transform(&mut self, transform: Transform, value: Passed, ctx: &mut TransformContext) -> Transformed {
        self.pass(transform, value, ctx)
    }
}

impl PluginManager {
    #[inline]
    fn before(&mut self, hook: Hook, ctx: &mut Context, fired: &mut Fired) {
        self.runs.meet(ctx.run);
        if hook == Hook::StartTrainingSession {
            self.begin(ctx.run);
        }
        if !self.notices.get_mut().is_empty() {
            ctx.driver().events.append(self.notices.get_mut());
        }
        // What was written since the last hook is nobody's at this one.
        if ctx.working.is_written() {
            drop(ctx.working.take_changes());
        }
        ctx.working.watch(true);
        self.conflicts.begin();
        if !ctx.fired().is_empty() {
            ctx.driver().fired.clear();
        }
        if self.late {
            self.deliver_late(hook, ctx, fired);
        }
    }

    #[inline]
    fn after(&mut self, hook: Hook, ctx: &mut Context, lost_one: bool) {
        if !ctx.driver().requests.disable.is_empty() {
            self.serve_disable(ctx);
        }
        if lost_one {
            self.rebuild();
            self.tell_quarantined();
        }
        ctx.working.watch(false);
        if hook == Hook::EndTrainingBatch {
            self.step(ctx);
        }
        if hook == Hook::EndTrainingSession {
            self.runs.end(ctx.run);
            self.settle(ctx.run);
        }
    }

    /// A run starts: active plugins hear it now, the others are told late should they be activated while it lives.
    #[cold]
    fn begin(&mut self, run: RunId) {
        for slot in &mut self.slots {
            slot.due.retain(|due| *due != run);
            if !slot.is_active() {
                slot.due.push(run);
            }
        }
        self.late = self.slots.iter().any(|slot| slot.is_active() && !slot.due.is_empty());
    }

    /// Tells plugins that came to a live run that it has started, before any other hook of that run reaches them.
    #[cold]
    fn deliver_late(&mut self, next: Hook, ctx: &mut Context, fired: &mut Fired) {
        let run = ctx.run;
        for hook in [Hook::StartTrainingSession, Hook::StartEpoch] {
            if hook == Hook::StartEpoch && !is_inside_epoch(next) {
                continue;
            }
            let is_due = |index: &usize| self.slots[*index].due.contains(&run);
            let due: Vec<usize> = self.order[hook as usize].iter().copied().filter(is_due).collect();
            self.call_late(&due, hook, ctx, fired);
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.is_active()) {
            slot.due.retain(|due| *due != run);
        }
        self.rebuild();
    }

    /// A late call sees the context that the hook it missed would have had: no batch is running and nothing has ended.
    fn call_late(&mut self, due: &[usize], hook: Hook, ctx: &mut Context, fired: &mut Fired) {
        let facts = ctx.driver().facts;
        let kept = (facts.hook, facts.late, facts.batch.take(), facts.outcome.take());
        (facts.hook, facts.late) = (hook, true);
        self.fire_on_stage(due, hook, ctx, fired);
        let facts = ctx.driver().facts;
        (facts.hook, facts.late, facts.batch, facts.outcome) = kept;
    }

    #[cold]
    fn serve_disable(&mut self, ctx: &mut Context) {
        for name in std::mem::take(&mut ctx.driver().requests.disable) {
            if let Err(error) = self.deactivate(&name) {
                ctx.emit(Event::Warning(format!("a plugin asked to disable `{name}`: {error}")));
            }
        }
    }

    pub(crate) fn mask(&self) -> u64 {
        if self.exact { 0 } else { SAMPLE }
    }
}

/// What calls share.
struct Around<'a> {
    mask: u64,
    witness: Witness,
    conflicts: &'a mut Conflicts,
}

/// Calls plugins in order; whether one was put in quarantine. The coarse clock is read once a call: the end of one is the
/// beginning of the next.
#[inline(always)]
fn call_all(
    slots: &mut [Slot],
    list: &[usize],
    hook: Hook,
    ctx: &mut Context,
    around: &mut Around,
    fired: &mut Fired,
) -> bool {
    let mut lost_one = false;
    let mut clock = if list.is_empty() { 0 } else { coarse() };
    for &index in list {
        let slot = &mut slots[index];
        let result = if slot.filtered {
            match passes(slot, hook, ctx) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    clock = if slot.watch.condition.is_some() { coarse() } else { clock };
                    continue;
                }
                Err(error) => Err((Part::When, error)),
            }
        } else {
            Ok(())
        };
        let result = result.and_then(|()| {
            let begun = slot.enter(hook, around.mask);
            around.witness.enter(slot.number);
            let result = catch_unwind(AssertUnwindSafe(|| slot.plugin.call(hook, ctx)));
            around.witness.leave();
            let now = coarse();
            slot.leave(hook, begun, now - clock, ctx);
            clock = now;
            match result {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err((Part::Hook, error)),
                Err(payload) => Err((Part::Hook, PluginError::Panicked { message: panics::described(&*payload) })),
            }
        });
        match result {
            Ok(()) => slot.tallies[hook as usize].in_a_row = 0,
            Err((part, error)) => {
                lost_one |= failed(slot, part, hook, ctx, error, fired, None);
                clock = coarse();
            }
        }
        if ctx.working.is_written() {
            around.conflicts.note(slot.name(), ctx);
        }
    }
    lost_one
}

/// Whether a call of a hook passes the plugin's filters and its condition. What comes once in a run always passes: a
/// filter is meant for batches and must not take away the plugin's setup.
#[inline(never)]
pub(crate) fn passes(slot: &mut Slot, hook: Hook, ctx: &mut Context) -> Result<bool, PluginError> {
    if !slot.filters.apply_to(hook) {
        let once_per_run = crate::filters::is_once_per_run(hook);
        return if once_per_run { Ok(true) } else { holds(slot, ctx) };
    }
    Ok(slot.filters.pass(slot.occurrences.next(ctx.run, hook)) && holds(slot, ctx)?)
}

/// The same for a call of a point.
pub(crate) fn passes_point(slot: &mut Slot, point: &Rc<str>, ctx: &mut Context) -> Result<bool, PluginError> {
    if !slot.filtered {
        return Ok(true);
    }
    Ok(slot.filters.pass(slot.occurrences.next_point(ctx.run, point)) && holds(slot, ctx)?)
}

fn holds(slot: &mut Slot, ctx: &mut Context) -> Result<bool, PluginError> {
    let Some(condition) = &mut slot.watch.condition else { return Ok(true) };
    crate::manager::guarded(|| condition.holds(ctx)).flatten()
}

/// Counts and names a failure, keeps the call to be replayed, asks of the run what the policy says, and tells whether it
/// put the plugin in quarantine. `data` is what a point was given.
#[cold]
pub(crate) fn failed(
    slot: &mut Slot,
    part: Part,
    hook: Hook,
    ctx: &mut Context,
    error: PluginError,
    fired: &mut Fired,
    data: Option<&Passed>,
) -> bool {
    if error == PluginError::Interrupted {
        fired.interrupted = true;
        return false;
    }
    let tally = match &part {
        Part::Point(point) => slot.watch.points.entry(point.as_str().into()).or_default(),
        Part::Hook | Part::When | Part::Transform(_) => &mut slot.tallies[hook as usize],
    };
    tally.errors += 1;
    tally.in_a_row += 1;
    let in_a_row = tally.in_a_row;
    let limit = slot.registration.quarantine_after;
    let quarantined = limit > 0 && in_a_row >= limit;
    if quarantined {
        slot.state = State::Quarantined;
    }
    slot.watch.failed_call = Some(Box::new(FailedCall::of(slot, part.clone(), ctx, data)));
    let failure = describe(slot, part, hook, ctx, error, (in_a_row, quarantined));
    match slot.registration.on_error {
        Policy::Continue => {}
        Policy::SkipBatch => ctx.skip_batch(),
        Policy::Stop => drop(fired.stop.get_or_insert_with(|| Box::new(failure.clone()))),
    }
    slot.newest_failure = Some(failure.clone());
    ctx.emit(Event::PluginFailed(failure));
    quarantined
}

fn describe(
    slot: &Slot,
    part: Part,
    hook: Hook,
    ctx: &Context,
    error: PluginError,
    (in_a_row, quarantined): (usize, bool),
) -> HookFailure {
    let (line, column) = match &error {
        PluginError::Failed { line, column, .. } => (*line, *column),
        _ => (None, None),
    };
    HookFailure {
        run: ctx.run,
        plugin: slot.name().to_owned(),
        hook,
        part,
        epoch: ctx.epoch,
        batch: ctx.batch,
        message: error.to_string(),
        line,
        column,
        in_a_row,
        quarantined,
        stops_run: slot.registration.on_error == Policy::Stop,
    }
}

/// Whether this hook comes between a `start_epoch` and its `end_epoch`, so that a plugin has missed the former.
fn is_inside_epoch(hook: Hook) -> bool {
    hook > Hook::StartEpoch && hook <= Hook::EndEpoch
}
