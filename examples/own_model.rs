//! A net and an operation with its backward pass of one's own, trained by a run.

use candlewick::prelude::*;

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
struct Digits {
    hidden: Block,
    output: Block,
}

impl Forward for Digits {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
        let hidden = self.hidden.forward(x, mode)?.contiguous()?.apply_op1(Softsign)?;
        self.output.forward(&mode.dropout(&hidden, 0.1, "hidden")?, mode)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = Net::of("digits", |parameters| {
        Ok(Digits { hidden: parameters.linear("hidden", 64, 96)?, output: parameters.linear("output", 96, 10)? })
    })?;
    let options = Options { epochs: 12, validation: Validation::Fraction(0.2), seed: 7, ..Options::default() };
    let mut run = Run::new(net, Dataset::named("digits")?, options)?;
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
