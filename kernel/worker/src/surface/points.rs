//! Hook points of one's own, and the replay of a failed call.
//!
//! Must not know how points are served. Read [`BUILTINS`] first.

use super::arguments::{Answer, Options};
use super::closures::carried;
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::runs;
use crate::script::{from_passed, to_passed};
use crate::session::Session;
use candlewick_plugin_api::{Context, Event, PluginError, Point, Value, batch_parts};
use candlewick_plugin_manager::Replay;
use rhai::{Array, Dynamic, Map, NativeCallContext};

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "declare_hook",
        "declare_hook(name) or declare_hook(name, options)",
        "declares a hook point: plugins with a function `fn name(ctx, data)` are called when it is fired; options doc, order; order is \"ascending\" or \"descending\". Like variables, declarations are gone when a worker has died: run their cell again, plugins find them",
        "declare_hook(\"augment\", #{ doc: \"before a batch is used\", order: \"ascending\" })",
        |engine, session| {
            let (plain, with) = (session.clone(), session.clone());
            engine.register_fn("declare_hook", move |name: &str| declare(&plain, name, &Map::new()));
            engine.register_fn("declare_hook", move |name: &str, options: Map| declare(&with, name, &options));
        },
    ),
    Builtin::new(
        Kind::Function,
        "fire",
        "fire(name, map) -> map",
        "fires a hook point from a cell: its plugins are called in order, outside of any run; gives the map as they left it",
        "fire(\"augment\", #{ strength: 0.5 })",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("fire", move |call: NativeCallContext, name: &str, data: Map| {
                fire(&session, &call, name, data)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "replay",
        "replay(name) -> map",
        "makes a plugin's newest failed call again, on the same context and state but with the code it has now; the run is not touched",
        "replay(\"watch_loss\")",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("replay", move |name: &str| {
                let replay = session.plugins.try_borrow_mut().map_err(|_| busy())?.replay(name);
                replay.map(outcome).map_err(|error| Fault::error("PluginError", error.to_string()))
            });
        },
    ),
];

fn declare(session: &Session, name: &str, options: &Map) -> Answer<()> {
    let options = Options::new("declare_hook", "option of declare_hook", options, &["doc", "order"])?;
    let descending = match options.text("order")?.as_deref() {
        None | Some("ascending") => false,
        Some("descending") => true,
        Some(other) => {
            let text = format!("order is \"ascending\" or \"descending\"; found \"{other}\"");
            return Err(Fault::error("ValueError", text));
        }
    };
    let point = Point { name: name.to_owned(), doc: options.text("doc")?.unwrap_or_default(), descending };
    let mut plugins = session.plugins.try_borrow_mut().map_err(|_| busy())?;
    plugins.declare(point).map_err(|error| Fault::error("NameError", error.to_string()))
}

fn fire(session: &Session, call: &NativeCallContext, name: &str, data: Map) -> Answer {
    let named = |value: &Dynamic| call.engine().map_type_name(value.type_name()).to_owned();
    let data = to_passed(&carried(call, &data.into()), &named);
    let mut ctx = Context::default();
    let answer = session.plugins.try_borrow_mut().map_err(|_| busy())?.fire_point(name, &mut ctx, data);
    runs::tell(session, ctx.driver().events.drain(..));
    answer.map(|data| from_passed(&data)).map_err(|error| match error {
        PluginError::Interrupted => super::interrupted(),
        other => Fault::error("PointError", other.to_string()),
    })
}

/// What a replay gave, for scripts to look into.
fn outcome(replay: Replay) -> Map {
    let texts = |texts: Vec<String>| Dynamic::from(texts.into_iter().map(Dynamic::from).collect::<Array>());
    let (failure, line) = match &replay.outcome {
        Ok(()) => (Dynamic::UNIT, Dynamic::UNIT),
        Err(error) => {
            let line = if let PluginError::Failed { line: Some(line), .. } = error { *line as i64 } else { 0 };
            (error.to_string().into(), line.into())
        }
    };
    let mut map = Map::new();
    map.insert("place".into(), replay.place.clone().into());
    map.insert("epoch".into(), (replay.epoch as i64).into());
    map.insert("batch".into(), replay.batch.map_or(Dynamic::UNIT, |batch| (batch as i64).into()));
    map.insert("ok".into(), replay.outcome.is_ok().into());
    map.insert("called".into(), replay.called.into());
    map.insert("failure".into(), failure);
    map.insert("line".into(), line);
    map.insert("effects".into(), texts(effects(&replay)));
    map.insert("gave".into(), replay.gave.as_ref().map_or(Dynamic::UNIT, from_passed));
    map
}

/// What the call would have done: values it would have set, what it would have asked, what it said.
pub fn effects(replay: &Replay) -> Vec<String> {
    let changes = replay.changes.iter().map(|own| format!("sets {} from {} to {}", own.value, own.before, own.after));
    let asked = &replay.requests;
    let words = [
        (asked.skip_batch, "asks to skip the batch"),
        (asked.skip_epoch, "asks to skip the epoch"),
        (asked.checkpoint, "asks for a checkpoint"),
        (asked.validation, "asks for a validation"),
    ];
    let asks = words.into_iter().filter(|(asked, _)| *asked).map(|(_, words)| words.to_owned());
    let stop = asked.stop.iter().map(|reason| format!("asks to stop: {reason}"));
    let disable = asked.disable.iter().map(|name| format!("asks to disable {name}"));
    let fired = replay.fired.iter().map(|point| format!("fires the point {point}, where nobody was called"));
    let said = replay.events.iter().filter_map(|event| match event {
        Event::Print(text) | Event::Warning(text) => Some(format!("says: {text}")),
        _ => None,
    });
    let gave = replay.gave.iter().map(|value| format!("gives back {}", briefly(value)));
    changes.chain(asks).chain(stop).chain(disable).chain(fired).chain(said).chain(gave).collect()
}

fn briefly(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Tensor(tensor) => format!("a tensor {:?}", tensor.dims()),
        value => match batch_parts(value) {
            Some((inputs, targets)) => format!("inputs {:?} and targets {:?}", inputs.dims(), targets.dims()),
            None => value.kind().to_owned(),
        },
    }
}

fn busy() -> Box<rhai::EvalAltResult> {
    let why =
        "plugins are being called just now; in a hook write ctx.fire(name, map), and declare or replay from a cell";
    Fault::error("BusyError", why)
}
