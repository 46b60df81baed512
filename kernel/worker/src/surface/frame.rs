//! Data frames: read from files, made of arrays, cut, described, turned into datasets.
//!
//! Must not know plots or runs. Read [`BUILTINS`] first.

use super::arguments::{Answer, Options, count, fault, texts};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::show::{Show, Shows};
use candle_core::{DType, Tensor};
use candlewick_display::{Bundle, Cell, Table, TableColumn};
use candlewick_engine::EngineError;
use candlewick_engine::data::{ColumnInfo, Dataset, DatasetOptions, Frame, Task, Values};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map};
use std::ops::Range;

/// The name of frames for users.
const FRAME: &str = "frame";
/// Rows from each end that a long frame shows.
const EDGE: usize = 10;
/// From here on not every whole number is an f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "read_csv",
        kind: Kind::Function,
        signature: "read_csv(path) -> frame",
        doc: "reads a CSV file with a line of column names",
        example: "read_csv(\"measurements.csv\")",
        bind: |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("read_csv", move |path: &str| {
                calls.may_read(path)?;
                Frame::read_csv(path).map_err(fault)
            });
        },
    },
    Builtin {
        name: "read_parquet",
        kind: Kind::Function,
        signature: "read_parquet(path) -> frame",
        doc: "reads a Parquet file",
        example: "read_parquet(\"measurements.parquet\")",
        bind: |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("read_parquet", move |path: &str| {
                calls.may_read(path)?;
                Frame::read_parquet(path).map_err(fault)
            });
        },
    },
    Builtin {
        name: "frame",
        kind: Kind::Function,
        signature: "frame(#{ name: array, … }) -> frame",
        doc: "makes a frame of arrays of numbers or of strings, a column each; `()` is a missing value",
        example: "frame(#{ x: [1, 2], kind: [\"a\", \"b\"] })",
        bind: |engine, _| {
            engine.register_fn("frame", made);
        },
    },
    Builtin::new(
        Kind::Property(FRAME),
        "columns",
        "columns -> array",
        "the names of the columns",
        "frame(#{ x: [1, 2], y: [3, 4] }).columns",
        |engine, _| {
            engine.register_get("columns", |frame: &mut Frame| -> Array {
                frame.columns().into_iter().map(|column| Dynamic::from(column.name)).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Property(FRAME),
        "height",
        "height -> integer",
        "the number of rows",
        "frame(#{ x: [1, 2], y: [3, 4] }).height",
        |engine, _| {
            engine.register_get("height", |frame: &mut Frame| frame.height() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(FRAME),
        "width",
        "width -> integer",
        "the number of columns",
        "frame(#{ x: [1, 2], y: [3, 4] }).width",
        |engine, _| {
            engine.register_get("width", |frame: &mut Frame| frame.width() as i64);
        },
    ),
    Builtin::new(
        Kind::Property(FRAME),
        "len",
        "len -> integer",
        "the number of rows",
        "frame(#{ x: [1, 2], y: [3, 4] }).len",
        |engine, _| {
            engine.register_get("len", |frame: &mut Frame| frame.height() as i64);
            engine.register_fn("len", |frame: &mut Frame| frame.height() as i64);
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "head",
        "head(n) -> frame",
        "the first n rows",
        "frame(#{ x: [1, 2], y: [3, 4] }).head(2)",
        |engine, _| {
            engine.register_fn("head", |frame: &mut Frame, rows: Dynamic| {
                count("head", &rows).map(|rows| frame.head(rows))
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "tail",
        "tail(n) -> frame",
        "the last n rows",
        "frame(#{ x: [1, 2], y: [3, 4] }).tail(2)",
        |engine, _| {
            engine.register_fn("tail", |frame: &mut Frame, rows: Dynamic| {
                count("tail", &rows).map(|rows| frame.tail(rows))
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "slice",
        "slice(start, n) -> frame",
        "n rows from `start` on",
        "frame(#{ x: [1, 2], y: [3, 4] }).slice(0, 2)",
        |engine, _| {
            engine.register_fn("slice", |frame: &mut Frame, start: Dynamic, rows: Dynamic| -> Answer<Frame> {
                Ok(frame.slice(count("slice", &start)?, count("slice", &rows)?))
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "column",
        "column(name) -> array",
        "a column's values; `f[name]` is the same",
        "frame(#{ x: [1, 2], y: [3, 4] }).column(\"x\")",
        |engine, _| {
            engine.register_fn("column", |frame: &mut Frame, name: &str| column(frame, name));
            engine.register_indexer_get(|frame: &mut Frame, name: ImmutableString| column(frame, &name));
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "select",
        "select(names) -> frame",
        "the named columns, in that order",
        "frame(#{ x: [1, 2], y: [3, 4] }).select([\"x\"])",
        |engine, _| {
            engine.register_fn("select", |frame: &mut Frame, names: Dynamic| -> Answer<Frame> {
                frame.select(&texts("select", &names)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "describe",
        "describe() -> frame",
        "count, mean, deviation, extremes and quartiles of each column",
        "frame(#{ x: [1, 2], y: [3, 4] }).describe()",
        |engine, _| {
            engine.register_fn("describe", |frame: &mut Frame| frame.describe().map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "write_csv",
        "write_csv(path)",
        "writes a CSV file, over what was there",
        "frame(#{ x: [1, 2], y: [3, 4] }).write_csv(\"f.csv\")",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("write_csv", move |frame: &mut Frame, path: &str| {
                calls.may_write(path)?;
                frame.write_csv(path).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "write_parquet",
        "write_parquet(path)",
        "writes a Parquet file, over what was there",
        "frame(#{ x: [1, 2], y: [3, 4] }).write_parquet(\"f.parquet\")",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("write_parquet", move |frame: &mut Frame, path: &str| {
                calls.may_write(path)?;
                frame.write_parquet(path).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(FRAME),
        "dataset",
        "dataset(#{ label, features, normalize, task }) -> dataset",
        "inputs and targets for a net; task is auto, classes or values",
        "frame(#{ x: [1, 2], y: [3, 4] }).dataset(#{ label: \"y\" })",
        |engine, _| {
            engine.register_fn("dataset", dataset);
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Frame>(FRAME);
}

/// Makes frames show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Frame>();
}

impl Show for Frame {
    fn bundle(&self) -> Bundle {
        match table(self) {
            Ok(table) => table.bundle(),
            Err(error) => Bundle::new(format!("a frame of {} rows: {error}", self.height())),
        }
    }
}

/// Only the rows that are shown are read.
fn table(frame: &Frame) -> Result<Table, EngineError> {
    let columns = frame.columns();
    let heads = columns.iter().map(|column| TableColumn::new(&column.name, &column.dtype)).collect();
    let read = |rows: Range<usize>| {
        let rows = frame.rows(rows)?.into_iter();
        Ok::<Vec<_>, EngineError>(rows.map(|row| cells(&columns, row)).collect())
    };
    let height = frame.height();
    if height <= 2 * EDGE {
        return Ok(Table::new(heads, read(0..height)?));
    }
    let (head, tail) = (read(0..EDGE)?, read(height - EDGE..height)?);
    Ok(Table::edges(heads, head, tail, height))
}

fn cells(columns: &[ColumnInfo], row: Vec<Option<String>>) -> Vec<Cell> {
    let cell = |(column, text): (&ColumnInfo, Option<String>)| {
        let Some(text) = text else { return Cell::Null };
        match (kind(&column.dtype), text.parse::<i64>(), text.parse::<f64>()) {
            (Content::Whole, Ok(whole), _) => Cell::Integer(whole),
            (Content::Number, _, Ok(number)) => Cell::Number(number),
            (Content::Truth, ..) => Cell::Bool(text == "true"),
            _ => Cell::Text(text),
        }
    };
    columns.iter().zip(row).map(cell).collect()
}

/// What a column holds, by polars' name of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Whole numbers.
    Whole,
    /// Other numbers.
    Number,
    /// True and false.
    Truth,
    /// Anything else, read as text.
    Text,
}

/// What a column of that type holds.
pub fn kind(dtype: &str) -> Content {
    match dtype {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => Content::Whole,
        "f32" | "f64" => Content::Number,
        "bool" => Content::Truth,
        _ => Content::Text,
    }
}

/// What the named column of a frame holds; unknown names are text, and fail when they are read.
pub fn content(frame: &Frame, name: &str) -> Content {
    frame.columns().iter().find(|column| column.name == name).map_or(Content::Text, |column| kind(&column.dtype))
}

/// A column's values; `()` where one is missing.
fn column(frame: &Frame, name: &str) -> Answer<Array> {
    let content = content(frame, name);
    if content == Content::Text {
        return Ok(frame.texts(name).map_err(fault)?.into_iter().map(optional).collect());
    }
    let numbers = frame.numbers(name).map_err(fault)?;
    if content == Content::Whole && numbers.iter().flatten().any(|number| number.abs() >= EXACT) {
        let texts = frame.texts(name).map_err(fault)?;
        return Ok(texts.into_iter().map(|text| optional(text.and_then(|text| text.parse::<i64>().ok()))).collect());
    }
    let value = |number: Option<f64>| match content {
        Content::Whole => optional(number.map(|number| number as i64)),
        Content::Truth => optional(number.map(|number| number != 0.0)),
        _ => optional(number),
    };
    Ok(numbers.into_iter().map(value).collect())
}

fn optional<T: Clone + 'static>(value: Option<T>) -> Dynamic {
    value.map_or(Dynamic::UNIT, Dynamic::from)
}

fn made(columns: Map) -> Answer<Frame> {
    let column = |(name, values): (&rhai::Identifier, &Dynamic)| Ok((name.to_string(), values_of(name, values)?));
    let columns = columns.iter().map(column).collect::<Answer<Vec<_>>>()?;
    Frame::from_columns(columns).map_err(fault)
}

/// Numbers or texts: what the first value is decides. Truth values are 0 and 1.
fn values_of(name: &str, values: &Dynamic) -> Answer<Values> {
    if let Some(tensor) = values.read_lock::<Tensor>() {
        let numbers = tensor.to_dtype(DType::F64).and_then(|tensor| tensor.to_vec1::<f64>()).map_err(fault)?;
        return Ok(Values::Numbers(numbers.into_iter().map(Some).collect()));
    }
    let Some(items) = values.read_lock::<Array>() else {
        let message = format!("column \"{name}\" of a frame takes an array; found {}", values.type_name());
        return Err(Fault::error("TypeError", message));
    };
    let first = items.iter().find(|item| !item.is_unit());
    if first.is_some_and(|first| first.is_string()) {
        let text = |item: &Dynamic| item.read_lock::<ImmutableString>().map(|text| text.to_string());
        return Ok(Values::Texts(of_one_kind(name, "strings", &items, text)?));
    }
    let number = |item: &Dynamic| {
        let whole = || item.as_int().ok().map(|whole| whole as f64);
        item.as_float().ok().or_else(whole).or_else(|| item.as_bool().ok().map(f64::from))
    };
    Ok(Values::Numbers(of_one_kind(name, "numbers", &items, number)?))
}

fn of_one_kind<T>(
    name: &str,
    what: &str,
    items: &Array,
    read: impl Fn(&Dynamic) -> Option<T>,
) -> Answer<Vec<Option<T>>> {
    let value = |(row, item): (usize, &Dynamic)| match read(item) {
        Some(value) => Ok(Some(value)),
        None if item.is_unit() => Ok(None),
        None => {
            let found = item.type_name();
            Err(Fault::error("TypeError", format!("column \"{name}\" holds {what}; found {found} in row {row}")))
        }
    };
    items.iter().enumerate().map(value).collect()
}

fn dataset(frame: &mut Frame, options: Map) -> Answer<Dataset> {
    frame.dataset(&dataset_options(&options)?).map_err(fault)
}

fn dataset_options(options: &Map) -> Answer<DatasetOptions> {
    let known = ["label", "features", "normalize", "task"];
    let options = Options::new("dataset", "option of dataset", options, &known)?;
    let Some(label) = options.text("label")? else {
        let message = "dataset needs the column to predict, such as `#{ label: \"species\" }`; found no `label`";
        return Err(Fault::error("ValueError", message));
    };
    let task = options.text("task")?.map_or(Ok(Task::default()), |name| Task::from_name(&name)).map_err(fault)?;
    Ok(DatasetOptions { label, features: options.texts("features")?, normalize: options.flag("normalize")?, task })
}
