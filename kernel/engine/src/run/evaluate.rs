//! Loss and metrics of a net on a dataset, outside any run.

use crate::data::Dataset;
use crate::metrics::Metric;
use crate::nn::{Loss, Mode, Net};
use crate::{EngineError, Result, interrupt};
use candle_core::DType;
use std::collections::BTreeMap;

/// Examples per forward pass: large enough for fast products, small enough to stay in the cache.
const CHUNK: usize = 256;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss per example.
    pub loss: f64,
    /// Metrics by name.
    pub metrics: BTreeMap<String, f64>,
    /// How many examples were measured.
    pub examples: usize,
}

/// Measures without training and without recording gradients.
///
/// # Errors
/// Shapes that don't fit, an unknown metric, an interrupt.
pub fn evaluate(net: &Net, data: &Dataset, loss: Loss, metrics: &[String]) -> Result<Evaluation> {
    let mut metrics = metrics.iter().map(|name| Metric::from_name(name)).collect::<Result<Vec<_>>>()?;
    let mut total = 0.0;
    let rows: Vec<u32> = (0..data.len() as u32).collect();
    for rows in rows.chunks(CHUNK) {
        if interrupt::requested() {
            return Err(EngineError::Interrupted);
        }
        let (inputs, targets) = data.batch(rows)?;
        let predictions = net.forward(&inputs, Mode::Evaluate)?;
        if !targets.device().is_cpu() {
            loss.check_classes(predictions.dims(), &targets)?;
        }
        let mean = loss.forward(&predictions, &targets)?.to_dtype(DType::F32)?.to_scalar::<f32>()?;
        total += f64::from(mean) * rows.len() as f64;
        for metric in &mut metrics {
            metric.update(&predictions, &targets)?;
        }
    }
    let metrics = metrics.iter().filter_map(|m| Some((m.name().to_owned(), m.value()?))).collect();
    Ok(Evaluation { loss: total / data.len() as f64, metrics, examples: data.len() })
}
