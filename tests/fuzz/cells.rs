//! What holds for every text that is split into a `%%` line, commands and statements.
//!
//! Owns the check that the fuzz target and the replay of its corpus share; both bring `kernel/worker/src/cell.rs` as
//! `crate::cell`. Read [`check`] first.

use crate::cell::{Cell, Line, Part, ends_quietly, parts, tokens};
use rhai::Engine;

thread_local! {
    static ENGINE: Engine = Engine::new();
}

/// Nothing is lost, nothing is there twice, and every line keeps its number.
///
/// # Panics
/// When that does not hold.
pub fn check(text: &str) {
    let cell = Cell::of(text);
    assert!(is_made_of(&cell.body, text));
    if let Some(line) = &cell.magic {
        check_line(line, text, "%%");
    }
    ENGINE.with(|engine| {
        let parts = parts(engine, &cell.body);
        let mut owners = vec![0; cell.body.lines().count()];
        parts.iter().for_each(|part| count(part, &cell.body, &mut owners));
        for (line, owners) in cell.body.lines().zip(owners) {
            assert!(owners == usize::from(!line.trim().is_empty()), "{line:?} has {owners} owners in {text:?}");
        }
        ends_quietly(engine, text);
        tokens(engine, text);
    });
}

/// Counts the lines that a part has for its own.
fn count(part: &Part<'_>, body: &str, owners: &mut [usize]) {
    match part {
        Part::Statements(statements) => {
            assert!(is_made_of(statements, body));
            for (index, line) in statements.lines().enumerate() {
                owners[index] += usize::from(!line.trim().is_empty());
            }
        }
        Part::Command(line) => {
            check_line(line, body, "%");
            owners[line.number - 1] += 1;
        }
    }
}

/// Whether every line of a text is the same line of another, or blank.
fn is_made_of(text: &str, whole: &str) -> bool {
    let mut lines = text.lines().zip(whole.lines());
    lines.all(|(line, original)| line == original || line.trim().is_empty())
        && text.lines().count() <= whole.lines().count()
}

fn check_line(line: &Line<'_>, text: &str, sign: &str) {
    let written = text.lines().nth(line.number - 1).unwrap_or_default();
    assert!(written.starts_with(&format!("{sign}{}", line.name)), "{written:?}");
    assert!(written.trim_end().ends_with(line.arguments), "{written:?}");
}
