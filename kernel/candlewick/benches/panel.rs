//! What a live panel costs: seconds of one cell that trains with it, as a ratio to those without, by turns in one process.
//!
//! `cargo bench -p candlewick-kernel -p candlewick --profile dev --bench panel`

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a bench fails loudly and prints its figure

use candlewick::worker::{Host, Outbox};
use candlewick_link::{Execute, FromWorker};
use std::sync::{Arc, Mutex};

const TURNS: usize = 7;
const TRAIN: &str = "train(sequential([linear(64, 128), relu(), linear(128, 10)]), dataset(\"digits\"),
    #{ epochs: 100, batch_size: 32, validation: 0.2, metrics: [\"accuracy\"], seed: 1, checkpoints: false })
    .context.seconds";

fn main() {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(measure).unwrap();
    thread.join().unwrap();
}

fn measure() {
    let (mut without, mut with): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        without.push(seconds(false));
        with.push(seconds(true));
    }
    let (without, with) = (median(without), median(with));
    println!("without a panel {without:.3} s, with one {with:.3} s for 4,500 steps: ratio {:.3}", with / without);
}

fn seconds(widgets: bool) -> f64 {
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let mut host = Host::new(Outbox::new(sent.clone()));
    candlewick::install_built_in_plugins(&mut host.session().plugins.borrow_mut());
    let cell = Execute { code: TRAIN.to_owned(), cell: 1, widgets, ..Execute::default() };
    let begun = std::time::Instant::now();
    assert_eq!(host.execute(&cell).problem, None);
    let seconds = begun.elapsed().as_secs_f64();
    let opened = sent.lock().unwrap().iter().any(|message| matches!(message, FromWorker::Comm(_)));
    assert_eq!(opened, widgets);
    seconds
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
