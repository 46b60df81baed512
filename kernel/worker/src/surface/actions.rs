//! Actions as values: what entry points were asked for, how far they are, what they report.
//!
//! Must not know how actions are carried out, nor instances. Read [`BUILTINS`] first.

use super::arguments::{Answer, place};
use super::{Builtin, Kind, interrupted};
use crate::actions::shown;
use crate::problem::Fault;
use crate::script::{from_json, tell};
use crate::show::{Show, Shows};
use candlewick_actions::{Action, ActionError, Actions};
use candlewick_display::{self as display, number};
use candlewick_plugin_api::PluginError;
use candlewick_plugin_manager::ManagerError;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};
use std::rc::Rc;
use std::time::UNIX_EPOCH;

/// The name of [`ActionHandle`] for users.
const ACTION: &str = "action";
/// The name of [`ActionList`] for users.
const ACTIONS: &str = "actions";
/// Characters of arguments in a table.
const LONGEST: usize = 60;

/// An action, by its number; what it was is kept in case it is forgotten.
#[derive(Clone)]
struct ActionHandle(Rc<Action>, Actions);

/// The actions at one moment.
#[derive(Clone)]
struct ActionList(Vec<Rc<Action>>, Actions);

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "report",
        "report(#{ progress: share, … }) or report(percent)",
        "inside an entry point: tells the state of the running action, which shows as a bar; \
         a percentage is told when it has grown by one",
        "report(#{ progress: 0.4, loss: 0.1 });",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("report", move |state: Dynamic| -> Answer<()> {
                tell(&actions.report().map_err(refused)?, &state)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "actions",
        "actions() -> actions",
        "what entry points were asked for: those that run, and the newest 1,000 that have ended",
        "actions()",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("actions", move || ActionList(actions.list(), actions.clone()));
        },
    ),
    Builtin::new(
        Kind::Property(ACTIONS),
        "len",
        "len -> integer",
        "how many there are; actions()[-1] is the newest",
        "actions().len",
        |engine, _| {
            engine.register_get("len", |list: &mut ActionList| list.0.len() as i64);
            engine.register_fn("len", |list: &mut ActionList| list.0.len() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(ACTIONS),
        "values",
        "values -> array",
        "each action as a map",
        "actions().values",
        |engine, _| {
            engine.register_get("values", |list: &mut ActionList| -> Array {
                list.0.iter().map(|action| Dynamic::from_map(fields(action))).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Method(ACTION),
        "cancel",
        "cancel() -> bool",
        "asks an action that runs to end, for hooks and callbacks; false when it did not run",
        "actions()[-1].cancel()",
        |engine, _| {
            engine.register_fn("cancel", |action: &mut ActionHandle| action.1.cancel(action.0.id));
        },
    ),
    property("id", "id -> integer", "its number in this session", "actions()[-1].id"),
    property(
        "parent",
        "parent -> integer",
        "the action for which or inside which it was begun, or ()",
        "actions()[-1].parent",
    ),
    property("verb", "verb -> string", "the entry point", "actions()[-1].verb"),
    property("key", "key -> string", "the model type, or the name of data", "actions()[-1].key"),
    property(
        "instance",
        "instance -> integer",
        "the number of the instance it works on, or ()",
        "actions()[-1].instance",
    ),
    property("arguments", "arguments -> string", "its arguments as text", "actions()[-1].arguments"),
    property(
        "progress",
        "progress -> string",
        "accessing data, executing, storing, complete, failed or cancelled",
        "actions()[-1].progress",
    ),
    property("state", "state -> map", "what the plugin reported last, or ()", "actions()[-1].state"),
    property("reports", "reports -> integer", "how many times the plugin has reported", "actions()[-1].reports"),
    property(
        "cause",
        "cause -> map",
        "why it failed: message, plugin, line, column; () when it did not",
        "actions()[-1].cause",
    ),
    property("started", "started -> number", "when it began, in seconds since 1970", "actions()[-1].started"),
    property("seconds", "seconds -> number", "the seconds it took, or takes so far", "actions()[-1].seconds"),
];

/// An entry for a property of an action; [`types`] binds them all, from the same fields as `values` has.
const fn property(name: &'static str, signature: &'static str, doc: &'static str, example: &'static str) -> Builtin {
    Builtin::new(Kind::Property(ACTION), name, signature, doc, example, |_, _| {})
}

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<ActionHandle>(ACTION).register_type_with_name::<ActionList>(ACTIONS);
    for builtin in BUILTINS.iter().filter(|builtin| builtin.kind == Kind::Property(ACTION)) {
        let name = builtin.name;
        engine.register_get(name, move |action: &mut ActionHandle| {
            let now = action.1.find(action.0.id).unwrap_or_else(|| action.0.clone());
            fields(&now).remove(name).unwrap_or_default()
        });
    }
    engine.register_indexer_get(|list: &mut ActionList, index: i64| -> Answer<ActionHandle> {
        let found = place(index, list.0.len()).map(|place| ActionHandle(list.0[place].clone(), list.1.clone()));
        let short = || Fault::error("IndexError", format!("there is no action {index}; there are {}", list.0.len()));
        found.ok_or_else(short)
    });
    engine.register_iterator::<ActionList>();
}

/// Makes actions show.
pub fn shows(shows: &mut Shows) {
    shows.add::<ActionHandle>();
    shows.add::<ActionList>();
}

impl IntoIterator for ActionList {
    type Item = ActionHandle;
    type IntoIter = std::vec::IntoIter<ActionHandle>;

    fn into_iter(self) -> Self::IntoIter {
        let Self(list, actions) = self;
        let handles: Vec<_> = list.into_iter().map(|action| ActionHandle(action, actions.clone())).collect();
        handles.into_iter()
    }
}

impl Show for ActionHandle {
    fn bundle(&self) -> display::Bundle {
        let now = self.1.find(self.0.id).unwrap_or_else(|| self.0.clone());
        table(std::slice::from_ref(&now)).bundle()
    }
}

impl Show for ActionList {
    fn bundle(&self) -> display::Bundle {
        if self.0.is_empty() {
            return display::Bundle::new("no actions yet");
        }
        table(&self.0).bundle()
    }
}

/// An error of actions as users see it.
pub fn refused(error: ActionError) -> Box<EvalAltResult> {
    let name = match &error {
        ActionError::Interrupted => return interrupted(),
        ActionError::Manager(ManagerError::Verb { error: PluginError::Interrupted, .. }) => return interrupted(),
        ActionError::Busy { .. } | ActionError::InHook => "BusyError",
        ActionError::NoEntry { .. } | ActionError::NoData { .. } => "NameError",
        ActionError::Manager(_) | ActionError::NotModel { .. } => "PluginError",
        ActionError::Store(_) | ActionError::NotStored { .. } => "StoreError",
        ActionError::Data { .. } => "DataError",
        ActionError::Cancelled { .. } => "Cancelled",
        _ => "ActionError",
    };
    Fault::error(name, error.to_string())
}

/// What is known of an action, by the names of its properties.
fn fields(action: &Action) -> Map {
    let number = |number: Option<u64>| number.map_or(Dynamic::UNIT, |number| (number as i64).into());
    let cause = action.cause.as_ref().map(|cause| serde_json::to_value(cause).unwrap_or_default());
    let started = action.started.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let fields: [(&str, Dynamic); 12] = [
        ("id", (action.id as i64).into()),
        ("parent", number(action.parent)),
        ("verb", action.verb.into()),
        ("key", action.key.clone().into()),
        ("instance", number(action.instance)),
        ("arguments", action.arguments.clone().into()),
        ("progress", action.progress.name().into()),
        ("state", action.state.as_ref().map_or(Dynamic::UNIT, from_json)),
        ("reports", (action.reports as i64).into()),
        ("cause", cause.as_ref().map_or(Dynamic::UNIT, from_json)),
        ("started", started.into()),
        ("seconds", action.seconds().into()),
    ];
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn table(actions: &[Rc<Action>]) -> display::Listing {
    let heads = [">action", ">for", "verb", "of", ">instance", "arguments", "progress", ">time", "state", "cause"];
    let note = display::counted(actions.len(), "action");
    let listing = display::Listing { note, ..display::Listing::default() };
    listing.table(&heads, actions.iter().map(|action| row(action)).collect())
}

fn row(action: &Action) -> Vec<String> {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let state = |state: &serde_json::Value| {
        let values = shown(state).into_iter().map(|(name, value)| format!("{name} {value}"));
        values.collect::<Vec<_>>().join(", ")
    };
    vec![
        action.id.to_string(),
        number(action.parent),
        action.verb.to_owned(),
        action.key.clone(),
        number(action.instance),
        display::text::cut(&action.arguments, LONGEST),
        action.progress.name().to_owned(),
        number::seconds(action.seconds()),
        action.state.as_ref().map_or_else(String::new, state),
        action.cause.as_ref().map_or_else(String::new, cause),
    ]
}

/// The error's text with its place.
fn cause(cause: &candlewick_actions::Cause) -> String {
    let place = cause.line.map_or(String::new(), |line| format!("line {line}: "));
    format!("{place}{}", cause.message)
}
