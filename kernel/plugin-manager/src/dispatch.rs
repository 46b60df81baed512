//! Firing a hook: the one hot path of the crate, and what happens when a plugin fails on it.
//!
//! The hot path allocates nothing and looks nothing up: it walks a prepared list. Whatever is rare (late delivery,
//! filters, timing, failures, requests) stands behind one comparison each.

use crate::manager::{PluginManager, panic_message};
use crate::observer::Witness;
use crate::slot::Slot;
use crate::{Policy, State};
use candlewick_plugin_api::{
    Context, Event, Fired, Hook, HookFailure, HookSink, PluginError, RunId, Transform, TransformContext, TransformSet,
    Transformed, Value as Passed,
};
use serde_json::{Map, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Every 64th call is timed: reading the clock twice costs more than calling a plugin.
const SAMPLE: u64 = 63;

impl HookSink for PluginManager {
    /// Calls every plugin that has this hook, in its order.
    ///
    /// A failure never keeps the others from being called. Nor does an interrupt: the hook counts as fired, so a plugin
    /// left out would miss it for good (an `end_…` without its `start_…`). Hosts whose plugins can run long
    /// return [`PluginError::Interrupted`] at once while the interrupt stands, so nothing is delayed by this.
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        let mut fired = Fired::default();
        self.before(hook, ctx, &mut fired);
        let mut lost_one = false;
        let mask = if self.exact { 0 } else { SAMPLE };
        for &index in &self.order[hook as usize] {
            let slot = &mut self.slots[index];
            if let Err(error) = call(slot, hook, ctx, mask, self.witness) {
                lost_one |= failed(slot, hook, ctx, error, &mut fired);
            }
        }
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
            for index in 0..self.order[hook as usize].len() {
                let slot = &mut self.slots[self.order[hook as usize][index]];
                if slot.due.contains(&run) {
                    call_late(slot, hook, ctx, fired, self.witness);
                }
            }
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.is_active()) {
            slot.due.retain(|due| *due != run);
        }
        self.rebuild();
    }

    #[cold]
    fn serve_disable(&mut self, ctx: &mut Context) {
        for name in std::mem::take(&mut ctx.driver().requests.disable) {
            if let Err(error) = self.deactivate(&name) {
                ctx.emit(Event::Warning(format!("a plugin asked to disable `{name}`: {error}")));
            }
        }
    }
}

/// One call, counted, and timed when it is its turn.
#[inline(always)]
fn call(slot: &mut Slot, hook: Hook, ctx: &mut Context, mask: u64, witness: Witness) -> Result<(), PluginError> {
    if slot.filtered && !passes(slot, hook, ctx.run) {
        return Ok(());
    }
    let tally = &mut slot.tallies[hook as usize];
    let timed = tally.calls & mask == 0 || tally.calls == 1;
    tally.calls += 1;
    let begun = if timed { Some(Instant::now()) } else { None };
    witness.enter(slot.number);
    let result = catch_unwind(AssertUnwindSafe(|| slot.plugin.call(hook, ctx)));
    witness.leave();
    if let Some(begun) = begun {
        tally.time(begun.elapsed().as_nanos() as u64);
    }
    match result {
        Ok(Ok(())) => {
            tally.in_a_row = 0;
            Ok(())
        }
        Ok(Err(error)) => Err(error),
        Err(payload) => Err(PluginError::Panicked { message: panic_message(&*payload) }),
    }
}

#[cold]
fn passes(slot: &mut Slot, hook: Hook, run: RunId) -> bool {
    !slot.filters.apply_to(hook) || slot.filters.pass(slot.occurrences.next(run, hook))
}

/// A late call sees the context that the hook it missed would have had: no batch is running and nothing has ended.
fn call_late(slot: &mut Slot, hook: Hook, ctx: &mut Context, fired: &mut Fired, witness: Witness) {
    let facts = ctx.driver().facts;
    let kept = (facts.hook, facts.late, facts.batch.take(), facts.outcome.take());
    (facts.hook, facts.late) = (hook, true);
    if let Err(error) = call(slot, hook, ctx, 0, witness) {
        failed(slot, hook, ctx, error, fired);
    }
    let facts = ctx.driver().facts;
    (facts.hook, facts.late, facts.batch, facts.outcome) = kept;
}

/// Counts and names a failure, asks of the run what the policy says, and tells whether it put the plugin in quarantine.
#[cold]
fn failed(slot: &mut Slot, hook: Hook, ctx: &mut Context, error: PluginError, fired: &mut Fired) -> bool {
    if error == PluginError::Interrupted {
        fired.interrupted = true;
        return false;
    }
    let tally = &mut slot.tallies[hook as usize];
    tally.errors += 1;
    tally.in_a_row += 1;
    let limit = slot.registration.quarantine_after;
    let quarantined = limit > 0 && tally.in_a_row >= limit;
    if quarantined {
        slot.state = State::Quarantined;
    }
    let failure = describe(slot, hook, ctx, error, quarantined);
    match slot.registration.on_error {
        Policy::Continue => {}
        Policy::SkipBatch => ctx.skip_batch(),
        Policy::Stop => drop(fired.stop.get_or_insert_with(|| Box::new(failure.clone()))),
    }
    slot.newest_failure = Some(failure.clone());
    ctx.emit(Event::PluginFailed(failure));
    quarantined
}

fn describe(slot: &Slot, hook: Hook, ctx: &Context, error: PluginError, quarantined: bool) -> HookFailure {
    let (line, column) = match &error {
        PluginError::Failed { line, column, .. } => (*line, *column),
        _ => (None, None),
    };
    HookFailure {
        run: ctx.run,
        plugin: slot.name().to_owned(),
        hook,
        epoch: ctx.epoch,
        batch: ctx.batch,
        message: error.to_string(),
        line,
        column,
        in_a_row: slot.tallies[hook as usize].in_a_row,
        quarantined,
        stops_run: slot.registration.on_error == Policy::Stop,
    }
}

/// Whether this hook comes between a `start_epoch` and its `end_epoch`, so that a plugin has missed the former.
fn is_inside_epoch(hook: Hook) -> bool {
    hook > Hook::StartEpoch && hook <= Hook::EndEpoch
}
