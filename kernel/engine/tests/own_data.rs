//! Datasets of a user's own: batches, splits, augmentation by the run's seed, errors that name the example.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

#[path = "own/training.rs"]
mod training;

use candle_core::{Device, Tensor};
use candlewick_engine::data::{Dataset, Examples};
use candlewick_engine::nn::{LayerSpec, Net};
use candlewick_engine::run::{Options, Run, Validation, evaluate};
use candlewick_engine::{EngineError, Result, Seed, nn::Loss};
use candlewick_plugin_api::{Hook, NoHooks, Random};
use std::sync::{Arc, Mutex};
use training::{At, bits, options, to_end};

/// The digits, one by one; training sees them with noise when `noise` is above 0.
struct OneByOne {
    digits: Dataset,
    noise: f64,
    seen: Arc<Mutex<Vec<(usize, f64)>>>,
}

impl OneByOne {
    fn new(noise: f64) -> Self {
        Self { digits: Dataset::named("digits").unwrap(), noise, seen: Arc::default() }
    }
}

impl Examples for OneByOne {
    fn len(&self) -> usize {
        self.digits.len()
    }

    fn example(&self, index: usize) -> Result<(Tensor, Tensor)> {
        let (inputs, targets) = self.digits.batch(&[index as u32])?;
        Ok((inputs.squeeze(0)?, targets.squeeze(0)?))
    }

    fn augmented(&self, index: usize, random: &mut Random) -> Result<(Tensor, Tensor)> {
        let (inputs, target) = self.example(index)?;
        let drawn = random.normal();
        self.seen.lock().unwrap().push((index, drawn));
        Ok(((inputs + self.noise * drawn)?, target))
    }

    fn classes(&self) -> Option<Vec<String>> {
        self.digits.classes().map(<[String]>::to_vec)
    }
}

fn net() -> Net {
    Net::sequential(vec![LayerSpec::linear(64, 10).unwrap()]).unwrap()
}

fn trained(data: Dataset, options: Options) -> Vec<u32> {
    let net = net();
    let mut run = Run::new(net.clone(), data, options).unwrap();
    to_end(&mut run, &mut NoHooks);
    assert!(run.failure().is_none());
    bits(&net)
}

#[test]
fn rows_that_are_made_one_by_one_train_to_the_same_bits() {
    let own = Dataset::of("one_by_one", OneByOne::new(0.0)).unwrap();
    let whole = Dataset::named("digits").unwrap();
    assert_eq!((own.len(), own.input_shape(), own.classes()), (1797, &[64][..], whole.classes()));
    assert_eq!(trained(own.clone(), options()), trained(whole.clone(), options()));
    let (normal, normalization) = own.normalize().unwrap();
    assert_eq!(normalization, whole.normalize().unwrap().1);
    let rows = |data: &Dataset| data.reshape((8, 8)).unwrap().batch(&[5, 3]).unwrap().0.flatten_all().unwrap();
    let (ours, theirs) = (rows(&normal), rows(&whole.normalize().unwrap().0));
    assert_eq!(ours.to_vec1::<f32>().unwrap(), theirs.to_vec1::<f32>().unwrap());
    let drawn = net();
    drawn.draw(Seed(1), &Device::Cpu).unwrap();
    let measured = |data| evaluate(&drawn, data, Loss::CrossEntropy, &[]).unwrap();
    assert_eq!(measured(&own), measured(&whole));
}

#[test]
fn augmentation_follows_seed_epoch_and_index() {
    let gone_through = |seed| {
        let examples = OneByOne::new(0.1);
        let seen = examples.seen.clone();
        let bits = trained(Dataset::of("noisy", examples).unwrap(), Options { seed, ..options() });
        let seen = seen.lock().unwrap().clone();
        (bits, seen)
    };
    let (once, again, other) = (gone_through(42), gone_through(42), gone_through(43));
    assert_eq!(once, again);
    assert_ne!(once.1, other.1);
    // Every row of the training part once in each of two epochs, differently; no row of the validation part.
    assert_eq!(once.1.len(), 2 * 1438);
    let of = |index| once.1.iter().filter(move |(own, _)| *own == index).map(|(_, drawn)| *drawn).collect::<Vec<_>>();
    let counts: Vec<usize> = (0..1797).map(|index| of(index).len()).collect();
    assert!(counts.iter().all(|count| [0, 2].contains(count)));
    let first = once.1[0].0;
    assert_ne!(of(first)[0], of(first)[1]);
}

#[test]
fn a_resumed_run_sees_the_same_augmentation() {
    let folder = tempfile::tempdir().unwrap();
    let data = || Dataset::of("noisy", OneByOne::new(0.1)).unwrap();
    let given = |resume| Options { checkpoints: Some(folder.path().to_owned()), resume, ..options() };
    let (whole, resumed) = (net(), net());
    let ask = At(|hook, ctx: &mut candlewick_plugin_api::Context| {
        if hook == Hook::EndTrainingBatch && ctx.global_step == 50 {
            ctx.request_checkpoint();
        }
    });
    let mut ask = ask;
    to_end(&mut Run::new(whole.clone(), data(), given(None)).unwrap(), &mut ask);
    let resume = Some(folder.path().to_owned());
    to_end(&mut Run::new(resumed.clone(), data(), given(resume)).unwrap(), &mut NoHooks);
    assert_eq!(bits(&whole), bits(&resumed));
}

/// What goes wrong at one place.
struct Faulty(fn(usize) -> Result<(Tensor, Tensor)>);

impl Examples for Faulty {
    fn len(&self) -> usize {
        4
    }

    fn example(&self, index: usize) -> Result<(Tensor, Tensor)> {
        (self.0)(index)
    }

    fn target(&self, _: usize) -> Result<Tensor> {
        Ok(Tensor::new(1f32, &Device::Cpu)?)
    }
}

fn row(width: usize, value: f32) -> Result<(Tensor, Tensor)> {
    Ok((Tensor::full(value, width, &Device::Cpu)?, Tensor::new(1f32, &Device::Cpu)?))
}

#[test]
fn an_example_that_cannot_be_used_is_named() {
    let check = |example, expect: &str| {
        let data = Dataset::of("faulty", Faulty(example));
        let message = data.and_then(|data| data.batch(&[1, 3])).unwrap_err().to_string();
        assert_eq!(message, expect);
    };
    let wide = "dataset faulty: example 3 has inputs [3] of f32, but example 0 has [2] of f32";
    check(|index| row(if index == 3 { 3 } else { 2 }, 0.5), wide);
    let nan = "dataset faulty: example 3 holds NaN at place 0";
    check(|index| row(2, if index == 3 { f32::NAN } else { 0.5 }), nan);
    let fails = |index| match index {
        3 => Err(EngineError::Data("no such file".into())),
        _ => row(2, 0.5),
    };
    check(fails, "dataset faulty, example 3: no such file");
    check(|index| if index == 3 { panic!("oh") } else { row(2, 0.5) }, "dataset faulty, example 3 panicked: oh");
    check(
        |index| if index == 0 { Err(EngineError::Data("no".into())) } else { row(2, 0.5) },
        "dataset faulty, example 0: no",
    );
}

#[test]
fn values_as_targets_and_a_part_for_validation() {
    struct Line;
    impl Examples for Line {
        fn len(&self) -> usize {
            100
        }
        fn example(&self, index: usize) -> Result<(Tensor, Tensor)> {
            let x = index as f32 / 50.0 - 1.0;
            Ok((Tensor::new(&[x], &Device::Cpu)?, Tensor::new(&[2.0 * x + 1.0], &Device::Cpu)?))
        }
    }
    let data = Dataset::of("line", Line).unwrap();
    let net = Net::sequential(vec![LayerSpec::linear(1, 1).unwrap()]).unwrap();
    let mut given = Options { loss: Loss::Mse, epochs: 60, validation: Validation::Fraction(0.25), ..options() };
    given.set("learning_rate", candlewick_engine::run::OptionValue::Float(0.1)).unwrap();
    let mut run = Run::new(net.clone(), data, given).unwrap();
    to_end(&mut run, &mut NoHooks);
    assert!(run.context().validation_loss().unwrap() < 1e-3, "{:?}", run.context().validation_loss());
    let [slope, intercept] = ["0.weight", "0.bias"].map(|name| {
        let var = net.parameters().into_iter().find(|(own, _)| own == name).unwrap().1;
        var.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0]
    });
    assert!((slope - 2.0).abs() < 0.05 && (intercept - 1.0).abs() < 0.05, "{slope} {intercept}");
}
