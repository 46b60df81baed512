//! What a session is configured with: files, profiles, environment, cells; and the defects of the seeds' configurations.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers outside #[test] functions unwrap too

mod common;
use candlewick_link::{FromWorker, PluginRecord, Request, StreamName};
use candlewick_plugin_api::{Hook, HookSet, Metadata, Plugin, PluginError, Value, Verb};
use candlewick_plugin_manager::{LoadedPlugin, Loader, ManagerError, Registration, State};
use common::Bench;
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};

/// A plugin compiled into the program, as early stopping is: two settings, and a third that it may refuse.
struct BuiltIn(&'static str, &'static [&'static str]);

impl Plugin for BuiltIn {
    fn metadata(&self) -> Metadata {
        let metadata = Metadata::of(self.0, "1.2.0", "").setting("patience", 10).setting("min_delta", 0.001);
        let metadata = metadata.setting("marks", json!({ "colour": "red", "size": 2 }));
        self.1.iter().fold(metadata, |metadata, name| metadata.needs(name.parse().unwrap()))
    }

    fn hooks(&self) -> HookSet {
        HookSet::none().with(Hook::EndEpoch)
    }

    fn configure(&mut self, config: &Map<String, Json>) -> Result<(), PluginError> {
        match config["patience"].as_i64() {
            Some(patience) if patience > 99 => Err(PluginError::invalid("patience is at most 99")),
            _ => Ok(()),
        }
    }
}

/// A plugin whose settings are handed to its `initialize`.
struct Model;

impl Plugin for Model {
    fn metadata(&self) -> Metadata {
        Metadata::of("model", "1.0.0", "").setting("width", 4)
    }

    fn hooks(&self) -> HookSet {
        HookSet::none()
    }

    fn verbs(&self) -> Vec<Verb> {
        Verb::all().filter(|verb| verb.name() == "initialize").collect()
    }

    fn execute(&mut self, _: Verb, _: &[Value]) -> Result<Value, PluginError> {
        Ok(Value::Nothing)
    }
}

/// A directory of its own for each test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("candlewick-configuration-{name}-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// A session in a directory with that `candlewick.toml`, with `early-stopping` (inactive) and `history` (active).
fn session(directory: &Path, toml: &str, variables: &[(&str, &str)]) -> Bench {
    std::fs::write(directory.join("candlewick.toml"), toml).unwrap();
    plain(directory, variables)
}

fn plain(directory: &Path, variables: &[(&str, &str)]) -> Bench {
    let bench = Bench::configured(directory, variables);
    let install = |plugin: BuiltIn, enabled, priority| {
        let registration = Registration { enabled, priority, ..Registration::from_origin("built in") };
        bench.plugins().borrow_mut().register(Box::new(plugin), registration).unwrap();
    };
    install(BuiltIn("history", &[]), true, -100);
    install(BuiltIn("early-stopping", &[]), false, 0);
    bench
}

/// A cell's printed text and tables; its error's message after `!`.
fn cell(bench: &mut Bench, code: &str) -> String {
    let (sent, finished) = bench.run(code);
    let text = |message: &FromWorker| match message {
        FromWorker::Stream { name: StreamName::Stdout, text } => text.clone(),
        FromWorker::Stream { name: StreamName::Stderr, text } => format!("! {text}"),
        FromWorker::Result { bundle } => bundle.get("text/plain").unwrap_or_default().to_owned(),
        FromWorker::Display { bundle, .. } => format!("{}\n", bundle.get("text/plain").unwrap_or_default()),
        _ => String::new(),
    };
    let output: String = sent.iter().map(text).collect();
    let problem =
        finished.problem.map_or_else(String::new, |problem| format!("!{}: {}", problem.name, problem.message));
    format!("{output}{problem}")
}

/// The row of a table for that key, its columns joined by `|`.
fn row(table: &str, key: &str) -> String {
    let line = table.lines().find(|line| line.split("  ").next() == Some(key));
    let line = line.unwrap_or_else(|| panic!("no row {key} in\n{table}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ")
}

fn setting(bench: &Bench, plugin: &str, key: &str) -> Json {
    bench.plugins().borrow().settings_of(plugin).unwrap()[key].clone()
}

fn state(bench: &Bench, plugin: &str) -> State {
    bench.plugins().borrow().plugins().into_iter().find(|row| row.name == plugin).unwrap().state
}

#[test]
fn a_session_begins_with_its_file_and_says_so() {
    let directory = directory("begin");
    let text = "[plugins.early-stopping]\nenabled = true\n[plugins.early-stopping.config]\npatience = 3\n[training]\nepochs = 2\n";
    let mut bench = session(&directory, text, &[]);
    let told = cell(&mut bench, "1 + 1");
    let expect = "configured (candlewick.toml): training.epochs = 2, early-stopping.patience = 3, early-stopping.enabled = true\n2";
    assert_eq!(told, expect);
    assert_eq!(setting(&bench, "early-stopping", "patience"), 3);
    assert_eq!(setting(&bench, "early-stopping", "min_delta"), 0.001);
    assert_eq!(state(&bench, "early-stopping"), State::Active);
    assert_eq!(cell(&mut bench, "1 + 1"), "2");

    let table = cell(&mut bench, "%config");
    assert_eq!(row(&table, "training.epochs"), "training.epochs | 2 | candlewick.toml, line 6");
    assert_eq!(row(&table, "training.batch_size"), "training.batch_size | 32 | default");
    assert_eq!(row(&table, "early-stopping.patience"), "early-stopping.patience | 3 | candlewick.toml, line 4");
    assert_eq!(row(&table, "early-stopping.min_delta"), "early-stopping.min_delta | 0.001 | default");
    assert_eq!(row(&table, "history.priority"), "history.priority | -100 | default");
    let only = cell(&mut bench, "%config early-stopping");
    assert!(!only.contains("history") && !only.contains("training"), "{only}");
}

#[test]
fn without_a_file_nothing_is_said_or_changed() {
    let mut bench = plain(&directory("none"), &[]);
    assert_eq!(cell(&mut bench, "1"), "1");
    assert_eq!(state(&bench, "early-stopping"), State::Registered);
    assert_eq!(cell(&mut bench, "%config diff"), "nothing would change\n");
}

/// 002's unreadable configuration printed a line and went on; 003's YAML was parsed as JSON.
#[test]
fn what_cannot_be_used_is_the_first_cells_error_told_once() {
    let check = |name: &str, toml: &str, expect: &str| {
        let mut bench = session(&directory(name), toml, &[]);
        let told = cell(&mut bench, "let ran = 1; ran");
        assert!(told.starts_with(&format!("!ConfigError: {expect}; this cell has not run")), "{told}");
        assert_eq!(cell(&mut bench, "let ran = 2; ran"), "2");
        assert_eq!(setting(&bench, "early-stopping", "patience"), 10);
    };
    check(
        "syntax",
        "plugins = [\n\"a\",\n",
        "candlewick.toml, line 2, column 5: this is no TOML: unclosed array, expected `]`",
    );
    check(
        "unknown",
        "[training]\nepochs = 1\nepohcs = 3",
        "candlewick.toml, line 3, column 1: fit has no option `epohcs`, in [training]; did you mean `epochs`?",
    );
    check(
        "key",
        "[plugins.early-stopping]\nenabld = true",
        "candlewick.toml, line 2, column 1: there is no key `enabld` in [plugins.early-stopping]; did you mean `enabled`? (a plugin's own settings stand in [plugins.early-stopping.config])",
    );
    check(
        "setting",
        "[training]\nepochs = 7\n[plugins.early-stopping.config]\npatience = 3\npatiense = 4",
        "candlewick.toml, line 5, column 1: plugin `early-stopping` has no setting `patiense`; did you mean `patience`?",
    );
    check(
        "type",
        "plugins = [{ early-stopping = { patience = \"long\" } }]",
        "candlewick.toml, line 1, column 33: setting `patience` of plugin `early-stopping` takes a number (its default is 10), but a string (\"long\") was given",
    );
    check(
        "refused",
        "[plugins.early-stopping.config]\npatience = 100",
        "candlewick.toml, line 2, column 1: plugin `early-stopping` did not take its settings: patience is at most 99",
    );
    check(
        "filters",
        "[plugins.history]\nafter = 5\nbefore = 3",
        "candlewick.toml, line 2, column 9: plugin `history`: before=3 with after=5 would never let a call through; give a `before` above `after` + 1",
    );
}

#[test]
fn values_are_checked_as_003_did_with_their_place() {
    let check = |name: &str, toml: &str, expect: &str| {
        let mut bench = session(&directory(name), toml, &[]);
        let told = cell(&mut bench, "1");
        assert!(told.contains(expect), "{told}");
    };
    check("epochs", "[training]\nepochs = 0", "line 2, column 10: option epochs of fit expects a whole number from 1");
    check("batch", "[training]\nbatch_size = 0", "column 14: option batch_size of fit expects a whole number from 1");
    check("rate", "[training]\nlr = -0.1", "column 6: option learning_rate of fit expects a number above 0");
    check("device", "[training]\ndevice = \"gpu\"", "column 10: there is no device named \"gpu\"");
    check(
        "metric",
        "[training]\nmetrics = [\"acuracy\"]",
        "there is no metric named \"acuracy\" (did you mean \"accuracy\"?)",
    );
}

#[test]
fn a_file_that_cannot_be_read_is_no_missing_file() {
    let directory = directory("unreadable");
    std::fs::create_dir(directory.join("candlewick.toml")).unwrap();
    let mut bench = plain(&directory, &[]);
    let told = cell(&mut bench, "1");
    assert!(told.starts_with("!ConfigError: candlewick.toml cannot be read: it is no regular file"), "{told}");
    std::fs::remove_dir(directory.join("candlewick.toml")).unwrap();
    std::fs::write(directory.join("candlewick.toml"), b"a = \"\xff\"").unwrap();
    let told = cell(&mut bench, "%config reload");
    assert!(told.starts_with("!ConfigError: candlewick.toml cannot be read: "), "{told}");
    std::fs::write(directory.join("candlewick.toml"), "[plugins]\nearly-stopping = true").unwrap();
    let told = cell(&mut bench, "%config reload");
    assert_eq!(
        row(&told, "early-stopping.enabled"),
        "early-stopping.enabled | false | true | now | candlewick.toml, line 2"
    );
    assert_eq!(state(&bench, "early-stopping"), State::Active);
}

#[test]
fn defaults_file_profile_environment_and_cell_go_over_each_other() {
    let file =
        "[plugins.early-stopping.config]\npatience = 1\n[profiles.fast.plugins.early-stopping.config]\npatience = 2\n";
    let table = |file: &str, variables: &[(&str, &str)], cells: &[&str]| {
        let mut bench = session(&directory("precedence"), file, variables);
        cells.iter().for_each(|code| drop(cell(&mut bench, code)));
        row(&cell(&mut bench, "%config"), "early-stopping.patience")
    };
    let fast = ("CANDLEWICK_PROFILE", "fast");
    let patience = ("CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENCE", "3");
    let key = "early-stopping.patience";
    assert_eq!(table("", &[], &[]), format!("{key} | 10 | default"));
    assert_eq!(table(file, &[], &[]), format!("{key} | 1 | candlewick.toml, line 2"));
    assert_eq!(table(file, &[fast], &[]), format!("{key} | 2 | profile fast (candlewick.toml, line 4)"));
    assert_eq!(
        table(file, &[], &["%config --profile fast"]),
        format!("{key} | 2 | profile fast (candlewick.toml, line 4)")
    );
    assert_eq!(table(file, &[fast], &["%config --profile none"]), format!("{key} | 1 | candlewick.toml, line 2"));
    assert_eq!(
        table(file, &[fast, patience], &[]),
        format!("{key} | 3 | environment, CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENCE")
    );
    let cells = ["%config early-stopping.patience=4"];
    assert_eq!(table(file, &[fast, patience], &cells), format!("{key} | 4 | cell 1, line 1"));
    let cells = ["%%config\n\n[plugins.early-stopping.config]\npatience = 5"];
    assert_eq!(table(file, &[fast, patience], &cells), format!("{key} | 5 | cell 1, line 4"));
    let cells = ["%config early-stopping.patience=4", "%config reset"];
    assert_eq!(table(file, &[], &cells), format!("{key} | 1 | candlewick.toml, line 2"));
}

#[test]
fn profiles_and_variables_that_are_not_there_are_errors() {
    let mut bench = session(&directory("profile"), "[profiles.fast]\n", &[("CANDLEWICK_PROFILE", "fats")]);
    let told = cell(&mut bench, "1");
    assert!(
        told.starts_with(
            "!ConfigError: there is no profile `fats`, which CANDLEWICK_PROFILE asks for; did you mean `fast`?"
        ),
        "{told}"
    );
    let told = cell(&mut bench, "%config --profile slow");
    assert_eq!(told, "!ConfigError: there is no profile `slow`, which %config --profile asks for; there is fast");
    let mut bench = plain(&directory("variable"), &[("CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENSE", "3")]);
    let told = cell(&mut bench, "1");
    let expect = "!ConfigError: environment variable CANDLEWICK_PLUGINS__EARLY_STOPPING__PATIENSE: plugin `early-stopping` has no setting `patiense`; did you mean `patience`?";
    assert!(told.starts_with(expect), "{told}");
}

#[test]
fn settings_that_are_maps_are_merged_key_by_key() {
    let file = "[plugins.history.config.marks]\nsize = 3\n[profiles.big.plugins.history.config.marks]\nsize = 9";
    let mut bench = session(&directory("deep"), file, &[]);
    cell(&mut bench, "1");
    assert_eq!(setting(&bench, "history", "marks"), json!({ "colour": "red", "size": 3 }));
    cell(&mut bench, "%config --profile big");
    assert_eq!(setting(&bench, "history", "marks"), json!({ "colour": "red", "size": 9 }));
    cell(&mut bench, "%config --profile none");
    cell(&mut bench, "%config history.marks={ colour = \"blue\" }");
    assert_eq!(setting(&bench, "history", "marks"), json!({ "colour": "blue", "size": 3 }));
}

#[test]
fn a_list_is_an_order_unless_priorities_say_otherwise() {
    let priorities = |list: &str| {
        let mut bench = session(&directory("order"), &format!("plugins = [{list}]"), &[]);
        bench.text("%%plugin a\nfn end_epoch(ctx) {}");
        let rows = bench.plugins().borrow().plugins();
        rows.into_iter().map(|row| format!("{} {}", row.name, row.priority)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(priorities(""), "history -100, early-stopping 0, a 0");
    assert_eq!(priorities("\"history\", \"early-stopping\""), "history -100, early-stopping 0, a 0");
    assert_eq!(priorities("\"early-stopping\", \"history\""), "history 1, early-stopping 0, a 0");
    assert_eq!(priorities("\"a\", \"early-stopping\", \"history\""), "history 2, early-stopping 1, a 0");
    assert_eq!(priorities("\"early-stopping\", { history = { priority = -5 } }"), "history -5, early-stopping 0, a 0");
}

/// 003 at its seed: a plugin that depends on one that is not configured, and a circle.
#[test]
fn dependencies_order_plugins_and_missing_or_circular_ones_are_named() {
    let told = |text: &str| cell(&mut session(&directory("needs"), text, &[]), "1");
    let told_of = |text: &str| told(text).split("; this cell").next().unwrap().to_owned();
    assert_eq!(
        told_of("[plugins.early-stopping]\nenabled = true\ndependencies = [\"recorder\"]"),
        "!ConfigError: candlewick.toml, line 3, column 16: plugin `early-stopping` needs plugin `recorder`, which is neither registered nor named in the configuration"
    );
    assert_eq!(
        told_of(
            "[plugins.history]\nenabled = false\n[plugins.early-stopping]\nenabled = true\ndependencies = [\"history\"]"
        ),
        "!ConfigError: candlewick.toml, line 5, column 16: plugin `early-stopping` needs plugin `history`, which is not enabled"
    );
    assert_eq!(
        told_of("[plugins.early-stopping]\nenabled = true\ndependencies = [\"history >=2\"]"),
        "!ConfigError: candlewick.toml, line 3, column 16: plugin `early-stopping` needs plugin `history >=2`, which is there as version 1.2.0"
    );
    assert_eq!(
        told_of("[plugins.a]\ndependencies = [\"b\"]\n[plugins.b]\ndependencies = [\"a\"]"),
        "!ConfigError: candlewick.toml, line 2, column 16: plugins need each other in a circle: a → b → a; take one of the dependencies away"
    );
    let mut bench =
        session(&directory("needs"), "plugins = [{ early-stopping = { dependencies = [\"late\"] } }, \"late\"]", &[]);
    let registration = Registration { enabled: false, ..Registration::from_origin("built in") };
    bench.plugins().borrow_mut().register(Box::new(BuiltIn("late", &[])), registration).unwrap();
    cell(&mut bench, "1");
    let priority = |name: &str| bench.plugins().borrow().record_of(name).unwrap().registration.priority;
    assert!(priority("late") < priority("early-stopping"));
    assert_eq!(state(&bench, "late"), State::Active);
}

#[test]
fn plugins_are_activated_after_those_they_need() {
    let mut bench = session(&directory("activation"), "plugins = [\"first\", \"second\"]", &[]);
    for plugin in [BuiltIn("first", &["second >=1"]), BuiltIn("second", &[])] {
        let registration = Registration { enabled: false, ..Registration::from_origin("built in") };
        bench.plugins().borrow_mut().register(Box::new(plugin), registration).unwrap();
    }
    cell(&mut bench, "1");
    assert_eq!((state(&bench, "first"), state(&bench, "second")), (State::Active, State::Active));
    let told = cell(&mut bench, "%config second.enabled=false");
    assert!(
        told.starts_with(
            "!ConfigError: cell 2, line 1, column 1: plugin `second` cannot be deactivated: first needs it"
        ),
        "{told}"
    );
    assert_eq!(state(&bench, "second"), State::Active);
    cell(&mut bench, "%config second.enabled=false first.enabled=false");
    assert_ne!((state(&bench, "first"), state(&bench, "second")), (State::Active, State::Active));
}

#[test]
fn a_change_is_all_or_nothing() {
    let mut bench = plain(&directory("all"), &[]);
    let told = cell(&mut bench, "%config history.patience=5 early-stopping.enabled=true early-stopping.patience=100");
    assert_eq!(
        told,
        "!ConfigError: cell 1, line 1, column 1: plugin `early-stopping` did not take its settings: patience is at most 99"
    );
    assert_eq!(setting(&bench, "history", "patience"), 10);
    assert_eq!(state(&bench, "early-stopping"), State::Registered);
    assert_eq!(row(&cell(&mut bench, "%config"), "history.patience"), "history.patience | 10 | default");
}

#[test]
fn a_plugin_that_is_named_takes_its_entry_when_it_comes() {
    let file = "[plugins.mine]\nenabled = false\npriority = 7\n[plugins.mine.config]\nnote = 1\nother = 2\n";
    let mut bench = session(&directory("later"), file, &[]);
    let told = cell(&mut bench, "1");
    let expect = "configured (candlewick.toml): nothing to change\nplugin `mine` is not registered yet; it is configured when it comes\n1";
    assert_eq!(told, expect);
    let table = cell(&mut bench, "%config");
    assert_eq!(row(&table, "mine.note"), "mine.note | 1 | candlewick.toml, line 5; not registered yet");
    let mine = "%%plugin mine note=5\nconst metadata = #{ config: #{ note: 0, other: 0 } };\nfn end_epoch(ctx) {}";
    assert_eq!(
        cell(&mut bench, mine),
        "plugin mine registered: end_epoch; configured: other = 2 (candlewick.toml, line 6), enabled = false (candlewick.toml, line 2), priority = 7 (candlewick.toml, line 3)\n"
    );
    assert_eq!((setting(&bench, "mine", "note"), setting(&bench, "mine", "other")), (json!(5), json!(2)));
    assert_eq!(state(&bench, "mine"), State::Registered);
    let table = cell(&mut bench, "%config mine");
    assert_eq!(row(&table, "mine.note"), "mine.note | 5 | its `%%plugin` line");
    // The plugin's cell says it; a later cell says something else.
    cell(&mut bench, "%config mine.note=6");
    assert_eq!(setting(&bench, "mine", "note"), 6);
    cell(&mut bench, mine);
    assert_eq!(setting(&bench, "mine", "note"), 5);
    let wrong = "%%plugin mine\nconst metadata = #{ config: #{ note: 0 } };";
    assert_eq!(
        cell(&mut bench, wrong),
        "!PluginError: plugin `mine` has no setting `other`; there is `note`; it is set by candlewick.toml, line 6"
    );
}

#[test]
fn a_name_that_nobody_has_is_told_with_the_nearest() {
    let mut bench = session(&directory("near"), "plugins = [\"early-stoping\"]", &[]);
    let told = cell(&mut bench, "1");
    assert!(told.contains("plugin `early-stoping` is not registered yet; it is configured when it comes; or did you mean `early-stopping`?"), "{told}");
}

/// 003: suggestions for hyperparameters never reached the trainer.
#[test]
fn training_defaults_reach_a_run_and_its_learning_rate() {
    let file = "[training]\nepochs = 1\nbatch_size = 50\nlearning_rate = 0.25\noptimizer = { name = \"sgd\", momentum = 0.5 }\nseed = 3\n";
    let mut bench = session(&directory("training"), file, &[("CANDLEWICK_TRAINING__SEED", "4")]);
    let watch = "%%plugin watch\nfn end_training_batch(ctx) {\n  let h = ctx.hyperparameters;\n  print(`${h.epochs} ${h.batch_size} ${h.seed} ${h.optimizer.kind} ${h.optimizer.momentum} ${ctx.learning_rate}`);\n}";
    cell(&mut bench, watch);
    let told = cell(
        &mut bench,
        "let net = sequential([linear(4, 3)]); let run = fit(net, dataset(\"iris\")); run.step(2, \"batch\");",
    );
    assert!(told.contains("1 50 4 sgd 0.5 0.25"), "{told}");
    let told = cell(
        &mut bench,
        "let run = fit(net.copy(), dataset(\"iris\"), #{ batch: 75, lr: 0.125 }); run.step(2, \"batch\");",
    );
    assert!(told.contains("1 75 4 sgd 0.5 0.125"), "{told}");
    let told = cell(
        &mut bench,
        "let run = fit(net.copy(), dataset(\"iris\"), #{ optimizer: sgd(0.5) }); run.step(2, \"batch\");",
    );
    assert!(told.contains("1 50 4 sgd 0.0 0.5"), "{told}");
}

#[test]
fn a_live_run_is_shown_what_would_change_before_it_changes() {
    let mut bench = plain(&directory("live"), &[]);
    let registration = Registration::from_origin("built in");
    bench.plugins().borrow_mut().register(Box::new(Model), registration).unwrap();
    cell(&mut bench, "let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 2 }); run.epoch();");
    let told = cell(
        &mut bench,
        "%config history.patience=5 early-stopping.enabled=true model.width=8 training.epochs=9 later.x=1 history.colour=3",
    );
    let expect = |key: &str, rest: &str| assert_eq!(row(&told, key), format!("{key} | {rest}"));
    expect("history.patience", "10 | 5 | now | cell 2, line 1");
    expect("early-stopping.enabled", "false | true | now | cell 2, line 1");
    expect("model.width", "4 | 8 | at the next activation | cell 2, line 1");
    expect("training.epochs", "1 | 9 | at the next fit | cell 2, line 1");
    expect("later.x", "none | 1 | when it is registered | cell 2, line 1");
    assert!(row(&told, "history.colour").contains("refused: plugin `history` has no setting `colour`"), "{told}");
    assert!(told.contains("a run is live, so nothing has changed yet: `%config apply` does this"), "{told}");
    assert_eq!(setting(&bench, "history", "patience"), 10);
    assert_eq!(state(&bench, "early-stopping"), State::Registered);
    assert!(cell(&mut bench, "%config").contains("a change waits"));

    let told = cell(&mut bench, "%config apply");
    assert!(
        told.starts_with("!ConfigError: cell 2, line 1, column 1: plugin `history` has no setting `colour`"),
        "{told}"
    );
    assert_eq!(setting(&bench, "history", "patience"), 10);
    assert_eq!(cell(&mut bench, "%config discard"), "what waited is forgotten\n");
    assert_eq!(cell(&mut bench, "%config apply"), "nothing waits to be applied\n");

    cell(&mut bench, "%config history.patience=5");
    cell(&mut bench, "%config early-stopping.enabled=true");
    let told = cell(&mut bench, "%config diff");
    assert_eq!(row(&told, "history.patience"), "history.patience | 10 | 5 | now | cell 7, line 1");
    assert_eq!(setting(&bench, "history", "patience"), 10);
    cell(&mut bench, "%config apply");
    assert_eq!(setting(&bench, "history", "patience"), 5);
    assert_eq!(state(&bench, "early-stopping"), State::Active);
    cell(&mut bench, "run.resume();");
    let told = cell(&mut bench, "%config history.patience=6");
    assert!(!told.contains("a run is live"), "{told}");
    assert_eq!(setting(&bench, "history", "patience"), 6);
}

#[test]
fn a_diff_shows_what_a_reload_would_do() {
    let directory = directory("diff");
    let mut bench = session(&directory, "[plugins.history.config]\npatience = 3\n", &[]);
    cell(&mut bench, "1");
    std::fs::write(directory.join("candlewick.toml"), "\n[plugins.history.config]\nmin_delta = 0.5\n").unwrap();
    let told = cell(&mut bench, "%config diff");
    assert_eq!(row(&told, "history.patience"), "history.patience | 3 | 10 | now | no longer set");
    assert_eq!(row(&told, "history.min_delta"), "history.min_delta | 0.001 | 0.5 | now | candlewick.toml, line 3");
    assert_eq!(setting(&bench, "history", "patience"), 3);
    cell(&mut bench, "%config reload");
    assert_eq!(
        (setting(&bench, "history", "patience"), setting(&bench, "history", "min_delta")),
        (json!(10), json!(0.5))
    );
    assert_eq!(cell(&mut bench, "%config reload"), "nothing changes\n");
}

/// 002's flat `train.json` and 003's two forms; unknown keys were accepted without a word, an extra `enabled` broke.
#[test]
fn files_of_other_systems_are_read_when_they_are_named() {
    let directory = directory("foreign");
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write(
        "train.json",
        r#"{"batch_size": 4, "max_epochs": 30, "resolution": 512, "plugins": ["plugins.x.EarlyStoppingPlugin"]}"#,
    );
    write(
        "bzconfig.json",
        r#"{"epochs": 3, "plugins": ["history", {"early_stopping": {"patience": 4, "enabled": true}}], "optuna": {"enabled": true}}"#,
    );
    write(
        "bz_config.json",
        r#"{"training": {"epochs": 5}, "plugins": {"early_stopping": {"enabled": false, "config": {"patience": 6}, "dependencies": ["history"]}}}"#,
    );
    write("bz_config.yaml", "{\"epochs\": 3}");
    write("broken.json", "{\"epochs\": 3,}");
    let mut bench = plain(&directory, &[]);
    let told = cell(&mut bench, "%config load train.json");
    assert_eq!(row(&told, "training.epochs"), "training.epochs | 1 | 30 | at the next fit | train.json, line 1");
    assert_eq!(
        row(&told, "early-stopping.enabled"),
        "early-stopping.enabled | false | true | now | train.json, line 1"
    );
    assert!(told.contains("not used: `resolution` (line 1): it means nothing here"), "{told}");

    let told = cell(&mut bench, "%config load bzconfig.json");
    assert_eq!(row(&told, "training.batch_size"), "training.batch_size | 4 | 32 | at the next fit | no longer set");
    assert_eq!(setting(&bench, "early-stopping", "patience"), 4);
    assert!(told.contains("not used: `optuna` (line 1)"), "{told}");

    cell(&mut bench, "%config load bz_config.json");
    assert_eq!(setting(&bench, "early-stopping", "patience"), 6);
    assert_eq!(state(&bench, "early-stopping"), State::Inactive);

    let fails = |bench: &mut Bench, file: &str, expect: &str| {
        let told = cell(bench, &format!("%config load {file}"));
        assert!(told.starts_with(&format!("!ConfigError: {expect}")), "{told}");
    };
    fails(
        &mut bench,
        "bz_config.yaml",
        "bz_config.yaml is neither TOML nor JSON by its name: write `.toml` or `.json`; YAML is not read",
    );
    fails(&mut bench, "broken.json", "broken.json, line 1, column 14: this is no JSON: trailing comma");
    fails(&mut bench, "missing.json", "missing.json cannot be read: No such file or directory");
    assert_eq!(setting(&bench, "early-stopping", "patience"), 6);
    assert_eq!(row(&cell(&mut bench, "%config"), "training.epochs"), "training.epochs | 5 | bz_config.json, line 1");
}

#[test]
fn what_is_in_effect_is_written_as_a_file_that_gives_the_same() {
    let file = "plugins = [\"early-stopping\", \"history\"]\n[training]\nlr = 0.5\noptimizer = { name = \"sgd\", momentum = 0.9 }\n[profiles.p.plugins.early-stopping.config]\npatience = 3\nmarks = { size = 5 }\n";
    let first = directory("extract");
    let mut bench = session(&first, file, &[("CANDLEWICK_PROFILE", "p"), ("CANDLEWICK_PLUGINS__HISTORY__EVERY", "2")]);
    cell(&mut bench, "1");
    cell(
        &mut bench,
        "%config early-stopping.on_error=stop early-stopping.limits.seconds=2.5 later.note=\"a \\\"b\\\"\"",
    );
    let text = cell(&mut bench, "%config --toml");
    assert!(
        text.contains("[training]\nlearning_rate = 0.5\noptimizer = { momentum = 0.9, name = \"sgd\" }\n")
            || text.contains("name = \"sgd\", momentum = 0.9"),
        "{text}"
    );
    assert!(text.contains("[plugins.early-stopping.config]\npatience = 3\nmin_delta = 0.001\n"), "{text}");

    let mut again = session(&directory("extract-again"), &text, &[]);
    cell(&mut again, "1");
    assert_eq!(cell(&mut again, "%config --toml"), text);
    let records = |bench: &Bench| {
        let mut records = bench.plugins().borrow().records();
        let settings = |name: &str| bench.plugins().borrow().settings_of(name).unwrap().clone();
        records.iter_mut().for_each(|record| record.registration.config = settings(&record.name));
        records
    };
    assert_eq!(records(&again), records(&bench));
    let whole: Json = serde_json::from_str(&cell(&mut again, "%config --json")).unwrap();
    let values = whole["values"].as_array().unwrap();
    let value = |key: &str| values.iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(value("early-stopping.patience")["value"], 3);
    assert_eq!(
        (value("later.note")["registered"].clone(), value("history.patience")["registered"].clone()),
        (json!(false), json!(true))
    );
}

#[test]
fn mistakes_on_the_command_are_named() {
    let mut bench = plain(&directory("command"), &[]);
    let mut check = |code: &str, expect: &str| {
        let told = cell(&mut bench, code);
        assert!(told.contains(expect), "{code}: {told}");
    };
    check("%config relaod", "!CommandError: %config cannot do `relaod`; did you mean `reload`?");
    check("%config erly-stopping", "did you mean `early-stopping`?");
    check("%config load", "`load` takes a file, such as `%config load train.json`");
    check("%config a.b=1 c", "!CommandError: `c` sets nothing; write `c=VALUE`");
    check("%config epochs=1", "`epochs` is no key; write NAME.key=value");
    check(
        "%config history.enabled=maybe",
        "cell 6, line 1, column 1: `enabled` of plugin `history` takes true or false; found \"maybe\"",
    );
    check(
        "%%config\n\n[plugins.history]\nevry = 2",
        "cell 7, line 4, column 1: there is no key `evry` in [plugins.history]; did you mean `every`?",
    );
    check("%%config\n[plugins.history\n", "cell 8, line 2");
    check("%help %config", "");
}

#[test]
fn bounds_of_a_script_hold_at_once() {
    let file = "[plugins.busy.limits]\noperations = 1000\n";
    let mut bench = session(&directory("bounds"), file, &[]);
    cell(&mut bench, "%%plugin busy\nfn infer(n) { let i = 0; while i < n { i += 1; } i }");
    assert_eq!(cell(&mut bench, "execute(\"busy\", 10)"), "10");
    assert!(cell(&mut bench, "execute(\"busy\", 2000)").contains("operations"));
    let told = cell(&mut bench, "%config busy.limits.operations=1000000");
    assert_eq!(row(&told, "busy.limits.operations"), "busy.limits.operations | 1000 | 1000000 | now | cell 4, line 1");
    assert_eq!(cell(&mut bench, "execute(\"busy\", 2000)"), "2000");
    let told = cell(&mut bench, "%config history.limits.seconds=3");
    assert_eq!(
        row(&told, "history.limits.seconds"),
        "history.limits.seconds | 60.0 | 3 | when it is registered again | cell 6, line 1"
    );
}

#[test]
fn bounds_and_grants_hold_for_plugins_from_files_too() {
    let text = "const metadata = #{ capabilities: [\"read\"] };\nfn infer(n) { if n == 0 { return read_text(\"told.txt\"); } let i = 0; while i < n { i += 1; } i }";
    let check = |name: &str, file: &str, load: bool| {
        let directory = directory(name);
        let script = directory.join("bound.rhai");
        std::fs::write(&script, text).unwrap();
        std::fs::write(directory.join("told.txt"), "told").unwrap();
        let told = directory.join("told.txt").display().to_string();
        std::fs::write(&script, text.replace("told.txt", &told)).unwrap();
        let mut bench = session(&directory, file, &[]);
        if load {
            cell(&mut bench, &format!("load_plugin({:?})", script.display().to_string()));
        }
        assert!(cell(&mut bench, "execute(\"bound\", 10)").ends_with("10"));
        let far = cell(&mut bench, "execute(\"bound\", 5000)");
        assert!(far.contains("1,000 operations") || far.contains("1000 operations"), "{far}");
        assert_eq!(cell(&mut bench, "execute(\"bound\", 0)"), "\"told\"");
    };
    let bounds = "allow = [\"read\"]\n[plugins.bound.limits]\noperations = 1000\n";
    check("bounds-loaded", &format!("[plugins.bound]\n{bounds}"), true);
    check("bounds-path", &format!("[plugins.bound]\npath = \"bound.rhai\"\n{bounds}"), false);
}

#[test]
fn conditions_and_filters_hold_at_once_and_bad_ones_are_refused() {
    let mut bench = plain(&directory("when"), &[]);
    cell(&mut bench, "%%plugin loud\nfn end_training_batch(ctx) { print(`batch ${ctx.batch}`); }");
    let told = cell(&mut bench, "%config loud.when=\"ctx.batch >\"");
    assert!(told.starts_with("!ConfigError: cell 2, line 1, column 1: plugin `loud`"), "{told}");
    cell(&mut bench, "%config loud.when=\"ctx.batch == 2\" loud.budget=9");
    let told =
        cell(&mut bench, "let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ batch: 30 }); run.epoch();");
    assert!(told.contains("batch 2\n") && !told.contains("batch 1\n") && !told.contains("batch 3\n"), "{told}");
}

/// What a cell had changed must come back in a new process, not what the file says.
#[test]
fn a_new_process_takes_plugins_back_as_they_were() {
    let directory = directory("former");
    let file = "[plugins.early-stopping]\nenabled = true\n[plugins.early-stopping.config]\npatience = 3\n[training]\nepochs = 4\n";
    let mut bench = session(&directory, file, &[]);
    cell(&mut bench, "%config early-stopping.patience=7 history.priority=5");
    let records = bench.plugins().borrow().records();
    let mut again = plain(&directory, &[]);
    let plugins = records.into_iter().map(|record| PluginRecord {
        name: record.name,
        source: record.registration.source.clone(),
        origin: record.registration.origin.clone(),
        settings: serde_json::to_value(&record.registration).unwrap(),
    });
    again.request(Request::Register { plugins: plugins.collect() });
    assert_eq!(cell(&mut again, "1"), "1");
    assert_eq!(
        (setting(&again, "early-stopping", "patience"), state(&again, "early-stopping")),
        (json!(7), State::Active)
    );
    assert_eq!(again.plugins().borrow().record_of("history").unwrap().registration.priority, 5);
    assert_eq!(row(&cell(&mut again, "%config"), "training.epochs"), "training.epochs | 4 | candlewick.toml, line 6");
    cell(&mut again, "%config early-stopping.patience=8");
    assert_eq!(setting(&again, "early-stopping", "patience"), 8);
}

/// Takes `.plug` files: the file's text is the plugin's name.
struct Files;

impl Loader for Files {
    fn takes(&self, path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "plug")
    }

    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        let text = std::fs::read_to_string(path).map_err(|error| ManagerError::Unreadable {
            path: path.file_name().unwrap().to_string_lossy().into_owned(),
            why: error.to_string(),
        })?;
        let name: &'static str = Box::leak(text.into_boxed_str());
        let registration = Registration::from_origin(path.display().to_string());
        Ok(LoadedPlugin { plugin: Box::new(BuiltIn(name, &[])), registration })
    }
}

#[test]
fn plugins_with_a_path_are_loaded_with_what_is_said_of_them() {
    let directory = directory("path");
    std::fs::write(directory.join("mine.plug"), "mine").unwrap();
    std::fs::write(directory.join("other.plug"), "other").unwrap();
    let told = |file: &str| {
        let mut bench = session(&directory, file, &[]);
        bench.plugins().borrow_mut().add_loader(std::rc::Rc::new(Files));
        let told = cell(&mut bench, "1");
        (bench, told)
    };
    let (bench, text) =
        told("[plugins.mine]\npath = \"mine.plug\"\npriority = 3\n[plugins.mine.config]\npatience = 4\n");
    assert!(text.starts_with("configured (candlewick.toml): mine.patience = 4, mine.enabled = true"), "{text}");
    assert_eq!((setting(&bench, "mine", "patience"), state(&bench, "mine")), (json!(4), State::Active));
    assert_eq!(bench.plugins().borrow().record_of("mine").unwrap().registration.priority, 3);
    let mut bench = bench;
    bench.plugins().borrow_mut().load_plugin(&directory.join("mine.plug")).unwrap();
    assert!(cell(&mut bench, "1").contains("plugin mine configured: patience = 4 (candlewick.toml, line 5)"));
    assert_eq!(setting(&bench, "mine", "patience"), 4);
    let fails = |file: &str, expect: &str| {
        let (bench, text) = told(file);
        assert!(text.starts_with(&format!("!ConfigError: candlewick.toml, line 2, column 8: {expect}")), "{text}");
        let rows = bench.plugins().borrow().plugins();
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["history", "early-stopping"]);
    };
    fails("[plugins.mine]\npath = \"gone.plug\"", "gone.plug cannot be read");
    fails(
        "[plugins.mine]\npath = \"other.plug\"",
        "plugin `mine`: its path gives a plugin of the name `other`; write [plugins.other]",
    );
    let (bench, text) = told("[plugins.mine]\npath = \"mine.plug\"\n[plugins.mine.config]\npatiense = 4\n");
    assert!(text.contains("line 4, column 1: plugin `mine` has no setting `patiense`"), "{text}");
    assert_eq!(bench.plugins().borrow().plugins().len(), 2);
}
