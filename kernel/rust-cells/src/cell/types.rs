//! What rustc says a variable's type is: found in its report on a probe, turned into what can be written.
//!
//! A probe is `let _: (CandlewickTypeProbe,) = x;`. rustc's error names both types; beside a tuple it always writes the
//! found one out in a note, with paths, which it does not for a plain struct beside another one. Read [`found`] first.

use super::variables::Variable;
use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode};
use serde_json::Value;

/// The type that nothing is of.
pub(crate) const PROBE: &str = "CandlewickTypeProbe";
/// The name of evcxr's function around the cell: types in blocks are named by it.
const WRAPPER: &str = "evcxr_analysis_wrapper";

/// A line that makes rustc name the type of a variable.
pub(crate) fn probe(name: &str) -> String {
    format!("{{ struct {PROBE}; let _: ({PROBE},) = {name}; }}")
}

/// A type as rustc names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// What it is: `struct`, `closure`, `fn item` ….
    pub(crate) kind: String,
    /// Its text.
    pub(crate) text: String,
}

/// The type that a report on a probe names.
pub(crate) fn found(diagnostic: &Value) -> Option<Found> {
    if diagnostic["code"]["code"] != "E0308" {
        return None;
    }
    let notes = diagnostic["children"].as_array()?.iter().filter_map(|child| child["message"].as_str());
    let note = notes.filter(|note| note.contains(PROBE)).find_map(|note| note.split_once('\n'));
    let (_, line) = note?;
    let (before, rest) = line.split_once('`')?;
    let kind = before.trim().strip_prefix("found").unwrap_or(before).trim().to_owned();
    // `async` blocks are named so: found `async` block `{async block@…}`.
    let (kind, rest) = match rest.split_once("` ").and_then(|(word, rest)| Some((word, rest.split_once('`')?))) {
        Some((word, (more, rest))) if kind.is_empty() => (format!("{word} {}", more.trim()), rest),
        _ => (kind, rest),
    };
    Some(Found { kind: kind.trim().to_owned(), text: rest.rsplit_once('`')?.0.to_owned() })
}

/// Why a type cannot be written for a variable, and what to write instead.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unwritable {
    /// Why.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Vec<String>,
}

/// How a type is written in the cell's crate: numbers without a type get Rust's, references live for ever, functions are
/// pointers to functions.
pub(crate) fn written(found: &Found, variable: &Variable) -> Result<String, Unwritable> {
    let text = found.text.replace("{integer}", "i32").replace("{float}", "f64");
    if text.contains("{closure@") {
        return Err(closure(found, variable));
    }
    if ["{async ", "{coroutine", "{gen "].iter().any(|word| text.contains(word)) {
        return Err(future(variable));
    }
    let text =
        if found.kind.ends_with("fn item") || found.kind.ends_with("constructor") { pointer(&text) } else { text };
    if text.contains(WRAPPER) {
        let name = text.replace(&format!("{WRAPPER}::"), "").replace("{closure#0}::", "");
        return Err(nameless(&name, variable, "it is defined inside a block"));
    }
    let Some(tree) = parsed(&text) else {
        return Err(nameless(&text, variable, "Rust has no way to write it"));
    };
    if holds_own(&tree, SyntaxKind::IMPL_TRAIT_TYPE) {
        return Err(opaque(&text, variable));
    }
    if holds_own(&tree, SyntaxKind::INFER_TYPE) {
        return Err(unknown(&text, variable));
    }
    Ok(living(&tree))
}

/// A type as it is told: numbers without a type have Rust's, closures no place.
pub(crate) fn shown(text: &str) -> String {
    let text = text.replace("{integer}", "i32").replace("{float}", "f64");
    let mut parts = text.split('@');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + part.find('}').map_or(part, |end| &part[end..]))
}

/// The answer when rustc named no type: nothing in the cell says what it is.
pub(crate) fn unanswered(variable: &Variable) -> Unwritable {
    unknown("_", variable)
}

fn unknown(text: &str, variable: &Variable) -> Unwritable {
    let name = &variable.name;
    let text = &super::style::brief(text);
    let found = if text == "_" { String::new() } else { format!(": all that is known is `{text}`") };
    let example = text.replace('_', "f64");
    let message = format!("type annotations needed for `{name}`{found}");
    Unwritable { message, help: vec![format!("write its type: `let {name}: {example} = …;`")] }
}

fn closure(found: &Found, variable: &Variable) -> Unwritable {
    let name = &variable.name;
    if found.kind == "closure" {
        let signature = variable.closure.clone().unwrap_or_else(|| "(…) -> …".to_owned());
        let message = format!("`{name}` is a closure, whose type cannot be written, so it cannot stay for later cells");
        let boxed = format!("box it: `let {name}: Box<dyn Fn{signature}> = Box::new({});`", value(variable));
        return Unwritable { message, help: vec![boxed, format!("or make it a function: `fn {name}(…) {{ … }}`")] };
    }
    let message = format!("the type of `{name}` holds a closure, so it cannot be written, and `{name}` cannot stay");
    let collect = "keep what it gives: an iterator's elements by `.collect::<Vec<_>>()`, or a `Box<dyn …>` of it";
    Unwritable { message, help: vec![collect.to_owned(), BRACES.to_owned()] }
}

fn future(variable: &Variable) -> Unwritable {
    let name = &variable.name;
    let message = format!("`{name}` is a future, whose type cannot be written, so it cannot stay for later cells");
    let boxed = format!("box it: `let {name}: std::pin::Pin<Box<dyn Future<Output = …>>> = Box::pin(…);`");
    Unwritable { message, help: vec![boxed, BRACES.to_owned()] }
}

fn opaque(text: &str, variable: &Variable) -> Unwritable {
    let name = &variable.name;
    let message = format!("`{name}` is only known to be `{text}`, which cannot be written as a variable's type");
    let help = match text.strip_prefix("impl ") {
        Some(bounds) => format!("box it: `let {name}: Box<dyn {bounds}> = Box::new({});`", value(variable)),
        None => "keep what it gives, such as an iterator's elements by `.collect::<Vec<_>>()`".to_owned(),
    };
    Unwritable { message, help: vec![help, BRACES.to_owned()] }
}

/// A type without a name, for that reason.
pub(crate) fn nameless(text: &str, variable: &Variable, why: &str) -> Unwritable {
    let name = &variable.name;
    let message = format!("`{name}` is of type `{text}`, which cannot be named here: {why}");
    let help = format!("box it as a trait: `let {name}: Box<dyn …> = Box::new(…);`");
    Unwritable { message, help: vec![help, BRACES.to_owned()] }
}

/// What one may always do.
pub(crate) const BRACES: &str = "or put the code that uses it into braces, so that it does not stay: `{ let … }`";

fn value(variable: &Variable) -> &str {
    if variable.value.is_empty() { "…" } else { &variable.value }
}

/// `fn(i32) -> i32 {name}` without the name.
fn pointer(text: &str) -> String {
    let mut depth = 0usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            '}' => depth += 1,
            '{' if depth == 1 => return text[..at].trim_end().to_owned(),
            '{' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.to_owned()
}

/// The tree of a type; none when it is no Rust.
fn parsed(text: &str) -> Option<SyntaxNode> {
    let parse = SourceFile::parse(&format!("type T = {text};"), Edition::Edition2024);
    let alias = parse.syntax_node().children().find_map(ast::TypeAlias::cast)?;
    let named = alias.name().is_some_and(|name| name.text() == "T");
    (named && parse.errors().is_empty()).then(|| alias.ty().map(|ty| ty.syntax().clone()))?
}

/// Whether a type holds such a part: not in the signature of a function that it mentions.
fn holds_own(tree: &SyntaxNode, kind: SyntaxKind) -> bool {
    tree.descendants().any(|node| node.kind() == kind)
}

/// A type's text with the lifetimes that a variable of the notebook needs: `'static` for each that is not written, but not
/// in the signatures of functions, which are generic in them.
pub(crate) fn living(tree: &SyntaxNode) -> String {
    let mut text = String::new();
    for token in tree.descendants_with_tokens().filter_map(|element| element.into_token()) {
        let parent = token.parent();
        let own = parent.as_ref().is_some_and(|node| !in_signature(node));
        text.push_str(if own && token.text() == "'_" { "'static" } else { token.text() });
        let reference = parent.and_then(ast::RefType::cast);
        if let (true, "&", Some(reference)) = (own, token.text(), reference) {
            text.push_str(if reference.lifetime().is_none() { "'static " } else { "" });
        }
    }
    text
}

/// Whether a part of a type stands in `fn(…) -> …` or `Fn(…) -> …`.
fn in_signature(node: &SyntaxNode) -> bool {
    node.ancestors().any(|node| {
        matches!(node.kind(), SyntaxKind::FN_PTR_TYPE | SyntaxKind::PARENTHESIZED_ARG_LIST)
            || node.kind() == SyntaxKind::RET_TYPE
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn diagnostic(line: &str) -> Value {
        let note = format!("expected tuple `(wrap::{PROBE},)`\n{line}");
        json!({ "code": { "code": "E0308" }, "children": [{ "message": note, "level": "note" }] })
    }

    #[test]
    fn types_are_read_from_notes_and_written() {
        let check = |line: &str, expect: Result<&str, &str>| {
            let variable = Variable { name: "x".into(), closure: Some("(f64) -> …".into()), ..Variable::default() };
            let found = found(&diagnostic(line)).unwrap();
            match (written(&found, &variable), expect) {
                (Ok(text), Ok(expect)) => assert_eq!(text, expect, "{line}"),
                (Err(why), Err(expect)) => {
                    let all = format!("{}; {}", why.message, why.help.join("; "));
                    assert!(all.contains(expect), "{line}: {all}");
                }
                (written, _) => panic!("{line}: {written:?}"),
            }
        };
        check("    found type `{integer}`", Ok("i32"));
        check("    found type `{float}`", Ok("f64"));
        check("  found struct `std::time::Instant`", Ok("std::time::Instant"));
        check("   found tuple `({integer}, &str, char)`", Ok("(i32, &'static str, char)"));
        check("found reference `&mut [u8]`", Ok("&'static mut [u8]"));
        check("found reference `&'static str`", Ok("&'static str"));
        check("  found struct `Foo<'_>`", Ok("Foo<'static>"));
        check(
            "found struct `std::collections::HashMap<&str, {float}>`",
            Ok("std::collections::HashMap<&'static str, f64>"),
        );
        check("found fn pointer `for<'a> fn(&'a str) -> &'a str`", Ok("for<'a> fn(&'a str) -> &'a str"));
        check("found fn pointer `fn(&str)`", Ok("fn(&str)"));
        check(" found fn item `fn(i32) -> i32 {genn::<i32>}`", Ok("fn(i32) -> i32"));
        check("found struct constructor `fn(&str) -> Foo {Foo::<{ N }>}`", Ok("fn(&str) -> Foo"));
        check(
            "   found struct `std::boxed::Box<dyn std::ops::Fn(&str) -> f64 + std::marker::Send>`",
            Ok("std::boxed::Box<dyn std::ops::Fn(&str) -> f64 + std::marker::Send>"),
        );
        check("found raw pointer `*const u8`", Ok("*const u8"));
        check("found array `[f32; 3]`", Ok("[f32; 3]"));
        check("found struct `candlewick::Tensor`", Ok("candlewick::Tensor"));
        check(" found closure `{closure@b.rs:5:174: 5:182}`", Err("let x: Box<dyn Fn(f64) -> …> = Box::new"));
        check(
            "found struct `std::iter::Map<std::slice::Iter<'_, i32>, {closure@a.rs:1:2: 3:4}>`",
            Err(".collect::<Vec<_>>()"),
        );
        check("found opaque type `impl m::T`", Err("let x: Box<dyn m::T> = Box::new("));
        check("found struct `std::vec::Vec<_>`", Err("let x: Vec<f64> = …;"));
        check("found `async` block `{async block@a.rs:14:9: 14:14}`", Err("Pin<Box<dyn Future"));
        check("found struct `evcxr_analysis_wrapper::{closure#0}::Inner`", Err("`Inner`, which cannot be named here"));
    }

    #[test]
    fn types_are_told_without_places() {
        let check = |text: &str, expect: &str| assert_eq!(shown(text), expect);
        check("{closure@src/lib.rs:34:7: 34:15}", "{closure}");
        check("Map<Iter<'_, {integer}>, {closure@a.rs:1:2: 3:4}>", "Map<Iter<'_, i32>, {closure}>");
        check("Vec<u8>", "Vec<u8>");
    }

    #[test]
    fn other_errors_name_no_type() {
        let other = json!({ "code": { "code": "E0308" }, "children": [{ "message": "expected `a`\n found `b`" }] });
        assert_eq!(found(&other), None);
        assert_eq!(found(&json!({ "code": { "code": "E0425" }, "children": [] })), None);
    }
}
