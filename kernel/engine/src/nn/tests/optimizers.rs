//! Five steps of every optimizer against values from elsewhere; gradients measured, clipped, summed.

use super::{flat, numbers};
use crate::nn::{Gradients, Optimizer, OptimizerSpec, accumulate, clip, global_norm};
use candle_core::{Device, Tensor, Var};

const START: [f32; 3] = [0.5, -1.0, 2.0];
const GRADIENTS: [[f32; 3]; 5] =
    [[0.1, -0.2, 0.3], [0.05, 0.4, -0.6], [-0.3, 0.2, 0.0], [0.7, -0.1, 0.25], [-0.05, 0.15, -0.45]];

fn parameter() -> Vec<(String, Var)> {
    vec![("0.weight".to_owned(), Var::new(&START, &Device::Cpu).unwrap())]
}

fn gradient(step: usize) -> Gradients {
    Gradients::from([("0.weight".to_owned(), Tensor::new(&GRADIENTS[step], &Device::Cpu).unwrap())])
}

fn steps(optimizer: &mut Optimizer, parameters: &[(String, Var)], which: std::ops::Range<usize>) {
    let rate = optimizer.spec().learning_rate();
    which.for_each(|step| optimizer.step(parameters, &gradient(step), rate).unwrap());
}

fn sgd(momentum: f64, nesterov: bool, weight_decay: f64) -> OptimizerSpec {
    OptimizerSpec::Sgd { learning_rate: 0.1, momentum, nesterov, weight_decay }
}

fn adamw(learning_rate: f64, beta1: f64, beta2: f64, eps: f64, weight_decay: f64) -> OptimizerSpec {
    OptimizerSpec::AdamW { learning_rate, beta1, beta2, eps, weight_decay }
}

fn lion() -> OptimizerSpec {
    OptimizerSpec::Lion { learning_rate: 0.01, beta1: 0.9, beta2: 0.99, weight_decay: 0.1 }
}

/// The expected values were computed in f64 by a Python script of 40 lines that writes out the papers' formulas
/// (for sgd those of PyTorch's documentation) without any library.
#[test]
fn five_steps_equal_an_independent_implementation() {
    let check = |spec: OptimizerSpec, expect: [f32; 3]| {
        let parameters = parameter();
        steps(&mut spec.build(), &parameters, 0..5);
        for (found, expect) in flat(&parameters[0].1).into_iter().zip(expect) {
            assert!((found - expect).abs() < 1e-6, "{spec:?}: {found}, not {expect}");
        }
    };
    check(adamw(0.1, 0.9, 0.999, 1e-8, 0.01), [0.267_562_6, -1.053_749_6, 1.986_633_6]);
    check(adamw(0.02, 0.8, 0.95, 1e-3, 0.0), [0.454_771, -1.013_885_2, 2.000_988]);
    check(sgd(0.0, false, 0.0), [0.45, -1.045, 2.05]);
    check(sgd(0.0, false, 0.1), [0.426_140_6, -0.995_292_1, 1.951_630_2]);
    check(sgd(0.9, false, 0.01), [0.388_770_2, -1.092_661_1, 2.054_759]);
    check(sgd(0.9, true, 0.01), [0.347_645_1, -1.123_208_3, 2.089_256_7]);
    check(lion(), [0.487_564_9, -1.005_01, 2.000_02]);
}

#[test]
fn state_restored_continues_to_the_same_bits() {
    for spec in [sgd(0.0, false, 0.0), sgd(0.9, true, 0.01), adamw(0.1, 0.9, 0.999, 1e-8, 0.01), lion()] {
        let (mut optimizer, parameters) = (spec.build(), parameter());
        steps(&mut optimizer, &parameters, 0..3);
        let (count, state, numbers) = (optimizer.steps(), optimizer.state().unwrap(), flat(&parameters[0].1));
        steps(&mut optimizer, &parameters, 3..5);
        let mut again = spec.build();
        again.restore(count, &state).unwrap();
        let restored = vec![("0.weight".to_owned(), Var::new(numbers.as_slice(), &Device::Cpu).unwrap())];
        steps(&mut again, &restored, 3..5);
        assert_eq!(flat(&parameters[0].1), flat(&restored[0].1), "{spec:?}");
        assert_eq!(again.steps(), 5);
        let bits = |optimizer: &Optimizer| optimizer.state().unwrap().values().flat_map(flat).collect::<Vec<f32>>();
        assert_eq!(bits(&again), bits(&optimizer), "{spec:?}");
    }
}

#[test]
fn state_of_another_kind_is_refused() {
    let mut optimizer = lion().build();
    let of_adamw = [("0.weight.m", 3), ("0.weight.v", 3)].map(|(key, n)| (key.to_owned(), numbers(key, &[n]))).into();
    let message = optimizer.restore(1, &of_adamw).unwrap_err().to_string();
    assert_eq!(message, "the optimizer lion: \"0.weight.v\" is not state of it");
    let mut optimizer = adamw(0.1, 0.9, 0.999, 1e-8, 0.0).build();
    let half = [("0.weight.m".to_owned(), numbers("m", &[3]))].into();
    let message = optimizer.restore(1, &half).unwrap_err().to_string();
    assert_eq!(message, "the optimizer adamw: its state lacks \"0.weight.v\"");
    assert_eq!(optimizer.steps(), 0);
}

#[test]
fn a_gradient_of_another_shape_changes_nothing() {
    let (mut optimizer, parameters) = (lion().build(), parameter());
    let wrong = Gradients::from([("0.weight".to_owned(), numbers("g", &[2]))]);
    let message = optimizer.step(&parameters, &wrong, 0.1).unwrap_err().to_string();
    assert_eq!(message, "the gradient of 0.weight is f32 of shape [2], but the parameter is f32 of shape [3]");
    assert_eq!((optimizer.steps(), flat(&parameters[0].1)), (0, START.to_vec()));
}

#[test]
fn norm_clip_and_sum() {
    let tensor = |numbers: &[f32]| Tensor::new(numbers, &Device::Cpu).unwrap();
    let mut gradients = Gradients::from([("a".to_owned(), tensor(&[3.0])), ("b".to_owned(), tensor(&[0.0, 4.0]))]);
    assert_eq!(global_norm(&gradients).unwrap(), 5.0);
    clip(&mut gradients, 10.0, 5.0).unwrap();
    assert_eq!(flat(&gradients["b"]), [0.0, 4.0]);
    clip(&mut gradients, 2.5, 5.0).unwrap();
    assert_eq!((flat(&gradients["a"]), flat(&gradients["b"])), (vec![1.5], vec![0.0, 2.0]));
    assert!(clip(&mut gradients, 0.0, 5.0).unwrap_err().to_string().contains("clip_norm must be above 0, not 0"));
    let mut sum = Gradients::new();
    accumulate(&mut sum, &gradients).unwrap();
    accumulate(&mut sum, &gradients).unwrap();
    assert_eq!((flat(&sum["a"]), flat(&sum["b"])), (vec![3.0], vec![0.0, 4.0]));
}
