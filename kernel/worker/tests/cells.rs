//! Cells: results, printed text, errors, and what stays from cell to cell.

mod common;
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
    check(&["print(1); debug(\"x\"); 2"], "1\n! 1:16: \"x\"\n2");
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
        &["SyntaxError: '*' is not a valid operator in an expression", "cell 1, line 2, column 12", "    let y = x +* 2;", "               ^"],
    );
    check(
        &["let count = 1;", "1 + cuont"],
        &["NameError: there is no variable `cuont`; did you mean `count`?", "cell 2, line 1, column 5", "    1 + cuont", "        ^"],
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
    check(&["throw \"stop here\""], &["RuntimeError: stop here", "cell 1, line 1, column 1", "    throw \"stop here\"", "    ^"]);
}

#[test]
fn endless_things_end_with_an_error() {
    let check = |cells: &[&str], expect: &str| assert_eq!(Bench::new().problem(cells)[0].split(':').next(), Some(expect), "{cells:?}");
    check(&["fn f(x) { f(x + 1) } f(0)"], "RecursionError");
    check(&["let f = |g, x| g.call(g, x + 1); f.call(f, 0)"], "RecursionError");
}
