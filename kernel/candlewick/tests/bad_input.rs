//! Bad input gets a clear error, and nothing is lost: each mistake is named with what was asked, what was found and what
//! to do; the variables are still there and the next cell works.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy sees no #[test] on the functions that tests share

mod common;
use common::{Session, on_engine_thread};
use std::sync::{Mutex, PoisonError};

/// What every case begins with.
const BEFORE: &str = "let kept = 41;
let iris = dataset(\"iris\").normalize();
let net = sequential([linear(4, 8), tanh(), linear(8, 3)]);";

/// A case's session.
fn begun() -> Session {
    let mut session = Session::new();
    session.good(BEFORE);
    session
}

/// What must work after every mistake: variables, the plugins, and training.
fn goes_on(session: &mut Session, after: &str) {
    assert_eq!(session.value("kept + 1"), "42", "{after}");
    let next = "let other = sequential([linear(4, 3)]); train(other, iris, #{ seed: 1, checkpoints: false }).outcome";
    assert_eq!(session.value(next), "done", "{after}");
}

/// Runs a cell that fails: the error's name, words of its message, and that the notebook goes on.
fn check(cell: &str, name: &str, words: &[&str]) {
    let mut session = begun();
    let problem = session.problem(cell);
    assert_eq!(problem.name, name, "{cell}: {}", problem.message);
    for word in words {
        assert!(problem.message.contains(word), "{cell}: no {word:?} in {:?}", problem.message);
    }
    let place = &problem.traceback[1];
    assert!(place.starts_with("cell 2, line "), "{cell}: {:?}", problem.traceback);
    goes_on(&mut session, cell);
}

#[test]
fn names_that_do_not_exist() {
    check("dataset(\"digit\")", "NameError", &["no dataset named \"digit\"", "did you mean \"digits\"?"]);
    check("dataset(\"mnist\")", "NameError", &["no dataset named \"mnist\"", "known are", "iris"]);
    check("fit(net, iris, #{ epoch: 3 })", "NameError", &["option of fit named \"epoch\"", "did you mean \"epochs\"?"]);
    check("fit(net, iris, #{ validation_spilt: 0.2 })", "NameError", &["did you mean \"validation_split\"?"]);
    check("fit(net, iris, #{ loss: \"crossentropy\" })", "NameError", &["did you mean \"cross_entropy\"?"]);
    check("fit(net, iris, #{ metrics: [\"accurracy\"] })", "NameError", &["did you mean \"accuracy\"?"]);
    check("fit(net, iris, #{ optimizer: \"adam\" })", "NameError", &["no optimizer named \"adam\"", "adamw"]);
    check("adamw(0.1, #{ beta: 0.9 })", "NameError", &["beta"]);
    check("linear(4, 3, #{ biass: false })", "NameError", &["no option `biass`", "did you mean `bias`?"]);
    check(
        "evaluate(net, iris, #{ metric: [] })",
        "NameError",
        &["no option of evaluate named \"metric\"", "did you mean \"metrics\"?"],
    );
    check("fit(net, iris).step(1, \"batsh\")", "NameError", &["unit of a step", "did you mean \"batch\"?"]);
    check("fit(net, iris).run_until(\"end_epok\")", "NameError", &["no hook named", "did you mean \"end_epoch\"?"]);
    check("fit(net, iris).run_until(\"ctx.los < 1\")", "NameError", &["no `los`", "did you mean `ctx.loss`?"]);
    check("fit(net, iris).history_of", "NameError", &["history_of"]);
    check("keppt", "NameError", &["no variable `keppt`", "did you mean `kept`?"]);
    check("sequentiel([])", "NameError", &["did you mean `sequential`?"]);
    check("%plugin deactivate nobody", "PluginError", &["nobody"]);
    check("%plugns", "CommandError", &["%plugns", "did you mean `%plugins`?"]);
}

#[test]
fn values_of_the_wrong_kind_or_range() {
    check("fit(net, iris, #{ epochs: 0 })", "ValueError", &["option epochs", "whole number from 1", "given 0"]);
    check("fit(net, iris, #{ epochs: 2.5 })", "ValueError", &["option epochs", "given 2.5"]);
    check("fit(net, iris, #{ batch_size: \"32\" })", "ValueError", &["option batch_size", "given \"32\""]);
    check("fit(net, iris, #{ validation: 1.5 })", "ValueError", &["option validation", "given 1.5"]);
    check("fit(net, iris, #{ seed: -1 })", "ValueError", &["option seed", "given -1"]);
    check("fit(net, iris, #{ from: \"there\" })", "ValueError", &["\"scratch\" or \"here\""]);
    check("fit(net, iris, #{ learning_rate: -0.1 })", "ValueError", &["option learning_rate", "above 0"]);
    check("fit(net, iris, #{ device: \"gpu\" })", "NameError", &["no device named \"gpu\"", "cpu"]);
    check("fit(net, iris, #{ device: \"cuda:7\" })", "DeviceError", &["cuda:7", "cpu"]);
    check("adamw(\"fast\")", "TypeError", &["adamw takes a number", "found string"]);
    check("dropout(1.5)", "ValueError", &["1.5"]);
    check("linear(0, 3)", "ValueError", &["linear takes a whole number from 1", "found 0"]);
    check("sequential([linear(4, 3), \"relu\"])", "TypeError", &["item 1 is"]);
    check("sequential([])", "ValueError", &["layer"]);
    check("fit(net, iris).step(0)", "ValueError", &["step takes a whole number from 1", "found 0"]);
    check("fit(net, iris).run_until(\"ctx.epoch\")", "TypeError", &["must be true or false"]);
    check("fit(net, iris).run_until(\"ctx.epoch <\")", "SyntaxError", &["run_until", "ctx.epoch <"]);
    check("fit(\"net\", iris)", "TypeError", &["`fit` does not take", "fit(net, data)"]);
    check("tensor([[1, 2], [3]])", "ShapeError", &["equal lengths"]);
    check("tensor([1, \"two\"])", "TypeError", &["tensor takes numbers"]);
}

#[test]
fn data_that_cannot_be_trained_on() {
    let set = |inputs: &str, targets: &str| format!("fit(net, dataset(tensor({inputs}), tensor({targets})))");
    check(&set("[[0.0, 1.0, 2.0, 3.0]]", "[0.5]"), "DataError", &["cross_entropy takes classes", "f32", "mse"]);
    check(
        "let nan = 0.0 / 0.0; dataset(tensor([[1.0, nan]]), tensor([1.0]))",
        "DataError",
        &["NaN", "row 0, column 1"],
    );
    check(
        "let inf = 1.0 / 0.0; dataset(tensor([[1.0, inf]]), tensor([1.0]))",
        "DataError",
        &["inf", "row 0, column 1"],
    );
    check("dataset(tensor([]), tensor([]))", "DataError", &["no rows"]);
    check("dataset(tensor([[1.0], [2.0]]), tensor([1.0]))", "DataError", &["2 rows of inputs but 1 targets"]);
    check("iris.subset([])", "DataError", &["at least one row"]);
    check("iris.subset([150])", "DataError", &["no row 150", "0 to 149"]);
    check("iris.split(1.5)", "ValueError", &["1.5"]);
    check("iris.reshape([5])", "DataError", &["shape [4]", "[5] takes 5"]);
    check("load_model(\"no/such.safetensors\")", "FileError", &["no/such.safetensors"]);
    check("fit(net, iris, #{ resume: \"no/such\" })", "FileError", &["no/such"]);
    check("net.save(\"no/such/directory/m.safetensors\")", "FileError", &["no/such/directory"]);
}

#[test]
fn files_and_frames_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.csv");
    std::fs::write(&path, "").unwrap();
    let table = "let t = frame(#{ a: [1.0, 2.0], b: [3.0, ()], c: [\"x\", \"y\"], d: [0.5, 0.5] });\n";
    let check = |cell: &str, name, words: &[&str]| check(&format!("{table}{cell}"), name, words);
    check("read_csv(\"no/such.csv\")", "FileError", &["no/such.csv"]);
    check("read_parquet(\"no/such.parquet\")", "FileError", &["no/such.parquet"]);
    check(&format!("read_csv({path:?})"), "FileError", &["empty.csv"]);
    check("t.column(\"e\")", "NameError", &["no column named \"e\"", "known are", "a, b, c, d"]);
    check("t.dataset(#{ label: \"cc\" })", "NameError", &["no column named \"cc\"", "did you mean \"c\"?"]);
    check("t.dataset(#{ lable: \"c\" })", "NameError", &["lable", "did you mean \"label\"?"]);
    check("t.dataset(#{ label: \"c\" })", "DataError", &["column \"b\"", "row 1", "drop the row or fill"]);
    check("t.select([\"a\", \"d\"]).dataset(#{ label: \"e\" })", "NameError", &["no column named \"e\""]);
    check("t.select([\"a\", \"c\"]).dataset(#{ label: \"a\" })", "DataError", &["\"c\""]);
    check("frame(#{ a: [1, 2], b: [1] })", "DataError", &["b"]);
    check("frame(#{ a: [1, \"two\"] })", "TypeError", &["a"]);
    check("plot(t, #{ x: \"a\", y: [\"q\"] })", "NameError", &["no column named \"q\""]);
    check("plot(t, #{ kind: \"pie\" })", "NameError", &["pie", "known are"]);
}

#[test]
fn shapes_that_do_not_fit_name_the_layer_and_both_shapes() {
    check("sequential([linear(4, 8), linear(9, 3)])", "ShapeError", &["layer 1 (linear)", "[…, 9]", "[…, 8]"]);
    check("fit(net, dataset(\"digits\"))", "ShapeError", &["layer 0 (linear)", "4", "64"]);
    check("net.predict(tensor([[1, 2, 3]]))", "ShapeError", &["layer 0 (linear)", "4", "[1, 3]"]);
    check("net.check([1, 5])", "ShapeError", &["layer 0 (linear)", "[1, 5]"]);
    check(
        "sequential([conv2d(1, 4, 3), flatten(), linear(5, 2)]).check([1, 1, 8, 8])",
        "ShapeError",
        &["layer 2 (linear)", "5", "144"],
    );
    check(
        "sequential([residual([linear(4, 8)])]).check([2, 4])",
        "ShapeError",
        &["layer 0 (residual)", "[2, 4]", "[2, 8]"],
    );
}

#[test]
fn a_loss_that_becomes_nan_stops_at_its_batch_and_the_run_is_kept() {
    let mut session = begun();
    session.good("let run = fit(net, iris, #{ epochs: 5, optimizer: sgd(1e38), loss: \"cross_entropy\", seed: 1, checkpoints: false });");
    let problem = session.problem("run.resume()");
    assert_eq!(problem.name, "TrainingError");
    let said = &problem.message;
    assert!(
        said.contains("epoch 0, batch ") && said.contains("loss became") && said.contains("learning rate"),
        "{said}"
    );
    assert_eq!(session.value("run.outcome"), "failed");
    assert!(session.value("run").contains("failed"));
    assert!(session.value("run.context").contains("global_step"));
    let again = session.problem("run.step()");
    assert_eq!(again.name, "RunEnded", "{}", again.message);
    goes_on(&mut session, "a loss that is not a number");
}

#[test]
fn a_net_belongs_to_one_run_until_that_ends() {
    let mut session = begun();
    session.good("let run = fit(net, iris, #{ seed: 1, checkpoints: false });");
    let problem = session.problem("fit(net, iris)");
    assert_eq!(problem.name, "BusyError");
    for word in ["being trained by run", "run.stop()", "net.copy()"] {
        assert!(problem.message.contains(word), "{}", problem.message);
    }
    assert_eq!(session.value("train(net.copy(), iris, #{ checkpoints: false }).outcome"), "done");
    session.good("run.stop();");
    assert_eq!(session.value("train(net, iris, #{ checkpoints: false }).outcome"), "done");
    goes_on(&mut session, "a second fit");
}

#[test]
fn a_hook_that_throws_at_every_batch_is_named_quarantined_and_outlived() {
    let mut session = begun();
    session.good("%%plugin clumsy\nfn end_training_batch(ctx) {\n    throw `dropped it at ${ctx.batch}`;\n}");
    let ran = session.good("let run = train(net, iris, #{ seed: 1, checkpoints: false });\nrun.outcome");
    assert_eq!(ran.result(), "done");
    let warned = ran.warned();
    for batch in 0..3 {
        let line = format!("plugin clumsy failed in end_training_batch (epoch 0, batch {batch}), line 3, column 5: ");
        assert!(warned.contains(&line) && warned.contains(&format!("dropped it at {batch}")), "{warned}");
    }
    assert!(!warned.contains("dropped it at 3") && warned.contains("is quarantined; training goes on"), "{warned}");
    goes_on(&mut session, "a hook that throws");
}

#[test]
fn a_fact_that_the_run_does_not_have_is_an_error_that_says_what_to_pass() {
    let mut session = begun();
    session.good("%%plugin curious\nfn end_epoch(ctx) { print(ctx.validation_loss); }");
    let ran = session.good("train(net, iris, #{ seed: 1, checkpoints: false }).outcome");
    assert_eq!((ran.result().as_str(), ran.printed().as_str()), ("done", ""));
    let warned = ran.warned();
    for words in ["plugin curious failed in end_epoch", "MissingFact", "validation_loss", "pass"] {
        assert!(warned.contains(words), "{words}: {warned}");
    }
    let problem = session
        .problem("let run = fit(net, iris, #{ checkpoints: false });\nrun.run_until(\"ctx.validation_loss < 1\")");
    assert_eq!(problem.name, "MissingFact");
    assert!(problem.message.contains("validation"), "{}", problem.message);
    let problem = session.problem("run.validation_data");
    assert_eq!(problem.name, "MissingFact");
    assert!(problem.message.contains("validation: 0.2"), "{}", problem.message);
    session.good("%plugin unregister curious");
    goes_on(&mut session, "a fact that is not there");
}

#[test]
fn recursion_without_end() {
    on_engine_thread(|| {
        check("fn f(x) { f(x + 1) }\nf(0)", "RecursionError", &["nested deeper", "without end"]);
        check("let f = |x| x; let g = |h, x| h.call(h, x); g.call(g, 1)", "RecursionError", &["nested deeper"]);
        let nested = format!("{}1{}", "(".repeat(3000), ")".repeat(3000));
        let mut session = begun();
        let problem = session.problem(&nested);
        assert_eq!(problem.name, "SyntaxError", "{}", problem.message);
        goes_on(&mut session, "brackets without end");
    });
}

/// Memory is the process's: two tests that fill it would see each other.
static MEMORY: Mutex<()> = Mutex::new(());

#[test]
fn values_that_would_fill_the_memory() {
    let _alone = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    check("[].pad(1000000000, 0)", "LimitError", &["1000000000", "at most"]);
    check("blob(1000000000000)", "LimitError", &["1000000000000", "at most"]);
    check("\"\".pad(1000000000, \"x\")", "LimitError", &["1000000000", "at most"]);
    check("zeros([1000000, 1000000])", "LimitError", &["[1000000, 1000000]", "at most"]);
    let wide = |n: &str| format!("fit(sequential([linear(4, {n}), linear({n}, {n}), linear({n}, 3)]), iris)");
    check(&wide("1000000"), "ValueError", &["parameters of this net take 4000", "GB of memory are left"]);
    check(&wide("9000000000000000000"), "ValueError", &["parameters of this net take", "GB of memory are left"]);
    let grown = |cell: &str| {
        let mut session = begun();
        session.room().measure_with(|| Some(1 << 30));
        let problem = session.problem(cell);
        assert_eq!(problem.name, "MemoryError", "{cell}: {}", problem.message);
        for word in ["grown by", "are left", "variables are kept"] {
            assert!(problem.message.contains(word), "{cell}: {}", problem.message);
        }
        goes_on(&mut session, cell);
    };
    grown("let s = \"x\"; loop { s += s; }");
    grown("let a = [0]; loop { a += a; }");
    grown("let s = \"\"; s.pad(10000, \"x\"); let a = []; loop { a.push(s + a.len); }");
    grown("let s = []; s.pad(10000, 0); let m = #{}; let i = 0; loop { i += 1; m[`key ${i}`] = s + []; }");
    grown("fn twice(s) { twice(s + s) }\ntwice(\"abc\")");
    grown("let s = \"x\"; loop { try { loop { s += s; } } catch { } }");
}

#[test]
fn a_hook_that_would_fill_the_memory_fails_and_training_goes_on() {
    let _alone = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut session = begun();
    session.room().measure_with(|| Some(1 << 30));
    session.good("%%plugin hoarder\nfn end_training_batch(ctx) { this.s = \"x\"; loop { this.s += this.s; } }");
    let ran = session.good("train(net, iris, #{ seed: 1, checkpoints: false }).outcome");
    assert_eq!(ran.result(), "done");
    let warned = ran.warned();
    assert!(warned.contains("MemoryError") && warned.contains("is quarantined"), "{warned}");
    goes_on(&mut session, "a hook that grows");
}
