//! The seam between a run and whoever calls the plugins.

use crate::{
    Context, Hook, HookFailure, RunId, Transform, TransformContext, TransformSet, Transformed, Value as Passed,
};
use serde_json::{Map, Value};

/// What came of calling all plugins at one hook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fired {
    /// A failure whose plugin's policy is to end the run; behind a pointer, because every hook of every run returns this.
    pub stop: Option<Box<HookFailure>>,
    /// The user interrupted a plugin; the run pauses here, and this hook counts as fired.
    pub interrupted: bool,
}

/// Calls plugins at a hook. The plugin manager implements it; a run knows only this.
pub trait HookSink {
    /// Calls every plugin that has this hook, in its order. Failures are emitted as events into the context.
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired;

    /// Every plugin's state in this run, for a checkpoint.
    fn states(&self, run: RunId) -> Map<String, Value>;

    /// Gives plugins the state that a checkpoint held; names without a plugin are left alone.
    fn restore(&mut self, run: RunId, states: &Map<String, Value>);

    /// The transforms that plugins have for the run's training or validation data. A run calls none but these.
    fn transforms(&self, run: RunId, training: bool) -> TransformSet {
        let _ = (run, training);
        TransformSet::none()
    }

    /// Passes a value through every plugin that has this transform for such data, in ascending order.
    fn transform(&mut self, transform: Transform, value: Passed, ctx: &mut TransformContext) -> Transformed {
        let _ = (transform, ctx);
        Transformed { value, ..Transformed::default() }
    }
}

/// A sink without plugins, for tests and benches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl HookSink for NoHooks {
    fn fire(&mut self, _: Hook, _: &mut Context) -> Fired {
        Fired::default()
    }
    fn states(&self, _: RunId) -> Map<String, Value> {
        Map::new()
    }
    fn restore(&mut self, _: RunId, _: &Map<String, Value>) {}
}
