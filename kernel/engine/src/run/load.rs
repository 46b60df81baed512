//! Loading a batch: items, their transforms, the batch's own transform.
//!
//! Must not know who transforms: a `HookSink` does. Read [`Run::load`] first. What is transformed depends on seed, epoch and
//! item only, so that a run that was resumed inside an epoch sees the same data.

use super::lifecycle::Run;
use crate::data::{Dataset, Example};
use crate::memory::{self, Category};
use crate::{EngineError, Result, interrupt};
use candle_core::Tensor;
use candlewick_plugin_api::{
    Event, HookFailure, HookSink, Transform, TransformContext, TransformSet, Transformed, Value, batch_parts,
    batch_value,
};
use std::time::{Duration, Instant};

/// Transforms of one batch that take longer are told of, once a run (seed 002 warns at this, too).
const SLOW: Duration = Duration::from_millis(500);

/// A batch that is being loaded.
#[derive(Default)]
pub(super) struct Loading {
    /// Which batch: loop, epoch and number.
    of: Option<(bool, usize, usize)>,
    /// Items that have been transformed: an interrupted batch goes on behind them.
    done: Vec<Example>,
    /// A failure whose plugin's policy is to end the run.
    pub stop: Option<Box<HookFailure>>,
    spent: Duration,
    told_slow: bool,
}

impl Run {
    /// Inputs and targets of these rows, as plugins transform them.
    ///
    /// # Errors
    /// A file that cannot be read; an interrupt, after which the same call goes on.
    pub(super) fn load(
        &mut self,
        data: &Dataset,
        rows: &[u32],
        training: bool,
        hooks: &mut dyn HookSink,
    ) -> Result<(Tensor, Tensor)> {
        let _tag = memory::tag(Category::Data);
        let due = hooks.transforms(self.id, training);
        let (seed, epoch) = (self.seed, self.plan.epoch);
        let plain = || if training { data.training_batch(rows, seed, epoch) } else { data.batch(rows) };
        if due.is_empty() {
            return plain();
        }
        let batch = if training { self.plan.batch } else { self.plan.validation_batch };
        let of = Some((training, self.plan.epoch, batch));
        if self.loading.of != of {
            self.loading = Loading { of, told_slow: self.loading.told_slow, ..Loading::default() };
        }
        let (inputs, targets) = if data.has_items() {
            self.load_items(data, rows, due, hooks)?;
            data.assemble(&self.loading.done)?
        } else {
            plain()?
        };
        let loaded = match due.contains(Transform::Batch) {
            true => self.transform_batch(inputs, targets, hooks)?,
            false => (inputs, targets),
        };
        self.loading.of = None;
        self.tell_slow(batch);
        Ok(loaded)
    }

    fn load_items(&mut self, data: &Dataset, rows: &[u32], due: TransformSet, hooks: &mut dyn HookSink) -> Result<()> {
        for row in rows.iter().skip(self.loading.done.len()) {
            if interrupt::requested() {
                return Err(EngineError::Interrupted);
            }
            let Some(mut example) = data.example(*row)? else { continue };
            if due.contains(Transform::Caption)
                && let Some(caption) = example.caption.take()
            {
                let changed = self.pass(Transform::Caption, (&*caption).into(), Some(&example), hooks)?;
                example.caption = Some(changed.text().map_or(caption, Into::into));
            }
            if due.contains(Transform::Image)
                && let Some(image) = example.image.take()
            {
                let changed = self.pass(Transform::Image, image.clone().into(), Some(&example), hooks)?;
                example.image = Some(changed.tensor().cloned().unwrap_or(image));
            }
            self.loading.done.push(example);
        }
        Ok(())
    }

    fn transform_batch(
        &mut self,
        inputs: Tensor,
        targets: Tensor,
        hooks: &mut dyn HookSink,
    ) -> Result<(Tensor, Tensor)> {
        let changed = self.pass(Transform::Batch, batch_value(inputs.clone(), targets.clone()), None, hooks)?;
        Ok(batch_parts(&changed).map_or((inputs, targets), |(inputs, targets)| (inputs.clone(), targets.clone())))
    }

    fn pass(
        &mut self,
        transform: Transform,
        value: Value,
        example: Option<&Example>,
        hooks: &mut dyn HookSink,
    ) -> Result<Value> {
        let (training, epoch, batch) = self.loading.of.unwrap_or_default();
        let index = example.map_or(batch, |example| example.index);
        let mut context = TransformContext::new(self.id, epoch, index, training, self.seed.streams());
        context.path = example.and_then(|example| example.path.as_deref()).map(Into::into);
        let begun = Instant::now();
        let Transformed { value, failures, skip_batch, stop, interrupted } =
            hooks.transform(transform, value, &mut context);
        self.loading.spent += begun.elapsed();
        if interrupted {
            return Err(EngineError::Interrupted);
        }
        for failure in failures {
            self.ctx.emit(Event::PluginFailed(HookFailure { batch: Some(batch), ..failure }));
        }
        if skip_batch {
            self.ctx.skip_batch();
        }
        if self.loading.stop.is_none() {
            self.loading.stop = stop;
        }
        Ok(value)
    }

    fn tell_slow(&mut self, batch: usize) {
        if self.loading.spent > SLOW && !std::mem::replace(&mut self.loading.told_slow, true) {
            let seconds = self.loading.spent.as_secs_f64();
            let text = format!(
                "the transforms of batch {batch} took {seconds:.1} s, more than 0.5 s; %hooks shows which plugins took how long"
            );
            self.ctx.emit(Event::Warning(text));
        }
    }
}
