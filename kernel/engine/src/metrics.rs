//! How good predictions are, summed up batch by batch.
//!
//! Read [`Metric`]. It sees predictions and targets only, never the model. Tensor operations cost more than the sums
//! themselves at batch size 32, so the numbers are read straight from the tensors' memory.

use candle_core::{CpuStorage, DType, Device, Storage, Tensor};

use crate::{EngineError, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One running metric.
#[derive(Clone, Debug)]
pub struct Metric {
    entry: &'static Entry,
    sums: Sums,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Sums {
    total: f64,
    count: u64,
    classes: Vec<Counts>,
}

/// Of one class: rows rightly predicted as it, rows predicted as it, rows that are it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Counts {
    right: u64,
    predicted: u64,
    actual: u64,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    /// Other spellings: Keras' and the short ones.
    also: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Share of rows whose class is among the so many highest predictions.
    Top(usize),
    Precision,
    Recall,
    F1,
    SquaredError,
    AbsoluteError,
}

const TABLE: &[Entry] = &[
    Entry {
        name: "accuracy",
        also: &["acc", "categorical_accuracy", "sparse_categorical_accuracy"],
        kind: Kind::Top(1),
    },
    Entry { name: "precision", also: &[], kind: Kind::Precision },
    Entry { name: "recall", also: &[], kind: Kind::Recall },
    Entry { name: "f1_score", also: &["f1"], kind: Kind::F1 },
    Entry { name: "mse", also: &["mean_squared_error"], kind: Kind::SquaredError },
    Entry { name: "mae", also: &["mean_absolute_error"], kind: Kind::AbsoluteError },
    Entry {
        name: "top5_accuracy",
        also: &["top_5_accuracy", "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"],
        kind: Kind::Top(5),
    },
];

impl Metric {
    /// The metric of that name, before any batch. Case, spaces and dashes do not matter; Keras' spellings are taken too.
    pub fn from_name(name: &str) -> Result<Self> {
        let plain = name.trim().replace([' ', '-'], "_").to_lowercase();
        let found = TABLE.iter().find(|entry| entry.name == plain || entry.also.contains(&plain.as_str()));
        let entry = found.ok_or_else(|| EngineError::unknown("metric", name, Self::names()))?;
        Ok(Self { entry, sums: Sums::default() })
    }

    /// Its sums so far, for a checkpoint.
    pub fn state(&self) -> Value {
        serde_json::to_value(&self.sums).unwrap_or_default()
    }

    /// Takes back what [`Metric::state`] gave.
    ///
    /// # Errors
    /// A state that is not one of a metric.
    pub fn restore(&mut self, state: &Value) -> Result<()> {
        let unreadable =
            |error| EngineError::Value(format!("the saved state of metric {} is unreadable: {error}", self.name()));
        self.sums = serde_json::from_value(state.clone()).map_err(unreadable)?;
        Ok(())
    }

    /// The names of all metrics.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        TABLE.iter().map(|entry| entry.name)
    }

    /// Its name, such as `f1_score`, however it was asked for.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// Adds a batch. Metrics of classes take predictions `[N, C]` (logits or probabilities, C ≥ 2) and targets `[N]` of
    /// class numbers; metrics of values take predictions and targets with equally many numbers, such as `[N, 1]` and `[N]`.
    pub fn update(&mut self, predictions: &Tensor, targets: &Tensor) -> Result<()> {
        let (predictions, targets) = (local(predictions, DType::F32)?, local(targets, targets.dtype())?);
        match self.entry.kind {
            Kind::SquaredError => self.errors(&predictions, &targets, |error| error * error),
            Kind::AbsoluteError => self.errors(&predictions, &targets, f64::abs),
            Kind::Top(k) => self.rows(&predictions, &targets, |sums, row, class| {
                sums.count += 1;
                let hit = if k == 1 { highest(row) == class } else { is_among_highest(k, row, class) };
                sums.total += f64::from(u8::from(hit));
            }),
            Kind::Precision | Kind::Recall | Kind::F1 => self.rows(&predictions, &targets, |sums, row, class| {
                sums.classes.resize(row.len(), Counts::default());
                let predicted = highest(row);
                sums.classes[class].actual += 1;
                if let Some(counts) = sums.classes.get_mut(predicted) {
                    counts.predicted += 1;
                    counts.right += u64::from(predicted == class);
                }
            }),
        }
    }

    /// Its value over all batches since the last reset, or none before the first. Precision, recall and F1 are the plain
    /// mean over the classes that occurred among targets or predictions, 0 where a class has no denominator.
    pub fn value(&self) -> Option<f64> {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        match self.entry.kind {
            Kind::Precision => self.mean_over_classes(|c| share(c.right, c.predicted)),
            Kind::Recall => self.mean_over_classes(|c| share(c.right, c.actual)),
            Kind::F1 => self.mean_over_classes(|c| share(2 * c.right, c.predicted + c.actual)),
            _ => (self.sums.count > 0).then(|| self.sums.total / self.sums.count as f64),
        }
    }

    /// Forgets all batches.
    pub fn reset(&mut self) {
        self.sums.total = 0.0;
        self.sums.count = 0;
        self.sums.classes.clear();
    }

    fn mean_over_classes(&self, of: impl Fn(&Counts) -> f64) -> Option<f64> {
        let seen = || self.sums.classes.iter().filter(|c| c.predicted + c.actual > 0);
        (seen().count() > 0).then(|| seen().map(of).sum::<f64>() / seen().count() as f64)
    }

    /// Calls `add` with the predictions and the class of every row.
    fn rows(
        &mut self,
        predictions: &Tensor,
        targets: &Tensor,
        mut add: impl FnMut(&mut Sums, &[f32], usize),
    ) -> Result<()> {
        let (&[rows, classes], &[labels]) = (predictions.dims(), targets.dims()) else {
            return Err(self.refuse(predictions, targets));
        };
        let fits = rows == labels && classes >= 2;
        let sums = &mut self.sums;
        let known = with_slices(predictions, targets, |predictions, targets| match targets {
            Numbers::U32(targets) if fits && targets.iter().all(|&class| (class as usize) < classes) => {
                for (row, &class) in predictions.chunks_exact(classes).zip(targets) {
                    add(sums, row, class as usize);
                }
                true
            }
            _ => false,
        });
        if known { Ok(()) } else { Err(self.refuse(predictions, targets)) }
    }

    /// Sums `of` over all differences.
    fn errors(&mut self, predictions: &Tensor, targets: &Tensor, of: impl Fn(f64) -> f64) -> Result<()> {
        if predictions.elem_count() != targets.elem_count() || predictions.dims().first() != targets.dims().first() {
            return Err(self.refuse(predictions, targets));
        }
        let sums = &mut self.sums;
        let known = with_slices(predictions, targets, |predictions, targets| {
            let mut add = |p: &f32, t: f64| sums.total += of(f64::from(*p) - t);
            match targets {
                Numbers::F32(targets) => predictions.iter().zip(targets).for_each(|(p, &t)| add(p, f64::from(t))),
                Numbers::U32(targets) => predictions.iter().zip(targets).for_each(|(p, &t)| add(p, f64::from(t))),
                Numbers::Other => return false,
            }
            sums.count += predictions.len() as u64;
            true
        });
        if known { Ok(()) } else { Err(self.refuse(predictions, targets)) }
    }

    fn refuse(&self, predictions: &Tensor, targets: &Tensor) -> EngineError {
        let takes = match self.entry.kind {
            Kind::SquaredError | Kind::AbsoluteError => "as many predictions as targets",
            _ => "predictions [N, classes] and targets [N] of class numbers below that many",
        };
        let given = |tensor: &Tensor| format!("{:?} {}", tensor.dims(), tensor.dtype().as_str());
        let (name, predictions, targets) = (self.name(), given(predictions), given(targets));
        EngineError::Data(format!("{name} takes {takes}, but was given predictions {predictions}, targets {targets}"))
    }
}

enum Numbers<'a> {
    F32(&'a [f32]),
    U32(&'a [u32]),
    Other,
}

fn local(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    if tensor.device().is_cpu() && tensor.dtype() == dtype && tensor.is_contiguous() {
        return Ok(tensor.clone());
    }
    Ok(tensor.to_dtype(dtype)?.to_device(&Device::Cpu)?.contiguous()?)
}

/// Calls `with` on the memory of both tensors, which are contiguous and on the CPU; false where it cannot be read.
fn with_slices(predictions: &Tensor, targets: &Tensor, with: impl FnOnce(&[f32], Numbers) -> bool) -> bool {
    let (of_predictions, layout) = predictions.storage_and_layout();
    let (of_targets, targets_layout) = targets.storage_and_layout();
    let (Storage::Cpu(CpuStorage::F32(values)), Storage::Cpu(labels)) = (&*of_predictions, &*of_targets) else {
        return false;
    };
    let range =
        |layout: &candle_core::Layout| layout.start_offset()..layout.start_offset() + layout.shape().elem_count();
    let numbers = match labels {
        CpuStorage::F32(labels) => Numbers::F32(&labels[range(targets_layout)]),
        CpuStorage::U32(labels) => Numbers::U32(&labels[range(targets_layout)]),
        _ => Numbers::Other,
    };
    with(&values[range(layout)], numbers)
}

/// The place of the highest number, the first of equals; one that is no class where all are NaN.
fn highest(row: &[f32]) -> usize {
    let mut best = (usize::MAX, f32::NEG_INFINITY);
    for (at, &value) in row.iter().enumerate() {
        if value > best.1 {
            best = (at, value);
        }
    }
    best.0
}

/// Whether fewer than `k` numbers of the row come before that of `class`; of equals the first comes first.
fn is_among_highest(k: usize, row: &[f32], class: usize) -> bool {
    let own = row[class];
    let before = |(at, &value): (usize, &f32)| value > own || (value == own && at < class);
    !own.is_nan() && row.iter().enumerate().filter(|&pair| before(pair)).count() < k
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor<T: candle_core::NdArray>(values: T) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    /// Predicted 0 1 2 1 against 0 1 1 2.
    fn batch() -> (Tensor, Tensor) {
        let rows = [[2f32, 1.0, 0.0], [0.1, 0.8, 0.1], [0.0, 1.0, 5.0], [-3.0, -1.0, -2.0]];
        (tensor(&rows), tensor(&[0u32, 1, 1, 2]))
    }

    #[test]
    fn classes_worked_by_hand() {
        let (predictions, targets) = batch();
        let check = |name, expect: f64| {
            let mut metric = Metric::from_name(name).unwrap();
            metric.update(&predictions, &targets).unwrap();
            assert!((metric.value().unwrap() - expect).abs() < 1e-12, "{name}: {:?}", metric.value());
        };
        check("accuracy", 2.0 / 4.0);
        check("precision", (1.0 + 0.5 + 0.0) / 3.0);
        check("recall", (1.0 + 0.5 + 0.0) / 3.0);
        check("f1_score", (1.0 + 0.5 + 0.0) / 3.0);
        check("top5_accuracy", 1.0);
    }

    #[test]
    fn precision_and_recall_differ_where_classes_are_uneven() {
        // predicted 0 0 0 1 against 0 0 1 1: precision (2/3 + 1)/2, recall (1 + 1/2)/2, F1 (4/5 + 2/3)/2
        let predictions = tensor(&[[1f32, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        let check = |name, expect: f64| {
            let mut metric = Metric::from_name(name).unwrap();
            metric.update(&predictions, &tensor(&[0u32, 0, 1, 1])).unwrap();
            assert!((metric.value().unwrap() - expect).abs() < 1e-12, "{name}: {:?}", metric.value());
        };
        check("precision", 5.0 / 6.0);
        check("recall", 0.75);
        check("f1_score", 11.0 / 15.0);
    }

    #[test]
    fn values_worked_by_hand() {
        let check = |name, predictions: Tensor, targets: Tensor, expect: f64| {
            let mut metric = Metric::from_name(name).unwrap();
            metric.update(&predictions, &targets).unwrap();
            assert_eq!(metric.value(), Some(expect), "{name}");
        };
        check("mse", tensor(&[[1f32], [2.0]]), tensor(&[0f32, 4.0]), 2.5);
        check("mae", tensor(&[[1f32, 2.0]]), tensor(&[[0f32, 4.0]]), 1.5);
        check("mae", tensor(&[1f32, 2.0]), tensor(&[1u32, 1]), 0.5);
    }

    #[test]
    fn batches_add_up_and_reset_forgets() {
        let mut metric = Metric::from_name("accuracy").unwrap();
        assert_eq!(metric.value(), None);
        let (predictions, targets) = batch();
        metric.update(&predictions, &targets).unwrap();
        metric.update(&predictions.narrow(0, 1, 1).unwrap(), &tensor(&[1u32])).unwrap();
        assert_eq!(metric.value(), Some(3.0 / 5.0));
        metric.reset();
        assert_eq!(metric.value(), None);
    }

    #[test]
    fn the_fifth_counts_and_the_sixth_does_not() {
        let mut metric = Metric::from_name("top5_accuracy").unwrap();
        let row = [6f32, 5.0, 4.0, 3.0, 2.0, 1.0];
        metric.update(&tensor(&[row, row]), &tensor(&[4u32, 5])).unwrap();
        assert_eq!(metric.value(), Some(0.5));
    }

    #[test]
    fn predictions_that_are_no_numbers_are_wrong() {
        for name in ["accuracy", "recall", "top5_accuracy"] {
            let mut metric = Metric::from_name(name).unwrap();
            metric.update(&tensor(&[[f32::NAN, f32::NAN]]), &tensor(&[0u32])).unwrap();
            assert_eq!(metric.value(), Some(0.0), "{name}");
        }
    }

    #[test]
    fn names_in_several_spellings() {
        let check = |name, expect| assert_eq!(Metric::from_name(name).unwrap().name(), expect);
        check("acc", "accuracy");
        check("F1 Score", "f1_score");
        check("mean_squared_error", "mse");
        check("sparse-categorical-accuracy", "accuracy");
        let refused = Metric::from_name("acuracy").unwrap_err().to_string();
        assert!(refused.starts_with("there is no metric named \"acuracy\" (did you mean \"accuracy\"?)"), "{refused}");
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let check = |name, predictions: Tensor, targets: Tensor, expect: &str| {
            let refused = Metric::from_name(name).unwrap().update(&predictions, &targets).unwrap_err();
            assert_eq!(refused.to_string(), expect);
        };
        let classes = "accuracy takes predictions [N, classes] and targets [N] of class numbers below that many";
        let given = |rest: &str| format!("{classes}, but was given predictions {rest}");
        check("accuracy", tensor(&[[1f32]]), tensor(&[0u32]), &given("[1, 1] f32, targets [1] u32"));
        check("accuracy", tensor(&[[1f32, 2.0]]), tensor(&[2u32]), &given("[1, 2] f32, targets [1] u32"));
        check("accuracy", tensor(&[[1f32, 2.0]]), tensor(&[1f32]), &given("[1, 2] f32, targets [1] f32"));
        let count = "mse takes as many predictions as targets, but was given predictions [1, 2] f32, targets [1] f32";
        check("mse", tensor(&[[1f32, 2.0]]), tensor(&[1f32]), count);
    }
}
