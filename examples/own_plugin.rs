//! A plugin in Rust: it halves the learning rate when the validation loss rises, and stops at the third rise.

use candlewick::prelude::*;

#[derive(Default)]
struct CoolDown {
    best: Option<f64>,
    rises: usize,
}

impl Plugin for CoolDown {
    fn metadata(&self) -> Metadata {
        Metadata::of("cool_down", "1.0.0", "halves the learning rate when the validation loss rises")
    }

    fn hooks(&self) -> HookSet {
        HookSet::none().with(Hook::EndEpoch)
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let Some(loss) = ctx.validation_loss() else { return Ok(()) };
        if self.best.is_some_and(|best| loss > best) {
            self.rises += 1;
            ctx.working.learning_rate /= 2.0;
            ctx.print(format!("epoch {}: rate is now {}", ctx.epoch, ctx.working.learning_rate));
            if self.rises == 3 {
                ctx.stop("the validation loss rose three times");
            }
        }
        self.best = Some(self.best.map_or(loss, |best| best.min(loss)));
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut plugins = PluginManager::new();
    plugins.register(Box::new(CoolDown::default()), Registration::from_origin("this example"))?;
    let net = Net::sequential(vec![LayerSpec::linear(4, 32)?, LayerSpec::Relu, LayerSpec::linear(32, 3)?])?;
    let optimizer = OptimizerSpec::adamw(0.2);
    let options = Options { epochs: 50, optimizer, validation: Validation::Fraction(0.3), ..Options::default() };
    let mut run = Run::new(net, Dataset::named("iris")?, options)?;
    drive::<EngineError>(&mut run, &mut plugins, |_, _| Ok(false), |_, events| events.iter().for_each(show))?;
    let reason = run.stop_reason().unwrap_or("went through all epochs");
    show(&Event::Print(format!("ended after epoch {}: {reason}", run.context().epoch)));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to a terminal")]
fn show(event: &Event) {
    if let Event::Print(text) = event {
        println!("{text}");
    }
}
