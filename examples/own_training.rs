//! A dataset, a loss and a net of candle-nn's layers, trained by a run.

use candlewick::prelude::*;

/// A sine with noise that is new in every epoch, drawn by the run's seed.
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

/// Any `Module` is a net; candle-nn draws its parameters from the run's seed.
struct Dense(candle_nn::Linear, candle_nn::Linear);

impl Module for Dense {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.1.forward(&self.0.forward(x)?.tanh()?)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = Net::of("dense", |parameters| {
        let builder = parameters.builder();
        Ok(Dense(candle_nn::linear(1, 32, builder.pp("hidden"))?, candle_nn::linear(32, 1, builder.pp("output"))?))
    })?;
    let log_cosh = Loss::own("log_cosh", |predictions, targets| {
        let difference = (predictions - targets)?;
        ((difference.exp()? + difference.neg()?.exp()?)? * 0.5)?.log()?.mean_all()
    });
    let options =
        Options { epochs: 60, seed: 7, loss: log_cosh, validation: Validation::Fraction(0.2), ..Options::default() };
    let mut run = Run::new(net, Dataset::of("sine", Sine)?, options)?;
    drive::<EngineError>(&mut run, &mut NoHooks, |_, _| Ok(false), |_, _| ())?;
    if let Some(failure) = run.failure() {
        return Err(failure.to_string().into());
    }
    show(run.context().validation_loss());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to a terminal")]
fn show(loss: Option<f64>) {
    println!("validation loss {:.4}", loss.unwrap_or(f64::NAN));
}
