//! Hook points beside the fourteen hooks: declared by name, fired by plugins and cells, called like hooks.
//!
//! Must not know who keeps them. Read [`Point`] first, then [`PointSink`].

use crate::{Context, PluginError, Value};
use serde::{Deserialize, Serialize};

/// A declared hook point. Plugins that define a function of its name, `fn name(ctx, data)`, are called when it is fired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Its name, which is also the name of the plugins' functions.
    pub name: String,
    /// When it is fired and what is passed, in one line.
    pub doc: String,
    /// Whether plugins are called in descending order, as at `end_…` hooks.
    pub descending: bool,
}

/// Serves what is fired during a hook. The plugin manager implements it; the context knows only this.
pub trait PointSink {
    /// Calls the plugins of a point in order; each may change the data, which is given back.
    ///
    /// # Errors
    /// No such point; a plugin that would be called while it is being called; or an interrupt of the user.
    fn fire(&self, point: &str, ctx: &mut Context, data: Value) -> Result<Value, PluginError>;
}

/// One firing of a point: who fired it, who was called, what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointFired {
    /// The point.
    pub point: String,
    /// The plugin that fired it, or `a cell`.
    pub by: String,
    /// The plugins that were called, in order.
    pub calls: Vec<PointCall>,
    /// What they changed of the data: `name: before → after`.
    pub changed: Vec<String>,
}

/// One plugin's call at a firing of a point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointCall {
    /// The plugin.
    pub plugin: String,
    /// Seconds that it took.
    pub seconds: f64,
    /// How it failed, if it did; the data is then as it was before its call.
    pub failure: Option<String>,
}
