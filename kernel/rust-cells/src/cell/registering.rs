//! What a cell defines for others: the plugin of `%%plugin --rust NAME`, and functions marked `#[callable]`.
//!
//! Writes the lines that tell the library of them; what they do is the library's. Read [`plugin`] and [`callables`] first.

use super::problems::Cell;
use super::syntax::{Script, Statement};
use super::{ItemText, Knowledge};
use candlewick_link::Problem;
use ra_ap_syntax::ast::{self, AstNode, HasDocComments, HasGenericParams, HasName};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};

/// Where the library's macros for cells are.
/// Without `::` before it: evcxr would take the line for a command.
pub(crate) const CELLS: &str = "candlewick::cells";

/// A line to be written, and the stretch of the cell's text that it is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Registration {
    /// The line.
    pub(crate) line: String,
    /// The stretch, in bytes.
    pub(crate) stands: (usize, usize),
    /// What it is for: the plugin's type, the function's name.
    pub(crate) name: String,
}

/// The line that registers the plugin which a cell defines.
pub(crate) fn plugin(
    name: &str,
    script: &Script,
    statements: &[Statement],
    knowledge: &Knowledge,
    cell: &Cell,
) -> Result<Registration, Problem> {
    let found: Vec<ast::Impl> = statements
        .iter()
        .filter_map(|statement| ast::Impl::cast(statement.node.clone()))
        .filter(is_of_plugin)
        .collect();
    let expected = format!("a cell with `%%plugin --rust {name}` has one `impl Plugin for …`");
    let stretch = |node: &SyntaxNode| stretch(script, node);
    let [found] = found.as_slice() else {
        let at = found.get(1).map_or((0, 0), |second| stretch(second.syntax()));
        let message = format!("{expected}, and this one has {}", found.len());
        let several = "a `%%rust` cell registers any number: `register(MyPlugin::new());`";
        let help = if found.is_empty() { "write `impl Plugin for MyPlugin { … }` in it" } else { several };
        return Err(cell.problem("PluginError", first_code(cell, at), &message, &[help]));
    };
    let at = found.self_ty().map_or_else(|| stretch(found.syntax()), |ty| stretch(ty.syntax()));
    if let Some(parameters) = found.generic_param_list() {
        let message = format!("{expected} of one type, and this one is for any `{}`", parameters.syntax().text());
        let help = "register one of them in a `%%rust` cell: `register(MyPlugin::<f32>::new());`";
        return Err(cell.problem("PluginError", at, &message, &[help]));
    }
    let ty = found.self_ty().map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
    let value = if is_unit(&ty, statements, &knowledge.texts) {
        ty.clone()
    } else {
        format!("<{ty} as ::std::default::Default>::default()")
    };
    let line = format!("{CELLS}::register!({name:?}, {value});");
    Ok(Registration { line, stands: at, name: ty })
}

/// The first code of a cell, for what has no place of its own.
fn first_code(cell: &Cell, at: (usize, usize)) -> (usize, usize) {
    if at != (0, 0) {
        return at;
    }
    let start = cell.text.len() - cell.text.trim_start().len();
    let end = cell.text[start..].find('\n').map_or(cell.text.len(), |line| start + line);
    (start, end)
}

/// Whether an `impl` is of the trait `Plugin`, by whatever path.
fn is_of_plugin(found: &ast::Impl) -> bool {
    let Some(ast::Type::PathType(path)) = found.trait_() else { return false };
    let name = path.path().and_then(|path| path.segment()).and_then(|segment| segment.name_ref());
    found.excl_token().is_none() && name.is_some_and(|name| name.text() == "Plugin")
}

/// Whether a type is a struct without fields, as the cell or an earlier one defines it.
fn is_unit(ty: &str, statements: &[Statement], earlier: &[ItemText]) -> bool {
    let of = |node: &SyntaxNode| {
        let found = ast::Struct::cast(node.clone())?;
        (found.name()?.text() == ty).then(|| found.field_list().is_none())
    };
    let here = statements.iter().find_map(|statement| of(&statement.node));
    let before = || {
        let texts = earlier.iter().rev().filter(|item| item.name.as_deref() == Some(ty));
        let mut parsed = texts.flat_map(|item| Script::parse(&item.text).statements());
        parsed.find_map(|statement| of(&statement.node))
    };
    here.or_else(before).unwrap_or(false)
}

/// The lines that make a cell's marked functions callable from other cells' languages.
pub(crate) fn callables(script: &Script, statements: &[Statement], cell: &Cell) -> Result<Vec<Registration>, Problem> {
    let mut found = Vec::new();
    for statement in statements {
        for attribute in statement.node.descendants().filter_map(ast::Attr::cast).filter(is_callable) {
            let marked = attribute.syntax().parent();
            let function = marked.filter(|node| *node == statement.node).and_then(ast::Fn::cast);
            let Some(function) = function else {
                let message = "`#[callable]` marks functions of the cell's own top level";
                let help =
                    "put it on a function that stands for itself: `#[callable] fn double(x: f64) -> f64 { 2.0 * x }`";
                return Err(cell.problem("CallableError", stretch(script, attribute.syntax()), message, &[help]));
            };
            found.push(callable(&function, script, cell)?);
        }
    }
    Ok(found)
}

fn callable(function: &ast::Fn, script: &Script, cell: &Cell) -> Result<Registration, Problem> {
    let name = function.name().map(|name| name.text().to_string()).unwrap_or_default();
    let stands = function.name().map_or((0, 0), |name| stretch(script, name.syntax()));
    let refuse = |what: &str, help: &str| {
        let message = format!("`{name}` cannot be callable: {what}");
        Err(cell.problem("CallableError", stands, &message, &[help]))
    };
    let generic = function.generic_param_list().is_some_and(|list| list.type_or_const_params().next().is_some());
    let parameters = function.param_list();
    let unnamed = parameters
        .as_ref()
        .is_some_and(|list| list.syntax().descendants().any(|node| node.kind() == SyntaxKind::IMPL_TRAIT_TYPE));
    if generic || unnamed {
        return refuse("it is generic", "give its parameters types of their own, such as `f64`, `&str`, `Tensor`");
    }
    if function.async_token().is_some() {
        return refuse("it is `async`", "make it an ordinary function");
    }
    if function.unsafe_token().is_some() {
        return refuse("it is `unsafe`", "call it in an ordinary function, which says why that is right");
    }
    let types: Vec<String> = parameters.iter().flat_map(ast::ParamList::params).map(|own| written(&own)).collect();
    if types.iter().any(|own| own.starts_with("&mut")) {
        return refuse("nothing of Rhai's is changed in place", "take the value, and give back the changed one");
    }
    let signature = format!(
        "fn {name}{}{}",
        parameters.map(|list| on_one_line(list.syntax())).unwrap_or_default(),
        function.ret_type().map(|result| format!(" {}", on_one_line(result.syntax()))).unwrap_or_default()
    );
    let text = documentation(function);
    // What is given as a reference is Rhai's no longer than the call takes, which the macro sees to when it knows the types.
    let references = types.iter().any(|own| own.starts_with('&'));
    let types = if references { format!(", ({})", types.join(", ")) } else { String::new() };
    let line = format!("{CELLS}::callable!({name:?}, {signature:?}, {text:?}, {name}{types});");
    Ok(Registration { line, stands, name })
}

/// A parameter's type, as it is written.
fn written(parameter: &ast::Param) -> String {
    parameter.ty().map_or_else(String::new, |own| on_one_line(own.syntax()))
}

/// A function's documentation, without the marks of its comments.
fn documentation(function: &ast::Fn) -> String {
    let comments = function.doc_comments().filter_map(|comment| {
        let text = comment.doc_comment().map(|(text, _)| text.to_owned())?;
        Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned())
    });
    comments.collect::<Vec<_>>().join("\n")
}

fn on_one_line(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace(", )", ")").replace(",)", ")").replace(" )", ")")
}

fn is_callable(attribute: &ast::Attr) -> bool {
    let text = attribute.syntax().text().to_string();
    let path: String = text.trim_start_matches("#[").chars().take_while(|c| !matches!(c, ']' | '(' | '=')).collect();
    path.trim().rsplit("::").next().map(str::trim) == Some("callable")
}

fn stretch(script: &Script, node: &SyntaxNode) -> (usize, usize) {
    (script.offset(node.text_range().start()), script.offset(node.text_range().end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Script, Cell) {
        (Script::parse(text), Cell { source: "cell 7".into(), text: text.into() })
    }

    #[test]
    fn a_plugin_is_registered() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let (script, cell) = read(text);
            let texts = vec![ItemText { name: Some("Old".into()), text: "struct Old;".into(), ..ItemText::default() }];
            let knowledge = Knowledge { texts, ..Knowledge::default() };
            match (plugin("x", &script, &script.statements(), &knowledge, &cell), expect) {
                (Ok(found), Ok(expect)) => {
                    assert_eq!(found.line, format!("candlewick::cells::register!(\"x\", {expect});"), "{text}");
                    assert_eq!(text[found.stands.0..found.stands.1], found.name);
                }
                (Err(problem), Err(expect)) => assert!(problem.message.contains(expect), "{text}: {}", problem.message),
                (found, _) => panic!("{text}: {found:?}"),
            }
        };
        check("struct P;\nimpl Plugin for P {}", Ok("P"));
        check("struct P { a: i32 }\nimpl Plugin for P {}", Ok("<P as ::std::default::Default>::default()"));
        check("struct P(i32);\nimpl candlewick::Plugin for P {}", Ok("<P as ::std::default::Default>::default()"));
        check("struct P<T>(T);\nimpl Plugin for P<f32> {}", Ok("<P<f32> as ::std::default::Default>::default()"));
        check("impl candlewick::prelude::Plugin for Old {}", Ok("Old"));
        check("impl m::Plugin for m::P {}", Ok("<m::P as ::std::default::Default>::default()"));
        check("struct P;\nimpl Plugins for P {}", Err("line 1, column 1: a cell with `%%plugin --rust x` has one"));
        check("\nimpl Plugin for A {}\nimpl Plugin for B {}", Err("line 3, column 1"));
        check("impl<T> Plugin for P<T> {}", Err("column 20: "));
        check("", Err("this one has 0"));
    }

    #[test]
    fn marked_functions_become_callable() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let (script, cell) = read(text);
            let statements = script.statements();
            match (callables(&script, &statements, &cell), expect) {
                (Ok(found), Ok(expect)) => {
                    let lines: Vec<&str> = found.iter().map(|found| found.line.as_str()).collect();
                    assert_eq!(lines.join("\n").replace("candlewick::cells::", ""), expect, "{text}");
                }
                (Err(problem), Err(expect)) => assert!(problem.message.contains(expect), "{text}: {}", problem.message),
                (found, _) => panic!("{text}: {found:?}"),
            }
        };
        check(
            "/// Doubles.\n/// \"Really\"\n#[callable]\npub fn double(\n    x: f64,\n    n: i64,\n) -> Result<f64> { Ok(x) }",
            Ok(
                "callable!(\"double\", \"fn double(x: f64, n: i64) -> Result<f64>\", \"Doubles.\\n\\\"Really\\\"\", double);",
            ),
        );
        check(
            "#[candlewick::callable] fn f<'a>(x: &'a str) {}",
            Ok("callable!(\"f\", \"fn f(x: &'a str)\", \"\", f, (&'a str));"),
        );
        check(
            "#[callable] fn f(x: &Tensor, list: &[f64], n: i64) -> f64 { 0.0 }",
            Ok("callable!(\"f\", \"fn f(x: &Tensor, list: &[f64], n: i64) -> f64\", \"\", f, (&Tensor, &[f64], i64));"),
        );
        check("#[callable] fn f(x: &mut Tensor) {}", Err("changed in place"));
        check("fn f() {}\n#[inline] fn g() {}", Ok(""));
        check("#[callable]\nfn f<T>(x: T) {}", Err("cell 7, line 2, column 4: `f` cannot be callable: it is generic"));
        check("#[callable] fn f(x: impl Fn()) {}", Err("it is generic"));
        check("#[callable] async fn f() {}", Err("`async`"));
        check("#[callable] unsafe fn f() {}", Err("`unsafe`"));
        check("struct A;\nimpl A { #[callable] fn f() {} }", Err("line 2, column 10: `#[callable]` marks functions"));
        check("#[callable] struct A;", Err("marks functions"));
        check("mod m { #[callable] pub fn f() {} }", Err("marks functions"));
    }
}
