//! The programs of `examples/`: each is short, runs, and prints what it should.

use crate::support::{CANDLEWICK, Home, finish, python, said};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where cargo puts an example; `cargo test` builds them all before it runs this.
fn built(name: &str) -> PathBuf {
    let path = Path::new(CANDLEWICK).with_file_name("examples").join(name);
    assert!(path.exists(), "{} is not there: build it with `cargo build --examples`", path.display());
    path
}

/// What an example prints.
fn printed(name: &str) -> Vec<String> {
    let output = finish(&mut Home::new().command(built(name)), true);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn each_is_short() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 60, "{} has {lines} lines", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} examples");
}

#[test]
fn headless_fit_reaches_its_accuracy_and_the_same_one_again() {
    let lines = printed("headless_fit");
    let number = |line: &str, name: &str| line.strip_prefix(name).unwrap().trim().parse::<f64>().unwrap();
    assert!(number(&lines[0], "validation loss") < 0.5, "{lines:?}");
    assert!(number(&lines[1], "validation accuracy") > 0.9, "{lines:?}");
    assert_eq!(printed("headless_fit"), lines);
}

#[test]
fn what_is_ones_own_trains() {
    let loss = |name: &str| printed(name)[0].strip_prefix("validation loss").unwrap().trim().parse::<f64>().unwrap();
    let losses = ["own_model", "own_training"].map(loss);
    assert!(losses[0] < 0.5 && losses[1] < 0.05, "{losses:?}");
}

#[test]
fn step_by_hand_goes_through_the_whole_loop() {
    let lines = printed("step_by_hand");
    let hooks: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
    let batch = ["start_training_batch", "end_training_batch"];
    let expected: Vec<&str> = ["start_training_session", "start_epoch", "start_training_loop"]
        .into_iter()
        .chain(batch.into_iter().cycle().take(6)) // 120 examples in batches of 50
        .chain(["end_training_loop", "start_validation_loop", "start_validation_batch", "end_validation_batch"])
        .chain(["end_validation_loop", "end_epoch", "end_training_session"])
        .collect();
    assert_eq!(hooks, expected);
    // Each pair is indented alike, and what was trained has a loss.
    let line = |name: &str| lines.iter().find(|line| line.trim_start().starts_with(name)).unwrap();
    assert!(
        line("start_training_batch").starts_with("      start_")
            && line("end_training_batch").starts_with("      end_")
    );
    assert!(line("end_training_batch").contains("loss "));
}

#[test]
fn own_plugin_cools_down_and_stops_the_run() {
    let lines = printed("own_plugin");
    let (last, rates) = lines.split_last().unwrap();
    assert_eq!(rates.len(), 3, "{lines:?}");
    for (line, rate) in rates.iter().zip(["0.1", "0.05", "0.025"]) {
        assert!(line.starts_with("epoch ") && line.ends_with(&format!("rate is now {rate}")), "{lines:?}");
    }
    assert!(last.ends_with("the validation loss rose three times"), "{lines:?}");
}

#[test]
fn echo_kernel_answers_a_jupyter_client() {
    let home = Home::new();
    std::fs::create_dir_all(home.join("jupyter/kernels/echo")).unwrap();
    let spec = json!({
        "argv": [built("echo_kernel"), "{connection_file}"],
        "display_name": "Echo", "language": "echo", "interrupt_mode": "message",
    });
    home.write("jupyter/kernels/echo/kernel.json", &spec.to_string());
    let mut client = home.command(python());
    client.env("JUPYTER_PATH", home.join("jupyter"));
    client.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/echo.py"));
    let output = finish(&mut client, true);
    assert_eq!(said(&output), "stream hello\nresult hello\nreply ok\nerror Echo: no such thing\nreply error\n");
}
