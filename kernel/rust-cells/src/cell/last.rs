//! The final expression of a cell: whether it is shown, and what is written around it.
//!
//! evcxr must not see it as an expression, or it would show it in its own way. Must not know what showing does: that is the
//! library's `show!`. Read [`insertions`] first.

use super::draft::{Insertion, Origin};
use super::registering::CELLS;
use super::syntax::{Statement, position};
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::ast::{self, AstNode};

/// Macros that give nothing to show.
const SILENT: [&str; 13] = [
    "println",
    "print",
    "eprintln",
    "eprint",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "thread_local",
];

/// What is written around the final expression, if there is one.
pub(crate) fn insertions(statements: &[Statement], text: &str) -> Vec<Insertion> {
    let Some(last) = statements.last() else { return Vec::new() };
    let Some(expression) = ast::Expr::cast(last.node.clone()) else { return Vec::new() };
    let semicolon = Insertion { at: last.end, line: ";".to_owned(), origin: Origin::Filling };
    if !is_shown(&expression) {
        return vec![semicolon];
    }
    let origin = Origin::Show(position(text, last.start).0);
    let start = last.start + leading(&last.node.text().to_string());
    vec![
        Insertion { at: start, line: format!("{CELLS}::show!("), origin },
        Insertion { at: last.end, line: ");".to_owned(), origin },
    ]
}

/// Bytes of comments that the parser counts to an expression.
fn leading(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let comment = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(0)
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(0, |end| end + 2)
        } else {
            0
        };
        if comment == 0 {
            return at + blank;
        }
        at += blank + comment;
    }
}

fn is_shown(expression: &ast::Expr) -> bool {
    match expression {
        ast::Expr::ForExpr(_) | ast::Expr::WhileExpr(_) | ast::Expr::ReturnExpr(_) | ast::Expr::BreakExpr(_) => false,
        ast::Expr::ContinueExpr(_) => false,
        ast::Expr::IfExpr(branch) => branch.else_branch().is_some(),
        ast::Expr::BinExpr(binary) => !matches!(binary.op_kind(), Some(ast::BinaryOp::Assignment { .. })),
        ast::Expr::MacroExpr(call) => call.macro_call().is_none_or(|call| is_value(&call)),
        // A block without a final expression has no value.
        ast::Expr::BlockExpr(block) => block.stmt_list().is_none_or(|list| list.tail_expr().is_some()),
        _ => true,
    }
}

/// Whether a macro's call may have a value: not one in braces, which may as well define items.
fn is_value(call: &ast::MacroCall) -> bool {
    let braces = call.token_tree().is_some_and(|tree| tree.l_curly_token().is_some());
    let name = call.path().and_then(|path| path.segment()).and_then(|segment| segment.name_ref());
    !braces && name.is_none_or(|name| !SILENT.iter().any(|silent| name.text() == *silent))
}

/// `use candlewick::prelude::*;`, which every session begins with: it need not be there twice.
pub(crate) fn is_prelude(statement: &Statement) -> bool {
    let Some(import) = ast::Use::cast(statement.node.clone()) else { return false };
    let tree = import.use_tree().map(|tree| tree.syntax().text().to_string()).unwrap_or_default();
    let path: String = tree.chars().filter(|c| !c.is_whitespace()).collect();
    path.trim_start_matches("::") == "candlewick::prelude::*" && statement.node.kind() == SyntaxKind::USE
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Script;
    use super::*;

    #[test]
    fn the_final_expression_is_shown() {
        let check = |text: &str, shown: Option<&str>| {
            let found = insertions(&Script::parse(text).statements(), text);
            match (found.as_slice(), shown) {
                ([open, close], Some(shown)) => {
                    assert_eq!(open.line, "candlewick::cells::show!(");
                    assert_eq!(&text[open.at..close.at], shown, "{text}");
                }
                ([only], None) => assert_eq!(only.line, ";", "{text}"),
                ([], None) => {}
                _ => panic!("{text}: {found:?}"),
            }
        };
        check("let x = 1;\nx + 1 // why", Some("x + 1"));
        check("1; // first\n// what\nx", Some("x"));
        check("x;", None);
        check("let x = 1;", None);
        check("", None);
        check("x = 5", None);
        check("x += 5", None);
        check("x == 5", Some("x == 5"));
        check("for i in 0..3 { f(i) }", None);
        check("while true {}", None);
        check("if a { f() }", None);
        check("if a { 1 } else { 2 }", Some("if a { 1 } else { 2 }"));
        check("match a {\n _ => 1,\n}", Some("match a {\n _ => 1,\n}"));
        check("loop { break 1 }", Some("loop { break 1 }"));
        check("{ f(); }", None);
        check("{ f() }", Some("{ f() }"));
        check("unsafe { f() }", Some("unsafe { f() }"));
        check("println!(\"a\")", None);
        check("std::println!(\"a\")", None);
        check("vec![1]", Some("vec![1]"));
        check("thread_local! { static A: i32 = 1; }", None);
        check("fn f() {}", None);
        check("|x| x + 1", Some("|x| x + 1"));
        check("return", None);
    }

    #[test]
    fn the_prelude_is_known() {
        let check = |text: &str, expect: bool| {
            assert_eq!(Script::parse(text).statements().iter().any(is_prelude), expect, "{text}");
        };
        check("use candlewick::prelude::*;", true);
        check("use ::candlewick :: prelude::* ;", true);
        check("use candlewick::prelude::Tensor;", false);
        check("use candlewick::prelude::*; use a::b;", true);
    }
}
