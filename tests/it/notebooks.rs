//! Notebooks give the same through Jupyter and headless: those in `notebooks/`, and one that is made here.
//!
//! Compared are all results, to the last digit; only lines that tell a time are left out.

use crate::support::{Home, finish, notebook, python};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[test]
fn a_notebook_gives_the_same_through_jupyter_and_headless() {
    let home = Home::new();
    let made = notebook(&[
        "let x = 0.1;\nprint(\"printed\"); debug(\"too\")",
        "display([1, 2]);",
        "[x / 3.0, x * 3.0]",
        "\"took 3 ms\"",
    ]);
    let path = home.write("made.ipynb", &made.to_string());
    assert_eq!(same(&home, &path), [json!("[0.03333333333333333, 0.30000000000000004]")]);
}

#[test]
fn every_notebook_that_is_shipped_does() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks");
    let files = std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "ipynb")) {
        assert!(!same(&Home::new(), &path).is_empty(), "{} shows no result", path.display());
    }
}

/// The results, which must be equal both ways.
fn same(home: &Home, path: &Path) -> Vec<Value> {
    finish(&mut home.candlewick(&["install", "--prefix", "prefix"]), true);
    // A copy, so that what a notebook writes beside itself is not left in the tree.
    let copy = home.join("copy.ipynb");
    std::fs::copy(path, &copy).unwrap();
    let (jupyter, headless) = (home.join("jupyter.ipynb"), home.join("headless.ipynb"));
    finish(home.candlewick(&["run"]).arg(&copy).arg("-o").arg(&headless), true);
    let mut execute = home.command(python());
    execute.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/execute.py"));
    execute.env("JUPYTER_PATH", home.join("prefix/share/jupyter"));
    finish(execute.args([&copy, &jupyter]), true);
    let results = results(&headless);
    assert_eq!(results, self::results(&jupyter), "{}", path.display());
    results
}

fn results(path: &PathBuf) -> Vec<Value> {
    let notebook: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cells = notebook["cells"].as_array().unwrap().iter().filter(|cell| cell["cell_type"] == "code");
    let outputs = cells.flat_map(|cell| cell["outputs"].as_array().unwrap());
    let results = outputs.filter(|output| output["output_type"] == "execute_result");
    let texts = results.map(|output| timeless(&joined(&output["data"]["text/plain"])));
    texts.filter(|text| !text.is_empty()).map(Value::from).collect()
}

/// Text is one string or a list of lines.
fn joined(text: &Value) -> String {
    match text.as_array() {
        Some(lines) => lines.iter().filter_map(Value::as_str).collect(),
        None => text.as_str().unwrap_or_default().to_owned(),
    }
}

/// The lines without a number of seconds or a rate.
fn timeless(text: &str) -> String {
    let timed = |line: &&str| {
        let words: Vec<&str> = line.split([' ', '"', ',', ';']).collect();
        words.iter().any(|word| ["s", "ms", "µs", "seconds"].contains(word) || word.ends_with("/s"))
    };
    text.lines().filter(|line| !timed(line)).collect::<Vec<_>>().join("\n")
}
