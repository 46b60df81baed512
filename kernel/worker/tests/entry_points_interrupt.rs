//! Interrupting and cancelling actions, alone in their process because the flag is the process's, and one after the other.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;
use candlewick_engine::interrupt;
use common::Bench;
use std::sync::{Mutex, PoisonError};

/// Held by the test that runs.
static ALONE: Mutex<()> = Mutex::new(());

const NET: &str = "%%plugin net
fn instantiate() { let net = sequential([linear(4, 3)]); init(net, 1); net }
fn fit(net, data, forever) {
    let run = train(net, data, #{ epochs: 1, checkpoints: false });
    report(#{ progress: 0.5 });
    while forever { }
    net
}
fn predict(net, x) { net.predict(x) }";

#[test]
fn interrupting_the_cell_cancels_the_action_and_leaves_the_instance_as_it_was() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut bench = Bench::new();
    for cell in [
        NET,
        "let model = create_instance(\"net\"); let x = dataset(\"iris\").inputs;",
        "let before = model.predict(x);",
    ] {
        drop(bench.text(cell));
    }
    // In the second plugin training goes on for many epochs: the interrupt finds it inside the run.
    let cells = [
        "model.fit(dataset(\"iris\"), true);",
        "%%plugin net\nfn instantiate() { 1 }\nfn fit(net, data, forever) { train(net, data, #{ epochs: 1000000, checkpoints: false }); net }\nfn predict(net, x) { net.predict(x) }",
        "model.fit(dataset(\"iris\"), true);",
    ];
    for cell in cells {
        if cell.starts_with("%%") {
            drop(bench.text(cell));
            continue;
        }
        let stopper = std::thread::spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(150));
            interrupt::request();
        });
        let problem = bench.run(cell).1.problem.unwrap();
        stopper.join().unwrap();
        interrupt::clear();
        assert_eq!(problem.name, "Interrupted", "{cell}: {}", problem.message);
        let state = bench.text("[actions()[-1].verb, actions()[-1].progress]");
        assert_eq!(state, "[\"fit\", \"cancelled\"]");
        let same = bench.text("(model.predict(x) - before).abs().max()");
        assert!(same.starts_with("0.0"), "{same}");
    }
    // The net is free, and the instance too: no run holds what the handle keeps.
    drop(bench.text(NET));
    let fitted = bench.text("(model.fit(dataset(\"iris\"), false).predict(x) - before).abs().max() > 0.0");
    assert!(fitted.contains("true"), "{fitted}");
}

#[test]
fn a_hook_may_cancel_the_action_and_the_cell_goes_on() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = "%%plugin cancelled
fn instantiate() { #{ n: 1 } }
fn fit(model, stop) { report(#{ progress: 0.1 }); if stop { actions()[-1].cancel(); } loop { if !stop { break; } } model.n += 1; model }";
    let mut bench = Bench::new();
    drop(bench.text(plugin));
    drop(bench.text("let model = create_instance(\"cancelled\");"));
    let cell =
        "let why = \"\"; try { model.fit(true); } catch (error) { why = error.name + \": \" + error.message; } why";
    let shown = bench.text(cell);
    assert!(shown.ends_with("\"Cancelled: action 2 (fit cancelled) was cancelled\""), "{shown}");
    assert_eq!(
        bench.text("[actions()[-1].progress, model.value.n, actions()[-1].cancel()]"),
        "[\"cancelled\", 1, false]"
    );
    assert!(bench.text("model.fit(false).value.n").ends_with("\n2"));
}
