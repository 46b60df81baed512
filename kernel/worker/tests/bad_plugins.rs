//! Bad plugins of every kind: each is named by a message, and afterwards the next cell runs, other plugins are called and
//! a run that was under way goes on.
//!
//! What is bad about archives, checksums and compiled crates is in the command line's tests; limits and capabilities have
//! files of their own.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::FromWorker;
use candlewick_plugin_api::Hook;
use common::Bench;
use common::files::Files;

/// A notebook with a good plugin, in the middle of a run.
fn notebook() -> Bench {
    let mut bench = Bench::new();
    bench.text("%%plugin good\nfn infer(data) { data + 1 }\nfn end_training_batch(ctx) { print(`good ${ctx.global_step}`); }\nfn spot(ctx, data) { data.good = true; }");
    bench.text("declare_hook(\"spot\");");
    bench.text("let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 1000, batch_size: 75, checkpoints: false, seed: 1 }); run.batch();");
    bench
}

/// The next cell runs, the other plugin is called, training goes on.
fn goes_on(bench: &mut Bench, after: &str) {
    assert_eq!(bench.text("1 + 1"), "2", "{after}");
    assert_eq!(bench.result("execute(\"good\", 1)"), "2", "{after}");
    assert_eq!(bench.result("fire(\"spot\", #{}).good"), "true", "{after}");
    let (sent, finished) = bench.run("run.batch();");
    assert_eq!(finished.problem, None, "{after}");
    assert!(written(&sent).contains("good "), "{after}");
}

fn written(sent: &[FromWorker]) -> String {
    let text = |message: &FromWorker| match message {
        FromWorker::Stream { text, .. } => text.clone(),
        _ => String::new(),
    };
    sent.iter().map(text).collect()
}

/// Runs a cell that fails with these words, at that place when one is given.
fn fails(bench: &mut Bench, cell: &str, place: &str, message: &str) {
    let (_, finished) = bench.run(cell);
    let traceback = finished.problem.unwrap_or_else(|| panic!("{cell} should have failed")).traceback;
    assert!(traceback[0].contains(message), "{cell}: {traceback:?}");
    assert!(traceback.get(1).is_some_and(|line| line.ends_with(place)), "{cell}: {traceback:?}");
    goes_on(bench, cell);
}

#[test]
fn what_cannot_be_registered_is_refused_with_its_place() {
    let mut bench = notebook();
    let mut check = |body: &str, place: &str, message: &str| {
        fails(&mut bench, &format!("%%plugin bad\n{body}"), place, message);
        assert_eq!(bench.result("list_plugins()"), "[\"good\"]", "{body}");
    };
    // Syntax errors.
    check("fn end_epoch(ctx) { 1 1 }", "line 2, column 23", "SyntaxError: Expecting ';'");
    check("fn end_epoch(ctx {", "line 2, column 18", "SyntaxError: ");
    check("fn infer(data) { \"open }", "line 2, column 18", "SyntaxError: ");
    // Wrong arity.
    check(
        "fn end_epoch() { }",
        "line 2, column 16",
        "a hook takes one parameter, the context: write `fn end_epoch(ctx)`",
    );
    check("fn infer() { }", "line 2, column 12", "write `fn infer(data [, options])`; found 0 parameters");
    check("fn transform_image() { 1 }", "line 2, column 22", "write `fn transform_image(image [, ctx or path])`");
    // Unknown hooks and transforms.
    check("fn end_epohc(ctx) { }", "line 2, column 19", "there is no hook `end_epohc`; did you mean `end_epoch`?");
    check("fn transform_imge(x) { x }", "line 2, column 22", "did you mean `transform_image`?");
    // Metadata: not a map, not plain, misspelt, malformed.
    let metadata = |fields: &str| format!("const metadata = {fields};\nfn infer(data) {{ data }}");
    check(&metadata("3"), "line 2, column 7", "metadata must be a map; write `const metadata = #{ version: \"1.0.0\"");
    check(&metadata("#{ config: #{ f: |x| x } }"), "line 2, column 7", "metadata holds a value of type");
    check(&metadata("#{ verson: \"1.0.0\" }"), "line 2, column 7", "no field `verson`; did you mean `version`?");
    check(&metadata("#{ version: \"one\" }"), "line 2, column 7", "version `one` is not a semantic version");
    check(&metadata("#{ version: \"1.0\" }"), "line 2, column 7", "version `1.0` is not a semantic version");
    check(&metadata("#{ dependencies: [\"good ^one\"] }"), "line 2, column 7", "^one");
    // Dependencies that are missing or too old.
    let needs = "it needs plugin `nowhere ^1`, which is not registered";
    check(&metadata("#{ dependencies: [\"nowhere ^1\"] }"), "line 1, column 1", needs);
    check(&metadata("#{ dependencies: [\"good ^7\"] }"), "line 1, column 1", "good");
    // Schemas that are none, at their own line.
    let schemas = |value: &str| format!("fn infer(data) {{ data }}\nconst schemas = {value};");
    check(&schemas("3"), "line 3, column 7", "`schemas` must be a map; write `const schemas = #{");
    let nonsense = "the schema of the output of infer cannot be used: at /type: \"nummer\"";
    check(&schemas("#{ infer: #{ output: #{ type: \"nummer\" } } }"), "line 3, column 7", nonsense);
    let unknown = "the schema of `inferr` cannot be used: it has no such verb; did you mean `infer`?";
    check(&schemas("#{ inferr: #{ input: #{} } }"), "line 3, column 7", unknown);
    let config = "const metadata = #{ config: #{ n: 1 // how many, 1..5\n} };\nfn end_epoch(ctx) { }";
    let violated = "the settings do not fit its schema: at /n: expected at most 5, found 9";
    fails(&mut bench, &format!("%%plugin bad n=9\n{config}"), "line 1, column 1", violated);
    fails(
        &mut bench,
        "%%plugin bad\nthrow \"at the top\";\nfn infer(data) { }",
        "line 2, column 1",
        "RuntimeError: at the top",
    );
    let initialize = "plugin `bad` failed at initialize: RuntimeError: not now";
    fails(&mut bench, "%%plugin bad\nfn initialize() { throw \"not now\"; }", "", initialize);
    fails(
        &mut bench,
        "%%plugin bad\nfn create(config) { throw \"no\"; }\nfn infer(d) { }",
        "",
        "create failed: RuntimeError: no",
    );
    assert_eq!(bench.result("list_active_plugins()"), "[\"good\"]");
}

#[test]
fn settings_arguments_and_answers_that_violate_a_schema_are_refused_call_by_call() {
    let mut bench = notebook();
    bench.text("%%plugin bad\n/// @param data {number} what to add to, 0..9\n/// @returns {string}\nfn infer(data) { if data == 3 { `${data}` } else { data } }");
    let argument = "the arguments of infer do not fit its schema: at /data";
    fails(&mut bench, "execute(\"bad\", 10)", "", &format!("{argument}: expected at most 9, found 10"));
    fails(&mut bench, "execute(\"bad\", \"x\")", "", argument);
    fails(&mut bench, "execute(\"bad\", 4)", "", "the answer of infer does not fit its schema");
    assert_eq!(bench.result("execute(\"bad\", 3)"), "\"3\"");
}

#[test]
fn a_plugin_that_throws_in_every_function_is_told_and_outlived() {
    let mut bench = notebook();
    let hooks = ["start_training_batch", "end_training_batch", "start_epoch", "end_epoch", "end_training_loop"];
    let hooks: String = hooks.iter().map(|hook| format!("fn {hook}(ctx) {{ throw \"h\"; }}\n")).collect();
    let rest = "fn infer(data) { throw \"v\"; }\nfn spot(ctx, data) { throw \"p\"; }\nfn transform_batch(batch) { throw \"t\"; }\nfn cleanup() { throw \"c\"; }";
    bench.text(&format!("%%plugin bad quarantine_after=0\n{hooks}{rest}"));
    fails(&mut bench, "execute(\"bad\", 1)", "", "plugin `bad` failed at infer: RuntimeError: v");
    let mut text = String::new();
    for cell in ["fire(\"spot\", #{ });", "run.batch();", "run.batch();", "run.batch();"] {
        let (sent, finished) = bench.run(cell);
        assert_eq!(finished.problem, None, "{cell}");
        text.push_str(&written(&sent));
    }
    for place in [
        "the point spot, fired by a cell",
        "start_training_batch (",
        "end_training_batch (",
        "start_epoch (",
        "end_epoch (",
    ] {
        assert!(text.contains(&format!("plugin bad failed in {place}")), "{place}: {text}");
    }
    assert!(text.contains("plugin bad failed in transform_batch (") && text.contains("RuntimeError: t"), "{text}");
    fails(&mut bench, "deactivate(\"bad\")", "", "plugin `bad` failed at cleanup: RuntimeError: c");
    bench.text("%plugin unregister bad");
    goes_on(&mut bench, "unregister");
}

#[test]
fn all_fourteen_hooks_may_throw() {
    let files = Files::of(&[]);
    let fit = |option: &str| {
        format!(
            "let other = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{{ epochs: 2, batch_size: 75, validation: 0.2, seed: 1, {option} }}); other.resume();"
        )
    };
    let folder = files.path("checkpoints");
    let mut bench = notebook();
    bench.text("%%plugin saves\nfn end_training_batch(ctx) { if ctx.epoch == 0 { ctx.request_checkpoint(); } }");
    let hooks: String = Hook::all().map(|hook| format!("fn {hook}(ctx) {{ throw `in ${{ctx.hook}}`; }}\n")).collect();
    bench.text(&format!("%%plugin bad quarantine_after=0\n{hooks}"));
    let (sent, finished) = bench.run(&fit(&format!("checkpoints: {folder:?}")));
    assert_eq!(finished.problem, None);
    let mut text = written(&sent);
    let (sent, finished) = bench.run(&fit(&format!("checkpoints: false, resume: {folder:?}")));
    assert_eq!(finished.problem, None);
    text.push_str(&written(&sent));
    for hook in Hook::all() {
        assert!(text.contains(&format!("plugin bad failed in {hook} (epoch ")), "{hook}: {text}");
        assert!(text.contains(&format!("RuntimeError: in {hook}\n")), "{hook}: {text}");
    }
    goes_on(&mut bench, "all hooks");
}

#[test]
fn what_blocks_or_allocates_without_end_is_ended_wherever_it_does() {
    let mut bench = notebook();
    let forever = "let n = 0; loop { n += 1; }";
    let hoards = "let s = \"x\"; loop { s += s; }";
    let (late, full) =
        ("it took longer than 0.05 s, which is the limit `seconds`", "a string of it is longer than 1000 bytes");
    for (statements, message) in [(forever, late), (hoards, full)] {
        let line = "%%plugin bad quarantine_after=0 limits=#{ seconds: 0.05, string_bytes: 1000 }";
        // While it is made.
        for body in [
            format!("{statements}\nfn infer(data) {{ }}"),
            format!("fn initialize() {{ {statements} }}"),
            format!("fn create(config) {{ {statements} }}\nfn infer(data) {{ }}"),
        ] {
            fails(&mut bench, &format!("{line}\n{body}"), "", message);
            assert_eq!(bench.result("list_active_plugins()"), "[\"good\"]", "{body}");
        }
        // While it is called.
        for (body, cell) in [
            ("fn infer(data) {", "execute(\"bad\", 1)"),
            ("fn instantiate() {", "create_instance(\"bad\")"),
            ("fn data_access(n) {", "data_access(\"bad\", 1).load()"),
            ("fn cleanup() {", "deactivate(\"bad\")"),
        ] {
            bench.text(&format!("{line}\n{body} {statements} }}"));
            fails(&mut bench, cell, "", message);
            bench.run("%plugin unregister bad");
        }
        for (body, cell) in [
            ("fn end_training_batch(ctx) {", "run.batch();"),
            ("fn transform_batch(batch) {", "run.batch(); run.batch();"),
            ("fn spot(ctx, data) {", "fire(\"spot\", #{});"),
        ] {
            bench.text(&format!("{line}\n{body} {statements} }}"));
            let (sent, finished) = bench.run(cell);
            assert_eq!(finished.problem, None, "{body}");
            assert!(written(&sent).contains(message), "{body}: {}", written(&sent));
            goes_on(&mut bench, body);
            bench.text("%plugin unregister bad");
        }
    }
}

#[test]
fn one_that_registers_another_is_refused_and_neither_is_there() {
    let mut bench = notebook();
    let refused = "plugin bad cannot register another plugin while it is being registered or called";
    let call = "register(\"other\", \"fn end_epoch(ctx) { }\")";
    for body in [format!("{call};\nfn infer(d) {{ }}"), format!("fn initialize() {{ {call} }}")] {
        fails(&mut bench, &format!("%%plugin bad\n{body}"), "", refused);
        assert_eq!(bench.result("list_active_plugins()"), "[\"good\"]", "{body}");
    }
}

#[test]
fn a_directory_of_broken_files_and_circles_leaves_a_run_alone() {
    let needs = |name: &str| format!("const metadata = #{{ dependencies: [\"{name}\"] }};\nfn infer(data) {{ data }}");
    let files = Files::of(&[
        ("broken.rhai", "fn end_epoch(ctx) { 1 1 }"),
        ("binary.rhai", "\u{0}\u{1}"),
        ("nothing.rhai", "let x = 1;"),
        ("a.rhai", &needs("b")),
        ("b.rhai", &needs("a")),
        ("missing.rhai", &needs("nowhere")),
        ("manifest/plugin.toml", "[plugin\nname = "),
        ("unnamed/plugin.toml", "name = \"x\"\n"),
        ("fine.rhai", "fn end_training_batch(ctx) { print(\"fine too\"); }"),
    ]);
    let mut bench = notebook();
    bench.run(&format!("let report = load_plugins({:?});", files.path("")));
    assert_eq!(bench.result("report.loaded"), "[\"fine\"]");
    let text = bench.result("report");
    for part in [
        "line 1, column 23: SyntaxError: Expecting ';'",
        "is no plugin: it has no `const metadata`",
        "plugins need each other in a circle: a → b → a",
        "it needs plugin `nowhere`, which is not there",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    goes_on(&mut bench, "load_plugins");
    assert!(bench.text("run.batch();").contains("fine too"));
}
