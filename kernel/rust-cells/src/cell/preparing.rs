//! A cell's text made ready: commands are read, the text is parsed, and what must be written into it is found.
//!
//! Must not know rustc's answers. Read [`prepare`] first.

use super::commands::{self, Asked};
use super::draft::{Draft, Origin};
use super::knowledge::{Compiled, ItemText, Knowledge};
use super::problems::Cell;
use super::registering::{self, Registration};
use super::syntax::{Script, Statement, too_much};
use super::typing::Typed;
use super::{keepers, last, variables};
use candlewick_link::{Problem, RustCell};

/// A cell that is ready to be compiled, but for the types of its new variables.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(crate) cell: Cell,
    pub(crate) asked: Asked,
    pub(crate) draft: Draft,
    pub(crate) earlier: Vec<ItemText>,
    pub(crate) stands: Vec<(Origin, (usize, usize), String)>,
    pub(crate) known: Vec<(String, String)>,
    probe: Option<String>,
}

/// Reads a cell: its commands, its items and statements.
///
/// # Errors
///
/// `SyntaxError` for brackets and strings that are not closed, `CommandError` for a `:` command that is misspelt or not
/// for notebooks, `PluginError` when `%%plugin --rust` has no one `impl Plugin for …`, `CallableError` for `#[callable]`
/// on what cannot be called, and `LimitError` for a text that is too long.
pub fn prepare(cell: &RustCell, knowledge: &Knowledge) -> Result<Prepared, Problem> {
    let text = Cell { source: cell.source.clone(), text: cell.code.replace("\r\n", "\n") };
    if let Some((at, why)) = too_much(&text.text) {
        return Err(shortened(&text, at).problem("LimitError", (at, at + 1), &why, &[]));
    }
    let (mut asked, code) = commands::read(&text, knowledge)?;
    let script = Script::parse(&code);
    if let Some(unclosed) = script.unclosed() {
        return Err(text.problem("SyntaxError", (unclosed.at, unclosed.at + 1), &unclosed.what, &[]));
    }
    if let Some(problem) = (!script.valid).then(|| commands::below_code(&text, &code)).flatten() {
        return Err(problem);
    }
    let statements = script.statements();
    let mut draft = Draft { code: code.clone(), commands: std::mem::take(&mut asked.passed), ..Draft::default() };
    let mut stands = Vec::new();
    if script.valid {
        written(cell, knowledge, &text, &script, &statements, &mut draft, &mut stands)?;
    }
    statements
        .iter()
        .filter(|statement| last::is_prelude(statement))
        .for_each(|statement| blank(&mut draft.code, statement));
    // What is a variable's name needs no compiler.
    let known: Vec<(String, String)> = if asked.clears { Vec::new() } else { knowledge.variables.clone() };
    let fresh = draft.has_code();
    draft.types = asked.types.iter().filter(|(.., text)| fresh || !is_known(&known, text)).cloned().collect();
    let uncertain = draft.variables.iter().any(|variable| variable.certain.is_none());
    let asks = uncertain || !draft.types.is_empty() || !script.valid;
    let probe = asks.then(|| draft.probe().text);
    let earlier = if asked.clears { Vec::new() } else { knowledge.texts.clone() };
    Ok(Prepared { cell: text, asked, draft, earlier, stands, known, probe })
}

/// Finds what is to be written into the cell.
fn written(
    cell: &RustCell,
    knowledge: &Knowledge,
    text: &Cell,
    script: &Script,
    statements: &[Statement],
    draft: &mut Draft,
    stands: &mut Vec<(Origin, (usize, usize), String)>,
) -> Result<(), Problem> {
    if let Some(statement) = variables::late_patterns(statements).next() {
        let message = "a pattern without a value cannot be kept for later cells";
        let help = "declare each variable by itself: `let a; let b;`";
        return Err(text.problem("TypeError", (statement.start, statement.end), message, &[help]));
    }
    draft.variables = variables::untyped(script, statements);
    draft.insertions = keepers::insertions(statements);
    draft.insertions.extend(last::insertions(statements, &draft.code));
    let mut append = |found: Registration, origin: Origin| {
        draft.appended.push((found.line, origin));
        stands.push((origin, found.stands, found.name));
    };
    for (index, found) in registering::callables(script, statements, text)?.into_iter().enumerate() {
        append(found, Origin::Callable(index));
    }
    if let Some(name) = &cell.plugin {
        append(registering::plugin(name, script, statements, knowledge, text)?, Origin::Register);
    }
    Ok(())
}

fn is_known(variables: &[(String, String)], text: &str) -> bool {
    variables.iter().any(|(name, _)| name == text)
}

/// Puts blanks in the place of a statement; its lines stay.
fn blank(code: &mut String, statement: &Statement) {
    let stretch = statement.start..statement.end;
    let blanks = code[stretch.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let blanks: String = blanks.collect();
    code.replace_range(stretch, &blanks);
}

/// The beginning of a text, for an error about one that is too long to be shown whole.
fn shortened(cell: &Cell, at: usize) -> Cell {
    const AROUND: usize = 4_000;
    let end = (at + AROUND..cell.text.len()).find(|end| cell.text.is_char_boundary(*end)).unwrap_or(cell.text.len());
    Cell { source: cell.source.clone(), text: cell.text[..end].to_owned() }
}

impl Prepared {
    /// Whether everything is to be forgotten (`:clear`) before the rest of the cell is done.
    pub fn clears(&self) -> bool {
        self.asked.clears
    }

    /// The text for evcxr's `check`; none when all types are known, and [`Self::untyped`] is next.
    pub fn probe(&self) -> Option<&str> {
        self.probe.as_deref()
    }

    /// The types of the new variables, from the check of [`Self::probe`].
    ///
    /// # Errors
    ///
    /// The cell's own errors (`CompileError`), and types that cannot be written down (`TypeError`). When rustc was never
    /// reached and evcxr says nothing either, the cell comes back as it is: evaluating it will tell why.
    pub fn types(self, compiled: &Compiled) -> Result<Typed, Problem> {
        Typed::checked(self, compiled)
    }

    /// The cell, when there is nothing to find out.
    pub fn untyped(self) -> Typed {
        Typed::unchecked(self)
    }
}
