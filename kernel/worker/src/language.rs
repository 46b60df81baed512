//! The language engine: built once per worker, with the surface, the limits and the callbacks.
//!
//! Must not know cells. Read [`engine`] first.

use crate::calls::Calls;
use crate::problem::Fault;
use crate::session::Session;
use crate::surface;
use candlewick_engine::interrupt;
use candlewick_link::StreamName;
use rhai::module_resolvers::FileModuleResolver;
use rhai::{
    Array, Blob, Dynamic, Engine, EvalAltResult, EvalContext, ImmutableString, Module, ModuleResolver,
    NativeCallContext, Position, Shared,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// Calls nested deeper than this are an error. Each takes up to some kilobytes of the engine thread's stack.
const CALLS: usize = 2_000;
/// Expressions nested deeper than this are a syntax error.
const EXPRESSIONS: usize = 256;
/// Elements that one call may add to an array.
const ELEMENTS: i64 = 16 << 20;
/// Bytes or characters that one call may make.
const BYTES: i64 = 256 << 20;

/// A plugin's own constants, which its functions see.
#[derive(Clone, Debug)]
pub struct Constants(pub Rc<BTreeMap<ImmutableString, Dynamic>>);

/// What Rhai itself keeps script plugins within; 0 means that somebody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confines {
    /// Calls of functions within each other.
    pub call_depth: usize,
    /// Bytes of a string.
    pub string_bytes: usize,
    /// Elements of an array.
    pub array_items: usize,
    /// Entries of a map.
    pub map_entries: usize,
}

/// An engine for cells, with everything that cells and script plugins may use.
pub fn engine(session: &Session) -> Engine {
    let mut engine = base(session);
    engine.set_max_call_levels(CALLS);
    let room = session.room.clone();
    engine.on_progress(move |_| match interrupt::requested() {
        true => Some(Dynamic::UNIT),
        false => room.shortage().map(Dynamic::from),
    });
    #[allow(deprecated)] // Rhai's mark for an interface that may still change
    engine.on_var(|name, index, context| Ok(if index > 0 { None } else { constant(name, &context) }));
    engine
}

/// An engine for script plugins: the same, but what is called is watched by [`Calls`](crate::calls::Calls).
pub fn plugin_engine(session: &Session, confines: Confines) -> Engine {
    let mut engine = base(session);
    engine
        .set_max_call_levels(confines.call_depth.min(CALLS))
        .set_max_string_size(confines.string_bytes)
        .set_max_array_size(confines.array_items)
        .set_max_map_size(confines.map_entries);
    let (room, calls) = (session.room.clone(), session.calls.clone());
    engine.on_progress(move |_| match interrupt::requested() {
        true => Some(Dynamic::UNIT),
        false => calls.pass(|| room.shortage()),
    });
    let calls = session.calls.clone();
    #[allow(deprecated)] // Rhai's mark for an interface that may still change
    engine.on_var(move |name, index, context| {
        calls.look(context.scope(), context.this_ptr())?;
        Ok(if index > 0 { None } else { constant(name, &context) })
    });
    engine.set_module_resolver(Gate { calls: session.calls.clone(), files: FileModuleResolver::new() });
    engine
}

/// Loads imported scripts for whoever may read them.
struct Gate {
    calls: Rc<Calls>,
    files: FileModuleResolver,
}

impl ModuleResolver for Gate {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        at: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        // Where the resolver below looks: beside the file that imports.
        let file = self.files.get_file_path(path, source.and_then(|source| Path::new(source).parent()));
        self.calls.may_read(file).map_err(|mut error| {
            error.set_position(at);
            error
        })?;
        self.files.resolve(engine, source, path, at)
    }
}

/// What cells and script plugins have in common.
fn base(session: &Session) -> Engine {
    let mut engine = Engine::new();
    engine.set_max_expr_depths(EXPRESSIONS, EXPRESSIONS);
    limit_sizes(&mut engine);
    let (printed, debugged) = (session.outbox.clone(), session.outbox.clone());
    engine.on_print(move |text| printed.print(StreamName::Stdout, &format!("{text}\n")));
    engine.on_debug(move |text, source, at| {
        let place = [source.map(str::to_owned), at.line().map(|line| format!("line {line}"))];
        let place = place.into_iter().flatten().collect::<Vec<_>>().join(", ");
        debugged.print(StreamName::Stderr, &format!("{place}: {text}\n"));
    });
    // Rhai's own would hold the thread, whatever the user or a limit says.
    let (whole, parts) = (session.calls.clone(), session.calls.clone());
    engine.register_fn("sleep", move |call: NativeCallContext, seconds: i64| {
        whole.sleep(seconds as f64, call.call_position())
    });
    engine
        .register_fn("sleep", move |call: NativeCallContext, seconds: f64| parts.sleep(seconds, call.call_position()));
    engine.register_type_with_name::<Fault>("error");
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |fault: &mut Fault| format!("{}: {}", fault.name, fault.message));
    }
    engine.register_get("name", |fault: &mut Fault| fault.name.to_owned());
    engine.register_get("message", |fault: &mut Fault| fault.message.clone());
    surface::bind(&mut engine, session);
    session.callables.tell(&mut engine);
    engine
}

/// Refuses what would fill the memory in one call. Rhai's own size limits count an array's elements at every operation
/// on it, so that a loop of `push` takes quadratic time.
fn limit_sizes(engine: &mut Engine) {
    engine.register_fn("pad", |array: &mut Array, count: i64, item: Dynamic| {
        within("an array", count, ELEMENTS)?;
        let count = usize::try_from(count).unwrap_or(0);
        array.resize(count.max(array.len()), item);
        Ok::<_, Box<EvalAltResult>>(())
    });
    engine.register_fn("pad", |blob: &mut Blob, count: i64, byte: i64| {
        within("a blob", count, BYTES)?;
        let count = usize::try_from(count).unwrap_or(0);
        blob.resize(count.max(blob.len()), byte as u8);
        Ok::<_, Box<EvalAltResult>>(())
    });
    engine.register_fn("blob", |count: i64| blob(count, 0));
    engine.register_fn("blob", blob);
    engine.register_fn("pad", |text: &mut ImmutableString, count: i64, with: char| pad(text, count, &with.to_string()));
    engine.register_fn("pad", |text: &mut ImmutableString, count: i64, with: &str| pad(text, count, with));
}

fn blob(count: i64, byte: i64) -> Result<Blob, Box<EvalAltResult>> {
    within("a blob", count, BYTES)?;
    Ok(vec![byte as u8; usize::try_from(count).unwrap_or(0)])
}

fn pad(text: &mut ImmutableString, count: i64, with: &str) -> Result<(), Box<EvalAltResult>> {
    within("a string", count, BYTES)?;
    let missing = usize::try_from(count).unwrap_or(0).saturating_sub(text.chars().count());
    *text = text.chars().chain(with.chars().cycle().take(missing)).collect::<String>().into();
    Ok(())
}

fn within(what: &str, count: i64, limit: i64) -> Result<(), Box<EvalAltResult>> {
    if count <= limit {
        return Ok(());
    }
    Err(Fault::error("LimitError", format!("{what} of {count} elements was asked for; one call makes {limit} at most")))
}

/// Rhai's own functions: name, type of the first parameter as users name types, signature.
pub fn standard(engine: &Engine) -> Vec<(String, String, String)> {
    let mut functions: Vec<_> =
        engine.gen_fn_signatures(true).into_iter().filter_map(|signature| split(&signature)).collect();
    functions.sort();
    functions.dedup();
    functions
}

fn split(signature: &str) -> Option<(String, String, String)> {
    let (name, rest) = signature.split_once('(')?;
    let name = name.rsplit(' ').next()?;
    let first = rest.split([',', ')']).next()?.split_once(':').map_or("", |(_, kind)| kind.trim());
    let first = first.trim_start_matches("&mut ").trim();
    let first = first.strip_suffix("<_>").unwrap_or(first).to_lowercase();
    rhai::is_valid_identifier(name).then(|| (name.to_owned(), first, signature.to_owned()))
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
