//! Datasets as values.
//!
//! Must not know nets or runs. Read [`BUILTINS`] first.

use super::arguments::{Answer, count, count_from, fault, number, shape};
use super::{Builtin, Kind};
use crate::show::{Show, Shows};
use candle_core::Tensor;
use candlewick_display as display;
use candlewick_engine::Seed;
use candlewick_engine::data::Dataset;
use rhai::{Array, Dynamic, Engine};

const DATASET: &str = "dataset";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "dataset",
        "dataset(name) or dataset(inputs, targets) -> dataset",
        "a shipped dataset (\"digits\", \"iris\"), or one of two tensors: inputs [n, …] and targets [n] or [n, k]",
        "let data = dataset(\"digits\");",
        |engine, _| {
            engine.register_fn("dataset", |name: &str| Dataset::named(name).map_err(fault));
            engine.register_fn("dataset", |inputs: Tensor, targets: Tensor| {
                Dataset::new("dataset", inputs, targets, None, Vec::new()).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "split",
        "split(fraction) or split(fraction, seed) -> [dataset, dataset]",
        "puts a share aside, by seed and, for classes, evenly; gives the rest and the share",
        "let parts = data.split(0.2, 42);",
        |engine, _| {
            engine.register_fn("split", |data: &mut Dataset, share: Dynamic| split(data, &share, 0));
            engine.register_fn("split", |data: &mut Dataset, share: Dynamic, seed: Dynamic| {
                split(data, &share, count("split", &seed)? as u64)
            });
        },
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "normalize",
        "normalize() -> dataset",
        "brings every feature to zero mean and unit variance",
        "let data = dataset(\"iris\").normalize();",
        |engine, _| {
            engine.register_fn("normalize", |data: &mut Dataset| data.normalize().map(|(data, _)| data).map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "reshape",
        "reshape(shape) -> dataset",
        "the same examples with inputs of another shape, the batch left out",
        "let images = dataset(\"digits\").reshape([1, 8, 8]);",
        |engine, _| {
            engine.register_fn("reshape", |data: &mut Dataset, to: Array| -> Answer<Dataset> {
                data.reshape(shape("reshape", &to)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "take",
        "take(count) -> dataset",
        "the first examples",
        "let few = data.take(100);",
        |engine, _| {
            engine.register_fn("take", |data: &mut Dataset, length: Dynamic| -> Answer<Dataset> {
                let length = count_from("take", &length, 1)?.min(data.len());
                data.subset(&(0..length as u32).collect::<Vec<_>>()).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(DATASET),
        "subset",
        "subset(rows) -> dataset",
        "the examples of these row numbers",
        "let some = data.subset([0, 2, 4]);",
        |engine, _| {
            engine.register_fn("subset", |data: &mut Dataset, rows: Array| -> Answer<Dataset> {
                let rows: Vec<u32> = shape("subset", &rows)?.into_iter().map(|row| row as u32).collect();
                data.subset(&rows).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "inputs",
        "inputs -> tensor",
        "the inputs of all examples, [n, …]",
        "data.inputs",
        |engine, _| {
            engine.register_get("inputs", |data: &mut Dataset| data.inputs().map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "targets",
        "targets -> tensor",
        "the targets of all examples: classes as u32, or values",
        "data.targets",
        |engine, _| {
            engine.register_get("targets", |data: &mut Dataset| data.targets().clone());
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "classes",
        "classes -> array",
        "the names of the classes; empty where targets are values",
        "data.classes",
        |engine, _| {
            engine.register_get("classes", |data: &mut Dataset| named(data.classes().unwrap_or_default()));
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "features",
        "features -> array",
        "the names of the features, where known",
        "data.features",
        |engine, _| {
            engine.register_get("features", |data: &mut Dataset| named(data.features()));
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "len",
        "len -> integer",
        "how many examples there are",
        "data.len",
        |engine, _| {
            engine.register_get("len", |data: &mut Dataset| data.len() as i64);
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Dataset>(DATASET);
}

/// Makes datasets show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Dataset>();
}

impl Show for Dataset {
    fn bundle(&self) -> display::Bundle {
        let mut facts = vec![
            ("inputs".to_owned(), format!("{:?} {}", self.input_dims(), self.input_dtype().as_str())),
            ("targets".to_owned(), format!("{:?} {}", self.targets().dims(), self.targets().dtype().as_str())),
        ];
        if let Some(classes) = self.classes() {
            facts.push(("classes".to_owned(), shortened(classes)));
        }
        if !self.features().is_empty() {
            facts.push(("features".to_owned(), shortened(self.features())));
        }
        let place = format!("{} examples", display::number::count(self.len() as u64));
        display::RunPanel { title: format!("dataset {}", self.name()), place, facts, calls: Vec::new() }.bundle()
    }
}

fn split(data: &Dataset, share: &Dynamic, seed: u64) -> Answer<Array> {
    let (rest, aside) = data.split(number("split", share)?, Seed(seed)).map_err(fault)?;
    Ok(vec![Dynamic::from(rest), Dynamic::from(aside)])
}

fn named(names: &[String]) -> Array {
    names.iter().map(|name| name.as_str().into()).collect()
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown}, … {} in all", names.len()) } else { shown }
}
