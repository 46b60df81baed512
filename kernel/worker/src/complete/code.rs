//! Candidates in Rhai text: names, members of values, functions of modules, options.
//!
//! Must not know commands. Read [`at`] first.

use super::{Found, text};
use crate::Host;
use crate::cursor::{Ending, How, Known, Site, What};
use crate::script;
use crate::surface::{self, KEYWORDS, Kind};
use candlewick_engine::run::Options;
use candlewick_link::CompletionKind as Is;
use candlewick_plugin_api::{Facts, Hook, Transform};

/// The candidates at the end of a cell's text.
pub fn at(host: &Host, before: &[char], in_plugin: bool) -> Found {
    let word = before.iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let start = before.len() - word;
    let site = Site::new(host, &before[..start], in_plugin);
    let mut found = Found::new(before, start);
    match site.tokens.ending {
        Ending::Comment => {}
        Ending::Text { start, quote } => return text::at(&site, before, start, quote),
        Ending::Code if before.get(start).is_some_and(char::is_ascii_digit) => {}
        Ending::Code => code(&site, &mut found),
    }
    found
}

fn code(site: &Site, found: &mut Found) {
    let tokens = &site.tokens;
    let Some(last) = tokens.all.len().checked_sub(1) else { return names(site, found) };
    let word = if tokens.what(last) == Some(What::Word) { tokens.text(last) } else { String::new() };
    match word.as_str() {
        "fn" if site.in_plugin => return hooks(site, found),
        // A new name follows.
        "fn" | "let" | "const" | "as" => return,
        _ => {}
    }
    if tokens.is(last, '.') && !last.checked_sub(1).is_some_and(|before| tokens.is(before, '.')) {
        if let Some(known) = last.checked_sub(1).and_then(|before| site.known(before)) {
            members(site, &known, found);
        }
    } else if site.is_path(last + 1) {
        module(site.host, &tokens.text(last.saturating_sub(2)), found);
    } else if !options(site, found) {
        names(site, found);
    }
}

fn names(site: &Site, found: &mut Found) {
    for declared in &site.names.visible {
        let kind = if declared.how == How::Module { Is::Module } else { Is::Instance };
        let known = site.variable(&declared.name).map_or_else(String::new, |known| site.type_of(&known));
        found.add_near(&declared.name, kind, &known);
    }
    for (name, signature) in &site.names.functions {
        found.add_near(name, Is::Function, signature);
    }
    if site.in_plugin {
        ["ctx", "this"].iter().filter(|_| site.names.in_function).for_each(|name| found.add(name, Is::Instance, ""));
    } else {
        notebook(site, found);
    }
    for builtin in surface::all().filter(|builtin| builtin.kind == Kind::Function) {
        found.add(builtin.name, Is::Function, builtin.signature);
    }
    for callable in site.host.session().callables.all() {
        found.add(&callable.name, Is::Function, &callable.signature);
    }
    for (word, form, _) in KEYWORDS {
        found.add(word, if form.contains(&format!("{word}(")) { Is::Function } else { Is::Keyword }, form);
    }
    // All of Rhai's own functions would bury the rest.
    if !found.prefix.is_empty() {
        site.host.standard().for_each(|(name, _, signature)| found.add(name, Is::Function, signature));
    }
}

/// What the notebook's earlier cells made.
fn notebook(site: &Site, found: &mut Found) {
    let host = site.host;
    for (name, constant, value) in host.variables() {
        if constant || !site.names.in_function {
            found.add_with(name, Is::Instance, || host.type_name(value));
        }
    }
    for function in host.functions().iter_functions().filter(|function| !function.name.starts_with("anon$")) {
        found.add_with(function.name, Is::Function, || function.to_string());
    }
    host.modules().for_each(|(name, _)| found.add(name, Is::Module, ""));
}

fn hooks(site: &Site, found: &mut Found) {
    let there = |hook: &Hook| site.names.functions.iter().any(|(name, _)| name == hook.name());
    for hook in Hook::all().filter(|hook| !there(hook)) {
        found.add(hook.name(), Is::Function, &format!("{hook}(ctx)"));
    }
    for transform in Transform::ALL {
        found.add(transform.name(), Is::Function, &transform.signature());
    }
}

/// Members of a value: a map's fields, what the table has for its type, and Rhai's own methods.
fn members(site: &Site, known: &Known, found: &mut Found) {
    let kind = site.type_of(known);
    for field in site.fields(known).iter().filter(|field| rhai::is_valid_identifier(field)) {
        found.add_near(field, Is::Property, "");
    }
    let fact = |name| Facts::documentation(name).unwrap_or("");
    match kind.as_str() {
        script::CONTEXT => script::properties().for_each(|name| found.add(name, Is::Property, fact(name))),
        "context" => Facts::names().for_each(|name| found.add(name, Is::Property, fact(name))),
        _ => {}
    }
    for builtin in surface::all() {
        match builtin.kind {
            Kind::Method(on) if on == kind => found.add(builtin.name, Is::Function, builtin.signature),
            Kind::Property(on) if on == kind => found.add(builtin.name, Is::Property, builtin.signature),
            _ => {}
        }
    }
    let own = site.host.standard().filter(|(_, first, _)| *first == kind);
    own.for_each(|(name, _, signature)| found.add(name, Is::Function, signature));
}

fn module(host: &Host, name: &str, found: &mut Found) {
    let Some((_, module)) = host.modules().find(|(own, _)| *own == name) else { return };
    for signature in module.gen_fn_signatures_with_mapper(Into::into) {
        let name = signature.split('(').next().unwrap_or_default();
        found.add(name, Is::Function, &signature);
    }
    module.iter_var().for_each(|(name, value)| found.add_with(name, Is::Instance, || host.type_name(value)));
}

/// The names of a call's options; false where no option's name is expected.
fn options(site: &Site, found: &mut Found) -> bool {
    let Some(map) = site.option_map().filter(|map| map.key.is_none()) else { return false };
    let given = site.fields(&Known::Literal(map.open));
    let mut known: Vec<(&str, &str)> = Vec::new();
    if matches!(map.call.name.as_str(), "fit" | "train") {
        known.extend(Options::table().iter().map(|option| (option.name, option.doc)));
    } else if let Some(builtin) = site.builtin(&map.call) {
        known.extend(builtin.options().into_iter().map(|name| (name, "")));
    }
    for (name, doc) in known.iter().filter(|(name, _)| !given.iter().any(|own| own == name)) {
        found.add(name, Is::Param, doc);
    }
    !known.is_empty()
}
