//! What a hook is given: facts to read, a working zone to change, control over what comes next.

use crate::{Event, Facts, PluginError, PointFired, PointSink, Requests, Value, Zone};
use std::ops::Deref;
use std::rc::Weak;

/// The context of one hook call. Facts are read as fields (`ctx.epoch`), the rest through its own zone or method.
#[derive(Clone, Default)]
pub struct Context {
    /// Boxed, as most of the working zone is: a context is moved at every call of a script.
    facts: Box<Facts>,
    /// What a plugin may look into and change.
    pub working: Zone,
    requests: Requests,
    events: Vec<Event>,
    /// Who serves hook points, while a hook is being called.
    points: Option<Weak<dyn PointSink>>,
    fired: Vec<PointFired>,
}

impl Deref for Context {
    type Target = Facts;
    #[inline]
    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Context {
    /// Ends the session at the very next boundary; the first reason given stands.
    pub fn stop(&mut self, reason: impl Into<String>) {
        self.requests.stop.get_or_insert_with(|| reason.into());
    }

    /// Leaves out the rest of the running batch.
    pub fn skip_batch(&mut self) {
        self.requests.skip_batch = true;
    }

    /// Leaves out the rest of the running epoch: its training and its validation.
    pub fn skip_epoch(&mut self) {
        self.requests.skip_epoch = true;
    }

    /// Saves a checkpoint right after the running batch.
    pub fn request_checkpoint(&mut self) {
        self.requests.checkpoint = true;
    }

    /// Runs a validation loop right after the running batch.
    pub fn request_validation(&mut self) {
        self.requests.validation = true;
    }

    /// Deactivates a plugin from the next hook on.
    pub fn disable(&mut self, plugin: impl Into<String>) {
        self.requests.disable.push(plugin.into());
    }

    /// Fires a declared hook point: plugins that define a function of its name are called in order, each may change the
    /// data, which is given back. A plugin is never called while it is being called.
    ///
    /// # Errors
    /// No such point, with the nearest; a plugin of the point is being called just now; or the user interrupted. A
    /// plugin that fails at the point is no error here: it is counted and named as at a hook.
    pub fn fire(&mut self, point: &str, data: Value) -> Result<Value, PluginError> {
        match self.points.as_ref().and_then(Weak::upgrade) {
            Some(points) => points.fire(point, self, data),
            None => Err(PluginError::invalid(format!(
                "the point `{point}` cannot be fired here; a context fires points while a hook or a point is being called, \
                 and only declared ones: `declare_hook(\"{point}\", #{{ doc: \"…\" }})`"
            ))),
        }
    }

    /// The points that were fired during the newest hook, oldest first.
    pub fn fired(&self) -> &[PointFired] {
        &self.fired
    }

    /// Hands something to whoever draws: text, progress, a chart.
    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Prints a line in the running cell.
    pub fn print(&mut self, text: impl Into<String>) {
        self.emit(Event::Print(text.into()));
    }

    /// The side of the context that only the run and the manager use: plugins have no business there.
    #[doc(hidden)]
    pub fn driver(&mut self) -> Driver<'_> {
        Driver {
            facts: &mut self.facts,
            requests: &mut self.requests,
            events: &mut self.events,
            points: &mut self.points,
            fired: &mut self.fired,
        }
    }
}

/// Write access to facts, requests and events, for the run and the manager.
#[doc(hidden)]
pub struct Driver<'a> {
    /// The facts, writable.
    pub facts: &'a mut Facts,
    /// What plugins asked for; whoever serves a request takes it out.
    pub requests: &'a mut Requests,
    /// What plugins and the manager emitted, oldest first.
    pub events: &'a mut Vec<Event>,
    /// Who serves hook points.
    pub points: &'a mut Option<Weak<dyn PointSink>>,
    /// The points fired during the newest hook.
    pub fired: &'a mut Vec<PointFired>,
}
