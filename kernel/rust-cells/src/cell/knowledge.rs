//! What a Rust session has, as cells are read with it, and what a compilation gave.
//!
//! Must not know how a cell is read. Read [`Knowledge`] first.

use super::keepers::{self, is_keeper};
use super::report::is_error;
use super::typing::Typed;
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
    /// The texts of earlier cells' items and imports, so that their lines are known in later builds.
    pub(crate) texts: Vec<ItemText>,
    /// Codes and explanations of the last errors, for `:explain`.
    pub(crate) explanations: Vec<(String, String)>,
}

/// One item of an earlier cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemText {
    /// Its name, or that of the item before it with which evcxr keeps it; none of an `impl` that stands alone.
    pub(crate) name: Option<String>,
    /// Its text, as it stands in the cell.
    pub(crate) text: String,
    /// The cell, such as `cell 7`.
    pub(crate) source: String,
    /// Its first line there, from 1.
    pub(crate) line: u32,
    /// Columns of that line which stand before it.
    pub(crate) offset: u32,
}

impl Knowledge {
    /// After a cell was evaluated: keeps its items' texts and its dependencies.
    pub fn learn(&mut self, typed: &Typed) {
        let items = typed.items();
        // What is defined anew takes the place of the old, as in evcxr.
        self.texts.retain(|old| old.name.is_none() || items.iter().all(|new| new.name != old.name));
        self.texts.retain(|old| old.name.is_some() || items.iter().all(|new| new.text != old.text));
        self.texts.extend(items);
        for line in typed.dependencies() {
            let name = |line: &str| line.split(" = ").next().map(str::to_owned);
            self.dependencies.retain(|old| name(old) != name(line));
            self.dependencies.push(line.clone());
        }
        self.dependencies.sort();
    }

    /// Whether a cell asks for a crate that is there already in another way, so that its types may be others.
    pub fn changes_dependencies(&self, typed: &Typed) -> bool {
        let name = |line: &str| line.split(" = ").next().map(str::to_owned);
        let new = typed.dependencies();
        new.iter().any(|new| self.dependencies.iter().any(|old| old != new && name(old) == name(new)))
    }

    /// The texts of all items and imports, in order, from which another session begins.
    pub fn sources(&self) -> Vec<String> {
        let source = |item: &ItemText| match item.name.as_deref().filter(|name| is_keeper(name)) {
            Some(keeper) => format!("{}\n{}", keepers::line(keeper), item.text),
            None => item.text.clone(),
        };
        self.texts.iter().map(source).collect()
    }

    /// The names of items and imports that users know.
    pub fn names(&self) -> Vec<String> {
        let names = self.texts.iter().filter_map(|item| item.name.clone());
        names.filter(|name| !is_keeper(name)).collect()
    }

    /// After a cell did not compile: keeps what `:explain` tells.
    pub fn failed(&mut self, compiled: &Compiled) {
        let mut found: Vec<(String, String)> = Vec::new();
        for error in compiled.diagnostics.iter().filter(|diagnostic| is_error(diagnostic)) {
            let code = &error["code"];
            if let (Some(code), Some(text)) = (code["code"].as_str(), code["explanation"].as_str())
                && found.iter().all(|(other, _)| other != code)
            {
                found.push((code.to_owned(), text.to_owned()));
            }
        }
        if !found.is_empty() {
            self.explanations = found;
        }
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
