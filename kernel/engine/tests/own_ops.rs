//! Operations of a user's own with their backward pass: candle's `CustomOp` inside a net that a run trains, its gradients
//! against finite differences.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

#[path = "own/training.rs"]
mod training;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Device, Layout, Shape, Tensor};
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{Block, Forward, Init, Loss, Mode, Net, gradients};
use candlewick_engine::run::Run;
use candlewick_engine::{Result, Seed};
use candlewick_plugin_api::{Hook, NoHooks};
use training::{At, options, to_end};

/// `softsign(x) = x / (1 + |x|)`, whose derivative is `1 / (1 + |x|)²`.
struct Softsign;

impl CustomOp1 for Softsign {
    fn name(&self) -> &'static str {
        "softsign"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let numbers = contiguous(storage, layout)?;
        let computed = numbers.iter().map(|x| x / (1.0 + x.abs())).collect();
        Ok((CpuStorage::F32(computed), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(Some(gradient.div(&(x.abs()? + 1.0)?.sqr()?)?))
    }
}

/// `x · y²` number by number.
struct TimesSquare;

impl CustomOp2 for TimesSquare {
    fn name(&self) -> &'static str {
        "times_square"
    }

    fn cpu_fwd(
        &self,
        one: &CpuStorage,
        of_one: &Layout,
        other: &CpuStorage,
        of_other: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (x, y) = (contiguous(one, of_one)?, contiguous(other, of_other)?);
        Ok((CpuStorage::F32(x.iter().zip(y).map(|(x, y)| x * y * y).collect()), of_one.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some((gradient * y.sqr()?)?), Some(((gradient * x)? * (y * 2.0)?)?)))
    }
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("this operation takes contiguous tensors"),
    }
}

/// A layer, the operations, a layer.
struct WithOps {
    hidden: Block,
    weight: Tensor,
    output: Block,
}

impl Forward for WithOps {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let hidden = self.hidden.forward(x, mode)?.apply_op1(Softsign)?;
        let weight = self.weight.broadcast_as(hidden.shape())?.contiguous()?;
        self.output.forward(&hidden.apply_op2(&weight, TimesSquare)?, mode)
    }
}

fn net(inputs: usize) -> Net {
    Net::of("with_ops", move |parameters| {
        let weight = parameters.parameter("weight", 6, Init::Uniform { low: 0.5, high: 1.5 })?;
        let hidden = parameters.linear("hidden", inputs, 6)?;
        Ok(WithOps { hidden, weight, output: parameters.linear("output", 6, 10)? })
    })
    .unwrap()
}

#[test]
fn gradients_agree_with_finite_differences() {
    let net = net(3);
    net.draw(Seed(5), &Device::Cpu).unwrap();
    let x = Tensor::new(&[[0.5f32, -1.0, 2.0], [1.5, 0.3, -0.7]], &Device::Cpu).unwrap();
    let targets = Tensor::new(&[3u32, 7], &Device::Cpu).unwrap();
    let train = Mode::Train { seed: Seed(5), step: 0 };
    let loss = || Loss::CrossEntropy.forward(&net.forward(&x, train).unwrap(), &targets).unwrap();
    let (found, missing) = gradients(&loss(), &net.parameters()).unwrap();
    assert!(missing.is_empty(), "{missing:?}");
    for (name, var) in net.parameters() {
        let numbers = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let gradient = found[&name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for at in 0..numbers.len() {
            const STEP: f32 = 1e-2;
            let moved = |by: f32| {
                let mut numbers = numbers.clone();
                numbers[at] += by;
                var.set(&Tensor::from_vec(numbers, var.shape(), &Device::Cpu).unwrap()).unwrap();
                f64::from(loss().to_scalar::<f32>().unwrap())
            };
            let slope = (moved(STEP) - moved(-STEP)) / (2.0 * f64::from(STEP));
            assert!((slope - f64::from(gradient[at])).abs() < 2e-3, "{name}[{at}]: {slope} and {}", gradient[at]);
            moved(0.0);
        }
    }
}

#[test]
fn a_run_trains_through_them() {
    let net = net(64);
    let mut gradients_of_weight = 0;
    let mut run = Run::new(net, Dataset::named("digits").unwrap(), options()).unwrap();
    let mut first = None;
    to_end(
        &mut run,
        &mut At(|hook, ctx: &mut candlewick_plugin_api::Context| {
            if hook == Hook::EndTrainingBatch {
                gradients_of_weight += usize::from(ctx.working.gradients.contains_key("weight"));
                first = first.or(ctx.loss);
            }
        }),
    );
    let (first, last) = (first.unwrap(), run.context().training_loss().unwrap());
    assert!(run.failure().is_none() && last < first, "{first} {last}");
    assert_eq!(gradients_of_weight, 90);
}

#[test]
fn a_backward_pass_that_fails_is_told() {
    struct NoWayBack;
    impl CustomOp1 for NoWayBack {
        fn name(&self) -> &'static str {
            "no_way_back"
        }
        fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
            Ok((CpuStorage::F32(contiguous(storage, layout)?.to_vec()), layout.shape().clone()))
        }
        fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> candle_core::Result<Option<Tensor>> {
            candle_core::bail!("there is no way back")
        }
    }
    let net = Net::of("stuck", |parameters| {
        let weight = parameters.parameter("weight", (64, 10), Init::FanIn(64))?;
        Ok(move |x: &Tensor| x.matmul(&weight)?.apply_op1(NoWayBack))
    });
    let mut run = Run::new(net.unwrap(), Dataset::named("digits").unwrap(), options()).unwrap();
    to_end(&mut run, &mut NoHooks);
    assert_eq!(run.failure().unwrap().to_string(), "training stopped in epoch 0, batch 0: there is no way back");
}
