//! Commands on plugins. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use candlewick_display::{self as display, HookPlugin, LifecycleRow};
use candlewick_link::{FromWorker, StreamName};
use candlewick_plugin_api::{Group, Hook};
use candlewick_plugin_manager::{HookRow, PluginRow, State};
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
        signature: "%plugin activate|deactivate|unregister NAME",
        doc: "calls a plugin again, calls it no more, or takes it out",
        run: Run::Line(plugin),
    },
    Command {
        name: "%plugins",
        signature: "%plugins [NAME], or new|test|pack|install|update|remove …",
        doc: "lists the plugins with state, calls and time, or shows what one says about itself and can do; the other words do what `candlewick plugins` does",
        run: Run::Line(plugins),
    },
    Command {
        name: "%hooks",
        signature: "%hooks [--exact]",
        doc: "prints the training loop with every plugin in its place; --exact times every call from now on",
        run: Run::Line(hooks),
    },
];

fn plugin(host: &mut Host, call: &Call) -> Outcome {
    let words: Vec<&str> = call.line.arguments.split_whitespace().collect();
    let [verb, name] = words[..] else {
        return Err(call.problem(
            host,
            "CommandError",
            "write `%plugin activate NAME`, `deactivate NAME` or `unregister NAME`",
        ));
    };
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
                format!("%plugin takes activate, deactivate or unregister; found `{verb}`"),
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
    if let Some(outcome) = super::packages::plugins(host, call) {
        return outcome;
    }
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
    facts.push(("calls".to_owned(), format!("{}, {} errors, {seconds}", row.calls, row.errors)));
    facts
}

fn hooks(host: &mut Host, call: &Call) -> Outcome {
    match call.line.arguments {
        "" => {}
        "--exact" => host.session().plugins.borrow_mut().set_exact(true),
        other => {
            return Err(call.problem(
                host,
                "CommandError",
                format!("%hooks takes nothing or --exact; found `{other}`"),
            ));
        }
    }
    let lifecycle = host.session().plugins.borrow().lifecycle();
    show(
        host,
        display::Lifecycle { rows: lifecycle.iter().flat_map(|(hook, rows)| outline(*hook, rows)).collect() }.bundle(),
    )
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
        hooks: row.hooks.iter().map(|hook| hook.name().to_owned()).collect(),
        calls: row.calls,
        seconds: row.seconds,
        errors: row.errors,
        description: row.description,
    }
}

/// A hook's line, with the lines of what happens just before or after it.
fn outline(hook: Hook, rows: &[HookRow]) -> Vec<LifecycleRow> {
    let (depth, note) = place(hook);
    let plain = |depth, name: &str, note: &str| LifecycleRow {
        depth,
        name: name.into(),
        note: note.into(),
        ..LifecycleRow::default()
    };
    let own =
        LifecycleRow { hook: true, plugins: rows.iter().map(hook_plugin).collect(), ..plain(depth, hook.name(), note) };
    match hook {
        Hook::StartEpoch => vec![plain(1, "per epoch", ""), own],
        Hook::StartTrainingBatch => {
            vec![plain(3, "per batch", ""), own, plain(4, "forward, loss, backward, optimizer", "")]
        }
        Hook::StartValidationBatch => vec![plain(3, "per batch", ""), own, plain(4, "forward, loss", "")],
        _ => vec![own],
    }
}

fn place(hook: Hook) -> (usize, &'static str) {
    match hook {
        Hook::StartTrainingSession | Hook::EndTrainingSession => (0, ""),
        Hook::LoadCheckpoint => (1, "only when resuming"),
        Hook::StartEpoch | Hook::EndEpoch => (2, ""),
        Hook::StartTrainingLoop | Hook::EndTrainingLoop => (3, ""),
        Hook::StartValidationLoop => (3, "only with validation data"),
        Hook::EndValidationLoop => (3, ""),
        Hook::SaveCheckpoint => (3, "when one is due or asked for"),
        Hook::StartTrainingBatch | Hook::EndTrainingBatch => (4, ""),
        Hook::StartValidationBatch | Hook::EndValidationBatch => (4, ""),
    }
}

fn hook_plugin(row: &HookRow) -> HookPlugin {
    let errors = if row.errors > 0 { format!("{} errors", row.errors) } else { String::new() };
    let state = if row.state == State::Active { "" } else { row.state.name() };
    let note = [state, &errors].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    HookPlugin { name: row.plugin.clone(), calls: row.calls, seconds: row.seconds, note }
}
