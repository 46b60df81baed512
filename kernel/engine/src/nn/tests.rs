//! Tests of layers, losses and optimizers together. Read [`gradients_match`] first.

use super::*;
use crate::{Result, Seed};
use candle_core::{Device, Tensor, Var};

/// Numbers for tests, in `±1`.
pub fn numbers(name: &str, shape: &[usize]) -> Tensor {
    let mut stream = Seed(5).stream(name);
    let count = shape.iter().product();
    let numbers: Vec<f32> = (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// Compares the gradient of `f` at every number of every input with the central difference.
pub fn check_gradient(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let named: Vec<(String, Var)> =
        inputs.iter().enumerate().map(|(i, x)| (i.to_string(), Var::from_tensor(x).unwrap())).collect();
    let tracked: Vec<Tensor> = named.iter().map(|(_, var)| var.as_tensor().clone()).collect();
    // A weighted sum, so that each output has a gradient of its own.
    let weighted = |y: &Tensor| (y * numbers("weights of the outputs", y.dims()).affine(0.5, 1.0).unwrap()).unwrap();
    let (found, missing) = gradients(&weighted(&f(&tracked).unwrap()).sum_all().unwrap(), &named).unwrap();
    assert!(missing.is_empty(), "no gradient for {missing:?}");
    let sum = |inputs: &[Tensor]| -> f64 {
        let y = weighted(&f(inputs).unwrap()).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        y.into_iter().map(f64::from).sum()
    };
    for (i, x) in inputs.iter().enumerate() {
        let gradient = found[&i.to_string()].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (at, &gradient) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut numbers = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                numbers[at] += by;
                let mut inputs = inputs.to_vec();
                inputs[i] = Tensor::from_vec(numbers, x.dims(), &Device::Cpu).unwrap();
                sum(&inputs)
            };
            let step = 1.0 / 128.0;
            let difference = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let error = (f64::from(gradient) - difference).abs() / difference.abs().max(1.0);
            assert!(error < 3e-3, "input {i} at {at}: gradient {gradient}, central difference {difference}");
        }
    }
}

#[test]
fn linear_gradient() {
    let inputs = [numbers("x", &[3, 5]), numbers("w", &[4, 5]), numbers("b", &[4])];
    check_gradient(&inputs, |t| Ok(ops::linear::linear(&t[0], &t[1], Some(&t[2]))?));
    check_gradient(&inputs[..2], |t| Ok(ops::linear::linear(&t[0], &t[1], None)?));
}

#[test]
fn cross_entropy_gradient() {
    let targets = Tensor::new(&[2u32, 0, 1], &Device::Cpu).unwrap();
    check_gradient(&[numbers("x", &[3, 4])], |t| Loss::CrossEntropy.forward(&t[0], &targets));
}

#[test]
fn relu_gradient() {
    // Away from the kink at 0, where a central difference says nothing.
    let x = Tensor::new(&[-0.9f32, -0.1, 0.2, 0.7], &Device::Cpu).unwrap();
    check_gradient(&[x], |t| Ok(ops::activation::Activation::Relu.forward(&t[0])?));
}

fn mlp() -> Net {
    let layers = vec![LayerSpec::linear(2, 16).unwrap(), LayerSpec::Relu, LayerSpec::linear(16, 2).unwrap()];
    let net = Net::sequential(layers).unwrap();
    net.draw(Seed(1), &Device::Cpu).unwrap();
    net
}

#[test]
fn a_small_net_learns_xor() {
    let net = mlp();
    let x = Tensor::new(&[[0f32, 0.], [0., 1.], [1., 0.], [1., 1.]], &Device::Cpu).unwrap();
    let y = Tensor::new(&[0u32, 1, 1, 0], &Device::Cpu).unwrap();
    let rate = 0.05;
    let spec = OptimizerSpec::AdamW { learning_rate: rate, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 };
    let mut optimizer = spec.build();
    let mut losses = Vec::new();
    for step in 0..200 {
        let predictions = net.forward(&x, Mode::Train { seed: Seed(1), step }).unwrap();
        let loss = Loss::CrossEntropy.forward(&predictions, &y).unwrap();
        let (gradients, missing) = gradients(&loss, &net.parameters()).unwrap();
        assert!(missing.is_empty());
        optimizer.step(&net.parameters(), &gradients, rate).unwrap();
        losses.push(loss.to_scalar::<f32>().unwrap());
    }
    assert!(losses[0] > 0.4 && losses[199] < 0.05, "{} {}", losses[0], losses[199]);
}
