//! Carrying out entry points: every call is an action. Must not know how models are stored. Read [`Actions`] first.

use crate::arguments::Resolved;
use crate::form::Form;
use crate::log::{Begun, Log};
use crate::registry::{DESERIALIZE, FIT, INSTANTIATE, PREDICT, SERIALIZE, declared, find, model_types};
use crate::running::Running;
use crate::{Action, ActionError, Arguments, Host, Instance, Progress};
use candlewick_plugin_api::{PluginError, Report, Value};
use candlewick_plugin_manager::{Entry, PluginManager};
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

/// The actions of a session. A clone is a handle on the same ones.
///
/// One thread carries them out, one after the other; an action that is begun inside another one runs there and then.
#[derive(Clone)]
pub struct Actions(Rc<Inner>);

struct Inner {
    plugins: Rc<RefCell<PluginManager>>,
    host: Rc<dyn Host>,
    log: Rc<Log>,
    /// Those that run, innermost last.
    running: RefCell<Vec<(Rc<Running>, Report)>>,
    instances: Cell<u64>,
}

impl Actions {
    /// Actions on the plugins of a session.
    pub fn new(plugins: Rc<RefCell<PluginManager>>, host: Rc<dyn Host>) -> Self {
        let (log, running, instances) = (Rc::default(), RefCell::default(), Cell::default());
        Self(Rc::new(Inner { plugins, host, log, running, instances }))
    }

    /// A new instance of a model type.
    ///
    /// # Errors
    /// No plugin instantiates that type, arguments it does not take, or its failure.
    pub fn create_instance(&self, model_type: &str, arguments: &Arguments) -> Result<Instance, ActionError> {
        self.act(INSTANTIATE, model_type, None, arguments, |running, report| {
            let plugin = find(&*self.plugins()?, INSTANTIATE, model_type)?;
            let resolved = self.resolve(running, arguments)?;
            let arguments = self.placed(&plugin, INSTANTIATE, model_type, None, resolved)?;
            let value = self.ask(&plugin, INSTANTIATE, &arguments, report)?;
            Ok(self.new_instance(model_type, value))
        })
    }

    /// Trains an instance. The plugin works on a copy, so that an action that fails or is cancelled leaves the instance as
    /// it was. The plugin's answer is the trained instance; without an answer it is the copy, trained in place.
    ///
    /// # Errors
    /// The instance is busy, no plugin fits that type, data that cannot be accessed, arguments it does not take, its
    /// failure; or the instance belongs to a store and could not be stored: it is the trained one then.
    pub fn fit(&self, instance: &Instance, arguments: &Arguments) -> Result<(), ActionError> {
        self.work_on(FIT, instance, arguments, |running, copy, answer| {
            let trained = if matches!(answer, Value::Nothing) { copy } else { answer };
            let (found, before) = (trained.kind().to_owned(), instance.value());
            if matches!((&trained, &before), (Value::Object(_), Value::Object(_))) && found != before.kind() {
                let (what, advice) = (what(FIT, instance.model_type()), "answer with the trained instance");
                return Err(ActionError::Answer {
                    what,
                    found: format!("a {found}, the instance is a {}", before.kind()),
                    advice,
                });
            }
            instance.set(trained);
            self.store_again(running, instance)
        })
    }

    /// What an instance says to given data. The plugin answers with the prediction, or with a map of `instance` and
    /// `prediction` when predicting changed the instance: that one is kept.
    ///
    /// # Errors
    /// As [`Actions::fit`].
    pub fn predict(&self, instance: &Instance, arguments: &Arguments) -> Result<Value, ActionError> {
        self.work_on(PREDICT, instance, arguments, |running, copy, answer| {
            let (changed, prediction) = predicted(answer, &copy, instance.model_type())?;
            if let Some(changed) = changed {
                instance.set(changed);
                self.store_again(running, instance)?;
            }
            Ok(prediction)
        })
    }

    /// An instance as bytes: what its plugin's `serialize` answers, a safetensors file where that, or the instance itself
    /// without a `serialize`, is a net or a map of tensors.
    ///
    /// # Errors
    /// The instance is busy, an answer that has no such form, or the plugin's failure.
    pub fn serialize(&self, instance: &Instance) -> Result<Vec<u8>, ActionError> {
        let key = instance.model_type();
        self.act(SERIALIZE, key, Some(instance), &Arguments::default(), |running, report| {
            let _lock = instance.lock(running.id, SERIALIZE)?;
            self.bytes_of(instance, report).map(|(_, bytes)| bytes)
        })
    }

    /// The instance that [`Actions::serialize`] made bytes of.
    ///
    /// # Errors
    /// Bytes that cannot be read, or the plugin's failure.
    pub fn deserialize(&self, model_type: &str, bytes: &[u8]) -> Result<Instance, ActionError> {
        self.act(DESERIALIZE, model_type, None, &Arguments::default(), |_, report| {
            self.instance_of(model_type, Form::of(bytes), bytes, report)
        })
    }

    /// Says what a plugin is a whole model for: it has instantiate, fit, predict, serialize and deserialize.
    ///
    /// # Errors
    /// No such plugin, or the entry points that it lacks.
    pub fn model_types(&self, plugin: &str) -> Result<Vec<String>, ActionError> {
        model_types(&*self.plugins()?, plugin)
    }

    /// The six registries.
    ///
    /// # Errors
    /// A hook runs.
    pub fn entries(&self) -> Result<Vec<Entry>, ActionError> {
        Ok(self.plugins()?.entries())
    }

    /// The actions, oldest first: those that run, and the newest [`HISTORY`](crate::HISTORY) that have ended.
    pub fn list(&self) -> Vec<Rc<Action>> {
        self.0.log.all()
    }

    /// The action of that number, unless it was forgotten.
    pub fn find(&self, id: u64) -> Option<Rc<Action>> {
        self.0.log.find(id)
    }

    /// Calls back with every action that begins or changes.
    pub fn observe(&self, callback: impl Fn(&Rc<Action>) + 'static) {
        self.0.log.observe(callback);
    }

    /// Asks an action that runs to end; whether it did run.
    pub fn cancel(&self, id: u64) -> bool {
        let running =
            self.0.running.borrow().iter().find(|(running, _)| running.id == id).map(|(found, _)| found.clone());
        running.inspect(|running| running.cancel()).is_some()
    }

    /// The way to report of the innermost action that runs.
    ///
    /// # Errors
    /// None runs.
    pub fn report(&self) -> Result<Report, ActionError> {
        self.0.running.borrow().last().map(|(_, report)| report.clone()).ok_or(ActionError::NothingRuns)
    }

    /// The number of the innermost action that runs.
    pub fn current(&self) -> Option<u64> {
        self.0.running.borrow().last().map(|(running, _)| running.id)
    }

    /// Fit and predict: lock, data, copy, call.
    fn work_on<T>(
        &self,
        verb: &'static str,
        instance: &Instance,
        arguments: &Arguments,
        finish: impl FnOnce(&Running, Value, Value) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let key = instance.model_type();
        self.act(verb, key, Some(instance), arguments, |running, report| {
            let plugin = find(&*self.plugins()?, verb, key)?;
            let _lock = instance.lock(running.id, verb)?;
            let resolved = self.resolve(running, arguments)?;
            let copy = self.host().copy(&instance.value());
            let copy =
                copy.map_err(|why| ActionError::Value { what: "the instance cannot be copied".to_owned(), why })?;
            let placed = self.placed(&plugin, verb, key, Some(copy.clone()), resolved)?;
            let answer = self.ask(&plugin, verb, &placed, report)?;
            finish(running, copy, answer)
        })
    }

    /// Stores an instance that has changed, when it belongs to a store.
    fn store_again(&self, running: &Running, instance: &Instance) -> Result<(), ActionError> {
        let Some((store, name)) = instance.home() else { return Ok(()) };
        running.progress(Progress::Storing);
        self.write_to(&store, &name, instance).map_err(|error| ActionError::NotStored { name, error: Box::new(error) })
    }

    pub(crate) fn bytes_of(&self, instance: &Instance, report: &Report) -> Result<(Form, Vec<u8>), ActionError> {
        let key = instance.model_type();
        let plugin = declared(&*self.plugins()?, SERIALIZE, key);
        let value = match plugin {
            Some(plugin) => self.ask(&plugin, SERIALIZE, &[self.copied(instance)?], report)?,
            None => instance.value(),
        };
        Form::write(&value, self.host(), &what(SERIALIZE, key))
    }

    pub(crate) fn instance_of(
        &self,
        model_type: &str,
        form: Form,
        bytes: &[u8],
        report: &Report,
    ) -> Result<Instance, ActionError> {
        let plugin = declared(&*self.plugins()?, DESERIALIZE, model_type);
        if plugin.is_none() && form == Form::Own {
            return find(&*self.plugins()?, DESERIALIZE, model_type)
                .map(|_| self.new_instance(model_type, Value::Nothing));
        }
        let value = form.read(bytes, self.host(), &what(DESERIALIZE, model_type))?;
        let value = match plugin {
            Some(plugin) => self.ask(&plugin, DESERIALIZE, &[value], report)?,
            None => value,
        };
        Ok(self.new_instance(model_type, value))
    }

    fn copied(&self, instance: &Instance) -> Result<Value, ActionError> {
        let copy = self.host().copy(&instance.value());
        copy.map_err(|why| ActionError::Value { what: "the instance cannot be copied".to_owned(), why })
    }

    fn new_instance(&self, model_type: &str, value: Value) -> Instance {
        self.0.instances.set(self.0.instances.get() + 1);
        Instance::new(self.0.instances.get(), model_type, value)
    }

    /// An action from its beginning to its end, on top of those that run.
    pub(crate) fn act<T>(
        &self,
        verb: &'static str,
        key: &str,
        instance: Option<&Instance>,
        arguments: &Arguments,
        work: impl FnOnce(&Running, &Report) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let running = self.begin(self.current(), verb, key, instance.map(Instance::id), arguments);
        let outcome = self.on_top(&running, |report| work(&running, report));
        running.end(outcome, None)
    }

    pub(crate) fn begin(
        &self,
        parent: Option<u64>,
        verb: &'static str,
        key: &str,
        instance: Option<u64>,
        arguments: &Arguments,
    ) -> Rc<Running> {
        let (key, arguments) = (key.to_owned(), arguments.text());
        let begun = Begun { parent, verb, key, instance, arguments, progress: Progress::Executing };
        Rc::new(Running::new(self.0.log.begin(begun), self.0.log.clone(), self.0.host.clone()))
    }

    /// Runs something inside an action that has begun.
    pub(crate) fn on_top<T>(
        &self,
        running: &Rc<Running>,
        work: impl FnOnce(&Report) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let report = Report::to(running.clone());
        self.0.running.borrow_mut().push((running.clone(), report.clone()));
        let _top = Top(self);
        work(&report)
    }

    /// The arguments in the order of the plugin's function.
    pub(crate) fn placed(
        &self,
        plugin: &str,
        verb: &'static str,
        key: &str,
        instance: Option<Value>,
        resolved: Resolved,
    ) -> Result<Vec<Value>, ActionError> {
        let plugins = self.plugins()?;
        let declared = &plugins.metadata(plugin)?.entry_points;
        resolved.placed(instance, plugins.parameters(plugin, verb)?, declared, &what(verb, key))
    }

    /// Asks a plugin while the manager is free, so that it may train or begin other actions.
    pub(crate) fn ask(
        &self,
        plugin: &str,
        verb: &'static str,
        arguments: &[Value],
        report: &Report,
    ) -> Result<Value, ActionError> {
        let mut asked = self.plugins_mut()?.take(plugin, Some(verb))?;
        asked.run_with(arguments, report);
        Ok(self.plugins_mut()?.put_back(asked)?)
    }

    pub(crate) fn plugins(&self) -> Result<Ref<'_, PluginManager>, ActionError> {
        self.0.plugins.try_borrow().map_err(|_| ActionError::InHook)
    }

    pub(crate) fn plugins_mut(&self) -> Result<RefMut<'_, PluginManager>, ActionError> {
        self.0.plugins.try_borrow_mut().map_err(|_| ActionError::InHook)
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.0.host
    }
}

/// Takes an action off the running ones, also when something panics.
struct Top<'a>(&'a Actions);

impl Drop for Top<'_> {
    fn drop(&mut self) {
        let top = self.0.0.running.borrow_mut().pop();
        if let Some((running, _)) = top.filter(|_| std::thread::panicking()) {
            let error = PluginError::Panicked { message: "the action was given up".to_owned() };
            let error = ActionError::Value { what: "native code".to_owned(), why: error.to_string() };
            let _: Result<(), ActionError> = running.end(Err(error), None);
        }
    }
}

pub(crate) fn what(verb: &str, key: &str) -> String {
    format!("{verb} of model type {key}")
}

/// The prediction alone, and the instance if it came with a changed one. A list of the instance and the prediction would be
/// taken for the prediction, whose first item is then shown for it: it is refused.
fn predicted(answer: Value, instance: &Value, key: &str) -> Result<(Option<Value>, Value), ActionError> {
    match answer {
        Value::Map(mut fields)
            if fields.len() == 2 && fields.contains_key("instance") && fields.contains_key("prediction") =>
        {
            Ok((fields.remove("instance"), fields.remove("prediction").unwrap_or_default()))
        }
        Value::List(items) if items.len() == 2 && is_like(&items[0], instance) => Err(ActionError::Answer {
            what: what(PREDICT, key),
            found: "a list of the instance and the prediction".to_owned(),
            advice: "answer with the prediction alone, or with #{ instance: …, prediction: … } to change the instance",
        }),
        prediction => Ok((None, prediction)),
    }
}

fn is_like(item: &Value, instance: &Value) -> bool {
    matches!(instance, Value::Object(_) | Value::Map(_)) && item.json() == instance.json()
}
