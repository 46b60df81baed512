//! A Jupyter widget that the worker owns: its state, and telling clients what of it has changed.
//!
//! The protocol is ipywidgets' message protocol, version 2.1, on comms of target `jupyter.widget`; the front end's half
//! is anywidget, which runs the one ES module in the state. Must not know what the widget shows. Read [`Widget`] first.

use crate::Outbox;
use candlewick_link::{Comm, CommWhat, FromWorker};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// The MIME type of a view of a widget.
pub const VIEW: &str = "application/vnd.jupyter.widget-view+json";
/// Clients are told at most so often, unless at once.
const INTERVAL: Duration = Duration::from_millis(250);
/// What comes a little early counts as due, so that news which comes at the same pace is not told every other time.
const SLACK: Duration = Duration::from_millis(20);
/// Any anywidget whose modules export an object with `render`: 0.9 and newer. The front end looks for the newest it has.
const ANYWIDGET: &str = "0.x";

/// What runs in the front end.
pub struct Module {
    /// A name for its style, so that it is there once for all widgets of a kind.
    pub name: &'static str,
    /// The ES module.
    pub esm: &'static str,
    /// Its style sheet.
    pub css: &'static str,
}

/// A widget that clients know. Dropping it closes its comm.
pub struct Widget {
    outbox: Outbox,
    id: String,
    open: bool,
    known: Map<String, Value>,
    changed: Map<String, Value>,
    /// When clients are to be told next.
    due: Duration,
    clock: Box<dyn Fn() -> Duration>,
}

impl Widget {
    /// A widget with this state, opened under that id.
    pub fn open(outbox: &Outbox, id: &str, module: &Module, state: Map<String, Value>) -> Self {
        let begun = Instant::now();
        Self::with_clock(outbox, id, module, state, move || begun.elapsed())
    }

    /// The same by a clock of the caller's; its zero does not matter.
    pub fn with_clock(
        outbox: &Outbox,
        id: &str,
        module: &Module,
        state: Map<String, Value>,
        clock: impl Fn() -> Duration + 'static,
    ) -> Self {
        let due = clock() + INTERVAL;
        let widget = Self {
            outbox: outbox.clone(),
            id: id.to_owned(),
            open: true,
            known: state.clone(),
            changed: Map::new(),
            due,
            clock: Box::new(clock),
        };
        let mut whole = json!({
            "_model_module": "anywidget", "_model_module_version": ANYWIDGET, "_model_name": "AnyModel",
            "_view_module": "anywidget", "_view_module_version": ANYWIDGET, "_view_name": "AnyView",
            "_anywidget_id": module.name, "_esm": module.esm, "_css": module.css,
        });
        if let Some(whole) = whole.as_object_mut() {
            whole.extend(state);
        }
        let open = CommWhat::Open { target: "jupyter.widget".to_owned() };
        widget.send(open, json!({ "state": whole, "buffer_paths": [] }));
        widget
    }

    /// What a display's [`VIEW`] holds to show this widget.
    pub fn view(&self) -> Value {
        json!({ "model_id": self.id, "version_major": 2, "version_minor": 0 })
    }

    /// Whether enough time has gone by since clients were told anything.
    pub fn is_due(&self) -> bool {
        (self.clock)() + SLACK >= self.due
    }

    /// Changes the state; [`Self::tell`] says so.
    pub fn set(&mut self, state: Map<String, Value>) {
        for (key, value) in state {
            if self.known.get(&key) == Some(&value) {
                self.changed.remove(&key);
            } else {
                self.changed.insert(key, value);
            }
        }
    }

    /// Tells clients what has changed, if anything has.
    pub fn tell(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        self.due = (self.due + INTERVAL).max((self.clock)() + INTERVAL - SLACK);
        let changed = std::mem::take(&mut self.changed);
        self.known.extend(changed.clone());
        self.send(CommWhat::Message, json!({ "method": "update", "state": changed, "buffer_paths": [] }));
    }

    /// Goes away without a word, because a client has closed it.
    pub fn closed_by_client(mut self) {
        self.open = false;
    }

    fn send(&self, what: CommWhat, data: Value) {
        self.outbox.send(FromWorker::Comm(Comm { id: self.id.clone(), what, data }));
    }
}

impl Drop for Widget {
    fn drop(&mut self) {
        if self.open {
            self.send(CommWhat::Close, json!({}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::{Arc, Mutex};

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn clients_are_told_four_times_a_second_of_what_changes_all_the_time() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let module = Module { name: "test", esm: "", css: "" };
        let time = Rc::new(Cell::new(Duration::ZERO));
        let clock = time.clone();
        let mut widget = Widget::with_clock(&Outbox::new(sent.clone()), "id", &module, Map::new(), move || clock.get());
        let mut told = |pace: u64| {
            let before = sent.lock().unwrap().len();
            for n in 0..(10_000 / pace) {
                time.set(time.get() + Duration::from_millis(pace));
                widget.set(map(json!({ "n": n, "pace": pace })));
                if widget.is_due() {
                    widget.tell();
                }
            }
            sent.lock().unwrap().len() - before
        };
        assert_eq!([told(1), told(10), told(250), told(1000)], [40, 40, 40, 10]);
    }

    #[test]
    fn clients_are_told_what_changed_and_no_more() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let module = Module { name: "test", esm: "export default {}", css: "" };
        let time = Rc::new(Cell::new(Duration::ZERO));
        let clock = time.clone();
        let state = map(json!({ "a": 1, "b": "x" }));
        let mut widget = Widget::with_clock(&Outbox::new(sent.clone()), "id", &module, state, move || clock.get());
        assert!(!widget.is_due());
        time.set(Duration::from_millis(250));
        assert!(widget.is_due());
        widget.set(map(json!({ "a": 2, "b": "x" })));
        widget.tell();
        widget.tell();
        assert!(!widget.is_due());
        widget.set(map(json!({ "a": 3 })));
        widget.set(map(json!({ "a": 2 })));
        widget.tell();
        drop(widget);
        let comms = std::mem::take(&mut *sent.lock().unwrap()).into_iter().map(|message| match message {
            FromWorker::Comm(Comm { id, what, data }) if id == "id" => (what, data),
            other => panic!("{other:?}"),
        });
        let comms: Vec<_> = comms.collect();
        assert_eq!(comms[0].0, CommWhat::Open { target: "jupyter.widget".into() });
        assert_eq!((&comms[0].1["state"]["_esm"], &comms[0].1["state"]["a"]), (&json!("export default {}"), &json!(1)));
        let update = json!({ "method": "update", "state": { "a": 2 }, "buffer_paths": [] });
        assert_eq!(comms[1..], [(CommWhat::Message, update), (CommWhat::Close, json!({}))]);
    }
}
