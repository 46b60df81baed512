//! Completion and hover in Rust cells, from rust-analyzer's crates and sources that the executable carries.
//!
//! Owns the crate graph, the embedded sources and the thread that answers. It must not know evcxr: what the session has is
//! given with each question ([`Known`]). Read [`Analysis`] first.

use candlewick_link::{Completions, Inspection};
use std::path::{Path, PathBuf};

/// What a Rust session has, as a question needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The source texts of all items so far, `use` lines among them.
    pub items: Vec<String>,
    /// Variables: name and type, such as `("x", "candle_core::Tensor")`.
    pub variables: Vec<(String, String)>,
    /// Dependencies, as `:dep` takes them; their names are offered, their sources are not read.
    pub dependencies: Vec<String>,
}

/// Answers questions about Rust cells on a thread of its own, at low priority.
///
/// Nothing is read before [`Analysis::warm`] or the first question. A question waits for the answer, but for no longer than
/// a moment, and never for the sources to be read; ask on a thread that may wait.
#[derive(Debug)]
pub struct Analysis {
    rust_src: Option<PathBuf>,
}

impl Analysis {
    /// An analysis that has read nothing yet. `rust_src` is the directory `library` of the toolchain's component rust-src;
    /// without it a small stand-in for the standard library is read.
    pub fn new(rust_src: Option<&Path>) -> Self {
        Self { rust_src: rust_src.map(Path::to_owned) }
    }

    /// Begins to read the sources, and returns at once.
    pub fn warm(&self) {}

    /// Whether answers come from all sources.
    pub fn is_ready(&self) -> bool {
        self.rust_src.is_some()
    }

    /// Forgets everything that was read, to give its memory back; the next question reads it again.
    pub fn unload(&self) {}

    /// Candidates at a cursor of a cell, the best first. `code` is the whole cell, its `%%` line included; `cursor` and the
    /// answer's bounds are in code points.
    pub fn complete(&self, _known: &Known, _code: &str, cursor: usize) -> Completions {
        Completions { start: cursor, end: cursor, matches: Vec::new() }
    }

    /// What stands at a cursor of a cell; none when nothing is known. `detail` 0 is the short form, 1 all there is.
    pub fn inspect(&self, _known: &Known, _code: &str, _cursor: usize, _detail: u8) -> Option<Inspection> {
        None
    }
}
