//! What the kernel process is told, so that a new worker can be what the old one was, or what is lost can be named.

mod common;

use candlewick_link::{FromWorker, Is, PluginRecord, Request};
use common::Bench;

fn records(sent: &[FromWorker]) -> Vec<PluginRecord> {
    let record = |message: &FromWorker| match message {
        FromWorker::PluginRegistered(record) => Some(record.clone()),
        _ => None,
    };
    sent.iter().filter_map(record).collect()
}

#[test]
fn a_plugin_that_a_run_puts_in_quarantine_is_told_in_the_same_cell_and_comes_back_so() {
    let mut bench = Bench::new();
    bench.text("%%plugin bad\nfn end_training_batch(ctx) { throw \"no\"; }");
    let train = "let net = sequential([linear(64, 10)]); train(net, dataset(\"digits\"), #{ epochs: 1 });";
    let (sent, finished) = bench.run(train);
    assert_eq!(finished.problem, None);
    let told = records(&sent);
    let [record] = &told[..] else { panic!("{told:?}") };
    assert_eq!((record.settings["quarantined"].clone(), record.origin.as_str()), (true.into(), "cell 1"));

    let mut other = Bench::new();
    let sent = other.request(Request::Register { plugins: vec![record.clone()] });
    assert!(sent.iter().any(
        |message| matches!(message, FromWorker::Reply { is: Is::Registered { failed }, .. } if failed.is_empty())
    ));
    assert_eq!(other.plugins().borrow().plugins()[0].state.name(), "quarantined");
    assert_eq!(records(&sent)[0], *record);
}

#[test]
fn activating_and_deactivating_is_told_with_the_place_of_the_source() {
    let mut bench = Bench::new();
    bench.text("1");
    bench.text("%%plugin p\nfn end_epoch(ctx) { }");
    let check = |bench: &mut Bench, verb: &str, expect: bool| {
        let (sent, _) = bench.run(&format!("%plugin {verb} p"));
        let told = records(&sent);
        assert_eq!((told[0].settings["enabled"].clone(), told[0].origin.as_str()), (expect.into(), "cell 2"));
    };
    check(&mut bench, "deactivate", false);
    check(&mut bench, "activate", true);
}

#[test]
fn variables_are_told_when_their_names_change() {
    let mut bench = Bench::new();
    bench.text("let a = 1; let b = 2;");
    assert_eq!(bench.variables(), ["a", "b"]);
    bench.text("a = 3;");
    assert_eq!(bench.variables(), ["a", "b"]);
    bench.run("let c = 1; no_such_name");
    assert_eq!(bench.variables(), ["a", "b", "c"]);
    bench.text("%reset");
    assert!(bench.variables().is_empty());
}
