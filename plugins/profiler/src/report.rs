//! A profile in words and as JSON. Measures nothing itself.

use crate::profile::{Hooked, PHASES, Profile, Statistics};
use candlewick_plugin_api::{Context, Hook, duration};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The summary that users read.
pub(crate) fn text(ctx: &Context, profile: &Profile) -> String {
    let whole = profile.whole();
    let seconds = whole.seconds();
    let rate = whole.samples_per_second().unwrap_or(0.0);
    let mut text =
        format!("profile of run {}: {}, {} samples/s\n", ctx.run, duration(seconds), thousands(rate.round() as u64));
    let mut line = |name: &str, part: f64, more: &str| {
        let share = if seconds > 0.0 { part / seconds * 100.0 } else { 0.0 };
        text += &format!("  {name:<28} {:>10} {share:>5.1} %{more}\n", duration(part));
    };
    PHASES.iter().zip(whole.phases).for_each(|(name, part)| line(name, part, ""));
    line("plugins", whole.plugins, "");
    for (hook, hooked) in profile.hooked() {
        line(&format!("  at {hook}"), hooked.seconds, &format!("  {}", counted(hooked.times, "call")));
    }
    let of = |statistics: &Statistics, unit: &str, scale: f64| match statistics.mean() {
        None => "not measured".to_owned(),
        Some(mean) => format!("mean {:.0} {unit}, highest {:.0} {unit}", mean / scale, statistics.highest / scale),
    };
    let rows = profile.intervals().rows();
    text += &format!("  memory: {}; ", of(&profile.memory, "MB", 1e6));
    text + &format!("processor: {} ({})", of(&profile.processor, "%", 1.0), counted(rows as u64, "reading"))
}

/// `77,125`.
fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let split = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    split.collect::<Vec<_>>().join(",")
}

/// `1 call`, `3 calls`.
fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The same, with every interval, for programs. GPU memory is null: nothing that a plugin may use tells it.
pub(crate) fn json(ctx: &Context, profile: &Profile) -> Value {
    let whole = profile.whole();
    let phases: Map<String, Value> =
        PHASES.iter().zip(whole.phases).map(|(name, part)| (name.to_string(), json!(part))).collect();
    let hook = |(hook, hooked): (Hook, Hooked)| {
        (hook.name().to_owned(), json!({ "times": hooked.times, "seconds": hooked.seconds }))
    };
    let of = |statistics: &Statistics, scale: f64| {
        let mean = statistics.mean().map(|mean| mean / scale);
        json!({ "mean": mean, "highest": mean.map(|_| statistics.highest / scale) })
    };
    let columns = profile.intervals().columns.iter().map(|(name, values)| (name.clone(), json!(values)));
    json!({
        "run": ctx.run,
        "project": &*ctx.project_name,
        "device": &*ctx.device,
        "outcome": ctx.outcome,
        "seconds": whole.seconds(),
        "batches": whole.batches,
        "samples": whole.samples,
        "samples_per_second": whole.samples_per_second(),
        "phase_seconds": phases,
        "plugin_seconds": whole.plugins,
        "hooks": profile.hooked().map(hook).collect::<Map<String, Value>>(),
        "memory_mb": of(&profile.memory, 1e6),
        "gpu_memory_mb": null,
        "cpu_percent": of(&profile.processor, 1.0),
        "intervals": columns.collect::<Map<String, Value>>(),
    })
}

/// Writes it, making the folder.
pub(crate) fn write(path: &Path, report: &Value) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, format!("{report:#}\n"))
}
