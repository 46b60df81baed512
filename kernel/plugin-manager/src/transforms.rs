//! Passing data through the plugins' transforms: order, counts, times, failures, previews.
//!
//! Must not know what the data is. Read [`PluginManager::pass`] first. Filters (`every`, `once`, …) count hooks and do not
//! apply here: an item's data must not depend on how many others came before.

use crate::manager::{PluginManager, guarded};
use crate::observer::Witness;
use crate::replay::FailedCall;
use crate::report::HookRow;
use crate::slot::{Slot, Tally};
use crate::{Policy, State};
use candlewick_plugin_api::{
    Hook, HookFailure, Part, PluginError, Transform, TransformContext, TransformSet, Transformed, Value,
};
use std::time::Instant;

/// What the transforms of one kind have cost as a group, and each plugin's part.
#[derive(Clone, Debug, PartialEq)]
pub struct TransformRow {
    /// The transform.
    pub transform: Transform,
    /// Values that were passed through the group.
    pub values: u64,
    /// Seconds that the group took, plugins and what is between them.
    pub seconds: f64,
    /// Its plugins in the order they are called, inactive ones too.
    pub plugins: Vec<HookRow>,
}

/// What previewing a value gave.
#[derive(Clone, Debug)]
pub struct Previewed {
    /// The value as the last plugin left it.
    pub value: Value,
    /// What went wrong: plugin and message. Nothing was counted and nobody is put in quarantine for it.
    pub failures: Vec<(String, PluginError)>,
}

/// The order in which plugins are called at each transform, and what each group has cost.
#[derive(Debug, Default)]
pub(crate) struct Transforms {
    order: [Vec<usize>; Transform::COUNT],
    groups: [Tally; Transform::COUNT],
}

impl PluginManager {
    /// The transforms that active plugins have for training or validation data.
    pub fn active_transforms(&self, training: bool) -> TransformSet {
        let has = |transform: &Transform| {
            let mut order = self.transforms.order[*transform as usize].iter();
            order.any(|index| self.slots[*index].description.transforms.apply_to(training))
        };
        Transform::ALL.into_iter().filter(has).fold(TransformSet::none(), TransformSet::with)
    }

    /// What transforms there are, who has them and what they have cost.
    pub fn transform_rows(&self) -> Vec<TransformRow> {
        Transform::ALL.into_iter().map(|transform| self.transform_row(transform)).collect()
    }

    /// Passes a value through the active plugins without leaving a trace: nothing is counted, no policy is followed, and
    /// plugins are told that it is a preview.
    pub fn preview(&mut self, transform: Transform, mut value: Value, ctx: &mut TransformContext) -> Previewed {
        ctx.preview = true;
        let mut failures = Vec::new();
        for at in 0..self.transforms.order[transform as usize].len() {
            let slot = &mut self.slots[self.transforms.order[transform as usize][at]];
            if !slot.description.transforms.apply_to(ctx.training) {
                continue;
            }
            match call(slot, transform, &value, ctx, self.witness) {
                Ok(changed) => value = changed,
                Err(error) => failures.push((slot.name().to_owned(), error)),
            }
        }
        Previewed { value, failures }
    }

    /// Passes a value through every active plugin that has this transform, in ascending order. One that fails leaves the
    /// value as it was; its policy and its quarantine are those of a failing hook.
    ///
    /// A plugin that came to a live run is called once it has been told that the run has started, as at hooks.
    pub(crate) fn pass(&mut self, transform: Transform, value: Value, ctx: &mut TransformContext) -> Transformed {
        let begun = Instant::now();
        let mut passed = Transformed { value, ..Transformed::default() };
        let mut lost_one = false;
        for at in 0..self.transforms.order[transform as usize].len() {
            let slot = &mut self.slots[self.transforms.order[transform as usize][at]];
            if !slot.description.transforms.apply_to(ctx.training) || slot.due.contains(&ctx.run) {
                continue;
            }
            match count(slot, transform, &passed.value, ctx, self.witness) {
                Ok(value) => passed.value = value,
                Err(PluginError::Interrupted) => {
                    passed.interrupted = true;
                    break;
                }
                Err(error) => lost_one |= failed(slot, transform, ctx, error, &mut passed),
            }
        }
        let group = &mut self.transforms.groups[transform as usize];
        group.calls += 1;
        group.time(nanoseconds(begun));
        if lost_one {
            self.rebuild();
            self.tell_quarantined();
        }
        passed
    }

    /// Prepares the order; `ascending` are the active plugins by priority.
    pub(crate) fn order_transforms(&mut self, ascending: &[usize]) {
        for transform in Transform::ALL {
            let list = &mut self.transforms.order[transform as usize];
            list.clear();
            list.extend(ascending.iter().filter(|i| self.slots[**i].description.transforms.contains(transform)));
        }
    }

    fn transform_row(&self, transform: Transform) -> TransformRow {
        let mut slots: Vec<&Slot> =
            self.slots.iter().filter(|slot| slot.description.transforms.contains(transform)).collect();
        slots.sort_by_key(|slot| slot.registration.priority);
        let group = &self.transforms.groups[transform as usize];
        let plugins = slots.into_iter().map(|slot| HookRow::of(slot, &slot.transform_tallies[transform as usize]));
        TransformRow { transform, values: group.calls, seconds: group.seconds(), plugins: plugins.collect() }
    }
}

/// One call, counted and timed.
fn count(
    slot: &mut Slot,
    transform: Transform,
    value: &Value,
    ctx: &mut TransformContext,
    witness: Witness,
) -> Result<Value, PluginError> {
    slot.transform_tallies[transform as usize].calls += 1;
    let begun = Instant::now();
    let changed = call(slot, transform, value, ctx, witness);
    let tally = &mut slot.transform_tallies[transform as usize];
    tally.time(nanoseconds(begun));
    if changed.is_ok() {
        tally.in_a_row = 0;
    }
    changed
}

fn call(
    slot: &mut Slot,
    transform: Transform,
    value: &Value,
    ctx: &mut TransformContext,
    witness: Witness,
) -> Result<Value, PluginError> {
    ctx.give_to(&slot.description.metadata.name, transform);
    witness.enter(slot.number);
    let changed = guarded(|| slot.plugin.transform(transform, value.clone(), ctx)).flatten();
    witness.leave();
    let changed = changed?;
    transform.check(value, &changed)?;
    Ok(changed)
}

/// Counts and names a failure, and tells whether it put the plugin in quarantine.
#[cold]
fn failed(
    slot: &mut Slot,
    transform: Transform,
    ctx: &TransformContext,
    error: PluginError,
    passed: &mut Transformed,
) -> bool {
    let tally = &mut slot.transform_tallies[transform as usize];
    tally.errors += 1;
    tally.in_a_row += 1;
    let limit = slot.registration.quarantine_after;
    let quarantined = limit > 0 && tally.in_a_row >= limit;
    if quarantined {
        slot.state = State::Quarantined;
    }
    let failure = describe(slot, transform, ctx, &error, quarantined);
    match slot.registration.on_error {
        Policy::Continue => {}
        Policy::SkipBatch => passed.skip_batch = true,
        Policy::Stop => drop(passed.stop.get_or_insert_with(|| Box::new(failure.clone()))),
    }
    slot.newest_failure = Some(failure.clone());
    slot.watch.failed_call = Some(Box::new(FailedCall::of_transform(slot, transform, ctx, &passed.value)));
    passed.failures.push(failure);
    quarantined
}

/// A transform runs while the batch is loaded, before its `start_…_batch` is fired: that is the hook it is told under.
fn describe(
    slot: &Slot,
    transform: Transform,
    ctx: &TransformContext,
    error: &PluginError,
    quarantined: bool,
) -> HookFailure {
    let (line, column) = match error {
        PluginError::Failed { line, column, .. } => (*line, *column),
        _ => (None, None),
    };
    HookFailure {
        run: ctx.run,
        plugin: slot.name().to_owned(),
        hook: if ctx.training { Hook::StartTrainingBatch } else { Hook::StartValidationBatch },
        part: Part::Transform(transform.name().to_owned()),
        epoch: ctx.epoch,
        batch: None,
        message: format!("{}: {error}", item(transform, ctx)),
        line,
        column,
        in_a_row: slot.transform_tallies[transform as usize].in_a_row,
        quarantined,
        stops_run: slot.registration.on_error == Policy::Stop,
    }
}

/// The value that is transformed, as users read it: `item 3 (cats/a.png)`.
pub(crate) fn item(transform: Transform, ctx: &TransformContext) -> String {
    let what = if transform == Transform::Batch { "batch" } else { "item" };
    let path = ctx.path.as_ref().map_or(String::new(), |path| format!(" ({path})"));
    format!("{what} {}{path}", ctx.index)
}

fn nanoseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
