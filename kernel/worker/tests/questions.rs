//! Completion, inspection, completeness and user expressions, as the kernel process asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{Execute, FromWorker, Is, Request};
use common::Bench;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.text(
        "let counter = 1; let settings = #{ alpha: 1, beta: #{ gamma: 2 } }; let t = tensor([1]); const COUNT = 3;",
    );
    bench.text("/// Doubles a number.\nfn double(x) { x * 2 }");
    bench
}

#[test]
fn candidates_come_from_what_is_there() {
    let check = |code: &str, expect: &[&str], start: usize| {
        let cursor = code.chars().count();
        let sent = bench().request(Request::Complete { code: code.to_owned(), cursor });
        let [FromWorker::Reply { is: Is::Completions(found), .. }] = &sent[..] else { panic!("{sent:?}") };
        let texts: Vec<&str> = found.matches.iter().map(|candidate| candidate.text.as_str()).collect();
        assert_eq!((&texts[..], found.start, found.end), (expect, start, cursor), "{code}");
    };
    check("coun", &["counter"], 0);
    check("\"🦀\"; COU", &["COUNT"], 5);
    check("dou", &["double"], 0);
    check("displ", &["display"], 0);
    check("whi", &["while"], 0);
    check("settings.al", &["alpha"], 9);
    check("settings.beta.g", &["gamma", "get"], 14);
    check("t.sh", &["shape"], 2);
    check("%wh", &["%who", "%whos"], 0);
    check("1;\n%%wri", &["%%writefile"], 3);
    check("%plugin dea", &["deactivate"], 8);
    check("%%plugin p\nfn end_ep", &["end_epoch"], 14);
    check("%%plugin p\nfn end_epoch(ctx) { ctx.validation_lo", &["validation_loss", "validation_loss_total"], 35);
    check("%%plugin p\nfn end_epoch(ctx) { ctx.request_c", &["request_checkpoint"], 35);
    check("nothing_here.x", &[], 13);
}

#[test]
fn names_are_explained() {
    let check = |code: &str, cursor: usize, expect: Option<&str>| {
        let sent = bench().request(Request::Inspect { code: code.to_owned(), cursor, detail: 0 });
        let [FromWorker::Reply { is: Is::Inspection(found), .. }] = &sent[..] else { panic!("{sent:?}") };
        let text = found.as_ref().and_then(|found| found.bundle.get("text/plain"));
        assert_eq!(text.map(|text| text.lines().take(2).collect::<Vec<_>>().join("|")).as_deref(), expect, "{code}");
    };
    check("counter + 1", 3, Some("counter: i64|1"));
    check("double(", 7, Some("fn double(x)|  Doubles a number."));
    check(
        "display(1)",
        2,
        Some("display(value) -> display|  shows a value now; the handle it returns replaces what is shown"),
    );
    check("%who", 2, Some("%who|  names the variables"));
    check("nothing_here", 3, None);
}

#[test]
fn expressions_are_evaluated_after_the_cell() {
    let cell = Execute {
        code: "let a = 2;".to_owned(),
        cell: 1,
        silent: false,
        expressions: vec![("ok".to_owned(), "a * 21".to_owned()), ("bad".to_owned(), "b".to_owned())],
        ..Execute::default()
    };
    let sent = Bench::new().request(Request::Execute(cell));
    let Some(FromWorker::Finished { finished, .. }) = sent.last() else { panic!("{sent:?}") };
    assert_eq!(finished.expressions[0].1.as_ref().unwrap().get("text/plain"), Some("42"));
    assert_eq!(finished.expressions[1].1.as_ref().unwrap_err().name, "NameError");
}

#[test]
fn usage_is_that_of_the_process() {
    let sent = Bench::new().request(Request::Usage);
    assert!(matches!(&sent[..], [FromWorker::Reply { is: Is::Usage(usage), .. }] if usage.resident_bytes > 0));
}
