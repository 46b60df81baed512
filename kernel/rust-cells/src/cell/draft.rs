//! The cell's text with what is written into it, each line with where it comes from.
//!
//! What is written stands on lines of its own, and what follows it on a line of the cell is moved to its own column by
//! blanks: so a column of the text is always the cell's own, and only lines must be mapped. (The rejected way, to write
//! into the lines and to map columns, needs care wherever a message shows a source line.) Read [`Draft`] first.

use super::types;
use super::variables::{TypedAt, Variable};

/// Where a line of evcxr's text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of the cell, from 1.
    Cell(u32),
    /// The type of the variable of that index.
    Binding(usize),
    /// The question for the type of the variable of that index.
    Probe(usize),
    /// The question for the type of the expression of that index.
    TypeOf(usize),
    /// What shows the final expression, whose line that is.
    Show(u32),
    /// The line that registers the plugin.
    Register,
    /// The line that makes the function of that index callable.
    Callable(usize),
    /// What needs no one's attention.
    Filling,
}

/// A text whose lines have origins.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// The text.
    pub(crate) text: String,
    /// The origin of each line.
    pub(crate) lines: Vec<Origin>,
}

/// Something that is written into the cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Insertion {
    /// Before which byte of the text.
    pub(crate) at: usize,
    /// The line.
    pub(crate) line: String,
    /// What it is.
    pub(crate) origin: Origin,
}

/// A cell with everything that is known before types are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    /// Lines for evcxr that stand first: its commands, with the cell's lines.
    pub(crate) commands: Vec<(u32, String)>,
    /// The cell's text; command lines are blank.
    pub(crate) code: String,
    /// What is written into it.
    pub(crate) insertions: Vec<Insertion>,
    /// What is written behind it.
    pub(crate) appended: Vec<(String, Origin)>,
    /// The variables whose types must be found out.
    pub(crate) variables: Vec<Variable>,
    /// The expressions whose types are asked for: line, column, text.
    pub(crate) types: Vec<(u32, u32, String)>,
}

impl Draft {
    /// The text to check: it asks for each type that is not known.
    pub(crate) fn probe(&self) -> Written {
        let mut written = self.opening();
        for (index, (line, column, expression)) in self.types.iter().enumerate() {
            // A `match`, so that a `?` in the expression is not taken for the mistake.
            let opening = format!("{{ struct {}; match (", types::PROBE);
            let closing = format!(") {{ it => {{ let _: ({},) = it; }} }} }}", types::PROBE);
            written.line(&opening, Origin::TypeOf(index));
            let indent = " ".repeat((*column as usize).saturating_sub(1));
            written.line(&format!("{indent}{expression}"), Origin::Cell(*line));
            written.line(&closing, Origin::TypeOf(index));
        }
        written.code(&self.code, self.insertions.clone());
        for (index, variable) in self.variables.iter().enumerate() {
            written.line(&types::probe(&variable.name), Origin::Probe(index));
        }
        written
    }

    /// The text to evaluate, with a type for each variable; those without one are left as they are.
    pub(crate) fn typed(&self, types: &[Option<String>]) -> Written {
        let mut written = self.opening();
        if !self.has_code() {
            return written;
        }
        let typed = self.variables.iter().enumerate().zip(types);
        let typed = typed.filter_map(|((index, variable), ty)| Some(binding(index, variable, ty.as_ref()?)));
        let mut insertions: Vec<Insertion> = typed.chain(self.insertions.iter().cloned()).collect();
        insertions.sort_by_key(|insertion| insertion.at);
        written.code(&self.code, insertions);
        for (line, origin) in &self.appended {
            written.line(line, *origin);
        }
        written
    }

    /// Whether there is anything but blanks and comments on lines of their own.
    pub(crate) fn has_code(&self) -> bool {
        self.first_code().is_some()
    }

    fn first_code(&self) -> Option<&str> {
        self.code.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"))
    }

    /// evcxr's commands; and where it would take the first line of code for one, a line before it.
    fn opening(&self) -> Written {
        let mut written = Written::default();
        for (number, line) in &self.commands {
            written.line(line, Origin::Cell(*number));
        }
        if self.first_code().is_some_and(|line| line.starts_with([':', '!'])) {
            written.line("();", Origin::Filling);
        }
        written
    }
}

fn binding(index: usize, variable: &Variable, ty: &str) -> Insertion {
    let origin = Origin::Binding(index);
    let mutable = if variable.mutable { "mut " } else { "" };
    let name = &variable.name;
    match variable.typed {
        TypedAt::Behind(at) => Insertion { at, line: format!("let {mutable}{name}: {ty} = {name};"), origin },
        TypedAt::Name(at) => Insertion { at, line: format!(": {ty}"), origin },
    }
}

impl Written {
    /// Writes a line.
    fn line(&mut self, text: &str, origin: Origin) {
        self.text.push_str(text);
        self.text.push('\n');
        self.lines.push(origin);
    }

    /// Writes the cell's code with what stands in between.
    fn code(&mut self, code: &str, insertions: Vec<Insertion>) {
        let mut insertions = insertions.into_iter().peekable();
        let mut start = 0;
        for (number, line) in (1..).zip(code.split('\n')) {
            let end = start + line.len();
            let mut from = start;
            while let Some(insertion) = insertions.next_if(|insertion| insertion.at <= end) {
                let at = insertion.at.max(from);
                self.part(&code[start..from], &code[from..at], number);
                self.line(&insertion.line, insertion.origin);
                from = at;
            }
            self.part(&code[start..from], &code[from..end], number);
            start = end + 1;
        }
        insertions.for_each(|insertion| self.line(&insertion.line, insertion.origin));
    }

    /// Writes a part of a line at its own column; what is left of a line when it is blank needs no line.
    fn part(&mut self, before: &str, part: &str, number: u32) {
        if !before.is_empty() && part.trim().is_empty() {
            return;
        }
        let blank = before.chars().map(|character| if character == '\t' { '\t' } else { ' ' });
        let line: String = blank.chain(part.chars()).collect();
        self.line(&line, Origin::Cell(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::syntax::Script;
    use crate::cell::variables::untyped;

    #[test]
    fn what_is_written_stands_on_its_own_lines() {
        let check = |code: &str, types: &[&str], expect: &[(&str, Origin)]| {
            let script = Script::parse(code);
            let variables = untyped(&script, &script.statements());
            let draft = Draft { code: code.to_owned(), variables, ..Draft::default() };
            let types: Vec<Option<String>> = types.iter().map(|ty| Some((*ty).to_owned())).collect();
            let written = draft.typed(&types);
            let lines: Vec<(&str, Origin)> = written.text.lines().zip(written.lines.iter().copied()).collect();
            assert_eq!(lines, expect, "{code}");
            assert_eq!(written.text.lines().count(), written.lines.len());
        };
        use Origin::{Binding, Cell, Filling};
        check("let x = 1;", &["i32"], &[("let x = 1;", Cell(1)), ("let x: i32 = x;", Binding(0))]);
        check(
            "\n\tlet (a, mut b) = f(); g(a) // end",
            &["A", "B"],
            &[
                ("", Cell(1)),
                ("\tlet (a, mut b) = f();", Cell(2)),
                ("let a: A = a;", Binding(0)),
                ("let mut b: B = b;", Binding(1)),
                ("\t                      g(a) // end", Cell(2)),
            ],
        );
        check(
            "let mut ä; ä = 2;\nä",
            &["u8"],
            &[("let mut ä", Cell(1)), (": u8", Binding(0)), ("         ; ä = 2;", Cell(1)), ("ä", Cell(2))],
        );
        check("!x;", &[], &[("();", Filling), ("!x;", Cell(1))]);
        check("\n::std::mem::drop(1);", &[], &[("();", Filling), ("", Cell(1)), ("::std::mem::drop(1);", Cell(2))]);
        check("// only\n\n", &[], &[]);
    }
}
