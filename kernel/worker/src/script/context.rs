//! `ctx`: what a Rhai hook sees of the context of its call.
//!
//! The engine's context is swapped into a slot for the time of one call, so that nothing is copied and no pointer is
//! kept; a `ctx` of an earlier call finds the slot taken by another and says so. Read [`Slot`] first, then [`Ctx`].

use super::engines::Engines;
use super::optimizer::OptimizerHandle;
use super::values::{from_json, from_passed, to_json, to_passed};
use crate::problem::Fault;
use crate::surface::{Builtin, Kind};
use candle_core::Tensor;
use candlewick_plugin_api::{Context, Fact, Facts, Model, PluginError, Working, nearest};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The name of `ctx`'s type for users.
pub const CONTEXT: &str = "ctx";
const MODEL: &str = "model";

type Answer<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// The place where the context of the running call is.
#[derive(Default)]
pub struct Slot {
    context: RefCell<Context>,
    /// Counts calls; 0 while none runs.
    running: Cell<u64>,
    calls: Cell<u64>,
    /// Where the engines of plugins come from; none where only cells look at contexts.
    engines: Option<Rc<Engines>>,
}

/// A script's handle on the context of one call.
#[derive(Clone)]
pub struct Ctx {
    slot: Rc<Slot>,
    call: u64,
}

/// The model under training, for scripts.
#[derive(Clone)]
struct ModelHandle(Rc<dyn Model>);

impl Slot {
    /// A slot for the calls of plugins.
    pub fn of(engines: Rc<Engines>) -> Self {
        Self { engines: Some(engines), ..Self::default() }
    }

    /// The engines of plugins.
    pub fn engines(&self) -> Option<&Rc<Engines>> {
        self.engines.as_ref()
    }

    /// Lends a context to whatever `call` does with the handle it gets.
    pub fn lend<R>(self: &Rc<Self>, context: &mut Context, call: impl FnOnce(Ctx) -> R) -> R {
        let number = self.calls.get() + 1;
        self.calls.set(number);
        let outer = self.running.replace(number);
        self.swap_with(context);
        // Given back also when native code of the call panics; the manager catches that.
        let _guard = GiveBack { slot: self, context, outer };
        call(Ctx { slot: self.clone(), call: number })
    }

    fn swap_with(&self, context: &mut Context) {
        std::mem::swap(&mut *self.context.borrow_mut(), context);
    }
}

struct GiveBack<'a> {
    slot: &'a Slot,
    context: &'a mut Context,
    outer: u64,
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.slot.swap_with(self.context);
        self.slot.running.set(self.outer);
    }
}

impl Ctx {
    #[inline]
    fn read<T>(&self, read: impl FnOnce(&Context) -> Answer<T>) -> Answer<T> {
        self.check()?;
        read(&self.slot.context.borrow())
    }

    pub(super) fn write<T>(&self, write: impl FnOnce(&mut Context) -> Answer<T>) -> Answer<T> {
        self.check()?;
        write(&mut self.slot.context.borrow_mut())
    }

    fn control(&self, ask: impl FnOnce(&mut Context)) -> Answer<()> {
        self.write(|context| {
            ask(context);
            Ok(())
        })
    }

    /// Fires a hook point. The context leaves its slot meanwhile, because the plugins that are called need the slot too.
    fn fire(&self, engine: &Engine, point: &str, data: Map) -> Answer {
        self.check()?;
        let named = |value: &Dynamic| engine.map_type_name(value.type_name()).to_owned();
        let data = to_passed(&data.into(), &named);
        let mut context = self.slot.context.take();
        let answer = context.fire(point, data);
        self.slot.context.replace(context);
        match answer {
            Ok(data) => Ok(from_passed(&data)),
            Err(PluginError::Interrupted) => Err(crate::surface::interrupted()),
            Err(error) => Err(Fault::error("PointError", error.to_string())),
        }
    }

    #[inline]
    fn check(&self) -> Answer<()> {
        if self.call == self.slot.running.get() { Ok(()) } else { Err(Self::is_over()) }
    }

    #[cold]
    fn is_over() -> Box<EvalAltResult> {
        let text = "this context belongs to a hook call that is over; take what is needed out of it during the call, such as `this.loss = ctx.loss`";
        Fault::error("ContextError", text)
    }
}

macro_rules! control {
    ($name:literal, $signature:literal, $doc:literal, $example:literal, $bind:expr) => {
        Builtin {
            name: $name,
            kind: Kind::Method(CONTEXT),
            signature: $signature,
            doc: $doc,
            example: $example,
            bind: |engine, _| {
                engine.register_fn($name, $bind);
            },
        }
    };
}

/// What can be called on `ctx` and on what it holds.
pub const BUILTINS: &[Builtin] = &[
    control!(
        "stop",
        "stop(reason)",
        "ends the run at the very next boundary",
        "fn end_epoch(ctx) { ctx.stop(\"good enough\"); }",
        |ctx: &mut Ctx, reason: &str| ctx.control(|context| context.stop(reason))
    ),
    control!(
        "skip_batch",
        "skip_batch()",
        "leaves out the rest of the running batch",
        "fn start_training_batch(ctx) { ctx.skip_batch(); }",
        |ctx: &mut Ctx| ctx.control(|context| context.skip_batch())
    ),
    control!(
        "skip_epoch",
        "skip_epoch()",
        "leaves out the rest of the epoch: its training and its validation",
        "fn end_training_batch(ctx) { ctx.skip_epoch(); }",
        |ctx: &mut Ctx| ctx.control(|context| context.skip_epoch())
    ),
    control!(
        "request_checkpoint",
        "request_checkpoint()",
        "saves a checkpoint right after the running batch",
        "fn end_training_batch(ctx) { ctx.request_checkpoint(); }",
        |ctx: &mut Ctx| ctx.control(|context| context.request_checkpoint())
    ),
    control!(
        "request_validation",
        "request_validation()",
        "runs a validation loop right after the running batch",
        "fn end_training_batch(ctx) { ctx.request_validation(); }",
        |ctx: &mut Ctx| ctx.control(|context| context.request_validation())
    ),
    control!(
        "disable",
        "disable(plugin)",
        "deactivates a plugin from the next hook on",
        "fn end_epoch(ctx) { ctx.disable(\"watch_loss\"); }",
        |ctx: &mut Ctx, plugin: &str| ctx.control(|context| context.disable(plugin))
    ),
    Builtin {
        name: "fire",
        kind: Kind::Method(CONTEXT),
        signature: "fire(name, map) -> map",
        doc: "fires a declared hook point: plugins with a function of its name are called in order with ctx and the map, each may change it; gives the map",
        example: "fn start_training_batch(ctx) { let data = ctx.fire(\"augment\", #{ strength: 0.5 }); }",
        bind: |engine, _| {
            engine.register_fn("fire", |call: NativeCallContext, ctx: &mut Ctx, name: &str, data: Map| {
                ctx.fire(call.engine(), name, data)
            });
        },
    },
    control!(
        "has",
        "has(name) -> bool",
        "whether the run has a fact at this hook",
        "fn end_epoch(ctx) { if ctx.has(\"validation_loss\") { print(ctx.validation_loss); } }",
        |ctx: &mut Ctx, name: &str| ctx.read(|context| has(context, name))
    ),
    Builtin {
        name: "parameter_names",
        kind: Kind::Method(MODEL),
        signature: "parameter_names() -> array",
        doc: "the names of the model's parameters, in name order",
        example: "fn end_epoch(ctx) { print(ctx.model.parameter_names()); }",
        bind: |engine, _| {
            engine.register_fn("parameter_names", |model: &mut ModelHandle| -> rhai::Array {
                model.0.parameter_names().into_iter().map(Dynamic::from).collect()
            });
        },
    },
    Builtin {
        name: "parameter",
        kind: Kind::Method(MODEL),
        signature: "parameter(name) -> tensor",
        doc: "a parameter's values",
        example: "fn end_epoch(ctx) { print(ctx.model.parameter(\"0.weight\").shape); }",
        bind: |engine, _| {
            engine.register_fn("parameter", |model: &mut ModelHandle, name: &str| -> Answer<Tensor> {
                model.0.parameter(name).ok_or_else(|| no_parameter(&*model.0, name))
            });
        },
    },
    Builtin {
        name: "set_parameter",
        kind: Kind::Method(MODEL),
        signature: "set_parameter(name, tensor)",
        doc: "overwrites a parameter in place",
        example: "fn end_epoch(ctx) { let m = ctx.model; m.set_parameter(\"0.bias\", m.parameter(\"0.bias\")); }",
        bind: |engine, _| {
            engine.register_fn("set_parameter", |model: &mut ModelHandle, name: &str, value: Tensor| -> Answer<()> {
                model.0.set_parameter(name, &value).map_err(|error| Fault::error("TensorError", error.to_string()))
            });
        },
    },
];

/// Names of the working zone that can be read but not set.
const READABLE: [&str; 4] = ["predictions", "gradients", "model", "optimizer"];

/// All names that can stand after `ctx.`, methods left out.
pub fn properties() -> impl Iterator<Item = &'static str> {
    Facts::names().chain(Working::SETTABLE).chain(READABLE)
}

/// Makes facts and the working zone readable by name, and what may be set settable.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Ctx>(CONTEXT).register_type_with_name::<ModelHandle>(MODEL);
    // The ones that hooks read at every batch skip the search by name.
    engine.register_get("global_step", |ctx: &mut Ctx| ctx.read(|context| Ok(context.global_step as i64)));
    engine.register_get("epoch", |ctx: &mut Ctx| ctx.read(|context| Ok(context.epoch as i64)));
    engine.register_get("loss", |ctx: &mut Ctx| {
        ctx.read(|context| context.loss.map_or_else(|| fact(context, "loss"), |loss| Ok(Dynamic::from_float(loss))))
    });
    for name in Facts::names().filter(|name| !["global_step", "epoch", "loss"].contains(name)) {
        engine.register_get(name, move |ctx: &mut Ctx| ctx.read(|context| fact(context, name)));
    }
    for name in Working::SETTABLE.into_iter().chain(READABLE) {
        engine.register_get(name, move |ctx: &mut Ctx| ctx.read(|context| working(context, name)));
    }
    for name in Working::SETTABLE {
        engine.register_set(name, move |ctx: &mut Ctx, value: Dynamic| {
            ctx.write(|context| set(&mut context.working, name, &value))
        });
    }
    // Rhai asks the indexer for a property without a getter or setter.
    engine.register_indexer_get(|_: &mut Ctx, name: ImmutableString| -> Answer { Err(unknown(&name)) });
    engine.register_indexer_set(|ctx: &mut Ctx, name: ImmutableString, value: Dynamic| -> Answer<()> {
        // After a method on a value, as in `ctx.model.parameter_names()`, Rhai sets the value to what it was.
        let now = ctx.read(|context| fact(context, &name).or_else(|_| working(context, &name)));
        if now.is_ok_and(|now| is_same(&now, &value)) { Ok(()) } else { Err(unsettable(&name)) }
    });
}

/// Whether two values are one thing, or equal plain data.
fn is_same(now: &Dynamic, value: &Dynamic) -> bool {
    if let (Some(one), Some(other)) = (now.read_lock::<ModelHandle>(), value.read_lock::<ModelHandle>()) {
        return Rc::ptr_eq(&one.0, &other.0);
    }
    if let (Some(one), Some(other)) = (now.read_lock::<OptimizerHandle>(), value.read_lock::<OptimizerHandle>()) {
        return Rc::ptr_eq(&one.0, &other.0);
    }
    if let (Some(one), Some(other)) = (now.read_lock::<Tensor>(), value.read_lock::<Tensor>()) {
        return one.id() == other.id();
    }
    match (now.as_map_ref(), value.as_map_ref()) {
        (Ok(one), Ok(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, own)| other.get(key).is_some_and(|theirs| is_same(own, theirs)))
        }
        _ => to_json(now).ok().is_some_and(|one| to_json(value).ok() == Some(one)),
    }
}

/// A fact by name, as a value; a fact that the run does not have is an error that says why.
pub fn fact(context: &Context, name: &str) -> Answer {
    match context.get(name) {
        Some(Fact::Count(count)) => Ok((count as i64).into()),
        Some(Fact::Number(number)) => Ok(number.into()),
        Some(Fact::Flag(flag)) => Ok(flag.into()),
        Some(Fact::Text(text)) => Ok((&*text).into()),
        Some(Fact::Numbers(numbers)) => {
            Ok(numbers.into_iter().map(|(name, number)| (name.into(), number.into())).collect::<Map>().into())
        }
        Some(Fact::Values(values)) => {
            Ok(values.iter().map(|(name, value)| (name.as_str().into(), from_json(value))).collect::<Map>().into())
        }
        Some(Fact::Missing(why)) => Err(Fault::error("MissingFact", format!("there is no {name} here: {why}"))),
        None => Err(unknown(name)),
    }
}

/// Whether a fact or a value of the working zone is there.
pub fn has(context: &Context, name: &str) -> Answer<bool> {
    match context.get(name) {
        Some(fact) => Ok(!matches!(fact, Fact::Missing(_))),
        None => Ok(!working(context, name)?.is_unit()),
    }
}

/// A number that plugins may set, such as `learning_rate`; none for any other name.
pub fn setting(context: &Context, name: &str) -> Option<Dynamic> {
    const NUMBERS: [&str; 5] = ["learning_rate", "accumulate", "clip_norm", "loss_scale", "batch_size"];
    NUMBERS.contains(&name).then(|| working(context, name).ok()).flatten()
}

fn working(context: &Context, name: &str) -> Answer {
    let working = &context.working;
    let tensor = |tensor: &Option<Tensor>| tensor.clone().map_or(Dynamic::UNIT, Dynamic::from);
    Ok(match name {
        "learning_rate" => working.learning_rate.into(),
        "accumulate" => (working.accumulate as i64).into(),
        "clip_norm" => working.clip_norm.map_or(Dynamic::UNIT, Into::into),
        "loss_scale" => working.loss_scale.into(),
        "batch_size" => (working.batch_size as i64).into(),
        "inputs" => tensor(&working.inputs),
        "targets" => tensor(&working.targets),
        "predictions" => tensor(&working.predictions),
        "extra" => from_json(&serde_json::Value::Object(working.extra.clone())),
        "gradients" => {
            let gradients = working.gradients.iter();
            gradients
                .map(|(name, tensor)| (name.as_str().into(), Dynamic::from(tensor.clone())))
                .collect::<Map>()
                .into()
        }
        "model" => working.model.clone().map_or(Dynamic::UNIT, |model| Dynamic::from(ModelHandle(model))),
        "optimizer" => working.optimizer.clone().map_or(Dynamic::UNIT, |own| Dynamic::from(OptimizerHandle(own))),
        _ => return Err(unknown(name)),
    })
}

fn set(working: &mut Working, name: &str, value: &Dynamic) -> Answer<()> {
    match name {
        "learning_rate" => working.learning_rate = number(name, value)?,
        "loss_scale" => working.loss_scale = number(name, value)?,
        "clip_norm" => working.clip_norm = if value.is_unit() { None } else { Some(number(name, value)?) },
        "accumulate" => working.accumulate = count(name, value)?,
        "batch_size" => working.batch_size = count(name, value)?,
        "inputs" => working.inputs = Some(tensor(name, value)?),
        "targets" => working.targets = Some(tensor(name, value)?),
        "extra" => working.extra = extra(value)?,
        _ => return Err(unsettable(name)),
    }
    Ok(())
}

fn number(name: &str, value: &Dynamic) -> Answer<f64> {
    let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    match number {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(Fault::error("ValueError", format!("ctx.{name} takes a number from 0 up; found {value}"))),
    }
}

fn count(name: &str, value: &Dynamic) -> Answer<usize> {
    let whole = value.as_int().ok().filter(|whole| *whole > 0);
    whole
        .map(|whole| whole as usize)
        .ok_or_else(|| Fault::error("ValueError", format!("ctx.{name} takes a whole number from 1 up; found {value}")))
}

fn tensor(name: &str, value: &Dynamic) -> Answer<Tensor> {
    value
        .clone()
        .try_cast::<Tensor>()
        .ok_or_else(|| Fault::error("TypeError", format!("ctx.{name} takes a tensor; found {}", value.type_name())))
}

fn extra(value: &Dynamic) -> Answer<serde_json::Map<String, serde_json::Value>> {
    match to_json(value) {
        Ok(serde_json::Value::Object(map)) => Ok(map),
        Ok(other) => Err(Fault::error("TypeError", format!("ctx.extra takes a map; found {other}"))),
        Err(kind) => Err(Fault::error(
            "TypeError",
            format!("ctx.extra is saved with checkpoints, so it holds numbers, text, arrays and maps; found {kind}"),
        )),
    }
}

fn unknown(name: &str) -> Box<EvalAltResult> {
    let hint = match nearest(name, properties()) {
        Some(near) => format!("did you mean `ctx.{near}`?"),
        None => format!("there are {}", properties().collect::<Vec<_>>().join(", ")),
    };
    Fault::error("NameError", format!("the context has no `{name}`; {hint}"))
}

fn unsettable(name: &str) -> Box<EvalAltResult> {
    let settable = Working::SETTABLE.join(", ");
    let text = format!(
        "ctx.{name} cannot be set; settable are {settable}; a value of the plugin's own goes into `this.{name}`"
    );
    Fault::error("ConstantError", text)
}

fn no_parameter(model: &dyn Model, name: &str) -> Box<EvalAltResult> {
    let names = model.parameter_names();
    let hint = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Fault::error("NameError", format!("the model has no parameter `{name}`; {hint}"))
}
