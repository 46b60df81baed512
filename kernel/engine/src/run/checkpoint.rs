//! A run on disk: tensors in safetensors, everything else in JSON, written atomically and checked when read.
//!
//! A checkpoint is a directory `step-NNNNNNNN` with `tensors.safetensors` and `run.json`; the JSON holds the SHA-256 of
//! the tensors' file. Only the newest two are kept, so that there is one to go back to when the newest is damaged.

use super::lifecycle::Run;
use super::options::Options;
use super::plan::Plan;
use crate::data::Dataset;
use crate::nn::Net;
use crate::{EngineError, Result};
use candle_core::Tensor;
use candlewick_plugin_api::HookSink;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

const TENSORS: &str = "tensors.safetensors";
const RECORD: &str = "run.json";
const FORMAT: u32 = 1;
/// How many checkpoints of a run stay on disk.
const KEPT: usize = 2;

/// Everything that a run needs to go on with the same bits.
pub(super) struct Checkpoint {
    record: Record,
    tensors: BTreeMap<String, Tensor>,
}

/// What stands in `run.json`.
#[derive(Serialize, Deserialize)]
struct Record {
    format: u32,
    plan: Plan,
    layers: Value,
    seed: u64,
    examples: usize,
    batch_size: usize,
    optimizer: Value,
    optimizer_steps: u64,
    accumulated: usize,
    rate_factor: f64,
    #[serde(default)]
    rate_set: Option<f64>,
    working: Settings,
    totals: Totals,
    metrics: Vec<Vec<Value>>,
    seconds: f64,
    plugins: Map<String, Value>,
    hyperparameters: BTreeMap<String, Value>,
    #[serde(default)]
    tensors_sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Settings {
    /// From the next epoch on; `Record::batch_size` is the running epoch's.
    #[serde(default)]
    batch_size: Option<usize>,
    #[serde(default)]
    learning_rate: Option<f64>,
    accumulate: usize,
    clip_norm: Option<f64>,
    loss_scale: f64,
    extra: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct Totals {
    loss: Option<f64>,
    training_loss_total: f64,
    training_batch_count: usize,
    validation_loss_total: f64,
    validation_batch_count: usize,
    training_metrics: BTreeMap<String, f64>,
    validation_metrics: BTreeMap<String, f64>,
    gradient_norm: Option<f64>,
}

impl Checkpoint {
    /// What the run is now.
    pub fn of(run: &Run, hooks: &dyn HookSink) -> Result<Self> {
        let optimizer = run.optimizer.borrow();
        let mut tensors = BTreeMap::new();
        let mut put = |kind: &str, name: &str, tensor: &Tensor| {
            tensors.insert(format!("{kind}/{name}"), tensor.clone());
        };
        run.parameters.iter().for_each(|(name, var)| put("model", name, var));
        run.net.buffers().iter().for_each(|(name, var)| put("buffer", name, var));
        optimizer.state()?.iter().for_each(|(name, tensor)| put("optimizer", name, tensor));
        run.accumulated.0.iter().for_each(|(name, tensor)| put("accumulated", name, tensor));
        let facts = run.context();
        let working = &run.ctx.working;
        let record = Record {
            format: FORMAT,
            plan: run.plan.clone(),
            layers: json(run.net.layers())?,
            seed: run.seed.0,
            examples: run.training.len(),
            batch_size: run.options.batch_size,
            optimizer: json(&run.options.optimizer)?,
            optimizer_steps: optimizer.steps(),
            accumulated: run.accumulated.1,
            rate_factor: run.rate_factor,
            rate_set: run.rate_set,
            working: Settings {
                batch_size: Some(working.batch_size),
                learning_rate: Some(working.learning_rate),
                accumulate: working.accumulate,
                clip_norm: working.clip_norm,
                loss_scale: working.loss_scale,
                extra: working.extra.clone(),
            },
            totals: Totals {
                loss: facts.loss,
                training_loss_total: facts.training_loss_total,
                training_batch_count: facts.training_batch_count,
                validation_loss_total: facts.validation_loss_total,
                validation_batch_count: facts.validation_batch_count,
                training_metrics: facts.training_metrics.clone(),
                validation_metrics: facts.validation_metrics.clone(),
                gradient_norm: facts.gradient_norm,
            },
            metrics: [&run.training_metrics, &run.validation_metrics]
                .map(|metrics| metrics.iter().map(|metric| metric.state()).collect())
                .into(),
            seconds: facts.seconds,
            plugins: run.plugin_states(hooks),
            hyperparameters: run.options.hyperparameters(),
            tensors_sha256: String::new(),
        };
        Ok(Self { record, tensors })
    }

    /// Writes into `folder/step-NNNNNNNN`: first beside it under another name, then moved into place whole.
    pub fn write(mut self, folder: &Path) -> Result<PathBuf> {
        let name = format!("step-{:08}", self.record.plan.global_step);
        let target = folder.join(&name);
        let aside = folder.join(format!(".{name}.{}", std::process::id()));
        let failed = |source| EngineError::file(&target, source);
        std::fs::create_dir_all(&aside).map_err(failed)?;
        let bytes = safetensors::serialize(&self.tensors, None).map_err(|error| format_error(&target, error))?;
        self.record.tensors_sha256 = hex(&Sha256::digest(&bytes));
        let record = serde_json::to_vec_pretty(&self.record).map_err(|error| format_error(&target, error))?;
        std::fs::write(aside.join(TENSORS), bytes).map_err(failed)?;
        std::fs::write(aside.join(RECORD), record).map_err(failed)?;
        if target.exists() {
            std::fs::remove_dir_all(&target).map_err(failed)?;
        }
        std::fs::rename(&aside, &target).map_err(failed)?;
        forget_old(folder, &target);
        Ok(target)
    }

    /// The checkpoint that a path means: a directory of checkpoints stands for its newest.
    pub fn find(path: &Path) -> Result<PathBuf> {
        if path.join(RECORD).is_file() { Ok(path.to_owned()) } else { newest(path) }
    }

    /// Reads and checks a checkpoint; a directory of checkpoints stands for its newest.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &Self::find(path)?;
        let read =
            |file: &str| std::fs::read(path.join(file)).map_err(|source| EngineError::file(path.join(file), source));
        let record: Record =
            serde_json::from_slice(&read(RECORD)?).map_err(|error| format_error(&path.join(RECORD), error))?;
        if record.format != FORMAT {
            let message =
                format!("is a checkpoint of format {}, but this version reads format {FORMAT}", record.format);
            return Err(format_error(path, message));
        }
        let bytes = read(TENSORS)?;
        if hex(&Sha256::digest(&bytes)) != record.tensors_sha256 {
            let others = list(path.parent().unwrap_or(path));
            let other = others.iter().rev().find(|other| *other != path);
            let offer = other.map_or(String::new(), |other| format!("; an earlier one is {}", other.display()));
            return Err(format_error(path, format!("was altered or cut off: its checksum does not match{offer}")));
        }
        let tensors: HashMap<String, Tensor> =
            candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu)?;
        Ok(Self { record, tensors: tensors.into_iter().collect() })
    }

    /// Refuses to go on with another net, other data or another seed than the checkpoint's.
    pub fn check(&self, net: &Net, data: &Dataset, options: &Options) -> Result<()> {
        let differs = |what: &str, saved: String, given: String| {
            let message = format!("the checkpoint was written with {what} {saved}, but this run has {given}");
            Err(EngineError::Value(message))
        };
        let record = &self.record;
        if record.layers != json(net.layers())? {
            return differs("the layers", record.layers.to_string(), json(net.layers())?.to_string());
        }
        if record.examples != data.len() {
            return differs("training examples:", record.examples.to_string(), data.len().to_string());
        }
        if record.seed != options.seed {
            return differs("seed", record.seed.to_string(), options.seed.to_string());
        }
        let optimizer = json(&options.optimizer)?;
        if record.optimizer != optimizer {
            return differs("the optimizer", record.optimizer.to_string(), optimizer.to_string());
        }
        // A name stands for a loss of the user's own, which has to be given again.
        let loss = options.loss.name();
        if let Some(saved) = record.hyperparameters.get("loss").and_then(Value::as_str).filter(|saved| *saved != loss) {
            return differs("the loss", saved.to_owned(), loss.to_owned());
        }
        Ok(())
    }

    /// Puts everything into the run and hands back the plugins' states.
    pub fn install(self, run: &mut Run) -> Result<Map<String, Value>> {
        let Record { plan, working, totals, metrics, plugins, .. } = self.record;
        let device = run.training.device().clone();
        let kind = |kind: &str| -> Result<BTreeMap<String, Tensor>> {
            let named = self.tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(kind)?, tensor)));
            named.map(|(name, tensor)| Ok((name.to_owned(), tensor.to_device(&device)?))).collect()
        };
        for (values, vars) in [(kind("model/")?, &run.parameters), (kind("buffer/")?, &run.net.buffers())] {
            for (name, var) in vars {
                let missing = || EngineError::Value(format!("the checkpoint holds no parameter {name}"));
                let value = values.get(name).ok_or_else(missing)?;
                if value.dims() != var.dims() {
                    return Err(EngineError::Value(format!(
                        "the checkpoint holds {name} of shape {:?}, but this net has {:?}",
                        value.dims(),
                        var.dims()
                    )));
                }
                var.set(value)?;
            }
        }
        run.optimizer.borrow_mut().restore(self.record.optimizer_steps, &kind("optimizer/")?)?;
        run.accumulated = (kind("accumulated/")?, self.record.accumulated);
        (run.rate_factor, run.rate_set) = (self.record.rate_factor, self.record.rate_set);
        run.options.batch_size = self.record.batch_size;
        run.plan = plan.resumed(run.options.epochs);
        run.order_epoch();
        run.set_trained_seconds(self.record.seconds);
        let place = &mut run.ctx.working;
        place.batch_size = working.batch_size.unwrap_or(self.record.batch_size);
        place.learning_rate = working.learning_rate.unwrap_or(place.learning_rate);
        (place.accumulate, place.clip_norm) = (working.accumulate, working.clip_norm);
        (place.loss_scale, place.extra) = (working.loss_scale, working.extra);
        let facts = run.ctx.driver().facts;
        facts.loss = totals.loss;
        facts.gradient_norm = totals.gradient_norm;
        (facts.training_loss_total, facts.training_batch_count) =
            (totals.training_loss_total, totals.training_batch_count);
        facts.validation_loss_total = totals.validation_loss_total;
        facts.validation_batch_count = totals.validation_batch_count;
        (facts.training_metrics, facts.validation_metrics) = (totals.training_metrics, totals.validation_metrics);
        for (saved, own) in metrics.iter().zip([&mut run.training_metrics, &mut run.validation_metrics]) {
            for (state, metric) in saved.iter().zip(own) {
                metric.restore(state)?;
            }
        }
        Ok(plugins)
    }
}

/// Keeps what was just written and the newest of the others: by their time, because the folder may hold checkpoints of an
/// earlier run whose steps were further.
fn forget_old(folder: &Path, written: &Path) {
    let time = |path: &PathBuf| path.join(RECORD).metadata().and_then(|found| found.modified()).ok();
    let mut others: Vec<PathBuf> = list(folder).into_iter().filter(|path| path != written).collect();
    // Equal times keep the order of the steps.
    others.sort_by_key(time);
    for old in others.iter().take(others.len().saturating_sub(KEPT - 1)) {
        // A checkpoint that cannot be removed costs space, nothing else.
        drop(std::fs::remove_dir_all(old));
    }
}

fn newest(folder: &Path) -> Result<PathBuf> {
    let none = || std::io::Error::new(std::io::ErrorKind::NotFound, "there is no checkpoint here");
    list(folder).pop().ok_or_else(|| EngineError::file(folder, none()))
}

/// The checkpoints of a folder, oldest first: step numbers are padded, so name order is step order. Directories with
/// other names are the user's own, such as a checkpoint put aside, and are never removed.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_step = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-"));
    let is_checkpoint = |path: &PathBuf| is_step(path) && path.join(RECORD).is_file();
    let mut found: Vec<PathBuf> = entries.filter(is_checkpoint).collect();
    found.sort();
    found
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| EngineError::Value(error.to_string()))
}

fn format_error(path: &Path, message: impl std::fmt::Display) -> EngineError {
    EngineError::Format { path: path.display().to_string(), message: message.to_string() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_just_written_stays_whatever_an_earlier_run_has_left() {
        let folder = tempfile::tempdir().unwrap();
        let write = |step: usize, age: u64| {
            let path = folder.path().join(format!("step-{step:08}"));
            std::fs::create_dir(&path).unwrap();
            let record = std::fs::File::create(path.join(RECORD)).unwrap();
            record.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
            path
        };
        let (old, older) = (write(138, 60), write(115, 90));
        let first = write(23, 1);
        forget_old(folder.path(), &first);
        assert_eq!(list(folder.path()), [first.clone(), old]);
        let second = write(46, 0);
        forget_old(folder.path(), &second);
        assert_eq!(list(folder.path()), [first, second]);
        assert!(!older.exists());
    }
}
