//! Nets in training and in use.

use super::{flat, numbers};
use crate::nn::{LayerSpec, Loss, Mode, Net, OptimizerSpec, gradients};
use crate::{EngineError, Seed};
use candle_core::{CpuStorage, DType, Device, Layout, Shape, Tensor};
use candlewick_plugin_api::Model;

const TRAIN: Mode = Mode::Train { seed: Seed(1), step: 0 };

fn net(layers: Vec<LayerSpec>) -> Net {
    let net = Net::sequential(layers).unwrap();
    net.draw(Seed(1), &Device::Cpu).unwrap();
    net
}

fn linear(inputs: usize, outputs: usize) -> LayerSpec {
    LayerSpec::linear(inputs, outputs).unwrap()
}

/// The sums of the gradients' magnitudes by parameter.
fn gradient_sizes(net: &Net, x: &Tensor) -> Vec<(String, f32)> {
    let loss = net.forward(x, TRAIN).unwrap().sqr().unwrap().sum_all().unwrap();
    let (found, missing) = gradients(&loss, &net.parameters()).unwrap();
    assert!(missing.is_empty(), "no gradient for {missing:?}");
    found.into_iter().map(|(name, g)| (name, flat(&g).into_iter().map(f32::abs).sum())).collect()
}

#[test]
fn a_small_net_learns_xor() {
    let net = net(vec![linear(2, 16), LayerSpec::Relu, linear(16, 2)]);
    let x = Tensor::new(&[[0f32, 0.], [0., 1.], [1., 0.], [1., 1.]], &Device::Cpu).unwrap();
    let y = Tensor::new(&[0u32, 1, 1, 0], &Device::Cpu).unwrap();
    let mut optimizer = OptimizerSpec::from_name("adamw").unwrap().build();
    let mut losses = Vec::new();
    for step in 0..200 {
        let predictions = net.forward(&x, Mode::Train { seed: Seed(1), step }).unwrap();
        let loss = Loss::CrossEntropy.forward(&predictions, &y).unwrap();
        let (gradients, _) = gradients(&loss, &net.parameters()).unwrap();
        optimizer.step(&net.parameters(), &gradients, 0.05).unwrap();
        losses.push(loss.to_scalar::<f32>().unwrap());
    }
    assert!(losses[0] > 0.4 && losses[199] < 0.05, "{} {}", losses[0], losses[199]);
}

#[test]
fn gradients_reach_below_every_layer() {
    let image = |layers: Vec<LayerSpec>| {
        let conv = LayerSpec::Conv2d { inputs: 1, outputs: 2, kernel: 3, stride: 1, padding: 1, bias: true };
        gradient_sizes(&net([vec![conv], layers].concat()), &numbers("x", &[3, 1, 4, 4]))
    };
    let flat = |layers: Vec<LayerSpec>| {
        gradient_sizes(&net([vec![linear(3, 6)], layers, vec![linear(6, 2)]].concat()), &numbers("x", &[4, 3]))
    };
    let all = [
        flat(vec![LayerSpec::layer_norm(6).unwrap()]),
        flat(vec![LayerSpec::batch_norm(6).unwrap()]),
        flat(vec![LayerSpec::Softmax]),
        flat(vec![LayerSpec::Gelu, LayerSpec::Silu, LayerSpec::Tanh, LayerSpec::Sigmoid]),
        flat(vec![LayerSpec::dropout(0.3).unwrap()]),
        flat(vec![LayerSpec::residual(vec![linear(6, 6), LayerSpec::Relu]).unwrap()]),
        image(vec![LayerSpec::batch_norm(2).unwrap(), LayerSpec::Relu, LayerSpec::max_pool2d(2).unwrap()]),
        image(vec![LayerSpec::Relu, LayerSpec::Flatten, linear(32, 2)]),
    ];
    for (name, size) in all.into_iter().flatten() {
        // A bias right before a normalisation over the batch has none by its nature.
        assert!(size > 1e-6 || name == "0.bias", "{name} has gradients of total size {size}");
    }
}

#[test]
fn a_residual_adds_its_input() {
    let inner = net(vec![linear(3, 3)]);
    let around = net(vec![LayerSpec::residual(vec![linear(3, 3)]).unwrap()]);
    for (name, var) in inner.parameters() {
        around.set_parameter(&format!("0.layers.{name}"), &var).unwrap();
    }
    let x = candle_core::Var::from_tensor(&numbers("x", &[2, 3])).unwrap();
    let y = around.forward(&x, TRAIN).unwrap();
    assert_eq!(flat(&y), flat(&(inner.forward(&x, TRAIN).unwrap() + x.as_tensor()).unwrap()));
    // d(sum)/dx = 1 + the column sums of the weight.
    let gradient = flat(y.sum_all().unwrap().backward().unwrap().get(&x).unwrap());
    let sums = flat(&inner.parameter("0.weight").unwrap().sum(0).unwrap());
    for (i, gradient) in gradient.into_iter().enumerate() {
        assert!((gradient - 1.0 - sums[i % 3]).abs() < 1e-6);
    }
}

#[test]
fn dropout_acts_in_training_only() {
    let net = net(vec![LayerSpec::dropout(0.25).unwrap()]);
    let x = Tensor::ones((100, 100), DType::F32, &Device::Cpu).unwrap();
    let train = |seed, step| flat(&net.forward(&x, Mode::Train { seed: Seed(seed), step }).unwrap());
    let y = train(1, 0);
    let zeros = y.iter().filter(|y| **y == 0.0).count();
    assert!((2300..2700).contains(&zeros), "{zeros} of 10000");
    assert!(y.iter().all(|y| *y == 0.0 || *y == 1.0 / 0.75));
    assert_eq!(y, train(1, 0));
    assert_ne!(y, train(1, 1));
    assert_ne!(y, train(2, 0));
    assert_eq!(flat(&net.forward(&x, Mode::Evaluate).unwrap()), flat(&x));
}

#[test]
fn batch_norm_uses_the_batch_in_training_and_running_statistics_in_use() {
    let net = net(vec![LayerSpec::batch_norm(2).unwrap()]);
    let x = Tensor::new(&[[1f32, 10.0], [3.0, 30.0]], &Device::Cpu).unwrap();
    let close = |found: &[f32], expect: [f32; 4]| {
        assert!(found.iter().zip(expect).all(|(a, b)| (a - b).abs() < 1e-3), "{found:?}, not {expect:?}");
    };
    close(&flat(&net.forward(&x, TRAIN).unwrap()), [-1.0, -1.0, 1.0, 1.0]);
    // Not permanent before the commit, so that an interrupted pass leaves no trace.
    close(&flat(&net.forward(&x, Mode::Evaluate).unwrap()), [1.0, 10.0, 3.0, 30.0]);
    net.forward(&x, TRAIN).unwrap();
    net.commit().unwrap();
    net.commit().unwrap();
    let buffers = net.buffers();
    assert_eq!([buffers[0].0.as_str(), buffers[1].0.as_str()], ["0.running_mean", "0.running_variance"]);
    // Momentum 0.1 of means 2 and 20, and of variances 2 and 200 (divided by count − 1).
    let running = [flat(&buffers[0].1), flat(&buffers[1].1)].concat();
    close(&running, [0.2, 2.0, 1.1, 20.9]);
    let message = net.forward(&numbers("x", &[1, 2]), TRAIN).unwrap_err().to_string();
    assert!(message.contains("layer 0 (batch_norm) expects at least 2 numbers of each channel"), "{message}");
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let check = |layers: Vec<LayerSpec>, x: &Tensor, expect: &str| {
        let message = net(layers).forward(x, Mode::Evaluate).unwrap_err().to_string();
        assert_eq!(message, expect);
    };
    let expect = "layer 0 (linear) expects […, 4], but was given [2, 5]";
    check(vec![linear(4, 3)], &numbers("x", &[2, 5]), expect);
    let whole = Tensor::new(&[[1u32, 2, 3, 4]], &Device::Cpu).unwrap();
    let expect = "layer 0 (linear) expects f32, but was given u32 of shape [1, 4]";
    check(vec![linear(4, 3)], &whole, expect);
    let expect = "layer 0 (embedding) expects whole numbers (u32), but was given f32 of shape [2, 5]";
    check(vec![LayerSpec::embedding(9, 3).unwrap()], &numbers("x", &[2, 5]), expect);
    let undrawn = Net::sequential(vec![linear(4, 3)]).unwrap();
    let message = undrawn.forward(&numbers("x", &[2, 4]), Mode::Evaluate).unwrap_err().to_string();
    assert!(message.contains("no parameters yet"), "{message}");
}

#[test]
fn equal_definitions_and_seeds_give_equal_parameters() {
    let layers = || vec![linear(4, 3), LayerSpec::Relu, linear(3, 4)];
    let bits = |net: &Net| net.parameters().iter().flat_map(|(_, var)| flat(var)).collect::<Vec<f32>>();
    let (one, two) = (net(layers()), net(layers()));
    assert_eq!(bits(&one), bits(&two));
    one.draw(Seed(2), &Device::Cpu).unwrap();
    assert_eq!(bits(&one), bits(&two), "drawing again is a no-op");
    one.redraw(Seed(2), &Device::Cpu).unwrap();
    assert_ne!(bits(&one), bits(&two));
    let names: Vec<String> = two.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.bias", "0.weight", "2.bias", "2.weight"]);
}

#[test]
fn a_copy_is_another_net() {
    let one = net(vec![linear(4, 3), LayerSpec::batch_norm(3).unwrap()]);
    one.set_owner(Some(7));
    let (same, copy) = (one.clone(), one.copy().unwrap());
    let x = numbers("x", &[2, 4]);
    let before = flat(&copy.predict(&x).unwrap());
    assert_eq!(flat(&one.predict(&x).unwrap()), before);
    one.set_parameter("0.bias", &numbers("bias", &[3])).unwrap();
    assert_eq!(flat(&copy.predict(&x).unwrap()), before);
    assert_ne!(flat(&same.predict(&x).unwrap()), before);
    assert_eq!((same.owner(), copy.owner()), (Some(7), None));
}

#[test]
fn evaluating_records_nothing() {
    let net = net(vec![linear(4, 3), LayerSpec::Relu]);
    let y = net.forward(&numbers("x", &[2, 4]), Mode::Evaluate).unwrap();
    assert!(!y.track_op());
    // The twins see what is written to the parameters.
    net.set_parameter("0.bias", &Tensor::new(&[9f32, 9.0, 9.0], &Device::Cpu).unwrap()).unwrap();
    assert!(flat(&net.forward(&numbers("x", &[2, 4]), Mode::Evaluate).unwrap()).iter().all(|y| *y > 5.0));
    let message = net.set_parameter("0.bios", &numbers("bias", &[3])).unwrap_err().to_string();
    assert!(message.contains("did you mean \"0.bias\"?"), "{message}");
    let message = net.set_parameter("0.bias", &numbers("bias", &[4])).unwrap_err().to_string();
    assert_eq!(message, "parameter 0.bias is f32 of shape [3], but was given f32 of shape [4]");
}

#[test]
fn predictions_come_in_pieces() {
    let net = net(vec![linear(4, 3)]);
    let x = numbers("x", &[2500, 4]);
    let y = net.predict(&x).unwrap();
    assert_eq!(y.dims(), [2500, 3]);
    let last = net.forward(&x.narrow(0, 2048, 452).unwrap(), Mode::Evaluate).unwrap();
    assert_eq!(flat(&y)[2048 * 3..], flat(&last));
    let message = net.predict(&numbers("x", &[0, 4])).unwrap_err().to_string();
    assert!(message.contains("nothing to predict"), "{message}");
}

#[test]
fn threads_do_not_change_the_bits() {
    let train = || {
        let conv = LayerSpec::Conv2d { inputs: 2, outputs: 8, kernel: 3, stride: 1, padding: 1, bias: true };
        let layers = vec![conv, LayerSpec::Relu, LayerSpec::max_pool2d(2).unwrap(), LayerSpec::Flatten];
        let net = net([layers, vec![linear(512, 256), LayerSpec::Gelu, linear(256, 5)]].concat());
        let x = numbers("x", &[64, 2, 16, 16]);
        let loss = net.forward(&x, TRAIN).unwrap().sqr().unwrap().mean_all().unwrap();
        let (found, _) = gradients(&loss, &net.parameters()).unwrap();
        found.values().flat_map(flat).map(f32::to_bits).collect::<Vec<u32>>()
    };
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(train);
    assert_eq!(with(1), with(2));
    assert_eq!(with(1), with(3));
}

#[test]
fn a_deep_chain_is_fine() {
    let mut layers = vec![linear(2, 2)];
    layers.extend((0..2000).map(|_| LayerSpec::Relu));
    let sizes = gradient_sizes(&net(layers), &numbers("x", &[4, 2]));
    assert_eq!(sizes.len(), 2);
}

#[test]
fn an_operation_that_cuts_the_gradient_is_named() {
    let net = net(vec![linear(3, 3), linear(3, 2)]);
    let parameters = net.parameters();
    let hidden = parameters[1].1.matmul(&numbers("x", &[3, 2])).unwrap().detach();
    let loss = parameters[3].1.matmul(&hidden).unwrap().sum_all().unwrap();
    let (found, missing) = gradients(&loss, &parameters).unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["1.weight"]);
    assert_eq!(missing, ["0.bias", "0.weight", "1.bias"]);
}

/// An operation whose backward pass gives no gradient for what it was made of: candle panics there.
struct Hole;

impl candle_core::CustomOp1 for Hole {
    fn name(&self) -> &'static str {
        "hole"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        Ok((x.clone(), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(None)
    }
}

#[test]
fn a_panic_in_the_backward_pass_is_an_error() {
    let net = net(vec![linear(3, 2)]);
    let y = net.forward(&numbers("x", &[2, 3]), TRAIN).unwrap().apply_op1(Hole).unwrap();
    let message = gradients(&y.sum_all().unwrap(), &net.parameters()).unwrap_err().to_string();
    assert!(message.starts_with("the backward pass failed: candle internal error"), "{message}");
}

#[test]
fn nets_that_make_no_sense() {
    let check = |layers, expect: &str| match Net::sequential(layers) {
        Err(error) => assert!(error.to_string().contains(expect), "{error}"),
        Ok(_) => panic!("accepted, expected {expect}"),
    };
    check(vec![], "a net needs at least one layer");
    check(vec![LayerSpec::Dropout { rate: 2.0 }], "dropout: rate must be at least 0 and below 1, not 2");
    check(vec![linear(3, 4), linear(5, 6)], "layer 1 (linear) expects […, 5], but was given […, 4]");
    let error = net(vec![linear(3, 4)]).check(&[2, 2]).unwrap_err();
    assert!(matches!(error, EngineError::Shape { .. }), "{error}");
}
