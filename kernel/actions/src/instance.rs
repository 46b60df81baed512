//! An instance of a model: a value that one action at a time may change. Read [`Instance`] first.

use crate::{ActionError, ModelStore};
use candlewick_plugin_api::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A handle on an instance; a clone is the same instance. Every instance has its lock, wherever it came from.
#[derive(Clone)]
pub struct Instance(Rc<Inner>);

struct Inner {
    id: u64,
    model_type: String,
    value: RefCell<Value>,
    busy: Cell<Option<(u64, &'static str)>>,
    home: RefCell<Option<(ModelStore, String)>>,
}

/// Held while an action works on an instance.
pub(crate) struct Lock<'a>(&'a Instance);

impl Instance {
    pub(crate) fn new(id: u64, model_type: &str, value: Value) -> Self {
        let (value, busy, home) = (RefCell::new(value), Cell::new(None), RefCell::default());
        Self(Rc::new(Inner { id, model_type: model_type.to_owned(), value, busy, home }))
    }

    /// Its number in this session, from 1.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Its model type.
    pub fn model_type(&self) -> &str {
        &self.0.model_type
    }

    /// What the plugin made of it last.
    pub fn value(&self) -> Value {
        self.0.value.borrow().clone()
    }

    /// The action it is busy with.
    pub fn busy(&self) -> Option<u64> {
        self.0.busy.get().map(|(action, _)| action)
    }

    /// The store it belongs to, and its name there; a fit is stored then.
    pub fn home(&self) -> Option<(ModelStore, String)> {
        self.0.home.borrow().clone()
    }

    pub(crate) fn settle(&self, store: &ModelStore, name: &str) {
        *self.0.home.borrow_mut() = Some((store.clone(), name.to_owned()));
    }

    pub(crate) fn set(&self, value: Value) {
        *self.0.value.borrow_mut() = value;
    }

    pub(crate) fn lock(&self, action: u64, verb: &'static str) -> Result<Lock<'_>, ActionError> {
        if let Some((action, verb)) = self.0.busy.get() {
            let key = self.0.model_type.clone();
            return Err(ActionError::Busy { instance: self.0.id, key, action, verb });
        }
        self.0.busy.set(Some((action, verb)));
        Ok(Lock(self))
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.0.0.busy.set(None);
    }
}
