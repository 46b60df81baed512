//! `%hooks`: the training loop and the declared points with every plugin in its place, conflicts; the replay of a call.
//!
//! Must not know how hooks are fired. Read [`COMMANDS`] first.

use super::{Call, Command, Outcome, Run};
use crate::Host;
use crate::surface::effects;
use candlewick_display::text::TextTable;
use candlewick_display::{self as display, HookPlugin, LifecycleRow, number};
use candlewick_link::{FromWorker, StreamName};
use candlewick_plugin_api::{Hook, PluginError};
use candlewick_plugin_manager::{Conflict, HookRow, PluginManager, PointRow, Replay, State, TransformRow};
use rhai::Dynamic;

/// Hooks.
pub const COMMANDS: &[Command] = &[Command {
    name: "%hooks",
    signature: "%hooks [--exact] [--conflicts]",
    doc: "prints the training loop and the declared hook points with every plugin in its place; --exact times every call from now on, --conflicts lists values that two plugins wrote at one hook",
    run: Run::Line(hooks),
}];

fn hooks(host: &mut Host, call: &Call) -> Outcome {
    match call.line.arguments {
        "" => {}
        "--exact" => host.session().plugins.borrow_mut().set_exact(true),
        "--conflicts" => return conflicts(host),
        other => {
            let message = format!("%hooks takes nothing, --exact or --conflicts; found `{other}`");
            return Err(call.problem(host, "CommandError", message));
        }
    }
    let bundle = crate::show::linked(table(&host.session().plugins.borrow()));
    host.session().outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
    Ok(Dynamic::UNIT)
}

/// The training loop and the declared points, with every plugin in its place.
pub fn table(plugins: &PluginManager) -> display::Bundle {
    let rows = {
        let lifecycle = plugins.lifecycle();
        let transforms = plugins.transform_rows();
        let loops = lifecycle.iter().flat_map(|(hook, rows)| match hook {
            Hook::StartTrainingBatch => with_transforms(outline(*hook, rows), &transforms),
            _ => outline(*hook, rows),
        });
        loops.chain(points(&plugins.points())).collect()
    };
    display::Lifecycle { rows }.bundle()
}

fn conflicts(host: &mut Host) -> Outcome {
    let mut table = TextTable::new(&["value", "hook", "written first", "then, and stands", ">run", ">times"]);
    let text = {
        let plugins = host.session().plugins.borrow();
        for Conflict { run, hook, value, lost, won, times } in plugins.conflicts() {
            let written = |(plugin, value): &(String, String)| format!("{plugin}: {value}");
            let row =
                [value.clone(), hook.to_string(), written(lost), written(won), run.to_string(), times.to_string()];
            table.row(row.to_vec());
        }
        if plugins.conflicts().is_empty() {
            "no two plugins wrote the same value at one hook".to_owned()
        } else {
            table.render()
        }
    };
    host.session().outbox.print(StreamName::Stdout, &(text + "\n"));
    Ok(Dynamic::UNIT)
}

/// Makes a plugin's newest failed call again and prints what came of it.
pub fn replay(host: &mut Host, call: &Call, plugin: &str) -> Outcome {
    let replay = host.session().plugins.borrow_mut().replay(plugin);
    let replay = replay.map_err(|error| call.problem(host, "PluginError", error.to_string()))?;
    let (quarantined, text) = {
        let rows = host.session().plugins.borrow().plugins();
        let quarantined = rows.iter().any(|row| row.name == plugin && row.state == State::Quarantined);
        (quarantined, told(plugin, &replay))
    };
    let back = quarantined && replay.outcome.is_ok();
    let back = if back { format!("%plugin activate {plugin} brings it back\n") } else { String::new() };
    host.session().outbox.print(StreamName::Stdout, &format!("{text}{back}"));
    Ok(Dynamic::UNIT)
}

fn told(plugin: &str, replay: &Replay) -> String {
    let batch = replay.batch.map_or(String::new(), |batch| format!(", batch {batch}"));
    let mut text = format!("{plugin}: replay of {} (epoch {}{batch}): ", replay.place, replay.epoch);
    match &replay.outcome {
        Ok(()) if !replay.called => text.push_str("its `when` does not hold, so it is not called\n"),
        Ok(()) => text.push_str("it goes well; the run was not touched\n"),
        Err(error) => {
            let place = match error {
                PluginError::Failed { line: Some(line), column: Some(column), .. } => {
                    format!("line {line}, column {column}: ")
                }
                _ => String::new(),
            };
            text.push_str(&format!("it fails again: {place}{error}\n"));
        }
    }
    effects(replay).iter().for_each(|effect| text.push_str(&format!("  {effect}\n")));
    text
}

/// The declared points, below the loop.
fn points(rows: &[PointRow]) -> Vec<LifecycleRow> {
    let head = LifecycleRow {
        name: "declared points".into(),
        note: "fired by plugins and cells".into(),
        ..LifecycleRow::default()
    };
    let own = |row: &PointRow| LifecycleRow {
        depth: 1,
        hook: true,
        name: row.point.name.clone(),
        note: if row.point.descending { format!("descending; {}", row.point.doc) } else { row.point.doc.clone() },
        plugins: row.plugins.iter().map(hook_plugin).collect(),
        ..LifecycleRow::default()
    };
    if rows.is_empty() { Vec::new() } else { std::iter::once(head).chain(rows.iter().map(own)).collect() }
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

/// Transforms that any plugin has stand behind `per batch`, each with what its group took.
fn with_transforms(mut lines: Vec<LifecycleRow>, transforms: &[TransformRow]) -> Vec<LifecycleRow> {
    let rows = transforms.iter().filter(|row| !row.plugins.is_empty()).map(|row| LifecycleRow {
        depth: 4,
        name: row.transform.name().to_owned(),
        hook: true,
        note: match row.values {
            0 => String::new(),
            values => format!("{} in {}", number::counted(values, "value"), number::seconds(row.seconds)),
        },
        plugins: row.plugins.iter().map(hook_plugin).collect(),
        ..LifecycleRow::default()
    });
    lines.splice(1..1, rows);
    lines
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
    let errors = if row.errors > 0 { number::counted(row.errors, "error") } else { String::new() };
    let state = if row.state == State::Active { "" } else { row.state.name() };
    let note = [state, &row.filter, &errors].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    HookPlugin { name: row.plugin.clone(), calls: row.calls, seconds: row.seconds, note }
}
