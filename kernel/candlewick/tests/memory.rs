//! The library's allocator sees all memory of the program: the test's own, std's, candle's and that of cells.

#![allow(clippy::unwrap_used)]

mod common;
use candlewick::engine::memory::{Category, Snapshot, resident_bytes, snapshot, tag};
use candlewick::prelude::*;
use common::Session;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counters are the program's, so these tests run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn live(category: Category) -> u64 {
    snapshot().bytes_of(category)
}

#[test]
fn a_tensor_of_50_mb_appears_under_its_tag_and_goes() {
    let _alone = alone();
    let (before, total, resident) = (live(Category::Activations), snapshot().total, resident_bytes());
    let tensor = {
        let _tag = tag(Category::Activations);
        Tensor::ones(12_500_000, DType::F32, &Device::Cpu).unwrap()
    };
    let grown = live(Category::Activations) - before;
    assert!((50_000_000..50_001_000).contains(&grown), "{grown}"); // the tensor's few own fields besides
    assert!(snapshot().total.abs_diff(total + 50_000_000) < 1_000_000);
    let seen = resident_bytes().zip(resident).map(|(now, then)| now.saturating_sub(then));
    assert!(seen.is_none_or(|seen| seen.abs_diff(50_000_000) < 5_000_000), "{seen:?}");
    drop(tensor);
    assert_eq!(live(Category::Activations), before);
}

#[test]
fn text_of_std_and_another_threads_vector_are_counted() {
    let _alone = alone();
    let before = live(Category::Data);
    let text = {
        let _tag = tag(Category::Data);
        "x".repeat(100_000)
    };
    assert!(live(Category::Data) - before >= 100_000);
    std::thread::spawn(move || drop(text)).join().unwrap();
    assert_eq!(live(Category::Data), before);
}

#[test]
fn categories_sum_to_the_total() {
    let _alone = alone();
    let mut session = Session::new();
    session.good(DIGITS);
    session.good("run.batch();");
    let Snapshot { bytes, total, .. } = snapshot();
    let sum: u64 = bytes.iter().sum();
    assert!(sum.abs_diff(total) * 50 <= total, "{sum} of {total}");
}

const DIGITS: &str = "let net = sequential([linear(64, 128), relu(), linear(128, 10)]);
let run = fit(net, dataset(\"digits\"), #{ batch_size: 32, optimizer: adamw(0.001), seed: 1, checkpoints: false });";
