//! What is wrong with a package, with what was asked, what was found and what to do.

use std::path::PathBuf;

/// Why a package cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A file or directory that cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A path at which no plugin can be.
    #[error(
        "{} is no plugin: {reason}; a plugin is a `.rhai` file, a directory with `plugin.toml` or `plugin.rhai`, or a \
         crate named `candlewick-plugin-…`", path.display()
    )]
    NotAPlugin {
        /// The path.
        path: PathBuf,
        /// What was found there.
        reason: String,
    },
    /// A manifest that cannot be right; line and column count from 1.
    #[error("{}{}: {message}", path.display(), place(*line, *column))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Line in the manifest, where known.
        line: Option<usize>,
        /// Column in that line, where known.
        column: Option<usize>,
        /// What was asked, what was found, what to write.
        message: String,
    },
}

impl PackageError {
    pub(crate) fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }
}

fn place(line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(", line {line}, column {column}"),
        (Some(line), None) => format!(", line {line}"),
        _ => String::new(),
    }
}
