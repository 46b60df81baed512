//! Gradients and values of every layer's and loss's operation.

use super::ops::activation::Activation;
use super::ops::batch_norm::{batch_norm, statistics};
use super::ops::conv2d::conv2d;
use super::ops::embedding::embedding;
use super::ops::layer_norm::layer_norm;
use super::ops::linear::linear;
use super::ops::max_pool2d::max_pool2d;
use super::ops::softmax::softmax;
use super::ops::window::Window;
use super::{check_gradient, flat, numbers};
use crate::Seed;
use crate::nn::Loss;
use candle_core::{Device, Tensor};

/// Numbers 0.03 apart and away from 0, in random order, so that no central difference crosses a kink. An even count.
fn apart(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let mut numbers: Vec<f32> = (0..count).map(|i| (i as f32 - count as f32 / 2.0 + 0.5) * 0.03).collect();
    Seed(2).stream("apart").shuffle(&mut numbers);
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

#[test]
fn linear_gradient() {
    let inputs = [numbers("x", &[2, 3, 5]), numbers("w", &[4, 5]), numbers("b", &[4])];
    check_gradient(&inputs, |t| Ok(linear(&t[0], &t[1], Some(&t[2]))?));
    check_gradient(&inputs[..2], |t| Ok(linear(&t[0], &t[1], None)?));
}

#[test]
fn activation_gradients() {
    use Activation::{Gelu, Relu, Sigmoid, Silu, Tanh};
    for activation in [Relu, Gelu, Silu, Tanh, Sigmoid] {
        check_gradient(&[apart(&[7, 8])], |t| Ok(activation.forward(&t[0])?));
    }
}

#[test]
fn activation_values() {
    // Computed with Python's math module in f64: erf, exp, tanh.
    let check = |activation: Activation, expect: [f32; 4]| {
        let y = activation.forward(&Tensor::new(&[-2f32, -0.5, 0.5, 2.0], &Device::Cpu).unwrap()).unwrap();
        for (y, expect) in flat(&y).into_iter().zip(expect) {
            assert!((y - expect).abs() < 1e-6, "{activation:?}: {y}, not {expect}");
        }
    };
    check(Activation::Relu, [0.0, 0.0, 0.5, 2.0]);
    check(Activation::Gelu, [-0.045_500_26, -0.154_268_7, 0.345_731_2, 1.954_499_7]);
    check(Activation::Silu, [-0.238_405_8, -0.188_770_3, 0.311_229_6, 1.761_594_2]);
    check(Activation::Tanh, [-0.964_027_5, -0.462_117_1, 0.462_117_1, 0.964_027_5]);
    check(Activation::Sigmoid, [0.119_202_9, 0.377_540_6, 0.622_459_3, 0.880_797_1]);
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    let x = Tensor::new(&[[[[f32::NAN, 1.0], [2.0, 3.0]]]], &Device::Cpu).unwrap();
    assert!(flat(&Activation::Relu.forward(&x).unwrap())[0].is_nan());
    assert!(flat(&max_pool2d(&x, 2, 2).unwrap())[0].is_nan());
    let last = Tensor::new(&[[[[2f32, 1.0], [2.0, f32::NAN]]]], &Device::Cpu).unwrap();
    assert!(flat(&max_pool2d(&last, 2, 1).unwrap())[0].is_nan());
}

#[test]
fn softmax_gradient_and_sum() {
    check_gradient(&[numbers("x", &[3, 5])], |t| Ok(softmax(&t[0])?));
    let rows = softmax(&Tensor::new(&[[1e4f32, 0.0], [-1e4, -1e4]], &Device::Cpu).unwrap()).unwrap();
    assert_eq!(flat(&rows), [1.0, 0.0, 0.5, 0.5]);
}

#[test]
fn conv2d_gradient() {
    let check = |kernel, stride, padding| {
        let window = Window { kernel, stride, padding };
        // More images than one group of the weight gradient.
        let inputs = [numbers("x", &[9, 2, 5, 4]), numbers("w", &[3, 2, kernel, kernel]), numbers("b", &[3])];
        check_gradient(&inputs, |t| Ok(conv2d(&t[0], &t[1], Some(&t[2]), window, false)?));
        check_gradient(&inputs[..2], |t| Ok(conv2d(&t[0], &t[1], None, window, false)?));
    };
    check(3, 1, 1);
    check(2, 2, 0);
    check(3, 2, 1);
    check(1, 1, 0);
}

#[test]
fn conv2d_equals_the_plain_sum() {
    let (x, w) = (numbers("x", &[2, 3, 6, 7]), numbers("w", &[4, 3, 3, 3]));
    for (stride, padding) in [(1, 0), (1, 1), (2, 1), (3, 2)] {
        let window = Window { kernel: 3, stride, padding };
        let own = conv2d(&x, &w, None, window, false).unwrap();
        let candles = x.conv2d(&w, padding, stride, 1, 1).unwrap();
        assert_eq!(own.dims(), candles.dims());
        assert!(flat(&own).iter().zip(flat(&candles)).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

#[test]
fn conv2d_with_relu_is_conv2d_then_relu() {
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    let inputs = [numbers("x", &[2, 2, 4, 4]), numbers("w", &[3, 2, 3, 3]), numbers("b", &[3])];
    let run = |fused: bool| {
        let vars: Vec<_> = inputs.iter().map(|t| candle_core::Var::from_tensor(t).unwrap()).collect();
        let y = conv2d(&vars[0], &vars[1], Some(&vars[2]), window, fused).unwrap();
        let y = if fused { y } else { Activation::Relu.forward(&y).unwrap() };
        let gradients = (&y * numbers("d", y.dims())).unwrap().sum_all().unwrap().backward().unwrap();
        let gradients = vars.iter().map(|var| flat(gradients.get(var).unwrap())).collect::<Vec<_>>();
        (flat(&y), gradients)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn max_pool2d_gradient() {
    for (kernel, stride) in [(2, 2), (3, 3), (3, 1), (2, 3)] {
        check_gradient(&[apart(&[2, 2, 6, 7])], |t| Ok(max_pool2d(&t[0], kernel, stride)?));
    }
}

#[test]
fn max_pool2d_equals_candles() {
    let x = numbers("x", &[2, 3, 9, 8]);
    for size in [2, 3] {
        let candles = x.max_pool2d(size).unwrap();
        assert_eq!(flat(&max_pool2d(&x, size, size).unwrap()), flat(&candles));
    }
}

#[test]
fn embedding_gradient() {
    let ids = Tensor::new(&[[0u32, 2, 2], [4, 0, 2]], &Device::Cpu).unwrap();
    let table = numbers("table", &[5, 3]);
    // Row 1 and 3 are never used: their gradient is 0, not missing.
    check_gradient(std::slice::from_ref(&table), |t| Ok(embedding(&t[0], &ids)?));
    let wrong = Tensor::new(&[5u32], &Device::Cpu).unwrap();
    let message = embedding(&table, &wrong).unwrap_err().to_string();
    assert!(message.contains("number 5 is out of range: the embedding has 5 rows"), "{message}");
}

#[test]
fn layer_norm_gradient() {
    let inputs = [numbers("x", &[2, 2, 19]), numbers("w", &[19]), numbers("b", &[19])];
    check_gradient(&inputs, |t| Ok(layer_norm(&t[0], &t[1], &t[2], 1e-5)?));
}

#[test]
fn batch_norm_gradient() {
    for shape in [&[6, 3][..], &[3, 3, 2, 2]] {
        let inputs = [numbers("x", shape), numbers("w", &[3]), numbers("b", &[3])];
        check_gradient(&inputs, |t| {
            let (mean, variance) = statistics(&t[0])?;
            Ok(batch_norm(&t[0], &t[1], &t[2], (&mean, &variance), 1e-5, true)?)
        });
        let (mean, variance) = (numbers("mean", &[3]), numbers("variance", &[3]).affine(0.2, 1.0).unwrap());
        check_gradient(&inputs, |t| Ok(batch_norm(&t[0], &t[1], &t[2], (&mean, &variance), 1e-5, false)?));
    }
}

#[test]
fn loss_gradients() {
    let classes = Tensor::new(&[2u32, 0, 1], &Device::Cpu).unwrap();
    check_gradient(&[numbers("x", &[3, 4])], |t| Loss::CrossEntropy.forward(&t[0], &classes));
    let targets = apart(&[5, 3]).affine(-0.7, 0.013).unwrap();
    for loss in [Loss::Mse, Loss::Mae, Loss::BceWithLogits] {
        check_gradient(&[apart(&[5, 3])], |t| loss.forward(&t[0], &targets));
    }
}

#[test]
fn loss_values() {
    let predictions = Tensor::new(&[[0.5f32, -1.0, 2.0], [0.0, 3.0, -2.0]], &Device::Cpu).unwrap();
    let targets = Tensor::new(&[[0f32, 1.0, 1.0], [1.0, 0.0, 0.25]], &Device::Cpu).unwrap();
    let classes = Tensor::new(&[2u32, 0], &Device::Cpu).unwrap();
    // Computed in f64 with Python's math module from each loss's definition.
    let check = |loss: Loss, targets: &Tensor, expect: f32| {
        let found = loss.forward(&predictions, targets).unwrap().to_scalar::<f32>().unwrap();
        assert!((found - expect).abs() < 2e-6, "{loss:?}: {found}, not {expect}");
    };
    check(Loss::CrossEntropy, &classes, CROSS_ENTROPY);
    check(Loss::Mse, &targets, MSE);
    check(Loss::Mae, &targets, MAE);
    check(Loss::BceWithLogits, &targets, BCE);
}

const CROSS_ENTROPY: f32 = 1.6481482;
const MSE: f32 = 3.3854166;
const MAE: f32 = 1.625;
const BCE: f32 = 1.1304882;
