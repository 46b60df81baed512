//! Whether a cell changes what an earlier cell's type is.
//!
//! Pure functions. Read [`changes_types`] first.
//!
//! rustc's id of a type knows its path and the names of its fields, not their types: a value of the old type would be taken
//! for one of the new (tried: `struct S { x: u8 }` and `struct S { x: Vec<u8> }` have one id). Since any other item may be
//! part of a type (a constant as an array's length, a trait behind `dyn`), every one counts but functions and `impl`s of nothing
//! else; then all types of cells get new ids, in builds from now on, and values of the old ones are lost instead of misread.

use crate::cell::ItemText;
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem};
use ra_ap_syntax::{Edition, SourceFile};

/// Whether one of the new items has the name of an earlier one that may be part of a type, and another text.
pub(crate) fn changes_types(earlier: &[ItemText], new: &[ItemText]) -> bool {
    let texts = |items: &[ItemText], name: &str| -> Vec<String> {
        let own = items.iter().filter(|item| item.name.as_deref() == Some(name) && may_be_part_of_a_type(&item.text));
        own.map(|item| item.text.trim().to_owned()).collect()
    };
    new.iter().filter_map(|item| item.name.as_deref()).any(|name| {
        let old = texts(earlier, name);
        !old.is_empty() && old != texts(new, name)
    })
}

fn may_be_part_of_a_type(text: &str) -> bool {
    let file = SourceFile::parse(text, Edition::Edition2024).tree();
    file.items().any(|item| match item {
        ast::Item::Fn(function) => function.const_token().is_some(),
        // Its constants and types may be.
        ast::Item::Impl(own) => own.assoc_item_list().is_some_and(|list| {
            list.assoc_items().any(|item| match item {
                ast::AssocItem::Fn(function) => function.const_token().is_some(),
                _ => true,
            })
        }),
        other => !other.syntax().text().is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_types_are_changes() {
        let items = |texts: &[(&str, &str)]| -> Vec<ItemText> {
            let item = |(name, text): &(&str, &str)| ItemText {
                name: Some((*name).to_owned()),
                text: (*text).to_owned(),
                ..ItemText::default()
            };
            texts.iter().map(item).collect()
        };
        let check = |earlier: &[(&str, &str)], new: &[(&str, &str)], expect: bool| {
            assert_eq!(changes_types(&items(earlier), &items(new)), expect, "{earlier:?} {new:?}");
        };
        let old = [("S", "/// Doc.\nstruct S { x: u8 }\n"), ("S", "impl S { fn f(&self) {} }")];
        check(&old, &old, false);
        check(&old, &[("S", "/// Doc.\nstruct S { x: u8 }"), ("S", "impl S { fn g(&self) {} }")], false);
        check(&old, &[("S", "/// Doc.\nstruct S { x: Vec<u8> }\n")], true);
        check(&old, &[("T", "struct T;")], false);
        check(&[], &[("T", "struct T;")], false);
        check(&[("f", "#[callable]\nfn f() {}")], &[("f", "fn f() -> u8 { 1 }")], false);
        check(&[("n", "const fn n() -> usize { 1 }")], &[("n", "const fn n() -> usize { 2 }")], true);
        let of = |value: u8| format!("impl S {{ const N: usize = {value}; }}");
        check(&[("CANDLEWICK_IMPL_1", &of(1))], &[("CANDLEWICK_IMPL_1", &of(2))], true);
        check(&[("CANDLEWICK_IMPL_1", &of(1))], &[("CANDLEWICK_IMPL_1", &of(1))], false);
        check(&[("N", "const N: usize = 1;")], &[("N", "const N: usize = 2;")], true);
        check(&[("Tr", "trait Tr { fn a(&self); }")], &[("Tr", "trait Tr { fn b(&self); }")], true);
    }
}
