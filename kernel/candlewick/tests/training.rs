//! Training from cells: runs and how they are moved, what they show, plugins under them, and that the same seed gives
//! the same bits however a run was moved.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy sees no #[test] on the functions that tests share

mod common;
use common::Session;

/// A small net on shipped data, and a run of 3 epochs of 4 batches with a validation loop of 1.
const IRIS: &str = "let data = dataset(\"iris\").normalize();
let net = sequential([linear(4, 8), tanh(), linear(8, 3)]);
let run = fit(net, data, #{ epochs: 3, batch_size: 32, optimizer: adamw(0.01), metrics: [\"accuracy\"],
                            validation: 0.2, seed: 7, checkpoints: false });";

/// A session in which that run stands before its first hook.
fn iris() -> Session {
    let mut session = Session::new();
    session.good(IRIS);
    session
}

#[test]
fn a_run_is_moved_by_hooks_batches_epochs_and_conditions() {
    let check = |moves: &str, place: &str| {
        let mut session = iris();
        session.good(moves);
        let place_now = "let c = run.context; `${c.hook} ${c.epoch} ${if c.has(\"batch\") { c.batch } else { -1 }}`";
        assert_eq!(session.value(place_now), place, "{moves}");
    };
    check("run.step();", "start_training_session 0 -1");
    check("run.step(3);", "start_training_loop 0 -1");
    check("run.step(1, \"batch\");", "end_training_batch 0 0");
    check("run.step(2.0, \"batches\");", "end_training_batch 0 1");
    check("run.batch(); run.batch();", "end_training_batch 0 1");
    check("run.epoch();", "end_epoch 0 -1");
    check("run.step(2, \"epoch\");", "end_epoch 1 -1");
    check("run.run_until(\"start_validation_loop\");", "start_validation_loop 0 -1");
    check("run.run_until(\"end_epoch\"); run.run_until(\"end_epoch\");", "end_epoch 1 -1");
    check("run.run_until(\"ctx.global_step >= 5\");", "start_training_batch 1 1");
    check("run.run_until(|ctx| ctx.epoch == 2 && ctx.batch == 3);", "start_training_batch 2 3");
    check("let least = 2; run.run_until(|ctx| ctx.epoch >= least);", "start_epoch 2 -1");
    check("run.run_until(\"ctx.validation_loss < 100.0\");", "end_validation_batch 0 0");
    check("run.resume();", "end_training_session 2 -1");
    check("run.batch(); run.stop(\"enough\");", "end_training_session 0 -1");
}

#[test]
fn what_is_shown_of_a_run_says_where_it_stands_and_what_goes_on() {
    let check = |cells: &str, words: &[&str]| {
        let mut session = iris();
        let shown = session.value(cells);
        for word in words {
            assert!(shown.contains(word), "{cells}: no {word:?} in {shown}");
        }
    };
    check("run", &["paused", "before its first hook", "run.step()", "run.resume()", "run.stop("]);
    check(
        "run.batch()",
        &["paused", "at end_training_batch, epoch 1 of 3, batch 1 of 4", "next is start_training_batch"],
    );
    check("run.resume()", &["done", "run.history"]);
    check("run.stop(\"seen enough\")", &["stopped", "seen enough"]);
    check("run.outcome", &["unfinished"]);
    check("run.batch(); run.context", &["loss", "global_step", "learning_rate", "batches_per_epoch", "gradient_norm"]);
    check("run.resume(); run.context", &["validation_loss", "validation_metrics", "accuracy"]);
    check("net", &["linear", "tanh", "67", "being trained by run"]);
    check("data", &["150 examples", "setosa"]);
}

#[test]
fn facts_and_settings_of_a_paused_run_are_read_by_name() {
    let check = |expression: &str, value: &str| {
        let mut session = iris();
        session.good("run.step(2, \"batch\"); let c = run.context;");
        assert_eq!(session.value(expression), value, "{expression}");
    };
    check("c.epoch", "0");
    check("c.batch", "1");
    check("c.global_step", "1");
    check("c.epochs", "3");
    check("c.batches_per_epoch", "4");
    check("c.hook", "end_training_batch");
    check("c.outcome", "done");
    check("c.training_batch_count", "2");
    check("c.learning_rate", "0.01");
    check("c.batch_size", "32");
    check("c.late", "false");
    check("c.hyperparameters.seed", "7");
    check("c.loss > 0.0 && c.loss < 10.0 && c.gradient_norm > 0.0", "true");
    check("(c.training_loss - c.training_loss_total / 2.0).abs() < 1e-12", "true");
    check("c.has(\"validation_loss\")", "false");
    check("c.has(\"loss\")", "true");
}

/// A table of the history plugin for the run in `run`.
fn history(session: &mut Session, name: &str) -> Vec<(String, Vec<Option<f64>>)> {
    let shown = session.value("run");
    let id = shown.trim_start_matches("run ").split(',').next().unwrap().parse().unwrap();
    session.plugins().borrow().table("history", id, name).unwrap().columns
}

#[test]
fn history_has_a_row_for_every_epoch_and_batches_for_every_batch() {
    let mut session = iris();
    let check = |session: &mut Session, name: &str, rows: usize, columns: &[&str]| {
        let table = history(session, name);
        for column in columns {
            let (_, values) = table.iter().find(|(own, _)| own == column).unwrap_or_else(|| panic!("no {column}"));
            assert_eq!(values.len(), rows, "{column}");
            assert!(values.iter().all(|value| value.is_some_and(f64::is_finite)), "{column}: {values:?}");
        }
    };
    session.good("run.step(5, \"batch\");");
    check(&mut session, "epochs", 1, &["epoch", "training_loss", "validation_loss"]);
    check(&mut session, "batches", 5, &["global_step", "loss"]);
    session.good("run.resume();");
    let of_epochs = ["epoch", "training_loss", "validation_loss", "training_accuracy", "validation_accuracy"];
    check(&mut session, "epochs", 3, &of_epochs);
    check(&mut session, "batches", 12, &["global_step", "loss", "learning_rate", "gradient_norm"]);
    let shown = session.value("run.history");
    assert!(shown.contains("training_loss") && shown.contains("validation_accuracy"), "{shown}");
}

#[test]
fn every_option_is_taken_in_its_spellings_with_whole_numbers_and_others() {
    let check = |options: &str, question: &str, answer: &str| {
        let mut session = Session::new();
        session.good("let data = dataset(\"iris\").normalize(); let net = sequential([linear(4, 3)]);");
        session.good(&format!("let run = fit(net, data, {options}); run.step(2, \"batch\"); let c = run.context;"));
        assert_eq!(session.value(question), answer, "{options}");
    };
    check("#{}", "c.batches_per_epoch", "5");
    check("#{ epochs: 4.0 }", "c.epochs", "4");
    check("#{ batch_size: 50.0 }", "c.batches_per_epoch", "3");
    check("#{ batch: 50 }", "c.batches_per_epoch", "3");
    check("#{ optimizer: \"sgd\" }", "c.hyperparameters.optimizer.kind", "sgd");
    check("#{ optimizer: \"lion\", lr: 1 }", "c.learning_rate", "1.0");
    check("#{ optimizer: adamw(1) }", "c.learning_rate", "1.0");
    check("#{ learning_rate: 0.5, optimizer: adamw(0.1) }", "c.learning_rate", "0.5");
    check(
        "#{ optimiser: sgd(0.1, #{ momentum: 0.9, nesterov: true }) }",
        "c.hyperparameters.optimizer.nesterov",
        "true",
    );
    check("#{ optimizer: lion(0.001, #{ beta1: 0.8, weight_decay: 0 }) }", "c.hyperparameters.optimizer.beta1", "0.8");
    check("#{ optimizer: sgd(1), schedule: step_decay(1, 0.5) }", "c.learning_rate", "0.5");
    check("#{ optimizer: sgd(1), scheduler: cosine(4) }", "c.learning_rate", "0.5");
    check("#{ optimizer: sgd(0.5), schedule: constant() }", "c.learning_rate", "0.5");
    check("#{ loss: \"cross_entropy\" }", "c.hyperparameters.loss", "cross_entropy");
    check("#{ metrics: \"accuracy\" }", "c.training_metrics.accuracy >= 0.0", "true");
    check("#{ metrics: [\"accuracy\"] }", "c.hyperparameters.metrics", "[\"accuracy\"]");
    check("#{ validation: 0.2 }", "c.batches_per_epoch", "4");
    check("#{ validation_split: 0.2 }", "c.batches_per_epoch", "4");
    check("#{ validation_data: data.take(10) }", "run.validation_data.len", "10");
    check("#{ validation: data.take(10) }", "run.training_data.len", "150");
    check("#{ validation: 0 }", "c.batches_per_epoch", "5");
    check("#{ accumulate: 2 }", "c.hyperparameters.accumulate", "2");
    check("#{ gradient_accumulation: 2 }", "c.hyperparameters.accumulate", "2");
    check("#{ clip_norm: 1 }", "c.hyperparameters.clip_norm", "1.0");
    check("#{ clipnorm: 0.5 }", "c.hyperparameters.clip_norm", "0.5");
    check("#{ loss_scale: 128 }", "c.hyperparameters.loss_scale", "128.0");
    check("#{ shuffle: false }", "c.hyperparameters.shuffle", "false");
    check("#{ from: \"scratch\" }", "c.global_step", "1");
    check("#{ device: \"cpu\" }", "c.device", "cpu");
    check("#{ project_name: \"flowers\" }", "c.project_name", "flowers");
    check("#{ seed: 9.0 }", "c.hyperparameters.seed", "9");
}

/// The parameters of `net`, to the bit.
fn parameters(session: &mut Session) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    session.good(&format!("net.save({path:?});"));
    std::fs::read(path).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bits_however_the_run_is_moved() {
    let trained = |cells: &[&str]| {
        let mut session = iris();
        cells.iter().for_each(|cell| drop(session.good(cell)));
        assert_eq!(session.value("run.outcome"), "done");
        (session.value("run.context.loss"), parameters(&mut session))
    };
    let expected = trained(&["run.resume();"]);
    let check = |cells: &[&str]| {
        let found = trained(cells);
        assert_eq!(found.0, expected.0, "{cells:?}");
        assert!(found.1 == expected.1, "{cells:?} gave other parameters");
    };
    check(&["run.resume();"]);
    check(&["while run.outcome == \"unfinished\" { run.step(); }"]);
    check(&["run.step(3);", "run.batch();", "run.epoch();", "run.run_until(\"ctx.epoch == 2\");", "run.resume();"]);
    check(&["run.batch();", "evaluate(net, data);", "net.predict(data);", "let other = net.copy();", "run.resume();"]);
    check(&[
        "let more = fit(net.copy(), data, #{ seed: 99, checkpoints: false });",
        "run.batch();",
        "more.epoch();",
        "run.resume();",
    ]);
    check(&[
        "run.step(1, \"batch\");",
        "%%plugin looks\nfn end_training_batch(ctx) { this.loss = ctx.loss; ctx.model.parameter(\"0.bias\"); }",
        "run.resume();",
    ]);
    let mut other = Session::new();
    other.good(&IRIS.replace("seed: 7", "seed: 8"));
    other.good("run.resume();");
    assert!(parameters(&mut other) != expected.1, "another seed gave the same parameters");
}

#[test]
fn a_run_resumed_from_a_checkpoint_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let with = |more: &str| IRIS.replace("checkpoints: false", &format!("checkpoints: {:?}{more}", folder.path()));
    let mut undisturbed = iris();
    undisturbed.good("run.resume();");
    let expected = parameters(&mut undisturbed);

    let mut first = Session::new();
    first.good(&with(""));
    first.good("run.step(2, \"epoch\"); let at = run.newest_checkpoint; run.stop(\"power cut\");");
    let at = first.value("at");
    let mut second = Session::new();
    second.good(&with(&format!(", resume: {at:?}")));
    assert_eq!(second.value("run.step(); run.step(); run.context.hook"), "load_checkpoint");
    assert_eq!(second.value("run.resume().outcome"), "done");
    assert_eq!(second.value("run.context.global_step"), "12");
    assert!(parameters(&mut second) == expected, "the parameters differ after a resume");
}

#[test]
fn a_net_is_measured_used_saved_loaded_and_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut session = iris();
    session.good("run.resume();");
    session.good(&format!("net.save({path:?}); let loaded = load_model({path:?});"));
    let check = |session: &mut Session, cell: &str, answer: &str| assert_eq!(session.value(cell), answer, "{cell}");
    check(&mut session, "net.predict(data).shape", "[150, 3]");
    check(&mut session, "net.parameter_count", "67");
    check(&mut session, "evaluate(net, data).examples", "150");
    check(&mut session, "evaluate(loaded, data).loss == evaluate(net, data).loss", "true");
    check(&mut session, "evaluate(net, data, #{ metrics: [\"accuracy\"] }).accuracy > 0.3", "true");
    // Saved again, the loaded net gives the same file; trained on, the copy goes its own way.
    let before = parameters(&mut session);
    session.good("let kept = net; let net = loaded;");
    assert!(parameters(&mut session) == before, "save, load, save gave another file");
    session.good("let net = kept; let other = net.copy(); train(other, data, #{ seed: 1, checkpoints: false });");
    assert!(parameters(&mut session) == before, "training a copy changed the net");
    check(&mut session, "evaluate(other, data).loss == evaluate(net, data).loss", "false");
    // `fit` trains on from where the net stands; drawn anew it is what the seed says.
    session.good("init(net, 5);");
    let drawn = parameters(&mut session);
    session.good("init(net, 6);");
    assert!(parameters(&mut session) != drawn, "another seed drew the same parameters");
    session.good("init(net, 5);");
    assert!(parameters(&mut session) == drawn, "the same seed drew other parameters");
    session.good("let twin = sequential([linear(4, 8), tanh(), linear(8, 3)]); init(twin, 5); let net = twin;");
    assert!(parameters(&mut session) == drawn, "equal nets with one seed differ");
}

#[test]
fn a_run_has_one_live_chart_that_is_replaced_and_left_with_a_text() {
    let mut session = iris();
    let ran = session.good("run.resume()");
    let shown = ran.displays("-chart");
    assert!(!shown.is_empty());
    for (at, (id, update, drawn)) in shown.iter().enumerate() {
        assert_eq!((id, *update, *drawn), (&shown[0].0, at > 0, true), "display {at}");
    }
    let progress = ran.displays("-progress");
    assert!(progress.iter().enumerate().all(|(at, (_, update, _))| *update == (at > 0)), "{progress:?}");
    // Another run has a chart of its own.
    let other = session.good("train(net, data, #{ seed: 2, checkpoints: false });").displays("-chart");
    assert!(!other.is_empty() && other[0].0 != shown[0].0 && !other[0].1, "{other:?}");
    // Asked for, the chart is a result with both formats.
    let ran = session.good("run.chart()");
    let both = ran.sent.iter().any(|message| match message {
        candlewick_link::FromWorker::Result { bundle } => {
            bundle.get("image/svg+xml").is_some_and(|svg| svg.contains("<svg")) && bundle.get("text/plain").is_some()
        }
        _ => false,
    });
    assert!(both);
}
