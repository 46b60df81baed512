//! Commands on plugins. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use crate::check::{self, Checkup};
use crate::rust::{self, registering};
use crate::script::Given;
use crate::show::Show;
use crate::surface;
use candlewick_display::{self as display, number};
use candlewick_link::FromWorker;
use candlewick_plugin_api::Group;
use candlewick_plugin_manager::{ManagerError, PluginManager, PluginRow};
use rhai::Dynamic;
use serde_json::json;
use std::path::Path;

/// Plugins.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "%%plugin",
        signature: "%%plugin NAME [key=value …]",
        doc: "registers the rest of the cell as a plugin; its functions are called at the hooks they are named after. \
              With --rust before the name: the one that the cell's `impl Plugin for …` makes",
        run: Run::Cell(|host, call, body| match rust::is_rust(call.line.arguments) {
            true => rust::plugin(host, call, body),
            false => host.register_cell(call, body),
        }),
    },
    Command {
        name: "%plugin",
        signature: "%plugin activate|deactivate|unregister|initialize|load|create|execute|replay NAME [ARGUMENTS]",
        doc: "does one of the manager's verbs: calls a plugin again or no more, takes it out, loads it from a path, …",
        run: Run::Line(super::plugin::plugin),
    },
    Command {
        name: "%plugins",
        signature: "%plugins [NAME|list|discover|check] [NAME|PATH] [--json], or new|test|pack|install|update|remove …",
        doc: "lists the plugins with state, calls and time, shows one, loads those of the search paths, or checks one; the other words do what `candlewick plugins` does",
        run: Run::Line(plugins),
    },
];

fn plugins(host: &mut Host, call: &Call) -> Outcome {
    if let Some(outcome) = super::packages::plugins(host, call) {
        return outcome;
    }
    let (words, json) = match call.line.arguments.strip_suffix("--json") {
        Some(words) => (words.trim(), true),
        None => (call.line.arguments, false),
    };
    let (word, rest) = words.split_once(char::is_whitespace).map_or((words, ""), |(word, rest)| (word, rest.trim()));
    match (word, rest) {
        ("" | "list", "") => list(host, json),
        ("discover", "") => {
            let report = surface::discover(host.session());
            let report = report.map_err(|error| host.problem_of(&error, call.source, call.line.number))?;
            show(host, report.bundle())
        }
        ("check", "") => {
            Err(call.problem(host, "CommandError", "write `%plugins check NAME` or `%plugins check PATH`"))
        }
        ("check", subject) => check(host, call, subject.trim_matches('"'), json),
        (name, "") => one(host, call, name, json),
        _ => Err(call.problem(
            host,
            "CommandError",
            "write `%plugins`, `%plugins NAME`, or `%plugins` with list, discover, check, new, test, pack, install, update or remove",
        )),
    }
}

fn list(host: &mut Host, json: bool) -> Outcome {
    if !json {
        let table = table(&host.session().plugins.borrow());
        return show(host, table);
    }
    let rows = host.session().plugins.borrow().plugins();
    let rows: serde_json::Value = rows.iter().map(|row| row_json(row, bytes(host, &row.name))).collect();
    super::print_json(host, &rows)
}

/// All plugins as a table: state, generation, calls, time, bytes.
pub fn table(plugins: &PluginManager) -> display::Bundle {
    let all = plugins.plugins();
    let bytes = |row: &PluginRow| plugins.bytes(&row.name).unwrap_or(0);
    let rows = all.iter().map(|row| plugin_row(row.clone(), language(row, &all), bytes(row))).collect();
    display::PluginTable { rows }.bundle()
}

fn one(host: &mut Host, call: &Call, name: &str, json: bool) -> Outcome {
    let rows = host.session().plugins.borrow().plugins();
    let metadata = host.session().plugins.borrow().metadata(name).cloned();
    let metadata = metadata.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    let row = rows.iter().find(|row| row.name == name);
    let bytes = bytes(host, name);
    if json {
        let mut fields = row.map(|row| row_json(row, bytes)).unwrap_or_default();
        // Plain data always has JSON.
        fields["metadata"] = serde_json::to_value(&metadata).unwrap_or_default();
        return super::print_json(host, &fields);
    }
    let mut facts: Vec<_> = metadata.rows().into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    facts.extend(row.into_iter().flat_map(abilities));
    facts.push(("keeps".to_owned(), display::number::bytes(bytes)));
    // Not among the facts: a plugin's own `state`, what its memory starts as, stands there.
    let place = row.map_or(String::new(), |row| {
        let of = row.of.as_ref().map_or_else(String::new, |of| format!("an instance of {of}, "));
        format!("{of}{}, generation {}, from {}", row.state.name(), row.generation, row.origin)
    });
    let panel = display::RunPanel { title: format!("plugin {name}"), place, facts, ..display::RunPanel::default() };
    show(host, panel.bundle())
}

/// What a plugin has, what is half there and what is wrong; the cell fails when something is.
fn check(host: &mut Host, call: &Call, subject: &str, json: bool) -> Outcome {
    let checkup = checkup(host, subject).map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    match json {
        true => drop(super::print_json(host, &checkup.json())?),
        false => drop(show(host, checkup.bundle())?),
    }
    match checkup.wrong().next() {
        None => Ok(Dynamic::UNIT),
        Some(first) => {
            let message = format!("{}; the first: {}", checkup.summary(), first.message);
            Err(call.problem(host, "PluginError", message))
        }
    }
}

/// A registered plugin by its name, else what is at a path.
fn checkup(host: &Host, subject: &str) -> Result<Checkup, ManagerError> {
    if let Some(checkup) = super::packages::checkup(Path::new(subject)) {
        return checkup;
    }
    let plugins = host.session().plugins.borrow();
    let Some(record) = plugins.records().into_iter().find(|record| record.name == subject) else {
        let path = Path::new(subject);
        let unknown = || plugins.metadata(subject).map(|_| Checkup::default());
        return if path.exists() || subject.contains(['/', '.']) { check::file(path, &plugins) } else { unknown() };
    };
    let registration = &record.registration;
    if registration.source.is_empty() || registering::is_of_a_rust_cell(registration) {
        let row = plugins.plugins().into_iter().find(|row| row.name == subject);
        let (hooks, transforms, verbs) = row.map(|row| (row.hooks, row.transforms, row.verbs)).unwrap_or_default();
        return Ok(Checkup::compiled(subject, &registration.origin, &hooks, transforms, &verbs));
    }
    let given = Given { package: registration.package.clone(), ..Given::named(subject) };
    Ok(check::text(&registration.source, &given, &registration.origin, registration, &plugins))
}

fn bytes(host: &Host, name: &str) -> u64 {
    host.session().plugins.borrow().bytes(name).unwrap_or(0)
}

fn row_json(row: &PluginRow, bytes: u64) -> serde_json::Value {
    let hooks: Vec<&str> = row.hooks.iter().map(|hook| hook.name()).collect();
    let transforms: Vec<&str> = row.transforms.iter().map(|transform| transform.name()).collect();
    let verbs: Vec<&str> = row.verbs.iter().map(|verb| verb.name()).collect();
    json!({
        "name": row.name, "version": row.version, "description": row.description, "origin": row.origin, "of": row.of,
        "state": row.state.name(), "generation": row.generation, "priority": row.priority, "calls": row.calls,
        "errors": row.errors, "seconds": row.seconds, "bytes": bytes, "hooks": hooks, "transforms": transforms, "verbs": verbs,
    })
}

/// What a plugin can do and has done: hooks, transforms, groups of verbs, whole or half there, calls.
fn abilities(row: &PluginRow) -> Vec<(String, String)> {
    let listed = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut facts = vec![("hooks".to_owned(), listed(row.hooks.iter().map(|hook| hook.name()).collect()))];
    let transforms: Vec<&str> = row.transforms.iter().map(|transform| transform.name()).collect();
    facts.push((
        "data transforms".to_owned(),
        if transforms.is_empty() { "absent".to_owned() } else { listed(transforms) },
    ));
    for group in Group::ALL {
        let has: Vec<&str> = row.verbs.iter().filter(|verb| verb.group() == group).map(|verb| verb.name()).collect();
        let missing: Vec<&str> = group.missing(&row.verbs).iter().map(|verb| verb.name()).collect();
        let text = match (has.is_empty(), missing.is_empty()) {
            (true, _) => "absent".to_owned(),
            (false, true) => has.join(", "),
            (false, false) => format!("{}; half there: {}", has.join(", "), display::lacking(&missing)),
        };
        facts.push((group.name().to_owned(), text));
    }
    let seconds = number::seconds(row.seconds);
    facts.push((
        "calls".to_owned(),
        format!("{}, {}, {seconds}", number::count(row.calls), number::counted(row.errors, "error")),
    ));
    facts
}

fn show(host: &mut Host, bundle: display::Bundle) -> Outcome {
    let bundle = crate::show::linked(bundle);
    host.session().outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
    Ok(Dynamic::UNIT)
}

/// What a plugin is written in; an instance, what the plugin is that it is of.
fn language(row: &PluginRow, rows: &[PluginRow]) -> &'static str {
    let of = rows.iter().find(|other| Some(&other.name) == row.of.as_ref()).unwrap_or(row);
    let is_script = of.origin == crate::script::ORIGIN
        || of.origin.ends_with(".rhai")
        || crate::script::is_script(&of.name, &of.origin);
    if is_script { "Rhai" } else { "Rust" }
}

fn plugin_row(row: PluginRow, language: &str, bytes: u64) -> display::PluginRow {
    let transforms = row.transforms.iter().map(|transform| transform.name().to_owned());
    display::PluginRow {
        name: row.name,
        version: row.version,
        language: language.to_owned(),
        state: row.state.name().to_owned(),
        priority: row.priority,
        hooks: row.hooks.iter().map(|hook| hook.name().to_owned()).collect(),
        others: transforms.chain(row.verbs.iter().map(|verb| verb.name().to_owned())).collect(),
        calls: row.calls,
        seconds: row.seconds,
        errors: row.errors,
        generation: row.generation,
        bytes,
        of: row.of.unwrap_or_default(),
        description: row.description,
    }
}
