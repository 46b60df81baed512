//! `%plugins new|test|pack|install|update|remove …`: the command line `candlewick plugins …`, from a notebook.
//!
//! The executable is started again, so that both are one and a plugin's cases run in workers of their own. Read
//! [`plugins`] first.

use super::{Call, Outcome};
use crate::Host;
use crate::check::Checkup;
use crate::rust_crate::CrateLoader;
use crate::trial::{self, Wanted};
use candlewick_engine::interrupt;
use candlewick_link::{Bundle, FromWorker, StreamName};
use candlewick_packages::cargo;
use candlewick_plugin_api::Hook;
use candlewick_plugin_manager::{LoadedPlugin, Loader, ManagerError};
use rhai::Dynamic;
use std::path::Path;
use std::process::Command;

/// What is handed on to the command line.
const WORDS: [&str; 6] = ["new", "test", "pack", "install", "update", "remove"];
/// What the command line asks a worker for: a plugin is tried.
const TRIAL: &str = "trial";

/// Does it when the first word after `%plugins` is one of these; else it is somebody else's.
pub fn plugins(host: &mut Host, call: &Call) -> Option<Outcome> {
    let (first, rest) = call.line.arguments.split_once(char::is_whitespace).unwrap_or((call.line.arguments, ""));
    match first {
        TRIAL => Some(tried(host, call, rest)),
        word if WORDS.contains(&word) => Some(handed_on(host, call)),
        _ => None,
    }
}

/// What a crate at a path has, once it is built; none where there is no crate.
pub fn checkup(path: &Path) -> Option<Result<Checkup, ManagerError>> {
    let found = |made: LoadedPlugin| {
        let hooks: Vec<Hook> = made.plugin.hooks().iter().collect();
        let name = made.plugin.metadata().name;
        Checkup::compiled(&name, &made.registration.origin, &hooks, made.plugin.transforms(), &made.plugin.verbs())
    };
    CrateLoader.takes(path).then(|| CrateLoader.load(path).map(found))
}

fn handed_on(host: &mut Host, call: &Call) -> Outcome {
    let wrong = |host: &Host, message: String| call.problem(host, "PluginError", message);
    let arguments = words(call.line.arguments).map_err(|message| call.problem(host, "CommandError", message))?;
    let program = std::env::current_exe().map_err(|error| wrong(host, error.to_string()))?;
    let ran = cargo::run(Command::new(program).arg("plugins").args(arguments), &|| !interrupt::requested());
    let ran = ran.map_err(|error| wrong(host, error.to_string()))?;
    let outbox = host.session().outbox.clone();
    outbox.print(StreamName::Stdout, &ran.out);
    let said = ran.err.trim_end();
    match ran.good {
        true if said.is_empty() => {}
        true => outbox.print(StreamName::Stderr, &format!("{said}\n")),
        false if said.is_empty() => return Err(wrong(host, "not everything that was asked for has happened".into())),
        false => return Err(wrong(host, said.strip_prefix("candlewick: ").unwrap_or(said).to_owned())),
    }
    Ok(Dynamic::UNIT)
}

/// The answer is JSON, beside whatever the plugin prints.
fn tried(host: &mut Host, call: &Call, wanted: &str) -> Outcome {
    let wanted: Wanted = serde_json::from_str(wanted)
        .map_err(|error| call.problem(host, "CommandError", format!("`%plugins trial` takes JSON: {error}")))?;
    let answer = trial::run(host, call, &wanted)?;
    let bundle = Bundle::default().with("application/json", answer.to_string());
    host.session().outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
    Ok(Dynamic::UNIT)
}

/// Words as a shell has them: spaces part, quotes hold together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        None => Ok(words),
        Some(open) => Err(format!("a {open} is not closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_shells() {
        let check = |text: &str, expect: Option<&[&str]>| {
            assert_eq!(words(text).ok(), expect.map(|words| words.iter().map(ToString::to_string).collect()), "{text}");
        };
        check("new calm --rust", Some(&["new", "calm", "--rust"]));
        check("test \"a b\"/c  'd'", Some(&["test", "a b/c", "d"]));
        check("new \"\"", Some(&["new", ""]));
        check("new \"x", None);
    }
}
