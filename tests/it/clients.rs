//! Other people's clients, each run once: nbconvert, papermill, nbval, jupyter console, and what qtconsole sends.
//!
//! nbclient executes the notebooks in `notebooks.rs`.

use crate::support::{Home, client, finish, notebook, said, script, unittest};
use serde_json::{Value, json};
use std::path::Path;

/// Data, a net, a run of it, its numbers, a table and a picture: the same in every run.
const TRAINING: [&str; 6] = [
    "let epochs = 2; let rate = 0.001; let tags = [\"none\"];",
    "let net = sequential([linear(64, 16), relu(), linear(16, 10)]);\nnet",
    "let run = fit(net, dataset(\"digits\"), #{ epochs: epochs, optimizer: adamw(rate), validation: 0.2, seed: 7 });\n\
     run.run_until(\"end_training_session\");\nprint(run.history.columns);",
    "[epochs, rate, tags, run.context.validation_loss]",
    "plot([1.0, 4.0, 9.0], #{ title: \"squares\" })",
    "evaluate(net, run.validation_data)",
];

fn training(home: &Home) -> Value {
    let mut notebook = notebook(&TRAINING);
    notebook["cells"][0]["metadata"]["tags"] = json!(["parameters"]);
    home.write("n.ipynb", &notebook.to_string());
    notebook
}

#[test]
fn nbconvert_executes() {
    let home = Home::new();
    training(&home);
    let arguments = ["nbconvert", "--to", "notebook", "--execute", "n.ipynb", "--output", "converted.ipynb"];
    finish(client(&home, "jupyter").args(arguments), true);
    finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "ours.ipynb"]), true);
    assert_eq!(results(&home.join("converted.ipynb")), results(&home.join("ours.ipynb")));
    let arguments = ["nbconvert", "--to", "html", "converted.ipynb"];
    finish(client(&home, "jupyter").args(arguments), true);
    let page = std::fs::read_to_string(home.join("converted.html")).unwrap();
    assert!(page.contains("squares") && page.contains("validation_loss"));
}

#[test]
fn papermill_sets_parameters_as_our_own_runner_does() {
    let home = Home::new();
    training(&home);
    let given = [("epochs", "1"), ("rate", "0.00005"), ("tags", r#"["a \"b\"\\", "é𝄞"]"#)];
    let mut papermill = client(&home, "python");
    papermill.arg(script("../examples/papermill_rhai.py")).args(["n.ipynb", "mill.ipynb", "--no-progress-bar"]);
    for (name, value) in given {
        papermill.args(["-y", &format!("{name}: {value}")]);
    }
    finish(&mut papermill, true);
    let mut ours = home.candlewick(&["run", "n.ipynb", "-o", "ours.ipynb"]);
    for (name, value) in given {
        ours.args(["-p", &format!("{name}={value}")]);
    }
    finish(&mut ours, true);
    let (mill, ours) = (home.join("mill.ipynb"), home.join("ours.ipynb"));
    assert_eq!(injected(&mill), injected(&ours));
    let found = results(&mill);
    assert!(found.iter().any(|text| text.starts_with("[1, 5e-5, [\"a \\\"b\\\"\\\\\", \"é𝄞\"], ")), "{found:?}");
    assert_eq!(found, results(&ours));
}

#[test]
fn nbval_finds_the_outputs_that_our_own_runner_stored() {
    let home = Home::new();
    training(&home);
    finish(&mut home.candlewick(&["run", "n.ipynb", "-o", "stored.ipynb"]), true);
    let nbval = |success| {
        let arguments = ["-m", "pytest", "--nbval", "-p", "no:cacheprovider", "--color=no", "stored.ipynb"];
        said(&finish(client(&home, "python").args(arguments), success))
    };
    let passed = nbval(true);
    assert!(passed.contains(&format!("{} passed", TRAINING.len())), "{passed}");
    // A stored output that is another is found.
    let stored = std::fs::read_to_string(home.join("stored.ipynb")).unwrap();
    home.write("stored.ipynb", &stored.replace("[2, 0.001,", "[3, 0.001,"));
    let failed = nbval(false);
    assert!(failed.contains("1 failed") && failed.contains("stored.ipynb::Cell 3"), "{failed}");
}

#[test]
fn jupyter_console_runs_cells_in_a_terminal() {
    unittest(&Home::new(), "console.py");
}

#[test]
fn what_qtconsole_sends_is_answered() {
    unittest(&Home::new(), "qtconsole.py");
}

/// The text of every result, in order.
fn results(notebook: &Path) -> Vec<String> {
    let cells = read(notebook)["cells"].take();
    let outputs = cells.as_array().unwrap().iter().filter_map(|cell| cell["outputs"].as_array());
    let results = outputs.flatten().filter(|output| output["output_type"] == "execute_result");
    let texts: Vec<String> = results.map(|output| joined(&output["data"]["text/plain"])).collect();
    assert!(!texts.is_empty());
    texts
}

/// The source of the cell that was put in.
fn injected(notebook: &Path) -> String {
    let cells = read(notebook)["cells"].take();
    let of_tag = |cell: &&Value| cell["metadata"]["tags"] == json!(["injected-parameters"]);
    joined(&cells.as_array().unwrap().iter().find(of_tag).unwrap()["source"]).trim().to_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Text is one string or a list of lines.
fn joined(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        lines => lines.as_array().unwrap().iter().filter_map(Value::as_str).collect(),
    }
}
