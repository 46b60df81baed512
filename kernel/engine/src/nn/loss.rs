//! How far predictions are from targets. Read [`Loss`] first.

use super::ops::cross_entropy::cross_entropy;
use super::ops::difference::Difference;
use super::ops::host::host;
use crate::{EngineError, Result, own};
use candle_core::{DType, Device, Tensor};
use std::fmt;
use std::rc::Rc;

/// A loss: one number per batch, smaller is better.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// Classes: mean of `−log softmax(predictions)[target]`; predictions `[batch, classes]`, targets `[batch]` u32.
    CrossEntropy,
    /// Mean of `(prediction − target)²`; both f32 of one shape, or predictions `[batch, 1]` and targets `[batch]`.
    Mse,
    /// Mean of `|prediction − target|`; shapes as for mse.
    Mae,
    /// Mean binary cross-entropy of `sigmoid(prediction)`; shapes as for mse.
    BceWithLogits,
    /// One of the user's own, see [`Loss::own`].
    Own(OwnLoss),
}

/// A loss of the user's own: its name, by which hyperparameters and checkpoints call it, and what computes it.
#[derive(Clone)]
pub struct OwnLoss {
    name: Rc<str>,
    compute: Rc<Compute>,
}

type Compute = dyn Fn(&Tensor, &Tensor) -> Result<Tensor>;

impl Loss {
    /// All built-in losses.
    pub const ALL: [Self; 4] = [Self::CrossEntropy, Self::Mse, Self::Mae, Self::BceWithLogits];

    /// A loss of the user's own. `compute(predictions, targets)` gives one number, a mean over the batch, by operations
    /// that record for the backward pass; targets are u32 for classes, else f32.
    ///
    /// A run that goes on from a checkpoint has to be given a loss of the same name again.
    ///
    /// ```
    /// # use candle_core::{Device, Module, Tensor, Var};
    /// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
    /// # use candlewick_plugin_api::Random;
    /// let log_cosh = Loss::own("log_cosh", |predictions, targets| {
    ///     let difference = (predictions - targets.reshape(predictions.shape())?)?;
    ///     ((difference.exp()? + difference.neg()?.exp()?)? * 0.5)?.log()?.mean_all()
    /// });
    /// let options = Options { loss: log_cosh, ..Options::default() };
    /// ```
    pub fn own<E: Into<EngineError>>(
        name: &str,
        compute: impl Fn(&Tensor, &Tensor) -> std::result::Result<Tensor, E> + 'static,
    ) -> Self {
        let compute = move |predictions: &Tensor, targets: &Tensor| compute(predictions, targets).map_err(Into::into);
        Self::Own(OwnLoss { name: name.into(), compute: Rc::new(compute) })
    }

    /// The name, as users write it.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(own) => &own.name,
            Self::CrossEntropy => "cross_entropy",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::BceWithLogits => "bce_with_logits",
        }
    }

    /// The loss of that name.
    ///
    /// # Errors
    /// [`EngineError::Unknown`] with the nearest name.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|loss| loss.name() == name);
        found.ok_or_else(|| EngineError::unknown("loss", name, Self::ALL.iter().map(Self::name)))
    }

    /// Whether targets of that shape and type fit predictions of that shape.
    ///
    /// # Errors
    /// What the loss takes, what it was given, and what to do.
    pub fn check(&self, predictions: &[usize], targets: &[usize], dtype: DType) -> Result<()> {
        let name = self.name();
        if let Self::Own(_) = self {
            // What it takes is its own.
            return Ok(());
        }
        if *self == Self::CrossEntropy {
            if dtype != DType::U32 {
                return Err(EngineError::Data(format!(
                    "{name} takes classes as whole numbers (u32), but the targets are {}: \
                     use integer labels, or mse for values",
                    dtype.as_str()
                )));
            }
            return match (predictions, targets) {
                ([batch, _], [also]) if batch == also => Ok(()),
                _ => Err(EngineError::Data(format!(
                    "{name} takes predictions [batch, classes] and targets [batch], \
                     but was given {predictions:?} and {targets:?}"
                ))),
            };
        }
        if dtype != DType::F32 {
            return Err(EngineError::Data(format!(
                "{name} takes targets of f32, but they are {}: use float targets, or cross_entropy for classes",
                dtype.as_str()
            )));
        }
        match (predictions, targets) {
            _ if predictions == targets => Ok(()),
            ([batch, 1], [also]) if batch == also => Ok(()),
            _ => Err(EngineError::Data(format!(
                "{name} takes predictions and targets of one shape, but was given {predictions:?} and {targets:?}"
            ))),
        }
    }

    /// That predictions of this shape know every class of the data's targets. [`forward`](Self::forward) asks for each
    /// batch, but on the CPU only: elsewhere it would wait for the device, and a GPU that reads past its predictions
    /// is of no use until the process ends. So whoever takes data there asks here before.
    ///
    /// # Errors
    /// A class out of range.
    pub fn check_classes(&self, predictions: &[usize], targets: &Tensor) -> Result<()> {
        match (self, predictions) {
            (Self::CrossEntropy, &[_, classes]) => classes_in_range(classes, targets, "data"),
            _ => Ok(()),
        }
    }

    /// The loss as a scalar that records for the backward pass.
    ///
    /// # Errors
    /// What [`check`](Self::check) says, an empty batch, or, on the CPU, a class out of range; what a loss of the user's own
    /// says, and one that is more than a number.
    pub fn forward(&self, predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.check(predictions.dims(), targets.dims(), targets.dtype())?;
        if predictions.elem_count() == 0 {
            return Err(EngineError::Data(format!("{} of no predictions is not defined", self.name())));
        }
        let mean = |difference: Difference| Ok(difference.mean(predictions, &targets.reshape(predictions.shape())?)?);
        match self {
            Self::CrossEntropy => {
                if targets.device().is_cpu() {
                    classes_in_range(predictions.dims()[1], targets, "batch")?;
                }
                Ok(cross_entropy(predictions, targets)?)
            }
            Self::Mse => mean(Difference::Squared),
            Self::Mae => mean(Difference::Absolute),
            Self::BceWithLogits => mean(Difference::BinaryCrossEntropy),
            Self::Own(own) => own.compute(predictions, targets),
        }
    }
}

impl OwnLoss {
    fn compute(&self, predictions: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let loss = own::called(|| format!("the loss {}", self.name), || (self.compute)(predictions, targets))?;
        if loss.elem_count() != 1 || !loss.dtype().is_float() {
            return Err(EngineError::Value(format!(
                "the loss {} gives one number (f32), but gave {} of shape {:?}; .mean_all() makes one of many",
                self.name,
                loss.dtype().as_str(),
                loss.dims()
            )));
        }
        Ok(loss.reshape(())?.to_dtype(DType::F32)?)
    }
}

impl fmt::Debug for OwnLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnLoss").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for OwnLoss {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Rc::ptr_eq(&self.compute, &other.compute)
    }
}

fn classes_in_range(classes: usize, targets: &Tensor, of: &str) -> Result<()> {
    let targets = targets.to_device(&Device::Cpu)?.contiguous()?;
    let held = host(&targets);
    match held.numbers::<u32>()?.iter().position(|&target| target as usize >= classes) {
        Some(at) => Err(EngineError::Data(format!(
            "class {} at position {at} of the {of} is out of range: the predictions have {classes} classes, 0 to {}",
            held.numbers::<u32>()?[at],
            classes.saturating_sub(1)
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_do_not_fit() {
        let check = |loss: Loss, predictions: &[usize], targets: &[usize], dtype, expect: &str| {
            let message =
                loss.check(predictions, targets, dtype).map_or_else(|e| e.to_string(), |()| "fits".to_owned());
            assert_eq!(message, expect);
        };
        check(Loss::CrossEntropy, &[4, 3], &[4], DType::U32, "fits");
        let expect =
            "cross_entropy takes predictions [batch, classes] and targets [batch], but was given [4, 3] and [5]";
        check(Loss::CrossEntropy, &[4, 3], &[5], DType::U32, expect);
        let expect = "cross_entropy takes classes as whole numbers (u32), but the targets are f32: \
                      use integer labels, or mse for values";
        check(Loss::CrossEntropy, &[4, 3], &[4], DType::F32, expect);
        check(Loss::Mse, &[4, 1], &[4], DType::F32, "fits");
        let expect = "mse takes predictions and targets of one shape, but was given [4, 2] and [4]";
        check(Loss::Mse, &[4, 2], &[4], DType::F32, expect);
        let expect = "mae takes targets of f32, but they are u32: use float targets, or cross_entropy for classes";
        check(Loss::Mae, &[4], &[4], DType::U32, expect);
    }

    #[test]
    fn a_class_out_of_range_is_named() {
        let predictions = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
        let targets = Tensor::new(&[2u32, 3], &Device::Cpu).unwrap();
        let message = Loss::CrossEntropy.forward(&predictions, &targets).unwrap_err().to_string();
        assert_eq!(
            message,
            "class 3 at position 1 of the batch is out of range: the predictions have 3 classes, 0 to 2"
        );
        let message = Loss::CrossEntropy.check_classes(&[2, 3], &targets).unwrap_err().to_string();
        assert!(message.contains("class 3 at position 1 of the data"), "{message}");
        Loss::CrossEntropy.check_classes(&[2, 4], &targets).unwrap();
    }

    #[test]
    fn an_unknown_loss_offers_the_nearest() {
        let message = Loss::from_name("crossentropy").unwrap_err().to_string();
        assert!(message.contains("did you mean \"cross_entropy\"?"), "{message}");
        assert!(Loss::ALL.into_iter().all(|loss| Loss::from_name(loss.name()).unwrap() == loss));
    }
}
