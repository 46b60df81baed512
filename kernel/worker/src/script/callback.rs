//! The callbacks that entry points written in Rhai are given: `state_cb.call(#{ … })`, `progress_callback.call(40)`.
//!
//! Must not know who listens. Read [`state`] first.

use super::values::to_json;
use crate::problem::Fault;
use crate::surface::interrupted;
use candlewick_plugin_api::{PluginError, Report};
use rhai::{Dynamic, EvalAltResult, FnPtr};

/// A callable that takes the plugin's state, a map of plain data (seed 004).
pub fn state(report: &Report) -> Dynamic {
    let report = report.clone();
    callable("state_callback", move |value| tell(&report, value))
}

/// A callable that takes a percentage (seed 001).
pub fn percent(report: &Report) -> Dynamic {
    let report = report.clone();
    callable("percent_callback", move |value| tell_percent(&report, value))
}

/// Reports a state, or a percentage when it is a number.
///
/// # Errors
/// What is neither, a part that is no plain data, or the action is to end.
pub fn tell(report: &Report, value: &Dynamic) -> Result<(), Box<EvalAltResult>> {
    if value.is_int() || value.is_float() {
        return tell_percent(report, value);
    }
    let json = to_json(value).map_err(|found| {
        Fault::error("TypeError", format!("a state is plain data; found a value of type {found} in it"))
    })?;
    if !json.is_object() {
        return Err(Fault::error("TypeError", format!("a state is a map such as #{{ progress: 0.4 }}; found {json}")));
    }
    report.state(json).map_err(ended)
}

fn tell_percent(report: &Report, value: &Dynamic) -> Result<(), Box<EvalAltResult>> {
    let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    let number =
        number.map_err(|found| Fault::error("TypeError", format!("a percentage is a number; found {found}")))?;
    report.percent(number).map_err(ended)
}

fn ended(error: PluginError) -> Box<EvalAltResult> {
    match error {
        PluginError::Interrupted => interrupted(),
        other => Fault::error("ValueError", other.to_string()),
    }
}

fn callable(name: &str, tell: impl Fn(&Dynamic) -> Result<(), Box<EvalAltResult>> + 'static) -> Dynamic {
    #[allow(deprecated)] // Rhai's mark for an interface that may still change
    let made = FnPtr::from_fn(name, move |_, arguments| match arguments {
        [value] => tell(value).map(|()| Dynamic::UNIT),
        other => Err(Fault::error("TypeError", format!("a callback takes one value; found {}", other.len()))),
    });
    // The names are identifiers.
    made.map_or(Dynamic::UNIT, Dynamic::from)
}
