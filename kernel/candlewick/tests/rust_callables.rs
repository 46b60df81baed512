//! Functions of Rust that Rhai calls: arguments, results, errors, documentation, and who may call and register them.
//!
//! Read the first test first.

#![allow(clippy::unwrap_used)] // clippy sees no #[test] on the functions that tests share

mod common;

use candle_core::Tensor;
use candlewick::cells::callable;
use candlewick::prelude::*;
use candlewick_link::{FromWorker, Is, Request};
use common::Session as Notebook;
use std::collections::HashMap;

fn norm(x: &Tensor, order: f64) -> candle_core::Result<f64> {
    let powers = x.to_dtype(DType::F64)?.abs()?.powf(order)?;
    Ok(powers.sum_all()?.to_scalar::<f64>()?.powf(1.0 / order))
}

fn shout(text: &str, times: usize) -> String {
    text.to_uppercase().repeat(times)
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

#[derive(Clone, Debug)]
struct Counter(u32);

/// A notebook with functions of each kind.
fn notebook() -> Notebook {
    let mut notebook = Notebook::new();
    let (.., failure) = notebook.rust(|| {
        callable!("norm", "norm(x: &Tensor, order: f64) -> f64", "The norm of a tensor.", norm, (&Tensor, f64));
        callable!("shout", "shout(text, times)", "", shout, (&str, usize));
        callable!("mean", "mean(numbers)", "", mean, (&[f64]));
        callable!("none", "none()", "", || ());
        callable!("eight", "eight(…)", "", |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
            a + b + c + d + e + f + g + h
        });
        callable!("pick", "pick(map, name)", "", |map: HashMap<String, f64>, name: String| map.get(&name).copied());
        callable!("maybe", "maybe(x)", "", |x: Option<i64>| x.map_or(-1, |x| x));
        callable!("layers", "layers(net)", "", |net: Net| net.parameters().len());
        callable!("counter", "counter()", "", || Counter(0));
        callable!("more", "more(counter)", "", |counter: Counter| Counter(counter.0 + 1));
        callable!("read", "read(counter)", "", |counter: Counter| counter.0);
        callable!("refuse", "refuse(x)", "", |x: i64| if x > 0 { Ok(x) } else { Err("has to be above 0") });
        callable!("burst", "burst()", "", || -> i64 { panic!("no more") });
        callable!("plain", "plain(data)", "", |data: Json| data["a"].as_i64().unwrap_or(-1));
        callable!("unclear", "unclear()", "", || -> Result<(), std::fmt::Error> { Err(std::fmt::Error) });
    });
    assert!(failure.is_none(), "{failure:?}");
    notebook
}

#[test]
fn arguments_and_results_pass() {
    let mut notebook = notebook();
    let mut check = |code: &str, expect: &str| assert_eq!(notebook.value(code), expect, "{code}");
    check("mean(tensor([1.0, 3.0]))", "2.0");
    check("norm(tensor([3.0, 4.0]), 2)", "5.0");
    check("tensor([3.0, 4.0]).norm(2.0)", "5.0");
    check("shout(\"ab\", 2.0)", "ABAB");
    check("[mean([1, 2.0, 6]), type_of(mean([]))]", "[3.0, \"()\"]");
    check("type_of(none())", "()");
    check("eight(1, 2, 3, 4, 5, 6, 7, 8)", "36");
    check("pick(#{ a: 1, b: 2.5 }, \"b\")", "2.5");
    check("maybe(()) + maybe(5)", "4");
    check("layers(sequential([linear(2, 2)]))", "0");
    check("let c = counter(); read(more(more(c))) + read(c)", "2");
    check("refuse(3)", "3");
    check("plain(#{ a: 4 })", "4");
    check("[1, 2].map(|x| shout(\"a\", x))", "[\"A\", \"AA\"]");
    check("let f = Fn(\"shout\"); f.call(\"x\", 3)", "XXX");
    check("fn own(x) { shout(x, 1) } own(\"y\")", "Y");
    check("let m = 0; try { refuse(0) } catch (e) { m = e.message; } m", "has to be above 0");
}

#[test]
fn a_cells_own_function_goes_before() {
    let mut notebook = notebook();
    assert_eq!(notebook.value("fn shout(text, times) { \"own\" } shout(\"a\", 1)"), "own");
}

#[test]
fn errors_have_the_place_of_the_call() {
    let check = |code: &str, name: &str, message: &str, place: &str| {
        let problem = notebook().problem(code);
        assert_eq!((problem.name.as_str(), problem.message.as_str()), (name, message), "{code}");
        assert_eq!(problem.traceback[1], format!("cell 1, {place}"), "{code}");
    };
    check("let a = 1;\na + refuse(0)", "RustError", "has to be above 0", "line 2, column 5");
    check(
        "norm(1, 2)",
        "TypeError",
        "argument 1 of `norm` has to be a tensor; found a whole number; it is written `norm(x: &Tensor, order: f64) -> f64`",
        "line 1, column 1",
    );
    check(
        "shout(\"a\", -1)",
        "TypeError",
        "argument 2 of `shout` has to be a whole number from 0 to 18446744073709551615; found -1; it is written `shout(text, times)`",
        "line 1, column 1",
    );
    check(
        "mean([1, \"x\"])",
        "TypeError",
        "argument 1 of `mean` has to be an array of numbers; found an array with a string at place 1; it is written `mean(numbers)`",
        "line 1, column 1",
    );
    check(
        "shout(\"a\")",
        "TypeError",
        "`shout` does not take (string); it is written `shout(text, times)`",
        "line 1, column 1",
    );
    check("shoud(\"a\", 1)", "NameError", "there is no function `shoud`; did you mean `shout`?", "line 1, column 1");
    let panicked = notebook().problem("1 + burst()");
    let (says, of) = panicked.message.split_once(" at ").unwrap();
    assert_eq!((panicked.name.as_str(), says), ("Panic", "`burst` panicked: no more"));
    assert!(of.contains("rust_callables.rs, line ") && panicked.traceback[1] == "cell 1, line 1, column 5", "{of}");
    let message = notebook().problem("unclear()").message;
    assert_eq!(message, "an error occurred when formatting an argument");
}

#[test]
fn a_function_of_the_same_name_is_replaced() {
    let mut notebook = notebook();
    notebook.good("let f = |x| maybe(x);");
    assert_eq!(notebook.value("f.call(()) + maybe(())"), "-2");
    notebook.rust(|| callable!("maybe", "maybe(x)", "", |x: Option<i64>| x.map_or(-10, |x| x)));
    assert_eq!(notebook.value("f.call(()) + maybe(())"), "-20");
}

#[test]
fn script_plugins_call_them_also_those_that_come_later() {
    let mut notebook = notebook();
    notebook.good(
        "%%plugin loud when=\"maybe(1) == 1\"\nconst FIRST = shout(\"a\", 2);\n\
         fn start_epoch(ctx) { print(FIRST + helper(ctx.epoch)); }\n\
         fn helper(epoch) { shout(\"e\", epoch + 1) }\n\
         fn infer(x) { later(x) }",
    );
    notebook.good("let net = sequential([linear(4, 3)]); init(net, 1); let data = dataset(\"iris\");");
    notebook.good("let run = fit(net, data, #{ epochs: 3, seed: 1, checkpoints: false, batch_size: 50 });");
    assert!(notebook.good("run.run_until(\"maybe(ctx.epoch) == 1\");").printed().contains("AAE\nAAEE"));
    let problem = notebook.problem("plugin(\"loud\").infer(2)");
    assert!(problem.message.contains("there is no function `later`"), "{}", problem.message);
    notebook.rust(|| {
        callable!("later", "later(x)", "", |x: i64| x * 100);
        callable!("shout", "shout(text, times)", "", |text: String, times: i64| format!("<{text}{times}>"));
    });
    assert_eq!(notebook.value("plugin(\"loud\").infer(2)"), "200");
    assert!(notebook.good("run.resume();").printed().contains("AA<e3>"));
}

#[test]
fn names_that_are_taken_or_impossible_are_refused() {
    let mut notebook = notebook();
    let mut check = |name: &str, expect: &str| {
        let (.., failure) = notebook.rust(|| callable!(name, "", "", |x: i64| x));
        let message = failure.unwrap().message;
        assert!(message.contains(expect), "{message}");
    };
    check("linear", "Rhai cells have a built-in function of that name");
    check("abs", "Rhai cells have a built-in function of that name");
    check("a-b", "letters, digits and `_`");
    check("while", "reserves some words");
    // The tensor's own method would go before it.
    let (.., failure) = notebook.rust(|| callable!("mean", "", "", |x: Tensor| x.mean_all().is_ok()));
    assert!(failure.unwrap().message.contains("built-in function"));
    let (.., failure) = notebook.rust(|| {
        fn length(x: &'static str) -> usize {
            x.len()
        }
        callable!("length", "", "", length)
    });
    assert!(failure.unwrap().message.contains("is a reference"));
    // From inside a script plugin nobody registers.
    notebook.rust(|| {
        callable!("sneak", "sneak()", "", || callable!("hidden", "", "", |x: i64| x));
    });
    notebook.good("%%plugin sly\nfn infer(x) { sneak(); 1 }");
    notebook.run("plugin(\"sly\").infer(1)");
    assert_eq!(notebook.problem("hidden(1)").name, "NameError");
}

#[test]
fn completion_inspection_and_help_know_them() {
    let mut notebook = notebook();
    let FromWorker::Reply { is: Is::Completions(found), .. } =
        notebook.ask(Request::Complete { code: "nor".into(), cursor: 3 })
    else {
        panic!("no completions")
    };
    assert!(found.matches.iter().any(|item| item.text == "norm"), "{found:?}");
    let inspect = Request::Inspect { code: "norm(".into(), cursor: 5, detail: 0 };
    let FromWorker::Reply { is: Is::Inspection(Some(found)), .. } = notebook.ask(inspect) else {
        panic!("no inspection")
    };
    let text = found.bundle.get("text/plain").unwrap();
    assert!(text.contains("norm(x: &Tensor, order: f64) -> f64") && text.contains("The norm of a tensor."), "{text}");
    assert!(text.contains("a tensor") && text.contains("a number"), "{text}");
}
