//! Hook points beside the fourteen hooks: declared, bound to the plugins that have a function of their name, fired.
//!
//! A point is fired in the middle of a hook, while the manager walks its plugins. So the plugins are lent to a [`Stage`]
//! for that firing: each is taken out of its slot while it is called, the context knows the stage, and the stage calls the
//! others. A plugin that is out of its slot cannot be called again; the one who fires is told so. Managers without a
//! declared point never lend anything. Read [`Points`] first, then [`Stage`].

use crate::dispatch::{failed, passes_point};
use crate::manager::{PluginManager, guarded};
use crate::observer::Witness;
use crate::slot::Slot;
use crate::watch::nanoseconds;
use crate::{ManagerError, State, conflicts::Conflicts};
use candlewick_plugin_api::{
    Context, Fired, Hook, Metadata, Part, Plugin, PluginError, Point, PointCall, PointFired, PointSink, Value, Verb,
    nearest,
};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Instant;

/// How names of hooks and transforms begin.
const KEPT: [&str; 6] = ["start_", "end_", "on_", "load_", "save_", "transform_"];

/// The declared points, in the order of their declaration.
#[derive(Default)]
pub(crate) struct Points(Vec<Bound>);

/// A declared point with the plugins that are called there, in their order.
pub(crate) struct Bound {
    pub(crate) point: Point,
    pub(crate) name: Rc<str>,
    plugins: Vec<usize>,
}

/// The plugins while a hook, or a point from a cell, is fired.
pub(crate) struct Stage(RefCell<Lent>);

/// What is lent.
pub(crate) struct Lent {
    pub(crate) slots: Vec<Slot>,
    points: Points,
    pub(crate) conflicts: Conflicts,
    pub(crate) witness: Witness,
    /// The plugins that are being called, the innermost last.
    calling: Vec<usize>,
    /// What plugins' policies ask of the run.
    pub(crate) fired: Fired,
    /// Whether a plugin was put in quarantine.
    pub(crate) lost: bool,
    /// Nanoseconds spent at points since somebody last asked.
    nested: u64,
}

/// Stands in the slot of a plugin that is being called.
struct Called;

impl Points {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.0.iter()
    }

    pub(crate) fn extend(&mut self, points: Vec<Point>) {
        for point in points {
            match self.0.iter_mut().find(|own| own.point.name == point.name) {
                Some(own) => own.point = point,
                None => self.0.push(Bound { name: point.name.as_str().into(), point, plugins: Vec::new() }),
            }
        }
    }

    /// Finds the plugins of each point again; `ascending` are the active ones in their order.
    pub(crate) fn bind(&mut self, slots: &[Slot], ascending: &[usize]) {
        for Bound { point, plugins, .. } in &mut self.0 {
            plugins.clear();
            plugins.extend(ascending.iter().filter(|index| slots[**index].description.points.contains(&point.name)));
            if point.descending {
                plugins.reverse();
            }
        }
    }

    fn find(&self, name: &str) -> Result<&Bound, PluginError> {
        self.0.iter().find(|own| own.point.name == name).ok_or_else(|| {
            let names = self.0.iter().map(|own| own.point.name.as_str());
            let hint = match nearest(name, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.0.is_empty() => "none is declared".to_owned(),
                None => format!("there is {}", names.collect::<Vec<_>>().join(", ")),
            };
            PluginError::invalid(format!(
                "there is no hook point `{name}`; {hint} A new one is declared by declare_hook(\"{name}\", #{{ doc: \"…\" }})"
            ))
        })
    }
}

impl PluginManager {
    /// Declares a hook point, or changes what was declared under its name. Plugins that have a function of this name are
    /// bound to it, those that come later too.
    ///
    /// # Errors
    /// A name that no function can have, or that a hook or verb has.
    pub fn declare(&mut self, point: Point) -> Result<(), ManagerError> {
        check(&point)?;
        self.points.extend(vec![point]);
        self.rebuild();
        Ok(())
    }

    /// Fires a point from outside a hook, such as a cell.
    ///
    /// # Errors
    /// No such point, a plugin that is executing a verb just now, an interrupt, or a failure whose policy is to stop.
    pub fn fire_point(&mut self, point: &str, ctx: &mut Context, data: Value) -> Result<Value, PluginError> {
        let stage = self.lend();
        let answer = stage.serve(point, ctx, data, "a cell");
        let lent = self.take_back(&stage);
        match (answer, lent.fired.stop) {
            (Ok(_), Some(failure)) => Err(PluginError::failed(format!(
                "plugin {} failed in {}: {}",
                failure.plugin,
                failure.place(),
                failure.message
            ))),
            (answer, _) => answer,
        }
    }

    /// The points that a plugin declares, each checked.
    pub(crate) fn checked_points(&self, plugin: &dyn Plugin) -> Result<Vec<Point>, ManagerError> {
        let points = guarded(|| plugin.declares()).unwrap_or_default();
        points.iter().try_for_each(check)?;
        Ok(points)
    }

    /// Calls these plugins at a hook while points can be fired.
    pub(crate) fn fire_on_stage(&mut self, list: &[usize], hook: Hook, ctx: &mut Context, fired: &mut Fired) -> bool {
        let stage = self.lend();
        let sink: Weak<dyn PointSink> = Rc::downgrade(&(stage.clone() as Rc<dyn PointSink>));
        let outer = ctx.driver().points.replace(sink);
        let mask = self.mask();
        list.iter().for_each(|index| stage.call_hook(*index, hook, mask, ctx));
        *ctx.driver().points = outer;
        let lent = self.take_back(&stage);
        fired.interrupted |= lent.fired.interrupted;
        fired.stop = fired.stop.take().or(lent.fired.stop);
        lent.lost
    }

    fn lend(&mut self) -> Rc<Stage> {
        Rc::new(Stage(RefCell::new(Lent {
            slots: std::mem::take(&mut self.slots),
            points: std::mem::take(&mut self.points),
            conflicts: std::mem::take(&mut self.conflicts),
            witness: self.witness,
            calling: Vec::new(),
            fired: Fired::default(),
            lost: false,
            nested: 0,
        })))
    }

    fn take_back(&mut self, stage: &Stage) -> Lent {
        let empty = Lent {
            slots: Vec::new(),
            points: Points::default(),
            conflicts: Conflicts::default(),
            witness: self.witness,
            calling: Vec::new(),
            fired: Fired::default(),
            lost: false,
            nested: 0,
        };
        let mut lent = stage.0.replace(empty);
        self.slots = std::mem::take(&mut lent.slots);
        self.points = std::mem::take(&mut lent.points);
        self.conflicts = std::mem::take(&mut lent.conflicts);
        if lent.lost {
            self.rebuild();
            self.tell_quarantined();
        }
        lent
    }
}

impl Stage {
    /// One plugin at one hook, as the plain dispatch does it, but with the plugin out of its slot.
    fn call_hook(&self, index: usize, hook: Hook, mask: u64, ctx: &mut Context) {
        let Some((mut plugin, begun)) = self.begin_hook(index, hook, mask, ctx) else { return };
        let clock = Instant::now();
        let result = guarded(|| plugin.call(hook, ctx)).flatten();
        let took = nanoseconds(clock);
        let lent = &mut *self.0.borrow_mut();
        lent.end(index, plugin);
        let nested = std::mem::take(&mut lent.nested);
        let slot = &mut lent.slots[index];
        slot.account(hook, begun, took, nested, ctx);
        match result {
            Ok(()) => slot.tallies[hook as usize].in_a_row = 0,
            Err(error) => lent.lost |= failed(slot, Part::Hook, hook, ctx, error, &mut lent.fired, None),
        }
        if ctx.working.is_written() {
            lent.conflicts.note(lent.slots[index].name(), ctx);
        }
    }

    fn begin_hook(
        &self,
        index: usize,
        hook: Hook,
        mask: u64,
        ctx: &mut Context,
    ) -> Option<(Box<dyn Plugin>, Option<Instant>)> {
        let lent = &mut *self.0.borrow_mut();
        let slot = &mut lent.slots[index];
        if slot.filtered {
            match crate::dispatch::passes(slot, hook, ctx) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    lent.lost |= failed(slot, Part::When, hook, ctx, error, &mut lent.fired, None);
                    return None;
                }
            }
        }
        let begun = slot.enter(hook, mask);
        Some((lent.begin(index), begun))
    }

    /// Calls the plugins of a point in order.
    fn serve(&self, point: &str, ctx: &mut Context, data: Value, by: &str) -> Result<Value, PluginError> {
        let (name, plugins) = self.plan(point, ctx)?;
        let before = data.clone();
        let mut data = data;
        let begun = Instant::now();
        let so_far = std::mem::take(&mut self.0.borrow_mut().nested);
        let mut calls = Vec::with_capacity(plugins.len());
        for index in plugins {
            calls.extend(self.call_point(index, &name, ctx, &mut data)?);
        }
        // What the others took is not the time of the plugin that fired.
        self.0.borrow_mut().nested = so_far + nanoseconds(begun);
        let changed = changes(&before, &data);
        ctx.driver().fired.push(PointFired { point: point.to_owned(), by: by.to_owned(), calls, changed });
        Ok(data)
    }

    /// The plugins to call; writes of the plugin that fires are its own before others write.
    fn plan(&self, point: &str, ctx: &mut Context) -> Result<(Rc<str>, Vec<usize>), PluginError> {
        let busy = || PluginError::invalid(format!("the point `{point}` cannot be fired from a condition"));
        let lent = &mut *self.0.try_borrow_mut().map_err(|_| busy())?;
        let bound = lent.points.find(point)?;
        let is_busy = |index: &&usize| lent.calling.contains(index) || lent.slots[**index].state == State::Executing;
        if let Some(index) = bound.plugins.iter().find(is_busy) {
            return Err(PluginError::invalid(format!(
                "the point `{point}` cannot be fired here: plugin {} has a function for it and is being called just now, \
                 and no plugin is called while it is being called; let another plugin answer the point",
                lent.slots[*index].name()
            )));
        }
        let plan = (bound.name.clone(), bound.plugins.clone());
        if let Some(firing) = lent.calling.last().filter(|_| ctx.working.is_written()) {
            lent.conflicts.note(lent.slots[*firing].name(), ctx);
        }
        Ok(plan)
    }

    /// One plugin at one point; nothing when its filters or condition kept it out.
    fn call_point(
        &self,
        index: usize,
        point: &Rc<str>,
        ctx: &mut Context,
        data: &mut Value,
    ) -> Result<Option<PointCall>, PluginError> {
        let begun = Instant::now();
        let mut plugin = {
            let lent = &mut *self.0.borrow_mut();
            let slot = &mut lent.slots[index];
            // One that was put in quarantine a moment ago.
            if slot.state != State::Active {
                return Ok(None);
            }
            match passes_point(slot, point, ctx) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    let hook = ctx.hook;
                    lent.lost |= failed(slot, Part::When, hook, ctx, error, &mut lent.fired, None);
                    return Ok(None);
                }
            }
            slot.watch.points.entry(point.clone()).or_default().calls += 1;
            lent.begin(index)
        };
        let given = data.clone();
        let result = guarded(|| plugin.call_point(point, ctx, data)).flatten();
        let lent = &mut *self.0.borrow_mut();
        lent.end(index, plugin);
        let took = nanoseconds(begun).saturating_sub(std::mem::take(&mut lent.nested));
        let slot = &mut lent.slots[index];
        slot.account_point(point, took, ctx);
        let mut call = PointCall { plugin: slot.name().to_owned(), seconds: took as f64 * 1e-9, failure: None };
        match result {
            Ok(()) => slot.watch.points.entry(point.clone()).or_default().in_a_row = 0,
            Err(PluginError::Interrupted) => {
                lent.fired.interrupted = true;
                return Err(PluginError::Interrupted);
            }
            Err(error) => {
                call.failure = Some(error.to_string());
                let (part, hook) = (Part::Point(point.to_string()), ctx.hook);
                lent.lost |= failed(slot, part, hook, ctx, error, &mut lent.fired, Some(&given));
                *data = given;
            }
        }
        if ctx.working.is_written() {
            lent.conflicts.note(lent.slots[index].name(), ctx);
        }
        Ok(Some(call))
    }
}

impl PointSink for Stage {
    fn fire(&self, point: &str, ctx: &mut Context, data: Value) -> Result<Value, PluginError> {
        let by = self
            .0
            .try_borrow()
            .ok()
            .and_then(|lent| lent.calling.last().map(|index| lent.slots[*index].name().to_owned()));
        self.serve(point, ctx, data, &by.unwrap_or_else(|| "a condition".to_owned()))
    }
}

impl Lent {
    fn begin(&mut self, index: usize) -> Box<dyn Plugin> {
        self.calling.push(index);
        let slot = &mut self.slots[index];
        self.witness.enter(slot.number);
        std::mem::replace(&mut slot.plugin, Box::new(Called))
    }

    fn end(&mut self, index: usize, plugin: Box<dyn Plugin>) {
        self.slots[index].plugin = plugin;
        self.calling.pop();
        match self.calling.last() {
            Some(outer) => self.witness.enter(self.slots[*outer].number),
            None => self.witness.leave(),
        }
    }
}

impl Plugin for Called {
    fn metadata(&self) -> Metadata {
        Metadata::default()
    }
    fn verbs(&self) -> Vec<Verb> {
        Vec::new()
    }
}

fn check(point: &Point) -> Result<(), ManagerError> {
    let name = point.name.as_str();
    let mut letters = name.chars();
    let is_identifier = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let why = if !is_identifier {
        "plugins answer it by a function of that name, so it takes letters, digits and `_`"
    } else if Hook::from_name(name).is_some() {
        "it is a hook of the training lifecycle, which the run fires itself"
    } else if Verb::from_name(name).is_some() {
        "it is a verb, which plugins are asked for by name"
    } else if KEPT.iter().any(|prefix| name.starts_with(prefix)) {
        "names that begin like those of hooks and transforms are kept for them, so that a misspelt one is noticed"
    } else {
        return Ok(());
    };
    Err(ManagerError::BadPoint { name: name.to_owned(), why: why.to_owned() })
}

/// What became of the data, entry by entry: `name: before → after`.
fn changes(before: &Value, after: &Value) -> Vec<String> {
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), described);
    let (Value::Map(old), Value::Map(new)) = (before, after) else {
        let (old, new) = (described(before), described(after));
        return if old == new { Vec::new() } else { vec![format!("{old} → {new}")] };
    };
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    let pairs = names.map(|name| (name, shown(old.get(name)), shown(new.get(name))));
    pairs.filter(|(_, old, new)| old != new).map(|(name, old, new)| format!("{name}: {old} → {new}")).collect()
}

/// A value in a few words. Tensors are told apart by their number.
fn described(value: &Value) -> String {
    const MOST: usize = 60;
    let text = match value {
        Value::Tensor(tensor) => format!("a tensor {:?} number {:?}", tensor.dims(), tensor.id()),
        other => other.json().to_string(),
    };
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}
