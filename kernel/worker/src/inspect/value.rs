//! What a live value is: its shape and size, and a look at it.
//!
//! Must not know where its name stands. Read [`entry`] first.

use crate::Host;
use crate::runs::RunHandle;
use candle_core::{DType, Tensor};
use candlewick_display::{Entry, number};
use candlewick_engine::data::{Dataset, Frame};
use candlewick_engine::nn::Net;
use candlewick_engine::run::Run;
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};

/// Lines and characters of the look at a value in the short form.
const LINES: usize = 12;
const CHARACTERS: usize = 800;

type Facts = Vec<(String, String)>;

/// A variable: its type, what can be measured of it, and its text, which the short form cuts.
pub fn entry(host: &Host, name: &str, value: &Dynamic, detail: u8) -> Entry {
    let text = host.session().shows.text(value);
    let text = if detail == 0 { short(&text) } else { text };
    let forms = vec![format!("{name}: {}", host.type_name(value))];
    Entry { forms, facts: facts(value), blocks: vec![(String::new(), text)], ..Entry::default() }
}

fn facts(value: &Dynamic) -> Facts {
    of_tensor(value)
        .or_else(|| of_net(value))
        .or_else(|| of_frame(value))
        .or_else(|| of_dataset(value))
        .or_else(|| of_run(value))
        .or_else(|| of_container(value))
        .unwrap_or_default()
}

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn of_tensor(value: &Dynamic) -> Option<Facts> {
    let tensor = value.read_lock::<Tensor>()?;
    Some(tensor_facts(&tensor))
}

fn tensor_facts(tensor: &Tensor) -> Facts {
    let bytes = tensor.elem_count() as u64 * tensor.dtype().size_in_bytes() as u64;
    vec![
        fact("shape", format!("{:?}", tensor.dims())),
        fact("dtype", tensor.dtype().as_str()),
        fact("size", number::bytes(bytes)),
        fact("device", if tensor.device().is_cpu() { "cpu" } else { "cuda" }),
    ]
}

fn of_net(value: &Dynamic) -> Option<Facts> {
    let net = value.read_lock::<Net>()?;
    let rows = net.summary(None).unwrap_or_default();
    let (parameters, bytes) = rows.iter().fold((0u64, 0u64), |(parameters, bytes), row| {
        (parameters.saturating_add(row.parameters as u64), bytes.saturating_add(row.bytes as u64))
    });
    let drawn = if net.is_drawn() { "drawn" } else { "not drawn yet; the first use draws them" };
    Some(vec![
        match net.name() {
            "sequential" => fact("layers", net.layers().len().to_string()),
            own => fact("module", own),
        },
        fact("parameters", number::count(parameters)),
        fact("size", number::bytes(bytes)),
        fact("values", drawn),
    ])
}

fn of_frame(value: &Dynamic) -> Option<Facts> {
    let frame = value.read_lock::<Frame>()?;
    let columns = frame.columns();
    let schema: Vec<String> = columns.iter().map(|column| format!("{}: {}", column.name, column.dtype)).collect();
    let size = format!("{} rows × {} columns", number::count(frame.height() as u64), frame.width());
    Some(vec![fact("size", size), fact("schema", schema.join(", "))])
}

fn of_dataset(value: &Dynamic) -> Option<Facts> {
    let data = value.read_lock::<Dataset>()?;
    let shaped = |dims: &[usize], dtype: DType| format!("{dims:?} {}", dtype.as_str());
    Some(vec![
        fact("examples", number::count(data.len() as u64)),
        fact("inputs", shaped(data.input_dims(), data.input_dtype())),
        fact("targets", shaped(data.targets().dims(), data.targets().dtype())),
    ])
}

fn of_run(value: &Dynamic) -> Option<Facts> {
    let run = value.read_lock::<RunHandle>()?;
    run.look(run_facts).ok()
}

fn run_facts(run: &Run) -> Facts {
    let ctx = run.context();
    let state = run.outcome().map_or("paused", |outcome| outcome.name());
    let epoch = format!("{} of {}", ctx.epoch + 1, ctx.epochs);
    let steps = number::count(ctx.global_step as u64);
    vec![fact("state", state), fact("epoch", epoch), fact("training steps", steps)]
}

fn of_container(value: &Dynamic) -> Option<Facts> {
    if let Some(array) = value.read_lock::<Array>() {
        return Some(vec![fact("length", number::count(array.len() as u64))]);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Some(vec![fact("length", number::count(map.len() as u64))]);
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Some(vec![fact("size", number::bytes(bytes.len() as u64))]);
    }
    let text = value.read_lock::<ImmutableString>()?;
    Some(vec![fact("length", format!("{} characters", number::count(text.chars().count() as u64)))])
}

/// The beginning of a text, with a word on what is left out.
fn short(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let kept: String = lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n");
    let cut: String = kept.chars().take(CHARACTERS).collect();
    if lines.len() <= LINES && cut.len() == kept.len() { cut } else { cut + " …" }
}
