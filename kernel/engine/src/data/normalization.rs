//! Zero mean and unit variance per feature, remembered so that later data can be treated alike.

use candle_core::{Device, Shape, Tensor};
use serde::{Deserialize, Serialize};

use crate::{EngineError, Result};

/// What was subtracted from and divided out of each feature; applies to other data of the same features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// Subtracted from each feature.
    pub mean: Vec<f32>,
    /// Standard deviation (of the rows themselves, divided by N) that each feature is divided by.
    pub deviation: Vec<f32>,
}

impl Normalization {
    /// The normalization of inputs `[N, …]`, a feature being one place of a row. A feature with one value in all
    /// rows gets mean 0 and deviation 1: it stays as it is.
    pub fn of(inputs: &Tensor) -> Result<Self> {
        let values = inputs.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let width = values.len() / inputs.dim(0)?.max(1);
        let (mean, deviation) = (0..width).map(|feature| moments(values.iter().skip(feature).step_by(width))).unzip();
        Ok(Self { mean, deviation })
    }

    /// Inputs `[N, …]` with the mean subtracted and the deviation divided out.
    pub fn apply(&self, inputs: &Tensor) -> Result<Tensor> {
        let width: usize = inputs.dims().iter().skip(1).product();
        if width != self.mean.len() || inputs.rank() < 2 {
            let (known, found) = (self.mean.len(), inputs.dims());
            let message = format!("this normalization is for rows of {known} values, but was given shape {found:?}");
            return Err(EngineError::Data(message));
        }
        let mut values = inputs.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        for row in values.chunks_exact_mut(width.max(1)) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = (*value - mean) / deviation;
            }
        }
        Ok(Tensor::from_vec(values, Shape::from(inputs.dims()), inputs.device())?)
    }

    /// This normalization followed by `next`, as one.
    pub(super) fn then(&self, next: &Self) -> Self {
        let parts = self.mean.iter().zip(&self.deviation).zip(next.mean.iter().zip(&next.deviation));
        let (mean, deviation) = parts.map(|((m, d), (next_m, next_d))| (m + d * next_m, d * next_d)).unzip();
        Self { mean, deviation }
    }
}

/// Mean and deviation in f64, in the order of the rows.
fn moments<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> (f32, f32) {
    let mut rest = values.clone();
    let first = rest.next();
    if rest.all(|value| Some(value) == first) {
        return (0.0, 1.0);
    }
    let count = values.clone().count() as f64;
    let mean = values.clone().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    (mean as f32, variance.sqrt() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_centred_and_constant_ones_left_alone() {
        let inputs = Tensor::new(&[[1f32, 5.0], [3.0, 5.0]], &Device::Cpu).unwrap();
        let normalization = Normalization::of(&inputs).unwrap();
        assert_eq!(normalization, Normalization { mean: vec![2.0, 0.0], deviation: vec![1.0, 1.0] });
        let check = |row: [f32; 2], expect: [f32; 2]| {
            let applied = normalization.apply(&Tensor::new(&[row], &Device::Cpu).unwrap()).unwrap();
            assert_eq!(applied.to_vec2::<f32>().unwrap(), [expect]);
        };
        check([1.0, 5.0], [-1.0, 5.0]);
        check([3.0, 5.0], [1.0, 5.0]);
        check([4.0, 6.0], [2.0, 6.0]);
        let next = Normalization { mean: vec![1.0, 5.0], deviation: vec![4.0, 2.0] };
        let both = Normalization { mean: vec![3.0, 5.0], deviation: vec![4.0, 2.0] };
        assert_eq!(normalization.then(&next), both);
        let other = Tensor::new(&[[1f32]], &Device::Cpu).unwrap();
        let refused = normalization.apply(&other).unwrap_err().to_string();
        assert_eq!(refused, "this normalization is for rows of 2 values, but was given shape [1, 1]");
    }
}
