//! Whether a text is a whole cell: what front ends ask at Enter.
//!
//! Read [`is_complete`] first.

use super::commands;
use super::syntax::{Script, too_much};

/// What one level of brackets is indented by.
const INDENT: &str = "    ";

/// Whether a text is a whole cell: `complete` or `incomplete`, and what to indent the next line by. Only brackets, strings
/// and comments that are not closed make it incomplete; a text with other mistakes is whole, and running it says which.
pub fn is_complete(code: &str) -> (&'static str, String) {
    let lines = code.split_inclusive('\n').map(|line| {
        let other = line.starts_with("%%") || commands::is_command(line.trim());
        if other { "\n" } else { line }
    });
    let code: String = lines.collect();
    if too_much(&code).is_some() {
        return ("complete", String::new());
    }
    match Script::parse(&code).unclosed() {
        Some(unclosed) if unclosed.open => ("incomplete", INDENT.repeat(unclosed.depth)),
        _ => ("complete", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_and_strings_go_on() {
        let check = |code: &str, expect: Option<usize>| {
            let (status, indent) = is_complete(code);
            let found = (status == "incomplete").then_some(indent.len() / INDENT.len());
            assert_eq!(found, expect, "{code:?}");
        };
        check("%%rust\n1 + 1", None);
        check("", None);
        check("%%rust\nfn f() {", Some(1));
        check("fn f() {\n    g(|x| {\n", Some(3));
        check("fn f() {}\n", None);
        check("let a = [1, 2", Some(1));
        check("let a = \"b", Some(0));
        check("let a = \"b\n c { ( \";", None);
        check("fn f() { let a = r#\"b\"", Some(1));
        check("/* a /* b */", Some(0));
        check("// {\n1", None);
        check("'{'", None);
        check("let a: &'static str = \"{\";", None);
        check("f(])", None);
        check("}", None);
        check(":dep (\n:type [1\n", None);
        check("let a = ;", None);
    }
}
