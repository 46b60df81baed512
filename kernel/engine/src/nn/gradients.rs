//! Gradients by parameter name: computed, measured, clipped, summed. Read [`gradients`] first.

use crate::{EngineError, Result, own};
use candle_core::{Tensor, Var};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Gradients by parameter name, in name order.
pub type Gradients = BTreeMap<String, Tensor>;

/// The gradient of `loss` by every parameter that has one, and the names of those that have none.
///
/// # Errors
/// candle's; also where candle panics (an operation that cut the gradient in the middle of the graph).
pub fn gradients(loss: &Tensor, parameters: &[(String, Var)]) -> Result<(Gradients, Vec<String>)> {
    let store = catch_unwind(AssertUnwindSafe(|| loss.backward()))
        .map_err(|panic| EngineError::Value(format!("the backward pass failed: {}", own::told(&*panic))))?;
    let mut store = store?;
    let (mut found, mut missing) = (Gradients::new(), Vec::new());
    for (name, var) in parameters {
        match store.remove(var) {
            Some(gradient) => drop(found.insert(name.clone(), gradient)),
            None => missing.push(name.clone()),
        }
    }
    Ok((found, missing))
}

/// The Euclidean norm of all gradients together, summed in f64 in name order.
///
/// # Errors
/// candle's.
pub fn global_norm(gradients: &Gradients) -> Result<f64> {
    let mut sum = 0.0f64;
    for gradient in gradients.values() {
        sum += square_sum(gradient)?;
    }
    Ok(sum.sqrt())
}

/// Scales all gradients so that their global norm, which is `norm`, becomes at most `max_norm`.
///
/// # Errors
/// A `max_norm` that is not above 0, or candle's.
pub fn clip(gradients: &mut Gradients, max_norm: f64, norm: f64) -> Result<()> {
    if max_norm.is_nan() || max_norm <= 0.0 {
        return Err(EngineError::Value(format!("clip_norm must be above 0, not {max_norm}")));
    }
    if norm > max_norm {
        for gradient in gradients.values_mut() {
            *gradient = (&*gradient * (max_norm / norm))?;
        }
    }
    Ok(())
}

/// Adds `new` to `sum`, parameter by parameter.
///
/// # Errors
/// candle's.
pub fn accumulate(sum: &mut Gradients, new: &Gradients) -> Result<()> {
    for (name, gradient) in new {
        let total = match sum.get(name) {
            Some(old) => (old + gradient)?,
            None => gradient.clone(),
        };
        sum.insert(name.clone(), total);
    }
    Ok(())
}

fn square_sum(gradient: &Tensor) -> Result<f64> {
    use super::ops::host::host;
    if !gradient.device().is_cpu() {
        return Ok(f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?));
    }
    let gradient = gradient.contiguous()?;
    let held = host(&gradient);
    // Sixteen sums side by side, so that the loop is vectorised; the order is fixed all the same.
    let mut sums = [0.0f64; 16];
    for part in held.numbers::<f32>()?.chunks(16) {
        sums.iter_mut().zip(part).for_each(|(sum, &x)| *sum += f64::from(x) * f64::from(x));
    }
    Ok(sums.iter().sum())
}
