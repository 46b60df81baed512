//! The comms that the worker has opened, and the newest state of its widgets.
//!
//! Owns the table. Must not know Jupyter's sockets or what a widget shows. Read [`Comms`] first. The kernel process
//! keeps the states because a page that is loaded again asks for them, and the worker may be busy for hours.

use candlewick_link::{Bundle, Comm, CommWhat};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The target of widgets' comms.
pub const WIDGET: &str = "jupyter.widget";
/// The target on which a front end asks for the states of all widgets.
pub const WIDGET_CONTROL: &str = "jupyter.widget.control";
/// The MIME type of a widget's view.
const VIEW: &str = "application/vnd.jupyter.widget-view+json";

/// The open comms. Cheap to copy.
#[derive(Clone, Default)]
pub struct Comms(Arc<Mutex<Vec<Open>>>);

struct Open {
    id: String,
    target: String,
    /// Of a widget: its traits, as it sent them last.
    state: Map<String, Value>,
    /// Of a widget: its newest view's display, and what else that display holds.
    view: Option<(String, Bundle)>,
}

/// A comm that was closed because its worker has gone.
pub struct Closed {
    /// Its id.
    pub id: String,
    /// Of a widget in view: the display, and the picture that takes the widget's place there. Front ends take a closed
    /// widget out of the page, and what the user saw with it.
    pub picture: Option<(String, Bundle)>,
}

impl Comms {
    /// Notes a message that the worker sends.
    pub fn note(&self, comm: &Comm) {
        match &comm.what {
            CommWhat::Open { target } => {
                self.close(&comm.id);
                let state = state_of(&comm.data);
                self.open().push(Open { id: comm.id.clone(), target: target.clone(), state, view: None });
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

    /// Notes something that the worker shows: where a widget is in view, or that it is no longer.
    pub fn note_display(&self, bundle: &Bundle, display_id: Option<&str>) {
        let Some(display_id) = display_id else { return };
        let model = bundle.data.get(VIEW).and_then(|view| view["model_id"].as_str());
        for open in self.open().iter_mut() {
            if model == Some(&open.id) {
                let mut rest = bundle.clone();
                rest.data.shift_remove(VIEW);
                open.view = Some((display_id.to_owned(), rest));
            } else if open.view.as_ref().is_some_and(|(id, _)| id == display_id) {
                open.view = None;
            }
        }
    }

    /// Forgets a comm that a client has closed.
    pub fn close(&self, id: &str) {
        self.open().retain(|open| open.id != id);
    }

    /// Forgets all; what is left of them.
    pub fn close_all(&self) -> Vec<Closed> {
        self.open().drain(..).map(Open::closed).collect()
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

impl Open {
    /// A widget whose state has a drawing under `svg` leaves it as its picture.
    fn closed(self) -> Closed {
        let drawing = self.state.get("svg").and_then(Value::as_str).filter(|svg| !svg.is_empty());
        let picture = self.view.map(|(display, mut bundle)| {
            if let Some(svg) = drawing {
                // Front ends would show it first, and it is from before the drawing.
                bundle.data.shift_remove("text/html");
                bundle = bundle.with("image/svg+xml", svg);
            }
            (display, bundle)
        });
        Closed { id: self.id, picture }
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
        assert_eq!(comms.close_all().iter().map(|closed| closed.id.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(comms.list(None).is_empty());
    }

    #[test]
    fn a_widget_in_view_leaves_a_picture() {
        let check = |svg: &str, later: Option<Bundle>, expect: Option<Bundle>| {
            let comms = Comms::default();
            let data = json!({"state": {"svg": svg}});
            comms.note(&comm("a", CommWhat::Open { target: WIDGET.into() }, data));
            let mut shown = Bundle::text("run 1").with("text/html", "<b>");
            shown.data.insert(VIEW.into(), json!({"model_id": "a"}));
            comms.note_display(&shown, Some("d"));
            comms.note_display(&Bundle::text("other"), Some("e"));
            if let Some(later) = later {
                comms.note_display(&later, Some("d"));
            }
            let picture = comms.close_all().remove(0).picture;
            assert_eq!(picture, expect.map(|bundle| ("d".to_owned(), bundle)));
        };
        check("<svg/>", None, Some(Bundle::text("run 1").with("image/svg+xml", "<svg/>")));
        check("", None, Some(Bundle::text("run 1").with("text/html", "<b>")));
        check("<svg/>", Some(Bundle::text("frozen")), None);
    }
}
