//! The first items of a dataset before and after the active plugins' transforms.
//!
//! Must not know runs: nothing of a run or a plugin's state changes by a preview. Read [`BUILTINS`] first.

use super::arguments::{Answer, Options, count_from, fault};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::session::Session;
use crate::show::{Show, Shows};
use candle_core::{DType, Tensor};
use candlewick_display::{self as display, Image, Part, PreviewRow, number};
use candlewick_engine::Seed;
use candlewick_engine::data::{Dataset, Example};
use candlewick_plugin_api::{
    PluginError, RunId, Transform, TransformContext, TransformSet, Value, batch_parts, batch_value,
};
use candlewick_plugin_manager::PluginManager;
use rhai::{Dynamic, Engine, Map};

const DATASET: &str = "dataset";
/// Items that are shown unless told otherwise.
const SHOWN: usize = 4;
/// Items that are shown at most: each is a picture or two in the notebook's file.
const MOST: usize = 64;
/// Numbers of a row that is no image.
const NUMBERS: usize = 8;
/// No run has this number.
const NO_RUN: RunId = RunId::MAX;

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "preview",
        "preview(data) or preview(data, count) or preview(data, count, #{ seed, epoch, validation }) -> preview",
        "the first items before and after the active plugins' transforms, as training with that seed sees them in that epoch; changes no state",
        "preview(dataset(\"digits\").reshape([1, 8, 8]), 4)",
        bind,
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "preview",
        "preview() or preview(count) or preview(count, #{ seed, epoch, validation }) -> preview",
        "the first items before and after the active plugins' transforms, as training with that seed sees them in that epoch; changes no state",
        "data.preview(4)",
        // Rhai's methods are functions of their object: both entries are bound at once.
        |_, _| {},
    ),
];

fn bind(engine: &mut Engine, session: &Session) {
    let (plain, some, with) = (session.clone(), session.clone(), session.clone());
    engine.register_fn("preview", move |data: &mut Dataset| preview(&plain, data, SHOWN, &Map::new()));
    engine.register_fn("preview", move |data: &mut Dataset, count: Dynamic| {
        preview(&some, data, count_from("preview", &count, 1)?, &Map::new())
    });
    engine.register_fn("preview", move |data: &mut Dataset, count: Dynamic, options: Map| {
        preview(&with, data, count_from("preview", &count, 1)?, &options)
    });
}

/// What a preview found, ready to be shown.
#[derive(Clone)]
pub struct Preview(display::Preview);

impl Show for Preview {
    fn bundle(&self) -> display::Bundle {
        self.0.bundle()
    }
}

/// Names the type of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Preview>("preview");
}

/// Makes previews show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Preview>();
}

fn preview(session: &Session, data: &Dataset, count: usize, given: &Map) -> Answer<Preview> {
    let options = Options::new("preview", "option of preview", given, &["seed", "epoch", "validation"])?;
    let mut plugins = session.plugins.try_borrow_mut().map_err(|_| {
        Fault::error("BusyError", "a run is moving right now; preview the data from a cell, not from a hook")
    })?;
    let training = !options.flag("validation")?;
    let mut pass = Pass {
        due: plugins.active_transforms(training),
        plugins: &mut plugins,
        seed: Seed(options.count("seed")?.unwrap_or(0) as u64),
        epoch: options.count("epoch")?.unwrap_or(0),
        training,
        notes: Vec::new(),
    };
    let rows: Vec<u32> = (0..count.min(MOST).min(data.len()) as u32).collect();
    let (stages, rows) = if data.has_items() { pass.items(data, &rows)? } else { pass.rows(data, &rows)? };
    Ok(Preview(display::Preview { title: pass.title(data, rows.len()), stages, rows, notes: pass.notes }))
}

/// One way through the plugins.
struct Pass<'a> {
    plugins: &'a mut PluginManager,
    due: TransformSet,
    seed: Seed,
    epoch: usize,
    training: bool,
    notes: Vec<String>,
}

type Table = (Vec<String>, Vec<PreviewRow>);

impl Pass<'_> {
    fn title(&self, data: &Dataset, shown: usize) -> String {
        let of = format!("dataset {}: {shown} of {}", data.name(), number::counted(data.len() as u64, "item"));
        let names: Vec<&str> = self.due.iter().map(Transform::name).collect();
        match names.is_empty() {
            true => format!("{of}; no active plugin transforms them"),
            false => format!("{of} before and after {}, seed {}, epoch {}", names.join(", "), self.seed.0, self.epoch),
        }
    }

    fn items(&mut self, data: &Dataset, rows: &[u32]) -> Answer<Table> {
        let mut shown = Vec::with_capacity(rows.len());
        let mut changed = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(example) = data.example(*row).map_err(fault)? else { continue };
            let after = self.example(&example);
            let stages = vec![parts(&example)?, parts(&after)?];
            shown.push(PreviewRow { label: label(data, &example, *row), stages });
            changed.push(after);
        }
        let mut stages = vec!["before".to_owned(), "after".to_owned()];
        if self.due.contains(Transform::Batch) {
            let (inputs, targets) = data.assemble(&changed).map_err(fault)?;
            let batch = self.batch(inputs, targets)?;
            for (at, row) in shown.iter_mut().enumerate().take(batch.len()) {
                row.stages.push(vec![batch[at].clone()]);
            }
            stages.push("in the batch".to_owned());
        }
        Ok((stages, shown))
    }

    fn rows(&mut self, data: &Dataset, rows: &[u32]) -> Answer<Table> {
        let (inputs, targets) = data.batch(rows).map_err(fault)?;
        let before = row_parts(&inputs)?;
        let after = if self.due.contains(Transform::Batch) { self.batch(inputs, targets)? } else { before.clone() };
        let row = |(at, before): (usize, &Part)| {
            let after = after.get(at).map_or_else(Vec::new, |after| vec![after.clone()]);
            PreviewRow { label: at.to_string(), stages: vec![vec![before.clone()], after] }
        };
        let stages = vec!["before".to_owned(), "after".to_owned()];
        Ok((stages, before.iter().enumerate().map(row).collect()))
    }

    fn example(&mut self, example: &Example) -> Example {
        let mut after = example.clone();
        if let Some(caption) = &example.caption {
            let changed = self.pass(Transform::Caption, (&**caption).into(), example.index, example.path.as_deref());
            after.caption = changed.text().map(Into::into);
        }
        if let Some(image) = &example.image {
            let changed = self.pass(Transform::Image, image.clone().into(), example.index, example.path.as_deref());
            after.image = changed.tensor().cloned();
        }
        after
    }

    fn batch(&mut self, inputs: Tensor, targets: Tensor) -> Answer<Vec<Part>> {
        let changed = self.pass(Transform::Batch, batch_value(inputs.clone(), targets), 0, None);
        row_parts(batch_parts(&changed).map_or(&inputs, |(inputs, _)| inputs))
    }

    fn pass(&mut self, transform: Transform, value: Value, index: usize, path: Option<&str>) -> Value {
        let mut context = TransformContext::new(NO_RUN, self.epoch, index, self.training, self.seed.streams());
        context.path = path.map(Into::into);
        let passed = self.plugins.preview(transform, value, &mut context);
        self.notes.extend(passed.failures.iter().map(|(plugin, error)| note(plugin, transform, index, error)));
        passed.value
    }
}

fn note(plugin: &str, transform: Transform, index: usize, error: &PluginError) -> String {
    let line = match error {
        PluginError::Failed { line: Some(line), .. } => format!(", line {line}"),
        _ => String::new(),
    };
    let what = if transform == Transform::Batch { "batch" } else { "item" };
    format!("plugin {plugin} failed in {} of {what} {index}{line}: {error}", transform.name())
}

/// The item's number, the end of its path, its class.
fn label(data: &Dataset, example: &Example, row: u32) -> String {
    let file = example.path.as_deref().map(|path| {
        let parts: Vec<&str> = path.rsplit(['/', '\\']).take(2).collect();
        parts.into_iter().rev().collect::<Vec<_>>().join("/")
    });
    let targets = data.targets().flatten_all().and_then(|targets| targets.to_vec1::<u32>());
    let class = match (data.classes(), data.targets().rank(), targets) {
        (Some(classes), 1, Ok(targets)) => targets.get(row as usize).and_then(|at| classes.get(*at as usize)).cloned(),
        _ => None,
    };
    let words = [Some(example.index.to_string()), file, class].into_iter().flatten();
    words.collect::<Vec<_>>().join(", ")
}

fn parts(example: &Example) -> Answer<Vec<Part>> {
    let picture = example.image.as_ref().map(picture).transpose()?;
    let caption = example.caption.as_ref().map(|caption| Part::Text(caption.to_string()));
    Ok(picture.into_iter().chain(caption).collect())
}

/// An image as it is before normalization: its values are those of its pixels.
fn picture(image: &Tensor) -> Answer<Part> {
    let (height, width, channels) = image.dims3().map_err(fault)?;
    let values = image.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).map_err(fault)?;
    let bytes: Vec<u8> = values.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let image = if channels == 1 { Image::grey(width, height, bytes) } else { Image::rgb(width, height, bytes) };
    image.map(Part::Picture).map_err(fault)
}

/// The rows of a batch: pictures where they look like some, else their first numbers.
fn row_parts(inputs: &Tensor) -> Answer<Vec<Part>> {
    let inputs = inputs.to_device(&candle_core::Device::Cpu).map_err(fault)?;
    (0..inputs.dims()[0]).map(|row| inputs.get(row).map_err(fault).and_then(|row| row_part(&row))).collect()
}

fn row_part(row: &Tensor) -> Answer<Part> {
    let values = row.to_dtype(DType::F64).and_then(|row| row.flatten_all()).map_err(fault)?;
    let values = values.to_vec1::<f64>().map_err(fault)?;
    let image = match *row.dims() {
        [channels @ (1 | 3), height, width] if height > 1 && width > 1 => {
            let place = |at: usize| values[(at % channels) * height * width + at / channels];
            let pixels: Vec<f64> = (0..values.len()).map(place).collect();
            Image::of_values(width, height, channels, &pixels)
        }
        [height, width] if height > 1 && width > 1 => Image::of_values(width, height, 1, &values),
        _ => {
            let more = if values.len() > NUMBERS { " …" } else { "" };
            let numbers = values.iter().take(NUMBERS).map(|value| display::number::significant(*value, 4));
            return Ok(Part::Numbers(numbers.collect::<Vec<_>>().join(" ") + more));
        }
    };
    image.map(Part::Picture).map_err(fault)
}
