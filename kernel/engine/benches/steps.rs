//! Measures whole training steps: forward, loss, backward, AdamW. Run with
//! `RAYON_NUM_THREADS=1 cargo bench -p candlewick-engine --profile dev --bench steps`.
//!
//! The library's own allocator (mimalloc) keeps freed memory; an executable over the shared std cannot choose one,
//! so the system's is told to keep it too. Without that most of the time goes into fresh pages.

#![allow(clippy::print_stdout)] // A bench's output is what it prints.

use candle_core::{Device, Tensor};
use candlewick_engine::nn::{LayerSpec, Loss, Mode, Net, Optimizer, OptimizerSpec, gradients};
use candlewick_engine::{EngineError, Result, Seed};
use std::time::{Duration, Instant};

/// glibc's settings under which it keeps freed memory.
const KEEP: &str = "glibc.malloc.mmap_threshold=1000000000:glibc.malloc.trim_threshold=2000000000";

fn main() -> Result<()> {
    if std::env::var_os("GLIBC_TUNABLES").is_none() {
        return again();
    }
    let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "all".to_owned());
    println!("threads: {threads}; the least of many steps, in ms");
    println!("{:24} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "forward", "loss", "backward", "update", "step");
    measure("digits MLP, batch 32", &mlp()?, &[32, 64], 5000)?;
    measure("CNN 28×28, batch 64", &cnn()?, &[64, 1, 28, 28], 400)?;
    Ok(())
}

/// Runs this bench in a process that has the settings from its start.
fn again() -> Result<()> {
    let child = |program| std::process::Command::new(program).env("GLIBC_TUNABLES", KEEP).status();
    let status = std::env::current_exe().and_then(child).map_err(|source| EngineError::file("steps", source))?;
    if status.success() {
        Ok(())
    } else {
        Err(EngineError::Value(format!("the measuring process ended with {status}")))
    }
}

fn mlp() -> Result<Net> {
    Net::sequential(vec![LayerSpec::linear(64, 128)?, LayerSpec::Relu, LayerSpec::linear(128, 10)?])
}

fn cnn() -> Result<Net> {
    let conv = |inputs, outputs| LayerSpec::Conv2d { inputs, outputs, kernel: 3, stride: 1, padding: 1, bias: true };
    Net::sequential(vec![
        conv(1, 16),
        LayerSpec::Relu,
        LayerSpec::max_pool2d(2)?,
        conv(16, 32),
        LayerSpec::Relu,
        LayerSpec::max_pool2d(2)?,
        LayerSpec::Flatten,
        LayerSpec::linear(32 * 7 * 7, 10)?,
    ])
}

fn measure(name: &str, net: &Net, input: &[usize], steps: u64) -> Result<()> {
    net.draw(Seed(1), &Device::Cpu)?;
    let mut stream = Seed(2).stream("inputs");
    let numbers: Vec<f32> = (0..input.iter().product()).map(|_| stream.normal()).collect();
    let classes: Vec<u32> = (0..input[0]).map(|_| stream.below(10)).collect();
    let x = Tensor::from_vec(numbers, input, &Device::Cpu)?;
    let y = Tensor::from_vec(classes, input[0], &Device::Cpu)?;
    let mut optimizer = OptimizerSpec::from_name("adamw")?.build();
    let mut least = [Duration::MAX; 5];
    for number in 0..steps {
        for (least, took) in least.iter_mut().zip(step(net, &mut optimizer, &x, &y, number)?) {
            *least = took.min(*least);
        }
    }
    let [forward, loss, backward, update, whole] = least.map(|took| took.as_secs_f64() * 1e3);
    println!("{name:24} {forward:8.4} {loss:8.4} {backward:8.4} {update:8.4} {whole:8.4}");
    Ok(())
}

/// The times of forward, loss, backward and update, and of all together.
fn step(net: &Net, optimizer: &mut Optimizer, x: &Tensor, y: &Tensor, number: u64) -> Result<[Duration; 5]> {
    let start = Instant::now();
    let predictions = net.forward(x, Mode::Train { seed: Seed(1), step: number })?;
    let forward = start.elapsed();
    let loss = Loss::CrossEntropy.forward(&predictions, y)?;
    let lost = start.elapsed();
    let parameters = net.parameters();
    let (gradients, _) = gradients(&loss, &parameters)?;
    let back = start.elapsed();
    optimizer.step(&parameters, &gradients, optimizer.spec().learning_rate())?;
    let end = start.elapsed();
    Ok([forward, lost - forward, back - lost, end - back, end])
}
