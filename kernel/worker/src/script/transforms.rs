//! The transforms among a script plugin's functions, and `ctx` as they get it: an item of the data.
//!
//! Must not know who passes data through plugins. Read [`of`] first, then [`Item`].

use super::values::from_passed;
use crate::problem::Fault;
use crate::surface::{Builtin, Kind};
use candlewick_plugin_api::{Random, Transform, TransformContext, TransformSet, Value};
use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, FLOAT, INT, Position};
use std::cell::RefCell;
use std::rc::Rc;

/// The name of a transform's `ctx` for users.
pub const ITEM: &str = "item";
/// Functions whose names begin like this are meant as transforms.
pub const PREFIX: &str = "transform_";
/// Names of a second parameter that gets the item's path, as in forks of seed 002.
const PATHS: [&str; 3] = ["path", "pathname", "path_name"];

type Answer<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// A function that is a transform.
#[derive(Clone, Debug)]
pub struct TransformFunction {
    /// The transform.
    pub transform: Transform,
    /// The name that the source gives it.
    pub name: Rc<str>,
    second: Option<Second>,
}

/// What a transform's second parameter gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Path,
    Context,
}

/// Finds the transforms, in the order in which an item passes them.
///
/// # Errors
/// A name that begins like a transform's and is none, with the nearest; a number of parameters that it cannot have; the
/// same transform under two names.
pub fn of(ast: &AST) -> Answer<Vec<TransformFunction>> {
    let mut found: Vec<TransformFunction> = Vec::new();
    for function in ast.iter_fn_def().filter(|function| function.name.starts_with(PREFIX)) {
        let at = function.body.start_position();
        let name = function.name.as_str();
        let transform = Transform::from_name(name).ok_or_else(|| unknown(name, at))?;
        if found.iter().any(|own| own.transform == transform) {
            let text = format!("the transform {} is there twice; keep one of its functions", transform.name());
            return Err(Fault::at("PluginError", text, at));
        }
        let second = match function.params.as_ref() {
            [_] => None,
            [_, path] if transform != Transform::Batch && PATHS.contains(&path.as_str()) => Some(Second::Path),
            [_, _] => Some(Second::Context),
            other => {
                let text = format!("write `{}`; found {} parameters", transform.signature(), other.len());
                return Err(Fault::at("PluginError", text, at));
            }
        };
        found.push(TransformFunction { transform, name: name.into(), second });
    }
    found.sort_by_key(|own| own.transform);
    Ok(found)
}

fn unknown(name: &str, at: Position) -> Box<EvalAltResult> {
    let all = Transform::ALL.map(Transform::name).join(", ");
    let hint = match Transform::nearest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {all}; a function that is none needs a name that does not begin like one"),
    };
    Fault::at("PluginError", format!("there is no transform `{name}`; {hint}"), at)
}

/// The transforms as the manager asks for them.
pub fn set(own: &[TransformFunction], validation: bool) -> TransformSet {
    let set = own.iter().fold(TransformSet::none(), |set, own| set.with(own.transform));
    if validation { set.also_in_validation() } else { set }
}

impl TransformFunction {
    /// The arguments of a call, and the handle on the context that must be closed after it.
    pub fn arguments(&self, value: &Value, ctx: &TransformContext) -> (Vec<Dynamic>, Item) {
        let item = Item(Rc::new(RefCell::new(Some(ctx.fork()))));
        let mut arguments = vec![from_passed(value)];
        arguments.extend(self.second.map(|second| match second {
            Second::Path => ctx.path.as_deref().unwrap_or_default().into(),
            Second::Context => Dynamic::from(item.clone()),
        }));
        (arguments, item)
    }
}

/// What a transform is told beside the value: a script's handle, for the time of one call.
#[derive(Clone)]
pub struct Item(Rc<RefCell<Option<TransformContext>>>);

impl Item {
    /// The call is over.
    pub fn close(&self) {
        self.0.replace(None);
    }

    fn look<T>(&self, look: impl FnOnce(&mut TransformContext) -> Answer<T>) -> Answer<T> {
        let text = "this context belongs to a call that is over; take what is needed out of it during the call";
        self.0.borrow_mut().as_mut().map_or_else(|| Err(Fault::error("ContextError", text)), look)
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> Answer<T> {
        self.look(|context| Ok(draw(context.random())))
    }
}

macro_rules! entry {
    ($kind:ident, $name:literal, $signature:literal, $doc:literal, $example:literal, $bind:expr) => {
        Builtin::new(Kind::$kind(ITEM), $name, $signature, $doc, $example, $bind)
    };
}

/// What can be asked of a transform's `ctx`.
pub const BUILTINS: &[Builtin] = &[
    entry!(
        Method,
        "random",
        "random() or random(bound) or random(low, high) -> number",
        "a random number from 0 to below 1; a whole one from 0 to below a bound; one from low to below high. By seed, epoch and item",
        "fn transform_image(image, ctx) { image.brightness(ctx.random(0.8, 1.2)) }",
        |engine, _| {
            engine.register_fn("random", |item: &mut Item| item.draw(Random::uniform));
            engine.register_fn("random", |item: &mut Item, bound: INT| whole(item, 0, bound));
            engine.register_fn("random", |item: &mut Item, low: INT, high: INT| whole(item, low, high));
            engine.register_fn("random", |item: &mut Item, low: FLOAT, high: FLOAT| {
                item.draw(|random| low + (high - low) * random.uniform())
            });
        }
    ),
    entry!(
        Method,
        "random_normal",
        "random_normal() -> number",
        "a random number of the standard normal distribution, by seed, epoch and item",
        "fn transform_image(image, ctx) { image.contrast(1.0 + 0.1 * ctx.random_normal()) }",
        |engine, _| {
            engine.register_fn("random_normal", |item: &mut Item| item.draw(Random::normal));
        }
    ),
    entry!(
        Method,
        "chance",
        "chance(probability) -> bool",
        "true with that probability, by seed, epoch and item",
        "fn transform_image(image, ctx) { if ctx.chance(0.5) { image.flip_horizontal() } else { image } }",
        |engine, _| {
            engine.register_fn("chance", |item: &mut Item, share: FLOAT| item.draw(|random| random.uniform() < share));
            engine.register_fn("chance", |item: &mut Item, share: INT| {
                item.draw(|random| random.uniform() < share as FLOAT)
            });
        }
    ),
    entry!(
        Method,
        "shuffle",
        "shuffle(array) -> array",
        "the elements in random order, by seed, epoch and item",
        "fn transform_caption(text, ctx) { let words = ctx.shuffle(text.split(\" \")); words[0] }",
        |engine, _| {
            engine.register_fn("shuffle", |item: &mut Item, mut items: Array| {
                item.draw(|random| random.shuffle(&mut items))?;
                Ok::<_, Box<EvalAltResult>>(items)
            });
        }
    ),
    entry!(
        Method,
        "choose",
        "choose(array)",
        "one of the elements, by seed, epoch and item",
        "fn transform_caption(text, ctx) { ctx.choose([\"a \", \"one \"]) + text }",
        |engine, _| {
            engine.register_fn("choose", |item: &mut Item, items: Array| -> Answer {
                let at = whole(item, 0, items.len() as INT)?;
                Ok(items[at as usize].clone())
            });
        }
    ),
    entry!(
        Property,
        "path",
        "path -> string",
        "the item's file; an error where it has none",
        "fn transform_caption(text, ctx) { if ctx.path.contains(\"cats\") { \"a cat, \" + text } else { text } }",
        |engine, _| {
            engine.register_get("path", |item: &mut Item| {
                item.look(|context| match &context.path {
                    Some(path) => Ok(path.to_string()),
                    None => Err(Fault::error("MissingFact", "there is no path here: this item is of no file")),
                })
            });
        }
    ),
    entry!(
        Property,
        "index",
        "index -> integer",
        "the item's number in its dataset, from 0; of a batch, its number in the epoch",
        "fn transform_caption(text, ctx) { print(ctx.index); text }",
        |engine, _| {
            engine.register_get("index", |item: &mut Item| item.look(|context| Ok(context.index as INT)));
        }
    ),
    entry!(
        Property,
        "epoch",
        "epoch -> integer",
        "the epoch, from 0",
        "fn transform_image(image, ctx) { if ctx.epoch < 2 { image } else { image.grayscale() } }",
        |engine, _| {
            engine.register_get("epoch", |item: &mut Item| item.look(|context| Ok(context.epoch as INT)));
        }
    ),
    entry!(
        Property,
        "training",
        "training -> bool",
        "whether the data is trained on; false for validation data",
        "fn transform_image(image, ctx) { if ctx.training { image.flip_horizontal() } else { image } }",
        |engine, _| {
            engine.register_get("training", |item: &mut Item| item.look(|context| Ok(context.training)));
        }
    ),
];

/// Names the type of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Item>(ITEM);
}

fn whole(item: &Item, low: INT, high: INT) -> Answer<INT> {
    let width = high.checked_sub(low).and_then(|width| u32::try_from(width).ok()).filter(|width| *width > 0);
    let Some(width) = width else {
        let text = format!("there is no whole number from {low} to below {high} to draw (at most 2³² different ones)");
        return Err(Fault::error("ValueError", text));
    };
    item.draw(|random| low + INT::from(random.below(width)))
}
