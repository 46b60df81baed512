//! The library's allocator sees all memory of the program: the test's own, std's, candle's and that of cells.

#![allow(clippy::unwrap_used)]

mod common;
use candlewick::engine::memory::{Category, Snapshot, resident_bytes, snapshot, tag};
use candlewick::prelude::*;
use common::Session;
use std::sync::{Mutex, PoisonError};

/// The counters are the program's, so these tests run one after the other, each on a thread whose own memory is gone
/// when the next begins.
fn alone(test: fn()) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(panic) = std::thread::spawn(test).join() {
        std::panic::resume_unwind(panic);
    }
}

fn live(category: Category) -> u64 {
    snapshot().bytes_of(category)
}

#[test]
fn a_tensor_of_50_mb_appears_under_its_tag_and_goes() {
    alone(|| {
        let (before, total, resident) = (live(Category::Activations), snapshot().total, resident_bytes());
        let tensor = {
            let _tag = tag(Category::Activations);
            Tensor::ones(12_500_000, DType::F32, &Device::Cpu).unwrap()
        };
        let grown = live(Category::Activations) - before;
        assert!((50_000_000..50_001_000).contains(&grown), "{grown}"); // the tensor's few own fields besides
        let sum = snapshot().total.wrapping_sub(total) as i64;
        assert!(sum.abs_diff(50_000_000) < 1_000_000, "{sum}");
        let seen = resident_bytes().zip(resident).map(|(now, then)| now.saturating_sub(then));
        assert!(seen.is_none_or(|seen| seen.abs_diff(50_000_000) < 5_000_000), "{seen:?}");
        drop(tensor);
        assert_eq!(live(Category::Activations), before);
    });
}

#[test]
fn text_of_std_and_another_threads_vector_are_counted() {
    alone(|| {
        let before = live(Category::Data);
        let text = {
            let _tag = tag(Category::Data);
            "x".repeat(100_000)
        };
        assert!(live(Category::Data) - before >= 100_000);
        std::thread::spawn(move || drop(text)).join().unwrap();
        assert_eq!(live(Category::Data), before);
    });
}

/// The digits MLP: 64·128 + 128 + 128·10 + 10 numbers of 4 bytes.
const DIGITS: &str = "let net = sequential([linear(64, 128), relu(), linear(128, 10)]);
let run = fit(net, dataset(\"digits\"), #{ batch_size: 32, optimizer: adamw(0.001), seed: 1, checkpoints: false });";
const PARAMETERS: u64 = 4 * (64 * 128 + 128 + 128 * 10 + 10);

/// Bytes that tensors' own fields and maps may take beside the numbers of one category.
const FIELDS: u64 = 8_000;

#[test]
fn a_tensor_of_50_mb_made_by_a_cell_appears_and_goes() {
    alone(|| {
        let mut session = Session::new();
        session.good("let row = []; for i in 0..1000 { row.push(0.5); } let part = tensor(row);");
        let before = snapshot();
        session.good("let big = []; for i in 0..12500 { big.push(row); } let big = tensor(big);");
        let grown = snapshot().total - before.total;
        // The arrays of the shadowed `big` go when the cell ends.
        assert!(grown.abs_diff(50_000_000) < 1_000_000, "{grown}");
        assert_eq!(session.value("big.shape"), "[12500, 1000]");
        session.good("big = ();");
        assert!(snapshot().total.abs_diff(before.total) < 500_000, "{} then {}", before.total, snapshot().total);
    });
}

#[test]
fn categories_sum_to_the_total_and_have_the_bytes_of_the_model() {
    alone(|| {
        let mut session = Session::new();
        let before = snapshot();
        session.good(DIGITS);
        let begun = snapshot();
        let of = |later: &Snapshot, category| later.bytes_of(category) - before.bytes_of(category);
        let near = |found: u64, expected: u64, what: &str| {
            assert!((expected..expected + FIELDS).contains(&found), "{what}: {found} instead of {expected}");
        };
        near(of(&begun, Category::Parameters), PARAMETERS, "parameters");
        near(of(&begun, Category::Data), 1797 * 65 * 4, "data");
        // Two moments for each parameter, from the first step on.
        session.good("run.batch();");
        let stepped = snapshot();
        near(of(&stepped, Category::OptimizerState), 2 * PARAMETERS, "optimizer state");
        near(of(&stepped, Category::Parameters), PARAMETERS, "parameters after a step");
        let sum: u64 = stepped.bytes.iter().sum();
        assert!(sum.abs_diff(stepped.total) * 50 <= stepped.total, "{sum} of {}", stepped.total);
        // A thousand steps leave no more than one does.
        session.good("run.step(40, \"batch\");");
        let later = snapshot();
        for category in [Category::Parameters, Category::OptimizerState, Category::Gradients, Category::Activations] {
            let (one, many) = (stepped.bytes_of(category), later.bytes_of(category));
            assert!(many <= one + FIELDS, "{}: {one}, then {many}", category.name());
        }
        session.good("run.stop(); net = (); run = ();");
        let after = snapshot();
        for category in [Category::Parameters, Category::OptimizerState, Category::Gradients] {
            let left = after.bytes_of(category).saturating_sub(before.bytes_of(category));
            assert!(left < FIELDS, "{} bytes of {} are left", left, category.name());
        }
    });
}

#[test]
fn activations_rise_in_the_forward_pass_and_fall_after_backward() {
    alone(|| {
        // Wide enough to be seen beside everything else: 512 rows of 1024 numbers are 2 MiB for each of two layers.
        let layers = vec![LayerSpec::linear(64, 1024).unwrap(), LayerSpec::Relu, LayerSpec::linear(1024, 10).unwrap()];
        let net = Net::sequential(layers).unwrap();
        let data = Dataset::named("digits").unwrap();
        let inputs = data.inputs().unwrap().narrow(0, 0, 512).unwrap();
        let targets = data.targets().narrow(0, 0, 512).unwrap();
        net.draw(Seed(1), &Device::Cpu).unwrap();
        let hidden = 512 * 1024 * 4;

        let before = live(Category::Activations);
        let loss = {
            let _tag = tag(Category::Activations);
            let predictions = net.forward(&inputs, Mode::Train { seed: Seed(1), step: 0 }).unwrap();
            Loss::CrossEntropy.forward(&predictions, &targets).unwrap()
        };
        let risen = live(Category::Activations) - before;
        assert!(risen >= 2 * hidden && risen < 4 * hidden, "{risen} bytes of activations");
        drop(loss);
        let left = live(Category::Activations) - before;
        assert!(left < hidden / 100, "{left} bytes of activations are left");

        // The same inside a run: the peak saw them, and between two batches they are gone.
        let options = Options { batch_size: 512, ..Options::default() };
        let mut run = Run::new(net, data, options).unwrap();
        while run.advance(&mut NoHooks).unwrap() != Some(Hook::EndTrainingBatch) {}
        let (now, peak) = (snapshot(), snapshot().peaks[Category::Activations as usize]);
        assert!(peak >= before + 2 * hidden, "a peak of {peak}");
        let left = now.bytes_of(Category::Activations) - before;
        assert!(left < hidden / 10, "{left} bytes of activations are left after the backward pass");
    });
}

#[test]
fn a_cell_run_again_leaves_no_more_nets_than_one() {
    alone(|| {
        let mut session = Session::new();
        let before = snapshot();
        for _ in 0..50 {
            session.good(DIGITS);
            session.good("run.batch();");
        }
        let of = |category| live(category) - before.bytes_of(category);
        let nets = of(Category::Parameters) as f64 / PARAMETERS as f64;
        assert!(nets < 2.5, "{nets} nets are alive");
        let states = of(Category::OptimizerState) as f64 / (2 * PARAMETERS) as f64;
        assert!(states < 2.5, "{states} optimizers are alive");
    });
}
