//! Plugins that would take too much, or what is not theirs: each is stopped with a message that says the limit, its value
//! and how to raise it, and everything else goes on.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use common::Bench;

/// Trains two batches with a plugin of that hook and a good one; what was printed, and that everything else went on.
fn trained(registration: &str, body: &str) -> String {
    let mut bench = Bench::new();
    bench.text(&format!("%%plugin bad {registration}\n{body}"));
    bench.text("%%plugin good\nfn end_training_batch(ctx) { print(`good ${ctx.global_step}`); }");
    bench.text(
        "let data = dataset(\"iris\"); let run = fit(sequential([linear(4, 3)]), data, #{ epochs: 1, batch_size: 75, checkpoints: false, seed: 1 });",
    );
    let text = bench.run("run.resume();");
    assert_eq!(text.1.problem, None, "{body}");
    let text = written(&text.0);
    assert!(text.contains("good 0\n") && text.contains("good 1\n"), "{text}");
    assert_eq!(bench.text("1 + 1"), "2");
    text
}

fn written(sent: &[candlewick_link::FromWorker]) -> String {
    let text = |message: &candlewick_link::FromWorker| match message {
        candlewick_link::FromWorker::Stream { text, .. } => text.clone(),
        _ => String::new(),
    };
    sent.iter().map(text).collect()
}

#[test]
fn a_hook_that_takes_too_much_is_ended_and_training_goes_on() {
    let check = |registration: &str, statements: &str, expect: &str| {
        let text = trained(registration, &format!("fn end_training_batch(ctx) {{ {statements} }}"));
        assert!(text.contains(expect), "{statements}: {text}");
        assert!(text.contains("plugin bad failed in end_training_batch (epoch 0, batch 0)"), "{text}");
    };
    let raise = |limit: &str| {
        format!("which is the limit `{limit}` of plugin bad; raise it where it is registered: limits=#{{ {limit}: … }}")
    };
    check(
        "limits=#{ seconds: 0.05 }",
        "let n = 0; loop { n += 1; }",
        &format!("LimitError: it took longer than 0.05 s, {}", raise("seconds")),
    );
    check("limits=#{ seconds: 0.05 }", "sleep(100);", "it took longer than 0.05 s");
    check(
        "limits=#{ operations: 5000 }",
        "let n = 0; loop { n += 1; }",
        &format!("it went on for more than 5000 operations, {}", raise("operations")),
    );
    // A place is named also where there is nothing in the loop.
    for statements in
        ["let n = 0;\nloop { }", "let n = 0;\nwhile true { }", "let n = 0;\nif n == 0 { loop { n += 1; } }"]
    {
        let text = trained("limits=#{ operations: 5000 }", &format!("fn end_training_batch(ctx) {{ {statements} }}"));
        assert!(text.contains("(epoch 0, batch 0), line 3, column"), "{text}");
    }
    // Rhai counts anew in every closure.
    check(
        "limits=#{ operations: 5000 }",
        "let a = []; a.pad(100, 0); a.map(|x| { let n = 0; while n < 200 { n += 1; } });",
        "more than 5000 operations",
    );
    // None of this can be caught.
    check("limits=#{ operations: 5000 }", "let n = 0; try { loop { n += 1; } } catch { }", "more than 5000 operations");
    check("limits=#{ seconds: 0.05 }", "let n = 0; loop { try { loop { n += 1; } } catch { } }", "longer than 0.05 s");
    check(
        "limits=#{ string_bytes: 1000 }",
        "let s = \"x\"; try { loop { s += s; } } catch { }",
        &format!("a string of it is longer than 1000 bytes, {}", raise("string_bytes")),
    );
    check(
        "limits=#{ array_items: 1000 }",
        "let a = [1]; try { loop { a += a; } } catch { }",
        &format!("an array of it has more than 1000 elements, {}", raise("array_items")),
    );
    check("limits=#{ array_items: 1000 }", "let a = [[]]; loop { a[0].push(1); }", "more than 1000 elements");
    check("limits=#{ array_items: 1000 }", "this.a = []; loop { this.a.push(1); }", "more than 1000 elements");
    check(
        "limits=#{ map_entries: 100 }",
        "let m = #{}; let n = 0; loop { n += 1; m[`k${n}`] = 1; }",
        &format!("a map of it has more than 100 entries, {}", raise("map_entries")),
    );
    check("limits=#{ bytes: 2000 }", "this.a = []; this.a.pad(1000, 1);", "its state would hold 160");
}

#[test]
fn calls_too_deep_are_an_error_that_says_how_deep() {
    let recursion = "fn deeper(n) { deeper(n + 1) }\nfn end_training_batch(ctx) { try { deeper(0) } catch { } }";
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || {
            let text = trained("", recursion);
            assert!(
                text.contains("its calls are nested deeper than 256, which is the limit `call_depth` of plugin bad"),
                "{text}"
            );
            let text = trained("limits=#{ call_depth: 10 }", recursion);
            assert!(text.contains("nested deeper than 10,"), "{text}");
            let bounded = "fn deeper(n) { if n < 300 { deeper(n + 1) } }\nfn end_training_batch(ctx) { deeper(0) }";
            assert!(!trained("limits=#{ call_depth: 400 }", bounded).contains("bad failed"));
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn limits_hold_for_verbs_conditions_points_and_at_registration() {
    let limited = "limits=#{ operations: 1000 }";
    let problem = |cells: &[&str]| Bench::new().problem(cells).join("\n");
    let top = problem(&[&format!("%%plugin p {limited}\nconst X = 1;\nloop {{ }}\nfn end_epoch(ctx) {{ }}")]);
    assert!(
        top.starts_with("LimitError: it went on for more than 1000 operations") && top.contains("cell 1, line 3"),
        "{top}"
    );
    let verb = problem(&[&format!("%%plugin p {limited}\nfn infer(x) {{ loop {{ }} }}"), "execute(\"p\", 1)"]);
    assert!(
        verb.contains("plugin `p` failed at infer: LimitError: it went on for more than 1000 operations"),
        "{verb}"
    );
    let text = trained("limits=#{ seconds: 0.05 } when=\"sleep(100) == ()\"", "fn end_training_batch(ctx) { }");
    assert!(
        text.contains(
            "plugin bad failed in its `when` at end_training_batch (epoch 0, batch 0): LimitError: it took longer than 0.05 s"
        ),
        "{text}"
    );
    let mut bench = Bench::new();
    bench.text(&format!("%%plugin p {limited}\nfn spin(ctx, data) {{ let n = 0; loop {{ n += 1; }} }}"));
    bench.text("declare_hook(\"spin\");");
    let (sent, finished) = bench.run("fire(\"spin\", #{ a: 1 })");
    assert_eq!(finished.problem, None);
    assert!(written(&sent).contains("plugin p failed in the point spin, fired by a cell"), "{}", written(&sent));
}

#[test]
fn limits_hold_for_transforms_and_entry_points() {
    for (limit, statements, expect) in [
        (
            "operations: 5000",
            "let n = 0; loop { n += 1; }",
            "it went on for more than 5000 operations, which is the limit",
        ),
        ("seconds: 0.05", "sleep(100);", "it took longer than 0.05 s, which is the limit `seconds` of plugin bad"),
    ] {
        let line = format!("limits=#{{ {limit} }} quarantine_after=0");
        let text = trained(&line, &format!("fn transform_batch(batch) {{ {statements} }}"));
        assert!(
            text.contains("plugin bad failed in transform_batch (epoch 0, batch 0): batch 0: LimitError"),
            "{text}"
        );
        assert!(text.contains(expect), "{text}");

        let mut bench = Bench::new();
        let functions = "fn instantiate(n) { if n == 0 { BODY } n }\nfn fit(model, data) { if data == 0 { BODY } model }\nfn predict(model, x) { if x == 0 { BODY } model + x }\nfn data_access(n) { BODY }\nfn serialize(model) { BODY }\nfn deserialize(bytes) { BODY }";
        bench.text(&format!("%%plugin bad {line}\n{}", functions.replace("BODY", statements)));
        bench.text("let model = create_instance(\"bad\", 1);");
        for cell in [
            "create_instance(\"bad\", 0)",
            "model.fit(0)",
            "model.predict(0)",
            "data_access(\"bad\", 1).load()",
            "model.serialize()",
            "deserialize(\"bad\", blob(1))",
        ] {
            let problem = bench.run(cell).1.problem.expect(cell);
            assert!(problem.message.contains(expect), "{cell}: {}", problem.message);
            // The instance is free again, and as it was.
            assert_eq!(bench.text("model.fit(1); model.predict(2)"), "3", "{cell}");
        }
    }
}

#[test]
fn a_plugin_that_throws_in_every_function_stops_nobody() {
    let hooks = [
        "start_training_session",
        "start_epoch",
        "start_training_loop",
        "start_training_batch",
        "end_training_batch",
        "end_training_loop",
        "end_epoch",
        "end_training_session",
    ];
    let body: Vec<String> = hooks.iter().map(|hook| format!("fn {hook}(ctx) {{ throw \"no\"; }}")).collect();
    let text = trained("quarantine_after=0", &body.join("\n"));
    for hook in hooks {
        assert!(text.contains(&format!("plugin bad failed in {hook} (epoch 0")), "{hook}: {text}");
    }
    assert!(text.contains("RuntimeError: no"), "{text}");
}

#[test]
fn cells_have_no_limits_of_plugins() {
    let mut bench = Bench::new();
    bench.text("%%plugin p limits=#{ operations: 10 }\nfn end_epoch(ctx) { }");
    assert_eq!(bench.text("let n = 0; while n < 100000 { n += 1; } n"), "100000");
}
