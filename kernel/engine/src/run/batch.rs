//! What happens between hooks: loading a batch, training on it, measuring it.

use super::lifecycle::Run;
use crate::data;
use crate::memory::{self, Category};
use crate::metrics::Metric;
use crate::nn::{self, Mode};
use crate::{EngineError, Result};
use candle_core::{DType, Tensor};
use candlewick_plugin_api::{Event, HookSink};
use std::collections::BTreeMap;
use std::rc::Rc;

impl Run {
    /// A new batch size takes effect here, and the data gets this epoch's order.
    pub(super) fn begin_epoch(&mut self) {
        self.plan.batches = self.training.len().div_ceil(self.ctx.working.batch_size.max(1));
        if let Some(data) = &self.validation {
            self.plan.validation_batches = data.len().div_ceil(self.ctx.working.batch_size.max(1));
        }
        self.options.batch_size = self.ctx.working.batch_size.max(1);
        self.order_epoch();
        let facts = self.ctx.driver().facts;
        facts.batches_per_epoch = self.plan.batches;
    }

    pub(super) fn order_epoch(&mut self) {
        self.order = data::order(self.training.len(), self.seed, self.plan.epoch, self.options.shuffle);
    }

    pub(super) fn begin_loop(&mut self) {
        self.training_metrics.iter_mut().for_each(Metric::reset);
        let facts = self.ctx.driver().facts;
        facts.training_loss_total = 0.0;
        facts.training_batch_count = 0;
        facts.training_metrics.clear();
    }

    pub(super) fn begin_validation(&mut self) {
        self.validation_metrics.iter_mut().for_each(Metric::reset);
        let facts = self.ctx.driver().facts;
        facts.validation_loss_total = 0.0;
        facts.validation_batch_count = 0;
        facts.validation_metrics.clear();
    }

    pub(super) fn load_training_batch(&mut self, hooks: &mut dyn HookSink) -> Result<()> {
        let size = self.options.batch_size;
        let start = self.plan.batch * size;
        let rows = self.order[start..self.order.len().min(start + size)].to_vec();
        let (inputs, targets) = self.load(&self.training.clone(), &rows, true, hooks)?;
        self.put_batch(inputs, targets);
        self.set_rate();
        Ok(())
    }

    pub(super) fn load_validation_batch(&mut self, hooks: &mut dyn HookSink) -> Result<()> {
        let Some(data) = self.validation.clone() else { return Ok(()) };
        let size = self.options.batch_size;
        let start = self.plan.validation_batch * size;
        let rows: Vec<u32> = (start as u32..data.len().min(start + size) as u32).collect();
        let (inputs, targets) = self.load(&data, &rows, false, hooks)?;
        self.put_batch(inputs, targets);
        Ok(())
    }

    /// The schedule's rate, changed as plugins have changed it before. A rate that was set since the last batch is that of
    /// this one; the schedule goes on from there in proportion.
    fn set_rate(&mut self) {
        let total = self.plan.epochs * self.plan.batches;
        let base = self.options.optimizer.learning_rate();
        self.scheduled_rate = self.options.schedule.rate(base, self.plan.global_step as u64, total as u64);
        if let Some(rate) = self.rate_set {
            if self.scheduled_rate > 0.0 {
                (self.rate_factor, self.rate_set) = (rate / self.scheduled_rate, None);
            }
            self.ctx.working.learning_rate = rate;
            return;
        }
        self.ctx.working.learning_rate = self.scheduled_rate * self.rate_factor;
    }

    /// Forward, loss, backward, optimizer. Until the loss is known nothing is changed, so that an interrupted
    /// forward pass can be repeated.
    pub(super) fn train_batch(&mut self) -> Result<()> {
        let (inputs, targets) = self.batch()?;
        let mode = Mode::Train { seed: self.seed, step: self.plan.global_step as u64 };
        let (predictions, loss, value) = {
            let _tag = memory::tag(Category::Activations);
            let predictions = self.net.forward(&inputs, mode)?;
            let loss = self.options.loss.forward(&predictions, &targets)?;
            let value = scalar(&loss)?;
            (predictions, loss, value)
        };
        let facts = self.ctx.driver().facts;
        facts.loss = Some(value);
        self.ctx.working.predictions = Some(predictions.detach());
        if !value.is_finite() {
            return Err(not_a_number(value, "training"));
        }
        self.net.commit()?;
        drop(predictions);
        let gradients = self.backward(loss)?;
        let facts = self.ctx.driver().facts;
        facts.training_loss_total += value;
        facts.training_batch_count += 1;
        self.step(gradients)?;
        self.measure(true)
    }

    pub(super) fn measure_batch(&mut self) -> Result<()> {
        let (inputs, targets) = self.batch()?;
        let _tag = memory::tag(Category::Activations);
        let predictions = self.net.forward(&inputs, Mode::Evaluate)?;
        let value = scalar(&self.options.loss.forward(&predictions, &targets)?)?;
        self.ctx.working.predictions = Some(predictions);
        let facts = self.ctx.driver().facts;
        facts.loss = Some(value);
        if !value.is_finite() {
            return Err(not_a_number(value, "validation"));
        }
        facts.validation_loss_total += value;
        facts.validation_batch_count += 1;
        self.measure(false)
    }

    fn put_batch(&mut self, inputs: Tensor, targets: Tensor) {
        self.ctx.working.inputs = Some(inputs);
        self.ctx.working.targets = Some(targets);
        self.ctx.working.predictions = None;
    }

    fn batch(&self) -> Result<(Tensor, Tensor)> {
        match (&self.ctx.working.inputs, &self.ctx.working.targets) {
            (Some(inputs), Some(targets)) => Ok((inputs.clone(), targets.clone())),
            _ => Err(EngineError::Value("a plugin took the batch's inputs or targets away".into())),
        }
    }

    /// The gradients of the true loss: whatever the loss was scaled by is divided out again.
    fn backward(&mut self, loss: Tensor) -> Result<BTreeMap<String, Tensor>> {
        let _tag = memory::tag(Category::Gradients);
        let scale = self.ctx.working.loss_scale;
        let scaled = if scale == 1.0 { loss } else { (loss * scale)? };
        let (mut gradients, missing) = nn::gradients(&scaled, &self.parameters)?;
        if scale != 1.0 {
            for gradient in gradients.values_mut() {
                *gradient = (&*gradient / scale)?;
            }
        }
        if !std::mem::replace(&mut self.checked_gradients, true) && !missing.is_empty() {
            let names = missing.join(", ");
            self.ctx.emit(Event::Warning(format!(
                "these parameters got no gradient and will not be trained: {names}; \
                 the loss does not depend on them, or an operation between cuts gradients"
            )));
        }
        Ok(gradients)
    }

    /// Accumulates, clips and lets the optimizer step when enough batches were summed or the epoch ends.
    fn step(&mut self, mut gradients: BTreeMap<String, Tensor>) -> Result<()> {
        let _tag = memory::tag(Category::Gradients);
        let wanted = self.ctx.working.accumulate.max(1);
        let last_of_epoch = self.plan.batch + 1 >= self.plan.batches;
        if wanted > 1 || self.accumulated.1 > 0 {
            nn::accumulate(&mut self.accumulated.0, &gradients)?;
            self.accumulated.1 += 1;
            if self.accumulated.1 < wanted && !last_of_epoch {
                self.ctx.working.gradients = Rc::new(self.accumulated.0.clone());
                return Ok(());
            }
            let count = std::mem::take(&mut self.accumulated.1) as f64;
            gradients = std::mem::take(&mut self.accumulated.0);
            for gradient in gradients.values_mut() {
                *gradient = (&*gradient / count)?;
            }
        }
        let norm = nn::global_norm(&gradients)?;
        self.ctx.driver().facts.gradient_norm = Some(norm);
        if let Some(bound) = self.ctx.working.clip_norm {
            nn::clip(&mut gradients, bound, norm)?;
        }
        let _tag = memory::tag(Category::OptimizerState);
        self.optimizer.borrow_mut().step(&self.parameters, &gradients, self.ctx.working.learning_rate)?;
        self.ctx.working.gradients = Rc::new(gradients);
        Ok(())
    }

    fn measure(&mut self, training: bool) -> Result<()> {
        let metrics = if training { &mut self.training_metrics } else { &mut self.validation_metrics };
        let (Some(predictions), Some(targets)) = (&self.ctx.working.predictions, &self.ctx.working.targets) else {
            return Ok(());
        };
        for metric in metrics.iter_mut() {
            metric.update(predictions, targets)?;
        }
        let facts = self.ctx.driver().facts;
        let shown = if training { &mut facts.training_metrics } else { &mut facts.validation_metrics };
        for metric in metrics.iter() {
            if let Some(value) = metric.value() {
                match shown.get_mut(metric.name()) {
                    Some(place) => *place = value,
                    None => drop(shown.insert(metric.name().to_owned(), value)),
                }
            }
        }
        Ok(())
    }
}

fn scalar(loss: &Tensor) -> Result<f64> {
    Ok(f64::from(loss.to_dtype(DType::F32)?.to_scalar::<f32>()?))
}

fn not_a_number(value: f64, loop_name: &str) -> EngineError {
    let how = "lower the learning rate, pass clip_norm, or look at the batch with run.context";
    EngineError::Value(format!("the {loop_name} loss became {value}; {how}"))
}
