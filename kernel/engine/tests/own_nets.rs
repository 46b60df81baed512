//! Nets of a user's own module: equal to built-in ones where they compute the same, and able to do all that those do.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

#[path = "own/training.rs"]
mod training;

use candle_core::{DType, Device, Module, ModuleT, Tensor};
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{Block, Buffer, Forward, Init, LayerSpec, Mode, Net, Parameters};
use candlewick_engine::run::{Options, Run};
use candlewick_engine::{EngineError, Result, Seed};
use candlewick_plugin_api::{Hook, NoHooks};
use training::{At, bits, kept, options, to_end};

/// A layer, relu, a layer; the names are those that `sequential` would give.
struct Mlp(Block, Block);

impl Mlp {
    fn new(parameters: &Parameters<'_>) -> Result<Self> {
        Ok(Self(parameters.linear("0", 64, 32)?, parameters.linear("2", 32, 10)?))
    }
}

impl Forward for Mlp {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.1.forward(&self.0.forward(x, mode)?.relu()?, mode)
    }
}

/// Everything that is random or remembered: dropout, noise, batch normalisation of ours and of candle-nn, a buffer.
struct Lively {
    hidden: Block,
    norm: Block,
    their_norm: candle_nn::BatchNorm,
    their_output: candle_nn::Linear,
    mean: Buffer,
    scale: Tensor,
}

impl Lively {
    fn new(parameters: &Parameters<'_>) -> Result<Self> {
        let inside = parameters.within("inside");
        let builder = inside.builder();
        Ok(Self {
            hidden: parameters.linear("hidden", 64, 16)?,
            norm: inside.layer("norm", LayerSpec::batch_norm(16)?)?,
            their_norm: candle_nn::batch_norm(16, 1e-5, builder.pp("their_norm"))?,
            their_output: candle_nn::linear(16, 10, builder.pp("output"))?,
            mean: parameters.buffer("mean", 64, Init::Constant(0.0))?,
            scale: parameters.parameter("scale", 16, Init::Normal { mean: 1.0, deviation: 0.1 })?,
        })
    }
}

impl Forward for Lively {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let centered = x.broadcast_sub(&self.mean.tensor())?;
        if mode.is_train() {
            self.mean.set(&((self.mean.tensor() * 0.9)? + (x.mean(0)? * 0.1)?)?);
        }
        let hidden = self.norm.forward(&self.hidden.forward(&centered, mode)?, mode)?;
        let hidden = self.their_norm.forward_t(&hidden.tanh()?, mode.is_train())?.broadcast_mul(&self.scale)?;
        let noisy = match mode.random("noise") {
            Some(mut random) => (hidden + 0.01 * random.normal())?,
            None => hidden,
        };
        Ok(self.their_output.forward(&mode.dropout(&noisy, 0.2, "noisy")?)?)
    }
}

fn mlp() -> Net {
    Net::of("mlp", Mlp::new).unwrap()
}

fn lively() -> Net {
    Net::of("lively", Lively::new).unwrap()
}

fn digits() -> Dataset {
    Dataset::named("digits").unwrap()
}

fn built_in() -> Net {
    let linear = |inputs, outputs| LayerSpec::linear(inputs, outputs).unwrap();
    Net::sequential(vec![linear(64, 32), LayerSpec::Relu, linear(32, 10)]).unwrap()
}

fn trained(net: &Net) -> Vec<u32> {
    to_end(&mut Run::new(net.clone(), digits(), options()).unwrap(), &mut NoHooks);
    bits(net)
}

#[test]
fn a_net_of_the_same_layers_trains_to_the_same_bits_as_a_built_in_one() {
    let candles = Net::of("candles", |parameters| {
        let (one, two) = (parameters.linear("0", 64, 32)?, parameters.linear("2", 32, 10)?);
        let evaluate = |block: &Block, x: &Tensor| block.forward(x, Mode::Train { seed: Seed(0), step: 0 });
        // A closure is a candle module.
        Ok(move |x: &Tensor| {
            let told = candle_core::Error::wrap;
            evaluate(&two, &evaluate(&one, x).map_err(told)?.relu()?).map_err(told)
        })
    });
    let expect = trained(&built_in());
    assert_eq!(trained(&mlp()), expect);
    assert_eq!(trained(&candles.unwrap()), expect);
    assert_ne!(trained(&lively()), expect);
}

#[test]
fn a_layer_of_ones_own_stands_among_built_in_ones() {
    let linear = |inputs, outputs| LayerSpec::linear(inputs, outputs).unwrap();
    let relu = LayerSpec::own("my_relu", |_| Ok(|x: &Tensor| x.relu()));
    let scale = LayerSpec::own("scale", |parameters| {
        let scale = parameters.parameter("scale", 10, Init::Constant(1.0))?;
        Ok(move |x: &Tensor| x.broadcast_mul(&scale))
    });
    let net = Net::sequential(vec![linear(64, 32), relu, linear(32, 10)]).unwrap();
    assert_eq!(trained(&net), trained(&built_in()));
    let residual = LayerSpec::residual(vec![scale.clone()]).unwrap();
    let net = Net::sequential(vec![linear(64, 10), scale, residual]).unwrap();
    net.draw(Seed(1), &Device::Cpu).unwrap();
    let names: Vec<String> = net.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.bias", "0.weight", "1.scale", "2.layers.0.scale"]);
    let rows = net.summary(Some(&[5, 64])).unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.kind.as_str(), row.parameters)).collect();
    let expect = [
        ("0", "linear", 650),
        ("1", "scale", 0),
        ("1.scale", "parameter", 10),
        ("2", "residual", 0),
        ("2.layers.0", "scale", 0),
        ("2.layers.0.scale", "parameter", 10),
    ];
    assert_eq!(rows, expect);
}

#[test]
fn parameters_and_buffers_by_name() {
    let net = lively();
    assert!(!net.is_drawn() && net.name() == "lively");
    net.draw(Seed(3), &Device::Cpu).unwrap();
    let names = |slots: Vec<(String, candle_core::Var)>| slots.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let parameters = [
        "hidden.bias",
        "hidden.weight",
        "inside.norm.bias",
        "inside.norm.weight",
        "inside.output.bias",
        "inside.output.weight",
        "inside.their_norm.bias",
        "inside.their_norm.weight",
        "scale",
    ];
    assert_eq!(names(net.parameters()), parameters);
    let buffers = [
        "inside.norm.running_mean",
        "inside.norm.running_variance",
        "inside.their_norm.running_mean",
        "inside.their_norm.running_var",
        "mean",
    ];
    assert_eq!(names(net.buffers()), buffers);
    let again = lively();
    again.draw(Seed(3), &Device::Cpu).unwrap();
    assert_eq!(bits(&net), bits(&again));
    again.redraw(Seed(4), &Device::Cpu).unwrap();
    assert_ne!(bits(&net), bits(&again));
    let count: usize = net.summary(None).unwrap().iter().map(|row| row.parameters).sum();
    assert_eq!(count, 64 * 16 + 16 + 32 + 32 + 16 * 10 + 10 + 16);
    assert_eq!(net.check(&[7, 64]).unwrap(), [7, 10]);
}

#[test]
fn candle_nn_draws_from_the_seed_as_it_would_itself() {
    let net = Net::of("dense", |parameters| Ok(candle_nn::linear(100, 50, parameters.builder().pp("dense"))?)).unwrap();
    net.draw(Seed(1), &Device::Cpu).unwrap();
    let [(bias, b), (weight, w)] = net.parameters().try_into().unwrap();
    assert_eq!((bias.as_str(), weight.as_str()), ("dense.bias", "dense.weight"));
    let numbers = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    // candle-nn's linear: weights normal, by Kaiming for relu √2/√fan_in; bias uniform in ±1/√fan_in.
    let (weights, biases) = (numbers(&w), numbers(&b));
    let deviation = (weights.iter().map(|x| x * x).sum::<f32>() / weights.len() as f32).sqrt();
    assert!((deviation - 2f32.sqrt() / 10.0).abs() < 0.005, "{deviation}");
    let largest = biases.iter().map(|x| x.abs()).fold(0.0, f32::max);
    assert!(largest <= 0.1 && largest > 0.09, "{largest}");
    let again =
        Net::of("dense", |parameters| Ok(candle_nn::linear(100, 50, parameters.builder().pp("dense"))?)).unwrap();
    again.draw(Seed(1), &Device::Cpu).unwrap();
    assert_eq!(bits(&net), bits(&again));
}

#[test]
fn a_copy_and_a_file_hold_the_same_net() {
    let (folder, net) = (tempfile::tempdir().unwrap(), lively());
    let path = folder.path().join("lively.safetensors");
    trained(&net);
    let x = digits().inputs().unwrap().narrow(0, 0, 100).unwrap();
    let predicted = |net: &Net| net.predict(&x).unwrap().to_vec2::<f32>().unwrap();
    let copy = net.copy().unwrap();
    net.save(&path).unwrap();
    let read = lively();
    read.load_parameters(&path).unwrap();
    assert_eq!(predicted(&copy), predicted(&net));
    assert_eq!(predicted(&read), predicted(&net));
    assert_eq!((kept(&read), kept(&copy)), (kept(&net), kept(&net)));
    // The copy is a net of its own.
    trained(&copy);
    assert_ne!(bits(&copy), bits(&net));
    assert!(!net.predict(&x).unwrap().track_op());
    let message = Net::load(&path, &Device::Cpu).err().unwrap().to_string();
    assert!(message.contains("holds a net with the module lively, which is not built in"), "{message}");
    assert!(message.contains("net.load_parameters("), "{message}");
    let before = (mlp(), bits(&net));
    let message = before.0.load_parameters(&path).unwrap_err().to_string();
    assert!(
        message.contains(r#"holds a net of the layers [{"kind":"own","name":"lively","whole":true}]"#),
        "{message}"
    );
    let smaller = Net::of("lively", Mlp::new).unwrap();
    let message = smaller.load_parameters(&path).unwrap_err().to_string();
    assert!(message.contains("parameter 0.weight of shape [32, 64] is missing"), "{message}");
    assert!(!smaller.is_drawn());
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let with_folder = || Options { checkpoints: Some(folder.path().to_owned()), ..options() };
    let whole = lively();
    let mut run = Run::new(whole.clone(), digits(), with_folder()).unwrap();
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut candlewick_plugin_api::Context| {
            if hook == Hook::EndTrainingBatch && ctx.global_step == 50 {
                ctx.request_checkpoint();
            }
        }),
    );
    let (resumed, resume) = (lively(), Some(folder.path().to_owned()));
    let mut run = Run::new(resumed.clone(), digits(), Options { resume: resume.clone(), ..with_folder() }).unwrap();
    to_end(&mut run, &mut NoHooks);
    assert!(run.failure().is_none());
    assert_eq!((bits(&whole), kept(&whole)), (bits(&resumed), kept(&resumed)));
    let other = Run::new(mlp(), digits(), Options { resume, ..with_folder() }).err().unwrap().to_string();
    assert!(other.contains(r#"written with the layers [{"kind":"own","name":"lively","whole":true}]"#), "{other}");
}

#[test]
fn stepping_gives_the_same_bits_and_from_scratch_draws_anew() {
    let (whole, stepped) = (lively(), lively());
    trained(&whole);
    let mut run = Run::new(stepped.clone(), digits(), options()).unwrap();
    let mut hooks = 0;
    while run.advance(&mut NoHooks).unwrap().is_some() {
        hooks += 1;
    }
    assert!(hooks > 100);
    assert_eq!((bits(&whole), kept(&whole)), (bits(&stepped), kept(&stepped)));
    let again = Options { from_scratch: true, ..options() };
    to_end(&mut Run::new(stepped.clone(), digits(), again).unwrap(), &mut NoHooks);
    assert_eq!((bits(&whole), kept(&whole)), (bits(&stepped), kept(&stepped)));
}

#[test]
fn a_pass_that_fails_leaves_no_trace() {
    let own = LayerSpec::own("norm", |parameters| {
        let norm = candle_nn::batch_norm(3, 1e-5, parameters.builder())?;
        Ok(TheirNorm(norm))
    });
    struct TheirNorm(candle_nn::BatchNorm);
    impl Forward for TheirNorm {
        fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
            Ok(self.0.forward_t(x, mode.is_train())?)
        }
    }
    let fails = LayerSpec::own("fails", |_| Ok(|_: &Tensor| candle_core::bail!("no")));
    let (net, well) = (Net::sequential(vec![own.clone(), fails]).unwrap(), Net::sequential(vec![own]).unwrap());
    for net in [&net, &well] {
        net.draw(Seed(1), &Device::Cpu).unwrap();
    }
    let x = Tensor::new(&[[1f32, 2.0, 3.0], [3.0, 2.0, 1.0]], &Device::Cpu).unwrap();
    let (train, before) = (Mode::Train { seed: Seed(1), step: 0 }, kept(&net));
    assert_eq!(net.forward(&x, train).unwrap_err().to_string(), "the module fails: no");
    assert_eq!(kept(&net), before);
    well.forward(&x, train).unwrap();
    assert_ne!(kept(&well), before);
}

#[test]
fn mistakes_are_told_where_the_net_is_made() {
    let check = |net: Result<Net>, expect: &str| {
        let message = net.err().map_or_else(|| "it was made".to_owned(), |error| error.to_string());
        assert!(message.contains(expect), "{message}");
    };
    let twice = |parameters: &Parameters<'_>| {
        parameters.parameter("w", 3, Init::Constant(0.0))?;
        let w = parameters.parameter("w", 3, Init::Constant(0.0))?;
        Ok(move |x: &Tensor| x.broadcast_add(&w))
    };
    check(Net::of("twice", twice), "making the module twice: there are two parameters named w");
    check(Net::of("", Mlp::new), "needs a name");
    let unnamed = |parameters: &Parameters<'_>| parameters.linear("", 2, 3);
    check(Net::of("unnamed", unnamed), "needs a name");
    check(Net::of("zero", |parameters| parameters.linear("0", 0, 3)), "inputs must be at least 1, not 0");
    let vast = |parameters: &Parameters<'_>| parameters.linear("vast", 1 << 22, 1 << 20);
    check(Net::of("vast", vast), "the parameters up to vast.weight take 17592.2 GB, and");
    let panics = |_: &Parameters<'_>| -> Result<Mlp> { panic!("at {}", 3) };
    check(Net::of("panics", panics), "making the module panics panicked: at 3");
    let half = |parameters: &Parameters<'_>| {
        let half = parameters.builder().to_dtype(DType::F16);
        Ok(candle_nn::linear(2, 3, half)?)
    };
    check(Net::of("half", half), "parameter weight: parameters are f32");
}

#[test]
fn mistakes_in_a_forward_pass_name_the_module() {
    let run = |net: Net| Run::new(net, digits(), options()).map(drop).unwrap_err().to_string();
    let narrow = Net::of("narrow", |parameters| parameters.linear("in", 63, 10)).unwrap();
    assert_eq!(run(narrow), "layer in (linear) expects […, 63], but was given [32, 64]");
    let panics = Net::of("panics", |_| Ok(|_: &Tensor| panic!("no such thing"))).unwrap();
    assert_eq!(run(panics), "the module panics panicked: no such thing");
    let multiplies = |x: &Tensor| x.matmul(&Tensor::zeros((65, 10), DType::F32, &Device::Cpu)?);
    let message = run(Net::of("multiplies", move |_| Ok(multiplies)).unwrap());
    assert!(message.starts_with("the module multiplies: shape mismatch in matmul"), "{message}");
    let too_wide = Net::of("too_wide", |parameters| parameters.linear("out", 64, 9)).unwrap();
    let mut run = Run::new(too_wide, digits(), options()).unwrap();
    to_end(&mut run, &mut NoHooks);
    let message = run.failure().unwrap().to_string();
    assert!(message.contains("class 9 at position"), "{message}");
}

#[test]
fn a_parameter_without_a_gradient_is_told() {
    let net = Net::of("cut", |parameters| {
        let (used, unused) = (parameters.linear("used", 64, 10)?, parameters.linear("unused", 64, 10)?);
        Ok(Cut(used, unused))
    });
    struct Cut(Block, Block);
    impl Forward for Cut {
        fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
            Ok((self.0.forward(x, mode)? + self.1.forward(x, mode)?.detach())?)
        }
    }
    let mut run = Run::new(net.unwrap(), digits(), options()).unwrap();
    let mut warnings = Vec::new();
    while run.advance(&mut NoHooks).unwrap().is_some() {
        for event in run.take_events() {
            if let candlewick_plugin_api::Event::Warning(text) = event {
                warnings.push(text);
            }
        }
    }
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("got no gradient and will not be trained: unused.bias, unused.weight"),
        "{warnings:?}"
    );
}

#[test]
fn what_is_not_a_net_of_ones_own_reads_no_own_parameters() {
    let (folder, net) = (tempfile::tempdir().unwrap(), built_in());
    let path = folder.path().join("net.safetensors");
    trained(&net);
    net.save(&path).unwrap();
    let again = built_in();
    again.load_parameters(&path).unwrap();
    assert_eq!(bits(&again), bits(&net));
    let run = Run::new(again.clone(), digits(), options()).unwrap();
    assert!(matches!(again.load_parameters(&path), Err(EngineError::Busy(_))));
    drop(run);
    again.load_parameters(&path).unwrap();
}
