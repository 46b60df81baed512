//! A net, an operation with its backward pass, a loss, an optimizer and a dataset of one's own, trained by a run.

use candlewick::prelude::*;
use std::collections::BTreeMap;

/// `softsign(x) = x / (1 + |x|)`. Both passes are ours: `bwd` gives the gradient by `x` from the gradient by the result.
struct Softsign;

impl CustomOp1 for Softsign {
    fn name(&self) -> &'static str {
        "softsign"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("softsign takes contiguous tensors")
        };
        let numbers = storage.as_slice::<f32>()?[start..end].iter().map(|x| x / (1.0 + x.abs())).collect();
        Ok((CpuStorage::F32(numbers), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(Some(gradient.div(&(x.abs()? + 1.0)?.sqr()?)?))
    }
}

/// Of our own layers, so that it knows training from use.
struct Curve {
    hidden: Block,
    output: Block,
}

impl Forward for Curve {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
        let hidden = self.hidden.forward(x, mode)?.apply_op1(Softsign)?;
        self.output.forward(&mode.dropout(&hidden, 0.01, "hidden")?, mode)
    }
}

/// Of candle-nn's layers: any `Module` is a net.
struct Dense(candle_nn::Linear, candle_nn::Linear);

impl Module for Dense {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.1.forward(&self.0.forward(x)?.tanh()?)
    }
}

/// A sine with noise that is new in every epoch.
struct Sine;

impl Examples for Sine {
    fn len(&self) -> usize {
        400
    }

    fn example(&self, index: usize) -> Result<(Tensor, Tensor), EngineError> {
        let x = index as f32 / 100.0 - 2.0;
        Ok((Tensor::new(&[x], &Device::Cpu)?, Tensor::new(&[(2.0 * x).sin()], &Device::Cpu)?))
    }

    fn augmented(&self, index: usize, random: &mut Random) -> Result<(Tensor, Tensor), EngineError> {
        let (x, y) = self.example(index)?;
        Ok((x, (y + 0.05 * random.normal())?))
    }
}

/// Gradient descent with momentum.
#[derive(Clone)]
struct HeavyBall {
    momentum: f64,
    memories: Memories,
}

impl Optimize for HeavyBall {
    fn step(&mut self, parameters: &[(String, Var)], gradients: &Gradients, step: Step) -> Result<(), EngineError> {
        for (name, parameter) in parameters {
            let Some(gradient) = gradients.get(name) else { continue };
            let velocity = &self.memories.of(name, parameter)?[0];
            velocity.set(&((velocity.as_detached_tensor() * self.momentum)? + gradient)?)?;
            let change = (velocity.as_detached_tensor() * step.learning_rate)?;
            parameter.set(&(parameter.as_detached_tensor() - change)?)?;
        }
        Ok(())
    }

    fn state(&self) -> Result<BTreeMap<String, Tensor>, EngineError> {
        self.memories.state()
    }

    fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), EngineError> {
        self.memories.restore(state)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let curve = Net::of("curve", |parameters| {
        Ok(Curve { hidden: parameters.linear("hidden", 1, 32)?, output: parameters.linear("output", 32, 1)? })
    })?;
    let dense = Net::of("dense", |parameters| {
        let builder = parameters.builder();
        Ok(Dense(candle_nn::linear(1, 32, builder.pp("hidden"))?, candle_nn::linear(32, 1, builder.pp("output"))?))
    })?;
    let log_cosh = Loss::own("log_cosh", |predictions, targets| {
        let difference = (predictions - targets)?;
        ((difference.exp()? + difference.neg()?.exp()?)? * 0.5)?.log()?.mean_all()
    });
    let data = Dataset::of("sine", Sine)?;
    for net in [curve, dense] {
        let heavy_ball = HeavyBall { momentum: 0.9, memories: Memories::new(&["velocity"]) };
        let options = Options {
            epochs: 60,
            seed: 7,
            loss: log_cosh.clone(),
            optimizer: OptimizerSpec::own("heavy_ball", 0.05, heavy_ball)?,
            validation: Validation::Fraction(0.2),
            ..Options::default()
        };
        let mut run = Run::new(net.clone(), data.clone(), options)?;
        drive::<EngineError>(&mut run, &mut NoHooks, |_, _| Ok(false), |_, _| ())?;
        if let Some(failure) = run.failure() {
            return Err(failure.to_string().into());
        }
        show(net.name(), run.context().validation_loss());
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to a terminal")]
fn show(name: &str, loss: Option<f64>) {
    println!("{name}: validation loss {:.4}", loss.unwrap_or(f64::NAN));
}
