//! Every message between the compiler process and those who ask it: the worker, which runs what was built, and the
//! kernel process, which asks for completions and whether it is well.

#![allow(clippy::large_enum_variant)] // a few messages a cell: a box would only be in the way

use crate::{Bundle, Completions, Inspection, Problem};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The environment variable in which a worker is told the compiler's socket. Connecting to it starts the compiler.
pub const COMPILER_VARIABLE: &str = "CANDLEWICK_COMPILER";

/// To the compiler process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToCompiler {
    /// Something to be answered by a [`FromCompiler::Reply`] with the same id.
    Request {
        /// Chosen by the sender.
        id: u64,
        /// What is asked.
        request: CompilerRequest,
    },
    /// The answer to [`FromCompiler::Run`].
    Ran(Ran),
    /// Stop what is being compiled now; the request under way is answered by a problem `Interrupted`. Acts at once.
    Cancel,
}

/// What the compiler is asked. Evaluating requests are served one after the other, those of analysis beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompilerRequest {
    /// The first message of a worker: whoever ran cells before is gone, and with it the variables' values. Answered by
    /// [`CompilerIs::Status`].
    Hello {
        /// The worker's process id.
        worker: u32,
    },
    /// Compile a cell and have it run by whoever asks; answered by [`CompilerIs::Evaluated`].
    Evaluate(RustCell),
    /// Be ready for the first cell; answered by [`CompilerIs::Status`] when it is.
    Warm,
    /// Forget items, variables and dependencies; answered by [`CompilerIs::Status`].
    Clear,
    /// What there is; answered at once by [`CompilerIs::Status`].
    Status,
    /// Candidates at a cursor of a Rust cell, first line included; answered by [`CompilerIs::Completions`].
    Complete {
        /// The cell's text.
        code: String,
        /// Cursor, in code points.
        cursor: usize,
    },
    /// What stands at a cursor of a Rust cell; answered by [`CompilerIs::Inspection`].
    Inspect {
        /// The cell's text.
        code: String,
        /// Cursor, in code points.
        cursor: usize,
        /// 0 for the short form, 1 for all there is.
        detail: u8,
    },
    /// Whether a text is a whole Rust cell; answered by [`CompilerIs::Completeness`].
    IsComplete {
        /// The text.
        code: String,
    },
}

/// A Rust cell to compile and run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RustCell {
    /// Its text; the `%%` line is blank, so that lines have their numbers.
    pub code: String,
    /// The name of its place in errors, such as `cell 7`.
    pub source: String,
    /// The name of the plugin that the cell defines (`%%plugin --rust NAME`): the line that registers it is written.
    #[serde(default)]
    pub plugin: Option<String>,
}

/// From the compiler process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromCompiler {
    /// Load this and run it; answered by [`ToCompiler::Ran`]. Comes while [`CompilerRequest::Evaluate`] is served.
    Run(Build),
    /// What takes long, as a line of text: which dependency is being compiled.
    Progress {
        /// The line.
        text: String,
    },
    /// The answer to a request.
    Reply {
        /// The request's id.
        id: u64,
        /// The answer.
        is: CompilerIs,
    },
}

/// A compiled cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The shared library.
    pub file: PathBuf,
    /// The function in it that takes and returns the pointer to the variables.
    pub function: String,
    /// Where the lines of its source come from.
    pub lines: Vec<Lines>,
}

/// A stretch of a build's source that stands so in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Its first line in the build's source, from 1.
    pub built: u32,
    /// How many lines it has.
    pub count: u32,
    /// The cell, such as `cell 7`.
    pub source: String,
    /// Its first line there, from 1.
    pub line: u32,
    /// Columns to add to those of the build's source; a stretch where there are any has one line.
    #[serde(default)]
    pub offset: u32,
}

/// How a compiled cell ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// The lines among what it printed that evcxr's code wrote for evcxr: a panic, an error, lost variables.
    pub notes: Vec<String>,
    /// What went wrong while it was loaded or ran, as the notebook shows it.
    pub problem: Option<Problem>,
}

/// What the compiler answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompilerIs {
    /// A cell was compiled and has run, or not.
    Evaluated(Evaluated),
    /// What there is.
    Status(CompilerStatus),
    /// Candidates at a cursor.
    Completions(Completions),
    /// What stands at a cursor; none when nothing is known.
    Inspection(Option<Inspection>),
    /// Whether a text is a whole cell.
    Completeness {
        /// `complete`, `incomplete` or `invalid`.
        status: String,
        /// What to indent the next line by, when incomplete.
        indent: String,
    },
    /// It could not be done.
    Failed(Problem),
}

/// How the evaluation of a cell ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// What went wrong; none when all went well.
    pub problem: Option<Problem>,
    /// What to show: the answer of a `:` command.
    pub shown: Option<Bundle>,
    /// The compiler's warnings, folded.
    pub warnings: Option<Bundle>,
    /// What the user should know beside: that the compiler was started anew, and what is still there.
    pub notices: Vec<String>,
    /// The variables there are now: name and type, by name.
    pub variables: Vec<(String, String)>,
}

/// What there is of a Rust session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompilerStatus {
    /// The process id.
    pub pid: u32,
    /// Whether the first cell would wait for nothing.
    pub warm: bool,
    /// Whether completion and hover answer from all sources.
    pub analysis: bool,
    /// Why nothing can be compiled, and what to run; none when all is well.
    pub refused: Option<String>,
    /// The compiler, as it says itself.
    pub rustc: String,
    /// Names of items.
    pub items: Vec<String>,
    /// Dependencies, as `:dep` takes them.
    pub dependencies: Vec<String>,
    /// Variables: name and type.
    pub variables: Vec<(String, String)>,
    /// Resident bytes of the process and of those it has started.
    pub resident: u64,
}

/// Whether a cell's first line that is not blank makes it a Rust cell: `%%rust`, or `%%plugin` with `--rust`.
pub fn is_rust_cell(code: &str) -> bool {
    let Some(line) = code.lines().find(|line| !line.trim().is_empty()) else { return false };
    let mut words = line.split_whitespace();
    match words.next() {
        Some("%%rust") => true,
        Some("%%plugin") => words.any(|word| word == "--rust"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_makes_a_rust_cell() {
        let check = |code: &str, expect: bool| assert_eq!(is_rust_cell(code), expect, "{code:?}");
        check("%%rust\n1 + 1", true);
        check("\n  \n%%rust", true);
        check("%%plugin --rust x priority=1\n", true);
        check("%%plugin x\n", false);
        check("%%rusty", false);
        check("1 + 1\n%%rust", false);
        check("", false);
    }
}
