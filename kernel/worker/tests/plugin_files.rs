//! Plugins from files and directories, instances, envelopes: what cells see of them.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candlewick_link::{FromWorker, Is, PluginRecord, Request};
use common::Bench;
use common::files::Files;

const ADDER: &str = "const metadata = #{ version: \"1.0.0\", gid: \"maths\", cid: \"adder\", config: #{
    by: 1, // what is added, 0..100
} };
fn create(config) { if config.by == 0 { () } else { config.by = min(config.by, 50); config } }
/// @param data {number|tensor} what to add to
/// @returns {number|tensor}
fn infer(data) { if data == 13 { return \"no luck\"; } this.n += 1; data + this.config.by }
fn initialize() { this.n = 0; }
fn end_epoch(ctx) { this.epochs = 1; }";

const MANIFEST: &str = "[plugin]\nname = \"packed\"\nversion = \"2.1.0\"\nmain = \"main.rhai\"\n[config]\nby = 7\n";

fn records(sent: &[FromWorker]) -> Vec<PluginRecord> {
    let record = |message: &FromWorker| match message {
        FromWorker::PluginRegistered(record) => Some(record.clone()),
        _ => None,
    };
    sent.iter().filter_map(record).collect()
}

#[test]
fn a_file_a_directory_and_a_text_are_plugins() {
    let files = Files::of(&[
        ("adder.rhai", ADDER),
        ("package/plugin.toml", MANIFEST),
        ("package/main.rhai", "fn infer(data) { data * this.config.by }"),
        ("package/input.schema.json", "{ \"type\": \"integer\" }"),
        (
            "cell.rhai",
            "%%plugin named priority=4 by=3\nconst metadata = #{ config: #{ by: 1 } };\nfn infer(data) { data - this.config.by }",
        ),
    ]);
    let mut bench = Bench::new();
    assert_eq!(bench.result(&format!("load_plugin({:?})", files.path("adder.rhai"))), "plugin(\"adder\")");
    assert!(bench.text(&format!("%plugin load {}", files.path("package"))).ends_with("packed: registered\n"));
    assert_eq!(bench.result(&format!("load_plugin({:?}).name", files.path("cell.rhai"))), "\"named\"");
    assert_eq!(bench.result("register(\"typed\", \"fn infer(data) { -data }\").infer(4)"), "-4");
    let check = |bench: &mut Bench, code: &str, expect: &str| assert_eq!(bench.result(code), expect, "{code}");
    check(&mut bench, "execute(\"adder\", 41)", "42");
    check(&mut bench, "execute(\"packed\", 6)", "42");
    check(&mut bench, "execute(\"named\", 6)", "3");
    check(&mut bench, "plugin(\"packed\").metadata.version", "\"2.1.0\"");
    check(&mut bench, "list_plugins()", "[\"adder\", \"packed\", \"named\", \"typed\"]");
    let wrong = bench.wrong("execute(\"packed\", 1.5)");
    assert!(
        wrong.contains("the arguments of infer do not fit its schema: at /data: expected a whole number, found 1.5"),
        "{wrong}"
    );
    let table = bench.displayed("%plugins");
    assert!(table.contains("generation") && table.contains("keeps"), "{table}");
    assert_eq!(table.matches("Rhai").count(), 4, "{table}");
}

#[test]
fn a_new_worker_gets_plugins_of_files_and_instances_again() {
    let files = Files::of(&[
        ("package/plugin.toml", MANIFEST),
        ("package/main.rhai", "fn infer(data) { data * this.config.by }"),
    ]);
    let mut bench = Bench::new();
    let (sent, _) =
        bench.run(&format!("load_plugin({:?}); create(\"packed\", \"by_two\", #{{ by: 2 }});", files.path("package")));
    let told = records(&sent);
    assert_eq!(told.len(), 2, "{sent:?}");
    assert_eq!((told[0].origin.clone(), told[0].source.len()), (files.path("package/main.rhai"), 40));
    drop(files);
    let mut other = Bench::new();
    let sent = other.request(Request::Register { plugins: told });
    let ok = |message: &FromWorker| matches!(message, FromWorker::Reply { is: Is::Registered { failed }, .. } if failed.is_empty());
    assert!(sent.iter().any(ok), "{sent:?}");
    assert_eq!(other.result("[execute(\"packed\", 1), execute(\"by_two\", 1)]"), "[7, 2]");
    assert_eq!(other.result("plugin(\"packed\").instances"), "[\"by_two\"]");
    assert_eq!(other.result("plugin(\"packed\").metadata.version"), "\"2.1.0\"");
}

#[test]
fn instances_have_settings_and_state_of_their_own() {
    let mut bench = Bench::new();
    bench.text(&format!("%%plugin adder\n{ADDER}"));
    assert_eq!(bench.result("create(\"adder\", \"ten\", #{ by: 10 })"), "plugin(\"ten\")");
    bench.text("%plugin create adder two #{ by: 2 }");
    assert_eq!(bench.result("[\"adder\", \"ten\", \"two\"].map(|name| execute(name, 1))"), "[2, 11, 3]");
    assert_eq!(bench.result("[plugin(\"adder\").instances, plugin(\"ten\").settings.by]"), "[[\"ten\", \"two\"], 10]");
    assert_eq!(bench.result("create(\"adder\", \"most\", #{ by: 99 }).settings.by"), "50");
    let (sent, _) = bench.run("create(\"adder\", \"none\", #{ by: 0 }).state");
    let said = |message: &FromWorker| {
        matches!(message, FromWorker::Stream { text, .. }
            if text == "plugin none registered, not active: its `create` says that it takes no part with these settings\n")
    };
    assert!(sent.iter().any(said), "{sent:?}");
    let table = bench.displayed("%plugins");
    assert!(table.contains("ten (of adder)"), "{table}");
    // The cell run again is the new code of all of them; settings stay.
    bench.text(&format!("%%plugin adder\n{}", ADDER.replace("data + this", "data - this")));
    assert_eq!(bench.result("[\"adder\", \"ten\", \"two\"].map(|name| execute(name, 1))"), "[0, -9, -1]");
    let wrong = bench.wrong("create(\"adder\", \"ten\", #{ by: 101 })");
    assert_eq!(
        wrong,
        "PluginError: plugin `ten`: the settings do not fit its schema: at /by: expected at most 100, found 101"
    );
}

#[test]
fn every_call_is_checked_and_an_error_has_the_line_of_the_cell() {
    let mut bench = Bench::new();
    bench.text(&format!("%%plugin adder\n{ADDER}"));
    let mut check = |code: &str, expect: &str, line: &str| {
        let (_, finished) = bench.run(code);
        let traceback = finished.problem.unwrap().traceback;
        assert_eq!((traceback[0].as_str(), traceback[1].as_str()), (expect, line), "{code}");
    };
    check(
        "\nexecute(\"adder\", \"x\")",
        "PluginError: plugin `adder`: the arguments of infer do not fit its schema: at /data: expected a number or a tensor, found \"x\"",
        "cell 2, line 2, column 1",
    );
    check(
        "execute(\"adder\", 13)",
        "PluginError: plugin `adder`: the answer of infer does not fit its schema: expected a number or a tensor, found \"no luck\"",
        "cell 3, line 1, column 1",
    );
    check(
        &format!("\n%%plugin other by=101\n{ADDER}"),
        "PluginError: plugin `other`: the settings do not fit its schema: at /by: expected at most 100, found 101",
        "cell 4, line 2, column 1",
    );
    check(
        "%%plugin other\n/// @param dta {number}\nfn infer(data) { data }",
        "PluginError: `@param dta`: infer has no such parameter; did you mean `data`?",
        "cell 5, line 3, column 16",
    );
    check(
        "%%plugin other\nconst schemas = #{ infer: #{ input: #{ type: \"nummer\" } } };\nfn infer(data) { data }",
        "PluginError: plugin `other`: the schema of the input of infer cannot be used: at /type: \"nummer\" is not valid under any of the schemas listed in the 'anyOf' keyword",
        "cell 6, line 2, column 7",
    );
    check(
        "deactivate(\"adder\");\nactivate(\"adder\", #{ by: -1 })",
        "PluginError: plugin `adder`: the settings do not fit its schema: at /by: expected at least 0, found -1",
        "cell 7, line 2, column 1",
    );
}

#[test]
fn an_answer_comes_in_its_envelope() {
    let mut bench = Bench::new();
    bench.text(&format!("%%plugin adder\n{ADDER}"));
    bench.run("let answer = plugin(\"adder\").run(\"infer\", 41);");
    let keys =
        "[answer.gid, answer.cid, answer.plugin, answer.version, answer.verb, answer.arguments.data, answer.output]";
    assert_eq!(bench.result(keys), "[\"maths\", \"adder\", \"adder\", \"1.0.0\", \"infer\", 41, 42]");
    assert_eq!(bench.result("answer.start.len() == 24 && answer.seconds > 0.0"), "true");
    assert_eq!(bench.result("plugin(\"adder\").run(\"infer\", tensor([1.0, 2.0])).arguments.data.tensor"), "[2]");
    let text = bench.text("%plugin execute adder infer(41) --json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["output"], &json["arguments"]["data"], &json["gid"]), (&42.into(), &41.into(), &"maths".into()));
    assert_eq!(bench.result("%plugin execute adder (41)"), "42");
    assert!(bench.wrong("%plugin execute adder infre(41)").contains("has no verb `infre`; did you mean `infer`?"));
}

#[test]
fn a_directory_full_of_broken_files_is_told_row_by_row() {
    let files = Files::of(&[
        ("a_syntax.rhai", "fn end_epoch(ctx) { 1 1 }"),
        ("b_nothing.rhai", "let x = 1;"),
        ("c_throws.rhai", "throw \"at the top\";"),
        ("d_hook.rhai", "fn end_epoc(ctx) { }"),
        ("e_manifest/plugin.toml", "[plugin]\nname = 3\n"),
        ("e_manifest/plugin.rhai", "fn infer(data) { data }"),
        ("f_no_script/plugin.toml", "[plugin]\nname = \"gone\"\nmain = \"gone.rhai\"\n"),
        ("g_version.rhai", "const metadata = #{ version: \"one\" };\nfn end_epoch(ctx) { }"),
        ("h_schema/plugin.rhai", "fn infer(data) { data }"),
        ("h_schema/input.schema.json", "{ \"type\": "),
        ("i_crate/Cargo.toml", "[package]\nname = \"candlewick-plugin-fast\"\n"),
        ("j_needs.rhai", "const metadata = #{ dependencies: [\"nowhere\"] };\nfn end_epoch(ctx) { }"),
        ("k_good.rhai", "fn end_epoch(ctx) { }"),
        ("l_binary.rhai", "\u{0}\u{1}"),
    ]);
    let mut bench = Bench::new();
    bench.run(&format!("let report = load_plugins({:?});", files.path("")));
    assert_eq!(bench.result("[report.found, report.loaded]"), "[12, [\"k_good\"]]");
    let text = bench.result("report");
    for part in [
        "  line 1, column 23: SyntaxError: Expecting ';'",
        "  is no plugin: it has no `const metadata` and no function of a plugin",
        "  line 1, column 1: RuntimeError: at the top",
        "  line 1, column 18: there is no hook `end_epoc`; did you mean `end_epoch`?",
        "plugin.toml, line 2: `name` is the plugin's name, a text; found 3",
        "gone.rhai cannot be read",
        "version `one` is not a semantic version",
        "input.schema.json, line 1, column",
        "it needs plugin `nowhere`, which is not there",
        "i_crate  ",
        "12 plugins found, 1 loaded, 11 failed, in 1 directory",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert_eq!(bench.result("report.failed.find(|row| row.path.contains(\"d_hook\")).line"), "1");
    assert_eq!(bench.result("list_plugins()"), "[\"k_good\"]");
    assert_eq!(bench.result("1 + 1"), "2");
}

#[test]
fn interrupts_and_failures_leave_nothing_behind() {
    let mut bench = Bench::new();
    bench.text("%%plugin p\nfn initialize() { this.begun = true; }\nfn infer(data) { throw \"no\"; }\nfn cleanup() { print(\"cleaned\"); throw \"not quite\"; }");
    let (sent, finished) = bench.run("deactivate(\"p\")");
    assert!(sent.iter().any(|message| matches!(message, FromWorker::Stream { text, .. } if text == "cleaned\n")));
    assert!(finished.problem.unwrap().message.contains("plugin `p` failed at cleanup: RuntimeError: not quite"));
    assert_eq!(bench.result("plugin(\"p\").state"), "\"inactive\"");
    let wrong = bench.wrong("execute(\"p\", 1)");
    assert_eq!(wrong, "PluginError: plugin `p` is inactive and cannot be executed; activate it first");
}
