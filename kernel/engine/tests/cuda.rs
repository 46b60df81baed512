//! What only a machine with a CUDA device can show: `cargo test -p candlewick-engine --features cuda --test cuda`.
//!
//! That the compositions of candle's operations are right is shown on the CPU, by the tests of `nn`.

#![allow(clippy::unwrap_used)] // makers outside `#[test]` functions unwrap too

use candle_core::{DType, Device, Tensor};
use candlewick_engine::data::Dataset;
use candlewick_engine::device;
use candlewick_engine::memory::device_memory;
use candlewick_engine::nn::{LayerSpec, Loss, Net};
use candlewick_engine::run::{Options, Run, Validation, drive, evaluate};
use candlewick_engine::{EngineError, Seed};
use candlewick_plugin_api::{NoHooks, Outcome};

/// The digits as images of one channel.
fn images() -> Dataset {
    let digits = Dataset::named("digits").unwrap();
    let inputs = digits.inputs().unwrap().reshape((digits.len(), 1, 8, 8)).unwrap();
    Dataset::new("images", inputs, digits.targets().clone(), None, Vec::new()).unwrap()
}

/// Every kind of layer that has an operation of its own.
fn convolutions() -> Net {
    let conv = |inputs, outputs| LayerSpec::conv2d(inputs, outputs, 3).unwrap();
    let pool = LayerSpec::max_pool2d(2).unwrap();
    let norm = LayerSpec::batch_norm(8).unwrap();
    let last = [LayerSpec::Flatten, LayerSpec::dropout(0.1).unwrap(), LayerSpec::linear(72, 10).unwrap()];
    Net::sequential([vec![conv(1, 8), norm, LayerSpec::Relu, pool], last.to_vec()].concat()).unwrap()
}

fn options(device: &str) -> Options {
    let metrics = vec!["accuracy".to_owned()];
    Options { epochs: 3, device: device.into(), metrics, validation: Validation::Fraction(0.2), ..Options::default() }
}

fn train(net: &Net, options: Options) -> Run {
    let mut run = Run::new(net.clone(), images(), options).unwrap();
    drive::<EngineError>(&mut run, &mut NoHooks, |_, _| Ok(false), |_, _| ()).unwrap();
    assert_eq!(run.outcome(), Some(Outcome::Done), "{:?}", run.failure().map(|failure| failure.error.to_string()));
    run
}

fn numbers(net: &Net) -> Vec<f32> {
    let flat = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    net.parameters().iter().flat_map(|(_, var)| flat(var)).collect()
}

#[test]
fn a_device_is_the_same_each_time_and_a_missing_one_is_told() {
    let (one, other) = (device::parse("cuda:0").unwrap(), device::parse("cuda").unwrap());
    assert!(one.same_device(&other));
    assert_eq!(device::name(&device::parse("auto").unwrap()), "cuda:0");
    let message = device::parse("cuda:99").unwrap_err().to_string();
    assert!(message.contains("there is \"cpu\", \"cuda:0\""), "{message}");
}

#[test]
fn it_learns_as_the_cpu_does() {
    let (here, there) = (convolutions(), convolutions());
    let accuracy = |run: Run| run.context().validation_metrics["accuracy"];
    let (cpu, cuda) = (accuracy(train(&here, options("cpu"))), accuracy(train(&there, options("cuda:0"))));
    assert!(cpu > 0.8 && (cpu - cuda).abs() < 0.05, "accuracy {cpu} on the CPU, {cuda} on the device");
}

#[test]
fn a_net_goes_on_where_the_next_run_is() {
    let net = convolutions();
    for device in ["cpu", "cuda:0", "cuda:0", "cpu"] {
        train(&net, Options { epochs: 1, ..options(device) });
        assert_eq!(device::name(&net.device().unwrap()), device);
    }
}

#[test]
fn a_checkpoint_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = || Options { checkpoints: Some(folder.path().to_owned()), ..options("cuda:0") };
    let whole = convolutions();
    train(&whole, options("cuda:0"));
    train(&convolutions(), Options { epochs: 2, checkpoint_every: 1, ..checkpoints() });
    let resumed = convolutions();
    train(&resumed, Options { resume: Some(folder.path().to_owned()), ..checkpoints() });
    let far = numbers(&whole).iter().zip(numbers(&resumed)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 1e-3, "parameters differ by {far}");
}

#[test]
fn a_class_out_of_range_never_reaches_the_device() {
    let net = Net::sequential(vec![LayerSpec::linear(2, 2).unwrap()]).unwrap();
    let (inputs, targets) = (Tensor::zeros((3, 2), DType::F32, &Device::Cpu).unwrap(), [0u32, 7, 1]);
    let targets = Tensor::new(&targets, &Device::Cpu).unwrap();
    let data = Dataset::new("three", inputs, targets, None, Vec::new()).unwrap();
    let expect = "class 7 at position 1 of the data is out of range";
    let options = Options { device: "cuda:0".into(), ..Options::default() };
    let error = Run::new(net.clone(), data.clone(), options).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
    let there = device::parse("cuda:0").unwrap();
    net.redraw(Seed(0), &there).unwrap();
    let data = data.to_device(&there).unwrap();
    let error = evaluate(&net, &data, Loss::CrossEntropy, &[]).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn the_device_tells_its_memory() {
    let there = device::parse("cuda:0").unwrap();
    let before = device_memory().unwrap();
    let held = Tensor::zeros(64 << 20, DType::F32, &there).unwrap();
    let after = device_memory().unwrap();
    assert_eq!(after.device, "cuda:0");
    assert!(after.used <= after.total, "{after:?}");
    if let (Some(before), Some(after), Some(reserved)) = (before.allocated, after.allocated, after.reserved) {
        // Other tests of this process allocate meanwhile, but far less than these 256 MiB.
        let bytes = after as i64 - before as i64 - (held.elem_count() * 4) as i64;
        assert!(bytes.abs() < 32 << 20 && reserved >= after, "{bytes} more than asked for, {reserved} reserved");
    }
}
