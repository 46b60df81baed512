//! How often each class was taken for each.
//!
//! Must not know models. Read [`confusion_matrix`] first.

use super::arguments::{Answer, fault};
use super::{Builtin, Kind};
use crate::problem::Fault;
use candle_core::{D, DType, Device, Tensor};

/// Classes, at most: a matrix of them is square.
const CLASSES: usize = 10_000;

pub const BUILTINS: &[Builtin] = &[Builtin {
    name: "confusion_matrix",
    kind: Kind::Function,
    signature: "confusion_matrix(targets, predictions) -> tensor",
    doc: "counts by true class (rows) and predicted class (columns); predictions are classes or logits",
    example: "confusion_matrix(tensor([0, 1]), tensor([0, 0]))",
    bind: |engine, _| {
        engine.register_fn("confusion_matrix", confusion_matrix);
    },
}];

/// Counts as f32 `[classes, classes]` of targets `[n]` and predictions `[n]`, or logits `[n, classes]`, whose highest
/// is the prediction.
fn confusion_matrix(targets: Tensor, predictions: Tensor) -> Answer<Tensor> {
    let logits = predictions.rank() == 2;
    let classes = if logits { predictions.dims()[1] } else { 0 };
    let predicted = if logits && classes > 0 { predictions.argmax(D::Minus1).map_err(fault)? } else { predictions };
    let (truth, predicted) = (numbers("targets", &targets)?, numbers("predictions", &predicted)?);
    if truth.len() != predicted.len() {
        let (targets, predictions) = (truth.len(), predicted.len());
        let message = format!(
            "confusion_matrix takes as many predictions as targets; found {targets} targets and {predictions} predictions"
        );
        return Err(Fault::error("ShapeError", message));
    }
    let classes = truth.iter().chain(&predicted).map(|class| class + 1).fold(classes, usize::max);
    let mut counts = vec![0.0f32; classes * classes];
    truth.iter().zip(&predicted).for_each(|(row, column)| counts[row * classes + column] += 1.0);
    Tensor::from_vec(counts, (classes, classes), &Device::Cpu).map_err(fault)
}

fn numbers(what: &str, tensor: &Tensor) -> Answer<Vec<usize>> {
    let [_] = tensor.dims() else {
        let found = tensor.dims();
        let logits = if what == "targets" { "" } else { " or logits [n, classes]" };
        let message = format!("confusion_matrix takes {what} [n]{logits}; found {found:?}");
        return Err(Fault::error("ShapeError", message));
    };
    let numbers = tensor.to_dtype(DType::F64).and_then(|tensor| tensor.to_vec1::<f64>()).map_err(fault)?;
    let class = |number: f64| {
        let fits = number.fract() == 0.0 && number >= 0.0 && number < CLASSES as f64;
        fits.then_some(number as usize).ok_or_else(|| {
            let message =
                format!("confusion_matrix takes {what} that are classes, 0 to {}; found {number}", CLASSES - 1);
            Fault::error("ValueError", message)
        })
    };
    numbers.into_iter().map(class).collect()
}
