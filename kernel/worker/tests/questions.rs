//! User expressions and usage, as the kernel process asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{Execute, FromWorker, Is, Request};
use common::Bench;

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

/// What a request for a cell sends: messages as text, then the end.
fn transcript(bench: &mut Bench, cell: Execute) -> Vec<String> {
    let line = |message: FromWorker| match message {
        FromWorker::Stream { text, .. } => format!("text {}", text.trim_end()),
        FromWorker::Result { bundle } => format!("result {}", bundle.get("text/plain").unwrap()),
        FromWorker::ClearOutput { wait } => format!("clear {wait}"),
        FromWorker::Display { bundle, display_id, update } => {
            let which = display_id.map_or("no id", |id| if id.ends_with("-1") { "first" } else { "other" });
            format!("display {which} {update} {}", bundle.get("text/plain").unwrap())
        }
        FromWorker::Finished { finished, .. } => {
            let expressions = finished.expressions.into_iter().map(|(name, value)| match value {
                Ok(bundle) => format!(" {name}={}", bundle.get("text/plain").unwrap()),
                Err(problem) => format!(" {name}!{}", problem.name),
            });
            let problem = finished.problem.map_or(String::new(), |problem| format!(" {}", problem.name));
            format!("end{problem}{}", expressions.collect::<String>())
        }
        other => format!("{other:?}"),
    };
    let sent = bench.request(Request::Execute(cell));
    sent.into_iter().filter(|message| !matches!(message, FromWorker::Variables { .. })).map(line).collect()
}

#[test]
fn corners_of_expressions_displays_and_clearing() {
    let mut bench = Bench::new();
    let mut check = |code: &str, silent: bool, expressions: &[(&str, &str)], expect: &[&str]| {
        let expressions = expressions.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let cell = Execute { code: code.to_owned(), cell: 1, silent, expressions, ..Execute::default() };
        assert_eq!(transcript(&mut bench, cell), expect, "{code}");
    };
    check("let a = 2; a", false, &[("x", "print(a); a * 2")], &["result 2", "text 2", "end x=4"]);
    check("a", true, &[("x", "a"), ("y", "throw 1"), ("z", "1 +")], &["end x=2 y!RuntimeError z!SyntaxError"]);
    check("", true, &[("x", "let b = 5; b")], &["end x=5"]);
    check("throw 1", false, &[("x", "a")], &["end RuntimeError"]);
    check(
        "display(1); let d = display(\"one\");",
        false,
        &[],
        &["display first false 1", "display other false \"one\"", "end"],
    );
    check("d.update(\"two\")", false, &[], &["display other true \"two\"", "end"]);
    check("print(1); clear_output(true); print(2);", false, &[], &["text 1", "clear true", "text 2", "end"]);
    check("clear_output(); 3", false, &[], &["clear false", "result 3", "end"]);
    check(
        "print(\"a\"); display(1); print(\"b\"); 2",
        true,
        &[],
        &["text a", "display other false 1", "text b", "end"],
    );
}

#[test]
fn errors_leave_with_colours_in_the_traceback_only() {
    let cell = Execute { code: "1 + x".to_owned(), cell: 1, ..Execute::default() };
    let sent = Bench::new().request(Request::Execute(cell));
    let Some(FromWorker::Finished { finished, .. }) = sent.last() else { panic!("{sent:?}") };
    let problem = finished.problem.as_ref().unwrap();
    assert!(!problem.message.contains('\u{1b}') && !problem.name.contains('\u{1b}'));
    assert_eq!(problem.traceback[0], "\u{1b}[1;31mNameError\u{1b}[0m: there is no variable `x`");
    assert_eq!(problem.traceback[3], "        \u{1b}[1;31m^\u{1b}[0m");
}
