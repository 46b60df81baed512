//! Notebooks give the same through Jupyter and headless: those in `notebooks/`, and one that is made here.
//!
//! Compared are all results, to the last digit; only lines that tell a time are left out.

use crate::support::{Home, client, finish, notebook, script, with_compiler};
use serde_json::{Value, json};
use std::path::Path;

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
    assert_eq!(same(&home, &path).0, [json!("[0.03333333333333333, 0.30000000000000004]")]);
}

#[test]
fn every_notebook_that_is_shipped_does() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks");
    let files = std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut notebooks: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "ipynb")).collect();
    notebooks.sort();
    assert!(notebooks.len() >= 7, "{notebooks:?}");
    for path in notebooks {
        let (results, pictures) = same(&Home::new(), &path);
        assert!(!results.is_empty(), "{} shows no result", path.display());
        if path.ends_with("01-first-run.ipynb") {
            assert!(pictures >= 3, "{pictures} pictures"); // the digits, the chart, the confusion matrix
            let loss = results.last().and_then(Value::as_str).and_then(|text| text.parse::<f64>().ok());
            assert!(
                loss.is_some_and(|loss| loss > 0.0 && loss < 1.0),
                "the last result is the final loss: {results:?}"
            );
        }
    }
}

/// The results, which must be equal both ways, and how many pictures there are.
fn same(home: &Home, path: &Path) -> (Vec<Value>, usize) {
    // A copy, so that what a notebook writes beside itself is not left in the tree.
    let copy = home.join("copy.ipynb");
    std::fs::copy(path, &copy).unwrap();
    let (jupyter, headless) = (home.join("jupyter.ipynb"), home.join("headless.ipynb"));
    finish(with_compiler(home.candlewick(&["run"])).arg(&copy).arg("-o").arg(&headless), true);
    finish(client(home, "python").arg(script("python/execute.py")).args([&copy, &jupyter]), true);
    let pictures = [&headless, &jupyter].map(|path| pictures_with_texts(path));
    assert_eq!(pictures[0], pictures[1], "pictures in {}", path.display());
    let results = results(&headless);
    assert_eq!(results, self::results(&jupyter), "{}", path.display());
    (results, pictures[0])
}

/// How many pictures there are, each of which must have a text beside it; no output may be an error.
fn pictures_with_texts(path: &Path) -> usize {
    let outputs = outputs(path);
    assert!(outputs.iter().all(|output| output["output_type"] != "error"), "{}", path.display());
    let pictures = outputs.iter().map(|output| &output["data"]).filter(|data| !data["image/svg+xml"].is_null());
    let complete = |data: &Value| {
        let (picture, text) = (joined(&data["image/svg+xml"]), joined(&data["text/plain"]));
        assert!(
            picture.contains("<svg") && picture.contains("</svg>") && !text.is_empty(),
            "{}: {text}",
            path.display()
        );
    };
    pictures.map(complete).count()
}

fn outputs(path: &Path) -> Vec<Value> {
    let notebook: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cells = notebook["cells"].as_array().unwrap().iter().filter(|cell| cell["cell_type"] == "code");
    cells.flat_map(|cell| cell["outputs"].as_array().unwrap().clone()).collect()
}

fn results(path: &Path) -> Vec<Value> {
    let outputs = outputs(path);
    let results = outputs.iter().filter(|output| output["output_type"] == "execute_result");
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

/// What is the same every time: a table's last column where that is of seconds, lines that tell a time, and figures of
/// memory are left out.
fn timeless(text: &str) -> String {
    let timed = |line: &&str| {
        let words: Vec<&str> = line.split([' ', '"', ',', ';']).collect();
        words.iter().any(|word| ["s", "ms", "µs"].contains(word) || word.ends_with("seconds") || word.ends_with("/s"))
    };
    if text.starts_with("memory ") {
        String::new()
    } else if text.lines().any(|line| line.ends_with(" seconds")) {
        text.lines().map(without_last_word).collect::<Vec<_>>().join("\n")
    } else {
        text.lines().filter(|line| !timed(line)).collect::<Vec<_>>().join("\n")
    }
}

/// The words of a table's line without the last, and without the spaces, which depend on its width.
fn without_last_word(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    words[..words.len().saturating_sub(1)].join(" ")
}
