//! `candlewick run`: good notebooks and bad ones.

use crate::support::{Home, eventually, finish, notebook, said};
use serde_json::{Value, json};
use std::process::Stdio;

#[test]
fn results_prints_and_counts_are_written_and_the_input_is_not() {
    let home = Home::new();
    let input = home.notebook("n.ipynb", &["let a = 20;", "print(\"one\\ntwo\");\na + 1", "", "a + 2"]);
    let before = std::fs::read(&input).unwrap();
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "out.ipynb", "--json"]), true);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["ok"], &summary["cells"], &summary["executed"]), (&json!(true), &json!(3), &json!(3)));
    assert_eq!(summary["results"], json!([{"cell": 2, "text": "21"}, {"cell": 3, "text": "22"}]));
    assert_eq!(summary["error"], Value::Null);
    let out: Value = serde_json::from_slice(&std::fs::read(home.join("out.ipynb")).unwrap()).unwrap();
    let outputs = |cell: usize| &out["cells"][cell]["outputs"];
    assert_eq!(outputs(1)[0]["text"], json!(["one\n", "two\n"]));
    assert_eq!(outputs(1)[1]["data"]["text/plain"], json!(["21"]));
    assert_eq!(outputs(3)[0]["execution_count"], 3);
    assert_eq!(out["cells"][2]["execution_count"], Value::Null);
    assert_eq!(std::fs::read(&input).unwrap(), before);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn the_first_failing_cell_ends_it_and_what_was_shown_is_written() {
    let home = Home::new();
    home.notebook("n.ipynb", &["1 + 1", "print(\"before\"); no_such_name", "print(\"never\")"]);
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "out.ipynb", "--json"]), false);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["ok"], &summary["executed"]), (&json!(false), &json!(2)));
    assert_eq!(summary["error"]["cell"], 2);
    assert!(summary["error"]["message"].as_str().unwrap().contains("no_such_name"), "{summary}");
    let out = std::fs::read_to_string(home.join("out.ipynb")).unwrap();
    assert!(out.contains("before") && out.contains("\"output_type\": \"error\"") && !out.contains("never\\n"));
    let said = said(&output);
    assert!(said.contains("cell 2 of 3 failed; 1 after it were not run"), "{said}");
}

#[test]
fn what_cannot_be_run_is_refused_with_the_reason() {
    let home = Home::new();
    let check = |content: &str, expect: &str| {
        home.write("n.ipynb", content);
        let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "out.ipynb"]), false);
        assert!(said(&output).contains(expect), "{}", said(&output));
        assert!(!home.join("out.ipynb").exists());
    };
    check("print(1)", "not JSON");
    check(r#"{"nbformat": 4, "metadata": {}, "cells": []}"#, "no cells with code");
    let mut other = notebook(&["1"]);
    other["metadata"]["kernelspec"] = json!({"name": "python3", "language": "python"});
    check(&other.to_string(), "`python3`");
    let output = finish(&mut home.candlewick(&["run", "missing.ipynb"]), false);
    assert!(said(&output).contains("can't read the notebook missing.ipynb"));
}

#[test]
fn an_outcome_that_cannot_be_written_fails_before_the_first_cell() {
    let home = Home::new();
    home.notebook("n.ipynb", &["print(\"ran\")"]);
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "no/such/out.ipynb"]), false);
    assert!(said(&output).contains("can't write the outcome") && !said(&output).contains("ran\n"));
}

fn with_parameters(home: &Home) {
    let mut notebook = notebook(&["let epochs = 3; let rate = 0.1;", "[epochs, rate]"]);
    notebook["cells"][0]["metadata"]["tags"] = json!(["parameters"]);
    home.write("n.ipynb", &notebook.to_string());
}

#[test]
fn parameters_are_injected_after_their_defaults() {
    let home = Home::new();
    with_parameters(&home);
    let run = ["run", "n.ipynb", "-o", "out.ipynb", "-p", "epochs=7", "--json"];
    let output = finish(&mut home.candlewick(&run), true);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["results"][0]["text"], "[7, 0.1]");
    let out: Value = serde_json::from_slice(&std::fs::read(home.join("out.ipynb")).unwrap()).unwrap();
    assert_eq!(out["cells"][1]["metadata"]["tags"], json!(["injected-parameters"]));
    assert_eq!(out["cells"][1]["source"], json!(["// Parameters\n", "let epochs = 7;"]));
    // Run again with other values, the injected cell is replaced.
    let again = ["run", "out.ipynb", "-o", "again.ipynb", "-p", "rate=0.5", "--json"];
    let output = finish(&mut home.candlewick(&again), true);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["cells"], &summary["results"][0]["text"]), (&json!(3), &json!("[3, 0.5]")));
}

#[test]
fn an_unknown_parameter_gets_the_nearest_name() {
    let home = Home::new();
    with_parameters(&home);
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-p", "epoch=7"]), false);
    assert!(said(&output).contains("no parameter `epoch`; did you mean `epochs`?"), "{}", said(&output));
    home.notebook("n.ipynb", &["1"]);
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-p", "epoch=7"]), false);
    assert!(said(&output).contains("no code cell has the tag `parameters`"), "{}", said(&output));
    let output = finish(&mut home.candlewick(&["run", "n.ipynb", "-p", "epochs"]), false);
    assert!(said(&output).contains("write name=value"), "{}", said(&output));
}

#[test]
fn cells_run_in_the_notebooks_directory() {
    let home = Home::new();
    std::fs::create_dir(home.join("sub")).unwrap();
    home.notebook("sub/n.ipynb", &["%%writefile here.txt\ntext"]);
    finish(&mut home.candlewick(&["run", "sub/n.ipynb"]), true);
    assert!(home.join("sub/here.txt").exists());
}

#[test]
fn ctrl_c_ends_the_cell_and_the_outcome_is_written() {
    let home = Home::new();
    home.notebook("n.ipynb", &["print(\"begun\"); loop { }", "print(\"never\")"]);
    let mut command = home.candlewick(&["run", "n.ipynb", "-o", "out.ipynb"]);
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = std::io::BufReader::new(run.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("begun\n") || seen.ends_with("loop { }\n") {
        assert_ne!(std::io::BufRead::read_line(&mut stderr, &mut seen).unwrap(), 0, "{seen}");
    }
    // SAFETY: sends a signal to a process that this test started.
    assert_eq!(unsafe { libc::kill(run.id().cast_signed(), libc::SIGINT) }, 0);
    let ended = eventually("the end of the run", || run.try_wait().unwrap());
    assert_eq!(ended.code(), Some(1));
    let out = std::fs::read_to_string(home.join("out.ipynb")).unwrap();
    assert!(out.contains("begun") && out.contains("\"output_type\": \"error\""), "{out}");
}

#[test]
fn a_question_is_refused_with_what_to_do_and_nothing_is_remembered() {
    let home = Home::new();
    let notebook = home.notebook("n.ipynb", &["let name = input(\"your name? \");"]);
    let output = finish(&mut home.candlewick(&["run", notebook.to_str().unwrap()]), false);
    let said = said(&output);
    assert!(said.contains("your name?") && said.contains("-p name=value"), "{said}");
    assert!(!home.join(".local/share/candlewick/history.sqlite").exists());
}

#[test]
fn plugins_are_cleaned_up_at_the_end_and_what_fails_is_said() {
    let home = Home::new();
    let plugin = "%%plugin p allow=[\"write\"]\nconst metadata = #{ capabilities: [\"write\"] };\n\
                  fn infer(data) { data }\nfn cleanup() { write_text(\"left.txt\", \"given back\"); throw \"stuck\"; }";
    home.notebook("n.ipynb", &[plugin]);
    let output = finish(&mut home.candlewick(&["run", "n.ipynb"]), true);
    assert_eq!(std::fs::read_to_string(home.join("left.txt")).unwrap(), "given back");
    assert!(said(&output).contains("plugin `p` failed at cleanup: RuntimeError: stuck"), "{}", said(&output));
}
