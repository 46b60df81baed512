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
    /// A file or directory that cannot be written.
    #[error("{} cannot be written: {reason}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A name that no package can have.
    #[error("`{name}` is no name of a plugin: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it, and what to write.
        reason: String,
    },
    /// An archive that is not unpacked.
    #[error("{} is not unpacked: {reason}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Which entry, and why.
        reason: String,
    },
    /// Another content than the one that was promised.
    #[error("{} has another checksum than it should: sha256 {expected} was given, {found} was found; get it again", path.display())]
    Checksum {
        /// The archive.
        path: PathBuf,
        /// What was asked for.
        expected: String,
        /// What it has.
        found: String,
    },
    /// A compiler that is missing, or that is not the library's.
    #[error("{0}")]
    Toolchain(String),
    /// A crate that does not compile.
    #[error("{name} cannot be built:\n{output}")]
    Build {
        /// The crate.
        name: String,
        /// What cargo said.
        output: String,
    },
    /// A built plugin that does not fit this library.
    #[error("{} is refused: {reason}", path.display())]
    Record {
        /// The built file.
        path: PathBuf,
        /// What differs, and what to do.
        reason: String,
    },
    /// Plugins that need each other in a way that cannot be met.
    #[error("{0}")]
    Dependencies(String),
    /// A name under which nothing is installed.
    #[error("no plugin `{name}` is installed; {hint}")]
    NotInstalled {
        /// The name.
        name: String,
        /// The nearest one, or how to see them all.
        hint: String,
    },
    /// A crate that a registry does not give.
    #[error("the crate {name} cannot be fetched:\n{reason}")]
    Registry {
        /// The crate.
        name: String,
        /// What cargo said.
        reason: String,
    },
    /// A package whose plugin was tried, and failed.
    #[error("{name} is not installed, because it failed its check: {reason}")]
    Refused {
        /// The plugin.
        name: String,
        /// What the check said.
        reason: String,
    },
    /// The user stopped what took long.
    #[error("interrupted")]
    Interrupted,
}

impl PackageError {
    pub(crate) fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: error.to_string() }
    }

    pub(crate) fn archive(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::Archive { path: path.to_owned(), reason: reason.into() }
    }

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
