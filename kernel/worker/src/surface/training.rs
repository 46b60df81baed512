//! Training: `fit`, `train`, `evaluate` and everything a run can be asked.
//!
//! Must not know how a run is driven or drawn: that is [`crate::runs`]. Read [`BUILTINS`] first.

use super::arguments::{self, Answer, count_from, fault, texts};
use super::{Builtin, Kind, closures};
use crate::problem::Fault;
use crate::runs::{RunHandle, Until};
use crate::session::Session;
use crate::show::Shows;
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{Loss, Net, OptimizerSpec, Schedule};
use candlewick_engine::run::{OptionValue, Options, Run, Unit, evaluate};
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};

const RUN: &str = "run";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "fit",
        "fit(net, data) or fit(net, data, options) -> run",
        "a paused run that trains the net in place; `%help fit` lists the options",
        "let run = fit(net, data, #{ epochs: 10, validation: 0.2, seed: 42 });",
        |engine, session| {
            let (plain, full) = (session.clone(), session.clone());
            engine.register_fn("fit", move |net: Net, data: Dataset| fit(&plain, &net, &data, &Map::new()));
            engine.register_fn("fit", move |call: NativeCallContext, net: Net, data: Dataset, options: Map| {
                fit(&full, &net, &data, &with_loss(&full, &call, options)?)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "train",
        "train(net, data) or train(net, data, options) -> run",
        "fit, then to the end under a live chart",
        "let run = train(net, data, #{ epochs: 10 });",
        |engine, session| {
            let (plain, full) = (session.clone(), session.clone());
            engine.register_fn("train", move |net: Net, data: Dataset| fit(&plain, &net, &data, &Map::new())?.resume());
            engine.register_fn("train", move |call: NativeCallContext, net: Net, data: Dataset, options: Map| {
                fit(&full, &net, &data, &with_loss(&full, &call, options)?)?.resume()
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "evaluate",
        "evaluate(net, data) or evaluate(net, data, options) -> map",
        "mean loss and metrics on a dataset, without training; options loss, metrics",
        "evaluate(net, data, #{ metrics: [\"accuracy\"] })",
        |engine, session| {
            let session = session.clone();
            engine.register_fn("evaluate", |net: Net, data: Dataset| measured(&net, &data, &Map::new()));
            engine.register_fn("evaluate", move |call: NativeCallContext, net: Net, data: Dataset, options: Map| {
                measured(&net, &data, &with_loss(&session, &call, options)?)
            });
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "step",
        "step() or step(n) or step(n, \"hook\"|\"batch\"|\"epoch\") -> run",
        "goes on by so many hooks, batches or epochs",
        "run.step(3, \"batch\")",
        |engine, _| {
            engine.register_fn("step", |run: &mut RunHandle| run.step(1, Unit::Hook));
            engine.register_fn("step", |run: &mut RunHandle, n: Dynamic| {
                run.step(count_from("step", &n, 1)?, Unit::Hook)
            });
            engine.register_fn("step", |run: &mut RunHandle, n: Dynamic, unit: &str| {
                run.step(count_from("step", &n, 1)?, Unit::from_name(unit).map_err(fault)?)
            });
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "batch",
        "batch() -> run",
        "goes on to the end of the next training batch",
        "run.batch()",
        |engine, _| {
            engine.register_fn("batch", |run: &mut RunHandle| run.step(1, Unit::Batch));
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "epoch",
        "epoch() -> run",
        "goes on to the end of the epoch",
        "run.epoch()",
        |engine, _| {
            engine.register_fn("epoch", |run: &mut RunHandle| run.step(1, Unit::Epoch));
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "run_until",
        "run_until(hook) or run_until(condition) -> run",
        "goes on to a hook, or until a condition on ctx holds: a text such as \"ctx.loss < 0.1\", or a closure",
        "run.run_until(|ctx| ctx.loss < 0.1)",
        |engine, _| {
            engine.register_fn("run_until", |context: NativeCallContext, run: &mut RunHandle, text: &str| {
                run.run_until(Until::text(context.engine(), text)?, &context)
            });
            engine.register_fn("run_until", |context: NativeCallContext, run: &mut RunHandle, condition: FnPtr| {
                run.run_until(Until::Closure(condition), &context)
            });
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "resume",
        "resume() -> run",
        "goes on to the end, under a live chart",
        "run.resume()",
        |engine, _| {
            engine.register_fn("resume", |run: &mut RunHandle| run.resume());
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "stop",
        "stop(reason) -> run",
        "ends the run: what was started is closed with outcome stopped",
        "run.stop(\"seen enough\")",
        |engine, _| {
            engine.register_fn("stop", |run: &mut RunHandle| run.stop("stopped by the user"));
            engine.register_fn("stop", |run: &mut RunHandle, reason: &str| run.stop(reason));
        },
    ),
    Builtin::new(Kind::Method(RUN), "chart", "chart() -> chart", "the curves so far", "run.chart()", |engine, _| {
        engine.register_fn("chart", |run: &mut RunHandle| run.chart());
    }),
    Builtin::new(
        Kind::Property(RUN),
        "context",
        "context -> context",
        "the facts of where the run stands; run.context.loss is one of them",
        "run.context",
        |engine, _| {
            engine.register_get("context", |run: &mut RunHandle| run.context());
        },
    ),
    Builtin::new(
        Kind::Property(RUN),
        "history",
        "history -> frame",
        "a row for every epoch",
        "run.history",
        |engine, _| {
            engine.register_get("history", |run: &mut RunHandle| run.table("epochs"));
        },
    ),
    Builtin::new(
        Kind::Property(RUN),
        "batches",
        "batches -> frame",
        "a row for every training batch",
        "run.batches.tail(5)",
        |engine, _| {
            engine.register_get("batches", |run: &mut RunHandle| run.table("batches"));
        },
    ),
    Builtin::new(
        Kind::Method(RUN),
        "table",
        "table(plugin, name) -> frame",
        "a table that a plugin keeps about this run, such as the profiler's phases, hooks and intervals",
        "run.table(\"profiler\", \"phases\")",
        |engine, _| {
            engine.register_fn("table", |run: &mut RunHandle, plugin: &str, name: &str| run.table_of(plugin, name));
        },
    ),
    Builtin::new(
        Kind::Property(RUN),
        "outcome",
        "outcome -> string",
        "\"done\", \"stopped\" or \"failed\" once the run has ended, else \"unfinished\"",
        "run.outcome",
        |engine, _| {
            engine.register_get("outcome", |run: &mut RunHandle| {
                run.look(|run| run.outcome().map_or("unfinished", |outcome| outcome.name()).to_owned())
            });
        },
    ),
    Builtin::new(Kind::Property(RUN), "net", "net -> net", "the net under training", "run.net", |engine, _| {
        engine.register_get("net", |run: &mut RunHandle| run.look(|run| run.net().clone()));
    }),
    Builtin::new(
        Kind::Property(RUN),
        "training_data",
        "training_data -> dataset",
        "the data trained on",
        "run.training_data",
        |engine, _| {
            engine.register_get("training_data", |run: &mut RunHandle| run.look(|run| run.training_data().clone()));
        },
    ),
    Builtin::new(
        Kind::Property(RUN),
        "validation_data",
        "validation_data -> dataset",
        "the data validated on",
        "run.validation_data",
        |engine, _| {
            engine.register_get("validation_data", |run: &mut RunHandle| -> Answer<Dataset> {
                run.look(|run| run.validation_data().cloned())?.ok_or_else(|| {
                    let how = "pass #{ validation: 0.2 } or a dataset as validation to fit";
                    Fault::error("MissingFact", format!("this run has no validation data; {how}"))
                })
            });
        },
    ),
    Builtin::new(
        Kind::Property(RUN),
        "newest_checkpoint",
        "newest_checkpoint -> string",
        "the directory of the newest checkpoint; fit(…, #{ resume: … }) goes on from it; () before the first",
        "run.newest_checkpoint",
        |engine, _| {
            engine.register_get("newest_checkpoint", |run: &mut RunHandle| -> Answer {
                let path = run.look(|run| run.newest_checkpoint().map(|path| path.display().to_string()))?;
                Ok(path.map_or(Dynamic::UNIT, Dynamic::from))
            });
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    crate::runs::types(engine, RUN);
}

/// Makes runs show.
pub fn shows(shows: &mut Shows) {
    crate::runs::shows(shows);
}

fn fit(session: &Session, net: &Net, data: &Dataset, given: &Map) -> Answer<RunHandle> {
    let mut options = Options { checkpoint_every: 1, ..Options::default() };
    let given = &session.configuration.borrow().over_training(given);
    // The optimizer first, so that a learning rate beside it holds.
    let (first, rest): (Vec<_>, Vec<_>) = given.iter().partition(|(name, _)| name.starts_with("optimi"));
    for (name, value) in first.into_iter().chain(rest) {
        options.set(name, option_value(value)).map_err(fault)?;
    }
    check_reach(session, &options)?;
    if !given.contains_key("checkpoints") && !given.contains_key("checkpoint") {
        options.checkpoints = Some(session.next_checkpoint_folder());
    }
    Ok(RunHandle::new(session, Run::new(net.clone(), data.clone(), options).map_err(fault)?))
}

/// The options with a function given as loss made into one.
fn with_loss(session: &Session, call: &NativeCallContext, mut options: Map) -> Answer<Map> {
    if let Some(function) = options.get("loss").and_then(|loss| loss.read_lock::<FnPtr>().map(|found| found.clone())) {
        options.insert("loss".into(), Dynamic::from(closures::loss(session, call, &function)?));
    }
    Ok(options)
}

/// A plugin that makes a run names its own directories only where it may.
fn check_reach(session: &Session, options: &Options) -> Answer<()> {
    let log_folder = Some(&options.log_folder).filter(|folder| !folder.is_empty()).map(std::path::Path::new);
    let written = options.checkpoints.as_deref().into_iter().chain(log_folder);
    written.into_iter().try_for_each(|folder| session.calls.may_write(folder))?;
    options.resume.iter().try_for_each(|path| session.calls.may_read(path))
}

fn option_value(value: &Dynamic) -> OptionValue {
    if let Ok(whole) = value.as_int() {
        return OptionValue::Integer(whole);
    }
    if let Ok(number) = value.as_float() {
        return OptionValue::Float(number);
    }
    if let Ok(flag) = value.as_bool() {
        return OptionValue::Bool(flag);
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return OptionValue::Text(text.to_string());
    }
    if value.is::<Array>() {
        return match texts("option", value) {
            Ok(texts) => OptionValue::Texts(texts),
            Err(_) => OptionValue::Other("an array".to_owned()),
        };
    }
    let value = match value.clone().try_cast_result::<Dataset>() {
        Ok(data) => return OptionValue::Dataset(data),
        Err(value) => value,
    };
    let value = match value.try_cast_result::<OptimizerSpec>() {
        Ok(spec) => return OptionValue::Optimizer(spec),
        Err(value) => value,
    };
    let value = match value.try_cast_result::<Loss>() {
        Ok(loss) => return OptionValue::Loss(loss),
        Err(value) => value,
    };
    match value.try_cast_result::<Schedule>() {
        Ok(schedule) => OptionValue::Schedule(schedule),
        Err(value) => OptionValue::Other(format!("a value of type {}", value.type_name())),
    }
}

fn measured(net: &Net, data: &Dataset, options: &Map) -> Answer<Map> {
    arguments::Options::new("evaluate", "option of evaluate", options, &["loss", "metrics"])?;
    let loss = match options.get("loss").map(option_value) {
        Some(OptionValue::Text(name)) => Loss::from_name(&name).map_err(fault)?,
        Some(OptionValue::Loss(loss)) => loss,
        Some(other) => {
            let message = format!("evaluate takes loss as a name or a loss of your own; found {other}");
            return Err(Fault::error("TypeError", message));
        }
        None if data.targets().dtype() == candle_core::DType::U32 => Loss::CrossEntropy,
        None => Loss::Mse,
    };
    let metrics = match options.get("metrics").map(option_value) {
        Some(OptionValue::Texts(names)) => names,
        Some(OptionValue::Text(name)) => vec![name],
        Some(other) => {
            return Err(Fault::error(
                "TypeError",
                format!("evaluate takes metrics as an array of names; found {other}"),
            ));
        }
        None => Vec::new(),
    };
    let device = net.device().unwrap_or(candle_core::Device::Cpu);
    net.draw(candlewick_engine::Seed(0), &device).map_err(fault)?;
    let data = data.to_device(&device).map_err(fault)?;
    let measured = evaluate(net, &data, loss, &metrics).map_err(fault)?;
    let mut answer: Map = measured.metrics.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    answer.insert("loss".into(), measured.loss.into());
    answer.insert("examples".into(), (measured.examples as i64).into());
    Ok(answer)
}
