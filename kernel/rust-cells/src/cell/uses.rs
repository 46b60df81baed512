//! The imports of a `use`: evcxr keeps each under its name, as a line that it writes itself.
//!
//! So an error in one is found by that line. Must not know the source that it stands in. Read [`imports`] first.

use super::syntax::{Script, position};
use ra_ap_syntax::ast::{self, AstNode, HasName};

/// One import of a `use`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Import {
    /// evcxr's line.
    pub(crate) text: String,
    /// The name that it gives; none of `*` and `_`.
    pub(crate) name: Option<String>,
    /// The line of the statement where its last word stands, from 0.
    pub(crate) line: u32,
    /// The columns of that line where it stands (first, and after the last), from 1.
    pub(crate) columns: (u32, u32),
}

/// The imports of a `use`, as evcxr writes them.
pub(crate) fn imports(statement: &ast::Use, script: &Script, code: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let start = script.offset(statement.syntax().text_range().start());
    if let Some(tree) = statement.use_tree() {
        let first = position(code, start).0;
        branch(&tree, &[], &mut |(text, name), node| {
            let (from, to) = (script.offset(node.text_range().start()), script.offset(node.text_range().end()));
            let ((line, column), (_, end)) = (position(code, from), position(code, to));
            found.push(Import { text, name, line: line - first, columns: (column, end.max(column + 1)) });
        });
    }
    found
}

fn branch(tree: &ast::UseTree, before: &[String], found: &mut impl FnMut(Named, &ra_ap_syntax::SyntaxNode)) {
    let mut path = before.to_vec();
    let own = tree.path();
    if let Some(own) = &own {
        if own.segment().is_some_and(|segment| segment.self_token().is_some()) {
            if let Some(last) = before.last() {
                found(line(before, last), own.syntax());
            }
            return;
        }
        path.extend(segments(own));
    }
    if let Some(list) = tree.use_tree_list() {
        list.use_trees().for_each(|tree| branch(&tree, &path, found));
        return;
    }
    if tree.star_token().is_some() {
        path.push("*".to_owned());
        found(line(&path, "*"), tree.syntax());
        return;
    }
    let renamed =
        tree.rename().map(|rename| rename.name().map_or_else(|| "_".to_owned(), |name| name.text().to_string()));
    let name = renamed.or_else(|| path.last().cloned());
    if let (Some(name), Some(own)) = (name, own) {
        found(line(&path, &name), own.syntax());
    }
}

fn segments(path: &ast::Path) -> Vec<String> {
    let words = path.segments().filter_map(|segment| {
        let crate_word = segment.crate_token().map(|token| token.text().to_owned());
        segment.name_ref().map(|name| name.text().to_string()).or(crate_word)
    });
    words.collect()
}

/// A line, and the name that it gives.
type Named = (String, Option<String>);

fn line(path: &[String], name: &str) -> Named {
    let joined = path.join("::");
    let last = path.last().is_some_and(|last| last == name);
    let text = if last { format!("use {joined};\n") } else { format!("use {joined} as {name};\n") };
    (text, (!matches!(name, "*" | "_")).then(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_written_as_evcxr_writes_them() {
        let check = |text: &str, expect: &[(&str, u32, (u32, u32))]| {
            let script = Script::parse(text);
            let statement = script.statements().into_iter().find_map(|s| ast::Use::cast(s.node)).unwrap();
            let found = imports(&statement, &script, text);
            let found: Vec<(&str, u32, (u32, u32))> =
                found.iter().map(|import| (import.text.trim_end(), import.line, import.columns)).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("use a::b::C;", &[("use a::b::C;", 0, (5, 12))]);
        check("use a::b as c;", &[("use a::b as c;", 0, (5, 9))]);
        check("use a::b as _;", &[("use a::b as _;", 0, (5, 9))]);
        check("use a::*;", &[("use a::*;", 0, (5, 9))]);
        check(
            "use a::{\n  self, b::{C, D as E},\n};",
            &[("use a;", 1, (3, 7)), ("use a::b::C;", 1, (13, 14)), ("use a::b::D as E;", 1, (16, 17))],
        );
    }
}
