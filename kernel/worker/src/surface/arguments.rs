//! Arguments of built-in functions: numbers, names, lists, options; and the errors of other crates as users see them.
//!
//! Must not know what the functions do. Read [`Answer`], [`fault`] and [`Options`] first.

use crate::problem::Fault;
use candlewick_display::DisplayError;
use candlewick_engine::EngineError;
use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, Position};

/// What a built-in function gives.
pub type Answer<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// An error of another crate as a notebook shows it.
pub trait IntoFault {
    /// The error with the kind that users know.
    fn fault(self) -> Box<EvalAltResult>;
}

/// For `map_err`.
pub fn fault(error: impl IntoFault) -> Box<EvalAltResult> {
    error.fault()
}

impl IntoFault for candle_core::Error {
    fn fault(self) -> Box<EvalAltResult> {
        use candle_core::Error as E;
        let name = match &self {
            E::WithBacktrace { .. } | E::Context { .. } => return unwrapped(self),
            E::UnexpectedDType { .. } | E::DTypeMismatchBinaryOp { .. } | E::UnsupportedDTypeForOp(..) => "TypeError",
            E::DimOutOfRange { .. }
            | E::DuplicateDimIndex { .. }
            | E::UnexpectedNumberOfDims { .. }
            | E::UnexpectedShape { .. }
            | E::ShapeMismatch { .. }
            | E::ShapeMismatchBinaryOp { .. }
            | E::ShapeMismatchCat { .. }
            | E::OnlySingleDimension { .. }
            | E::EmptyTensor { .. }
            | E::NarrowInvalidArgs { .. }
            | E::BroadcastIncompatibleShapes { .. } => "ShapeError",
            E::DeviceMismatchBinaryOp { .. } => "DeviceError",
            E::InvalidIndex { .. } => "IndexError",
            _ => "TensorError",
        };
        Fault::error(name, self.to_string())
    }
}

/// candle adds a stack of its own functions when the environment asks for it; users have no use for that.
fn unwrapped(error: candle_core::Error) -> Box<EvalAltResult> {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } | candle_core::Error::Context { inner, .. } => inner.fault(),
        other => Fault::error("TensorError", other.to_string()),
    }
}

impl IntoFault for EngineError {
    fn fault(self) -> Box<EvalAltResult> {
        let name = match self {
            Self::Tensor(error) => return error.fault(),
            Self::Interrupted => return interrupted(),
            Self::Shape { .. } => "ShapeError",
            Self::Unknown { .. } => "NameError",
            Self::Value(_) => "ValueError",
            Self::Data(_) | Self::Frame(_) => "DataError",
            Self::File { .. } | Self::Format { .. } => "FileError",
            Self::Busy(_) => "BusyError",
            Self::Device(_) => "DeviceError",
            _ => "EngineError",
        };
        Fault::error(name, self.to_string())
    }
}

impl IntoFault for DisplayError {
    fn fault(self) -> Box<EvalAltResult> {
        let name = match self {
            Self::Kind { .. } => "NameError",
            Self::Length { .. } => "ShapeError",
            Self::Draw(_) => "DrawError",
            _ => "ValueError",
        };
        Fault::error(name, self.to_string())
    }
}

/// How a function ends that the user interrupted.
pub fn interrupted() -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE))
}

/// An unknown name with the nearest known one.
pub fn unknown<'a>(
    what: &'static str,
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Box<EvalAltResult> {
    EngineError::unknown(what, name, known).fault()
}

/// A number, whole or not; `what` is who asks, such as `full`.
pub fn number(what: &str, value: &Dynamic) -> Answer<f64> {
    let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    number.map_err(|found| Fault::error("TypeError", format!("{what} takes a number; found {found}")))
}

/// A whole number of at least 0.
pub fn count(what: &str, value: &Dynamic) -> Answer<usize> {
    let whole = value.as_int().ok().or_else(|| value.as_float().ok().filter(|x| x.fract() == 0.0).map(|x| x as i64));
    let Some(whole) = whole else {
        let found = value.as_float().map_or_else(|_| value.type_name().to_owned(), |x| x.to_string());
        return Err(Fault::error("TypeError", format!("{what} takes a whole number; found {found}")));
    };
    usize::try_from(whole)
        .map_err(|_| Fault::error("ValueError", format!("{what} takes a whole number of at least 0; found {whole}")))
}

/// A whole number from `least` up.
pub fn count_from(what: &str, value: &Dynamic, least: usize) -> Answer<usize> {
    let whole = count(what, value)?;
    if whole >= least {
        return Ok(whole);
    }
    Err(Fault::error("ValueError", format!("{what} takes a whole number from {least} up; found {whole}")))
}

/// The lengths of dimensions.
pub fn shape(what: &str, items: &Array) -> Answer<Vec<usize>> {
    items.iter().map(|item| count(what, item)).collect()
}

/// The place that a number means, counted from the end when negative.
pub fn place(number: i64, length: usize) -> Option<usize> {
    let place = if number < 0 { number.checked_add(length as i64)? } else { number };
    usize::try_from(place).ok().filter(|&place| place < length)
}

/// A string.
pub fn text(what: &str, value: &Dynamic) -> Answer<String> {
    match value.read_lock::<ImmutableString>() {
        Some(text) => Ok(text.to_string()),
        None => Err(Fault::error("TypeError", format!("{what} takes a string; found {}", value.type_name()))),
    }
}

/// An array of strings, or one.
pub fn texts(what: &str, value: &Dynamic) -> Answer<Vec<String>> {
    match value.read_lock::<Array>() {
        Some(items) => items.iter().map(|item| text(what, item)).collect(),
        None => text(what, value).map(|one| vec![one]).map_err(|_| {
            Fault::error("TypeError", format!("{what} takes an array of strings; found {}", value.type_name()))
        }),
    }
}

/// The options of a call, such as `#{ kind: "line" }`.
pub struct Options<'a> {
    function: &'static str,
    map: &'a Map,
}

impl<'a> Options<'a> {
    /// Options of which each is known.
    ///
    /// # Errors
    /// `NameError` with the nearest known option.
    pub fn new(function: &'static str, what: &'static str, map: &'a Map, known: &[&str]) -> Answer<Self> {
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(unknown(what, key, known.iter().copied())),
            None => Ok(Self { function, map }),
        }
    }

    /// The value, unless it is missing or `()`.
    pub fn value(&self, name: &str) -> Option<&'a Dynamic> {
        self.map.get(name).filter(|value| !value.is_unit())
    }

    /// A string.
    pub fn text(&self, name: &str) -> Answer<Option<String>> {
        self.value(name).map(|value| text(&self.called(name), value)).transpose()
    }

    /// An array of strings, or one.
    pub fn texts(&self, name: &str) -> Answer<Option<Vec<String>>> {
        self.value(name).map(|value| texts(&self.called(name), value)).transpose()
    }

    /// A whole number of at least 0.
    pub fn count(&self, name: &str) -> Answer<Option<usize>> {
        self.value(name).map(|value| count(&self.called(name), value)).transpose()
    }

    /// True or false; false where it is missing.
    pub fn flag(&self, name: &str) -> Answer<bool> {
        let Some(value) = self.value(name) else { return Ok(false) };
        let flag = value.as_bool();
        flag.map_err(|found| {
            Fault::error("TypeError", format!("{} takes true or false; found {found}", self.called(name)))
        })
    }

    fn called(&self, name: &str) -> String {
        format!("option `{name}` of {}", self.function)
    }
}
