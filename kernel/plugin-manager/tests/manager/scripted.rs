//! A plugin whose behaviour is a closure, a log that all of them write to, and a way to fire hooks of a run.

use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::rc::Rc;

pub type Log = Rc<RefCell<Vec<String>>>;
pub type Behaviour = Box<dyn FnMut(Hook, &mut Context) -> Result<(), PluginError>>;

/// Notes `name:hook`, or `name:hook:late`, and then does what its closure says. Its state is how often it was called in a
/// run, added to what it was given.
pub struct Scripted {
    pub name: String,
    pub hooks: HookSet,
    pub config: Value,
    pub log: Log,
    pub calls: PerRun<u64>,
    pub readable: bool,
    pub behaviour: Behaviour,
}

impl Scripted {
    pub fn of(name: &str, log: &Log) -> Self {
        Self {
            name: name.into(),
            hooks: HookSet::all(),
            config: json!({}),
            log: log.clone(),
            calls: PerRun::default(),
            readable: true,
            behaviour: Box::new(|_, _| Ok(())),
        }
    }
    pub fn at(mut self, hooks: impl IntoIterator<Item = Hook>) -> Self {
        self.hooks = hooks.into_iter().collect();
        self
    }
    pub fn doing(mut self, behaviour: impl FnMut(Hook, &mut Context) -> Result<(), PluginError> + 'static) -> Self {
        self.behaviour = Box::new(behaviour);
        self
    }
    pub fn failing(self) -> Self {
        self.doing(|_, _| Err(PluginError::Failed { message: "no".into(), line: Some(7), column: Some(3) }))
    }
    pub fn with_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }
}

impl Plugin for Scripted {
    fn metadata(&self) -> Metadata {
        let config = self.config.as_object().cloned().unwrap_or_default();
        Metadata { config, ..Metadata::of(&self.name, "1.0.0", "scripted") }
    }
    fn hooks(&self) -> HookSet {
        self.hooks
    }
    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        match config.get("refuse") {
            Some(Value::Bool(true)) => Err(PluginError::invalid("asked to refuse")),
            _ => {
                self.config = Value::Object(config.clone());
                Ok(())
            }
        }
    }
    fn state(&self, run: RunId) -> Option<Value> {
        self.calls.get(run).map(|calls| json!(calls))
    }
    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        match state.as_u64() {
            Some(calls) if self.readable => {
                self.calls.set(run, calls);
                Ok(())
            }
            _ => Err(PluginError::invalid("a state I cannot read")),
        }
    }
    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        assert_ne!(name, "broken", "a table that panics");
        let mut table = Table::default();
        table.push([("calls", self.calls.get(run).map(|calls| *calls as f64))]);
        (name == "calls").then_some(table)
    }
    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Result<(), PluginError> {
        let late = if ctx.late { ":late" } else { "" };
        self.log.borrow_mut().push(format!("{}:{hook}{late}", self.name));
        *self.calls.of(ctx.run) += 1;
        (self.behaviour)(hook, ctx)
    }
}

/// A manager, its plugins' log, and the context of the run whose hooks are fired.
#[derive(Default)]
pub struct Stage {
    pub manager: PluginManager,
    pub log: Log,
    pub ctx: Context,
}

impl Stage {
    pub fn plugin(&self, name: &str) -> Scripted {
        Scripted::of(name, &self.log)
    }
    pub fn add(&mut self, plugin: Scripted) -> Registered {
        self.add_with(plugin, Registration::from_origin("test"))
    }
    pub fn add_with(&mut self, plugin: Scripted, registration: Registration) -> Registered {
        self.manager.register(Box::new(plugin), registration).unwrap()
    }
    pub fn fire(&mut self, hook: Hook) -> Fired {
        self.ctx.driver().facts.hook = hook;
        self.manager.fire(hook, &mut self.ctx)
    }
    pub fn fire_of(&mut self, run: RunId, hook: Hook) -> Fired {
        self.ctx.driver().facts.run = run;
        self.fire(hook)
    }
    /// What was logged since the last time, in one line.
    pub fn logged(&self) -> String {
        self.log.borrow_mut().drain(..).collect::<Vec<_>>().join(" ")
    }
    pub fn failures(&mut self) -> Vec<HookFailure> {
        let events = self.ctx.driver().events.drain(..);
        events.filter_map(|event| if let Event::PluginFailed(failure) = event { Some(failure) } else { None }).collect()
    }
    pub fn warnings(&mut self) -> Vec<String> {
        let events = self.ctx.driver().events.drain(..);
        events.filter_map(|event| if let Event::Warning(text) = event { Some(text) } else { None }).collect()
    }
    pub fn row(&self, name: &str) -> PluginRow {
        self.manager.plugins().into_iter().find(|row| row.name == name).unwrap()
    }
}
