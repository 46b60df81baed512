//! Cells and questions that nobody means: each is answered, and the next cell runs.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{FromWorker, Is, Request};
use common::Bench;

/// On a stack like the engine thread's, which the limits are made for.
fn deep(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}

/// Runs a cell; the kind of its error, and that the next cell runs.
fn ends(code: &str) -> String {
    let mut bench = Bench::new();
    let (_, finished) = bench.run(code);
    assert_eq!(bench.text("1 + 1"), "2");
    for question in [
        Request::IsComplete { code: code.to_owned() },
        Request::Complete { code: code.to_owned(), cursor: usize::MAX },
        Request::Inspect { code: code.to_owned(), cursor: code.len() / 2, detail: 1 },
    ] {
        let sent = bench.request(question);
        assert!(matches!(&sent[..], [FromWorker::Reply { .. }]));
    }
    if let Some(problem) = &finished.problem {
        let longest = problem.traceback.iter().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 1_000 && problem.traceback.len() < 100, "{longest} {}", problem.traceback.len());
    }
    finished.problem.map_or_else(String::new, |problem| problem.name)
}

#[test]
fn what_is_nested_too_deep_is_a_syntax_error() {
    deep(|| {
        for open in ["(", "[", "#{ a: ", "{", "if true {", "|x| ", "f(", "-", "!", "`${", "a[", "switch x { 1 => "] {
            assert_eq!(ends(&open.repeat(100_000)), "SyntaxError", "{open}");
        }
        assert_eq!(ends(&format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000))), "SyntaxError");
        assert_eq!(ends(&format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000))), "SyntaxError");
        assert_eq!(ends(&format!("1{}", "+1".repeat(5_000))), "SyntaxError");
    });
}

#[test]
fn what_is_long_runs_or_is_an_error_of_one_screen() {
    deep(|| {
        assert_eq!(ends(&format!("let s = \"{}\";", "a".repeat(10 << 20))), "");
        assert_eq!(ends(&format!("// {}", "a".repeat(10 << 20))), "");
        assert_eq!(ends(&format!("{}x", " ".repeat(10 << 20))), "NameError");
        assert_eq!(ends(&format!("/* {}\n */ y", "a".repeat(10 << 20))), "NameError");
        assert_eq!(ends(&format!("`{}", "%who\n".repeat(1 << 20))), "SyntaxError");
        assert_eq!(ends(&"%x\n".repeat(1 << 16)), "CommandError");
        assert_eq!(ends(&format!("{}y", "x = 1;\n".repeat(70_000))), "NameError");
    });
}

#[test]
fn odd_characters_are_named() {
    assert_eq!(ends("let a\u{0} = 1;"), "SyntaxError");
    assert_eq!(ends("\u{0}"), "SyntaxError");
    assert_eq!(ends("\"a\u{0}b\u{fffd}\""), "");
    assert_eq!(ends("\u{fffd}"), "SyntaxError");
    assert_eq!(ends("\u{feff}1"), "SyntaxError");
    assert_eq!(ends("🦀"), "SyntaxError");
    assert_eq!(ends("\u{202e}1"), "SyntaxError");
    assert_eq!(ends("%%\u{0}"), "SyntaxError");
    assert_eq!(ends("%%nothing\u{0}"), "CommandError");
    assert_eq!(ends("%%plugin"), "CommandError");
    assert_eq!(ends("\r\r\r"), "");
}

#[test]
fn a_cursor_may_stand_anywhere() {
    let mut bench = Bench::new();
    let code = "\"👩‍👩‍👧\".le";
    for cursor in [0, 1, 2, 3, 6, 7, 8, 9, 10, 1000, usize::MAX] {
        let sent = bench.request(Request::Complete { code: code.to_owned(), cursor });
        let [FromWorker::Reply { is: Is::Completions(found), .. }] = &sent[..] else { panic!("{sent:?}") };
        assert!(found.start <= found.end && found.end <= code.chars().count());
        let sent = bench.request(Request::Inspect { code: code.to_owned(), cursor, detail: 0 });
        assert!(matches!(&sent[..], [FromWorker::Reply { is: Is::Inspection(_), .. }]));
    }
}
