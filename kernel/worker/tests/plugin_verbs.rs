//! Plugins asked from cells: the manager's verbs as functions, a plugin's own verbs as methods.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candlewick_link::{FromWorker, Problem};
use common::Bench;

const ADDER: &str = "%%plugin adder by=2
const metadata = #{ version: \"1.0.0\", kind: \"model_component\", config: #{ by: 1 }, state: #{ asked: 0 } };
fn initialize(options) { this.by = options.by; }
fn infer(data) { this.asked += 1; data + this.by }
fn tokenize(text) { text.split(\" \") }
fn cleanup() { print(`asked ${this.asked} times`); }";

fn bench(cells: &[&str]) -> Bench {
    let mut bench = Bench::new();
    cells.iter().for_each(|cell| drop(bench.text(cell)));
    bench
}

/// The text of a cell's result.
fn result(bench: &mut Bench, code: &str) -> String {
    let (sent, finished) = bench.run(code);
    assert_eq!(finished.problem, None, "{code}");
    let result = sent.iter().find_map(|message| match message {
        FromWorker::Result { bundle } => bundle.get("text/plain").map(str::to_owned),
        _ => None,
    });
    result.unwrap_or_else(|| panic!("{code} gave nothing"))
}

fn problem(bench: &mut Bench, code: &str) -> Problem {
    bench.run(code).1.problem.unwrap_or_else(|| panic!("{code} should have failed"))
}

#[test]
fn verbs_are_asked_by_function_and_by_method() {
    let mut bench = bench(&[ADDER]);
    let mut check = |code: &str, expect: &str| assert_eq!(result(&mut bench, code), expect, "{code}");
    check("execute(\"adder\", 40)", "42");
    check("plugin(\"adder\").infer(1.5)", "3.5");
    check("plugin(\"adder\").tokenize(\"a b\")", "[\"a\", \"b\"]");
    check("plugin(\"adder\").infer(tensor([1.0, 2.0])).shape", "[2]");
    check("plugin(\"adder\").state", "\"active\"");
    check("plugin(\"adder\").verbs", "[\"initialize\", \"infer\", \"cleanup\", \"tokenize\"]");
    check("plugin(\"adder\").metadata.plugin_type", "\"model_component\"");
    check("list_plugins()", "[\"adder\"]");
    check("[deactivate(\"adder\"), deactivate(\"adder\"), list_active_plugins().len()]", "[true, false, 0]");
    check("activate(\"adder\", #{ by: 10 })", "true");
    check("execute(\"adder\", 1)", "11");
    check("[unregister(\"adder\"), unregister(\"adder\")]", "[true, false]");
}

#[test]
fn a_verb_may_train_and_ask_other_plugins() {
    let trainer = "%%plugin trainer
fn fit(net, data) {
    let run = train(net, data, #{ epochs: 1, checkpoints: false });
    plugin(\"adder\").infer(run.context.global_step)
}
fn instantiate() { sequential([linear(4, 3)]) }
fn predict(net, x) { net.predict(x) }";
    let mut bench = bench(&[ADDER, trainer, "let net = plugin(\"trainer\").instantiate();"]);
    assert_eq!(result(&mut bench, "plugin(\"trainer\").fit(net, dataset(\"iris\"))"), "7");
    assert_eq!(result(&mut bench, "plugin(\"trainer\").predict(net, tensor([[1.0, 2.0, 3.0, 4.0]])).shape"), "[1, 3]");
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut bench = bench(&[ADDER]);
    let mut check = |code: &str, expect: &str| {
        let problem = problem(&mut bench, code);
        assert!(problem.message.contains(expect), "{code}: {}", problem.message);
    };
    check("plugin(\"ader\")", "there is no plugin `ader`; did you mean `adder`?");
    check("plugin(\"adder\").generate_text(\"a\")", "has no verb `generate_text`; it has initialize, infer");
    check("plugin(\"adder\").infer(1, #{})", "its infer takes 1 argument; found 2");
    check("execute(\"adder\", \"a\" - 1)", "-");
    check("activate(\"adder\", #{ by: 3 })", "deactivate it first");
    check("%%plugin p\nfn infer() { }", "write `fn infer(data [, options])`; found 0 parameters");
    check("%%plugin p\nfn infer(a) { }\nfn infer(a, b) { }", "the verb infer is there twice");
    check("%%plugin p\nconst metadata = #{ versoin: \"1.0.0\" };", "did you mean `version`?");
    check("%%plugin p\nconst metadata = #{ version: \"1\" };", "not a semantic version");
    check(
        "%%plugin p\nconst metadata = #{ dependencies: [\"base ^1\"] };",
        "needs plugin `base ^1`, which is not registered",
    );
    check("%%plugin p\nconst metadata = #{ compatibility: #{ devices: [\"cuda\"] } };", "needs the device cuda");
}

#[test]
fn a_failing_verb_leaves_its_memory_as_it_was() {
    let counting = "%%plugin counting
fn infer(data) { this.count = if this.count == () { 1 } else { this.count + 1 }; if data < 0 { throw \"negative\"; } this.count }";
    let mut bench = bench(&[counting]);
    assert_eq!(result(&mut bench, "plugin(\"counting\").infer(1)"), "1");
    let problem = problem(&mut bench, "plugin(\"counting\").infer(-1)");
    assert!(problem.message.contains("failed at infer") && problem.message.contains("negative"), "{}", problem.message);
    assert_eq!(result(&mut bench, "plugin(\"counting\").infer(1)"), "2");
}

#[test]
fn a_plugin_shows_what_it_says_and_can_do() {
    let mut bench = bench(&[ADDER]);
    let (sent, _) = bench.run("%plugins adder");
    let Some(FromWorker::Display { bundle, .. }) = sent.first() else { panic!("{sent:?}") };
    let text = bundle.get("text/plain").unwrap().to_owned();
    for part in [
        "plugin adder: active, generation 1, from a cell of this notebook",
        "version",
        "1.0.0",
        "model_component",
        "initialize, infer, cleanup",
        "half there: detokenize and generate_text are missing",
        "absent",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn functions_of_a_cell_are_called_by_plugins_where_they_come_from() {
    let mut bench = Bench::new();
    bench.text("const BY = 3;\nfn tripled(x) { x * BY }\nlet offset = 100;");
    bench.text("%%plugin p limits=#{ operations: 1000 }\nfn infer(f) { f.call(2) }\nfn predict(o, xs) { xs.map(o.f) }\nfn generate_text(f) { this.kept = f; \"\" }\nfn tokenize(text) { this.kept.call(text) }\nfn own(ctx, data) { data.y = data.f.call(data.x); }");
    let mut check = |cell: &str, expect: &str| assert_eq!(bench.text(cell), expect, "{cell}");
    check("execute(\"p\", |x| x + 1)", "3");
    check("execute(\"p\", |x| tripled(x) + offset)", "106");
    check("execute(\"p\", tripled)", "6");
    check("execute(\"p\", Fn(\"tripled\"))", "6");
    check("let f = |x, y| x + y; execute(\"p\", f.curry(40))", "42");
    check("plugin(\"p\").predict(#{ f: |x| x * BY }, [1, 2])", "[3, 6]");
    check("plugin(\"p\").run(\"infer\", |x| [x]).output", "[2]");
    // Kept, it is called in a later cell.
    check("plugin(\"p\").generate_text(|x| x.len() * BY);", "");
    check("plugin(\"p\").tokenize(\"abcd\")", "12");
    check("declare_hook(\"own\"); fire(\"own\", #{ f: |x| tripled(x), x: 5 }).y", "15");
    // It is part of the plugin's call: its errors have their place, the limits and capabilities are the plugin's.
    let wrong = bench.wrong("execute(\"p\", |x| x.nothing_there())");
    assert!(wrong.contains("plugin `p` failed at infer: NameError: there is no function `nothing_there`"), "{wrong}");
    assert!(bench.wrong("execute(\"p\", |x| { loop { } })").contains("more than 1000 operations"));
    let reached = bench.wrong("execute(\"p\", |x| read_text(\"secret\"))");
    assert!(reached.contains("plugin p may not reach read:") && reached.contains("[\"read:secret\"]"), "{reached}");
    // What a plugin gives back stays with it, and that is said.
    bench.text("%%plugin q\nfn infer(x) { |y| x + y }");
    let wrong = bench.wrong("execute(\"q\", 1).call(2)");
    assert!(
        wrong.contains("the closure cannot be called with") && wrong.contains("only that plugin can call"),
        "{wrong}"
    );
    assert_eq!(bench.text("1 + 1"), "2");
}
