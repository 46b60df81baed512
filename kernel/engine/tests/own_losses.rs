//! Losses and optimizers of a user's own in a run: equal to built-in ones where they compute the same, named in
//! checkpoints, and resumed to the same bits.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

#[path = "own/training.rs"]
mod training;

use candle_core::{DType, Tensor, Var};
use candlewick_engine::Result;
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{Gradients, LayerSpec, Loss, Memories, Net, Optimize, OptimizerSpec, Step};
use candlewick_engine::run::{OptionValue, Options, Run, evaluate};
use candlewick_plugin_api::{Hook, NoHooks};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use training::{At, bits, options, to_end};

/// Gradient descent as the built-in one computes it without momentum, of candle's operations.
#[derive(Clone)]
struct Descent;

impl Optimize for Descent {
    fn step(&mut self, parameters: &[(String, Var)], gradients: &Gradients, step: Step) -> Result<()> {
        for (name, parameter) in parameters {
            let change = (&gradients[name] * step.learning_rate)?;
            parameter.set(&(parameter.as_detached_tensor() - change)?)?;
        }
        Ok(())
    }
}

/// Steps whose size falls with their number, with a memory of each parameter.
#[derive(Clone)]
struct HeavyBall {
    momentum: f64,
    memories: Memories,
}

impl Optimize for HeavyBall {
    fn step(&mut self, parameters: &[(String, Var)], gradients: &Gradients, step: Step) -> Result<()> {
        let rate = step.learning_rate / (step.number as f64).sqrt();
        for (name, parameter) in parameters {
            let velocity = &self.memories.of(name, parameter)?[0];
            velocity.set(&((velocity.as_detached_tensor() * self.momentum)? + &gradients[name])?)?;
            parameter.set(&(parameter.as_detached_tensor() - (velocity.as_detached_tensor() * rate)?)?)?;
        }
        Ok(())
    }

    fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        self.memories.state()
    }

    fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        self.memories.restore(state)
    }

    fn settings(&self) -> Map<String, Value> {
        Map::from_iter([("momentum".to_owned(), json!(self.momentum))])
    }
}

fn heavy_ball(momentum: f64) -> OptimizerSpec {
    OptimizerSpec::own("heavy_ball", 0.1, HeavyBall { momentum, memories: Memories::new(&["velocity"]) }).unwrap()
}

fn cross_entropy() -> Loss {
    Loss::own("surprise", |predictions: &Tensor, targets: &Tensor| candle_nn::loss::cross_entropy(predictions, targets))
}

fn net() -> Net {
    Net::sequential(vec![LayerSpec::linear(64, 10).unwrap()]).unwrap()
}

fn digits() -> Dataset {
    Dataset::named("digits").unwrap()
}

fn failure(options: Options) -> String {
    let mut run = Run::new(net(), digits(), options).unwrap();
    to_end(&mut run, &mut NoHooks);
    run.failure().unwrap().error.to_string()
}

#[test]
fn an_own_descent_is_equal_to_the_built_in_one() {
    let trained = |optimizer| {
        let net = net();
        to_end(&mut Run::new(net.clone(), digits(), Options { optimizer, ..options() }).unwrap(), &mut NoHooks);
        bits(&net)
    };
    // A rate that is a power of two: both then round once.
    let built_in = OptimizerSpec::with("sgd", &[("learning_rate", 0.125)]).unwrap();
    let own = OptimizerSpec::own("descent", 0.125, Descent).unwrap();
    assert_eq!(trained(own.clone()), trained(built_in));
    assert_ne!(trained(own), trained(heavy_ball(0.5)));
}

#[test]
fn an_own_loss_has_the_gradients_of_the_built_in_one() {
    let trained = |loss| {
        let net = net();
        let mut run = Run::new(net.clone(), digits(), Options { loss, ..options() }).unwrap();
        to_end(&mut run, &mut NoHooks);
        let losses = (run.context().training_loss().unwrap(), run.context().validation_loss().unwrap());
        (losses, run.context().hyperparameters["loss"].clone())
    };
    let (own, name) = trained(cross_entropy());
    let (built_in, _) = trained(Loss::CrossEntropy);
    assert_eq!(name, "surprise");
    assert!((own.0 - built_in.0).abs() < 1e-5 && (own.1 - built_in.1).abs() < 1e-5, "{own:?} {built_in:?}");
    let (trained_net, data) = (net(), digits());
    trained_net.draw(candlewick_engine::Seed(1), data.device()).unwrap();
    let measured = |loss| evaluate(&trained_net, &data, loss, &[]).unwrap().loss;
    assert!((measured(cross_entropy()) - measured(Loss::CrossEntropy)).abs() < 1e-5);
}

#[test]
fn both_are_resumed_to_the_same_bits_when_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let given = |resume| {
        let checkpoints = Some(folder.path().to_owned());
        Options { loss: cross_entropy(), optimizer: heavy_ball(0.9), checkpoints, resume, ..options() }
    };
    let whole = net();
    let mut run = Run::new(whole.clone(), digits(), given(None)).unwrap();
    let mut seen = Vec::new();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut candlewick_plugin_api::Context| {
            if hook == Hook::EndTrainingBatch && ctx.global_step == 50 {
                ctx.request_checkpoint();
                let optimizer = ctx.working.optimizer.clone().unwrap();
                seen = std::iter::once(optimizer.name()).chain(optimizer.state().into_keys()).collect();
            }
        }),
    );
    assert_eq!(seen, ["heavy_ball", "0.bias.velocity", "0.weight.velocity"]);
    let shown = &run.context().hyperparameters["optimizer"];
    assert_eq!(*shown, json!({ "kind": "own", "name": "heavy_ball", "learning_rate": 0.1, "momentum": 0.9 }));
    let (resumed, resume) = (net(), Some(folder.path().to_owned()));
    let mut run = Run::new(resumed.clone(), digits(), given(resume.clone())).unwrap();
    to_end(&mut run, &mut NoHooks);
    assert_eq!(bits(&whole), bits(&resumed));
    let check = |options: Options, expect: &str| {
        let message = Run::new(net(), digits(), options).err().unwrap().to_string();
        assert!(message.contains(expect), "{message}");
    };
    let loss = Loss::CrossEntropy;
    let expect = "written with the loss surprise, but this run has cross_entropy";
    check(Options { loss, ..given(resume.clone()) }, expect);
    check(Options { optimizer: heavy_ball(0.8), ..given(resume.clone()) }, "written with the optimizer {");
    check(Options { optimizer: OptimizerSpec::adamw(0.1), ..given(resume) }, "\"name\":\"heavy_ball\"");
}

#[test]
fn two_runs_share_no_memory() {
    let optimizer = heavy_ball(0.9);
    let trained = || {
        let net = net();
        let options = Options { optimizer: optimizer.clone(), ..options() };
        to_end(&mut Run::new(net.clone(), digits(), options).unwrap(), &mut NoHooks);
        bits(&net)
    };
    assert_eq!(trained(), trained());
}

#[test]
fn a_learning_rate_beside_an_own_optimizer_holds() {
    let mut options = Options::default();
    options.set("optimizer", OptionValue::Optimizer(heavy_ball(0.9))).unwrap();
    options.set("learning_rate", OptionValue::Float(0.25)).unwrap();
    options.set("loss", OptionValue::Loss(cross_entropy())).unwrap();
    assert_eq!((options.optimizer.name(), options.optimizer.learning_rate()), ("heavy_ball", 0.25));
    assert_eq!(options.loss.name(), "surprise");
    let check = |name, value, expect: &str| {
        let message = Options::default().set(name, value).unwrap_err().to_string();
        assert!(message.contains(expect), "{message}");
    };
    check("loss", OptionValue::Optimizer(heavy_ball(0.9)), "but was given the optimizer heavy_ball");
    check("optimizer", OptionValue::Loss(cross_entropy()), "but was given the loss surprise");
    check("optimizer", OptionValue::Integer(3), "one of your own (OptimizerSpec::own), but was given 3");
    let negative = OptimizerSpec::own("descent", -1.0, Descent).unwrap_err().to_string();
    assert_eq!(negative, "descent: learning_rate must be at least 0, not -1");
}

#[test]
fn mistakes_name_the_loss_and_the_optimizer() {
    let check = |loss: Loss, expect: &str| {
        let message = failure(Options { loss, ..options() });
        assert!(message.contains(expect), "{message}");
    };
    let many = Loss::own("many", |predictions: &Tensor, _: &Tensor| predictions.sqr());
    check(many, "the loss many gives one number (f32), but gave f32 of shape [32, 10]; .mean_all() makes one of many");
    let wrong = Loss::own("wrong", |predictions: &Tensor, targets: &Tensor| (predictions - targets)?.mean_all());
    check(wrong, "the loss wrong: shape mismatch in sub");
    let panics = Loss::own("panics", |_: &Tensor, _: &Tensor| -> Result<Tensor> { panic!("oh") });
    check(panics, "the loss panics panicked: oh");
    let infinite = Loss::own("infinite", |p: &Tensor, _: &Tensor| p.zeros_like()?.log()?.neg()?.mean_all());
    check(infinite, "the training loss became inf");

    #[derive(Clone)]
    struct Fails;
    impl Optimize for Fails {
        fn step(&mut self, parameters: &[(String, Var)], _: &Gradients, _: Step) -> Result<()> {
            Ok(parameters[0].1.set(&Tensor::zeros(3, DType::F32, &candle_core::Device::Cpu)?)?)
        }
    }
    let optimizer = OptimizerSpec::own("fails", 0.1, Fails).unwrap();
    let message = failure(Options { optimizer, ..options() });
    assert!(message.starts_with("the optimizer fails: "), "{message}");
}
