//! Rhai's errors as a notebook shows them: kind, message, place, source line with a caret, calls.
//!
//! Must not know how a cell is run. Read [`Reporter`] first; [`coloured`] is the last step.

mod caret;

use crate::notebook::Notebook;
use crate::rust::Callables;
use crate::surface;
use candlewick_link::Problem;
use candlewick_plugin_api::nearest;
use rhai::{Dynamic, Engine, EvalAltResult, Position, Scope};
use std::collections::BTreeMap;

/// Bytes of an imported script that errors quote from, at most.
const SCRIPT: u64 = 4 << 20;
/// Calls that a traceback names from each end of a long chain.
const CALLS: usize = 10;

/// The text of every cell and file that errors may name.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Remembers a text under the name that places in it carry, such as `cell 3`.
    pub fn remember(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.to_owned());
    }

    /// The text of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A line of a text; of one that was not remembered, of the script file of that name.
    fn line(&self, name: &str, line: usize) -> Option<String> {
        let number = line.checked_sub(1)?;
        match self.0.get(name) {
            Some(text) => text.lines().nth(number).map(str::to_owned),
            None => script(name)?.lines().nth(number).map(str::to_owned),
        }
    }
}

/// The text of a script that was imported under a path; the path leaves the extension out.
fn script(path: &str) -> Option<String> {
    [format!("{path}.rhai"), path.to_owned()].iter().find_map(|path| {
        let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
        (size <= SCRIPT).then(|| std::fs::read_to_string(path).ok())?
    })
}

/// An error of a native function: a kind that users know, and a message. Scripts catch it and read both.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The kind, such as `TypeError`.
    pub name: &'static str,
    /// What was asked, what was found, what to do.
    pub message: String,
}

impl Fault {
    /// An error that a native function returns.
    pub fn error(name: &'static str, message: impl Into<String>) -> Box<EvalAltResult> {
        Self::at(name, message, Position::NONE)
    }

    /// An error at a place of a source text.
    pub fn at(name: &'static str, message: impl Into<String>, at: Position) -> Box<EvalAltResult> {
        let fault = Self { name, message: message.into() };
        Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault), at))
    }
}

/// What is needed to explain an error.
pub struct Reporter<'a> {
    /// Knows the functions.
    pub engine: &'a Engine,
    /// Knows the variables.
    pub scope: &'a Scope<'static>,
    /// Knows where functions were defined; a plugin's are all in its own source.
    pub origins: Option<&'a Notebook>,
    /// The texts.
    pub sources: &'a Sources,
}

/// One place on the way from the error out to the cell.
struct Frame<'e> {
    function: Option<&'e str>,
    source: String,
    at: Position,
}

impl Reporter<'_> {
    /// The problem that an error of the cell of that name is.
    pub fn problem(&self, error: &EvalAltResult, cell: &str) -> Problem {
        let (inner, frames) = self.frames(error, cell);
        let (name, message) = self.explain(inner, &frames);
        let mut traceback = vec![format!("{name}: {message}")];
        let left_out = frames.len().saturating_sub(2 * CALLS);
        for (index, frame) in frames.iter().rev().enumerate() {
            if index == CALLS && left_out > 0 {
                traceback.push(format!("… {left_out} more calls …"));
            }
            if !(CALLS..CALLS + left_out).contains(&index) {
                self.show(frame, &mut traceback);
            }
        }
        Problem { name: name.to_owned(), message, traceback }
    }

    /// A problem of that kind at a place.
    pub fn problem_at(&self, name: &str, message: String, source: &str, at: Position) -> Problem {
        let mut traceback = vec![format!("{name}: {message}")];
        self.show(&Frame { function: None, source: source.to_owned(), at }, &mut traceback);
        Problem { name: name.to_owned(), message, traceback }
    }

    /// The innermost error with the places passed on the way to it, outermost first.
    fn frames<'e>(&self, error: &'e EvalAltResult, cell: &str) -> (&'e EvalAltResult, Vec<Frame<'e>>) {
        let (mut error, mut function, mut source) = (error, None, cell.to_owned());
        let mut frames = Vec::new();
        loop {
            let mut at = error.position();
            let inner = match error {
                EvalAltResult::ErrorInFunctionCall(name, origin, inner, call) => {
                    at = *call;
                    // What a module calls is the module's own, whatever the notebook has of that name.
                    let known = self
                        .origins
                        .filter(|_| origin.is_empty() || origin == cell)
                        .and_then(|notebook| notebook.origin(name, inner.position()))
                        .map(|origin| origin.source.clone());
                    Some((Some(name.as_str()), known.unwrap_or_else(|| origin.clone()), inner))
                }
                EvalAltResult::ErrorInModule(path, inner, call) => {
                    at = *call;
                    Some((None, path.clone(), inner))
                }
                _ => None,
            };
            frames.push(Frame { function, source, at });
            let Some((called, origin, inner)) = inner else { return (error, frames) };
            (error, function, source) = (inner, called, origin);
        }
    }

    fn show(&self, frame: &Frame, lines: &mut Vec<String>) {
        let (Some(line), column) = (frame.at.line(), frame.at.position().unwrap_or(1)) else { return };
        let function = match frame.function {
            Some(name) if name.starts_with("anon$") => ", in a closure".to_owned(),
            Some(name) => format!(", in {name}"),
            None => String::new(),
        };
        lines.push(format!("{}, line {line}, column {column}{function}", frame.source));
        if let Some(text) = self.sources.line(&frame.source, line) {
            let (text, caret) = caret::under(&text, column);
            lines.push(format!("    {text}"));
            lines.push(format!("    {caret}"));
        }
    }

    fn explain(&self, error: &EvalAltResult, frames: &[Frame]) -> (&'static str, String) {
        use EvalAltResult as E;
        match error {
            E::ErrorParsing(kind, _) => ("SyntaxError", kind.to_string()),
            E::ErrorVariableNotFound(name, _) => ("NameError", self.missing_variable(name, frames)),
            E::ErrorTerminated(why, _) if why.is::<Fault>() => match why.read_lock::<Fault>() {
                Some(fault) => (fault.name, fault.message.clone()),
                None => ("Interrupted", String::new()),
            },
            E::ErrorTerminated(..) => {
                ("Interrupted", "the cell was interrupted; what it had done so far stays".to_owned())
            }
            E::ErrorRuntime(value, _) => match value.read_lock::<Fault>() {
                Some(fault) => (fault.name, fault.message.clone()),
                None if value.is_unit() => ("RuntimeError", "the script threw an error without a message".to_owned()),
                None => ("RuntimeError", value.to_string()),
            },
            E::ErrorArithmetic(message, _) => ("ArithmeticError", message.clone()),
            E::ErrorFunctionNotFound(signature, _) => self.missing_function(signature),
            E::ErrorStackOverflow(_) => (
                "RecursionError",
                format!(
                    "calls are nested deeper than {}; a function calls itself without end",
                    self.engine.max_call_levels()
                ),
            ),
            other => (kind(other), message(other)),
        }
    }

    fn missing_variable(&self, name: &str, frames: &[Frame]) -> String {
        let in_function = frames.last().is_some_and(|frame| frame.function.is_some());
        if in_function && self.scope.contains(name) {
            return format!(
                "`{name}` is a variable of the notebook, and functions see only its constants; \
                 pass it as a parameter, define it with `const`, or use a closure: `|x| … {name} …`"
            );
        }
        let known = self.scope.iter_raw().map(|(name, ..)| name);
        match nearest(name, known) {
            Some(near) => format!("there is no variable `{name}`; did you mean `{near}`?"),
            None => format!("there is no variable `{name}`"),
        }
    }

    /// Rhai gives the call as `name (types)`. A name that exists was given the wrong arguments; another is misspelt.
    fn missing_function(&self, signature: &str) -> (&'static str, String) {
        let (name, types) = signature.split_once(" (").unwrap_or((signature, ")"));
        // Rhai names all types that it takes for a string.
        let types = types.trim_end_matches(')').replace("&str | ImmutableString | String", "string");
        if rhai::is_valid_identifier(name) {
            let known = self.signatures(name);
            if !known.is_empty() {
                let found =
                    if types.is_empty() { "needs arguments".to_owned() } else { format!("does not take ({types})") };
                return ("TypeError", format!("`{name}` {found}; it is written {}", known.join(", or ")));
            }
            let names = self.function_names();
            let hint = nearest(name, names.iter().map(String::as_str));
            let hint =
                hint.map_or_else(|| "`%help` lists all functions".to_owned(), |near| format!("did you mean `{near}`?"));
            return ("NameError", format!("there is no function `{name}`; {hint}"));
        }
        if name.starts_with("anon$") {
            let found = if types.is_empty() { "no arguments".to_owned() } else { format!("({types})") };
            let why = "it takes another number of them, or it is of a plugin, whose closures only that plugin can call";
            return ("TypeError", format!("the closure cannot be called with {found} here: {why}"));
        }
        ("TypeError", format!("`{name}` cannot be used on {}", types.replace(", ", " and ")))
    }

    fn signatures(&self, name: &str) -> Vec<String> {
        let own = self.origins.into_iter().flat_map(|notebook| notebook.functions().iter_functions());
        let own = own.filter(|function| function.name == name).map(|function| format!("`{function}`"));
        let built_in = surface::all().filter(|builtin| builtin.name == name).map(|b| format!("`{}`", b.signature));
        let of_rust = Callables::of(self.engine).find(name).map(|callable| format!("`{}`", callable.signature));
        let found: Vec<String> = own.chain(built_in).chain(of_rust).collect();
        if !found.is_empty() {
            return found;
        }
        let standard = crate::language::standard(self.engine).into_iter().filter(|(other, ..)| other == name);
        standard.map(|(.., signature)| format!("`{signature}`")).take(4).collect()
    }

    fn function_names(&self) -> Vec<String> {
        let own = self.origins.into_iter().flat_map(|notebook| notebook.functions().iter_functions());
        let own = own.map(|function| function.name.to_owned()).filter(|name| !name.starts_with("anon$"));
        let built_in = surface::all().map(|builtin| builtin.name.to_owned());
        let standard = crate::language::standard(self.engine).into_iter().map(|(name, ..)| name);
        let of_rust = Callables::of(self.engine).all().into_iter().map(|callable| callable.name.clone());
        own.chain(built_in).chain(of_rust).chain(standard).collect()
    }
}

fn kind(error: &EvalAltResult) -> &'static str {
    use EvalAltResult as E;
    match error {
        E::ErrorArrayBounds(..) | E::ErrorStringBounds(..) | E::ErrorBitFieldBounds(..) => "IndexError",
        E::ErrorIndexNotFound(..) => "KeyError",
        E::ErrorPropertyNotFound(..) | E::ErrorDotExpr(..) | E::ErrorUnboundThis(_) => "NameError",
        E::ErrorMismatchDataType(..) | E::ErrorMismatchOutputType(..) | E::ErrorFor(_) | E::ErrorIndexingType(..) => {
            "TypeError"
        }
        E::ErrorAssignmentToConstant(..) | E::ErrorNonPureMethodCallOnConstant(..) => "ConstantError",
        E::ErrorModuleNotFound(..) => "ImportError",
        E::ErrorDataTooLarge(..) | E::ErrorTooManyVariables(_) | E::ErrorTooManyModules(_) => "LimitError",
        _ => "RuntimeError",
    }
}

/// Rhai's own message without the place, which the traceback shows.
fn message(error: &EvalAltResult) -> String {
    let text = error.to_string();
    let place = format!(" ({})", error.position());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The problem as clients show it: kind and caret red, places green. Only the traceback is coloured, with the codes that
/// terminals and JupyterLab know; one that has colours, as the compiler's have, keeps them.
pub fn coloured(mut problem: Problem) -> Problem {
    if problem.traceback.iter().any(|line| line.contains("\u{1b}[")) {
        return problem;
    }
    const RED: &str = "\u{1b}[1;31m";
    const GREEN: &str = "\u{1b}[32m";
    const PLAIN: &str = "\u{1b}[0m";
    for (index, line) in problem.traceback.iter_mut().enumerate() {
        *line = match line.strip_prefix(problem.name.as_str()) {
            Some(rest) if index == 0 => format!("{RED}{}{PLAIN}{rest}", problem.name),
            _ if line.trim_start() == "^" => line.replace('^', &format!("{RED}^{PLAIN}")),
            _ if line.starts_with("    ") || index == 0 => continue,
            _ => format!("{GREEN}{line}{PLAIN}"),
        };
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_has_colours_and_its_message_none() {
        let lines = ["NameError: no x", "cell 1, line 1, column 5", "    1 + x", "        ^"];
        let traceback = lines.map(str::to_owned).to_vec();
        let problem = Problem { name: "NameError".into(), message: "no x".into(), traceback };
        let coloured = coloured(problem);
        let expect = [
            "\u{1b}[1;31mNameError\u{1b}[0m: no x",
            "\u{1b}[32mcell 1, line 1, column 5\u{1b}[0m",
            "    1 + x",
            "        \u{1b}[1;31m^\u{1b}[0m",
        ];
        assert_eq!(coloured.traceback, expect);
        assert_eq!((super::coloured(coloured.clone()), coloured.message.as_str()), (coloured.clone(), "no x"));
    }
}
