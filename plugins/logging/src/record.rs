//! What stands in a line: facts in, a JSON object out. Knows nothing of files.

use candlewick_plugin_api::Context;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;

/// A line in the making.
pub(crate) struct Record {
    fields: Map<String, Value>,
    notes: Vec<String>,
}

impl Record {
    /// A line about an event: which one, and where the run stands.
    fn of(ctx: &Context, event: &str) -> Self {
        let mut record = Self { fields: Map::new(), notes: Vec::new() };
        record.put("event", json!(event));
        for (name, count) in [("epoch", ctx.epoch), ("global_step", ctx.global_step)] {
            record.put(name, json!(count));
        }
        record.number("seconds", ctx.seconds);
        record
    }

    fn put(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }

    /// A number, or `null` and a note that says what it was.
    fn number(&mut self, name: &str, value: f64) {
        let number = self.checked(name, value);
        self.put(name, number);
    }

    fn measured(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    fn numbers(&mut self, name: &str, values: &BTreeMap<String, f64>) {
        let values = values.iter().map(|(key, value)| (key.clone(), self.checked(&format!("{name}.{key}"), *value)));
        let values: Map<String, Value> = values.collect();
        self.put(name, Value::Object(values));
    }

    fn checked(&mut self, name: &str, value: f64) -> Value {
        Number::from_f64(value).map(Value::Number).unwrap_or_else(|| {
            self.notes.push(format!("{name} is {value}"));
            Value::Null
        })
    }

    /// The line's text: what tells lines apart, then its own fields, then the notes, if any.
    pub(crate) fn line(mut self, session: &str, sequence: u64, time: f64) -> String {
        let mut whole =
            Map::from_iter([("session".to_owned(), json!(session)), ("sequence".to_owned(), json!(sequence))]);
        whole.insert("time".to_owned(), json!(time));
        whole.append(&mut self.fields);
        if !self.notes.is_empty() {
            whole.insert("notes".to_owned(), json!(self.notes));
        }
        format!("{}\n", Value::Object(whole))
    }
}

/// A run's first line.
pub(crate) fn session(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "session");
    record.put("run", json!(ctx.run));
    record.put("project", json!(&*ctx.project_name));
    record.put("device", json!(&*ctx.device));
    record.put("epochs", json!(ctx.epochs));
    record.put("batches_per_epoch", json!(ctx.batches_per_epoch));
    record.put("hyperparameters", json!(*ctx.hyperparameters));
    record
}

pub(crate) fn start_epoch(ctx: &Context) -> Record {
    Record::of(ctx, "start_epoch")
}

pub(crate) fn batch(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "batch");
    record.put("batch", json!(ctx.batch));
    record.put("outcome", json!(ctx.outcome));
    record.measured("loss", ctx.loss);
    record.measured("gradient_norm", ctx.gradient_norm);
    record.number("learning_rate", ctx.working.learning_rate);
    record
}

pub(crate) fn validation(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "validation");
    record.put("outcome", json!(ctx.outcome));
    record.measured("validation_loss", ctx.validation_loss());
    record.numbers("validation_metrics", &ctx.validation_metrics);
    record
}

pub(crate) fn epoch(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "epoch");
    record.put("outcome", json!(ctx.outcome));
    record.put("batches", json!(ctx.training_batch_count));
    record.measured("training_loss", ctx.training_loss());
    record.numbers("training_metrics", &ctx.training_metrics);
    record.number("learning_rate", ctx.working.learning_rate);
    record
}

pub(crate) fn checkpoint(ctx: &Context, event: &str) -> Record {
    let mut record = Record::of(ctx, event);
    record.put("path", ctx.working.extra.get("checkpoint_path").cloned().unwrap_or_default());
    record
}

pub(crate) fn failure(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "failure");
    record.put("reason", json!(ctx.stop_reason.as_deref()));
    record
}

pub(crate) fn end(ctx: &Context) -> Record {
    let mut record = Record::of(ctx, "end");
    record.put("outcome", json!(ctx.outcome));
    record.put("reason", json!(ctx.stop_reason.as_deref()));
    record
}
