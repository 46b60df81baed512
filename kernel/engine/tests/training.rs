//! Training on real data: it learns, it is repeatable to the bit, and it can be interrupted, stepped and resumed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

use candle_core::{Device, Tensor};
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{LayerSpec, Net};
use candlewick_engine::run::{Halt, OptionValue, Options, Run, Unit, Validation, drive, evaluate};
use candlewick_engine::{EngineError, nn::Loss};
use candlewick_plugin_api::{Context, Fired, Hook, HookSink, NoHooks, Outcome, RunId};
use serde_json::{Map, Value};

fn mlp() -> Net {
    let linear = |inputs, outputs| LayerSpec::linear(inputs, outputs).unwrap();
    Net::sequential(vec![linear(64, 32), LayerSpec::Relu, linear(32, 10)]).unwrap()
}

fn options() -> Options {
    let mut options = Options { epochs: 3, seed: 42, validation: Validation::Fraction(0.2), ..Options::default() };
    options.set("metrics", OptionValue::Texts(vec!["accuracy".into()])).unwrap();
    options.set("learning_rate", OptionValue::Float(0.003)).unwrap();
    options
}

fn to_end(run: &mut Run, hooks: &mut dyn HookSink) -> Halt {
    drive::<EngineError>(run, hooks, |_, _| Ok(false), |_, _| ()).unwrap()
}

fn bits(net: &Net) -> Vec<u32> {
    let flat = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    net.parameters().iter().flat_map(|(_, var)| flat(var)).map(f32::to_bits).collect()
}

/// Calls one closure at every hook.
struct At<F>(F);

impl<F: FnMut(Hook, &mut Context)> HookSink for At<F> {
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        (self.0)(hook, ctx);
        Fired::default()
    }
    fn states(&self, _: RunId) -> Map<String, Value> {
        Map::new()
    }
    fn restore(&mut self, _: RunId, _: &Map<String, Value>) {}
}

#[test]
fn digits_are_learnt_and_the_same_seed_gives_the_same_bits() {
    let train = |seed| {
        let net = mlp();
        let mut run = Run::new(net.clone(), Dataset::named("digits").unwrap(), Options { seed, ..options() }).unwrap();
        assert_eq!(to_end(&mut run, &mut NoHooks), Halt::Finished);
        assert_eq!(run.outcome(), Some(Outcome::Done));
        (net, run.context().validation_metrics["accuracy"])
    };
    let (one, accuracy) = train(42);
    assert!(accuracy > 0.9, "accuracy {accuracy}");
    assert_eq!(bits(&one), bits(&train(42).0));
    assert_ne!(bits(&one), bits(&train(43).0));
}

#[test]
fn stepping_gives_the_same_bits_as_running() {
    let digits = Dataset::named("digits").unwrap();
    let (stepped, whole) = (mlp(), mlp());
    let mut run = Run::new(whole.clone(), digits.clone(), options()).unwrap();
    to_end(&mut run, &mut NoHooks);
    let mut run = Run::new(stepped.clone(), digits, options()).unwrap();
    while let Halt::Reached(hook) =
        drive::<EngineError>(&mut run, &mut NoHooks, |_, hook| Ok(Unit::Batch.ends_at(hook)), |_, _| ()).unwrap()
    {
        assert_eq!(hook, Hook::EndTrainingBatch);
    }
    assert_eq!(bits(&whole), bits(&stepped));
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let digits = Dataset::named("digits").unwrap();
    let with_folder = || {
        let mut options = Options { accumulate: 2, checkpoints: Some(folder.path().to_owned()), ..options() };
        options.set("optimizer", OptionValue::Text("adamw".into())).unwrap();
        options
    };
    let whole = mlp();
    let mut run = Run::new(whole.clone(), digits.clone(), with_folder()).unwrap();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut Context| {
            if hook == Hook::EndTrainingBatch && ctx.global_step == 50 {
                ctx.working.extra.insert("seen".into(), 50.into());
                ctx.request_checkpoint();
            }
        }),
    );
    let end = run.context().clone();
    let resumed = mlp();
    let options = Options { resume: Some(folder.path().to_owned()), ..with_folder() };
    let mut run = Run::new(resumed.clone(), digits, options).unwrap();
    let mut hooks = Vec::new();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut Context| {
            if hooks.is_empty() || hook == Hook::LoadCheckpoint {
                hooks.push((hook, ctx.global_step));
            }
        }),
    );
    assert_eq!(hooks, [(Hook::StartTrainingSession, 0), (Hook::LoadCheckpoint, 51)]);
    assert_eq!(bits(&whole), bits(&resumed));
    assert_eq!(run.context().training_loss(), end.training_loss());
    assert_eq!(run.context().training_metrics, end.training_metrics);
    assert_eq!(run.context().working.extra["seen"], 50);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_another_net_too() {
    let folder = tempfile::tempdir().unwrap();
    let digits = Dataset::named("digits").unwrap();
    let options = |resume| {
        let checkpoints = Some(folder.path().to_owned());
        Options { epochs: 1, checkpoints, checkpoint_every: 1, resume, ..options() }
    };
    let mut run = Run::new(mlp(), digits.clone(), options(None)).unwrap();
    to_end(&mut run, &mut NoHooks);
    let path = run.newest_checkpoint().unwrap().to_owned();
    let refused = |net| Run::new(net, digits.clone(), options(Some(path.clone()))).err().unwrap().to_string();
    let other = Net::sequential(vec![LayerSpec::linear(64, 10).unwrap()]).unwrap();
    assert!(refused(other).contains("written with the layers"));
    let tensors = path.join("tensors.safetensors");
    let mut bytes = std::fs::read(&tensors).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&tensors, bytes).unwrap();
    assert!(refused(mlp()).contains("altered or cut off"));
}

#[test]
fn a_loss_that_is_not_a_number_ends_the_run_and_keeps_it_for_inspection() {
    let net = mlp();
    let mut run = Run::new(net.clone(), Dataset::named("digits").unwrap(), options()).unwrap();
    let mut ends = Vec::new();
    let mut before = Vec::new();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut Context| {
            if hook == Hook::StartTrainingBatch && ctx.global_step == 3 {
                let poison = (ctx.working.inputs.as_ref().unwrap() * f64::NAN).unwrap();
                ctx.working.inputs = Some(poison);
                before = bits(&net);
            }
            if ctx.outcome == Some(Outcome::Failed) {
                ends.push(hook);
            }
        }),
    );
    assert_eq!(ends, [Hook::EndTrainingBatch, Hook::EndTrainingLoop, Hook::EndEpoch, Hook::EndTrainingSession]);
    assert!(run.failure().unwrap().to_string().contains("loss became NaN"));
    assert!(run.failure().unwrap().to_string().starts_with("training stopped in epoch 0, batch 3: "));
    assert_eq!(before, bits(run.net()), "the bad batch must not reach the parameters");
    assert!(run.context().working.predictions.is_some());
}

#[test]
fn a_net_belongs_to_one_unfinished_run() {
    let digits = Dataset::named("digits").unwrap();
    let net = mlp();
    let mut first = Run::new(net.clone(), digits.clone(), options()).unwrap();
    let refused = Run::new(net.clone(), digits.clone(), options()).err().unwrap().to_string();
    assert!(refused.contains(&format!("run {}", first.id())) && refused.contains("net.copy()"), "{refused}");
    first.advance(&mut NoHooks).unwrap();
    first.stop("enough");
    assert_eq!(to_end(&mut first, &mut NoHooks), Halt::Finished);
    assert_eq!((first.outcome(), first.stop_reason()), (Some(Outcome::Stopped), Some("enough")));
    drop(Run::new(net.clone(), digits.clone(), options()).unwrap());
    assert!(Run::new(net, digits, options()).is_ok(), "a dropped run gives its net back");
}

#[test]
fn a_learning_rate_that_a_plugin_sets_stays() {
    let net = mlp();
    let mut run = Run::new(net, Dataset::named("digits").unwrap(), options()).unwrap();
    let mut rates = Vec::new();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut Context| match hook {
            Hook::EndEpoch => ctx.working.learning_rate *= 0.5,
            Hook::StartTrainingBatch if ctx.batch == Some(0) => rates.push(ctx.working.learning_rate),
            _ => {}
        }),
    );
    assert_eq!(rates, [0.003, 0.0015, 0.00075]);
}

#[test]
fn options_refuse_what_they_cannot_use() {
    let check = |name: &str, value: OptionValue, expect: &str| {
        let message = Options::default().set(name, value).err().map_or(String::new(), |error| error.to_string());
        assert!(message.contains(expect), "{name}: {message}");
    };
    check("epoch", OptionValue::Integer(3), "did you mean \"epochs\"?");
    check("epochs", OptionValue::Integer(0), "expects a whole number from 1, but was given 0");
    check("epochs", OptionValue::Text("3".into()), "but was given \"3\"");
    check("validation_split", OptionValue::Float(1.0), "from 0 to below 1");
    check("loss", OptionValue::Text("cross_entrpy".into()), "did you mean \"cross_entropy\"?");
    check("metrics", OptionValue::Texts(vec!["acuracy".into()]), "did you mean \"accuracy\"?");
    check("clip_norm", OptionValue::Integer(-1), "a number above 0");
}

#[test]
fn evaluate_measures_a_hand_worked_case() {
    // One linear layer with identity weights: logits are the inputs.
    let net = Net::sequential(vec![LayerSpec::linear(2, 2).unwrap()]).unwrap();
    net.draw(candlewick_engine::Seed(1), &Device::Cpu).unwrap();
    for (name, var) in net.parameters() {
        let eye = Tensor::from_vec(vec![1f32, 0., 0., 1.], (2, 2), &Device::Cpu).unwrap();
        let zero = Tensor::zeros(2, candle_core::DType::F32, &Device::Cpu).unwrap();
        var.set(if name.ends_with("weight") { &eye } else { &zero }).unwrap();
    }
    let inputs = Tensor::from_vec(vec![0f32, 0., 3., 0.], (2, 2), &Device::Cpu).unwrap();
    let targets = Tensor::from_vec(vec![0u32, 1], 2, &Device::Cpu).unwrap();
    let data = Dataset::new("hand", inputs, targets, None, vec!["a".into(), "b".into()]).unwrap();
    let measured = evaluate(&net, &data, Loss::CrossEntropy, &["accuracy".into()]).unwrap();
    // -ln(1/2) and -ln(1 / (1 + e³)), their mean
    let expect = (0.5f64.ln().abs() + (1.0 + 3f64.exp()).ln()) / 2.0;
    assert!((measured.loss - expect).abs() < 1e-6, "{} {expect}", measured.loss);
    assert_eq!(measured.metrics["accuracy"], 0.5);
}
