//! Every function of a script against the tables of hooks, transforms and verbs: all that is wrong, not only the first.
//!
//! Must not know metadata. Read [`of`] first.

use super::{Checkup, Finding};
use crate::cell;
use crate::script::PREFIXES;
use candlewick_plugin_api::{Hook, Verb, nearest};
use rhai::{AST, Engine, ScriptFuncDef, Token};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The transforms of data, as functions are named. `transform_pil_image` is seed 002's name of the second.
const TRANSFORMS: [&str; 4] = ["transform_caption", "transform_image", "transform_pil_image", "transform_batch"];
/// Shorter names are near to too many others.
const TELLING: usize = 4;

/// Notes what functions the script has and what is wrong with them.
pub fn of(engine: &Engine, ast: &AST, text: &str, checkup: &mut Checkup) {
    let calls = mentions(engine, text);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut functions: Vec<_> = ast.iter_fn_def().collect();
    functions.sort_by_key(|function| function.body.start_position());
    for function in functions {
        let name = function.name.as_str();
        let wrong = look(function, checkup).or_else(|| {
            let own = Hook::from_name(name).map(|hook| hook.name().to_owned()).unwrap_or_else(|| name.to_owned());
            let twice = format!("`{own}` is there twice; a plugin has one function for each");
            seen.insert(own, name.to_owned()).filter(|_| is_known(name)).map(|_| twice)
        });
        let stray = || {
            let unused = !is_known(name) && name.len() >= TELLING && calls.get(name).is_none_or(|count| *count < 2);
            let near = nearest(name, known()).filter(|_| unused)?;
            Some(format!("nothing calls `{name}`, and no plugin has such a function; did you mean `{near}`?"))
        };
        if let Some(message) = wrong.or_else(stray) {
            let at = function.body.start_position();
            checkup.findings.push(Finding::wrong((at.line(), at.position()), message));
        }
    }
    checkup.verbs.sort_by_key(|verb| Verb::all().position(|own| own == *verb));
}

/// Notes what a function is; what is wrong with it.
fn look(function: &ScriptFuncDef, checkup: &mut Checkup) -> Option<String> {
    let (name, found) = (function.name.as_str(), function.params.len());
    let counted = if found == 1 { "1 parameter".to_owned() } else { format!("{found} parameters") };
    if let Some(hook) = Hook::from_name(name) {
        push(&mut checkup.hooks, hook.name());
        return (found != 1)
            .then(|| format!("a hook takes one parameter, the context: write `fn {name}(ctx)`; found {counted}"));
    }
    if let Some(verb) = Verb::from_name(name) {
        if !checkup.verbs.contains(&verb) {
            checkup.verbs.push(verb);
        }
        return (!verb.takes(found)).then(|| format!("write `{}`; found {counted}", verb.signature()));
    }
    if TRANSFORMS.contains(&name) {
        push(&mut checkup.transforms, name);
        return None;
    }
    if name == "create" {
        return (found != 1).then(|| format!("write `fn create(config)`; found {counted}"));
    }
    let meant = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    meant.then(|| match nearest(name, known()) {
        Some(near) => format!("there is no hook `{name}`; did you mean `{near}`?"),
        None => format!("there is no hook `{name}`; `%hooks` lists all hooks, and other functions need another name"),
    })
}

fn push(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|own| own == name) {
        names.push(name.to_owned());
    }
}

fn is_known(name: &str) -> bool {
    Hook::from_name(name).is_some() || Verb::from_name(name).is_some() || TRANSFORMS.contains(&name) || name == "create"
}

/// The names that functions of plugins have.
fn known() -> impl Iterator<Item = &'static str> {
    Hook::all().map(Hook::name).chain(Verb::all().map(Verb::name)).chain(TRANSFORMS).chain(["create"])
}

/// How often each name stands in the text, its definition included: as a name, or as a text that may name a function.
fn mentions(engine: &Engine, text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    cell::walk::<()>(engine, text, |token, _| {
        if let Token::Identifier(name) = &token {
            *counts.entry(name.to_string()).or_default() += 1;
        } else if let Token::StringConstant(name) = &token {
            *counts.entry(name.to_string()).or_default() += 1;
        }
        ControlFlow::Continue(())
    });
    counts
}
