//! Candidates on a command's line: its name, then what its signature in the table says stands there.
//!
//! Must not know Rhai. Read [`at`] first.

use super::{Found, code as script, paths};
use crate::Host;
use crate::commands;
use crate::cursor::Site;
use crate::script::{KEYS, POLICIES};
use crate::surface;
use candlewick_link::CompletionKind as Is;

/// The candidates at the end of a command's line that begins at `start`.
pub fn at(host: &Host, code: &str, before: &[char], start: usize) -> Found {
    let line: String = before[start..].iter().collect();
    let Some((name, arguments)) = line.split_once(char::is_whitespace) else { return names(before, start) };
    let Some(command) = commands::all().find(|command| command.name == name) else {
        return Found::new(before, before.len());
    };
    let word = before.iter().rev().take_while(|c| !c.is_whitespace()).count();
    let mut found = Found::new(before, before.len() - word);
    let place = arguments.split_whitespace().count() - usize::from(word > 0);
    let mut expected = command.signature.split_whitespace().skip(1);
    match (expected.nth(place), command.signature) {
        (Some("EXPRESSION"), _) => return expression(host, before, start + name.len()),
        (None, signature) if signature.ends_with("EXPRESSION") => return expression(host, before, start + name.len()),
        (Some("PATH"), _) | (None, "%%writefile PATH") => path(before, arguments, &mut found),
        (Some("NAME" | "[NAME]"), signature) if signature.starts_with("%help") => everything(&mut found),
        (Some("NAME"), _) if arguments.starts_with("load ") => {
            path(before, arguments["load ".len()..].trim_start(), &mut found)
        }
        (Some("NAME"), signature) if signature.starts_with("%plugin") => plugins(host, &mut found),
        (Some(word), signature) if signature.starts_with("%plugins") => {
            words(word, &mut found);
            plugins(host, &mut found);
        }
        (Some("[key=value" | "…]") | None, signature) if signature.contains("key=value") => {
            setting(host, code, before, &mut found);
        }
        (Some(word), _) => words(word, &mut found),
        (None, _) => {}
    }
    found
}

fn names(before: &[char], start: usize) -> Found {
    let mut found = Found::new(before, start);
    for command in commands::all() {
        found.add(command.name, Is::Magic, command.signature);
    }
    found
}

/// The line from a place on is Rhai: the text before it is left out, as it is when it runs.
fn expression(host: &Host, before: &[char], from: usize) -> Found {
    let found = script::at(host, &before[from..], false);
    Found { start: found.start + from, end: found.end + from, ..found }
}

/// All that follows the command's name is one path, blanks too.
fn path(before: &[char], arguments: &str, found: &mut Found) {
    let typed = arguments.trim_start();
    let (_, last) = paths::split(typed);
    found.start = before.len() - last.chars().count();
    found.prefix = String::new();
    paths::below(typed).iter().for_each(|name| found.add(name, Is::Path, ""));
}

fn everything(found: &mut Found) {
    commands::all().for_each(|command| {
        let name = command.name;
        let name = if found.prefix.starts_with('%') { name } else { name.trim_start_matches('%') };
        found.add(name, Is::Magic, command.signature);
    });
    surface::all().for_each(|builtin| found.add(builtin.name, Is::Function, builtin.signature));
    surface::KEYWORDS.iter().for_each(|(word, form, _)| found.add(word, Is::Keyword, form));
}

/// The words of a signature's part that are written as they stand.
fn words(part: &str, found: &mut Found) {
    let words = part.trim_matches(['[', ']']).split('|');
    let fixed = |word: &&str| !word.is_empty() && !word.chars().any(char::is_uppercase) && !word.contains('=');
    words.filter(fixed).for_each(|word| found.add(word, Is::Keyword, ""));
}

fn plugins(host: &Host, found: &mut Found) {
    if let Ok(plugins) = host.session().plugins.try_borrow() {
        plugins.plugins().iter().for_each(|row| found.add(&row.name, Is::Instance, &row.description));
    }
}

/// A setting of a `%%plugin` line: its name with `=`, then a value where the values are known.
fn setting(host: &Host, code: &str, before: &[char], found: &mut Found) {
    if let Some((key, _)) = found.prefix.clone().split_once('=') {
        found.start += key.chars().count() + 1;
        found.prefix = before[found.start..].iter().collect();
        let values: &[&str] = if key == "on_error" { &POLICIES } else { &[] };
        return values.iter().for_each(|value| found.add(value, Is::Value, ""));
    }
    KEYS.iter().for_each(|(key, doc)| found.add(&format!("{key}="), Is::Param, doc));
    let text: Vec<char> = code.chars().collect();
    let site = Site::new(host, &text, true);
    let settings = site.metadata("config").map_or_else(Vec::new, |config| site.fields(&config));
    settings.iter().for_each(|key| found.add(&format!("{key}="), Is::Param, "a setting of the plugin"));
}
