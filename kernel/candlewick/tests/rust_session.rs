//! What Rust code of cells reaches of the notebook: the same objects as Rhai, at any time, and what is refused.
//!
//! A test's closure stands for a Rust cell: it runs where a compiled cell's code would run. Read the first test first.

#![allow(clippy::unwrap_used)] // clippy sees no #[test] on the functions that tests share

mod common;

use candle_core::{Storage, Tensor};
use candlewick::cells::{CellError, callable};
use candlewick::prelude::*;
use candlewick::worker::rust::LiveRun;
use common::Session as Notebook;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a tensor's numbers stand in memory.
fn address(tensor: Tensor) -> i64 {
    let (storage, _) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(candle_core::CpuStorage::F32(numbers)) => numbers.as_ptr() as i64,
        _ => 0,
    }
}

#[test]
fn a_tensor_is_the_same_storage_in_both_languages() {
    let mut notebook = Notebook::new();
    notebook.good("let x = tensor([[1.0, 2.0], [3.0, 4.0]]);");
    let (found, ..) = notebook.rust(|| {
        callable!("address", "address(tensor) -> number", "where its numbers stand", address);
        let x = session().get::<Tensor>("x").unwrap();
        session().set("back", x.clone()).unwrap();
        let made = Tensor::new(&[5.0f32, 6.0], &Device::Cpu).unwrap();
        session().set("made", made.clone()).unwrap();
        (address(x), address(made))
    });
    let (x, made) = found;
    assert!(x != 0 && made != 0 && x != made);
    assert_eq!(notebook.value("[address(x), address(back), address(made)]"), format!("[{x}, {x}, {made}]"));
    let (again, ..) = notebook.rust(|| address(session().get::<Tensor>("back").unwrap()));
    assert_eq!(again, x);
}

#[test]
fn nets_datasets_frames_and_runs_are_shared() {
    let mut notebook = Notebook::new();
    notebook.good("let net = sequential([linear(4, 3)]); init(net, 1); let data = dataset(\"iris\");");
    notebook.good("let run = fit(net, data, #{ epochs: 2, batch_size: 50, seed: 1, checkpoints: false });");
    let before = notebook.value("net.predict(ones([1, 4]))");
    let (steps, ..) = notebook.rust(|| {
        let net = session().get::<Net>("net").unwrap();
        let data = session().get::<Dataset>("data").unwrap();
        assert_eq!(data.len(), 150);
        // A parameter that Rust changes is Rhai's parameter.
        let (_, weight) = net.parameters().into_iter().find(|(name, _)| name.ends_with("weight")).unwrap();
        weight.set(&weight.affine(0.0, 1.0).unwrap()).unwrap();
        let run = session().get::<LiveRun>("run").unwrap();
        run.batches(2).unwrap();
        session().set("same", run.clone()).unwrap();
        session().set("net2", net).unwrap();
        session().set("data2", data).unwrap();
        run.facts().unwrap().global_step
    });
    assert_ne!(notebook.value("net.predict(ones([1, 4]))"), before);
    assert_eq!(notebook.value("net2.predict(ones([1, 4]))"), notebook.value("net.predict(ones([1, 4]))"));
    // The run stands at the end of its second batch; Rhai goes on from there.
    assert_eq!((steps, notebook.value("run.context.global_step")), (1, "1".to_owned()));
    notebook.good("run.resume();");
    let (rows, ..) = notebook.rust(|| {
        let run = session().get::<LiveRun>("same").unwrap();
        assert!(run.is_finished().unwrap());
        assert!(matches!(run.step(1), Err(CellError::Run(why)) if why.contains("has ended")));
        session().set("history", run.history().unwrap()).unwrap();
        run.history().unwrap().height()
    });
    assert_eq!((rows, notebook.value("history.height")), (2, "2".to_owned()));
}

#[test]
fn a_run_that_rust_makes_is_driven_from_rhai_with_its_plugins() {
    let mut notebook = Notebook::new();
    notebook.good("let net = sequential([linear(4, 3)]); let data = dataset(\"iris\"); init(net, 1);");
    let (made, ..) = notebook.rust(|| -> Result<(), Box<dyn std::error::Error>> {
        let (net, data) = (session().get::<Net>("net")?, session().get::<Dataset>("data")?);
        let options = Options { epochs: 2, ..Options::default() };
        session().set("run", session().run(Run::new(net, data, options)?)?)?;
        Ok(())
    });
    made.unwrap();
    notebook.good("run.resume();");
    assert_eq!(notebook.value("run.history.height"), "2");
}

#[test]
fn values_pass_in_both_directions() {
    let mut notebook = Notebook::new();
    let check = |notebook: &mut Notebook, set: &dyn Fn() -> Result<(), CellError>, rhai: &str, expect: &str| {
        notebook.rust(set).0.unwrap();
        assert_eq!(notebook.value(rhai), expect);
    };
    let notebook = &mut notebook;
    check(notebook, &|| session().set("a", 7_usize), "a + 1", "8");
    check(notebook, &|| session().set("a", 0.5_f32), "a * 2", "1.0");
    check(notebook, &|| session().set("a", true), "!a", "false");
    check(notebook, &|| session().set("a", "text"), "a + \"s\"", "texts");
    check(notebook, &|| session().set("a", vec![1.0, 2.0]), "a[1]", "2.0");
    check(notebook, &|| session().set("a", vec![1_u8, 255]), "a.len + a[1]", "257");
    check(notebook, &|| session().set("a", serde_json_value()), "a.list[1].deep", "true");
    check(notebook, &|| session().set("a", HashMap::from([("k".to_owned(), 3_i32)])), "a.k", "3");
    check(notebook, &|| session().set("a", ()), "type_of(a)", "()");
    check(notebook, &|| session().set("a", None::<String>), "type_of(a)", "()");
    notebook.good("let m = #{ x: 1, y: 2.5 }; let l = [1, 2, 3]; let s = \"word\"; let n = (); let c = 'c';");
    let (read, ..) = notebook.rust(|| -> Result<(), CellError> {
        assert_eq!(session().get::<BTreeMap<String, f64>>("m")?["y"], 2.5);
        assert_eq!(session().get::<Vec<i64>>("l")?, [1, 2, 3]);
        assert_eq!(session().get::<Vec<f32>>("l")?, [1.0, 2.0, 3.0]);
        assert_eq!(session().get::<String>("s")?, "word");
        assert_eq!(session().get::<Option<String>>("n")?, None);
        assert_eq!(session().get::<Option<String>>("s")?, Some("word".to_owned()));
        assert_eq!(session().get::<char>("c")?, 'c');
        assert_eq!(session().get::<Json>("m")?["x"], 1);
        assert_eq!(session().get::<Value>("l")?.json()[2], 3);
        assert_eq!(session().names(), ["a", "m", "l", "s", "n", "c"]);
        assert_eq!(session().type_of("s").as_deref(), Some("string"));
        Ok(())
    });
    read.unwrap();
}

fn serde_json_value() -> Json {
    let map = Map::from_iter([("deep".to_owned(), Json::Bool(true))]);
    Json::Object(Map::from_iter([("list".to_owned(), Json::Array(vec![Json::Null, Json::Object(map)]))]))
}

#[test]
fn a_type_that_only_rust_knows_comes_back_as_it_was() {
    #[derive(Clone, Debug, PartialEq)]
    struct Config {
        layers: Vec<usize>,
    }
    let mut notebook = Notebook::new();
    let config = Config { layers: vec![4, 3] };
    notebook.rust(|| session().set("config", config.clone())).0.unwrap();
    notebook.good("let other = config; let list = [config];");
    assert_eq!(notebook.value("config"), "a value of type `Config`");
    assert_eq!(notebook.value("list"), "[a value of type `Config`]");
    let (found, ..) = notebook.rust(|| (session().get::<Config>("other"), session().get::<i64>("config")));
    assert_eq!(found.0, Ok(config));
    assert_eq!(found.1.unwrap_err().to_string(), "`config` is a value of type `Config`; a whole number was asked for");
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let mut notebook = Notebook::new();
    notebook.good("let weights = tensor([1.0]); const LIMIT = 3; let half = 0.5;");
    let check = |notebook: &mut Notebook, ask: &dyn Fn() -> Result<(), CellError>, expect: &str| {
        assert_eq!(notebook.rust(ask).0.unwrap_err().to_string(), expect);
    };
    let notebook = &mut notebook;
    let missing = "there is no variable `wieghts`; did you mean `weights`?";
    check(notebook, &|| session().get::<Tensor>("wieghts").map(drop), missing);
    let other = "`weights` is a tensor; a net was asked for";
    check(notebook, &|| session().get::<Net>("weights").map(drop), other);
    let fraction = "`half` is 0.5; a whole number was asked for";
    check(notebook, &|| session().get::<i64>("half").map(drop), fraction);
    let constant =
        "`LIMIT` is a constant; choose another name, or take the constant away with `session().remove(\"LIMIT\")`";
    check(notebook, &|| session().set("LIMIT", 4), constant);
    for name in ["", "2x", "a b", "let", "goto"] {
        assert!(matches!(notebook.rust(|| session().set(name, 1)).0, Err(CellError::Name(_))), "{name}");
    }
    assert_eq!(notebook.rust(|| session().get::<i64>("LIMIT")).0, Ok(3));
    assert_eq!(notebook.rust(|| session().remove("LIMIT")).0, Ok(true));
    assert_eq!(notebook.rust(|| session().remove("LIMIT")).0, Ok(false));
    notebook.rust(|| session().set("LIMIT", 5)).0.unwrap();
    assert_eq!(notebook.value("LIMIT = 6; LIMIT"), "6");
}

#[test]
fn other_threads_and_idle_times_have_no_notebook() {
    assert_eq!(session().get::<i64>("x"), Err(CellError::Elsewhere));
    assert!(session().names().is_empty() && !session().has("x"));
    let mut notebook = Notebook::new();
    notebook.good("let x = 1;");
    let (there, ..) = notebook.rust(|| std::thread::spawn(|| session().get::<i64>("x")).join().unwrap());
    assert_eq!(there, Err(CellError::Elsewhere));
    assert_eq!(session().set("x", 2), Err(CellError::Elsewhere));
    assert_eq!(notebook.value("x"), "1");
}

/// A plugin as a Rust cell would write it.
struct Watcher;

impl Plugin for Watcher {
    fn metadata(&self) -> Metadata {
        Metadata::of("watcher", "1.0.0", "keeps the best loss in a variable")
    }

    fn hooks(&self) -> HookSet {
        HookSet::none().with(Hook::EndTrainingBatch)
    }

    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let told = |error: CellError| PluginError::failed(error.to_string());
        let best = if session().has("best") { session().get("best").map_err(told)? } else { f64::INFINITY };
        let factor: f64 = session().get("factor").map_err(told)?;
        session().set("best", best.min(ctx.loss.unwrap_or(f64::INFINITY) * factor)).map_err(told)
    }
}

#[test]
fn a_hook_reads_and_sets_variables_in_the_middle_of_a_rhai_statement() {
    let mut notebook = Notebook::new();
    notebook.rust(|| ());
    notebook.plugins().borrow_mut().register(Box::new(Watcher), Registration::default()).unwrap();
    notebook.good("let net = sequential([linear(4, 3)]); init(net, 1); let data = dataset(\"iris\");");
    // `factor` is made by the cell that uses it, `after` is found although a variable was put between.
    let cell = "let factor = 2.0;
        let run = fit(net, data, #{ epochs: 1, batch_size: 50, seed: 1, checkpoints: false });
        let after = 7;
        run.resume();
        let seen = best;
        [after, seen == best, run.context.loss <= best]";
    assert_eq!(notebook.value(cell), "[7, true, true]");
    assert_eq!(notebook.value("plugin(\"watcher\"); best > 0.0"), "true");
}

#[test]
fn a_function_called_by_rhai_sees_what_the_cell_has_set_so_far() {
    let mut notebook = Notebook::new();
    notebook.rust(|| {
        let twice = |name: String| -> Result<(), CellError> {
            let value: i64 = session().get(&name)?;
            session().set(&name, value * 2)?;
            assert_eq!(session().get::<i64>(&name)?, value * 2);
            session().set("former", value)
        };
        callable!("twice", "twice(name)", "doubles a variable", twice);
        callable!("gone", "gone(name) -> bool", "takes a variable away", |name: String| session().remove(&name));
    });
    assert_eq!(notebook.value("let x = 4; twice(\"x\"); let y = x; y + former"), "12");
    assert_eq!(notebook.value("gone(\"former\"); gone(\"former\")"), "false");
    // What is set wins over what the same statement has assigned, and closures see it.
    assert_eq!(notebook.value("let n = 1; let f = || n; twice(\"n\"); f.call() + n"), "4");
    // Also when the statement fails.
    notebook.problem("twice(\"n\") + missing");
    assert_eq!(notebook.value("n"), "4");
    assert_eq!(notebook.value("return x; 1"), "8");
    let constant = notebook.problem("const C = 1; twice(\"C\")");
    assert!(constant.message.starts_with("`C` is a constant"), "{}", constant.message);
    assert_eq!(constant.traceback[1], "cell 7, line 1, column 14");
}

#[test]
fn large_lists_are_not_copied_for_every_statement() {
    let mut notebook = Notebook::new();
    notebook.rust(|| {
        callable!("length", "length(name)", "", |name: String| session().get::<Vec<f64>>(&name).map(|list| list.len()));
        callable!("count", "count(list)", "", |list: Vec<f64>| list.len());
    });
    notebook.good("let small = [1.0, 2.0]; let large = []; large.pad(100000, 1.0);");
    assert_eq!(notebook.value("length(\"small\")"), "2");
    let message = notebook.problem("length(\"large\")").message;
    assert!(
        message.starts_with("`large` is a large array, which the running Rhai statement may be changing"),
        "{message}"
    );
    assert_eq!(notebook.value("count(large)"), "100000");
    assert_eq!(notebook.rust(|| session().get::<Vec<f64>>("large").map(|list| list.len())).0, Ok(100_000));
}

static CLONED: AtomicBool = AtomicBool::new(false);
static DROPPED: AtomicBool = AtomicBool::new(false);

/// A type whose own code asks for the notebook when it is cloned and dropped.
struct Nosy;

impl Clone for Nosy {
    fn clone(&self) -> Self {
        CLONED.store(session().get::<i64>("x") == Ok(1), Ordering::Relaxed);
        Self
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        DROPPED.store(session().get::<i64>("x") == Ok(1), Ordering::Relaxed);
    }
}

#[test]
fn code_of_a_value_may_ask_for_the_notebook() {
    let mut notebook = Notebook::new();
    notebook.good("let x = 1;");
    notebook.rust(|| session().set("nosy", Nosy)).0.unwrap();
    notebook.rust(|| session().set("nosy", 2)).0.unwrap();
    assert!(DROPPED.load(Ordering::Relaxed));
    notebook.rust(|| session().set("nosy", Nosy)).0.unwrap();
    // Statements copy handles only: nothing of the type runs.
    CLONED.store(false, Ordering::Relaxed);
    notebook.good("let y = 2; y += 1;");
    assert!(!CLONED.load(Ordering::Relaxed));
    notebook.good("let copy = nosy;");
    assert!(notebook.rust(|| session().get::<Nosy>("nosy").is_ok() && session().get::<Nosy>("copy").is_ok()).0);
    assert!(CLONED.load(Ordering::Relaxed));
}

#[test]
fn a_panic_leaves_all_variables() {
    let mut notebook = Notebook::new();
    notebook.good("let x = 1;");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        notebook.rust(|| {
            session().set("y", 2).unwrap();
            panic!("a cell's panic");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(notebook.value("x + y"), "3");
}

#[test]
fn the_table_of_what_cells_may_call_is_whole() {
    let facade = include_str!("../src/cells.rs");
    let exported = facade.split("mod parts").next().unwrap().split("pub use ").skip(1);
    let exported = exported.flat_map(|item| item.split(';').next().unwrap().split(['{', '}', ',', ':']));
    let words = exported.map(|word| word.rsplit(' ').next().unwrap().trim().to_owned());
    let own = |word: &String| {
        !word.is_empty() && !["crate", "candlewick_worker", "registering", "rust"].contains(&word.as_str())
    };
    let exported: Vec<String> = words.filter(own).collect();
    assert!(exported.len() > 10 && exported.contains(&"show".to_owned()), "{exported:?}");
    let readme = include_str!("../../README.md");
    let table = readme.split("| `candlewick::cells` |").nth(1).unwrap().split("\n\n").next().unwrap();
    let missing: Vec<_> = exported.iter().filter(|name| !table.contains(&format!("`{name}"))).collect();
    assert!(missing.is_empty(), "{missing:?} are not in kernel/README.md");
}
