//! Where errors point, on every way that one can come about.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{Execute, FromWorker, Request};
use common::Bench;

/// The lines of a traceback, joined.
fn problem(cells: &[&str]) -> String {
    Bench::new().problem(cells).join("\n")
}

#[test]
fn every_way_to_an_error_names_its_place() {
    let mut wrong = Vec::new();
    let mut check = |cells: &[&str], expect: &[&str]| {
        let found = problem(cells);
        if found != expect.join("\n") {
            wrong.push(found);
        }
    };
    check(
        &["%%plugin p\nfn end_epoch(ctx) {\n    1 +* 2\n}"],
        &["SyntaxError: Unexpected '*'", "cell 1, line 3, column 8", "        1 +* 2", "           ^"],
    );
    check(
        &["%%plugin p\nfn end_epok(ctx) {\n}"],
        &[
            "PluginError: there is no hook `end_epok`; did you mean `end_epoch`?",
            "cell 1, line 2, column 18",
            "    fn end_epok(ctx) {",
            "                     ^",
        ],
    );
    check(
        &["%%plugin p\nconst metadata = #{ config: #{ a: b } };"],
        &[
            "NameError: there is no variable `b`",
            "cell 1, line 2, column 35",
            "    const metadata = #{ config: #{ a: b } };",
            "                                      ^",
        ],
    );
    check(
        &["%%plugin p on_error=boom\nfn end_epoch(ctx) { }"],
        &[
            "CommandError: `on_error` takes continue, skip_batch or stop; found \"boom\"",
            "cell 1, line 1, column 1",
            "    %%plugin p on_error=boom",
            "    ^",
        ],
    );
    check(
        &["%time 1 + x"],
        &["NameError: there is no variable `x`", "cell 1, line 1, column 11", "    %time 1 + x", "              ^"],
    );
    check(
        &["%%time\n%%rhai\n1 + x"],
        &["NameError: there is no variable `x`", "cell 1, line 3, column 5", "    1 + x", "        ^"],
    );
    check(
        &["let f = |x| x / 0;", "f.call(1)"],
        &[
            "ArithmeticError: Division by zero: 1 / 0",
            "cell 1, line 1, column 15, in a closure",
            "    let f = |x| x / 0;",
            "                  ^",
            "cell 2, line 1, column 3",
            "    f.call(1)",
            "      ^",
        ],
    );
    check(
        &["`a ${\n 1 / 0}`"],
        &["ArithmeticError: Division by zero: 1 / 0", "cell 1, line 2, column 4", "     1 / 0}`", "       ^"],
    );
    check(
        &["\tlet a = \"日本\" + x;"],
        &[
            "NameError: there is no variable `x`",
            "cell 1, line 1, column 17",
            "    \tlet a = \"日本\" + x;",
            "    \t                 ^",
        ],
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_hook_that_ends_its_run_names_its_line() {
    let plugin = "%%plugin p on_error=stop\nfn help(x) {\n    x / 0\n}\nfn end_epoch(ctx) {\n    help(1)\n}";
    let train = "train(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 1, checkpoint_every: 0 })";
    let found = problem(&[plugin, train]);
    let expect = "plugin p failed in end_epoch, line 3, column 7: ArithmeticError: Division by zero: 1 / 0";
    assert!(found.lines().next().unwrap().ends_with(expect), "{found}");
}

#[test]
fn an_imported_script_shows_its_own_lines() {
    let root = std::env::temp_dir().join(format!("candlewick-problems-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("tools.rhai"), "fn half(x) {\n    x / 0\n}\nfn outer(x) { half(x) }").unwrap();
    std::fs::write(root.join("broken.rhai"), "fn half(x) {\n    x +* 0\n}").unwrap();
    let at = |name: &str| root.join(name).display().to_string();
    let import = |name: &str| format!("import \"{}\" as tools;", at(name));
    // A function of the notebook of the same name is another one.
    let called = problem(&[&import("tools"), "fn half(x) { x }\n1 + tools::outer(4)"]);
    let (tools, broken) = (at("tools"), at("broken"));
    let expect = format!(
        "ArithmeticError: Division by zero: 4 / 0\n{tools}, line 2, column 7, in half\n        x / 0\n          ^\n\
         {tools}, line 4, column 15, in outer\n    fn outer(x) {{ half(x) }}\n                  ^\n\
         cell 2, line 2, column 12\n    1 + tools::outer(4)\n               ^"
    );
    assert_eq!(called, expect);
    let expect = format!(
        "SyntaxError: Unexpected '*'\n{broken}, line 2, column 8\n        x +* 0\n           ^\ncell 1, line 1, column 8\n"
    );
    assert!(problem(&[&import("broken")]).starts_with(&expect));
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_long_chain_of_calls_is_shown_from_both_ends() {
    let found = problem(&["fn f(x) { if x == 0 { 1 / 0 } else { f(x - 1) } }", "f(50)"]);
    assert_eq!(found.matches("in f").count() + 1, 20, "{found}");
    assert!(found.contains("\n… 32 more calls …\n") && found.contains("\ncell 2, line 1, column 1\n"), "{found}");
}

#[test]
fn an_expressions_error_names_the_expression() {
    let expressions = vec![("x".into(), "1 +\ny".into())];
    let cell = Execute { code: "1".to_owned(), cell: 1, expressions, ..Execute::default() };
    let sent = Bench::new().request(Request::Execute(cell));
    let Some(FromWorker::Finished { finished, .. }) = sent.last() else { panic!("{sent:?}") };
    let problem = finished.expressions[0].1.as_ref().unwrap_err();
    assert_eq!(problem.traceback[1], "\u{1b}[32mexpression x, line 2, column 1\u{1b}[0m");
}
