//! The variables that a cell makes: names bound by `let` at its top level, and which of them lack a written type.
//!
//! Must not know where types come from. Read [`Variable`] first.

use super::syntax::{Script, Statement, holds};
use super::types;
use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};
use std::collections::HashSet;

/// A variable of the cell whose type must be found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is `mut`.
    pub(crate) mutable: bool,
    /// Where its name stands, in bytes of the cell's text.
    pub(crate) stands: (usize, usize),
    /// Where its type is written.
    pub(crate) typed: TypedAt,
    /// For a closure: what its parameters and result are, as far as they are written; of `|x: f64| x`, `(f64)`.
    pub(crate) closure: Option<String>,
    /// Its type, where nothing but its value can say it: then rustc need not be asked.
    pub(crate) certain: Option<String>,
    /// The rest of the statement, for advice: what stands between its name and the `=`, and behind it.
    pub(crate) value: String,
}

/// Where a type is written that was found out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TypedAt {
    /// On a line of its own behind the statement that ends there: `let x: T = x;`.
    Behind(usize),
    /// Behind the name of a variable that gets its value later: `let x: T;`.
    Name(usize),
}

impl Default for TypedAt {
    fn default() -> Self {
        Self::Behind(0)
    }
}

/// The variables whose types must be found out, in order. Of variables of one name it is the last that stays.
pub(crate) fn untyped(script: &Script, statements: &[Statement]) -> Vec<Variable> {
    let (mut found, mut later) = (Vec::new(), HashSet::new());
    for statement in statements.iter().rev() {
        let Some(binding) = ast::LetStmt::cast(statement.node.clone()) else { continue };
        let Some(pattern) = binding.pat() else { continue };
        let typed = is_typed(&pattern, &binding);
        for mut variable in of(&pattern, &binding, script, statement).into_iter().rev() {
            if typed {
                variable.certain = living(&binding);
            }
            if later.insert(variable.name.clone()) && (!typed || variable.certain.is_some()) {
                found.push(variable);
            }
        }
    }
    found.reverse();
    found
}

/// The written type of a variable as it is kept, when that is another one: references in it must live for ever.
fn living(binding: &ast::LetStmt) -> Option<String> {
    let ty = binding.ty().filter(|_| binding.initializer().is_some())?;
    let living = types::living(ty.syntax());
    (ty.syntax().text() != living.as_str()).then_some(living)
}

/// A `let` that binds several names and gives them no value; no line of its own could give each its type.
pub(crate) fn late_patterns(statements: &[Statement]) -> impl Iterator<Item = &Statement> {
    statements.iter().filter(|statement| {
        ast::LetStmt::cast(statement.node.clone()).is_some_and(|binding| {
            let simple = matches!(binding.pat(), Some(ast::Pat::IdentPat(_)) | None);
            binding.initializer().is_none() && !simple && binding.semicolon_token().is_some()
        })
    })
}

/// Whether the type of what a pattern binds is written, wholly.
fn is_typed(pattern: &ast::Pat, binding: &ast::LetStmt) -> bool {
    let whole = matches!(pattern, ast::Pat::IdentPat(ident) if ident.pat().is_none() && ident.ref_token().is_none());
    whole && binding.ty().is_some_and(|ty| !holds(ty.syntax(), SyntaxKind::INFER_TYPE))
}

fn of(pattern: &ast::Pat, binding: &ast::LetStmt, script: &Script, statement: &Statement) -> Vec<Variable> {
    let late = binding.initializer().is_none();
    let whole = matches!(pattern, ast::Pat::IdentPat(ident) if ident.pat().is_none() && ident.ref_token().is_none());
    let parts = pattern.syntax().descendants().filter_map(ast::IdentPat::cast);
    let variable = |ident: ast::IdentPat| {
        let name = ident.name()?;
        let plain = ident.mut_token().is_none() && ident.ref_token().is_none() && ident.pat().is_none();
        // `let None = x else …`: the parser cannot know a constant from a variable, but nobody names one so.
        let constant = plain && name.text().starts_with(char::is_uppercase);
        let range = name.syntax().text_range();
        let stands = (script.offset(range.start()), script.offset(range.end()));
        (!constant).then(|| Variable {
            name: name.text().to_string(),
            mutable: ident.mut_token().is_some() && ident.ref_token().is_none(),
            stands,
            typed: if late { TypedAt::Name(stands.1) } else { TypedAt::Behind(statement.end) },
            certain: if whole { certain(binding, name.text(), script) } else { None },
            closure: binding.initializer().and_then(|value| closure(&value)),
            value: binding.initializer().map(|value| short(value.syntax())).unwrap_or_default(),
        })
    };
    let mut variables: Vec<Variable> = parts.filter_map(variable).collect();
    let names: Vec<String> = variables.iter().map(|variable| variable.name.clone()).collect();
    // `A(x) | B(x)` binds one `x`.
    let mut index = 0;
    variables.retain(|variable| {
        index += 1;
        !names[..index - 1].contains(&variable.name)
    });
    variables
}

/// The type that a literal gives to a variable: numbers have Rust's own where nothing else in the cell mentions it.
fn certain(binding: &ast::LetStmt, name: &str, script: &Script) -> Option<String> {
    let value = binding.initializer().filter(|_| binding.ty().is_none() && binding.let_else().is_none())?;
    let (literal, negative) = match value {
        ast::Expr::Literal(literal) => (literal, false),
        ast::Expr::PrefixExpr(prefix) if prefix.op_kind() == Some(ast::UnaryOp::Neg) => match prefix.expr()? {
            ast::Expr::Literal(literal) => (literal, true),
            _ => return None,
        },
        _ => return None,
    };
    let alone = || script.mentions(name) == 1;
    let ty = match literal.kind() {
        ast::LiteralKind::IntNumber(number) => match number.suffix() {
            Some(suffix) => suffix.to_owned(),
            None => alone().then(|| "i32".to_owned())?,
        },
        ast::LiteralKind::FloatNumber(number) => match number.suffix() {
            Some(suffix) => suffix.to_owned(),
            None => alone().then(|| "f64".to_owned())?,
        },
        _ if negative => return None,
        ast::LiteralKind::String(_) => "&'static str".to_owned(),
        ast::LiteralKind::Char(_) => "char".to_owned(),
        ast::LiteralKind::Byte(_) => "u8".to_owned(),
        ast::LiteralKind::Bool(_) => "bool".to_owned(),
        _ => return None,
    };
    Some(ty)
}

/// The parameters and the result of a closure, as `Fn` has them; `…` where they are not written.
fn closure(value: &ast::Expr) -> Option<String> {
    let ast::Expr::ClosureExpr(closure) = value else { return None };
    let text = |ty: Option<ast::Type>| ty.map_or_else(|| "…".to_owned(), |ty| short(ty.syntax()));
    let parameters: Vec<String> = closure.param_list()?.params().map(|parameter| text(parameter.ty())).collect();
    let result = match closure.ret_type() {
        Some(result) => format!(" -> {}", text(result.ty())),
        None => " -> …".to_owned(),
    };
    Some(format!("({}){result}", parameters.join(", ")))
}

/// A node's text on one line, cut where it is long.
fn short(node: &SyntaxNode) -> String {
    const LONG: usize = 60;
    let text = node.text().to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() > LONG { "…".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_say_their_types() {
        let check = |text: &str, expect: &[Option<&str>]| {
            let script = Script::parse(text);
            let found = untyped(&script, &script.statements());
            let found: Vec<Option<&str>> = found.iter().map(|variable| variable.certain.as_deref()).collect();
            assert_eq!(found, expect, "{text}");
        };
        check(
            "let a = 1; let b = -2.5; let c = \"s\"; let d = 'x';",
            &[Some("i32"), Some("f64"), Some("&'static str"), Some("char")],
        );
        check(
            "let a = 1u8; let mut b = true; let c = 1f32; let d = -3_i64;",
            &[Some("u8"), Some("bool"), Some("f32"), Some("i64")],
        );
        // What else stands in the cell may say another type.
        check("let a = 1; f(a)", &[None]);
        check("let a = 1; println!(\"{a}\")", &[None]);
        check("let a = 1; let ab = 2;", &[Some("i32"), Some("i32")]);
        check("let a: _ = 1; let b = f(); let c = -x; let (d, e) = (1, 2); let ref g = 1;", &[None; 6]);
        check("let a = b\"x\"; let c; c = 1;", &[None, None]);
        // A written type whose references must live for ever.
        check(
            "let a: Vec<&str> = f(); let b: fn(&str) = g; let c: &'static str = d; let e: &str; e = d;",
            &[Some("Vec<&'static str>")],
        );
    }

    #[test]
    fn variables_without_a_whole_type_are_found() {
        let check = |text: &str, expect: &[&str]| {
            let script = Script::parse(text);
            let found = untyped(&script, &script.statements());
            let line = |variable: &Variable| {
                let mutable = if variable.mutable { "mut " } else { "" };
                let at = match variable.typed {
                    TypedAt::Behind(at) => format!("behind {at}"),
                    TypedAt::Name(at) => format!("name {at}"),
                };
                assert_eq!(&text[variable.stands.0..variable.stands.1], variable.name);
                format!("{mutable}{} {at}", variable.name)
            };
            assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expect, "{text}");
        };
        check("let x = 1;", &["x behind 10"]);
        check("let mut x = 1;", &["mut x behind 14"]);
        check("let x: i32 = 1;", &[]);
        check("let x: Vec<_> = v; let y: &[_] = w;", &["x behind 18", "y behind 35"]);
        check("let x;\nx = 5;", &["x name 5"]);
        check("let x: i32; x = 5;", &[]);
        check("let (a, mut b) = (1, 2);", &["a behind 24", "mut b behind 24"]);
        check("let P { a, b: (c, ref d), .. } = p;", &["a behind 35", "c behind 35", "d behind 35"]);
        check("let [a, .., b @ 1..] = s else { panic!() };", &["a behind 43", "b behind 43"]);
        check("let [first, rest @ ..] = s;", &["first behind 27", "rest behind 27"]);
        check("let Some(x) = o else { return };", &["x behind 32"]);
        check("let Ok(x) | Err(x) = r;", &["x behind 23"]);
        check("let (a, b): (i32, f64) = t;", &["a behind 27", "b behind 27"]);
        check("let ref a: i32 = 1; let &b = r;", &["a behind 19", "b behind 31"]);
        check("let None = o else { return };", &[]);
        check("let _ = 1; let (_, _) = (1, 2);", &[]);
        // Of one name the last stays.
        check("let x = 1; let x = \"a\";", &["x behind 23"]);
        check("let x = 1; let x: i32 = 2;", &[]);
        // Not the cell's own.
        check("fn f() { let x = 1; }\n{ let y = 2; }\nif true { let z = 3; }", &[]);
        check("#[allow(unused)] let größe = 1;", &["größe behind 33"]);
        check("let (a, b) = (1, 2); let c = a; // end", &["a behind 20", "b behind 20", "c behind 31"]);
    }
}
