//! The run: net, data, optimizer and position, moved from hook to hook by [`Run::advance`].

use super::checkpoint::Checkpoint;
use super::load::Loading;
use super::options::{Options, Validation};
use super::plan::Plan;
use crate::data::Dataset;
use crate::metrics::Metric;
use crate::nn::{Net, Optimizer, OptimizerHandle};
use crate::{EngineError, Result, Seed, device, memory};
use candle_core::{Device, Tensor, Var};
use candlewick_plugin_api::{Context, Event, Facts, Hook, HookSink, Outcome, RunId, Working};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Training of one net on one dataset, paused wherever nobody calls [`Run::advance`].
///
/// The net belongs to the run until the run has ended or is dropped.
pub struct Run {
    pub(super) id: RunId,
    pub(super) net: Net,
    pub(super) training: Dataset,
    pub(super) validation: Option<Dataset>,
    pub(super) options: Options,
    pub(super) seed: Seed,
    pub(super) optimizer: Rc<RefCell<Optimizer>>,
    pub(super) parameters: Vec<(String, Var)>,
    pub(super) training_metrics: Vec<Metric>,
    pub(super) validation_metrics: Vec<Metric>,
    pub(super) plan: Plan,
    pub(super) ctx: Context,
    /// Rows of the training data in this epoch's order.
    pub(super) order: Vec<u32>,
    /// Gradients summed since the last optimizer step, and over how many batches.
    pub(super) accumulated: (BTreeMap<String, Tensor>, usize),
    /// What plugins made of the scheduled learning rate, as a factor.
    pub(super) rate_factor: f64,
    pub(super) scheduled_rate: f64,
    /// A learning rate that was set and not used yet.
    pub(super) rate_set: Option<f64>,
    pub(super) loading: Loading,
    pub(super) checked_gradients: bool,
    trained: Duration,
    moving_since: Option<Instant>,
    /// How long the newest hook's plugins took.
    plugin_time: Duration,
    /// How long the present call of `advance` worked before it called plugins, once it has.
    worked: Option<Duration>,
    failure: Option<Failure>,
    stop_reason: Option<String>,
    newest_checkpoint: Option<std::path::PathBuf>,
}

/// The error that ended a session, and where.
#[derive(Debug, thiserror::Error)]
#[error("training stopped in epoch {epoch}, batch {batch}: {error}")]
pub struct Failure {
    /// The epoch, from 0.
    pub epoch: usize,
    /// The training batch that ran or came next, from 0.
    pub batch: usize,
    /// What went wrong.
    pub error: EngineError,
}

impl Run {
    /// A paused run that stands before its first hook. Draws the net's parameters if they are not drawn yet, and
    /// takes net and data to the run's device.
    ///
    /// # Errors
    /// A net that another unfinished run trains; shapes that don't fit; a device that isn't there; a checkpoint that
    /// cannot be resumed.
    pub fn new(net: Net, data: Dataset, options: Options) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        refuse_net_in_use(&net)?;
        let seed = Seed(options.seed);
        let device = device::parse(&options.device)?;
        let (training, validation) = match &options.validation {
            Validation::None => (data, None),
            Validation::Fraction(share) => {
                let (training, held_out) = data.split(*share, seed)?;
                (training, Some(held_out))
            }
            Validation::Data(other) => (data, Some(other.clone())),
        };
        check_fit(&net, &training, &options, &device)?;
        if let Some(validation) = &validation {
            check_fit(&net, validation, &options, &device)?;
        }
        {
            let _tag = memory::tag(memory::Category::Parameters);
            if options.from_scratch {
                net.redraw(seed, &device)?;
            }
            net.draw(seed, &device)?;
            net.to_device(&device)?;
        }
        let (training, validation) = {
            // The rows alone: what the run keeps about itself is no data.
            let _tag = memory::tag(memory::Category::Data);
            (training.to_device(&device)?, validation.map(|data| data.to_device(&device)).transpose()?)
        };
        let metrics = || options.metrics.iter().map(|name| Metric::from_name(name)).collect::<Result<Vec<_>>>();
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut plan = Plan::new(
            options.epochs,
            training.len().div_ceil(options.batch_size),
            validation.as_ref().map_or(0, |data| data.len().div_ceil(options.batch_size)),
            if options.checkpoints.is_some() { options.checkpoint_every } else { 0 },
        );
        if let Some(path) = &options.resume {
            Checkpoint::read(path)?.check(&net, &training, &options)?;
            plan.resume = true;
        }
        let optimizer = Rc::new(RefCell::new(options.optimizer.build()));
        let mut run = Self {
            id,
            parameters: net.parameters(),
            ctx: Context::default(),
            order: Vec::new(),
            accumulated: (BTreeMap::new(), 0),
            rate_factor: 1.0,
            rate_set: None,
            loading: Loading::default(),
            scheduled_rate: options.optimizer.learning_rate(),
            checked_gradients: false,
            trained: Duration::ZERO,
            moving_since: None,
            plugin_time: Duration::ZERO,
            worked: None,
            failure: None,
            stop_reason: None,
            newest_checkpoint: options.resume.clone(),
            training_metrics: metrics()?,
            validation_metrics: metrics()?,
            net: net.clone(),
            training,
            validation,
            seed,
            optimizer,
            plan,
            options,
        };
        run.fill_context(&device::name(&device));
        net.set_owner(Some(id));
        Ok(run)
    }

    /// Goes to the next hook, fires it and returns it; none when the session has ended.
    ///
    /// An error of the batch (a loss that is not a number, say) does not return here: it ends the session with
    /// `outcome = failed` and stands in [`Run::failure`].
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] when the user interrupted inside a batch: nothing has changed, and the same call
    /// goes on. Any other error means that the run could not be moved and stays where it is.
    pub fn advance(&mut self, hooks: &mut dyn HookSink) -> Result<Option<Hook>> {
        self.moving_since = Some(Instant::now());
        let reached = self.move_on(hooks);
        let moved = self.moving_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.trained += moved;
        if let Some(worked) = self.worked.take() {
            self.plugin_time = moved.saturating_sub(worked);
        }
        reached
    }

    /// Ends the session at the next boundary, as a plugin's `ctx.stop(reason)` does.
    pub fn stop(&mut self, reason: &str) {
        if !self.is_finished() {
            self.plan.ending.get_or_insert(Outcome::Stopped);
            self.stop_reason.get_or_insert_with(|| reason.to_owned());
            self.plan.leave();
            // Before its first hook nothing was started, so that it ends here.
            if self.is_finished() {
                self.net.set_owner(None);
            }
        }
    }

    /// The number that tells this run from others.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// The hook that [`Run::advance`] goes to next; none when the session has ended.
    pub fn next_hook(&self) -> Option<Hook> {
        self.plan.next
    }

    /// Whether the session has ended.
    pub fn is_finished(&self) -> bool {
        self.plan.next.is_none()
    }

    /// How the session ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.is_finished().then(|| self.plan.ending.unwrap_or(Outcome::Done))
    }

    /// The error that ended the session, and where, if one did.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Why the session was stopped, if it was.
    pub fn stop_reason(&self) -> Option<&str> {
        self.stop_reason.as_deref()
    }

    /// The context as the newest hook left it.
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// The context, for whoever evaluates a condition on it or replaces a working value while the run is paused.
    pub fn context_mut(&mut self) -> &mut Context {
        &mut self.ctx
    }

    /// What the engine and its plugins emitted since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(self.ctx.driver().events)
    }

    /// The net under training.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The data trained on.
    pub fn training_data(&self) -> &Dataset {
        &self.training
    }

    /// The data validated on.
    pub fn validation_data(&self) -> Option<&Dataset> {
        self.validation.as_ref()
    }

    /// The options, as set.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The newest checkpoint written or resumed from.
    pub fn newest_checkpoint(&self) -> Option<&std::path::Path> {
        self.newest_checkpoint.as_deref()
    }

    fn move_on(&mut self, hooks: &mut dyn HookSink) -> Result<Option<Hook>> {
        while let Some(hook) = self.plan.next {
            if self.prepare(hook, hooks)? {
                self.fire(hook, hooks);
                return Ok(Some(hook));
            }
        }
        Ok(None)
    }

    /// Does the work that stands before a hook. False when the hook has nothing to announce after all.
    fn prepare(&mut self, hook: Hook, hooks: &mut dyn HookSink) -> Result<bool> {
        match hook {
            Hook::LoadCheckpoint => {
                if let Err(error) = self.load_checkpoint(hooks) {
                    self.plan.next = Some(Hook::EndTrainingSession);
                    self.fail(error, false);
                    return Ok(false);
                }
            }
            Hook::StartEpoch => self.begin_epoch(),
            Hook::StartTrainingLoop => self.begin_loop(),
            Hook::StartTrainingBatch => self.load_training_batch(hooks)?,
            Hook::EndTrainingBatch if self.plan.batch_outcome == Outcome::Done => {
                let trained = self.train_batch();
                self.settle_batch(trained)?;
            }
            Hook::StartValidationLoop => self.begin_validation(),
            Hook::StartValidationBatch => self.load_validation_batch(hooks)?,
            Hook::EndValidationBatch if self.plan.batch_outcome == Outcome::Done => {
                let measured = self.measure_batch();
                self.settle_batch(measured)?;
            }
            Hook::SaveCheckpoint => return Ok(self.save_checkpoint(hooks)),
            _ => {}
        }
        Ok(true)
    }

    /// A batch that failed ends the session; an interrupt leaves everything as it was before the batch.
    fn settle_batch(&mut self, result: Result<()>) -> Result<()> {
        match result {
            Err(EngineError::Interrupted) => Err(EngineError::Interrupted),
            Err(error) => {
                self.plan.batch_outcome = Outcome::Failed;
                self.fail(error, false);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn fail(&mut self, error: EngineError, save: bool) {
        self.plan.fail(save && self.options.checkpoints.is_some());
        self.failure = Some(Failure { epoch: self.plan.epoch, batch: self.plan.batch, error });
    }

    fn fire(&mut self, hook: Hook, hooks: &mut dyn HookSink) {
        self.write_facts(hook);
        let rate = self.ctx.working.learning_rate;
        let fired = hooks.fire(hook, &mut self.ctx);
        if self.ctx.working.learning_rate != rate {
            self.take_rate(hook);
        }
        if hook == Hook::StartEpoch && self.ctx.working.batch_size != self.options.batch_size {
            self.begin_epoch();
        }
        let requests = std::mem::take(self.ctx.driver().requests);
        if let Some(reason) = &requests.stop {
            self.stop_reason.get_or_insert_with(|| reason.clone());
        }
        if requests.checkpoint && self.options.checkpoints.is_none() {
            let how = "a checkpoint was asked for, but the run has no directory for them: pass #{ checkpoints: \"dir\" } to fit";
            self.ctx.emit(Event::Warning(how.into()));
        }
        self.plan.take(hook, &requests);
        if let Some(failure) = fired.stop.or(self.loading.stop.take()) {
            let place = match (failure.line, failure.column) {
                (Some(line), Some(column)) => format!(", line {line}, column {column}"),
                _ => String::new(),
            };
            let message =
                format!("plugin {} failed in {}{place}: {}", failure.plugin, failure.place(), failure.message);
            self.fail(EngineError::Value(message), true);
            if matches!(hook, Hook::StartTrainingBatch | Hook::StartValidationBatch) {
                self.plan.batch_outcome = Outcome::Failed;
            }
        }
        self.plan.follow(hook);
        if self.is_finished() {
            self.net.set_owner(None);
        }
    }

    /// What a plugin sets stays: the schedule goes on from there in proportion. Set before the running batch's step it is
    /// that step's, else the next one's.
    fn take_rate(&mut self, hook: Hook) {
        let rate = self.ctx.working.learning_rate;
        if hook == Hook::StartTrainingBatch && self.scheduled_rate > 0.0 {
            self.rate_factor = rate / self.scheduled_rate;
        } else {
            self.rate_set = Some(rate);
        }
    }

    fn write_facts(&mut self, hook: Hook) {
        // The work before this hook belongs to it: a rate taken at end_training_batch counts that batch.
        let moving = self.moving_since.map_or(Duration::ZERO, |since| since.elapsed());
        let seconds = (self.trained + moving).as_secs_f64();
        self.worked = Some(moving);
        let facts = self.ctx.driver().facts;
        facts.hook = hook;
        facts.epoch = self.plan.epoch;
        facts.batch = self.plan.batch_at(hook);
        facts.global_step = self.plan.global_step;
        facts.batches_per_epoch = self.plan.batches;
        facts.outcome = self.plan.outcome_at(hook);
        facts.seconds = seconds;
        facts.work_seconds = moving.as_secs_f64();
        facts.plugin_seconds = self.plugin_time.as_secs_f64();
        if self.plan.ending.is_some() && facts.stop_reason.is_none() {
            let failure = || self.failure.as_ref().map(|failure| failure.to_string());
            facts.stop_reason = self.stop_reason.clone().or_else(failure).map(Rc::from);
        }
    }

    fn fill_context(&mut self, device: &str) {
        let (options, epochs) = (&self.options, self.plan.epochs);
        let model = self.ctx.working.noted(Rc::new(self.net.clone()));
        let driver = self.ctx.driver();
        *driver.facts = Facts {
            run: self.id,
            epochs,
            batches_per_epoch: self.plan.batches,
            has_validation: self.validation.is_some(),
            hyperparameters: Rc::new(options.hyperparameters()),
            device: Rc::from(device),
            project_name: Rc::from(options.project_name.as_str()),
            log_folder: Rc::from(options.log_folder.as_str()),
            ..Facts::default()
        };
        *self.ctx.working = Working {
            model: Some(model),
            optimizer: Some(Rc::new(OptimizerHandle(self.optimizer.clone()))),
            learning_rate: options.optimizer.learning_rate(),
            accumulate: options.accumulate,
            clip_norm: options.clip_norm,
            loss_scale: options.loss_scale,
            batch_size: options.batch_size,
            ..Working::default()
        };
    }

    /// Writes a checkpoint; a failure is a warning, since training has lost nothing by it.
    fn save_checkpoint(&mut self, hooks: &mut dyn HookSink) -> bool {
        let Some(folder) = self.options.checkpoints.clone() else {
            self.plan.follow(Hook::SaveCheckpoint);
            return false;
        };
        match Checkpoint::of(self, hooks).and_then(|checkpoint| checkpoint.write(&folder)) {
            Ok(path) => {
                self.note_checkpoint(path);
                true
            }
            Err(error) => {
                self.ctx.emit(Event::Warning(format!("no checkpoint was saved: {error}")));
                self.plan.follow(Hook::SaveCheckpoint);
                false
            }
        }
    }

    fn note_checkpoint(&mut self, path: std::path::PathBuf) {
        let shown = Value::String(path.display().to_string());
        self.ctx.working.extra.insert("checkpoint_path".into(), shown);
        self.newest_checkpoint = Some(path);
    }

    fn load_checkpoint(&mut self, hooks: &mut dyn HookSink) -> Result<()> {
        let path = Checkpoint::find(&self.options.resume.clone().unwrap_or_default())?;
        let states = Checkpoint::read(&path)?.install(self)?;
        // What was saved is the path of the checkpoint before.
        self.note_checkpoint(path);
        hooks.restore(self.id, &states);
        Ok(())
    }

    pub(super) fn set_trained_seconds(&mut self, seconds: f64) {
        self.trained = Duration::from_secs_f64(seconds);
    }

    pub(super) fn plugin_states(&self, hooks: &dyn HookSink) -> Map<String, Value> {
        hooks.states(self.id)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.net.owner() == Some(self.id) {
            self.net.set_owner(None);
        }
    }
}

fn refuse_net_in_use(net: &Net) -> Result<()> {
    net.owner().map_or(Ok(()), |run| {
        let how = "end that run with run.stop(), or train a copy: fit(net.copy(), …)";
        Err(EngineError::Busy(format!("this net is being trained by run {run}, which has not ended; {how}")))
    })
}

fn check_fit(net: &Net, data: &Dataset, options: &Options, device: &Device) -> Result<()> {
    let mut input = vec![options.batch_size.min(data.len())];
    input.extend_from_slice(data.input_shape());
    let output = net.check_as(&input, data.input_dtype())?;
    options.loss.check(&output, &[&input[..1], &data.targets().dims()[1..]].concat(), data.targets().dtype())?;
    if device.is_cpu() { Ok(()) } else { options.loss.check_classes(&output, data.targets()) }
}
