//! A run is a state machine: `advance` goes to the next hook, and nothing happens between two calls.

use candlewick::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = Net::sequential(vec![LayerSpec::linear(4, 8)?, LayerSpec::Tanh, LayerSpec::linear(8, 3)?])?;
    let options = Options { batch_size: 50, validation: Validation::Fraction(0.2), ..Options::default() };
    let mut run = Run::new(net, Dataset::named("iris")?, options)?;
    let mut depth = 0;
    while let Some(hook) = run.advance(&mut NoHooks)? {
        depth -= usize::from(hook.name().starts_with("end_"));
        let loss = run.context().loss.map_or(String::new(), |loss| format!("  loss {loss:.4}"));
        show(&format!("{}{hook}{loss}", "  ".repeat(depth)));
        depth += usize::from(hook.name().starts_with("start_"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example talks to a terminal")]
fn show(text: &str) {
    println!("{text}");
}
