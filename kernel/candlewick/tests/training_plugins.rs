//! Plugins written in cells, under real runs: what they change, their state, and what happens when one is replaced, comes
//! late or fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy sees no #[test] on the functions that tests share

mod common;
use common::Session;

/// A small net on shipped data, and a run of 3 epochs of 4 batches.
const IRIS: &str = "let data = dataset(\"iris\").normalize();
let net = sequential([linear(4, 8), tanh(), linear(8, 3)]);
let run = fit(net, data, #{ epochs: 3, batch_size: 40, optimizer: adamw(0.01), seed: 7, checkpoints: false });";

/// What a hook of this body prints over a whole run.
fn printed(hook: &str, body: &str) -> String {
    let mut session = Session::new();
    session.good(IRIS);
    session.good(&format!("%%plugin p\nfn {hook}(ctx) {{ {body} }}"));
    let ran = session.good("run.resume();");
    assert_eq!(ran.warned(), "", "{body}");
    ran.printed()
}

#[test]
fn hooks_read_and_steer_the_run() {
    let check = |hook: &str, body: &str, expected: &str| {
        let lines = printed(hook, body);
        assert_eq!(lines.lines().collect::<Vec<_>>().join("|"), expected, "{hook}: {body}");
    };
    check("end_epoch", "print(ctx.epoch);", "0|1|2");
    check("end_epoch", "print(`${ctx.epoch} ${ctx.training_batch_count}`); ctx.stop(\"enough\");", "0 4");
    check("end_training_batch", "if ctx.global_step == 5 { ctx.stop(\"x\"); } print(ctx.global_step);", "0|1|2|3|4|5");
    check("end_training_batch", "if ctx.batch == 0 { ctx.skip_epoch(); } print(ctx.global_step);", "0|1|2");
    check("on_epoch_end", "print(ctx.hook);", "end_epoch|end_epoch|end_epoch");
    check("end_training_session", "print(`${ctx.outcome} ${ctx.global_step}`);", "done 12");
    check("start_training_batch", "if ctx.batch > 0 { ctx.skip_batch(); }", "");
}

#[test]
fn state_that_a_checkpoint_cannot_keep_is_named_once() {
    let mut session = Session::new();
    session.good(&IRIS.replace(", checkpoints: false", ""));
    session.good("%%plugin keeper\nfn end_training_batch(ctx) { this.inputs = ctx.inputs; this.n = 1; }");
    let warned = session.good("run.resume();").warned();
    assert_eq!(
        warned,
        "plugin keeper: checkpoints cannot keep this.inputs (tensor); a resumed run starts without it\n"
    );
}

#[test]
fn a_skipped_batch_trains_nothing_and_ends_as_skipped() {
    let mut session = Session::new();
    session.good(IRIS);
    session.good(
        "%%plugin every_second
fn start_training_batch(ctx) { if ctx.batch % 2 == 1 { ctx.skip_batch(); } }
fn end_training_batch(ctx) { print(ctx.outcome); }
fn end_epoch(ctx) { print(ctx.training_batch_count); }",
    );
    assert_eq!(session.good("run.epoch();").printed(), "done\nskipped\ndone\nskipped\n2\n");
}

#[test]
fn what_a_hook_sets_holds_from_then_on() {
    let mut session = Session::new();
    session.good(IRIS);
    session.good(
        "%%plugin halve
fn start_epoch(ctx) { if ctx.epoch > 0 { ctx.learning_rate /= 2; } }
fn end_epoch(ctx) { print(ctx.learning_rate); }",
    );
    assert_eq!(session.good("run.resume();").printed(), "0.01\n0.005\n0.0025\n");
    // A batch size holds from the next epoch.
    let mut session = Session::new();
    session.good(IRIS);
    session.good("%%plugin grow\nfn end_epoch(ctx) { ctx.batch_size = 75; print(ctx.training_batch_count); }");
    assert_eq!(session.good("run.resume();").printed(), "4\n2\n2\n");
    // `extra` is shared with the others and between hooks.
    let mut session = Session::new();
    session.good(IRIS);
    session.good("%%plugin writes priority=1\nfn end_training_batch(ctx) { ctx.extra.last = ctx.global_step; }");
    session.good("%%plugin reads priority=2\nfn end_epoch(ctx) { print(ctx.extra.last); }");
    assert_eq!(session.good("run.resume();").printed(), "3\n7\n11\n");
}

const COUNT: &str = "%%plugin count
const metadata = #{ state: #{ n: 0 } };
fn end_training_batch(ctx) { this.n += 1; }
fn end_training_session(ctx) { print(`first wording: ${this.n}`); }";

#[test]
fn state_belongs_to_a_run_and_two_runs_in_turn_keep_it_apart() {
    let mut session = Session::new();
    session.good(IRIS);
    session.good(COUNT);
    session.good("let other = fit(net.copy(), data, #{ epochs: 1, batch_size: 15, seed: 1, checkpoints: false });");
    session.good("run.step(3, \"batch\"); other.step(4, \"batch\"); run.step(2, \"batch\"); other.batch();");
    assert_eq!(session.good("run.resume();").printed(), "first wording: 12\n");
    assert_eq!(session.good("other.resume();").printed(), "first wording: 10\n");
}

#[test]
fn a_plugin_replaced_in_a_live_run_keeps_its_state_and_its_place() {
    let speaks = |name: &str, word: &str| {
        format!(
            "%%plugin {name}\nconst metadata = #{{ state: #{{ n: 0 }} }};
fn end_training_batch(ctx) {{ this.n += 1; print(`{word} ${{this.n}}`); }}
fn start_training_session(ctx) {{ print(`{word} begins`); }}"
        )
    };
    let mut session = Session::new();
    session.good(IRIS);
    session.good(&speaks("a", "a"));
    session.good(&speaks("b", "b"));
    assert_eq!(session.good("run.step(2, \"batch\");").printed(), "a begins\nb begins\nb 1\na 1\nb 2\na 2\n");
    // Run again with other words: no historic hooks, the count goes on, the order stays.
    session.good(&speaks("a", "A"));
    assert_eq!(session.good("run.batch();").printed(), "b 3\nA 3\n");
    session.good("%plugin deactivate b");
    assert_eq!(session.good("run.batch();").printed(), "A 4\n");
}

#[test]
fn a_plugin_that_comes_late_is_told_so_once() {
    let mut session = Session::new();
    session.good(IRIS);
    session.good("run.step(5, \"batch\");");
    session.good(
        "%%plugin latecomer
fn start_training_session(ctx) { print(`session, late ${ctx.late}`); }
fn start_epoch(ctx) { print(`epoch ${ctx.epoch}, late ${ctx.late}`); }
fn end_training_batch(ctx) { print(`batch ${ctx.batch}, late ${ctx.late}`); }",
    );
    assert_eq!(session.good("run.batch();").printed(), "session, late true\nepoch 1, late true\nbatch 1, late false\n");
    assert_eq!(session.good("run.batch();").printed(), "batch 2, late false\n");
    assert_eq!(session.good("run.run_until(\"start_epoch\");").printed(), "batch 3, late false\nepoch 2, late false\n");
}

#[test]
fn a_failing_hook_is_put_back_counted_and_quarantined_until_its_cell_is_mended() {
    let mut session = Session::new();
    session.good(IRIS);
    let plugin = |body: &str| {
        format!(
            "%%plugin p\nconst metadata = #{{ state: #{{ n: 0 }} }};\nfn end_training_batch(ctx) {{ this.n += 1; {body} }}\nfn end_epoch(ctx) {{ print(this.n); }}"
        )
    };
    // Every second call fails: never three in a row, so it stays in service, and failed calls leave no trace in `this`.
    session.good(&plugin("if ctx.batch % 2 == 1 { throw \"odd\"; }"));
    let ran = session.good("run.epoch();");
    assert_eq!((ran.printed().as_str(), ran.warned().matches("odd").count()), ("2\n", 2));
    // Every call fails: three, then quarantine.
    session.good(&plugin("throw \"always\";"));
    let ran = session.good("run.epoch();");
    assert_eq!((ran.printed().as_str(), ran.warned().matches("always").count()), ("", 3));
    assert!(ran.warned().contains("failed 3 times in a row and is quarantined"), "{}", ran.warned());
    // Mended, it is in service again with the state it had.
    session.good(&plugin(""));
    let ran = session.good("run.epoch();");
    assert_eq!((ran.printed().as_str(), ran.warned().as_str()), ("6\n", ""));
}

#[test]
fn an_error_ends_the_run_where_the_plugin_says_so() {
    let mut session = Session::new();
    session.good(IRIS);
    session
        .good("%%plugin strict on_error=stop\nfn end_training_batch(ctx) { if ctx.batch == 2 { throw \"no more\"; } }");
    let problem = session.problem("run.resume();");
    assert_eq!(problem.name, "TrainingError");
    for word in ["epoch 0, batch 2", "plugin strict", "end_training_batch", "no more"] {
        assert!(problem.message.contains(word), "{}", problem.message);
    }
    assert_eq!(session.value("run.outcome"), "failed");
    assert_eq!(session.value("run.context.global_step"), "3");
}

#[test]
fn early_stopping_waits_to_be_activated_and_gives_back_the_best_parameters() {
    let mut session = Session::new();
    assert_eq!(session.value("plugin(\"early-stopping\").state"), "registered");
    session.good(
        "activate(\"early-stopping\", #{ patience: 2, min_delta: 0.0, restore_best_weights: true });
        let parts = dataset(\"iris\").normalize().split(0.3, 1);
        let net = sequential([linear(4, 32), relu(), linear(32, 3)]);
        let run = fit(net, parts[0], #{ epochs: 200, optimizer: adamw(0.5), validation: parts[1], batch_size: 105, seed: 3 });",
    );
    let ran = session.good("run.resume();");
    assert_eq!(session.value("run.outcome"), "stopped");
    // One training batch in each epoch and one of validation: the means are those of `evaluate`.
    let losses = "run.history.column(\"validation_loss\")";
    let least = session.value(&format!("let least = 1e9; for x in {losses} {{ if x < least {{ least = x; }} }} least"));
    assert!(ran.printed().contains("early-stopping gave back the parameters of epoch"), "{}", ran.printed());
    let best: f64 = least.parse().unwrap();
    let now: f64 = session.value("evaluate(net, parts[1]).loss").parse().unwrap();
    assert!((best - now).abs() < 1e-6, "{best} {now}");
}
