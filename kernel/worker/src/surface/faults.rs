//! Errors of the engine as errors of the language, and arguments as the engine wants them.
//!
//! Must not know any one function. Read [`Answer`] first.

use crate::problem::Fault;
use candlewick_engine::EngineError;
use candlewick_plugin_api::nearest;
use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, Position};

/// What a native function answers.
pub type Answer<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// An error of the engine under the name users know it by; an interrupt ends the cell as every interrupt does.
pub fn fault(error: EngineError) -> Box<EvalAltResult> {
    let name = match &error {
        EngineError::Interrupted => return interrupted(),
        EngineError::Shape { .. } => "ShapeError",
        EngineError::Unknown { .. } => "NameError",
        EngineError::Data(_) | EngineError::Frame(_) => "DataError",
        EngineError::File { .. } | EngineError::Format { .. } => "FileError",
        EngineError::Busy(_) => "BusyError",
        EngineError::Device(_) => "DeviceError",
        EngineError::Tensor(_) => "TensorError",
        _ => "ValueError",
    };
    Fault::error(name, error.to_string())
}

/// What stops a cell that the user interrupted.
pub fn interrupted() -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE))
}

/// A number, whole or not.
pub fn number(what: &str, value: &Dynamic) -> Answer<f64> {
    let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    number.map_err(|found| Fault::error("TypeError", format!("{what} takes a number; found {}", named(found, value))))
}

/// A whole number from `least` up; 3.0 is one too.
pub fn count(what: &str, value: &Dynamic, least: i64) -> Answer<usize> {
    let whole = value.as_int().ok().or_else(|| value.as_float().ok().filter(|x| x.fract() == 0.0).map(|x| x as i64));
    let whole = whole.filter(|whole| *whole >= least);
    whole.map(|whole| whole as usize).ok_or_else(|| {
        Fault::error("ValueError", format!("{what} takes a whole number from {least} up; found {value}"))
    })
}

/// Lengths of dimensions.
pub fn shape(what: &str, items: &Array) -> Answer<Vec<usize>> {
    items.iter().map(|item| count(what, item, 0)).collect()
}

/// Texts of an array.
pub fn texts(what: &str, items: &Array) -> Answer<Vec<String>> {
    let text = |item: &Dynamic| item.read_lock::<ImmutableString>().map(|text| text.to_string());
    let texts = items.iter().map(text).collect::<Option<Vec<_>>>();
    texts.ok_or_else(|| Fault::error("TypeError", format!("{what} takes an array of texts")))
}

/// Refuses options that are not known.
pub fn known(what: &str, options: &Map, names: &[&str]) -> Answer<()> {
    for name in options.keys().filter(|name| !names.contains(&name.as_str())) {
        let hint =
            nearest(name, names.iter().copied()).map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        let text = format!("{what} has no option `{name}`{hint}; it takes {}", names.join(", "));
        return Err(Fault::error("NameError", text));
    }
    Ok(())
}

fn named(found: &str, value: &Dynamic) -> String {
    if value.is::<ImmutableString>() { format!("the text {value:?}") } else { found.to_owned() }
}
