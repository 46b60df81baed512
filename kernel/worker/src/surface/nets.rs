//! Layers and nets: making them, what they hold, predicting, saving.
//!
//! Must not know runs. Read [`BUILTINS`] first.

use super::arguments::{Answer, count, count_from, fault, number, shape};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::script::{from_json, to_json};
use crate::show::{Show, Shows};
use candle_core::{Device, Tensor};
use candlewick_display as display;
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{LayerSpec, Net};
use candlewick_engine::{Seed, device};
use candlewick_plugin_api::nearest;
use rhai::{Array, Dynamic, Engine, Map};

const LAYER: &str = "layer";
const NET: &str = "net";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "linear",
        "linear(inputs, outputs) or linear(inputs, outputs, options) -> layer",
        "x·Wᵀ + b over the last dimension; option bias",
        "linear(64, 128)",
        |engine, _| {
            engine.register_fn("linear", |i: Dynamic, o: Dynamic| linear(&i, &o, &Map::new()));
            engine.register_fn("linear", |i: Dynamic, o: Dynamic, options: Map| linear(&i, &o, &options));
        },
    ),
    Builtin::new(
        Kind::Function,
        "conv2d",
        "conv2d(inputs, outputs, kernel) or conv2d(inputs, outputs, kernel, options) -> layer",
        "convolution of images [batch, channels, height, width]; options stride, padding, bias",
        "conv2d(1, 16, 3, #{ padding: 1 })",
        |engine, _| {
            engine.register_fn("conv2d", |i: Dynamic, o: Dynamic, k: Dynamic| conv2d(&i, &o, &k, &Map::new()));
            engine
                .register_fn("conv2d", |i: Dynamic, o: Dynamic, k: Dynamic, options: Map| conv2d(&i, &o, &k, &options));
        },
    ),
    Builtin::new(
        Kind::Function,
        "max_pool2d",
        "max_pool2d(kernel) or max_pool2d(kernel, stride) -> layer",
        "the largest number of each square window of an image",
        "max_pool2d(2)",
        |engine, _| {
            engine.register_fn("max_pool2d", |kernel: Dynamic| pool(&kernel, None));
            engine.register_fn("max_pool2d", |kernel: Dynamic, stride: Dynamic| pool(&kernel, Some(&stride)));
        },
    ),
    Builtin::new(
        Kind::Function,
        "embedding",
        "embedding(vocabulary, width) -> layer",
        "rows of a table, by whole numbers",
        "embedding(65, 128)",
        |engine, _| {
            engine.register_fn("embedding", |vocabulary: Dynamic, width: Dynamic| {
                made(LayerSpec::embedding(
                    count_from("embedding", &vocabulary, 1)?,
                    count_from("embedding", &width, 1)?,
                ))
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "layer_norm",
        "layer_norm(size) or layer_norm(size, options) -> layer",
        "normalises over the last dimension; option eps",
        "layer_norm(128)",
        |engine, _| {
            let norm = |size: &Dynamic, options: &Map| {
                with_options(made(LayerSpec::layer_norm(count_from("layer_norm", size, 1)?))?, options)
            };
            engine.register_fn("layer_norm", move |size: Dynamic| norm(&size, &Map::new()));
            engine.register_fn("layer_norm", move |size: Dynamic, options: Map| norm(&size, &options));
        },
    ),
    Builtin::new(
        Kind::Function,
        "batch_norm",
        "batch_norm(channels) or batch_norm(channels, options) -> layer",
        "normalises each channel over the batch; options eps, momentum",
        "batch_norm(16)",
        |engine, _| {
            let norm = |size: &Dynamic, options: &Map| {
                with_options(made(LayerSpec::batch_norm(count_from("batch_norm", size, 1)?))?, options)
            };
            engine.register_fn("batch_norm", move |size: Dynamic| norm(&size, &Map::new()));
            engine.register_fn("batch_norm", move |size: Dynamic, options: Map| norm(&size, &options));
        },
    ),
    Builtin::new(
        Kind::Function,
        "dropout",
        "dropout(rate) -> layer",
        "in training, zeroes numbers at random and scales the others up",
        "dropout(0.1)",
        |engine, _| {
            engine.register_fn("dropout", |rate: Dynamic| made(LayerSpec::dropout(number("dropout", &rate)?)));
        },
    ),
    Builtin::new(
        Kind::Function,
        "flatten",
        "flatten() -> layer",
        "joins all dimensions after the batch into one",
        "flatten()",
        |engine, _| {
            engine.register_fn("flatten", || LayerSpec::Flatten);
        },
    ),
    Builtin::new(Kind::Function, "relu", "relu() -> layer", "max(x, 0)", "relu()", |engine, _| {
        engine.register_fn("relu", || LayerSpec::Relu);
    }),
    Builtin::new(Kind::Function, "gelu", "gelu() -> layer", "x·Φ(x)", "gelu()", |engine, _| {
        engine.register_fn("gelu", || LayerSpec::Gelu);
    }),
    Builtin::new(Kind::Function, "silu", "silu() -> layer", "x·sigmoid(x)", "silu()", |engine, _| {
        engine.register_fn("silu", || LayerSpec::Silu);
    }),
    Builtin::new(Kind::Function, "tanh", "tanh() -> layer", "the hyperbolic tangent", "tanh()", |engine, _| {
        engine.register_fn("tanh", || LayerSpec::Tanh);
    }),
    Builtin::new(Kind::Function, "sigmoid", "sigmoid() -> layer", "1 / (1 + e⁻ˣ)", "sigmoid()", |engine, _| {
        engine.register_fn("sigmoid", || LayerSpec::Sigmoid);
    }),
    Builtin::new(
        Kind::Function,
        "softmax",
        "softmax() -> layer",
        "eˣ / Σ eˣ over the last dimension",
        "softmax()",
        |engine, _| {
            engine.register_fn("softmax", || LayerSpec::Softmax);
        },
    ),
    Builtin::new(
        Kind::Function,
        "residual",
        "residual(layers) -> layer",
        "x + layers(x); the layers give the shape they take",
        "residual([linear(8, 8), relu()])",
        |engine, _| {
            engine.register_fn("residual", |layers: Array| made(LayerSpec::residual(specs("residual", &layers)?)));
        },
    ),
    Builtin::new(
        Kind::Function,
        "sequential",
        "sequential(layers) -> net",
        "a net of layers one after the other; parameters are drawn at its first use",
        "let net = sequential([linear(64, 32), relu(), linear(32, 10)]);",
        |engine, _| {
            engine.register_fn("sequential", |layers: Array| {
                Net::sequential(specs("sequential", &layers)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "load_model",
        "load_model(path) -> net",
        "reads a net that net.save(path) wrote; its predictions are the same to the last bit",
        "let net = load_model(\"m.safetensors\");",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("load_model", move |path: &str| {
                calls.may_read(path)?;
                Net::load(path, &Device::Cpu).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "init",
        "init(net, seed)",
        "draws the net's parameters anew from a seed",
        "init(net, 7);",
        |engine, _| {
            engine.register_fn("init", |net: Net, seed: Dynamic| {
                net.redraw(Seed(count("init", &seed)? as u64), &net.device().unwrap_or(Device::Cpu)).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(NET),
        "predict",
        "predict(inputs) -> tensor",
        "the net's output for a tensor or a dataset, as in evaluation",
        "net.predict(data)",
        |engine, _| {
            engine.register_fn("predict", |net: &mut Net, inputs: Tensor| predict(net, &inputs));
            engine.register_fn("predict", |net: &mut Net, data: Dataset| predict(net, &data.inputs().map_err(fault)?));
        },
    ),
    Builtin::new(
        Kind::Method(NET),
        "save",
        "save(path)",
        "writes the net with its parameters to a safetensors file",
        "net.save(\"m.safetensors\");",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("save", move |net: &mut Net, path: &str| {
                calls.may_write(path)?;
                ready(net)?;
                net.save(path).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(NET),
        "load_parameters",
        "load_parameters(path)",
        "reads the parameters that a net with the same layers has saved; the way for nets with a module of your own",
        "net.load_parameters(\"m.safetensors\");",
        |engine, session| {
            let calls = session.calls.clone();
            engine.register_fn("load_parameters", move |net: &mut Net, path: &str| {
                calls.may_read(path)?;
                net.load_parameters(path).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(NET),
        "copy",
        "copy() -> net",
        "a net of its own with equal parameters",
        "let other = net.copy();",
        |engine, _| {
            engine.register_fn("copy", |net: &mut Net| net.copy().map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Method(NET),
        "check",
        "check(shape) -> array",
        "the shape the net gives for inputs of a shape, batch first",
        "net.check([32, 64])",
        |engine, _| {
            engine.register_fn("check", |net: &mut Net, input: Array| -> Answer<Array> {
                let output = net.check(&shape("check", &input)?).map_err(fault)?;
                Ok(output.into_iter().map(|length| Dynamic::from_int(length as i64)).collect())
            });
        },
    ),
    Builtin::new(
        Kind::Property(NET),
        "parameters",
        "parameters -> map",
        "the parameters by name, as tensors that share the net's memory",
        "net.parameters[\"0.weight\"]",
        |engine, _| {
            engine.register_get("parameters", |net: &mut Net| -> Answer<Map> {
                ready(net)?;
                let parameters = net.parameters().into_iter();
                Ok(parameters.map(|(name, var)| (name.into(), Dynamic::from(var.as_detached_tensor()))).collect())
            });
        },
    ),
    Builtin::new(
        Kind::Property(NET),
        "parameter_count",
        "parameter_count -> integer",
        "how many numbers the net trains",
        "net.parameter_count",
        |engine, _| {
            engine.register_get("parameter_count", |net: &mut Net| -> Answer<i64> {
                let rows = net.summary(None).map_err(fault)?;
                Ok(rows.iter().map(|row| row.parameters as i64).sum())
            });
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<LayerSpec>(LAYER).register_type_with_name::<Net>(NET);
    engine.register_fn("to_string", |layer: &mut LayerSpec| text(layer));
    engine.register_fn("to_debug", |layer: &mut LayerSpec| text(layer));
}

/// Makes nets and layers show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Net>();
    shows.add::<LayerSpec>();
}

impl Show for LayerSpec {
    fn bundle(&self) -> display::Bundle {
        display::Bundle::new(text(self))
    }
}

impl Show for Net {
    fn bundle(&self) -> display::Bundle {
        let Ok(rows) = self.summary(None) else { return display::Bundle::new("a net") };
        let row = |row: candlewick_engine::nn::LayerSummary| display::ModelRow {
            path: row.path,
            kind: row.kind,
            output: row.output,
            parameters: row.parameters as u64,
            bytes: row.bytes as u64,
        };
        let note = match (self.is_drawn(), self.owner()) {
            (_, Some(run)) => format!("being trained by run {run}"),
            (true, None) => String::new(),
            (false, None) => "parameters are drawn at the first use".to_owned(),
        };
        let title = self.name().to_owned();
        display::ModelSummary { title, rows: rows.into_iter().map(row).collect(), frozen: 0, note }.bundle()
    }
}

/// Draws parameters that nobody has drawn yet; `fit` and `init` do it with a seed of the user's.
fn ready(net: &Net) -> Answer<()> {
    net.draw(Seed(0), &device::parse("auto").map_err(fault)?).map_err(fault)
}

fn predict(net: &Net, inputs: &Tensor) -> Answer<Tensor> {
    ready(net)?;
    let inputs = match net.device() {
        Some(device) => inputs.to_device(&device).map_err(fault)?,
        None => inputs.clone(),
    };
    net.predict(&inputs).map_err(fault)
}

fn linear(inputs: &Dynamic, outputs: &Dynamic, options: &Map) -> Answer<LayerSpec> {
    with_options(made(LayerSpec::linear(count_from("linear", inputs, 1)?, count_from("linear", outputs, 1)?))?, options)
}

fn conv2d(inputs: &Dynamic, outputs: &Dynamic, kernel: &Dynamic, options: &Map) -> Answer<LayerSpec> {
    let size = |value| count_from("conv2d", value, 1);
    with_options(made(LayerSpec::conv2d(size(inputs)?, size(outputs)?, size(kernel)?))?, options)
}

fn pool(kernel: &Dynamic, stride: Option<&Dynamic>) -> Answer<LayerSpec> {
    let layer = made(LayerSpec::max_pool2d(count_from("max_pool2d", kernel, 1)?))?;
    let options = stride.map(|stride| ("stride".into(), stride.clone())).into_iter().collect();
    with_options(layer, &options)
}

/// The layer with some of its settings replaced: its own fields are the options there are.
fn with_options(layer: LayerSpec, options: &Map) -> Answer<LayerSpec> {
    if options.is_empty() {
        return Ok(layer);
    }
    let kind = layer.kind();
    let unreadable = |error: serde_json::Error| Fault::error("ValueError", format!("{kind}: {error}"));
    let mut fields = serde_json::to_value(&layer).map_err(unreadable)?;
    for (name, value) in options {
        let names = fields.as_object().into_iter().flat_map(|map| map.keys()).filter(|name| *name != "kind");
        let names: Vec<&str> = names.map(String::as_str).collect();
        if !names.contains(&name.as_str()) {
            let hint =
                nearest(name, names.iter().copied()).map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
            let text = format!("{kind} has no option `{name}`{hint}; it has {}", names.join(", "));
            return Err(Fault::error("NameError", text));
        }
        fields[name.as_str()] = to_json(value).map_err(|found| {
            Fault::error("TypeError", format!("option {name} of {kind} takes a number or a truth value; found {found}"))
        })?;
    }
    made(serde_json::from_value::<LayerSpec>(fields).map_err(unreadable)?.checked())
}

fn made(layer: candlewick_engine::Result<LayerSpec>) -> Answer<LayerSpec> {
    layer.map_err(fault)
}

fn specs(what: &str, layers: &Array) -> Answer<Vec<LayerSpec>> {
    let spec = |(index, layer): (usize, &Dynamic)| {
        layer.clone().try_cast::<LayerSpec>().ok_or_else(|| {
            let found = match layer.is::<Net>() {
                true => "a net: a module of your own becomes a layer by LayerSpec::own",
                false => layer.type_name(),
            };
            Fault::error("TypeError", format!("{what} takes layers such as linear(64, 10); item {index} is {found}"))
        })
    };
    layers.iter().enumerate().map(spec).collect()
}

/// As the user wrote it, settings named: `linear(inputs: 64, outputs: 10, bias: true)`.
fn text(layer: &LayerSpec) -> String {
    if let LayerSpec::Own(own) = layer {
        return format!("{}, a layer of your own", own.name());
    }
    let fields = serde_json::to_value(layer).unwrap_or_default();
    let settings = fields.as_object().into_iter().flatten().filter(|(name, _)| *name != "kind");
    let settings = settings.map(|(name, value)| match from_json(value).try_cast::<Array>() {
        Some(layers) => format!("{} layers", layers.len()),
        None => format!("{name}: {value}"),
    });
    format!("{}({})", layer.kind(), settings.collect::<Vec<_>>().join(", "))
}
