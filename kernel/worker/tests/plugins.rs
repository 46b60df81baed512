//! Plugins written in cells: registration, hooks, `this`, `ctx`, errors, and registering again.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{FromWorker, Request};
use candlewick_plugin_api::{Context, Event, Hook, HookSink};
use common::Bench;

const PLATEAU: &str = "%%plugin stop_on_plateau priority=10 patience=2
const metadata = #{ version: \"1.0.0\", description: \"stops when validation loss is flat\", config: #{ patience: 3 }, state: #{ best: 1e9, bad: 0 } };
fn end_epoch(ctx) {
    if ctx.validation_loss < this.best { this.best = ctx.validation_loss; this.bad = 0; } else { this.bad += 1; }
    if this.bad >= this.config.patience { ctx.stop(\"validation loss is flat\"); }
}";

fn context(loss: f64) -> Context {
    let mut context = Context::default();
    let facts = context.driver();
    facts.facts.loss = Some(loss);
    facts.facts.has_validation = true;
    facts.facts.validation_loss_total = loss;
    facts.facts.validation_batch_count = 1;
    facts.facts.run = 1;
    context.working.learning_rate = 0.1;
    context
}

/// Fires one hook at all plugins; the failures' messages.
fn fire(bench: &Bench, hook: Hook, context: &mut Context) -> Vec<String> {
    context.driver().facts.hook = hook;
    bench.plugins().borrow_mut().fire(hook, context);
    let failure = |event| match event {
        Event::PluginFailed(failure) => Some(format!("{}:{:?}:{:?}", failure.message, failure.line, failure.column)),
        _ => None,
    };
    context.driver().events.drain(..).filter_map(failure).collect()
}

#[test]
fn a_plugin_of_a_cell_keeps_state_reads_facts_and_stops_the_run() {
    let mut bench = Bench::new();
    let (sent, finished) = bench.run(PLATEAU);
    assert_eq!(finished.problem, None);
    let FromWorker::PluginRegistered(record) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(
        (record.name.as_str(), record.origin.as_str(), record.source.as_str()),
        ("stop_on_plateau", "cell 1", PLATEAU)
    );
    assert_eq!(record.settings["priority"], 10);
    assert!(
        matches!(&sent[1], FromWorker::Stream { text, .. } if text == "plugin stop_on_plateau registered: end_epoch\n")
    );

    let mut ctx = context(0.5);
    fire(&bench, Hook::StartTrainingSession, &mut ctx);
    for expect in [None, None, Some("validation loss is flat")] {
        assert_eq!(fire(&bench, Hook::EndEpoch, &mut ctx), Vec::<String>::new());
        assert_eq!(ctx.driver().requests.stop.as_deref(), expect);
    }
    let states = bench.plugins().borrow().states(1);
    assert_eq!(states["stop_on_plateau"], serde_json::json!({ "bad": 2, "best": 0.5 }));
}

#[test]
fn hooks_do_what_they_say_or_fail_with_a_place() {
    let check = |body: &str, expect: &[&str]| {
        let mut bench = Bench::new();
        bench.text(&format!("%%plugin p note=7\nconst metadata = #{{ config: #{{ note: 1 }} }};\nconst LIMIT = 5;\nfn helper(x) {{ x + LIMIT }}\nfn end_training_batch(ctx) {{ {body} }}"));
        let mut ctx = context(0.25);
        assert_eq!(fire(&bench, Hook::EndTrainingBatch, &mut ctx), expect, "{body}");
        ctx
    };
    check("if ctx.loss != 0.25 { throw 1; }", &[]);
    check("if helper(1) != 6 || LIMIT != 5 { throw 1; }", &[]);
    check("if this.config.note != 7 { throw 1; }", &[]);
    check("if ctx.hook != \"end_training_batch\" || ctx.has(\"outcome\") || !ctx.has(\"loss\") { throw 1; }", &[]);
    assert_eq!(check("ctx.learning_rate = 1;", &[]).working.learning_rate, 1.0);
    assert_eq!(check("ctx.learning_rate *= 0.5;", &[]).working.learning_rate, 0.05);
    assert_eq!(check("ctx.extra.seen = [1];", &[]).working.extra["seen"], serde_json::json!([1]));
    assert!(check("ctx.skip_batch();", &[]).driver().requests.skip_batch);
    check("ctx.losss", &["NameError: the context has no `losss`; did you mean `ctx.loss`?:Some(5):Some(33)"]);
    check(
        "ctx.loss = 1.0;",
        &[
            "ConstantError: ctx.loss cannot be set; settable are learning_rate, accumulate, clip_norm, loss_scale, batch_size, inputs, targets, extra; a value of the plugin's own goes into `this.loss`:Some(5):Some(33)",
        ],
    );
    check("ctx.outcome", &["MissingFact: there is no outcome here: only end_… hooks have an outcome:Some(5):Some(34)"]);
    check(
        "ctx.learning_rate = \"x\";",
        &["ValueError: ctx.learning_rate takes a number from 0 up; found x:Some(5):Some(34)"],
    );
    check(
        "this.config.note = 2;",
        &[
            "ConstantError: the setting `note` cannot be changed by the plugin; set it as `note=…` on the `%%plugin` line, or keep a value of its own in `this`:Some(5):Some(41)",
        ],
    );
}

#[test]
fn a_hook_that_throws_has_its_state_put_back_and_a_kept_context_is_refused() {
    let mut bench = Bench::new();
    bench.text("%%plugin p\nconst metadata = #{ state: #{ n: 1 } };\nfn end_epoch(ctx) { this.n += 1; if this.n == 3 { throw \"three\"; } this.kept = ctx; }\nfn end_training_batch(ctx) { this.kept.loss }");
    let mut ctx = context(1.0);
    assert!(fire(&bench, Hook::EndEpoch, &mut ctx).is_empty());
    assert_eq!(fire(&bench, Hook::EndEpoch, &mut ctx).len(), 1);
    assert_eq!(bench.plugins().borrow().states(1)["p"], serde_json::json!({ "n": 2 }));
    let failures = fire(&bench, Hook::EndTrainingBatch, &mut ctx);
    assert!(failures[0].starts_with("ContextError: this context belongs to a hook call that is over"), "{failures:?}");
}

#[test]
fn whatever_a_hook_does_with_its_parameter_the_next_call_finds_its_own() {
    let check = |first: &str, parameter: &str, second: &str, expect: &[&str]| {
        let mut bench = Bench::new();
        bench.text(&format!(
            "%%plugin p\nlet c = 1;\nfn grow(n) {{ n + 1 }}\nfn end_epoch(ctx) {{ {first} }}\nfn end_training_batch({parameter}) {{ {second} }}"
        ));
        for loss in [0.5, 0.25] {
            let mut ctx = context(loss);
            fire(&bench, Hook::EndEpoch, &mut ctx);
            ctx.driver().facts.loss = Some(loss / 2.0);
            let failures = fire(&bench, Hook::EndTrainingBatch, &mut ctx);
            assert_eq!((failures.len(), &ctx.working.extra["seen"]), (expect.len(), &serde_json::json!(loss / 2.0)));
            assert!(failures.iter().zip(expect).all(|(own, expect)| own.starts_with(expect)), "{first}: {failures:?}");
        }
    };
    let sees = |name: &str| format!("{name}.extra = #{{ seen: {name}.loss }};");
    for first in [
        "",
        "ctx = 5;",
        "ctx = (); return 1;",
        "let ctx = 3; let d = 4; if ctx == 3 { return d; }",
        "let kept = ctx; kept.loss",
        "eval(\"let x = ctx.loss; x\")",
        "throw 1",
        "exit(3)",
        "try { ctx.losss } catch { }",
        "grow(grow(1))",
    ] {
        check(first, "ctx", &sees("ctx"), &[]);
        check(first, "c", &sees("c"), &[]);
    }
    let refused = ["ContextError: this context belongs to a hook call that is over"];
    check("this.kept = ctx;", "ctx", &(sees("ctx") + "this.kept.loss"), &refused);
    check("this.kept = || ctx.loss;", "ctx", &(sees("ctx") + "this.kept.call()"), &refused);
    check("this.kept = [ctx];", "ctx", &(sees("ctx") + "this.kept[0].loss"), &refused);
}

#[test]
fn mistakes_are_found_at_registration() {
    let check = |body: &str, expect: &str| {
        let traceback = Bench::new().problem(&[&format!("%%plugin p x=1\n{body}")]);
        assert_eq!(traceback[..2].join(" @ "), expect);
    };
    check(
        "fn end_epoc(ctx) { }",
        "PluginError: there is no hook `end_epoc`; did you mean `end_epoch`? @ cell 1, line 2, column 18",
    );
    check(
        "fn end_epoch() { }",
        "PluginError: a hook takes one parameter, the context: write `fn end_epoch(ctx)`; found 0 parameters @ cell 1, line 2, column 16",
    );
    check(
        "fn end_epoch(ctx) { 1 1 }",
        "SyntaxError: Expecting ';' to terminate this statement @ cell 1, line 2, column 23",
    );
    check(
        "fn end_epoch(ctx) { }",
        "PluginError: plugin `p` has no setting `x`; it declares no settings @ cell 1, line 1, column 1",
    );
}

#[test]
fn a_cell_run_again_replaces_its_plugin_and_a_new_worker_gets_it_again() {
    let mut bench = Bench::new();
    bench.text(PLATEAU);
    let (sent, finished) = bench.run(&PLATEAU.replace("priority=10", "priority=20"));
    assert_eq!(finished.problem, None);
    let FromWorker::PluginRegistered(record) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(bench.plugins().borrow().plugins().len(), 1);
    bench.text("%plugin deactivate stop_on_plateau");

    let mut other = Bench::new();
    let sent = other.request(Request::Register { plugins: vec![record.clone()] });
    assert!(
        matches!(&sent[1], FromWorker::Reply { is: candlewick_link::Is::Registered { failed }, .. } if failed.is_empty()),
        "{sent:?}"
    );
    let row = other.plugins().borrow().plugins()[0].clone();
    assert_eq!((row.name.as_str(), row.priority), ("stop_on_plateau", 20));
    assert_eq!(
        other.text("%plugin unregister stop_on_plateau"),
        "PluginRemoved { name: \"stop_on_plateau\" }\nstop_on_plateau: unregistered\n"
    );
}

#[test]
fn the_loop_is_shown_with_every_plugin_in_its_place() {
    let mut bench = Bench::new();
    bench.text(PLATEAU);
    let (sent, _) = bench.run("%hooks");
    let FromWorker::Display { bundle, .. } = &sent[0] else { panic!("{sent:?}") };
    let text = bundle.get("text/plain").unwrap();
    assert!(text.lines().any(|line| line.contains("end_epoch") && line.contains("stop_on_plateau")), "{text}");
    let (_, finished) = bench.run("%hooks --exakt");
    assert_eq!(finished.problem.unwrap().message, "%hooks takes nothing, --exact or --conflicts; found `--exakt`");
    assert!(matches!(bench.run("%hooks --exact").0[0], FromWorker::Display { .. }));
    let (sent, _) = bench.run("%plugins");
    assert!(
        matches!(&sent[0], FromWorker::Display { bundle, .. } if bundle.get("text/plain").unwrap().contains("stop_on_plateau"))
    );
}
