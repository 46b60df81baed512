//! Plots of frames, arrays, maps and tensors.
//!
//! Must not know how plots are drawn. Read [`plot`] first, then [`Asked`].

use super::arguments::{Answer, Options, fault, text, unknown};
use super::frame::{Content, content};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::show::{Show, Shows};
use candle_core::{DType, Tensor};
use candlewick_display::{Bundle, Column, Grid, Image, Plot, PlotKind};
use candlewick_engine::{EngineError, data::Frame};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

/// The name of plots for users.
const PLOT: &str = "plot";
/// All options.
const OPTIONS: [&str; 9] = ["kind", "x", "y", "title", "x_label", "y_label", "log_y", "bins", "labels"];
/// Values that one plot takes.
const VALUES: usize = 16 << 20;

pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "plot",
        kind: Kind::Function,
        signature: "plot(what) or plot(what, #{ kind, x, y, title, x_label, y_label, log_y, bins, labels }) -> plot",
        doc: "draws a frame, an array, a map of arrays or a tensor; kind is line, scatter, bar, histogram, heatmap or image",
        example: "plot([1, 4, 9], #{ kind: \"bar\", title: \"squares\" })",
        bind: |engine, _| {
            engine.register_fn("plot", |what: Dynamic| plot(&what, &Map::new()));
            engine.register_fn("plot", |what: Dynamic, options: Map| plot(&what, &options));
        },
    },
    Builtin {
        name: "save",
        kind: Kind::Method(PLOT),
        signature: "save(path)",
        doc: "writes the plot as an SVG file, over what was there",
        example: "plot([1, 4, 9]).save(\"p.svg\")",
        bind: |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("save", move |plot: &mut Plot, path: &str| {
                calls.may_write(path)?;
                let svg = plot.svg().map_err(fault)?;
                std::fs::write(path, svg).map_err(|error| fault(EngineError::file(path, error)))
            });
        },
    },
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Plot>(PLOT);
}

/// Makes plots show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Plot>();
}

impl Show for Plot {
    fn bundle(&self) -> Bundle {
        Plot::bundle(self)
    }
}

/// What the options ask for.
struct Asked<'a> {
    options: Options<'a>,
    kind: Option<PlotKind>,
}

impl Asked<'_> {
    /// The kind, or the one that fits best where none was asked for.
    fn kind(&self, otherwise: PlotKind) -> PlotKind {
        self.kind.unwrap_or(otherwise)
    }
}

/// The plot of a frame, an array of numbers or of `[x, y]`, a map of arrays, or a tensor.
fn plot(what: &Dynamic, options: &Map) -> Answer<Plot> {
    let options = Options::new("plot", "option of plot", options, &OPTIONS)?;
    let kind = options.text("kind")?.map(|name| kind(&name)).transpose()?;
    let asked = Asked { options, kind };
    let plot = if let Some(frame) = what.read_lock::<Frame>() {
        of_frame(&frame, &asked)
    } else if let Some(items) = what.read_lock::<Array>() {
        of_array(&items, &asked)
    } else if let Some(columns) = what.read_lock::<Map>() {
        of_map(&columns, &asked)
    } else if let Some(tensor) = what.read_lock::<Tensor>() {
        of_tensor(&tensor, &asked)
    } else {
        let message = format!("plot takes a frame, an array, a map of arrays or a tensor; found {}", what.type_name());
        Err(Fault::error("TypeError", message))
    }?;
    labelled(plot, &asked.options)
}

fn kind(name: &str) -> Answer<PlotKind> {
    let known = PlotKind::ALL.map(PlotKind::name);
    PlotKind::parse(name).map_err(|_| unknown("kind of plot", name, known))
}

fn labelled(mut plot: Plot, options: &Options) -> Answer<Plot> {
    for (label, name) in [(&mut plot.title, "title"), (&mut plot.x_label, "x_label"), (&mut plot.y_label, "y_label")] {
        options.text(name)?.into_iter().for_each(|text| *label = text);
    }
    plot.log_y = options.flag("log_y")?;
    plot.bins = options.count("bins")?;
    if plot.bins == Some(0) {
        return Err(Fault::error("ValueError", "option `bins` of plot takes a whole number of at least 1; found 0"));
    }
    Ok(plot)
}

fn of_frame(frame: &Frame, asked: &Asked) -> Answer<Plot> {
    let x = asked.options.text("x")?;
    let numeric = |name: &String| content(frame, name) != Content::Text && Some(name) != x.as_ref();
    let all = || frame.columns().into_iter().map(|column| column.name).filter(numeric).collect();
    let y: Vec<String> = asked.options.texts("y")?.unwrap_or_else(all);
    let column = |name: &str| {
        let numbers = frame.numbers(name)?.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect();
        Ok(Column::numbers(name, numbers))
    };
    let words = |name: &str| {
        let words = frame.texts(name)?.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Column::words(name, words))
    };
    let read = |name: &String| match content(frame, name) {
        Content::Text => words(name),
        _ => column(name),
    };
    let x = x.as_ref().map(read).transpose().map_err(fault)?;
    let y = y.iter().map(read).collect::<candlewick_engine::Result<Vec<_>>>().map_err(fault)?;
    Plot::columns(asked.kind(PlotKind::Line), x, y).map_err(fault)
}

fn of_map(columns: &Map, asked: &Asked) -> Answer<Plot> {
    let names = || columns.keys().map(|name| name.as_str());
    let read = |name: &String| match columns.get(name.as_str()) {
        Some(values) => column(name, values),
        None => Err(unknown("column", name, names().collect::<Vec<_>>())),
    };
    let x = asked.options.text("x")?;
    let all = || names().filter(|name| Some(*name) != x.as_deref()).map(str::to_owned).collect();
    let y: Vec<String> = asked.options.texts("y")?.unwrap_or_else(all);
    let y = y.iter().map(read).collect::<Answer<Vec<_>>>()?;
    Plot::columns(asked.kind(PlotKind::Line), x.as_ref().map(read).transpose()?, y).map_err(fault)
}

/// Numbers, or pairs of x and y. The options `x` and `y` name the axes.
fn of_array(items: &Array, asked: &Asked) -> Answer<Plot> {
    let (x_name, y_name) = names(asked)?;
    if !items.first().is_some_and(Dynamic::is_array) {
        let values = column(&y_name, &Dynamic::from(items.clone()))?;
        let mut plot = Plot::columns(asked.kind(PlotKind::Line), None, vec![values]).map_err(fault)?;
        asked.options.text("x")?.into_iter().for_each(|name| plot.x_label = name);
        return Ok(plot);
    }
    let (mut x, mut y) = (Array::new(), Array::new());
    for (place, item) in items.iter().enumerate() {
        match item.read_lock::<Array>().as_deref().map(Vec::as_slice) {
            Some([one, other]) => {
                x.push(one.clone());
                y.push(other.clone());
            }
            _ => {
                let message = format!("plot takes an array of numbers or of [x, y]; item {place} is neither");
                return Err(Fault::error("TypeError", message));
            }
        }
    }
    let (x, y) = (column(&x_name, &Dynamic::from(x))?, column(&y_name, &Dynamic::from(y))?);
    Plot::columns(asked.kind(PlotKind::Line), Some(x), vec![y]).map_err(fault)
}

fn of_tensor(tensor: &Tensor, asked: &Asked) -> Answer<Plot> {
    if tensor.elem_count() > VALUES {
        let (count, shape) = (tensor.elem_count(), tensor.dims());
        let message = format!("plot takes {VALUES} values at most; a tensor of shape {shape:?} has {count}");
        return Err(Fault::error("LimitError", message));
    }
    let values = tensor.flatten_all().and_then(|flat| flat.to_dtype(DType::F64)?.to_vec1::<f64>()).map_err(fault)?;
    let usual = if tensor.rank() == 2 { PlotKind::Heatmap } else { PlotKind::Line };
    let (x_name, y_name) = names(asked)?;
    match (asked.kind(usual), tensor.dims()) {
        (PlotKind::Image, shape) => images(shape, &values, asked),
        (PlotKind::Heatmap, [rows, columns]) => heatmap(*rows, *columns, values, asked),
        (kind @ PlotKind::Histogram, _) | (kind, [_]) => {
            let mut plot = Plot::columns(kind, None, vec![Column::numbers(y_name, values)]).map_err(fault)?;
            asked.options.text("x")?.into_iter().for_each(|name| plot.x_label = name);
            Ok(plot)
        }
        (kind, [_, columns]) => {
            let column = |at: usize| {
                Column::numbers(at.to_string(), values.iter().copied().skip(at).step_by(*columns).collect())
            };
            let plot = Plot::columns(kind, None, (0..*columns).map(column).collect()).map_err(fault)?;
            Ok(if asked.options.value("x").is_some() || asked.options.value("y").is_some() {
                plot.labelled(x_name, y_name)
            } else {
                plot
            })
        }
        (kind, shape) => {
            let message = format!(
                "plot draws tensors of 1 or 2 dimensions as {}, and of 2 to 4 as image; found {shape:?}",
                kind.name()
            );
            Err(Fault::error("ShapeError", message))
        }
    }
}

fn heatmap(rows: usize, columns: usize, values: Vec<f64>, asked: &Asked) -> Answer<Plot> {
    let names = |count: usize| match asked.options.value("labels") {
        None => Ok((0..count).map(|place| place.to_string()).collect()),
        Some(labels) => named(labels, count),
    };
    let (rows, columns) = (names(rows)?, names(columns)?);
    let text = |name| Ok::<_, Box<EvalAltResult>>(asked.options.text(name)?.unwrap_or_default());
    Ok(Plot::heatmap(Grid { rows, columns, values }).map_err(fault)?.labelled(text("x")?, text("y")?))
}

/// As many names as there are rows and columns; numbers are written out.
fn named(labels: &Dynamic, count: usize) -> Answer<Vec<String>> {
    let Some(items) = labels.read_lock::<Array>() else {
        let found = labels.type_name();
        return Err(Fault::error(
            "TypeError",
            format!("option `labels` of plot takes an array of strings; found {found}"),
        ));
    };
    if items.len() != count {
        let found = items.len();
        return Err(Fault::error("ShapeError", format!("option `labels` of plot takes {count} names; found {found}")));
    }
    let name = |item: &Dynamic| match item.as_int() {
        Ok(number) => Ok(number.to_string()),
        Err(_) => text("option `labels` of plot", item),
    };
    items.iter().map(name).collect()
}

/// Images `[h, w]`, `[n, h, w]`, and of three colours `[3, h, w]`, `[h, w, 3]`, `[n, h, w, 3]`, `[n, 3, h, w]`.
fn images(shape: &[usize], values: &[f64], asked: &Asked) -> Answer<Plot> {
    let (count, height, width, channels, first) = match *shape {
        [h, w] => (1, h, w, 1, false),
        [3, h, w] => (1, h, w, 3, true),
        [h, w, 3] => (1, h, w, 3, false),
        [n, h, w] => (n, h, w, 1, false),
        [n, h, w, channels @ (1 | 3)] => (n, h, w, channels, false),
        [n, channels @ (1 | 3), h, w] => (n, h, w, channels, true),
        _ => {
            let message = format!(
                "an image is [h, w], [3, h, w] or [h, w, 3], and several are [n, h, w], [n, h, w, 3] or [n, 3, h, w]; found {shape:?}"
            );
            return Err(Fault::error("ShapeError", message));
        }
    };
    let captions = asked.options.value("labels").map(|labels| named(labels, count)).transpose()?;
    let image = |at: usize| {
        let size = height * width * channels;
        let part = &values[at * size..(at + 1) * size];
        let pixels = if first && channels > 1 { pixel_by_pixel(part, channels) } else { part.to_vec() };
        let image = Image::of_values(width, height, channels, &pixels)?;
        Ok(captions.as_ref().map_or(image.clone(), |captions| image.caption(&captions[at])))
    };
    let images = (0..count).map(image).collect::<candlewick_display::Result<Vec<_>>>();
    images.and_then(Plot::images).map_err(fault)
}

/// Values colour after colour, brought to pixel after pixel.
fn pixel_by_pixel(values: &[f64], channels: usize) -> Vec<f64> {
    let pixels = values.len() / channels;
    (0..values.len()).map(|at| values[at % channels * pixels + at / channels]).collect()
}

/// What the axes of an array or tensor are called.
fn names(asked: &Asked) -> Answer<(String, String)> {
    let name = |option, otherwise: &str| {
        Ok::<_, Box<EvalAltResult>>(asked.options.text(option)?.unwrap_or(otherwise.to_owned()))
    };
    Ok((name("x", "x")?, name("y", "value")?))
}

/// A column of numbers (`()` is none), or of strings, as the first value is.
fn column(name: &str, values: &Dynamic) -> Answer<Column> {
    if let Some(tensor) = values.read_lock::<Tensor>() {
        let numbers = tensor.to_dtype(DType::F64).and_then(|tensor| tensor.to_vec1()).map_err(fault)?;
        return Ok(Column::numbers(name, numbers));
    }
    let Some(items) = values.read_lock::<Array>() else {
        let message = format!("column \"{name}\" of a plot takes an array; found {}", values.type_name());
        return Err(Fault::error("TypeError", message));
    };
    if items.first().is_some_and(Dynamic::is_string) {
        let word = |item: &Dynamic| item.read_lock::<ImmutableString>().map(|text| text.to_string());
        return Ok(Column::words(name, items.iter().map(|item| word(item).unwrap_or_default()).collect()));
    }
    let number = |(place, item): (usize, &Dynamic)| {
        let number = item.as_float().ok().or_else(|| item.as_int().ok().map(|whole| whole as f64));
        let missing = item.is_unit().then_some(f64::NAN);
        number.or(missing).ok_or_else(|| {
            let found = item.type_name();
            Fault::error("TypeError", format!("plot takes numbers; \"{name}\" holds {found} at place {place}"))
        })
    };
    let numbers = items.iter().enumerate().map(number).collect::<Answer<Vec<f64>>>()?;
    Ok(Column::numbers(name, numbers))
}
