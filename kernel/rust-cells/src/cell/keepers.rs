//! Names for what has none: so that an `impl` whose cell runs again takes the place of its older form.
//!
//! evcxr keeps items by name. An `impl` has none: it is kept with the item before it in its cell, and goes when that goes;
//! or, when it stands first, for ever, so that its cell cannot run twice. A constant before each `impl`, named after what it
//! is for, makes evcxr keep every `impl` by itself. Read [`insertions`] first.

use super::draft::{Insertion, Origin};
use super::syntax::Statement;
use ra_ap_syntax::ast::{self, AstNode, HasGenericParams, HasName};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How the names of these constants begin.
pub(crate) const KEEPER: &str = "CANDLEWICK_IMPL_";

/// Whether a name of an item is one that no user knows.
pub fn is_keeper(name: &str) -> bool {
    name.starts_with(KEEPER)
}

/// The constants, each before its `impl`.
pub(crate) fn insertions(statements: &[Statement]) -> Vec<Insertion> {
    let found = statements.iter().filter_map(|statement| {
        let found = ast::Impl::cast(statement.node.clone())?;
        let mut hasher = DefaultHasher::new();
        what(&found).hash(&mut hasher);
        let line = line(&format!("{KEEPER}{:016X}", hasher.finish()));
        Some(Insertion { at: statement.start, line, origin: Origin::Filling })
    });
    found.collect()
}

/// The line that defines a constant of that name.
pub(crate) fn line(name: &str) -> String {
    format!("const {name}: () = ();")
}

/// What an `impl` is for, without blanks. Of those without a trait a type may have several: its first member tells them
/// apart, so that members may be added behind it.
fn what(found: &ast::Impl) -> String {
    let text = |node: Option<String>| node.unwrap_or_default().split_whitespace().collect::<String>();
    let generics = text(found.generic_param_list().map(|list| list.syntax().text().to_string()));
    let bound = text(found.where_clause().map(|clause| clause.syntax().text().to_string()));
    let of = text(found.trait_().map(|of| of.syntax().text().to_string()));
    let ty = text(found.self_ty().map(|ty| ty.syntax().text().to_string()));
    let first = found.assoc_item_list().and_then(|list| list.assoc_items().next()).and_then(|item| match item {
        ast::AssocItem::Fn(item) => item.name(),
        ast::AssocItem::Const(item) => item.name(),
        _ => None,
    });
    let first = if of.is_empty() { first.map(|name| name.text().to_string()) } else { None };
    [generics, of, ty, bound, first.unwrap_or_default()].join("|")
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Script;
    use super::*;

    #[test]
    fn an_impl_takes_the_place_of_its_older_form() {
        let names = |text: &str| -> Vec<String> {
            let found = insertions(&Script::parse(text).statements());
            assert!(found.iter().all(|insertion| insertion.line.starts_with("const CANDLEWICK_IMPL_")));
            found.into_iter().map(|insertion| insertion.line).collect()
        };
        let check = |old: &str, new: &str, same: bool| assert_eq!(names(old) == names(new), same, "{old} / {new}");
        check("impl A for B { fn f() {} }", "impl A  for B { fn g() { 1 } }", true);
        check("impl A { fn f() {} }", "impl A { fn f() { 1 } fn g() {} }", true);
        check("impl A { fn f() {} }", "impl A { fn g() {} }", false);
        check("impl A for B {}", "impl A for C {}", false);
        check("impl A for B {}", "impl A<u8> for B {}", false);
        check("impl<T: X> A for T {}", "impl<T> A for T where T: X {}", false);
        assert_eq!(names("struct A; fn f() {} impl A {}").len(), 1);
    }
}
