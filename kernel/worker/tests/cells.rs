//! Cells: results, printed text, errors, and what stays from cell to cell.

mod common;
use candlewick_link::FromWorker;
use common::Bench;

#[test]
fn the_last_expression_is_shown() {
    let check = |cells: &[&str], expect: &str| assert_eq!(Bench::new().last(cells), expect, "{cells:?}");
    check(&["1 + 1"], "2");
    check(&["1 + 1;"], "");
    check(&["let x = 1"], "");
    check(&["()"], "");
    check(&["0.1 + 0.2"], "0.30000000000000004");
    check(&["1.0"], "1.0");
    check(&["\"a\\\"b\""], "\"a\\\"b\"");
    check(&["'c'"], "'c'");
    check(&["true"], "true");
    check(&["[1, [2.5, \"x\"], #{ a: 1, \"b c\": () }]"], "[1, [2.5, \"x\"], #{ a: 1, \"b c\": () }]");
    check(&["[]"], "[]");
    check(&["#{}"], "#{}");
    check(&["fn f(x) { x }  Fn(\"f\")"], "the function f");
    check(&["|x| x + 1"], "a closure");
    check(&["print(1); debug(\"x\"); 2"], "1\n! cell 1, line 1: \"x\"\n2");
}

#[test]
fn what_a_cell_defines_stays_for_later_ones() {
    let check = |cells: &[&str], expect: &str| assert_eq!(Bench::new().last(cells), expect, "{cells:?}");
    check(&["let x = 41;", "x + 1"], "42");
    check(&["fn f(x) { x * 2 }", "fn g(x) { f(x) + 1 }", "g(10)"], "21");
    check(&["fn f(x) { x * 2 }", "fn f(x) { x * 3 }", "f(10)"], "30");
    check(&["let n = 5; let f = |x| x + n;", "n = 7; f.call(1)"], "8");
    check(&["const N = 3;", "fn f() { N + 1 }", "f()"], "4");
    check(&["const N = 3; fn f() { N + 1 } f()"], "4");
    check(&["const N = 3;", "fn f() { N + 1 }", "const N = 5;", "f()"], "6");
    check(&["const N = 3;", "[1, 2].map(|x| x + N)"], "[4, 5]");
    check(&["let x = 1; throw \"no\"", "x"], "1");
}

#[test]
fn errors_name_kind_and_place() {
    let check = |cells: &[&str], expect: &[&str]| assert_eq!(Bench::new().problem(cells), expect, "{cells:?}");
    check(
        &["let x = 1;\nlet y = x +* 2;"],
        &["SyntaxError: Unexpected '*'", "cell 1, line 2, column 12", "    let y = x +* 2;", "               ^"],
    );
    check(
        &["let count = 1;", "1 + cuont"],
        &[
            "NameError: there is no variable `cuont`; did you mean `count`?",
            "cell 2, line 1, column 5",
            "    1 + cuont",
            "        ^",
        ],
    );
    check(
        &["fn f(x) {\n  x / 0\n}", "1 + f(4)"],
        &[
            "ArithmeticError: Division by zero: 4 / 0",
            "cell 1, line 2, column 5, in f",
            "      x / 0",
            "        ^",
            "cell 2, line 1, column 5",
            "    1 + f(4)",
            "        ^",
        ],
    );
    check(
        &["let v = 1;", "fn f() { v }", "f()"],
        &[
            "NameError: `v` is a variable of the notebook, and functions see only its constants; pass it as a parameter, define it with `const`, or use a closure: `|x| … v …`",
            "cell 2, line 1, column 10, in f",
            "    fn f() { v }",
            "             ^",
            "cell 3, line 1, column 1",
            "    f()",
            "    ^",
        ],
    );
    let first = |cells: &[&str], expect: &str| assert_eq!(Bench::new().problem(cells)[0], expect, "{cells:?}");
    first(&["fn double(x) { x * 2 }", "doubel(2)"], "NameError: there is no function `doubel`; did you mean `double`?");
    first(
        &["fn double(x) { x * 2 }", "double(1, 2)"],
        "TypeError: `double` does not take (i64, i64); it is written `double(x)`",
    );
    first(&["dispaly(1)"], "NameError: there is no function `dispaly`; did you mean `display`?");
    first(
        &["clear_output(1, 2)"],
        "TypeError: `clear_output` does not take (i64, i64); it is written `clear_output() or clear_output(wait)`",
    );
    first(&["#{} * 2"], "TypeError: `*` cannot be used on map and i64");
    first(&["[1, 2][5]"], "IndexError: Array index 5 out of bounds: only 2 elements in array");
    first(&["const A = 1; A = 2;"], "SyntaxError: Cannot assign to constant A");
    first(&["import \"no_such_file\" as x;"], "ImportError: Module not found: no_such_file");
    check(
        &["throw \"stop here\""],
        &["RuntimeError: stop here", "cell 1, line 1, column 1", "    throw \"stop here\"", "    ^"],
    );
}

#[test]
fn endless_things_end_with_an_error() {
    let check = |cells: &'static [&'static str], expect: &str| {
        // The engine thread's stack, which the limit on calls is made for.
        let run = move || Bench::new().problem(cells)[0].clone();
        let found = std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
        assert_eq!(found.split(':').next(), Some(expect), "{cells:?}: {found}");
    };
    check(&["fn f(x) { f(x + 1) } f(0)"], "RecursionError");
    check(&["let f = |g, x| g.call(g, x + 1); f.call(f, 0)"], "RecursionError");
    check(&["fn f(x) { [x].map(|y| f(y + 1)) } f(0)"], "RecursionError");
    check(&["let a = []; a.pad(1000000000, 0); a.len"], "LimitError");
    check(&["blob(1000000000000)"], "LimitError");
    check(&["let s = \"x\"; s.pad(1000000000, \"ab\"); s.len"], "LimitError");
}

#[test]
fn shadowed_variables_are_dropped_when_their_cell_ends() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        bench.text("let big = [1, 2, 3]; let big = [4];");
    }
    assert_eq!(bench.text("%who"), "big\n");
    bench.text("let first = 1; let second = 2; let first = 3;");
    assert_eq!(bench.text("[first, second, big]"), "[3, 2, [4]]");
}

#[test]
fn commands_run_between_statements() {
    let check = |cells: &[&str], expect: &str| assert_eq!(Bench::new().last(cells), expect, "{cells:?}");
    check(&["let a = 1;\n%who\nlet b = 2;\n%who\na + b"], "a\na  b\n3");
    check(
        &["const N = 3; let x = [1, 2];", "%whos"],
        "name  type           value\n───────────────────────────\nN     i64, constant  3\nx     array          [1, 2]\n",
    );
    check(&["let a = 1;", "%reset\n%who"], "no variables\n");
    check(&["%%rhai\n40 + 2"], "42");
    check(&["let a = 7;\na\n% 4"], "3");
}

#[test]
fn commands_that_are_wrong_say_so_and_run_nothing() {
    let check = |cell: &str, expect: &[&str]| {
        let mut bench = Bench::new();
        let problem = bench.run(cell).1.problem.unwrap();
        assert_eq!(problem.traceback, expect);
        assert_eq!(bench.text("%who"), "no variables\n");
    };
    check(
        "let a = 1;\n%wo",
        &[
            "CommandError: there is no command `%wo`; did you mean `%who`?",
            "cell 1, line 2, column 1",
            "    %wo",
            "    ^",
        ],
    );
    check(
        "let a = 1;\n%who\nlet b = ;",
        &["SyntaxError: Unexpected ';'", "cell 1, line 3, column 9", "    let b = ;", "            ^"],
    );
    check(
        "%%plugin",
        &[
            "CommandError: %%plugin takes a name, such as `%%plugin watch_loss every=10`",
            "cell 1, line 1, column 1",
            "    %%plugin",
            "    ^",
        ],
    );
}

#[test]
fn displays_are_shown_and_updated() {
    let mut bench = Bench::new();
    let (sent, _) = bench.run("let d = display([1]); print(\"x\"); d.update(\"new\"); clear_output(true); d.id");
    let FromWorker::Display { bundle, display_id: Some(id), update: false } = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(bundle.get("text/plain"), Some("[1]"));
    assert!(matches!(&sent[1], FromWorker::Stream { text, .. } if text == "x\n"));
    assert!(matches!(&sent[2], FromWorker::Display { display_id: Some(other), update: true, .. } if other == id));
    assert_eq!(sent[3], FromWorker::ClearOutput { wait: true });
    assert!(matches!(&sent[4], FromWorker::Result { bundle } if bundle.get("text/plain") == Some(&format!("{id:?}"))));
}

#[test]
fn tensors_show_shape_type_device_and_values() {
    let check = |cell: &str, expect: &str| assert_eq!(Bench::new().last(&[cell]), expect);
    check(
        "tensor([[1, 2.5], [3, 4]])",
        "tensor([[1.0000, 2.5000],\n        [3.0000, 4.0000]])\nshape [2, 2], f32, cpu",
    );
    check("tensor([1, 2, 3]).shape", "[3]");
    check("tensor(2).dtype", "\"f32\"");
    let (_, finished) = Bench::new().run("tensor([[1], [2, 3]])");
    assert_eq!(finished.problem.unwrap().name, "ShapeError");
}
