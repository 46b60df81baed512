//! The language engine: built once per worker, with the surface, the limits and the callbacks.
//!
//! Must not know cells. Read [`engine`] first.

use crate::problem::Fault;
use crate::session::Session;
use crate::surface;
use candlewick_engine::interrupt;
use candlewick_link::StreamName;
use rhai::{Dynamic, Engine, EvalContext, ImmutableString};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Calls nested deeper than this are an error. Each takes up to some kilobytes of the engine thread's stack.
const CALLS: usize = 2_000;
/// Expressions nested deeper than this are a syntax error.
const EXPRESSIONS: usize = 256;
/// Elements of one array, entries of one map.
const ELEMENTS: usize = 16 << 20;
/// Bytes of one string.
const BYTES: usize = 256 << 20;

/// A plugin's own constants, which its functions see.
#[derive(Clone, Debug)]
pub struct Constants(pub Rc<BTreeMap<ImmutableString, Dynamic>>);

/// An engine with everything that cells and script plugins may use.
pub fn engine(session: &Session) -> Engine {
    let mut engine = Engine::new();
    engine.set_max_call_levels(CALLS).set_max_expr_depths(EXPRESSIONS, EXPRESSIONS);
    engine.set_max_array_size(ELEMENTS).set_max_map_size(ELEMENTS).set_max_string_size(BYTES);
    let (printed, debugged) = (session.outbox.clone(), session.outbox.clone());
    engine.on_print(move |text| printed.print(StreamName::Stdout, &format!("{text}\n")));
    engine.on_debug(move |text, source, at| {
        let place = [source.map(str::to_owned), at.line().map(|line| format!("line {line}"))];
        let place = place.into_iter().flatten().collect::<Vec<_>>().join(", ");
        debugged.print(StreamName::Stderr, &format!("{place}: {text}\n"));
    });
    engine.on_progress(|_| interrupt::requested().then_some(Dynamic::UNIT));
    #[allow(deprecated)] // Rhai's mark for an interface that may still change
    engine.on_var(|name, index, context| Ok(if index > 0 { None } else { constant(name, &context) }));
    engine.register_type_with_name::<Fault>("error");
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |fault: &mut Fault| format!("{}: {}", fault.name, fault.message));
    }
    engine.register_get("name", |fault: &mut Fault| fault.name.to_owned());
    engine.register_get("message", |fault: &mut Fault| fault.message.clone());
    surface::bind(&mut engine, session);
    engine
}

/// Functions see the constants of their notebook or plugin, and no variables: a name that the function itself does not
/// know is looked up among them.
fn constant(name: &str, context: &EvalContext) -> Option<Dynamic> {
    if context.scope().contains(name) {
        return None;
    }
    let global = context.global_runtime_state();
    if let Some(constants) = global.tag.read_lock::<Constants>() {
        return constants.0.get(name).cloned();
    }
    global.constants.as_ref()?.borrow().get(name).cloned()
}
