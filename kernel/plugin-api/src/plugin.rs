//! The trait that plugin authors implement.

use crate::{
    Context, Hook, HookSet, Loading, Metadata, PluginError, Point, Report, RunId, Schemas, Table, Transform,
    TransformContext, TransformSet, Value, Verb, batch_parts, batch_value,
};
use candle_core::Tensor;
use serde_json::{Map, Value as Json};
use std::any::Any;

type Called = Result<(), PluginError>;

/// A plugin: any of the fourteen hooks, settings, and state that belongs to a run.
///
/// ```
/// use candlewick_plugin_api::{Context, Hook, HookSet, Metadata, Plugin, PluginError};
///
/// struct StopAtLoss(f64);
///
/// impl Plugin for StopAtLoss {
///     fn metadata(&self) -> Metadata {
///         Metadata::of("stop_at_loss", "1.0.0", "stops when the loss is low enough")
///     }
///     fn hooks(&self) -> HookSet {
///         HookSet::none().with(Hook::EndTrainingBatch)
///     }
///     fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
///         if ctx.loss.is_some_and(|loss| loss < self.0) {
///             ctx.stop("the loss is low enough");
///         }
///         Ok(())
///     }
/// }
/// ```
#[allow(unused_variables)]
pub trait Plugin {
    /// Its description and defaults; asked for at registration.
    fn metadata(&self) -> Metadata;

    /// The hooks it wants to be called at; asked for at registration. All by default.
    fn hooks(&self) -> HookSet {
        HookSet::all()
    }

    /// Takes its settings, defaults filled in: at registration, before any hook.
    ///
    /// # Errors
    /// A value it cannot use; the plugin is then not registered.
    fn configure(&mut self, config: &Map<String, Json>) -> Called {
        Ok(())
    }

    /// Its state in this run, for a checkpoint or a successor; none when it keeps nothing.
    fn state(&self, run: RunId) -> Option<Json> {
        None
    }

    /// Takes back what [`Plugin::state`] gave.
    ///
    /// # Errors
    /// A state it cannot read.
    fn restore(&mut self, run: RunId, state: &Json) -> Called {
        Ok(())
    }

    /// A table it offers about a run, such as `history`'s `epochs`.
    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        None
    }

    /// The verbs it can be asked for; asked for at registration. None by default.
    fn verbs(&self) -> Vec<Verb> {
        Vec::new()
    }

    /// Does what a verb asks. Only verbs of [`Plugin::verbs`] are asked for, with as many arguments as the verb takes.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin and verb.
    fn execute(&mut self, verb: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        Err(PluginError::invalid(format!("it lists the verb {verb} but does not execute it")))
    }

    /// The same inside an action, to which the plugin may report how far it is.
    ///
    /// # Errors
    /// As [`Plugin::execute`]; [`PluginError::Interrupted`] when the action is to end and the plugin heard it.
    fn execute_with(&mut self, verb: Verb, arguments: &[Value], report: &Report) -> Result<Value, PluginError> {
        self.execute(verb, arguments)
    }

    /// The names of a verb's parameters, in order, for arguments given by name; for `fit`, `predict` and `serialize` the
    /// instance comes first. None when it takes arguments by position only.
    fn parameters(&self, verb: Verb) -> Option<Vec<String>> {
        None
    }

    /// Its `data_access` as work for a thread, so that several data are loaded at once. None: it is executed on the
    /// engine thread like any other verb.
    fn load_data(&mut self, arguments: &[Value]) -> Option<Loading> {
        None
    }

    /// Hook points that it declares for others; asked for at registration.
    fn declares(&self) -> Vec<Point> {
        Vec::new()
    }

    /// The names of the hook points it wants to hear; asked for at registration. Those that nobody declares stay unused.
    fn points(&self) -> Vec<String> {
        Vec::new()
    }

    /// Called when one of its [`Plugin::points`] is fired. What it makes of the data is passed on; when it fails, the
    /// data is put back.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin and point.
    fn call_point(&mut self, point: &str, ctx: &mut Context, data: &mut Value) -> Called {
        Err(PluginError::invalid(format!("it lists the point {point} but does not answer it")))
    }

    /// Everything it keeps about a run, set aside while a failed call is replayed; by default what [`Plugin::state`] says.
    fn set_aside(&mut self, run: RunId) -> Option<Box<dyn Any>> {
        self.state(run).map(|state| Box::new(state) as Box<dyn Any>)
    }

    /// Takes back what [`Plugin::set_aside`] gave.
    ///
    /// # Errors
    /// What [`Plugin::restore`] says.
    fn take_back(&mut self, run: RunId, kept: Option<Box<dyn Any>>) -> Called {
        match kept.and_then(|kept| kept.downcast::<Json>().ok()) {
            Some(state) => self.restore(run, &state),
            None => Ok(()),
        }
    }

    /// The transforms it has, and whether they are for validation data too; asked for at registration. None by default.
    fn transforms(&self) -> TransformSet {
        TransformSet::none()
    }

    /// Calls the method of a transform. Hosts of other languages override this one instead of the three.
    ///
    /// # Errors
    /// Whatever the transform's method returns. The value then goes on as it was, or as the plugin's policy says.
    fn transform(
        &mut self,
        transform: Transform,
        value: Value,
        ctx: &mut TransformContext,
    ) -> Result<Value, PluginError> {
        match (transform, &value) {
            (Transform::Caption, Value::Text(text)) => Ok(self.transform_caption(text, ctx)?.as_str().into()),
            (Transform::Image, Value::Tensor(image)) => Ok(self.transform_image(image, ctx)?.into()),
            (Transform::Batch, batch) => match batch_parts(batch) {
                Some((inputs, targets)) => {
                    let (inputs, targets) = self.transform_batch(inputs, targets, ctx)?;
                    Ok(batch_value(inputs, targets))
                }
                None => Ok(value),
            },
            _ => Ok(value),
        }
    }

    /// Changes an item's caption.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, transform and item.
    fn transform_caption(&mut self, text: &str, ctx: &mut TransformContext) -> Result<String, PluginError> {
        Ok(text.to_owned())
    }

    /// Changes an item's image: `[height, width, channels]` of f32 from 0 to 1.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, transform and item.
    fn transform_image(&mut self, image: &Tensor, ctx: &mut TransformContext) -> Result<Tensor, PluginError> {
        Ok(image.clone())
    }

    /// Changes a batch's inputs and targets.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, transform and batch.
    fn transform_batch(
        &mut self,
        inputs: &Tensor,
        targets: &Tensor,
        ctx: &mut TransformContext,
    ) -> Result<(Tensor, Tensor), PluginError> {
        Ok((inputs.clone(), targets.clone()))
    }

    /// What its settings, arguments and answers must look like; asked for at registration. Nothing by default.
    fn schemas(&self) -> Schemas {
        Schemas::none()
    }

    /// Another one of the same code, fresh, for an instance under another name. None by default: it cannot be made twice.
    fn another(&self) -> Option<Box<dyn Plugin>> {
        None
    }

    /// The settings it is to be made with, given those the user wants with defaults filled in: before `configure`. None
    /// when it does not want to take part with them; it is then registered, but not active.
    ///
    /// # Errors
    /// Settings it cannot use; the plugin is then not registered.
    fn create(&mut self, config: &Map<String, Json>) -> Result<Option<Map<String, Json>>, PluginError> {
        Ok(Some(config.clone()))
    }

    /// Bytes that what it keeps takes up, in all runs and beside them. None when it does not count them: the length of its
    /// states as JSON is then shown.
    fn bytes(&self) -> Option<u64> {
        None
    }

    /// Calls the method of a hook. Hosts of other languages override this one instead of the fourteen.
    ///
    /// # Errors
    /// Whatever the hook's method returns.
    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Called {
        match hook {
            Hook::StartTrainingSession => self.start_training_session(ctx),
            Hook::LoadCheckpoint => self.load_checkpoint(ctx),
            Hook::StartEpoch => self.start_epoch(ctx),
            Hook::StartTrainingLoop => self.start_training_loop(ctx),
            Hook::StartTrainingBatch => self.start_training_batch(ctx),
            Hook::EndTrainingBatch => self.end_training_batch(ctx),
            Hook::EndTrainingLoop => self.end_training_loop(ctx),
            Hook::StartValidationLoop => self.start_validation_loop(ctx),
            Hook::StartValidationBatch => self.start_validation_batch(ctx),
            Hook::EndValidationBatch => self.end_validation_batch(ctx),
            Hook::EndValidationLoop => self.end_validation_loop(ctx),
            Hook::SaveCheckpoint => self.save_checkpoint(ctx),
            Hook::EndEpoch => self.end_epoch(ctx),
            Hook::EndTrainingSession => self.end_training_session(ctx),
        }
    }

    /// Once, before anything else.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_training_session(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// After the session started, when the run resumes from a checkpoint.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn load_checkpoint(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// At the start of each epoch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_epoch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// Before the first training batch of an epoch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_training_loop(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// Before the forward pass of a training batch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_training_batch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// After the optimizer's step.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_training_batch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// After the last training batch of an epoch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_training_loop(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// Before the first validation batch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_validation_loop(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// Before the forward pass of a validation batch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn start_validation_batch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// After a validation batch was measured.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_validation_batch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// After the last validation batch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_validation_loop(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// When a checkpoint has been written.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn save_checkpoint(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// At the end of each epoch.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_epoch(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }

    /// Once, after everything else, however the session ended.
    ///
    /// # Errors
    /// What went wrong; the manager names plugin, hook, epoch and batch.
    fn end_training_session(&mut self, ctx: &mut Context) -> Called {
        Ok(())
    }
}
