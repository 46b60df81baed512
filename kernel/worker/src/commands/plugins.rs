//! Commands on plugins. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use candlewick_display as display;
use candlewick_link::{FromWorker, StreamName};
use candlewick_plugin_api::Group;
use candlewick_plugin_manager::PluginRow;
use rhai::Dynamic;

/// Plugins.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "%%plugin",
        signature: "%%plugin NAME [key=value …]",
        doc: "registers the rest of the cell as a plugin; its functions are called at the hooks they are named after",
        run: Run::Cell(|host, call, body| host.register_cell(call, body)),
    },
    Command {
        name: "%plugin",
        signature: "%plugin activate|deactivate|unregister|replay NAME",
        doc: "calls a plugin again, calls it no more, takes it out, or makes its newest failed call again",
        run: Run::Line(plugin),
    },
    Command {
        name: "%plugins",
        signature: "%plugins [NAME]",
        doc: "lists the plugins with state, calls and time, or shows what one says about itself and can do",
        run: Run::Line(plugins),
    },
];

fn plugin(host: &mut Host, call: &Call) -> Outcome {
    let words: Vec<&str> = call.line.arguments.split_whitespace().collect();
    let [verb, name] = words[..] else {
        return Err(call.problem(
            host,
            "CommandError",
            "write `%plugin activate NAME`, `deactivate NAME`, `unregister NAME` or `replay NAME`",
        ));
    };
    if verb == "replay" {
        return super::hooks::replay(host, call, name);
    }
    let plugins = host.session().plugins.clone();
    let mut plugins = plugins.borrow_mut();
    let changed = match verb {
        "activate" => plugins.activate(name),
        "deactivate" => plugins.deactivate(name),
        "unregister" => plugins.unregister(name),
        _ => {
            return Err(call.problem(
                host,
                "CommandError",
                format!("%plugin takes activate, deactivate, unregister or replay; found `{verb}`"),
            ));
        }
    };
    let changed = changed.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    let text = match changed {
        true => format!("{name}: {verb}d\n").replace("unregisterd", "unregistered"),
        false => format!("{name}: nothing to change\n"),
    };
    host.session().outbox.print(StreamName::Stdout, &text);
    Ok(Dynamic::UNIT)
}

fn plugins(host: &mut Host, call: &Call) -> Outcome {
    let rows = host.session().plugins.borrow().plugins();
    if call.line.arguments.is_empty() {
        return show(host, display::PluginTable { rows: rows.into_iter().map(plugin_row).collect() }.bundle());
    }
    let name = call.line.arguments;
    let metadata = host.session().plugins.borrow().metadata(name).cloned();
    let metadata = metadata.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    let mut facts: Vec<_> = metadata.rows().into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let row = rows.iter().find(|row| row.name == name);
    facts.extend(row.into_iter().flat_map(abilities));
    // Not among the facts: a plugin's own `state`, what its memory starts as, stands there.
    let place = row.map_or(String::new(), |row| {
        format!("{}, generation {}, from {}", row.state.name(), row.generation, row.origin)
    });
    let panel = display::RunPanel { title: format!("plugin {name}"), place, facts, ..display::RunPanel::default() };
    show(host, panel.bundle())
}

/// What a plugin can do and has done: hooks, groups of verbs, whole or half there, calls.
fn abilities(row: &PluginRow) -> Vec<(String, String)> {
    let listed = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut facts = vec![("hooks".to_owned(), listed(row.hooks.iter().map(|hook| hook.name()).collect()))];
    for group in Group::ALL {
        let has: Vec<&str> = row.verbs.iter().filter(|verb| verb.group() == group).map(|verb| verb.name()).collect();
        let missing: Vec<&str> = group.missing(&row.verbs).iter().map(|verb| verb.name()).collect();
        let text = match (has.is_empty(), missing.is_empty()) {
            (true, _) => "absent".to_owned(),
            (false, true) => has.join(", "),
            (false, false) => format!("{}; half there: {} is missing", has.join(", "), missing.join(", ")),
        };
        facts.push((group.name().to_owned(), text));
    }
    let seconds = display::number::seconds(row.seconds);
    if !row.transforms.is_empty() {
        let names: Vec<&str> = row.transforms.iter().map(|transform| transform.name()).collect();
        let also = if row.transforms.apply_to(false) { "; for validation data too" } else { "" };
        facts.push(("transforms".to_owned(), format!("{}{also}", names.join(", "))));
    }
    facts.push(("calls".to_owned(), format!("{}, {} errors, {seconds}", row.calls, row.errors)));
    facts
}

fn show(host: &mut Host, bundle: display::Bundle) -> Outcome {
    let bundle = crate::show::linked(bundle);
    host.session().outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
    Ok(Dynamic::UNIT)
}

fn plugin_row(row: PluginRow) -> display::PluginRow {
    let is_script = row.origin == crate::script::ORIGIN || crate::script::is_script(&row.name, &row.origin);
    display::PluginRow {
        name: row.name,
        version: row.version,
        language: if is_script { "Rhai".to_owned() } else { "Rust".to_owned() },
        state: row.state.name().to_owned(),
        priority: row.priority,
        hooks: (row.hooks.iter().map(|hook| hook.name()))
            .chain(row.transforms.iter().map(|transform| transform.name()))
            .map(str::to_owned)
            .collect(),
        calls: row.calls,
        seconds: row.seconds,
        errors: row.errors,
        description: row.description,
    }
}
