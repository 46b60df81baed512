//! What can go wrong in the engine: each message says what was asked, what was found and what to do.

use candlewick_plugin_api::nearest;

/// A result of the engine.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// Why the engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A layer was given a shape that does not fit it.
    #[error("layer {layer} expects {expected}, but was given {found}")]
    Shape {
        /// Path and kind of the layer, such as `2 (linear)`.
        layer: String,
        /// The shape it takes, such as `[batch, 64]`.
        expected: String,
        /// The shape it was given.
        found: String,
    },
    /// A name that is not known.
    #[error("there is no {what} named \"{name}\"{}; known are: {known}", did_you_mean(.nearest))]
    Unknown {
        /// The kind of thing, such as `dataset` or `option of fit`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// A value that cannot be used.
    #[error("{0}")]
    Value(String),
    /// Data that cannot be used: empty, not a number, of the wrong type.
    #[error("{0}")]
    Data(String),
    /// A file that could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The path as it was given.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file that was read but is not what it should be.
    #[error("{path}: {message}")]
    Format {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// Something that is in use elsewhere.
    #[error("{0}")]
    Busy(String),
    /// A device that is not there.
    #[error("{0}")]
    Device(String),
    /// Code of the user's own failed: a module, a loss, an optimizer, a dataset.
    #[error("{whose}: {source}")]
    Own {
        /// What it is, such as `the loss focal`.
        whose: String,
        /// What it said.
        source: Box<EngineError>,
    },
    /// Code of the user's own panicked.
    #[error("{whose} panicked: {message}")]
    Panic {
        /// What it is, such as `the module mlp`.
        whose: String,
        /// What the panic said, and where.
        message: String,
    },
    /// The user interrupted; nothing is lost and the same call may be made again.
    #[error("interrupted")]
    Interrupted,
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(candle_core::Error),
    /// A data frame operation failed.
    #[error(transparent)]
    Frame(#[from] polars::error::PolarsError),
}

impl EngineError {
    /// An unknown name, with the nearest known one.
    pub fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let nearest = nearest(name, known.clone()).map(str::to_owned);
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        Self::Unknown { what, name: name.to_owned(), nearest, known }
    }

    /// Something that a file or checkpoint names, and that only its author's code can make.
    pub(crate) fn not_built_in(what: &str, name: &str) -> Self {
        Self::Value(format!("the {what} {name} is not built in: only the code that defines it can make it"))
    }

    /// A file that could not be read or written.
    pub fn file(path: impl AsRef<std::path::Path>, source: std::io::Error) -> Self {
        Self::File { path: path.as_ref().display().to_string(), source }
    }
}

impl From<candle_core::Error> for EngineError {
    /// Without the stack of candle's own functions, which it adds when the environment asks for it.
    fn from(error: candle_core::Error) -> Self {
        match error {
            candle_core::Error::WithBacktrace { inner, .. } => Self::from(*inner),
            plain => Self::Tensor(plain),
        }
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_offers_the_nearest() {
        let check = |name, expect: &str| {
            assert_eq!(EngineError::unknown("dataset", name, ["digits", "iris"]).to_string(), expect);
        };
        check("digit", "there is no dataset named \"digit\" (did you mean \"digits\"?); known are: digits, iris");
        check("mnist", "there is no dataset named \"mnist\"; known are: digits, iris");
    }
}
