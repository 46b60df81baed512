//! What can go wrong when something is to be drawn: each message says what was asked, what was found and what to do.

/// A result of this crate.
pub type Result<T, E = DisplayError> = std::result::Result<T, E>;

/// Why something could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DisplayError {
    /// A kind of plot that is not known.
    #[error("there is no plot kind \"{found}\"; known are: {known}")]
    Kind {
        /// The kind that was asked for.
        found: String,
        /// All kinds.
        known: String,
    },
    /// Columns of one plot that differ in length.
    #[error(
        "column \"{name}\" has {found} values, but \"{first}\" has {expected}; a plot needs columns of equal length"
    )]
    Length {
        /// The column that differs.
        name: String,
        /// Its number of values.
        found: usize,
        /// The first column.
        first: String,
        /// The number of values of the first column.
        expected: usize,
    },
    /// Input that does not fit the kind of plot.
    #[error("{0}")]
    Input(String),
    /// The drawing library refused.
    #[error("the drawing failed: {0}")]
    Draw(String),
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>> for DisplayError {
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::Draw(error.to_string())
    }
}
