//! The six entry points of seed 004 through cells: instances, data, actions, callbacks, registries.
//!
//! What the seed did wrong has a test of its own each; their names say what is right.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candlewick_link::{FromWorker, Problem};
use candlewick_plugin_api::{Metadata, Plugin, PluginError, Report, Value, Verb};
use candlewick_plugin_manager::Registration;
use common::Bench;

/// A model that counts: an instance is a map, fit adds to it, predict multiplies.
const COUNTER: &str = "%%plugin counter
fn data_access(from, to) { let items = []; for i in from..to { items.push(i); } items }
fn instantiate(start) { #{ sum: start, fits: 0 } }
fn fit(model, data) { for x in data { model.sum += x; } model.fits += 1; model }
fn predict(model, x) { model.sum * x }
fn serialize(model) { `${model.sum} ${model.fits}`.to_blob() }
fn deserialize(bytes) { let parts = bytes.as_string().split(\" \"); #{ sum: parse_int(parts[0]), fits: parse_int(parts[1]) } }";

fn bench(cells: &[&str]) -> Bench {
    let mut bench = Bench::new();
    cells.iter().for_each(|cell| drop(bench.text(cell)));
    bench
}

/// The text of a cell's result.
fn result(bench: &mut Bench, code: &str) -> String {
    let (sent, finished) = bench.run(code);
    assert_eq!(finished.problem, None, "{code}");
    let result = sent.iter().find_map(|message| match message {
        FromWorker::Result { bundle } => bundle.get("text/plain").map(str::to_owned),
        _ => None,
    });
    result.unwrap_or_else(|| panic!("{code} gave nothing"))
}

fn problem(bench: &mut Bench, code: &str) -> Problem {
    bench.run(code).1.problem.unwrap_or_else(|| panic!("{code} should have failed"))
}

fn fails(bench: &mut Bench, code: &str, name: &str, part: &str) {
    let problem = problem(bench, code);
    assert!(problem.name == name && problem.message.contains(part), "{code}: {}: {}", problem.name, problem.message);
}

/// The texts of the displays that a cell made or changed, with whether each was an update.
fn displays(bench: &mut Bench, code: &str) -> Vec<(String, bool)> {
    let (sent, _) = bench.run(code);
    let shown = |message: &FromWorker| match message {
        FromWorker::Display { bundle, update, .. } => Some((bundle.get("text/plain")?.to_owned(), *update)),
        _ => None,
    };
    sent.iter().filter_map(shown).collect()
}

#[test]
fn an_instance_is_made_trained_asked_and_turned_into_bytes() {
    let mut bench = bench(&[COUNTER, "let model = create_instance(\"counter\", 1);"]);
    let mut check = |code: &str, expect: &str| assert_eq!(result(&mut bench, code), expect, "{code}");
    check("model.fit([2, 3]).value", "#{ fits: 1, sum: 6 }");
    check("model.fit(data_access(\"counter\", 0, 5)).predict(10)", "160");
    check("let bytes = model.serialize(); bytes.as_string()", "\"16 2\"");
    check("deserialize(\"counter\", bytes).predict(2)", "32");
    check("[model.id, model.model_type]", "[1, \"counter\"]");
    check("actions().values.map(|a| a.verb + \" \" + a.progress).len()", "8");
    check("data_access(\"counter\", 1, 3).load()", "[1, 2]");
    check("let verbs = []; for a in actions() { verbs.push(a.verb); } verbs[0]", "\"instantiate\"");
    check("model(\"counter\")", "\"counter\"");
}

#[test]
fn predict_gives_the_prediction_and_never_the_instance() {
    // The seed's predict returned a tuple, and its own notebook showed the tuple's first item for the prediction.
    let changing = "%%plugin changing
fn instantiate() { #{ asked: 0 } }
fn predict(model, x) { model.asked += 1; #{ instance: model, prediction: x + model.asked } }";
    let tuple = "%%plugin tuple\nfn instantiate() { #{ a: 1 } }\nfn predict(model, x) { [model, x] }";
    let mut bench =
        bench(&[changing, tuple, "let c = create_instance(\"changing\"); let t = create_instance(\"tuple\");"]);
    assert_eq!(result(&mut bench, "[c.predict(10), c.predict(10), c.value.asked]"), "[11, 12, 2]");
    fails(&mut bench, "t.predict(10)", "ActionError", "answer with the prediction alone");
}

#[test]
fn a_missing_entry_point_is_named_with_what_there_is() {
    let mut bench = bench(&[COUNTER, "%%plugin half\nfn instantiate() { 1 }\nfn fit(model) { model }"]);
    drop(bench.text("let half = create_instance(\"half\");"));
    let mut check = |code: &str, name: &str, part: &str| fails(&mut bench, code, name, part);
    check(
        "create_instance(\"conter\")",
        "NameError",
        "no instantiate plugin for model type conter; did you mean `counter`?",
    );
    check(
        "half.predict(1)",
        "NameError",
        "no predict plugin for model type half; this type has instantiate, fit; add `fn predict(instance",
    );
    check(
        "data_access(\"xyz\").load()",
        "NameError",
        "no data_access plugin named xyz; there are counter, csv, parquet, dataset",
    );
    check("model(\"half\")", "PluginError", "plugin `half` is no model: predict, serialize, deserialize are missing");
    check("half.serialize()", "ActionError", "`fn serialize(instance)`");
}

#[test]
fn a_type_that_is_taken_leaves_nothing_of_the_second_plugin() {
    // The seed kept the types before the one that was taken.
    let second = "%%plugin second
const metadata = #{ entry_points: #{ model_types: [\"fresh\", \"counter\"] } };
fn instantiate() { 1 }
fn fit(model) { model }";
    let mut bench = bench(&[COUNTER]);
    fails(
        &mut bench,
        second,
        "PluginError",
        "plugin with type counter already declared as instantiate: plugin `counter` has it",
    );
    fails(&mut bench, "create_instance(\"fresh\")", "NameError", "no instantiate plugin for model type fresh");
    assert_eq!(result(&mut bench, "list_plugins()"), "[\"counter\"]");
    // Its own cell replaces a plugin's entries.
    drop(bench.text("%%plugin counter\nconst metadata = #{ entry_points: #{ model_types: [\"one\", \"two\"] } };\nfn instantiate() { 7 }"));
    assert_eq!(result(&mut bench, "create_instance(\"two\").value"), "7");
    fails(&mut bench, "create_instance(\"counter\", 1)", "NameError", "there are one, two");
    drop(bench.text(second));
    assert_eq!(
        result(&mut bench, "entry_points().instantiate"),
        "#{ counter: \"second\", fresh: \"second\", one: \"counter\", two: \"counter\" }"
    );
}

#[test]
fn two_data_by_name_are_two_data() {
    // The seed's loop variables were stale: both names got the last data.
    let plugin = "%%plugin two
const metadata = #{ entry_points: #{ data_names: [\"low\", \"high\"] } };
fn data_access(n) { [n] }
fn instantiate() { #{} }
fn fit(model, x, y, z) { model.got = [x, y, z]; model }";
    let mut bench = bench(&[plugin, "let model = create_instance(\"two\");"]);
    let cell = "model.fit(1, named(#{ z: data_access(\"high\", 9), y: data_access(\"low\", 2) })).value.got";
    assert_eq!(result(&mut bench, cell), "[1, [2], [9]]");
    let mut check = |code: &str, part: &str| fails(&mut bench, code, "ActionError", part);
    check(
        "model.fit(1, named(#{ q: 2 }))",
        "fit of model type two: there is no parameter `q`; it takes model, x, y, z",
    );
    check("model.fit(1, named(#{ x: 2 }))", "`x` is given by position and by name");
    check("model.fit(1, named(#{ model: 2 }))", "instance already set");
    check("model.fit(1, named(#{ z: 2 }))", "no value for `y`");
    check("model.fit(1, named(#{ state_cb: 2 }))", "state cb already set");
}

#[test]
fn a_callback_takes_no_argument_away() {
    // The seed's callback was a positional parameter before the data: who forgot it lost the first datum to it.
    let plugin = "%%plugin teller
const metadata = #{ entry_points: #{ instance_arg_name: \"own\" } };
fn instantiate(state_cb, size) { state_cb.call(#{ size: size }); size }
fn fit(x, state_cb, own, y, progress_callback) {
    for percent in 0..=200 { progress_callback.call(percent / 2.0); }
    state_cb.call(#{ progress: 0.5, loss: x });
    report(#{ note: \"nearly\", progress: 0.9 });
    own + x * y
}";
    let mut bench = bench(&[plugin, "let model = create_instance(\"teller\", 5);"]);
    assert_eq!(result(&mut bench, "model.fit(3, 4).value"), "17");
    assert_eq!(result(&mut bench, "actions()[0].state"), "#{ size: 5 }");
    // A percentage is told when it has grown by one: 101 of 201, and two more states.
    assert_eq!(
        result(&mut bench, "[actions()[-1].reports, actions()[-1].state]"),
        "[103, #{ note: \"nearly\", progress: 0.9 }]"
    );
    assert_eq!(result(&mut bench, "plugin(\"teller\").fit(1, 2, 3)"), "7");
    fails(&mut bench, "report(1)", "ActionError", "report is for a running action");
    fails(&mut bench, "model.fit(3)", "PluginError", "its fit takes 3 arguments; found 2");
}

#[test]
fn reports_become_one_bar() {
    let plugin = "%%plugin slow
fn instantiate() { 1 }
fn fit(model) { for i in 0..2000 { report(#{ progress: i / 2000.0, loss: 0.5 }); } model }";
    let mut bench = bench(&[plugin, "let model = create_instance(\"slow\");"]);
    let begun = std::time::Instant::now();
    let shown = displays(&mut bench, "model.fit();");
    let most = 2 + begun.elapsed().as_millis() as usize / 250;
    assert!((2..=most).contains(&shown.len()), "{} displays: {shown:?}", shown.len());
    assert_eq!(shown[0], ("fit slow  ░░░░░░░░░░░░░░░░░░░░  0.0 %  loss 0.5000  executing".to_owned(), false));
    let (last, update) = &shown[shown.len() - 1];
    assert!(
        *update && last.starts_with("fit slow  ████████████████████  100.0 %  loss 0.5000  complete in "),
        "{last}"
    );
}

#[test]
fn a_second_action_on_a_busy_instance_is_refused_and_the_lock_is_freed() {
    let plugin = "%%plugin nested
fn instantiate() { #{ n: 0 } }
fn fit(model, other, verb) {
    if verb == \"fit\" { other.fit(1, ()); }
    if verb == \"predict\" { other.predict(1); }
    if verb == \"throw\" { throw \"no data\"; }
    model.n += 1;
    model
}
fn predict(model, x) { x }";
    let mut bench = bench(&[plugin, "let model = create_instance(\"nested\"); let same = model;"]);
    let busy = "instance 1 of model type nested is busy with action 2 (fit); one fit or predict at a time";
    fails(&mut bench, "model.fit(same, \"predict\")", "PluginError", busy);
    fails(&mut bench, "model.fit(same, \"fit\")", "PluginError", "is busy with action 4 (fit)");
    fails(&mut bench, "model.fit(same, \"throw\")", "PluginError", "no data");
    drop(bench.text("activate(\"nested\");"));
    assert_eq!(result(&mut bench, "model.fit(same, ()).value.n"), "1");
    assert_eq!(result(&mut bench, "[actions()[2].parent, actions()[2].progress]"), "[2, \"failed\"]");
}

#[test]
fn a_failed_action_says_so_and_leaves_the_instance_as_it_was() {
    // The seed's failed action kept its last progress, and had no state for failures.
    let plugin = "%%plugin fragile
fn instantiate() { sequential([linear(4, 3)]) }
fn fit(net, data, fail) {
    train(net, data, #{ epochs: 1, checkpoints: false, learning_rate: 0.5 });
    report(#{ progress: 0.5 });
    if fail { throw \"after training\"; }
    net
}
fn predict(net, x) { net.predict(x) }";
    let x = "let x = tensor([[1.0, 2.0, 3.0, 4.0]]);";
    let mut bench = bench(&[
        plugin,
        x,
        "let model = create_instance(\"fragile\"); init(model.value, 1); let before = model.predict(x).to_array();",
    ]);
    fails(&mut bench, "model.fit(dataset(\"iris\"), true)", "PluginError", "after training");
    let cell = "let a = actions()[-1]; [a.progress, a.cause.plugin, a.cause.line, a.state]";
    assert_eq!(result(&mut bench, cell), "[\"failed\", \"fragile\", 6, #{ progress: 0.5 }]");
    assert_eq!(result(&mut bench, "model.predict(x).to_array() == before"), "true");
    assert_eq!(result(&mut bench, "model.fit(dataset(\"iris\"), false).predict(x).to_array() == before"), "false");
    let table = result(&mut bench, "actions()");
    assert!(table.contains("line 6: ") && table.contains("failed") && table.contains("complete"), "{table}");
}

#[test]
fn what_a_fit_answers_is_an_instance() {
    let plugin = "%%plugin odd
fn instantiate() { sequential([linear(4, 3)]) }
fn fit(net, data) { train(net, data, #{ epochs: 1, checkpoints: false }) }";
    let in_place = "%%plugin in_place
fn instantiate() { sequential([linear(4, 3)]) }
fn fit(net, data) { train(net, data, #{ epochs: 1, checkpoints: false }); () }
fn predict(net, x) { net.predict(x) }";
    let mut bench =
        bench(&[plugin, in_place, "let odd = create_instance(\"odd\"); let good = create_instance(\"in_place\");"]);
    fails(&mut bench, "odd.fit(dataset(\"iris\"))", "ActionError", "answered with a run, the instance is a net");
    assert_eq!(result(&mut bench, "good.fit(dataset(\"iris\")).predict(dataset(\"iris\").inputs).shape"), "[150, 3]");
}

#[test]
fn files_are_read_before_the_action_and_errors_name_the_data() {
    let folder = tempfile();
    let (a, b) = (folder.join("a.csv"), folder.join("b.csv"));
    std::fs::write(&a, "x\n1\n2\n").unwrap();
    std::fs::write(&b, "x\n3\n").unwrap();
    let plugin = "%%plugin rows\nfn instantiate() { 0 }\nfn fit(model, a, b) { model + a.height * 10 + b.height }";
    let mut bench = bench(&[plugin, "let model = create_instance(\"rows\");"]);
    let cell = format!("model.fit(data_access(\"csv\", {a:?}), named(#{{ b: data_access(\"csv\", {b:?}) }})).value");
    assert_eq!(result(&mut bench, &cell), "21");
    assert_eq!(result(&mut bench, "actions().values.map(|a| a.key)"), "[\"rows\", \"rows\", \"csv\", \"csv\"]");
    assert_eq!(result(&mut bench, "actions()[2].parent"), "2");
    fails(&mut bench, "model.fit(data_access(\"csv\", \"/none.csv\"), 1)", "DataError", "data access csv: ");
    fails(
        &mut bench,
        "model.fit(data_access(\"csv\"), 1)",
        "ActionError",
        "data access csv: it takes one argument, the path of a file",
    );
    assert_eq!(result(&mut bench, "model.value"), "21");
}

#[test]
fn a_model_is_stored_and_loaded_by_another_session() {
    let folder = tempfile();
    let store = format!("let store = model_store({:?});", folder.join("models.sqlite"));
    let net = "%%plugin iris_net
fn instantiate() { sequential([linear(4, 8), relu(), linear(8, 3)]) }
fn fit(net, data) { train(net, data, #{ epochs: 1, checkpoints: false, seed: 1 }); net }
fn predict(net, x) { net.predict(x) }";
    let x = "let x = tensor([[1.0, 2.0, 3.0, 4.0]]);";
    let mut first = bench(&[COUNTER, net, &store, x]);
    drop(first.text("let c = create_instance(\"counter\", 2); store.save(\"c\", c); c.fit([5]); let n = create_instance(\"iris_net\").fit(dataset(\"iris\")); store.save(\"n\", n, #{ note: \"first\" });"));
    let before = result(&mut first, "n.predict(x).to_array()");
    assert_eq!(
        result(&mut first, "store.list().values.map(|m| [m.name, m.type, m.form])"),
        "[[\"c\", \"counter\", \"own\"], [\"n\", \"iris_net\", \"net\"]]"
    );
    drop(first);
    let mut second = bench(&[COUNTER, net, &store, x]);
    // It belonged to the store when it was fitted, so the fit was stored; a loaded one has its lock and may be fitted on.
    assert_eq!(result(&mut second, "store.load(\"c\").fit([1]).value"), "#{ fits: 2, sum: 8 }");
    assert_eq!(result(&mut second, "store.load(\"c\").value.fits"), "2");
    assert_eq!(result(&mut second, "store.load(\"n\").predict(x).to_array()"), before);
    assert_eq!(result(&mut second, "store.list().values[0].metadata"), "#{ note: \"first\" }");
    fails(&mut second, "store.load(\"m\")", "StoreError", "has no model `m`");
    assert_eq!(result(&mut second, "[store.remove(\"n\"), store.remove(\"n\")]"), "[true, false]");
    let broken = folder.join("broken.sqlite");
    std::fs::write(&broken, "this is no database, but long enough to be looked at as one").unwrap();
    fails(&mut second, &format!("model_store({broken:?})"), "StoreError", "not a database");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let mut bench = bench(&["%%plugin p\nfn instantiate(state_cb) { state_cb.call(5); state_cb.call([1]); }"]);
    fails(&mut bench, "create_instance(\"p\")", "PluginError", "a state is a map such as");
    fails(&mut bench, "create_instance(\"p\", named(#{ }), 1)", "TypeError", "named(#{ … }) is the last argument");
    fails(
        &mut bench,
        "%%plugin q\nconst metadata = #{ entry_points: #{ fit: [\"a\"] } };",
        "PluginError",
        "entry_points names fit, but it has no function fit",
    );
    fails(
        &mut bench,
        "%%plugin q\nconst metadata = #{ entry_points: #{ modl: [] } };",
        "PluginError",
        "unknown field `modl`",
    );
    fails(&mut bench, "actions()[7]", "IndexError", "there is no action 7");
}

#[test]
fn initialize_after_unload_all_registers_again() {
    // The seed's imports were cached: after unload_all a second initialize registered nothing.
    let folder = tempfile();
    let path = folder.join("filed.rhai");
    std::fs::write(&path, "fn instantiate() { 5 }\nfn predict(n, x) { n * x }").unwrap();
    let initialize = format!("initialize(#{{ names: [{path:?}] }})");
    let mut bench = Bench::new();
    for _ in 0..2 {
        assert_eq!(result(&mut bench, &initialize), "[\"filed\"]");
        assert_eq!(result(&mut bench, "create_instance(\"filed\").predict(3)"), "15");
        assert_eq!(result(&mut bench, "unload_all()"), "[\"filed\"]");
        fails(&mut bench, "create_instance(\"filed\")", "NameError", "no instantiate plugin for model type filed");
    }
    fails(&mut bench, "initialize(#{ names: [\"/none.rhai\"] })", "PluginError", "/none.rhai");
    fails(&mut bench, "initialize(#{ name: [] })", "NameError", "did you mean \"names\"");
    fails(&mut bench, "initialize(#{ names: 5 })", "TypeError", "array of strings");
}

/// A plugin of Rust: an instance is a number.
struct Doubling;

impl Plugin for Doubling {
    fn metadata(&self) -> Metadata {
        Metadata::of("doubling", "1.0.0", "doubles")
    }

    fn verbs(&self) -> Vec<Verb> {
        ["instantiate", "fit", "predict"].into_iter().filter_map(Verb::from_name).collect()
    }

    fn parameters(&self, verb: Verb) -> Option<Vec<String>> {
        (verb.name() == "fit").then(|| vec!["own".to_owned(), "times".to_owned()])
    }

    fn execute_with(&mut self, verb: Verb, arguments: &[Value], report: &Report) -> Result<Value, PluginError> {
        let number = |place: usize| arguments.get(place).and_then(Value::number).unwrap_or(1.0);
        report.percent(50.0)?;
        Ok(match verb.name() {
            "fit" => (number(0) * 2f64.powf(number(1))).into(),
            _ => number(0).into(),
        })
    }
}

#[test]
fn a_plugin_of_rust_has_the_same_entry_points() {
    let mut bench = Bench::new();
    bench.plugins().borrow_mut().register(Box::new(Doubling), Registration::from_origin("a test")).unwrap();
    drop(bench.text("let model = create_instance(\"doubling\", 3);"));
    assert_eq!(result(&mut bench, "model.fit(named(#{ times: 3 })).predict()"), "24.0");
    assert_eq!(result(&mut bench, "actions()[1].state"), "#{ progress: 0.5 }");
    fails(&mut bench, "model.predict(named(#{ x: 3 }))", "ActionError", "it takes arguments by position only");
}

fn tempfile() -> std::path::PathBuf {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let folder = std::env::temp_dir().join(format!("candlewick-entry-points-{}-{unique}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn an_entry_point_is_an_action_however_it_is_asked_for() {
    let mut bench = Bench::new();
    drop(bench.text("%%plugin net\nconst metadata = #{ gid: \"g\" };\nfn fit(net, x) { x }"));
    for ask in ["plugin(\"net\").fit(1, 2)", "plugin(\"net\").run(\"fit\", 1, 2);", "%plugin execute net fit(1, 2)"] {
        drop(bench.text(ask));
    }
    assert_eq!(bench.text("actions().len()"), "3");
    assert_eq!(
        bench.text("let e = plugin(\"net\").run(\"fit\", 1, 2); [e.gid, e.verb, e.output]"),
        "[\"g\", \"fit\", 2]"
    );
}
