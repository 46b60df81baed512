//! `ctx.optimizer`: what the optimizer keeps, to be looked into by scripts.
//!
//! Must not know how it steps; its learning rate is `ctx.learning_rate`. Read [`OptimizerHandle`] first.

use crate::problem::Fault;
use crate::surface::{Builtin, Kind};
use candle_core::Tensor;
use candlewick_plugin_api::{Optimizer, nearest};
use rhai::{Dynamic, Engine, EvalAltResult};
use std::rc::Rc;

/// The name of its type for users.
pub const OPTIMIZER: &str = "optimizer state";

/// The optimizer of the run, for scripts.
#[derive(Clone)]
pub struct OptimizerHandle(pub Rc<dyn Optimizer>);

/// What can be asked of it.
pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Property(OPTIMIZER),
        "name",
        "name -> string",
        "the optimizer's name, such as adamw",
        "fn start_training_session(ctx) { print(ctx.optimizer.name); }",
        |engine, _| {
            engine.register_get("name", |optimizer: &mut OptimizerHandle| optimizer.0.name());
        },
    ),
    Builtin::new(
        Kind::Method(OPTIMIZER),
        "state_names",
        "state_names() -> array",
        "the names of the tensors it keeps, in name order; none before its first step",
        "fn end_epoch(ctx) { print(ctx.optimizer.state_names()); }",
        |engine, _| {
            engine.register_fn("state_names", |optimizer: &mut OptimizerHandle| -> rhai::Array {
                optimizer.0.state().into_keys().map(Dynamic::from).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Method(OPTIMIZER),
        "state",
        "state(name) -> tensor",
        "a tensor that it keeps, such as the mean of a parameter's gradients",
        "fn end_epoch(ctx) { let o = ctx.optimizer; for name in o.state_names() { print(o.state(name).shape); } }",
        |engine, _| {
            engine.register_fn("state", state);
        },
    ),
];

/// Names the type.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<OptimizerHandle>(OPTIMIZER);
}

fn state(optimizer: &mut OptimizerHandle, name: &str) -> Result<Tensor, Box<EvalAltResult>> {
    let mut all = optimizer.0.state();
    all.remove(name).ok_or_else(|| {
        let hint = match nearest(name, all.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it keeps {} tensors; state_names() names them", all.len()),
        };
        Fault::error("NameError", format!("the optimizer keeps nothing under `{name}`; {hint}"))
    })
}
