//! What the built-in plugin `tensorboard` writes, read by TensorBoard's own reader, also after a run was resumed.

use crate::support::{Home, environment, finish, script};
use serde_json::{Value, json};

/// The reader and what it needs, each with its version; the rest of TensorBoard is a web server.
const PACKAGES: &str = include_str!("../python/tensorboard-packages.txt");

const RUN: &str = r#"activate("tensorboard", #{ name: "a", histograms: 2 });
activate("logging", #{ path: "run.jsonl", batches: 1 });
activate("checkpoint", #{ folder: "kept" });
let net = sequential([linear(64, 16), relu(), linear(16, 10)]);
let run = fit(net, dataset("digits").normalize(), #{ epochs: 4, batch_size: 256, validation: 0.2, seed: 5,
    metrics: ["accuracy"], optimizer: adamw(0.01), checkpoints: "own", RESUME });
run.DRIVE;"#;

#[test]
fn tensorboard_reads_every_scalar_and_histogram_of_a_run_that_was_resumed() {
    let home = Home::new();
    for (name, resume, drive) in
        [("first.ipynb", "", "step(15, \"batch\")"), ("second.ipynb", "resume: \"kept/rolling-00000012\"", "resume()")]
    {
        let cell = RUN.replace("RESUME", resume).replace("DRIVE", drive);
        let path = home.notebook(name, &[&cell]);
        finish(home.candlewick(&["run"]).arg(&path), true);
    }
    let python = environment("tensorboard", PACKAGES).join("bin/python");
    let mut reader = home.command(python);
    let read = finish(reader.arg(script("python/tensorboard_events.py")).arg(home.join("runs/a")), true);
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["version"], json!(2.0));

    let log = std::fs::read_to_string(home.join("run.jsonl")).unwrap();
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged = |event: &str, step: &str, value: &dyn Fn(&Value) -> Value| -> Vec<(u64, f64)> {
        let lines = log.iter().filter(|line| line["event"] == event);
        lines.map(|line| (line[step].as_u64().unwrap(), value(line).as_f64().unwrap())).collect()
    };
    let check = |tag: &str, expect: Vec<(u64, f64)>, many: usize| {
        let found = read["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag} in {read}"));
        assert_eq!((found.len(), expect.len()), (many, many), "{tag}");
        for (found, (step, value)) in found.iter().zip(expect) {
            assert_eq!(found[0].as_u64(), Some(step), "{tag}");
            // Scalars are 32 bits wide.
            assert_eq!(found[1].as_f64(), Some(f64::from(value as f32)), "{tag} at {step}");
        }
    };
    check("Loss/Train Step", logged("batch", "global_step", &|line| line["loss"].clone()), 24);
    check("Learning Rate", logged("batch", "global_step", &|line| line["learning_rate"].clone()), 24);
    check("Loss/Train Epoch", logged("epoch", "epoch", &|line| line["training_loss"].clone()), 4);
    check("Loss/Validation Epoch", logged("validation", "epoch", &|line| line["validation_loss"].clone()), 4);
    let accuracy = |split: &'static str| move |line: &Value| line[format!("{split}_metrics")]["accuracy"].clone();
    check("Metric/Train/accuracy Epoch", logged("epoch", "epoch", &accuracy("training")), 4);
    check("Metric/Validation/accuracy Epoch", logged("validation", "epoch", &accuracy("validation")), 4);
    assert_eq!(read["histograms"]["Parameters/0.weight"], json!([[1, 64.0 * 16.0], [3, 64.0 * 16.0]]));
}
