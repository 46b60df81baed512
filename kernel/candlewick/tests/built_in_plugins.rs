//! The built-in plugins under real runs: what they write, what they say, and that none gets into another's way.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy sees no #[test] on the functions that tests share

mod common;
use common::Session;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

/// A small net on shipped data.
const DIGITS: &str = "let data = dataset(\"digits\").normalize();
let net = sequential([linear(64, 16), relu(), linear(16, 10)]);";

/// A run of 4 epochs of 6 batches. Folders for checkpoints are the tests' own: that of a session is named after the
/// process, and here one process has many sessions.
fn fit(options: &str) -> String {
    let without = if options.contains("checkpoints:") { "" } else { ", checkpoints: false" };
    format!(
        "let run = fit(net, data, #{{ epochs: 4, batch_size: 256, optimizer: adamw(0.01), validation: 0.2, seed: 5,
        metrics: [\"accuracy\"]{}{options}{without} }});",
        if options.is_empty() { "" } else { ", " }
    )
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every number of an array; shown as a result, a long one would be cut.
fn numbers(session: &mut Session, array: &str) -> Vec<f64> {
    let printed = session.good(&format!("for number in {array} {{ print(number); }}")).printed();
    printed.lines().map(|number| number.parse().unwrap()).collect()
}

/// A web server that takes one request; its body.
fn webhook() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            let value = line.to_lowercase().strip_prefix("content-length:").map(|value| value.trim().to_owned());
            length = value.map_or(length, |value| value.parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        (&stream).write_all(b"HTTP/1.1 200 ok\r\ncontent-length: 0\r\n\r\n").unwrap();
        tell.send(serde_json::from_slice(&body).unwrap()).unwrap();
    });
    (address, told)
}

#[test]
fn all_of_them_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (address, told) = webhook();
    let mut session = Session::new();
    session.good(&format!(
        "activate(\"console\", #{{}});
        activate(\"logging\", #{{ path: \"{}\", batches: 1 }});
        activate(\"tensorboard\", #{{ log_dir: \"{}\", histograms: 2 }});
        activate(\"checkpoint\", #{{ folder: \"{}\", rolling: 2, every_epochs: 0.5 }});
        activate(\"early-stopping\", #{{ patience: 50 }});
        activate(\"learning-rate\", #{{ schedule: \"one_cycle\" }});
        activate(\"accumulation\", #{{ end_epoch: 3, end_value: 4 }});
        activate(\"notification\", #{{ webhook: \"{address}\" }});
        activate(\"profiler\", #{{ log_interval: 2, report: \"{}\" }});",
        at("log/run.jsonl"),
        at("tb"),
        at("kept"),
        at("profile.json"),
    ));
    session.good("%%plugin watch\nfn end_epoch(ctx) { print(`a step takes ${ctx.accumulate} batches`); }");
    let options = format!("project_name: \"together\", checkpoints: \"{}\"", at("own"));
    session.good(&format!("{DIGITS}\n{}", fit(&options)));
    let ran = session.good("run.resume();");
    assert_eq!(ran.warned(), "");
    let printed = ran.printed();
    for part in [
        "epoch 1/4  loss ",
        "  validation_accuracy ",
        " done after 4 of 4 epochs\n",
        "as `best`: validation_loss ",
        "profile of run ",
        "a step takes 2 batches\n",
        "a step takes 4 batches\n",
        "  at end_training_batch ",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert_eq!(session.value("run.outcome"), "done");

    let log = lines(&folder.path().join("log/run.jsonl"));
    let count = |event: &str| log.iter().filter(|line| line["event"] == event).count();
    assert_eq!(["session", "batch", "validation", "epoch", "end"].map(count), [1, 24, 4, 4, 1]);
    assert_eq!(log[0]["hyperparameters"]["batch_size"], json!(256));

    // The last two are kept, each of them whole.
    assert_eq!(names(&folder.path().join("kept")), ["best", "rolling-00000021", "rolling-00000024"]);
    assert_eq!(names(&folder.path().join("kept/best")), ["run.json", "tensors.safetensors"]);

    let runs = names(&folder.path().join("tb"));
    assert!(runs.len() == 1 && runs[0].starts_with("together-"), "{runs:?}");
    let events = names(&folder.path().join("tb").join(&runs[0]));
    assert!(events.len() == 1 && events[0].starts_with("events.out.tfevents."), "{events:?}");

    let report: Value = serde_json::from_slice(&std::fs::read(at("profile.json")).unwrap()).unwrap();
    // 80 of 100 digits are trained on, in each of four epochs.
    assert_eq!((&report["batches"], &report["samples"]), (&json!(24), &json!(4 * 1438)));
    assert!(report["phase_seconds"]["training"].as_f64().unwrap() > 0.0);
    assert!(report["samples_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(session.value("run.table(\"profiler\", \"intervals\").column(\"batch\").len()"), "12");

    let body = told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!((&body["project"], &body["what"]), (&json!("together"), &json!("end")));

    let rates = numbers(&mut session, "run.batches.column(\"learning_rate\")");
    assert!((rates[0] - 0.01 / 25.0).abs() < 1e-12, "{rates:?}");
    assert!(rates.iter().any(|rate| *rate > 0.0099) && rates[23] < 1e-12, "{rates:?}");
}

#[test]
fn each_is_listed_and_waits_to_be_activated() {
    let mut session = Session::new();
    let listed = session.good("%plugins");
    let text = format!("{:?}", listed.sent);
    for name in [
        "accumulation",
        "checkpoint",
        "console",
        "early-stopping",
        "learning-rate",
        "learning-rate-finder",
        "logging",
        "notification",
        "profiler",
        "tensorboard",
    ] {
        assert!(text.contains(name), "{name}: {text}");
        assert_eq!(session.value(&format!("plugin(\"{name}\").state")), "registered");
    }
    for name in ["history", "live-chart", "progress"] {
        assert_eq!(session.value(&format!("plugin(\"{name}\").state")), "active");
    }
}

#[test]
fn unknown_settings_and_values_are_refused_with_what_is_allowed() {
    let mut session = Session::new();
    let mut check = |plugin: &str, settings: &str, expect: &str| {
        let problem = session.problem(&format!("activate(\"{plugin}\", #{{ {settings} }})"));
        assert!(problem.message.contains(expect), "{plugin} {settings}: {}", problem.message);
    };
    check("tensorboard", "logdir: \"x\"", "did you mean `log_dir`?");
    check("accumulation", "curve: \"cubic\"", "expected one of [\"linear\",\"log\"]");
    check("learning-rate", "schedule: \"sine\"", "\"cosine\",\"one_cycle\"");
    check("checkpoint", "mode: \"least\"", "[\"min\",\"max\"]");
    check("notification", "on: [\"begin\"]", "[\"end\",\"failure\",\"stop\"]");
    check("profiler", "log_interval: 0", "a whole number of batches from 1");
    check("early-stopping", "strategy: \"custom\"", "[\"patience\",\"plateau\"]");
}

/// What a schedule of the plugin makes of the learning rate, and what the same schedule of `fit` does.
#[test]
fn schedules_agree_with_those_of_fit() {
    let check = |settings: &str, schedule: &str| {
        let rates = |activate: &str, options: &str| {
            let mut session = Session::new();
            session.good(activate);
            session.good(&format!("{DIGITS}\n{}", fit(options)));
            session.good("run.resume();");
            numbers(&mut session, "run.batches.column(\"learning_rate\")")
        };
        let plugin = rates(&format!("activate(\"learning-rate\", #{{ {settings} }});"), "");
        let own = rates("", &format!("schedule: {schedule}"));
        assert_eq!(plugin.len(), 24);
        assert!(plugin.iter().zip(&own).all(|(a, b)| (a - b).abs() < 1e-12), "{settings}: {plugin:?} {own:?}");
    };
    check("schedule: \"cosine\", warmup: 3, minimum: 0.001", "cosine(3, 0.001)");
    check("schedule: \"step\", every: 5, factor: 0.5", "step_decay(5, 0.5)");
}

#[test]
fn a_resumed_run_goes_on_in_its_files_and_is_told_which_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let begin = format!(
        "activate(\"logging\", #{{ path: \"{}\", batches: 1 }});
        activate(\"tensorboard\", #{{ log_dir: \"{}\", name: \"a\" }});
        activate(\"checkpoint\", #{{ folder: \"{}\", rolling: 4 }});
        activate(\"console\", #{{}});
        {DIGITS}",
        at("run.jsonl"),
        at("tb"),
        at("kept"),
    );
    let mut session = Session::new();
    session.good(&begin);
    session.good(&fit(&format!("checkpoints: \"{}\"", at("own"))));
    // Two epochs are saved; the third comes to nothing, but for what it has written.
    session.good("run.step(15, \"batch\");");
    drop(session);
    let mut session = Session::new();
    session.good(&begin);
    let saved = at("kept/rolling-00000012");
    // Seed 003 told its plugins no path here.
    session.good("%%plugin told\nfn load_checkpoint(ctx) { print(`told ${ctx.extra.checkpoint_path}`); }");
    session.good(&fit(&format!("resume: \"{saved}\", checkpoints: \"{}\"", at("own"))));
    let ran = session.good("run.resume();");
    assert_eq!(ran.warned(), "");
    assert!(ran.printed().contains(&format!("told {saved}\n")), "{}", ran.printed());
    assert!(ran.printed().contains(&format!("going on after step 12 from {saved}\n")), "{}", ran.printed());

    let log = lines(&folder.path().join("run.jsonl"));
    let steps = log.iter().filter(|line| line["event"] == "batch").map(|line| line["global_step"].as_u64().unwrap());
    assert_eq!(steps.collect::<Vec<_>>(), (0..24).collect::<Vec<_>>());
    let sequence = log.iter().map(|line| line["sequence"].as_u64().unwrap());
    assert_eq!(sequence.collect::<Vec<_>>(), (0..log.len() as u64).collect::<Vec<_>>());
    assert!(log.iter().all(|line| line["session"] == log[0]["session"]));
    assert_eq!(names(&folder.path().join("tb/a")).len(), 2, "the events, and those that came again");
    let kept = names(&folder.path().join("kept"));
    assert_eq!(kept.iter().filter(|name| name.starts_with("rolling")).count(), 4, "{kept:?}");
}

#[test]
fn the_run_ends_with_the_epoch_in_which_early_stopping_says_so() {
    // Seed 003 trains one epoch more, and ends that one without its hooks.
    let mut session = Session::new();
    session.good("activate(\"early-stopping\", #{ patience: 2, min_delta: 1000000.0 }); activate(\"console\", #{});");
    session.good("%%plugin ends\nfn end_epoch(ctx) { print(`ended ${ctx.epoch}`); }");
    session.good(&format!("{DIGITS}\n{}", fit("")));
    let printed = session.good("run.resume();").printed();
    assert_eq!(session.value("run.history.column(\"epoch\")"), "[0.0, 1.0, 2.0]");
    assert_eq!(printed.matches("ended ").count(), 3, "{printed}");
    let expect = " stopped after 3 of 4 epochs: validation_loss has not got better by 1000000 for 2 epochs";
    assert!(printed.contains(expect), "{printed}");
}

#[test]
fn a_failure_is_logged_and_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let (address, told) = webhook();
    let mut session = Session::new();
    session.good(&format!(
        "activate(\"logging\", #{{ path: \"{}\" }}); activate(\"notification\", #{{ webhook: \"{address}\" }});",
        path.display()
    ));
    session
        .good("%%plugin strict on_error=stop\nfn end_training_batch(ctx) { if ctx.batch == 2 { throw \"no more\"; } }");
    session.good(&format!("{DIGITS}\n{}", fit("")));
    session.problem("run.resume();");
    let failure = lines(&path).into_iter().find(|line| line["event"] == "failure").unwrap();
    let body = told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!(body["what"], "failure");
    for reason in [&failure["reason"], &body["reason"]] {
        let reason = reason.as_str().unwrap();
        assert!(reason.contains("plugin strict") && reason.contains("no more"), "{reason}");
    }
}

#[test]
fn a_path_that_cannot_be_written_is_named_and_training_goes_on() {
    let mut session = Session::new();
    session.good("activate(\"logging\", #{ path: \"/dev/null/run.jsonl\" });");
    session.good(&format!("{DIGITS}\n{}", fit("")));
    let warned = session.good("run.resume();").warned();
    assert!(warned.contains("/dev/null/run.jsonl cannot be written: "), "{warned}");
    assert_eq!(session.value("run.outcome"), "done");
}

#[test]
fn the_finder_suggests_a_rate_gives_everything_back_and_steps_aside() {
    let mut session = Session::new();
    session.good(DIGITS);
    session.good("let before = net.copy(); let same = evaluate(net, data).loss;");
    session.good("activate(\"learning-rate-finder\", #{ from: 0.00001, to: 10.0, batches: 60 });");
    session.good("let test = fit(net, data, #{ epochs: 20, batch_size: 128, seed: 5, checkpoints: false });");
    let printed = session.good("test.resume();").printed();
    assert!(printed.contains("is where the loss fell fastest"), "{printed}");
    let rate: f64 =
        session.value("test.table(\"learning-rate-finder\", \"rates\").column(\"learning_rate\")[0]").parse().unwrap();
    assert!((rate - 1e-5).abs() < 1e-15);
    assert_eq!(session.value("evaluate(net, data).loss == same"), "true");
    assert_eq!(session.value("test.outcome"), "stopped");
    assert_eq!(session.value("plugin(\"learning-rate-finder\").state"), "inactive");
    session.good(&fit(""));
    session.good("run.resume();");
    assert_eq!(session.value("run.outcome"), "done");
}

#[test]
fn the_seven_metrics_go_by_their_names_and_by_others() {
    let mut session = Session::new();
    session.good(DIGITS);
    session.good(
        "let run = fit(net, data, #{ epochs: 1, batch_size: 512, checkpoints: false,
        metrics: [\"acc\", \"precision\", \"recall\", \"f1\", \"top-5 accuracy\"] }); run.resume();",
    );
    let names = session.value("run.context.training_metrics.keys()");
    assert_eq!(names, "[\"accuracy\", \"f1_score\", \"precision\", \"recall\", \"top5_accuracy\"]");
    session.good(
        "let values = fit(sequential([linear(64, 1)]), dataset(data.inputs, data.inputs.narrow(1, 0, 1)), #{
        epochs: 1, batch_size: 512, loss: \"mse\", metrics: [\"mse\", \"mean_absolute_error\"], checkpoints: false }); values.resume();",
    );
    assert_eq!(session.value("values.context.training_metrics.keys()"), "[\"mae\", \"mse\"]");
}

/// The folder of the checkpoints that a run wrote itself.
#[test]
fn checkpoints_are_kept_beside_the_runs_own_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::new();
    session.good("activate(\"checkpoint\", #{ monitor: \"training_loss\", remove_at_end: true });");
    session.good(&format!("{DIGITS}\n{}", fit(&format!("checkpoints: \"{}\"", folder.path().display()))));
    session.good("run.resume();");
    let kept: Vec<PathBuf> = names(folder.path()).into_iter().map(PathBuf::from).collect();
    assert_eq!(kept, ["best", "step-00000018", "step-00000024"].map(PathBuf::from));
}
