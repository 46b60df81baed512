//! Changing a run's settings by any of their names, as seed 002's `arg_update_callback` does.
//!
//! Must not know when a setting takes effect. Read [`BUILTINS`].

use super::context::{CONTEXT, Ctx};
use crate::problem::Fault;
use crate::surface::{Builtin, Kind};
use candlewick_plugin_api::Setting;
use rhai::{Dynamic, EvalAltResult};

/// The two names of one function.
pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Method(CONTEXT),
        "update",
        "update(setting, value)",
        "changes a setting of the run by any of its names: learning_rate (lr), accumulate (grad_accum), clip_norm, loss_scale, batch_size",
        "fn start_epoch(ctx) { ctx.update(\"grad_accum\", 4); }",
        |engine, _| {
            engine.register_fn("update", update);
        },
    ),
    Builtin::new(
        Kind::Method(CONTEXT),
        "arg_update_callback",
        "arg_update_callback(setting, value)",
        "the same under its name in EveryDream2trainer",
        "fn on_epoch_end(ctx) { ctx.arg_update_callback(\"grad_accum\", ctx.epoch + 1); }",
        |engine, _| {
            engine.register_fn("arg_update_callback", update);
        },
    ),
];

fn update(ctx: &mut Ctx, name: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
    let setting = Setting::from_name(name).map_err(|error| Fault::error("NameError", error.to_string()))?;
    let number = match value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64)) {
        Ok(number) => Some(number),
        Err(_) if value.is_unit() => None,
        Err(kind) => {
            let text = format!("{} takes a number; found {kind}", setting.name());
            return Err(Fault::error("TypeError", text));
        }
    };
    ctx.write(|context| {
        setting.set(&mut context.working, number).map_err(|error| Fault::error("ValueError", error.to_string()))
    })
}
