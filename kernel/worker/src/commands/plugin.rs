//! `%plugin VERB NAME`: the manager's verbs as commands.
//!
//! Must not know how plugins are shown. Read [`plugin`] first.

use super::{Call, Outcome};
use crate::Host;
use crate::surface;
use candlewick_link::{Problem, StreamName};
use candlewick_plugin_api::nearest;
use candlewick_plugin_manager::{ManagerError, PluginManager};
use rhai::{Array, Dynamic};
use std::path::Path;

/// The verbs, with what each takes.
const VERBS: [(&str, &str); 8] = [
    ("activate", "NAME"),
    ("deactivate", "NAME"),
    ("unregister", "NAME"),
    ("replay", "NAME"),
    ("initialize", "NAME"),
    ("load", "PATH"),
    ("create", "NAME INSTANCE [#{ settings }]"),
    ("execute", "NAME [VERB] [(arguments)] [--json]"),
];

/// Does what the line says.
pub fn plugin(host: &mut Host, call: &Call) -> Outcome {
    let (verb, rest) = next(call.line.arguments);
    let (name, rest) = match verb {
        "load" => (rest.trim_matches('"'), ""),
        _ => next(rest),
    };
    let expected = VERBS.iter().find(|(own, _)| *own == verb);
    let plain = !matches!(verb, "create" | "execute");
    match expected {
        Some((_, takes)) if name.is_empty() || (plain && !rest.is_empty()) => {
            Err(call.problem(host, "CommandError", format!("write `%plugin {verb} {takes}`")))
        }
        Some(_) => run(host, call, verb, name, rest),
        None => Err(call.problem(host, "CommandError", unknown(verb))),
    }
}

fn run(host: &mut Host, call: &Call, verb: &str, name: &str, rest: &str) -> Outcome {
    let changes = match verb {
        "activate" => changed(host, call, "activated", name, PluginManager::activate),
        "deactivate" => changed(host, call, "deactivated", name, PluginManager::deactivate),
        "unregister" => changed(host, call, "unregistered", name, PluginManager::unregister),
        "initialize" => changed(host, call, "initialized", name, PluginManager::initialize),
        "load" => load(host, call, name),
        "create" => create(host, call, name, rest),
        "replay" => return super::hooks::replay(host, call, name),
        _ => return execute(host, call, name, rest),
    };
    let text = changes?;
    host.session().outbox.print(StreamName::Stdout, &format!("{text}\n"));
    Ok(Dynamic::UNIT)
}

fn changed(
    host: &Host,
    call: &Call,
    done: &str,
    name: &str,
    act: fn(&mut PluginManager, &str) -> Result<bool, ManagerError>,
) -> Result<String, Problem> {
    let changed = act(&mut host.session().plugins.borrow_mut(), name);
    let changed = changed.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    Ok(if changed { format!("{name}: {done}") } else { format!("{name}: nothing to change") })
}

fn load(host: &Host, call: &Call, path: &str) -> Result<String, Problem> {
    let loaded = host.session().plugins.borrow_mut().load_plugin(Path::new(path));
    let (name, registered) = loaded.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    Ok(format!("{name}: {}", surface::told(&registered)))
}

fn create(host: &mut Host, call: &Call, plugin: &str, rest: &str) -> Result<String, Problem> {
    let (name, settings) = next(rest);
    if name.is_empty() {
        return Err(call.problem(host, "CommandError", "write `%plugin create NAME INSTANCE [#{ settings }]`"));
    }
    let settings = if settings.is_empty() { "#{}" } else { settings };
    let settings = evaluated(host, call, settings)?.try_cast::<rhai::Map>().map(surface::settings_of);
    let settings = match settings {
        Some(Ok(settings)) => settings,
        _ => {
            return Err(call.problem(
                host,
                "CommandError",
                "the settings are a map of plain data, such as `#{ patience: 3 }`",
            ));
        }
    };
    let made = host.session().plugins.borrow_mut().create(plugin, name, &settings);
    let made = made.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    Ok(format!("{name} of {plugin}: {}", surface::told(&made)))
}

/// `NAME [VERB] [(arguments)] [--json]`: the answer is the command's value, or the envelope is printed as JSON.
fn execute(host: &mut Host, call: &Call, name: &str, rest: &str) -> Outcome {
    let (rest, json) = rest.strip_suffix("--json").map_or((rest, false), |rest| (rest.trim(), true));
    let (verb, arguments) = rest.split_once('(').map_or((rest, ""), |(verb, rest)| (verb, rest));
    let verb = Some(verb.trim()).filter(|verb| !verb.is_empty());
    let list = format!("[{}]", arguments.trim().strip_suffix(')').unwrap_or(arguments));
    let arguments = evaluated(host, call, &list)?.try_cast::<Array>().unwrap_or_default();
    let envelope = surface::enveloped(host.session(), host.engine(), name, verb, &arguments);
    let envelope = envelope.map_err(|error| host.problem_of(&error, call.source, call.line.number))?;
    if !json {
        return Ok(crate::script::from_passed(&envelope.output));
    }
    super::print_json(host, &envelope.json())
}

/// The value of an expression of the line.
fn evaluated(host: &mut Host, call: &Call, text: &str) -> Outcome {
    host.run_text(&format!("{}{text}", "\n".repeat(call.line.number - 1)), call.source)
}

fn next(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn unknown(verb: &str) -> String {
    let names: Vec<&str> = VERBS.iter().map(|(name, _)| *name).collect();
    let hint =
        nearest(verb, names.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("%plugin takes {} or {}; found `{verb}`{hint}", names[..7].join(", "), names[7])
}
