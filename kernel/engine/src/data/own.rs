//! Datasets of a user's own: examples that are made one by one when a batch asks for them. Read [`Examples`] first.
//!
//! Must not know runs.

use super::dataset::{labels, numbers};
use crate::own::called;
use crate::{EngineError, Result, interrupt};
use candle_core::{DType, Device, Tensor};
use candlewick_plugin_api::Random;
use std::fmt;
use std::sync::Arc;

/// Rows of a dataset, made when they are asked for: by arithmetic, from files, from anywhere.
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// struct Parabola;
///
/// impl Examples for Parabola {
///     fn len(&self) -> usize {
///         200
///     }
///
///     fn example(&self, index: usize) -> Result<(Tensor, Tensor), EngineError> {
///         let x = index as f32 / 100.0 - 1.0;
///         Ok((Tensor::new(&[x], &Device::Cpu)?, Tensor::new(&[x * x], &Device::Cpu)?))
///     }
///
///     fn augmented(&self, index: usize, random: &mut Random) -> Result<(Tensor, Tensor), EngineError> {
///         let (x, y) = self.example(index)?;
///         Ok(((x + 0.01 * random.normal())?, y))
///     }
/// }
///
/// let data = Dataset::of("parabola", Parabola)?;
/// # Ok::<(), EngineError>(())
/// ```
#[expect(clippy::len_without_is_empty, reason = "a dataset has at least one row")]
pub trait Examples: Send + Sync {
    /// How many there are; at least one, and always as many.
    fn len(&self) -> usize;

    /// Inputs and target of one of them, from 0, without the batch's dimension: always of one shape and type. Inputs of
    /// whole numbers (u32) are token ids; a target of whole numbers is a class, of f32 a value or values.
    ///
    /// # Errors
    /// Whatever keeps it from being made; the message then names the dataset and the index.
    fn example(&self, index: usize) -> Result<(Tensor, Tensor)>;

    /// The target alone, which is asked of every example when the dataset is made; worth writing where inputs are slow.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    fn target(&self, index: usize) -> Result<Tensor> {
        Ok(self.example(index)?.1)
    }

    /// The example as training sees it, `random` being its own in every epoch, and the same when that epoch is gone
    /// through again: noise, crops, flips. Unless said, [`example`](Self::example).
    ///
    /// # Errors
    /// As [`example`](Self::example).
    fn augmented(&self, index: usize, random: &mut Random) -> Result<(Tensor, Tensor)> {
        let _ = random;
        self.example(index)
    }

    /// Names of the classes, where targets are classes with names.
    fn classes(&self) -> Option<Vec<String>> {
        None
    }
}

/// Some of a user's examples, in an order, as a dataset holds them.
#[derive(Clone)]
pub(super) struct OwnRows {
    name: Arc<str>,
    examples: Arc<dyn Examples>,
    rows: Vec<u32>,
    shape: Vec<usize>,
    dtype: DType,
}

impl OwnRows {
    /// All of them, and all targets.
    pub fn new(name: &str, examples: Arc<dyn Examples>) -> Result<(Self, Tensor)> {
        let rows: Vec<u32> = (0..examples.len() as u32).collect();
        let mut own = Self { name: name.into(), examples, rows, shape: Vec::new(), dtype: DType::F32 };
        if own.rows.is_empty() {
            return Err(EngineError::Data(format!("dataset {name} has no rows")));
        }
        let first = own.made(0, |examples| examples.example(0))?.0;
        (own.shape, own.dtype) = (first.dims().to_vec(), numbers(first)?.dtype());
        let target = |index: &u32| {
            stop_if_asked()?;
            own.made(*index, |examples| examples.target(*index as usize))
        };
        let targets = own.rows.iter().map(target).collect::<Result<Vec<_>>>()?;
        let targets = own.stacked("target", &own.rows, targets)?;
        Ok((own, labels(targets)?))
    }

    /// The shape of one example's inputs.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of inputs: f32 or u32.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Names of the classes.
    pub fn classes(&self) -> Option<Vec<String>> {
        self.examples.classes()
    }

    /// These rows of the present ones.
    pub fn subset(&self, rows: &[u32]) -> Self {
        Self { rows: rows.iter().map(|row| self.rows[*row as usize]).collect(), ..self.clone() }
    }

    /// Inputs `[N, …]` and targets of rows, on the CPU; as training sees them where `random` of an index is given.
    pub fn batch(&self, rows: &[u32], random: Option<&dyn Fn(usize) -> Random>) -> Result<(Tensor, Tensor)> {
        let last = self.rows.len() - 1;
        let out_of = |row| EngineError::Data(format!("there is no row {row}: rows run from 0 to {last}"));
        let index = |row: &u32| self.rows.get(*row as usize).copied().ok_or_else(|| out_of(*row));
        let indices = rows.iter().map(index).collect::<Result<Vec<u32>>>()?;
        let (mut inputs, mut targets) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for &index in &indices {
            stop_if_asked()?;
            let (input, target) = self.made(index, |examples| match random {
                Some(random) => examples.augmented(index as usize, &mut random(index as usize)),
                None => examples.example(index as usize),
            })?;
            inputs.push(self.fitting(index, input)?);
            targets.push(target);
        }
        let (inputs, targets) = (Tensor::stack(&inputs, 0)?, self.stacked("target", &indices, targets)?);
        self.check_finite(&indices, &inputs)?;
        Ok((inputs, labels(targets)?))
    }

    fn made<T>(&self, index: u32, make: impl FnOnce(&dyn Examples) -> Result<T>) -> Result<T> {
        called(|| format!("dataset {}, example {index}", self.name), || make(&*self.examples))
    }

    fn fitting(&self, index: u32, input: Tensor) -> Result<Tensor> {
        let found = input.dims().to_vec();
        let input = numbers(input.to_device(&Device::Cpu)?)?;
        if found == self.shape && input.dtype() == self.dtype {
            return Ok(input);
        }
        Err(EngineError::Data(format!(
            "dataset {}: example {index} has inputs {found:?} of {}, but example 0 has {:?} of {}",
            self.name,
            input.dtype().as_str(),
            self.shape,
            self.dtype.as_str()
        )))
    }

    fn stacked(&self, what: &str, indices: &[u32], tensors: Vec<Tensor>) -> Result<Tensor> {
        let Some(first) = tensors.first() else {
            return Err(EngineError::Data(format!("a batch of {} needs at least one row", self.name)));
        };
        let kind = |tensor: &Tensor| format!("{:?} of {}", tensor.dims(), tensor.dtype().as_str());
        let other = tensors.iter().position(|t| t.dims() != first.dims() || t.dtype() != first.dtype());
        if let Some(at) = other {
            let (name, index, zero) = (&self.name, indices[at], indices[0]);
            let (found, expected) = (kind(&tensors[at]), kind(first));
            return Err(EngineError::Data(format!(
                "dataset {name}: example {index} has a {what} {found}, but example {zero} has {expected}"
            )));
        }
        Ok(Tensor::stack(&tensors, 0)?.to_device(&Device::Cpu)?)
    }

    fn check_finite(&self, indices: &[u32], inputs: &Tensor) -> Result<()> {
        if self.dtype != DType::F32 {
            return Ok(());
        }
        let values = inputs.flatten_all()?.to_vec1::<f32>()?;
        let width = (values.len() / indices.len()).max(1);
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                let (name, index, value, place) = (&self.name, indices[at / width], values[at], at % width);
                Err(EngineError::Data(format!("dataset {name}: example {index} holds {value} at place {place}")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for OwnRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnRows").field("name", &self.name).field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

fn stop_if_asked() -> Result<()> {
    if interrupt::requested() { Err(EngineError::Interrupted) } else { Ok(()) }
}
