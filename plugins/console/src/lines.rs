//! The console's lines: facts in, text out.

use candlewick_plugin_api::{Context, Facts, Outcome, duration};

/// `epoch 3/10  batch 12/40  loss 0.1234`.
pub(crate) fn batch(facts: &Context) -> String {
    let place = format!(
        "epoch {}/{}  batch {}/{}",
        facts.epoch + 1,
        facts.epochs,
        facts.batch.map_or(0, |batch| batch + 1),
        facts.batches_per_epoch
    );
    let how = facts.outcome.filter(|outcome| *outcome != Outcome::Done).map(Outcome::name);
    let loss = facts.loss.map_or(String::new(), |loss| format!("  loss {}", number(loss)));
    format!("{place}{loss}{}", how.map_or(String::new(), |how| format!("  {how}")))
}

/// `epoch 3/10  loss 0.1234  accuracy 0.9500  validation_loss 0.2345  1.2 s`.
pub(crate) fn epoch(facts: &Facts, validated: bool) -> String {
    let mut line = format!("epoch {}/{}", facts.epoch + 1, facts.epochs);
    for (name, training, validation) in rows(facts, validated) {
        let shown = [("", training), ("validation_", validation)];
        for (split, value) in shown.into_iter().filter_map(|(split, value)| Some((split, value?))) {
            line += &format!("  {split}{name} {}", number(value));
        }
    }
    line + "  " + &duration(facts.seconds)
}

/// How the run ended and what it reached, as a table of losses and metrics.
pub(crate) fn summary(facts: &Facts, epochs: usize, validated: bool) -> String {
    let how = facts.outcome.unwrap_or(Outcome::Done).name();
    let reason = facts.stop_reason.as_deref().map_or(String::new(), |why| format!(": {why}"));
    let mut table = format!("run {} {how} after {epochs} of {}{reason}\n", facts.run, counted(facts.epochs));
    let rows = rows(facts, validated);
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0).max("time".len());
    table += &format!("{:width$}  {:>12}  {:>12}\n", "", "training", "validation");
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    for (name, training, validation) in rows {
        table += &format!("{name:width$}  {:>12}  {:>12}\n", shown(training), shown(validation));
    }
    table += &format!("{:width$}  {:>12}", "time", duration(facts.seconds));
    table
}

/// `1 epoch`, `3 epochs`.
fn counted(epochs: usize) -> String {
    format!("{epochs} epoch{}", if epochs == 1 { "" } else { "s" })
}

/// The path of the newest checkpoint.
pub(crate) fn checkpoint(ctx: &Context) -> String {
    let path = ctx.working.extra.get("checkpoint_path").and_then(serde_json::Value::as_str);
    path.unwrap_or("a checkpoint").to_owned()
}

/// Loss first, then metrics by name: on training data and, where this epoch was validated, on validation data.
fn rows(facts: &Facts, validated: bool) -> Vec<(String, Option<f64>, Option<f64>)> {
    let validation = |value: Option<f64>| value.filter(|_| validated);
    let loss = ("loss".to_owned(), facts.training_loss(), validation(facts.validation_loss()));
    let names = facts.training_metrics.keys().chain(facts.validation_metrics.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let metric = |name: &String| {
        let (training, other) = (facts.training_metrics.get(name), facts.validation_metrics.get(name));
        (name.clone(), training.copied(), validation(other.copied()))
    };
    std::iter::once(loss).chain(names.into_iter().map(metric)).collect()
}

/// Four digits after the point, or four that count where those would all be 0.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 { format!("{value:.3e}") } else { format!("{value:.4}") }
}
