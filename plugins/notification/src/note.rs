//! What is told: facts in, words and JSON out. Knows nothing of how it is sent.

use candlewick_plugin_api::Context;
use serde_json::{Value, json};

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Note {
    /// Where a run stands, and what has happened.
    pub(crate) fn of(ctx: &Context, what: &str) -> Self {
        let project = if ctx.project_name.is_empty() { "Candlewick" } else { &*ctx.project_name };
        let happened = match what {
            "end" => format!("run {} has come to its end", ctx.run),
            "failure" => format!("run {} has failed", ctx.run),
            "stop" => format!("run {} was stopped", ctx.run),
            "epoch" => format!("run {} has done epoch {}", ctx.run, ctx.epoch + 1),
            condition => format!("run {}: {}", ctx.run, condition.trim_start_matches("condition ")),
        };
        let measured = measured(ctx);
        let mut lines = vec![happened.clone(), format!("epoch {} of {}", ctx.epoch + 1, ctx.epochs)];
        lines.extend(ctx.stop_reason.as_deref().map(|reason| format!("reason: {reason}")));
        lines.extend(measured.iter().map(|(name, value)| format!("{name}: {value:.4}")));
        lines.push(format!("{:.0} s of training", ctx.seconds));
        let text = lines.join("\n");
        // `text` is what chat programs show of a webhook's request.
        let json = json!({
            "text": text,
            "project": &*ctx.project_name,
            "run": ctx.run,
            "what": what,
            "epoch": ctx.epoch,
            "epochs": ctx.epochs,
            "outcome": ctx.outcome,
            "reason": ctx.stop_reason.as_deref(),
            "seconds": ctx.seconds,
            "measured": measured.into_iter().map(|(name, value)| (name, json!(value))).collect::<serde_json::Map<_, _>>(),
        });
        // A header is one line; what a plugin gives as a reason may be many, and stands in the text only.
        Self { subject: format!("[{project}] {happened}").replace(['\r', '\n'], " "), text, json }
    }
}

/// Losses, then metrics.
fn measured(ctx: &Context) -> Vec<(String, f64)> {
    let losses = [("training_loss", ctx.training_loss()), ("validation_loss", ctx.validation_loss())];
    let losses = losses.into_iter().filter_map(|(name, loss)| Some((name.to_owned(), loss?)));
    let named = |split: &'static str| move |(name, value): (&String, &f64)| (format!("{split}_{name}"), *value);
    let training = ctx.training_metrics.iter().map(named("training"));
    losses.chain(training).chain(ctx.validation_metrics.iter().map(named("validation"))).collect()
}
