//! Everything between the text of a Rust cell and what evcxr gets, and back: commands, types of variables, the final
//! expression, registrations; errors, warnings and lines in the cell's own words and places.
//!
//! Pure functions: must not know how or where anything is compiled or run. Read [`prepare`], [`Prepared`] and [`Typed`].
//! The way of a cell: `prepare` → where there is a [`Prepared::probe`], evcxr's `check` of it and [`Prepared::types`],
//! else [`Prepared::untyped`] → evcxr's `execute` of [`Typed::text`] → [`Typed::problem`], or [`Typed::warnings`] and
//! [`Typed::shown`], and [`Knowledge::learn`].

use candlewick_link::{Bundle, Lines, Problem, RustCell};
use evcxr::CompilationError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// What the Rust session has. The evaluation keeps it beside evcxr's own state, and in its journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    /// Variables with their types, as evcxr has them; whoever evaluates brings them up to date after every cell.
    pub variables: Vec<(String, String)>,
    /// Names of items, as evcxr has them; brought up to date in the same way.
    pub items: Vec<String>,
    /// The notebook's directory: what paths of `:dep` are relative to.
    pub directory: PathBuf,
    /// Dependencies as `:dep` takes them, such as `regex = "1"`, by name.
    pub dependencies: Vec<String>,
    /// The texts of earlier cells' items, so that their lines are known in later builds.
    pub(crate) texts: Vec<ItemText>,
    /// Codes and explanations of the last errors, for `:explain`.
    pub(crate) explanations: Vec<(String, String)>,
}

/// One item of an earlier cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemText {
    /// Its name; none of an `impl` and the like.
    pub(crate) name: Option<String>,
    /// Its text, as it stands in the cell.
    pub(crate) text: String,
    /// The cell, such as `cell 7`.
    pub(crate) source: String,
    /// Its first line there, from 1.
    pub(crate) line: u32,
}

impl Knowledge {
    /// After a cell was evaluated: keeps its items' texts and its dependencies.
    pub fn learn(&mut self, typed: &Typed) {
        let _ = typed;
    }

    /// After a cell did not compile: keeps what `:explain` tells.
    pub fn failed(&mut self, compiled: &Compiled) {
        let _ = compiled;
    }

    /// After `:clear`: nothing is known but the directory.
    pub fn clear(&mut self) {
        *self = Self { directory: std::mem::take(&mut self.directory), ..Self::default() };
    }
}

/// What a compilation of a cell gave, whether by evcxr's `check` or by its `execute`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compiled<'a> {
    /// rustc's diagnostics of the crate `ctx`, as it wrote them (the wrapper keeps a copy; of the last time that rustc ran
    /// for this text): each a JSON object with `message`, `level`, `spans`. Empty when rustc was never reached, because
    /// a dependency could not be had or built.
    pub diagnostics: &'a [Value],
    /// `src/lib.rs` as it was compiled then.
    pub source: &'a str,
    /// What evcxr made of it; empty when it was no error of compilation.
    pub errors: &'a [CompilationError],
}

/// A cell that is ready to be compiled, but for the types of its new variables.
#[derive(Clone, Debug)]
pub struct Prepared {
    _private: (),
}

/// A cell as evcxr evaluates it.
#[derive(Clone, Debug)]
pub struct Typed {
    _private: (),
}

/// Reads a cell: its commands, its items and statements.
///
/// # Errors
///
/// `SyntaxError` for brackets and strings that are not closed, `CommandError` for a `:` command that is misspelt or not
/// for notebooks, `PluginError` when `%%plugin --rust` has no one `impl Plugin for …`, and `LimitError` for a text that is
/// too long.
pub fn prepare(cell: &RustCell, knowledge: &Knowledge) -> Result<Prepared, Problem> {
    let _ = (cell, knowledge);
    Ok(Prepared { _private: () })
}

impl Prepared {
    /// Whether everything is to be forgotten (`:clear`) before the rest of the cell is done.
    pub fn clears(&self) -> bool {
        false
    }

    /// The text for evcxr's `check`; none when all types are known, and [`Self::untyped`] is next.
    pub fn probe(&self) -> Option<&str> {
        None
    }

    /// The types of the new variables, from the check of [`Self::probe`].
    ///
    /// # Errors
    ///
    /// The cell's own errors (`CompileError`), and types that cannot be written down (`TypeError`). When rustc was never
    /// reached and evcxr says nothing either, the cell comes back as it is: evaluating it will tell why.
    pub fn types(self, compiled: &Compiled) -> Result<Typed, Problem> {
        let _ = compiled;
        Ok(Typed { _private: () })
    }

    /// The cell, when there is nothing to find out.
    pub fn untyped(self) -> Typed {
        Typed { _private: () }
    }
}

impl Typed {
    /// What evcxr's `execute` gets; empty when there is nothing to evaluate.
    pub fn text(&self) -> &str {
        ""
    }

    /// Why the cell could not be evaluated, in its own lines and columns.
    pub fn problem(&self, error: &evcxr::Error, compiled: &Compiled) -> Problem {
        let _ = (error, compiled);
        Problem::default()
    }

    /// rustc's warnings about the cell's own lines, folded.
    pub fn warnings(&self, compiled: &Compiled) -> Option<Bundle> {
        let _ = compiled;
        None
    }

    /// The answers of the cell's `:` commands (`:vars`, `:help` …); `knowledge` is that after the cell.
    pub fn shown(&self, knowledge: &Knowledge) -> Option<Bundle> {
        let _ = knowledge;
        None
    }

    /// Where the lines of a built source come from: this cell's and those of earlier cells' items.
    pub fn lines(&self, source: &str, knowledge: &Knowledge) -> Vec<Lines> {
        let _ = (source, knowledge);
        Vec::new()
    }
}

/// Whether a text is a whole cell: `complete` or `incomplete`, and what to indent the next line by.
pub fn is_complete(code: &str) -> (&'static str, String) {
    let _ = code;
    ("complete", String::new())
}

/// Names of the `:` commands with a line of help each: for completion and `:help`.
pub fn commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::empty()
}
