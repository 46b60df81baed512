//! The working zone as the context holds it: it notices that it is written, so that two plugins that set the same value
//! at one hook can be named. Must not know plugins. Read [`Zone`] first.

use crate::{Model, PluginError, Working};
use candle_core::Tensor;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// The working zone. It is read and written as [`Working`] is; while it is watched, the first write keeps what it was.
///
/// Nothing is copied as long as nothing is written: one pointer and one flag tell.
#[derive(Clone, Default)]
pub struct Zone {
    /// Boxed, because a context is moved at every call of a script.
    now: Box<Working>,
    watched: bool,
    before: Option<Box<Working>>,
    parameters: Rc<ParameterWrites>,
}

/// One value of the working zone that a plugin has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name, such as `learning_rate` or `extra.seen`.
    pub value: String,
    /// What it was, in a few words.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// Which of the model's parameters were overwritten.
#[derive(Debug, Default)]
struct ParameterWrites {
    any: Cell<bool>,
    names: RefCell<BTreeSet<String>>,
}

/// A model that notes which of its parameters are overwritten.
struct Noted {
    model: Rc<dyn Model>,
    writes: Rc<ParameterWrites>,
}

/// A model whose writes go nowhere else.
struct Overlay {
    model: Rc<dyn Model>,
    written: RefCell<BTreeMap<String, Tensor>>,
}

impl Deref for Zone {
    type Target = Working;
    #[inline]
    fn deref(&self) -> &Working {
        &self.now
    }
}

impl DerefMut for Zone {
    #[inline]
    fn deref_mut(&mut self) -> &mut Working {
        if self.watched && self.before.is_none() {
            self.before = Some(self.now.clone());
        }
        &mut self.now
    }
}

impl From<Working> for Zone {
    fn from(now: Working) -> Self {
        Self { now: Box::new(now), ..Self::default() }
    }
}

/// For the run and the manager.
#[doc(hidden)]
impl Zone {
    /// The model in a form whose writes this zone notices.
    pub fn noted(&self, model: Rc<dyn Model>) -> Rc<dyn Model> {
        Rc::new(Noted { model, writes: self.parameters.clone() })
    }

    /// Notices writes from now on, or no more.
    #[inline]
    pub fn watch(&mut self, watched: bool) {
        self.watched = watched;
    }

    /// Whether it was written since [`Zone::take_changes`] was called last.
    #[inline(always)]
    pub fn is_written(&self) -> bool {
        self.before.is_some() || self.parameters.any.get()
    }

    /// What it was before the first write, when there was one.
    pub fn before(&self) -> &Working {
        self.before.as_deref().unwrap_or(&self.now)
    }

    /// A zone as this one was before its first write, from which nothing leads back: the model's writes go nowhere else.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        let mut zone = Self::from(self.before().clone());
        if let Some(model) = zone.now.model.take() {
            zone.now.model = Some(zone.noted(Rc::new(Overlay { model, written: RefCell::default() })));
        }
        zone.watched = true;
        zone
    }

    /// What was changed since this was called last; a value set to what it was is none.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(before) = self.before.take() {
            numbers(&before, &self.now, &mut changes);
            tensors(&before, &self.now, &mut changes);
            extra(&before, &self.now, &mut changes);
        }
        if self.parameters.any.replace(false) {
            let names = self.parameters.names.take().into_iter().collect::<Vec<_>>().join(", ");
            push(&mut changes, "model", "as trained".to_owned(), format!("{names} overwritten"));
        }
        changes
    }
}

fn push(changes: &mut Vec<Change>, value: &str, before: String, after: String) {
    changes.push(Change { value: value.to_owned(), before, after });
}

fn numbers(before: &Working, now: &Working, changes: &mut Vec<Change>) {
    let shown = |bound: Option<f64>| bound.map_or("none".to_owned(), written);
    let all = |zone: &Working| {
        [
            ("learning_rate", written(zone.learning_rate)),
            ("accumulate", zone.accumulate.to_string()),
            ("clip_norm", shown(zone.clip_norm)),
            ("loss_scale", written(zone.loss_scale)),
            ("batch_size", zone.batch_size.to_string()),
        ]
    };
    for ((name, old), (_, new)) in all(before).into_iter().zip(all(now)) {
        if old != new {
            push(changes, name, old, new);
        }
    }
}

/// Ten significant digits: 0.9 times 0.01 is 0.009, not 0.009000000000000001.
fn written(value: f64) -> String {
    format!("{value:.9e}").parse().unwrap_or(value).to_string()
}

fn tensors(before: &Working, now: &Working, changes: &mut Vec<Change>) {
    let pairs = [
        ("inputs", &before.inputs, &now.inputs),
        ("targets", &before.targets, &now.targets),
        ("predictions", &before.predictions, &now.predictions),
    ];
    for (name, old, new) in pairs {
        if old.as_ref().map(Tensor::id) != new.as_ref().map(Tensor::id) {
            push(changes, name, described(old.as_ref()), described(new.as_ref()));
        }
    }
    if !Rc::ptr_eq(&before.gradients, &now.gradients) {
        let count = |zone: &Working| format!("of {} parameters", zone.gradients.len());
        push(changes, "gradients", count(before), count(now));
    }
    let replaced = match (&before.model, &now.model) {
        (Some(old), Some(new)) => !Rc::ptr_eq(old, new),
        (old, new) => old.is_some() != new.is_some(),
    };
    if replaced {
        push(changes, "model", "the one under training".to_owned(), "another".to_owned());
    }
}

fn extra(before: &Working, now: &Working, changes: &mut Vec<Change>) {
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), |value| short(&value.to_string()));
    let added = now.extra.keys().filter(|key| !before.extra.contains_key(*key));
    for key in before.extra.keys().chain(added) {
        let (old, new) = (before.extra.get(key), now.extra.get(key));
        if old != new {
            push(changes, &format!("extra.{key}"), shown(old), shown(new));
        }
    }
}

fn described(tensor: Option<&Tensor>) -> String {
    tensor.map_or("none".to_owned(), |tensor| format!("a tensor {:?} number {:?}", tensor.dims(), tensor.id()))
}

/// A text that fits into a line.
fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

impl Model for Noted {
    fn parameter_names(&self) -> Vec<String> {
        self.model.parameter_names()
    }
    fn parameter(&self, name: &str) -> Option<Tensor> {
        self.model.parameter(name)
    }
    fn set_parameter(&self, name: &str, value: &Tensor) -> Result<(), PluginError> {
        self.model.set_parameter(name, value)?;
        self.writes.any.set(true);
        self.writes.names.borrow_mut().insert(name.to_owned());
        Ok(())
    }
}

impl Model for Overlay {
    fn parameter_names(&self) -> Vec<String> {
        self.model.parameter_names()
    }
    fn parameter(&self, name: &str) -> Option<Tensor> {
        self.written.borrow().get(name).cloned().or_else(|| self.model.parameter(name))
    }
    fn set_parameter(&self, name: &str, value: &Tensor) -> Result<(), PluginError> {
        let own = self.model.parameter(name);
        let own = own.ok_or_else(|| PluginError::invalid(format!("the model has no parameter `{name}`")))?;
        if (own.dims(), own.dtype()) != (value.dims(), value.dtype()) {
            let (wanted, found) = (own.dims(), value.dims());
            return Err(PluginError::invalid(format!("parameter `{name}` is of shape {wanted:?}; found {found:?}")));
        }
        self.written.borrow_mut().insert(name.to_owned(), value.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_noticed_with_what_was_there_and_a_look_is_not() {
        let mut zone = Zone::from(Working { learning_rate: 0.1, ..Working::default() });
        zone.learning_rate = 0.2;
        assert!(!zone.is_written(), "it is not watched yet");
        zone.watch(true);
        assert_eq!((zone.learning_rate, zone.is_written()), (0.2, false));
        zone.learning_rate = 0.4;
        zone.extra.insert("seen".into(), 3.into());
        assert!(zone.is_written() && zone.before().learning_rate == 0.2);
        let changes: Vec<_> = zone.take_changes().into_iter().map(|own| (own.value, own.before, own.after)).collect();
        let expect = [("learning_rate", "0.2", "0.4"), ("extra.seen", "nothing", "3")];
        assert_eq!(changes, expect.map(|(value, before, after)| (value.into(), before.into(), after.into())));
        zone.accumulate = 0;
        assert_eq!((zone.take_changes(), zone.is_written()), (Vec::new(), false));
    }
}
