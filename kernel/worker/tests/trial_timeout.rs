//! Cases of a plugin that never end, alone in their process because an interrupt's flag is the process's.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;
use candlewick_engine::interrupt;
use candlewick_link::FromWorker;
use candlewick_worker::time_limit;
use common::Bench;
use common::files::Files;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CASES: &str = "fn test_a() { assert(true); }
fn test_b() { loop { try { loop { } } catch { } } }
fn test_c() {
    let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 1000000, checkpoints: false });
    loop { try { run.resume(); } catch { } }
}
fn test_d() { sleep(1000); }
fn test_e() { execute(\"p\", 1) }
fn test_f() { assert(execute(\"p\", 2) == 2); }";

/// What the trial of that script of cases answers, or the message of its problem.
fn tried(cases: &str) -> Result<Value, String> {
    let files = Files::of(&[("p.rhai", "fn infer(n) { if n == 1 { loop { } } n }"), ("tests/cases.rhai", cases)]);
    let wanted = json!({ "path": files.path("p.rhai"), "cases": files.path("tests/cases.rhai"), "timeout": 0.2 });
    let mut bench = Bench::new();
    let (sent, finished) = bench.run(&format!("%plugins trial {wanted}"));
    if let Some(problem) = finished.problem {
        return Err(problem.message);
    }
    let answer = sent.iter().find_map(|message| match message {
        FromWorker::Display { bundle, .. } => serde_json::from_str(bundle.get("application/json")?).ok(),
        _ => None,
    });
    Ok(answer.unwrap())
}

#[test]
fn cases_without_end_fail_and_those_after_them_run() {
    let answer = tried(CASES).unwrap();
    let cases = answer["cases"].as_array().unwrap();
    let failed = |case: &Value| case["error"].as_str().map(str::to_owned);
    let errors: Vec<Option<String>> = cases.iter().map(failed).collect();
    assert_eq!(
        errors.iter().map(Option::is_some).collect::<Vec<_>>(),
        [false, true, true, true, true, false],
        "{errors:?}"
    );
    for (name, error) in ["test_b", "test_c", "test_d", "test_e"].iter().zip(errors.iter().flatten()) {
        let expect = format!("TimeLimitError: {name} took longer than 0.2 s and was ended; `--timeout SECONDS` gives");
        assert!(error.starts_with(&expect), "{error}");
    }
    let wrong = tried("loop { }").unwrap_err();
    assert!(wrong.contains("cases.rhai took longer than 0.2 s and was ended"), "{wrong}");

    // Work that never asks is told of beside it.
    let unheard = AtomicBool::new(false);
    let told = || unheard.store(true, Ordering::Release);
    let deaf = || {
        while !unheard.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(1))
        }
    };
    let ((), late) = time_limit::run(Duration::from_millis(5), Duration::from_millis(5), told, deaf);
    assert!(late && !interrupt::requested());
}
