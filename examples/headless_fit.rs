//! Trains a small network on the digits without any notebook: the engine is a library.

use candlewick::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = Net::sequential(vec![LayerSpec::linear(64, 128)?, LayerSpec::Relu, LayerSpec::linear(128, 10)?])?;
    let options = Options {
        epochs: 5,
        optimizer: OptimizerSpec::adamw(0.003),
        metrics: vec!["accuracy".into()],
        validation: Validation::Fraction(0.2),
        seed: 42,
        ..Options::default()
    };
    let mut run = Run::new(net, Dataset::named("digits")?, options)?;
    let halt = drive::<EngineError>(&mut run, &mut NoHooks, |_, _| Ok(false), |_, _| ())?;
    assert_eq!(halt, Halt::Finished);
    let facts = run.context();
    show(&format!("validation loss {:.4}", facts.validation_loss().unwrap_or(f64::NAN)));
    show(&format!("validation accuracy {:.4}", facts.validation_metrics["accuracy"]));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to a terminal")]
fn show(text: &str) {
    println!("{text}");
}
