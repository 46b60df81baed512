//! `%config` and `%%config`: what a session is configured with. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use crate::configuration::{Applied, Configuration, Plan, Refusal, Row, Said, cells};
use crate::script::words;
use candlewick_display::counted;
use candlewick_link::Problem;
use candlewick_plugin_api::nearest;
use candlewick_plugin_manager::PluginManager;
use rhai::Dynamic;
use serde_json::json;

/// The configuration.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "%%config",
        signature: "%%config",
        doc: "takes the rest of the cell as the text of a candlewick.toml that goes over the file, for this session",
        run: Run::Cell(cell),
    },
    Command {
        name: "%config",
        signature: "%config [reload|load|diff|apply|discard|reset|--profile|--toml|--json|NAME|NAME.key=value] […]",
        doc: "shows what is in effect and where it comes from, or changes it: `NAME.key=value` sets one key of a plugin, \
              of `training` or of `rust` (warm: the compiler of Rust cells is made ready at once; memory: what its \
              process may take, such as \"2 GiB\"), `load FILE` takes a file instead of candlewick.toml, `reload` reads it \
              again, `--profile NAME` chooses a profile (`none` for none), `diff` shows what a reload would do, `apply` \
              does what waits for a live run, `discard` forgets it, `reset` takes back what cells set, `--toml` writes a \
              candlewick.toml that gives the same",
        run: Run::Line(line),
    },
];

/// The words that `%config` takes.
pub const WORDS: [&str; 6] = ["reload", "load", "diff", "apply", "discard", "reset"];
/// The options that `%config` takes.
pub const OPTIONS: [&str; 3] = ["--profile", "--toml", "--json"];

fn cell(host: &mut Host, call: &Call, body: &str) -> Outcome {
    change(host, call, |configuration| configuration.newest().with_cell(call.source, body))
}

fn line(host: &mut Host, call: &Call) -> Outcome {
    let arguments = call.line.arguments;
    let (first, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    match (first, rest.trim()) {
        ("", _) => show(host, None),
        ("reload", "") => change(host, call, Configuration::reread),
        ("load", file) if !file.is_empty() => {
            change(host, call, |configuration| configuration.with_file(file.trim_matches('"')))
        }
        ("--profile", name) if !name.is_empty() => change(host, call, |configuration| configuration.with_profile(name)),
        ("reset", "") => change(host, call, |configuration| Ok(configuration.newest().without_cells())),
        ("diff", "") => diff(host, call),
        ("apply", "") => apply(host, call),
        ("discard", "") => discard(host),
        ("--json", "") => json(host),
        ("--toml", "") => toml(host),
        _ if arguments.contains('=') => set(host, call),
        (name, "") if is_known(host, name) => show(host, Some(name)),
        _ => Err(unknown(host, call, first)),
    }
}

fn unknown(host: &Host, call: &Call, word: &str) -> Problem {
    let names: Vec<String> = rows(host).into_iter().filter_map(|row| row.plugin).collect();
    let known = WORDS.into_iter().chain(OPTIONS).chain(["training", "rust"]).chain(names.iter().map(String::as_str));
    let hint = match word {
        "load" => "`load` takes a file, such as `%config load train.json`".to_owned(),
        "--profile" => "`--profile` takes a profile's name, or `none`".to_owned(),
        _ => match nearest(word, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`%help %config` says what it takes".to_owned(),
        },
    };
    call.problem(host, "CommandError", format!("%config cannot do `{}`; {hint}", call.line.arguments))
}

fn set(host: &mut Host, call: &Call) -> Outcome {
    let pairs = words(call.line.arguments).into_iter().map(|word| word.split_once('=').ok_or(word));
    let pairs: Vec<(&str, &str)> = match pairs.collect() {
        Ok(pairs) => pairs,
        Err(word) => {
            return Err(call.problem(host, "CommandError", format!("`{word}` sets nothing; write `{word}=VALUE`")));
        }
    };
    change(host, call, |configuration| {
        let set = |said: Said, (key, value): &(&str, &str)| said.with_key(call.source, call.line.number, key, value);
        pairs.iter().try_fold(configuration.newest(), set)
    })
}

/// Says something else, shows what that does, and does it unless a run is live.
fn change(host: &mut Host, call: &Call, say: impl FnOnce(&Configuration) -> Result<Said, Refusal>) -> Outcome {
    let applied = with_both(host, call, |configuration, plugins| {
        let said = say(configuration)?;
        configuration.change(plugins, said, false)
    })?;
    cells::tell(host, &applied);
    Ok(Dynamic::UNIT)
}

fn diff(host: &mut Host, call: &Call) -> Outcome {
    let plan: Plan = with_both(host, call, |configuration, plugins| {
        let said = if configuration.waits() { configuration.newest() } else { configuration.reread()? };
        configuration.planned(plugins, &said)
    })?;
    match plan.changes.is_empty() {
        true => cells::print(host, "nothing would change"),
        false => cells::show(host, &cells::table(&plan)),
    }
    Ok(Dynamic::UNIT)
}

fn apply(host: &mut Host, call: &Call) -> Outcome {
    if !host.session().configuration.borrow().waits() {
        cells::print(host, "nothing waits to be applied");
        return Ok(Dynamic::UNIT);
    }
    let applied: Applied = with_both(host, call, |configuration, plugins| {
        let said = configuration.newest();
        configuration.change(plugins, said, true)
    })?;
    cells::tell(host, &applied);
    Ok(Dynamic::UNIT)
}

fn discard(host: &mut Host) -> Outcome {
    let discarded = host.session().configuration.borrow_mut().discard();
    cells::print(host, if discarded { "what waited is forgotten" } else { "nothing waits to be applied" });
    Ok(Dynamic::UNIT)
}

/// Runs with the configuration and the plugins; a refusal is the cell's error.
fn with_both<T>(
    host: &mut Host,
    call: &Call,
    act: impl FnOnce(&mut Configuration, &mut PluginManager) -> Result<T, Refusal>,
) -> Result<T, Problem> {
    let session = host.session().clone();
    let Ok(mut plugins) = session.plugins.try_borrow_mut() else {
        return Err(call.problem(host, "BusyError", "plugins cannot be configured while one of them runs"));
    };
    let done = act(&mut session.configuration.borrow_mut(), &mut plugins);
    drop(plugins);
    done.map_err(|refusal| match refusal.trouble.at {
        Some(_) => cells::problem(host, &refusal, ""),
        None => call.problem(host, "ConfigError", refusal.trouble.message),
    })
}

fn rows(host: &Host) -> Vec<Row> {
    let session = host.session();
    session.configuration.borrow().rows(&session.plugins.borrow())
}

fn is_known(host: &Host, name: &str) -> bool {
    matches!(name, "training" | "rust") || rows(host).iter().any(|row| row.plugin.as_deref() == Some(name))
}

/// What is in effect, of one plugin or of training, or of all.
fn show(host: &mut Host, only: Option<&str>) -> Outcome {
    let of = |row: &Row| only.is_none_or(|only| row.plugin.as_deref().unwrap_or(row.table) == only);
    let shown = rows(host).into_iter().filter(of).map(|row| {
        let from = if row.waits { format!("{}; not registered yet", row.from) } else { row.from.clone() };
        vec![row.key(), cells::text(&row.value), from]
    });
    let shown: Vec<_> = shown.collect();
    let more = if only.is_none() { "; `%config NAME` shows those of one plugin" } else { "" };
    let note = format!("{}{more}", counted(shown.len(), "key"));
    cells::show(host, &cells::made(&["key", "value", "from"], shown, note));
    if host.session().configuration.borrow().waits() {
        cells::print(
            host,
            "a change waits: `%config diff` shows it, `%config apply` does it, `%config discard` forgets it",
        );
    }
    Ok(Dynamic::UNIT)
}

fn json(host: &mut Host) -> Outcome {
    let rows = rows(host).into_iter().map(|row| {
        json!({ "key": row.key(), "value": row.value, "from": row.from, "default": row.by_default, "registered": !row.waits })
    });
    let rows: Vec<_> = rows.collect();
    let configuration = host.session().configuration.clone();
    let configuration = configuration.borrow();
    let whole = json!({
        "file": configuration.newest().file(),
        "profile": configuration.profile(),
        "waits": configuration.waits(),
        "values": rows,
    });
    cells::print(host, &format!("{whole:#}"));
    Ok(Dynamic::UNIT)
}

fn toml(host: &mut Host) -> Outcome {
    let session = host.session();
    let text = session.configuration.borrow().toml(&session.plugins.borrow());
    cells::print(host, text.trim_end());
    Ok(Dynamic::UNIT)
}
