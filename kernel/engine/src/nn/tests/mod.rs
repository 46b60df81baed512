//! Tests of layers, losses and optimizers together. Read [`check_gradient`] first.

mod composed;
mod layers;
mod nets;
mod optimizers;
mod saving;

use super::{gradients, ops};
use crate::{Result, Seed};
use candle_core::{Device, Tensor, Var};

/// Numbers in `±1`, the same for the same name.
fn numbers(name: &str, shape: &[usize]) -> Tensor {
    let mut stream = Seed(5).stream(name);
    let count = shape.iter().product();
    let numbers: Vec<f32> = (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

/// Compares the gradient of `f` at every number of every input with the central difference.
fn check_gradient(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let named: Vec<(String, Var)> =
        inputs.iter().enumerate().map(|(i, x)| (i.to_string(), Var::from_tensor(x).unwrap())).collect();
    let tracked: Vec<Tensor> = named.iter().map(|(_, var)| var.as_tensor().clone()).collect();
    // A weighted sum, so that each output has a gradient of its own.
    let weights = numbers("weights of the outputs", f(inputs).unwrap().dims()).affine(0.5, 1.0).unwrap();
    let loss = (f(&tracked).unwrap() * &weights).unwrap().sum_all().unwrap();
    let (found, missing) = gradients(&loss, &named).unwrap();
    assert!(missing.is_empty(), "no gradient for {missing:?}");
    // Summed in f64: the difference of two sums would lose what it is about.
    let sum = |inputs: &[Tensor]| -> f64 {
        let outputs = flat(&f(inputs).unwrap());
        outputs.iter().zip(flat(&weights)).map(|(y, w)| f64::from(*y) * f64::from(w)).sum()
    };
    for (i, x) in inputs.iter().enumerate() {
        for (at, gradient) in flat(&found[&i.to_string()]).into_iter().enumerate() {
            let moved = |by: f32| {
                let mut inputs = inputs.to_vec();
                let mut numbers = flat(x);
                numbers[at] += by;
                inputs[i] = Tensor::from_vec(numbers, x.dims(), &Device::Cpu).unwrap();
                sum(&inputs)
            };
            let step = 1.0 / 128.0;
            let difference = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let error = (f64::from(gradient) - difference).abs() / difference.abs().max(1.0);
            assert!(error < 2e-3, "input {i} at {at}: gradient {gradient}, central difference {difference}");
        }
    }
}
