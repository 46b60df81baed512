//! What an interrupt leaves of a plugin, alone in its process because the flag is the process's.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candlewick_engine::interrupt;
use candlewick_link::FromWorker;
use common::Bench;

/// Runs a cell that is interrupted once it has printed; what it printed, and the kind of its problem.
fn interrupted(bench: &mut Bench, code: &str) -> (String, String) {
    let stopper = std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        interrupt::request();
    });
    let (sent, finished) = bench.run(code);
    stopper.join().unwrap();
    interrupt::clear();
    let printed = sent.iter().filter_map(|message| match message {
        FromWorker::Stream { text, .. } => Some(text.as_str()),
        _ => None,
    });
    (
        printed.collect(),
        finished.problem.map(|problem| format!("{}: {}", problem.name, problem.message)).unwrap_or_default(),
    )
}

#[test]
fn an_interrupted_verb_leaves_its_plugin_active_and_an_interrupted_initialize_is_cleaned_up() {
    let mut bench = Bench::new();
    bench.text("%%plugin slow\nfn infer(data) { if data { loop { } } 7 }\nfn cleanup() { print(\"cleaned\"); }");
    let (_, problem) = interrupted(&mut bench, "execute(\"slow\", true)");
    assert!(problem.starts_with("Interrupted"), "{problem}");
    assert_eq!(bench.result("[plugin(\"slow\").state, execute(\"slow\", false)]"), "[\"active\", 7]");

    let half =
        "%%plugin half\nfn initialize() { loop { } }\nfn cleanup() { for i in 0..1000 { } print(\"given back\"); }";
    let (printed, problem) = interrupted(&mut bench, half);
    assert_eq!(printed, "given back\n", "{problem}");
    assert!(problem.contains("plugin `half` failed at initialize: interrupted"), "{problem}");
    assert_eq!(bench.result("list_plugins()"), "[\"slow\"]");
}
