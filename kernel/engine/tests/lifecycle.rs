//! The table in `kernel/README.md`: which hooks fire after each verb at each hook, and with which outcome.
//!
//! The test performs every cell of the table and compares. `UPDATE_EXPECT=1` writes what it found into the page, for
//! a person to read before committing.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

use candle_core::{Device, Tensor};
use candlewick_engine::EngineError;
use candlewick_engine::data::Dataset;
use candlewick_engine::interrupt;
use candlewick_engine::nn::{LayerSpec, Net};
use candlewick_engine::run::{Halt, Options, Run, Validation, drive};
use candlewick_plugin_api::{Context, Fired, Hook, HookFailure, HookSink, Outcome, Part, RunId};
use serde_json::{Map, Value};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const BEGIN: &str = "<!-- lifecycle table: written by a test -->\n";
const END: &str = "<!-- end of lifecycle table -->";
const VERBS: [&str; 7] =
    ["stop", "skip_batch", "skip_epoch", "request_checkpoint", "request_validation", "error", "interrupt"];

/// Does one verb at the first call of one hook, and writes down every hook.
struct Script {
    verb: &'static str,
    at: Hook,
    done: bool,
    seen: Vec<(Hook, Option<Outcome>)>,
}

impl HookSink for Script {
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        self.seen.push((hook, ctx.outcome));
        if hook != self.at || std::mem::replace(&mut self.done, true) {
            return Fired::default();
        }
        self.seen.clear();
        let mut fired = Fired::default();
        match self.verb {
            "stop" => ctx.stop("asked"),
            "skip_batch" => ctx.skip_batch(),
            "skip_epoch" => ctx.skip_epoch(),
            "request_checkpoint" => ctx.request_checkpoint(),
            "request_validation" => ctx.request_validation(),
            "error" => fired.stop = Some(Box::new(failure(hook))),
            "interrupt" => interrupt::request(),
            _ => {}
        }
        fired
    }
    fn states(&self, _: RunId) -> Map<String, Value> {
        Map::new()
    }
    fn restore(&mut self, _: RunId, _: &Map<String, Value>) {}
}

fn failure(hook: Hook) -> HookFailure {
    HookFailure {
        run: 1,
        plugin: "p".into(),
        hook,
        part: Part::default(),
        epoch: 0,
        batch: None,
        message: "failed".into(),
        line: None,
        column: None,
        in_a_row: 1,
        quarantined: false,
        stops_run: true,
    }
}

/// Two epochs of two batches with one validation batch; checkpoints go to a folder but none is due.
fn tiny_run(folder: &std::path::Path, resume: bool) -> Run {
    let inputs = Tensor::from_vec(vec![0f32, 1., 1., 0., 1., 1., 0., 0.], (4, 2), &Device::Cpu).unwrap();
    let targets = Tensor::from_vec(vec![0u32, 1, 1, 0], 4, &Device::Cpu).unwrap();
    let data = Dataset::new("tiny", inputs, targets, None, vec!["a".into(), "b".into()]).unwrap();
    let net = Net::sequential(vec![LayerSpec::linear(2, 2).unwrap()]).unwrap();
    let validation = Validation::Data(data.subset(&[0, 1]).unwrap());
    let mut options = Options { epochs: 2, batch_size: 2, validation, ..Options::default() };
    options.checkpoints = Some(folder.to_owned());
    options.resume = resume.then(|| folder.join("resumed"));
    Run::new(net, data, options).unwrap()
}

fn play(verb: &'static str, at: Hook, folder: &std::path::Path) -> Vec<(Hook, Option<Outcome>)> {
    let mut run = tiny_run(folder, at == Hook::LoadCheckpoint);
    let mut script = Script { verb, at, done: false, seen: Vec::new() };
    let halt = to_end(&mut run, &mut script);
    if verb == "interrupt" {
        assert_eq!(halt, Halt::Interrupted);
        assert!(script.seen.is_empty(), "an interrupted run fires nothing more");
        interrupt::clear();
        assert_eq!(to_end(&mut run, &mut script), Halt::Finished);
    } else {
        assert_eq!(halt, Halt::Finished);
    }
    script.seen
}

fn to_end(run: &mut Run, hooks: &mut dyn HookSink) -> Halt {
    drive::<EngineError>(run, hooks, |_, _| Ok(false), |_, _| ()).unwrap()
}

/// What fires after the verb, in short: what the undisturbed run does from some point on is `…`.
fn cell(verb: &'static str, at: Hook, folder: &std::path::Path) -> String {
    let usual = play("nothing", at, folder).iter().map(short).collect::<Vec<_>>();
    let found = play(verb, at, folder).iter().map(short).collect::<Vec<_>>();
    if found == usual {
        return "…".into();
    }
    let same = found.iter().rev().zip(usual.iter().rev()).take_while(|(a, b)| a == b).count();
    let mut text = found[..found.len() - same].join(" ");
    if same > 0 {
        text.push_str(" …");
    }
    if text.is_empty() { "–".into() } else { text.trim().to_owned() }
}

fn short((hook, outcome): &(Hook, Option<Outcome>)) -> String {
    let name = match hook {
        Hook::StartTrainingSession => "S(",
        Hook::LoadCheckpoint => "R",
        Hook::StartEpoch => "E(",
        Hook::StartTrainingLoop => "L(",
        Hook::StartTrainingBatch => "B(",
        Hook::EndTrainingBatch => "B)",
        Hook::EndTrainingLoop => "L)",
        Hook::StartValidationLoop => "V(",
        Hook::StartValidationBatch => "v(",
        Hook::EndValidationBatch => "v)",
        Hook::EndValidationLoop => "V)",
        Hook::SaveCheckpoint => "C",
        Hook::EndEpoch => "E)",
        Hook::EndTrainingSession => "S)",
    };
    let mark = match outcome {
        Some(Outcome::Skipped) => "~",
        Some(Outcome::Stopped) => "!",
        Some(Outcome::Failed) => "✗",
        _ => "",
    };
    format!("{name}{mark}")
}

fn table(folder: &std::path::Path) -> String {
    let mut text = format!("| at | {} |\n|{}\n", VERBS.join(" | "), "---|".repeat(VERBS.len() + 1));
    for at in Hook::all().filter(|hook| *hook != Hook::SaveCheckpoint) {
        let cells = VERBS.map(|verb| format!("`{}`", cell(verb, at, folder)));
        text.push_str(&format!("| `{at}` | {} |\n", cells.join(" | ")));
    }
    text
}

fn make_checkpoint(folder: &std::path::Path) {
    let mut run = tiny_run(folder, false);
    let mut script = Script { verb: "request_checkpoint", at: Hook::StartTrainingBatch, done: false, seen: Vec::new() };
    assert_eq!(to_end(&mut run, &mut script), Halt::Finished);
    let written = run.newest_checkpoint().unwrap().to_owned();
    std::fs::rename(written, folder.join("resumed")).unwrap();
}

#[test]
fn the_table_in_the_readme_is_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    make_checkpoint(folder.path());
    let found = table(folder.path());
    let page = std::fs::read_to_string(PAGE).unwrap();
    let begin = page.find(BEGIN).expect("the page holds the table's first mark") + BEGIN.len();
    let end = page.find(END).expect("the page holds the table's last mark");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PAGE, format!("{}{found}{}", &page[..begin], &page[end..])).unwrap();
        return;
    }
    assert_eq!(&page[begin..end], found, "run with UPDATE_EXPECT=1 to see the difference as a diff of the page");
}
