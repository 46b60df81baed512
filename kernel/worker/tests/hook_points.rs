//! Conditions, hook points of one's own, conflicts, replay: as cells write them and as a run shows them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::FromWorker;
use common::Bench;

const FIT: &str = "let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 2, batch_size: 75, checkpoints: false, seed: 1 });";

/// What a cell printed and showed as text; it goes well.
fn shown(bench: &mut Bench, code: &str) -> String {
    let (sent, finished) = bench.run(code);
    assert_eq!(finished.problem, None, "{code}");
    let text = |message: &FromWorker| match message {
        FromWorker::Stream { text, .. } => text.clone(),
        FromWorker::Result { bundle } | FromWorker::Display { bundle, .. } => {
            bundle.get("text/plain").unwrap().to_owned()
        }
        _ => String::new(),
    };
    sent.iter().map(text).collect()
}

#[test]
fn a_condition_keeps_calls_out_and_its_mistakes_are_named() {
    let mut bench = Bench::new();
    bench.text("%%plugin p when=\"ctx.loss > 0.0 && ctx.epoch == 1\" every=2\nfn start_training_session(ctx) { print(\"begun\"); }\nfn end_training_batch(ctx) { print(`step ${ctx.global_step}`); }");
    bench.text(FIT);
    assert_eq!(shown(&mut bench, "run.resume();"), "begun\nstep 3\n");
    let hooks = shown(&mut bench, "%hooks");
    assert!(hooks.contains("every 2, when ctx.loss > 0.0 && ctx.epoch == 1"), "{hooks}");

    let refused =
        |when: &str| Bench::new().problem(&[&format!("%%plugin p when={when}\nfn end_epoch(ctx) {{ }}")])[0].clone();
    let text = refused("\"ctx.loss >\"");
    assert!(
        text.starts_with("PluginError: plugin `p`: when=\"ctx.loss >\" cannot be read: SyntaxError:")
            && text.contains("line 1, position 11"),
        "{text}"
    );

    let failing = |when: &str| {
        let mut bench = Bench::new();
        bench.text(&format!("%%plugin p when=\"{when}\"\nfn end_training_batch(ctx) {{ print(\"called\"); }}"));
        bench.text(FIT);
        shown(&mut bench, "run.resume();")
    };
    let text = failing("ctx.los > 1");
    assert!(text.contains("plugin p failed in its `when` at end_training_batch (epoch 0, batch 0): NameError: the context has no `los`; did you mean `ctx.loss`?"), "{text}");
    assert!(text.contains("plugin p failed 3 times in a row and is quarantined") && !text.contains("called"), "{text}");
    assert!(failing("ctx.loss").contains("TypeError: `when` must be true or false; it is of type f64"));
    assert!(failing("ctx.validation_loss > 1.0").contains("this run has no validation data"));
}

#[test]
fn a_point_is_declared_fired_stepped_and_listed() {
    let mut bench = Bench::new();
    bench.text("%%plugin louder priority=2\nfn augment(ctx, data) { data.strength *= 10; this.n = if \"n\" in this { this.n + 1 } else { 1 }; }");
    bench.text("declare_hook(\"augment\", #{ doc: \"before a batch is used\" });");
    bench.text("%%plugin softer priority=1 every=2\nfn augment(ctx, data) { #{ strength: data.strength - 1, by: \"softer\" } }");
    bench.text("%%plugin fires\nfn start_training_batch(ctx) { let data = ctx.fire(\"augment\", #{ strength: 5 }); print(`${ctx.batch}: ${data.strength}`); }");
    assert_eq!(bench.text("fire(\"augment\", #{ strength: 2 }).strength"), "20");
    bench.text(FIT);
    assert_eq!(shown(&mut bench, "run.run_until(\"start_training_batch\");"), "0: 50\n");
    let text = shown(&mut bench, "run.step(2)");
    assert!(text.starts_with("1: 40\n"), "{text}");
    assert!(
        text.contains("augment fired by fires") && text.contains("softer ") && text.contains("; louder "),
        "{text}"
    );
    assert!(
        text.contains("by: nothing → \"softer\", strength: 5 → 40")
            || text.contains("strength: 5 → 40, by: nothing → \"softer\""),
        "{text}"
    );
    let after = shown(&mut bench, "run.step()");
    assert!(!after.contains("augment fired"), "{after}");
    let hooks = shown(&mut bench, "%hooks");
    let at = hooks.find("declared points").expect("the points stand below the loop");
    assert!(hooks[at..].contains("augment (before a batch is used)") && hooks[at..].contains("louder"), "{hooks}");
}

#[test]
fn what_cannot_be_fired_or_declared_is_an_error() {
    let check = |cell: &str, expect: &str| {
        let problem = Bench::new().problem(&["declare_hook(\"augment\");", cell])[0].clone();
        assert!(problem.contains(expect), "{problem}");
    };
    check("fire(\"agument\", #{})", "PointError: there is no hook point `agument`; did you mean `augment`?");
    check("declare_hook(\"end_epoch\")", "NameError: `end_epoch` cannot be declared as a hook point: it is a hook");
    check("declare_hook(\"x\", #{ order: \"up\" })", "order is \"ascending\" or \"descending\"; found \"up\"");
    check("declare_hook(\"x\", #{ ordr: \"up\" })", "ordr");
    let mut bench = Bench::new();
    bench.text("declare_hook(\"augment\");");
    bench.text("%%plugin own\nfn augment(ctx, data) { }\nfn end_training_batch(ctx) { ctx.fire(\"augment\", #{}); }");
    bench.text("%%plugin other\nfn end_training_batch(ctx) { fire(\"augment\", #{}); }");
    bench.text(FIT);
    let text = shown(&mut bench, "run.batch();");
    assert!(text.contains("PointError: the point `augment` cannot be fired here: plugin own has a function for it and is being called just now"), "{text}");
    assert!(
        text.contains("BusyError: plugins are being called just now; in a hook write ctx.fire(name, map)"),
        "{text}"
    );
}

#[test]
fn a_point_that_fails_follows_the_policy_and_keeps_the_data() {
    let mut bench = Bench::new();
    bench.text("declare_hook(\"augment\");");
    bench.text("%%plugin bad\nfn augment(ctx, data) { data.n = 99; throw \"no\"; }");
    bench.text("%%plugin good\nfn augment(ctx, data) { data.n += 1; }");
    let text = shown(&mut bench, "fire(\"augment\", #{ n: 1 }).n");
    assert!(
        text.contains("plugin bad failed in the point augment, fired by a cell, line 2") && text.ends_with('2'),
        "{text}"
    );
}

#[test]
fn conflicts_are_said_once_and_listed() {
    let mut bench = Bench::new();
    assert!(shown(&mut bench, "%hooks --conflicts").contains("no two plugins"));
    bench.text("%%plugin a\nfn start_training_batch(ctx) { ctx.learning_rate = 0.1; }");
    bench.text("%%plugin b\nfn start_training_batch(ctx) { ctx.learning_rate = 0.2; ctx.extra.seen = 1; }");
    bench.text(FIT);
    let text = shown(&mut bench, "run.resume();");
    assert_eq!(text.matches("both write").count(), 1, "{text}");
    assert!(text.contains("plugins a and b both write learning_rate at start_training_batch: a set it to 0.1, then b to 0.2, which stands"), "{text}");
    let table = shown(&mut bench, "%hooks --conflicts");
    assert!(table.contains("learning_rate") && table.contains("a: 0.1") && table.contains("b: 0.2"), "{table}");
}

#[test]
fn a_failed_call_is_replayed_with_mended_code_and_the_run_is_not_touched() {
    let mut bench = Bench::new();
    let cell = |line: &str| {
        format!(
            "%%plugin p quarantine_after=1\nconst metadata = #{{ state: #{{ n: 3 }} }};\nfn end_training_batch(ctx) {{ this.n += 1; let m = ctx.model; m.set_parameter(\"0.bias\", m.parameter(\"0.bias\") * 0.0); {line} }}"
        )
    };
    bench.text(&cell("throw `at ${this.n}`;"));
    bench.text(FIT);
    let text = shown(&mut bench, "run.batch();");
    assert!(
        text.contains("RuntimeError: at 4") && text.contains("`%plugin replay p` makes the failed call again"),
        "{text}"
    );
    let again = shown(&mut bench, "%plugin replay p");
    assert!(
        again.starts_with("p: replay of end_training_batch (epoch 0, batch 0): it fails again: line 3, column")
            && again.contains("RuntimeError: at 4"),
        "{again}"
    );
    // Mended, and registered in quarantine no more.
    let before = bench.text("run.batch(); print(run.context.loss);");
    bench.text(&cell("ctx.learning_rate = 0.5; ctx.stop(\"seen\"); print(`n is ${this.n}`);"));
    let again = shown(&mut bench, "%plugin replay p");
    assert!(again.contains("n is 4\n") && again.contains("it goes well; the run was not touched"), "{again}");
    assert!(
        again.contains("  sets learning_rate from 0.001 to 0.5\n")
            && again.contains("  asks to stop: seen\n")
            && again.contains("  sets model from as trained to 0.bias overwritten\n"),
        "{again}"
    );
    assert_eq!(bench.text("print(run.context.loss);"), before);
    let map = bench.text("let r = replay(\"p\"); [r.ok, r.place, r.failure]");
    assert!(map.ends_with("[true, \"end_training_batch\", ()]"), "{map}");
    assert!(Bench::new().problem(&["replay(\"nobody\")"])[0].contains("there is no plugin `nobody`"));
}

#[test]
fn a_quarantined_plugin_is_told_how_it_comes_back() {
    let mut bench = Bench::new();
    bench.text("const ALLOWED = 1;");
    bench.text("%%plugin p quarantine_after=1\nfn end_training_batch(ctx) { if ctx.has(\"outcome\") && !(\"mended\" in ctx.extra) { throw \"no\"; } }");
    bench.text(FIT);
    shown(&mut bench, "run.batch();");
    assert!(shown(&mut bench, "%plugin replay p").contains("it fails again"));
    bench.text("%plugin activate p");
    assert_eq!(bench.plugins().borrow().plugins()[0].state.name(), "active");
}

#[test]
fn a_slow_hook_is_warned_of_with_its_budget() {
    let mut bench = Bench::new();
    bench.text("%%plugin p budget=0.01\nfn end_training_batch(ctx) { sleep(0.03); }");
    bench.text(FIT);
    let text = shown(&mut bench, "run.resume();");
    assert_eq!(text.matches("its budget there is 10.000 ms").count(), 1, "{text}");
}

#[test]
fn an_instance_has_its_own_condition_calls_at_points_and_replay() {
    let mut bench = Bench::new();
    bench.text("%%plugin p when=\"ctx.global_step == 1\" quarantine_after=1\nconst metadata = #{ config: #{ wrong: false } };\nfn end_training_batch(ctx) { if this.config.wrong { throw \"no\"; } print(`called ${ctx.global_step}`); }\nfn augment(ctx, data) { this.n = if \"n\" in this { this.n + 1 } else { 1 }; data.n += this.n; }");
    bench.text("declare_hook(\"augment\");");
    bench.text("create(\"p\", \"q\", #{ wrong: true });");
    let hooks = shown(&mut bench, "%hooks");
    assert_eq!(hooks.matches("when ctx.global_step == 1").count(), 4, "both, at the hook and at the point: {hooks}");
    bench.text(FIT);
    let text = shown(&mut bench, "run.batch();");
    assert!(!text.contains("called") && !text.contains("failed"), "{text}");
    let text = shown(&mut bench, "run.batch();");
    assert!(
        text.contains("called 1\n") && text.contains("plugin q failed in end_training_batch (epoch 0, batch 1)"),
        "{text}"
    );
    assert!(text.contains("`%plugin replay q` makes the failed call again"), "{text}");
    let again = shown(&mut bench, "%plugin replay q");
    assert!(again.starts_with("q: replay of end_training_batch (epoch 0, batch 1): it fails again: line 3"), "{again}");
    assert!(bench.wrong("%plugin replay p").contains("plugin `p` has not failed at a hook, a point or a transform"));

    // Mended in the cell of the plugin it is of, it can be replayed and activated.
    bench.text("%%plugin p\nconst metadata = #{ config: #{ wrong: false } };\nfn end_training_batch(ctx) { print(`mended, ${this.config.wrong}`); }\nfn augment(ctx, data) { this.n = if \"n\" in this { this.n + 1 } else { 1 }; data.n += this.n; }");
    let again = shown(&mut bench, "%plugin replay q");
    assert!(again.contains("mended, true\n") && again.contains("it goes well; the run was not touched"), "{again}");
    bench.text("%plugin activate q");
    // Its condition is still its own: outside of a run it does not hold. One that is made now has none.
    assert_eq!(bench.text("fire(\"augment\", #{ n: 0 }).n"), "1");
    bench.text("create(\"p\", \"r\");");
    assert_eq!(bench.text("fire(\"augment\", #{ n: 0 }).n"), "3", "the second call of p and the first of r");
    bench.text("%plugin deactivate p");
    assert_eq!(bench.text("fire(\"augment\", #{ n: 0 }).n"), "2");
}
