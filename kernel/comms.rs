//! The comms that the worker has opened, and the newest state of its widgets.
//!
//! Owns the table. Must not know Jupyter's sockets or what a widget shows. Read [`Comms`] first. The kernel process
//! keeps the states because a page that is loaded again asks for them, and the worker may be busy for hours.

use candlewick_link::{Comm, CommWhat};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The target of widgets' comms.
pub const WIDGET: &str = "jupyter.widget";
/// The target on which a front end asks for the states of all widgets.
pub const WIDGET_CONTROL: &str = "jupyter.widget.control";

/// The open comms. Cheap to copy.
#[derive(Clone, Default)]
pub struct Comms(Arc<Mutex<Vec<Open>>>);

struct Open {
    id: String,
    target: String,
    /// Of a widget: its traits, as it sent them last.
    state: Map<String, Value>,
}

impl Comms {
    /// Notes a message that the worker sends.
    pub fn note(&self, comm: &Comm) {
        match &comm.what {
            CommWhat::Open { target } => {
                self.close(&comm.id);
                let state = state_of(&comm.data);
                self.open().push(Open { id: comm.id.clone(), target: target.clone(), state });
            }
            CommWhat::Message if comm.data["method"] == "update" => {
                if let Some(open) = self.open().iter_mut().find(|open| open.id == comm.id) {
                    open.state.extend(state_of(&comm.data));
                }
            }
            CommWhat::Message => {}
            CommWhat::Close => self.close(&comm.id),
        }
    }

    /// Forgets a comm that a client has closed.
    pub fn close(&self, id: &str) {
        self.open().retain(|open| open.id != id);
    }

    /// Forgets all; their ids.
    pub fn close_all(&self) -> Vec<String> {
        self.open().drain(..).map(|open| open.id).collect()
    }

    /// Whether the worker has opened it.
    pub fn has(&self, id: &str) -> bool {
        self.open().iter().any(|open| open.id == id)
    }

    /// Ids and targets, of one target only when it is given.
    pub fn list(&self, target: Option<&str>) -> Vec<(String, String)> {
        let open = self.open();
        let wanted = open.iter().filter(|open| target.is_none_or(|target| open.target == target));
        wanted.map(|open| (open.id.clone(), open.target.clone())).collect()
    }

    /// The answer to `request_states`: every widget's state, as ipywidgets sends it.
    pub fn states(&self) -> Value {
        let open = self.open();
        let widgets = open.iter().filter(|open| open.target == WIDGET);
        let states: Map<String, Value> = widgets.map(|open| (open.id.clone(), embedded(&open.state))).collect();
        json!({"method": "update_states", "states": states, "buffer_paths": []})
    }

    /// The answer to `request_state` on a widget's own comm.
    pub fn state(&self, id: &str) -> Option<Value> {
        let open = self.open();
        let widget = open.iter().find(|open| open.id == id && open.target == WIDGET)?;
        Some(json!({"method": "update", "state": widget.state, "buffer_paths": []}))
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn state_of(data: &Value) -> Map<String, Value> {
    data["state"].as_object().cloned().unwrap_or_default()
}

/// A widget's state with what the front end makes the model from.
fn embedded(state: &Map<String, Value>) -> Value {
    let of = |name: &str| state.get(name).cloned().unwrap_or_default();
    json!({
        "model_name": of("_model_name"), "model_module": of("_model_module"),
        "model_module_version": of("_model_module_version"), "state": state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comm(id: &str, what: CommWhat, data: Value) -> Comm {
        Comm { id: id.into(), what, data }
    }

    #[test]
    fn the_newest_whole_state_is_kept() {
        let comms = Comms::default();
        let widget = CommWhat::Open { target: WIDGET.into() };
        let state = json!({"_model_name": "AnyModel", "_model_module": "anywidget", "_model_module_version": "~0.9", "n": 1, "m": 2});
        comms.note(&comm("a", widget, json!({"state": state, "buffer_paths": []})));
        comms.note(&comm("b", CommWhat::Open { target: "other".into() }, json!({})));
        comms.note(&comm("a", CommWhat::Message, json!({"method": "update", "state": {"n": 7}})));
        comms.note(&comm("a", CommWhat::Message, json!({"method": "custom", "content": {"n": 9}})));
        let states = comms.states();
        assert_eq!(states["method"], "update_states");
        assert_eq!(states["states"]["a"]["model_name"], "AnyModel");
        assert_eq!(states["states"]["a"]["state"]["n"], 7);
        assert_eq!(states["states"]["a"]["state"]["m"], 2);
        assert!(states["states"].get("b").is_none());
        assert_eq!(comms.state("a").unwrap()["state"]["n"], 7);
        assert_eq!(comms.state("b"), None);
    }

    #[test]
    fn comms_are_listed_by_target_until_closed() {
        let comms = Comms::default();
        for (id, target) in [("a", WIDGET), ("b", "other")] {
            comms.note(&comm(id, CommWhat::Open { target: target.into() }, json!({})));
        }
        assert_eq!(comms.list(None).len(), 2);
        assert_eq!(comms.list(Some(WIDGET)), [("a".to_owned(), WIDGET.to_owned())]);
        comms.note(&comm("a", CommWhat::Close, json!({})));
        assert!(!comms.has("a") && comms.has("b"));
        assert_eq!(comms.close_all(), ["b"]);
        assert!(comms.list(None).is_empty());
    }
}
