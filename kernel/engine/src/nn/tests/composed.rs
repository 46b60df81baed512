//! The compositions that other devices use give what the CPU's own operations give: values and gradients. They are
//! of candle's operations only, so they run on the CPU too.

use super::ops::activation::Activation;
use super::ops::difference::Difference;
use super::ops::window::Window;
use super::ops::{batch_norm, conv2d, cross_entropy, embedding, layer_norm, linear, max_pool2d, softmax};
use super::{flat, numbers};
use crate::nn::OptimizerSpec;
use candle_core::{DType, Device, Result, Tensor, Var};

/// Compares both functions' outputs and gradients.
fn check(
    name: &str,
    inputs: &[Tensor],
    own: impl Fn(&[Tensor]) -> Result<Tensor>,
    composed: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    let run = |f: &dyn Fn(&[Tensor]) -> Result<Tensor>| {
        let vars: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
        let tracked: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        let y = f(&tracked).unwrap();
        let gradients = (&y * numbers("d", y.dims())).unwrap().sum_all().unwrap().backward().unwrap();
        let gradients = vars.iter().map(|var| flat(gradients.get(var).unwrap()));
        [flat(&y)].into_iter().chain(gradients).collect::<Vec<_>>()
    };
    for (i, (own, composed)) in run(&own).into_iter().zip(run(&composed)).enumerate() {
        let far = own.iter().zip(&composed).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
        assert!(own.len() == composed.len() && far < 1e-5, "{name}, number {i} of output and gradients: {far}");
    }
}

#[test]
fn layers() {
    let (w, b) = (numbers("w", &[4, 5]), numbers("b", &[4]));
    let x = numbers("x", &[2, 3, 5]);
    check(
        "linear",
        &[x.clone(), w, b],
        |t| linear::linear(&t[0], &t[1], Some(&t[2])),
        |t| linear::composed(&t[0], &t[1], Some(&t[2])),
    );
    for activation in [Activation::Relu, Activation::Gelu, Activation::Silu, Activation::Tanh, Activation::Sigmoid] {
        let x = x.clone();
        check(&format!("{activation:?}"), &[x], |t| activation.forward(&t[0]), |t| activation.composed(&t[0]));
    }
    check("softmax", std::slice::from_ref(&x), |t| softmax::softmax(&t[0]), |t| softmax::composed(&t[0]));
    let ids = Tensor::new(&[[0u32, 2], [2, 1]], &Device::Cpu).unwrap();
    let table = numbers("table", &[3, 4]);
    check("embedding", &[table], |t| embedding::embedding(&t[0], &ids), |t| embedding::composed(&t[0], &ids));
    check(
        "layer_norm",
        &[x, numbers("w", &[5]), numbers("b", &[5])],
        |t| layer_norm::layer_norm(&t[0], &t[1], &t[2], 1e-5),
        |t| layer_norm::composed(&t[0], &t[1], &t[2], 1e-5),
    );
}

#[test]
fn layers_of_images() {
    let x = numbers("x", &[3, 2, 6, 6]);
    for (stride, relu) in [(1, false), (2, true)] {
        let window = Window { kernel: 3, stride, padding: 1 };
        check(
            "conv2d",
            &[x.clone(), numbers("w", &[4, 2, 3, 3]), numbers("b", &[4])],
            |t| conv2d::conv2d(&t[0], &t[1], Some(&t[2]), window, relu),
            |t| conv2d::composed(&t[0], &t[1], Some(&t[2]), window, relu),
        );
    }
    for (kernel, stride) in [(2, 2), (3, 1)] {
        check(
            "max_pool2d",
            std::slice::from_ref(&x),
            |t| max_pool2d::max_pool2d(&t[0], kernel, stride),
            |t| max_pool2d::composed(&t[0], Window { kernel, stride, padding: 0 }),
        );
    }
    for batch in [true, false] {
        check(
            "batch_norm",
            &[x.clone(), numbers("w", &[2]), numbers("b", &[2])],
            |t| {
                let (mean, variance) = batch_norm::statistics(&t[0])?;
                batch_norm::batch_norm(&t[0], &t[1], &t[2], (&mean, &variance), 1e-5, batch)
            },
            |t| {
                let (mean, variance) = batch_norm::composed_statistics(&t[0].detach())?;
                batch_norm::composed(&t[0], &t[1], &t[2], (&mean, &variance), 1e-5, batch)
            },
        );
    }
}

#[test]
fn losses() {
    let (x, targets) = (numbers("x", &[4, 3]), numbers("targets", &[4, 3]));
    let classes = Tensor::new(&[0u32, 2, 1, 1], &Device::Cpu).unwrap();
    let x = [x];
    check(
        "cross_entropy",
        &x,
        |t| cross_entropy::cross_entropy(&t[0], &classes),
        |t| cross_entropy::composed(&t[0], &classes),
    );
    for loss in [Difference::Squared, Difference::Absolute, Difference::BinaryCrossEntropy] {
        check(&format!("{loss:?}"), &x, |t| loss.mean(&t[0], &targets), |t| loss.composed(&t[0], &targets));
    }
}

#[test]
fn optimizers() {
    let sgd = |momentum, nesterov| OptimizerSpec::Sgd { learning_rate: 0.1, momentum, nesterov, weight_decay: 0.1 };
    let named = |name| OptimizerSpec::from_name(name).unwrap();
    for spec in [named("adamw"), named("lion"), sgd(0.0, false), sgd(0.9, false), sgd(0.9, true)] {
        let run = |composed: bool| {
            let var = Var::from_tensor(&numbers("parameter", &[20])).unwrap();
            let zeros = |_| Var::zeros(20, DType::F32, &Device::Cpu).unwrap();
            let memories: Vec<Var> = spec.memories().iter().map(zeros).collect();
            for step in 1..=3 {
                let gradient = numbers(&format!("gradient {step}"), &[20]);
                spec.update((&var, &gradient), &memories, 0.1, step, composed).unwrap();
            }
            flat(&var)
        };
        let far = run(true).iter().zip(run(false)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-6, "{spec:?}: {far}");
    }
}
