//! A plugin of a Rust cell: the author's own, under the name that the cell gives it, with the code that makes another.
//!
//! Must not know the registry. Read [`CellPlugin`] first.

use super::registering::Make;
use candle_core::Tensor;
use candlewick_plugin_api::{
    Context, Hook, HookSet, Loading, Metadata, Plugin, PluginError, Point, Report, RunId, Schemas, Table, Transform,
    TransformContext, TransformSet, Value, Verb,
};
use serde_json::{Map, Value as Json};
use std::any::Any;

type Called = Result<(), PluginError>;

/// Passes every call on.
pub(super) struct CellPlugin {
    name: Option<String>,
    make: Option<Make>,
    own: Box<dyn Plugin>,
}

impl CellPlugin {
    /// One that goes by its own name and cannot be made again.
    pub(super) fn by_value(own: Box<dyn Plugin>) -> Self {
        Self { name: None, make: None, own }
    }

    /// One that is made by that function, under that name.
    pub(super) fn made(name: &str, make: Make) -> Self {
        Self { name: Some(name.to_owned()), make: Some(make), own: make() }
    }

    /// The name it is registered under.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.own.metadata().name)
    }

    /// What makes it, if it can be made again.
    pub(super) fn make(&self) -> Option<Make> {
        self.make
    }
}

impl Plugin for CellPlugin {
    fn metadata(&self) -> Metadata {
        let own = self.own.metadata();
        match &self.name {
            Some(name) => Metadata { name: name.clone(), ..own },
            None => own,
        }
    }

    fn hooks(&self) -> HookSet {
        self.own.hooks()
    }

    fn configure(&mut self, config: &Map<String, Json>) -> Called {
        self.own.configure(config)
    }

    fn state(&self, run: RunId) -> Option<Json> {
        self.own.state(run)
    }

    fn restore(&mut self, run: RunId, state: &Json) -> Called {
        self.own.restore(run, state)
    }

    fn table(&self, run: RunId, name: &str) -> Option<Table> {
        self.own.table(run, name)
    }

    fn verbs(&self) -> Vec<Verb> {
        self.own.verbs()
    }

    fn execute(&mut self, verb: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        self.own.execute(verb, arguments)
    }

    fn execute_with(&mut self, verb: Verb, arguments: &[Value], report: &Report) -> Result<Value, PluginError> {
        self.own.execute_with(verb, arguments, report)
    }

    fn parameters(&self, verb: Verb) -> Option<Vec<String>> {
        self.own.parameters(verb)
    }

    fn load_data(&mut self, arguments: &[Value]) -> Option<Loading> {
        self.own.load_data(arguments)
    }

    fn declares(&self) -> Vec<Point> {
        self.own.declares()
    }

    fn points(&self) -> Vec<String> {
        self.own.points()
    }

    fn call_point(&mut self, point: &str, ctx: &mut Context, data: &mut Value) -> Called {
        self.own.call_point(point, ctx, data)
    }

    fn set_aside(&mut self, run: RunId) -> Option<Box<dyn Any>> {
        self.own.set_aside(run)
    }

    fn take_back(&mut self, run: RunId, kept: Option<Box<dyn Any>>) -> Called {
        self.own.take_back(run, kept)
    }

    fn transforms(&self) -> TransformSet {
        self.own.transforms()
    }

    fn transform(
        &mut self,
        transform: Transform,
        value: Value,
        ctx: &mut TransformContext,
    ) -> Result<Value, PluginError> {
        self.own.transform(transform, value, ctx)
    }

    fn transform_caption(&mut self, text: &str, ctx: &mut TransformContext) -> Result<String, PluginError> {
        self.own.transform_caption(text, ctx)
    }

    fn transform_image(&mut self, image: &Tensor, ctx: &mut TransformContext) -> Result<Tensor, PluginError> {
        self.own.transform_image(image, ctx)
    }

    fn transform_batch(
        &mut self,
        inputs: &Tensor,
        targets: &Tensor,
        ctx: &mut TransformContext,
    ) -> Result<(Tensor, Tensor), PluginError> {
        self.own.transform_batch(inputs, targets, ctx)
    }

    fn schemas(&self) -> Schemas {
        self.own.schemas()
    }

    /// Its author's way goes before the code that made it.
    fn another(&self) -> Option<Box<dyn Plugin>> {
        let made = || self.make.map(|make| make());
        let own = self.own.another().or_else(made)?;
        Some(Box::new(Self { name: self.name.clone(), make: self.make, own }))
    }

    fn create(&mut self, config: &Map<String, Json>) -> Result<Option<Map<String, Json>>, PluginError> {
        self.own.create(config)
    }

    fn bytes(&self) -> Option<u64> {
        self.own.bytes()
    }

    #[inline]
    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Called {
        self.own.call(hook, ctx)
    }
}
