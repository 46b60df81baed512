//! Defects of the five seed systems that concern metadata, the registry, states and schemas: each is a test, named by the
//! defect, that shows what happens here instead.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use common::Bench;
use common::files::Files;

fn bench(cells: &[&str]) -> Bench {
    let mut bench = Bench::new();
    cells.iter().for_each(|cell| drop(bench.text(cell)));
    bench
}

/// Seed 000: `create_my_plugin` was looked up as `create_myplugin`, so factories with underscores were passed over.
#[test]
fn factory_names_with_underscores() {
    let files = Files::of(&[(
        "my_long_plugin.rhai",
        "const metadata = #{ config: #{ by: 1 } };\nfn create(config) { config.by = 5; config }\nfn infer(data) { data + this.config.by }",
    )]);
    let mut bench = Bench::new();
    assert_eq!(bench.result(&format!("load_plugin({:?}).infer(1)", files.path("my_long_plugin.rhai"))), "6");
    assert_eq!(bench.result("create(\"my_long_plugin\", \"my_other_one\").infer(1)"), "6");
}

/// Seed 000: `load_plugin_from_path` gave true although no class was found or every constructor failed.
#[test]
fn true_although_nothing_was_loaded() {
    let files = Files::of(&[("empty.rhai", "let x = 1;"), ("broken.rhai", "throw \"no\";\nfn infer(data) { data }")]);
    let mut bench = Bench::new();
    let wrong = bench.wrong(&format!("load_plugin({:?})", files.path("empty.rhai")));
    assert!(
        wrong.contains("empty.rhai is no plugin: it has no `const metadata` and no function of a plugin"),
        "{wrong}"
    );
    let wrong = bench.wrong(&format!("load_plugin({:?})", files.path("broken.rhai")));
    assert!(wrong.contains("broken.rhai, line 1, column 1: RuntimeError: no"), "{wrong}");
    assert_eq!(bench.result("list_plugins()"), "[]");
}

/// Seed 000: `load_plugins_from_directory` counted files, not plugins, in the file system's order; a bad directory gave 0.
#[test]
fn a_directory_gave_a_number_of_files() {
    let files = Files::of(&[("z.rhai", "fn infer(data) { 1 }"), ("a.rhai", "fn infer(data) { 2 }"), ("b.rhai", "1 +")]);
    let mut bench = Bench::new();
    bench.run(&format!("let report = load_plugins({:?});", files.path("")));
    assert_eq!(bench.result("[report.found, report.loaded, report.failed.len()]"), "[3, [\"a\", \"z\"], 1]");
    assert!(bench.wrong("load_plugins(\"/nowhere at all\")").contains("/nowhere at all cannot be read: No such file"));
}

/// Seed 000: a plugin registered under a name in use took it over, and the old one stayed active and was never cleaned.
#[test]
fn duplicates_overwrite() {
    let files = Files::of(&[("p.rhai", "fn infer(data) { 2 }")]);
    let mut bench = bench(&["%%plugin p\nfn infer(data) { 1 }\nfn cleanup() { print(\"cleaned\"); }"]);
    let wrong = bench.wrong(&format!("load_plugin({:?})", files.path("p.rhai")));
    assert!(wrong.contains("the name `p` is taken: the plugin from a cell of this notebook has it"), "{wrong}");
    assert!(wrong.contains(&format!("the one from {}", files.path("p.rhai"))), "{wrong}");
    assert_eq!(bench.result("execute(\"p\", 0)"), "1");
    // The cell run again replaces its own, which is cleaned.
    assert!(bench.text("%%plugin p\nfn infer(data) { 3 }").contains("cleaned"));
    assert_eq!(bench.result("[execute(\"p\", 0), list_active_plugins().len()]"), "[3, 1]");
}

/// Seed 001: of two plugins with one name the first won, and nobody was told.
#[test]
fn the_first_of_two_wins_silently() {
    let files = Files::of(&[("a/plugin.rhai", ""), ("a/plugin.toml", "[plugin]\nname = \"same\"\n")]);
    files.write("b/plugin.toml", "[plugin]\nname = \"same\"\n");
    files.write("b/plugin.rhai", "");
    let mut bench = Bench::new();
    let text = bench.result(&format!("load_plugins({:?})", files.path("")));
    assert!(text.contains(&format!("the plugin from {} has it", files.path("a/plugin.rhai"))), "{text}");
    assert!(text.contains("2 plugins found, 1 loaded, 1 failed"), "{text}");
}

/// Seed 000: activation answered false without a cause, which hid a typo in the manager itself.
#[test]
fn false_without_a_cause() {
    let mut bench = Bench::new();
    let wrong = bench.wrong("%%plugin p\nfn initialize() { undefined_thing }");
    assert!(
        wrong.contains("plugin `p` failed at initialize: NameError: there is no variable `undefined_thing`"),
        "{wrong}"
    );
    assert!(bench.wrong("activate(\"p\")").contains("there is no plugin `p`"));
}

/// Seed 000: `execute_plugin` gave None for an unknown plugin, an inactive one, a failing one, and for None.
#[test]
fn execute_gives_none_for_everything() {
    let mut bench = bench(&["%%plugin p\nfn infer(data) { if data == 0 { throw \"zero\" } }"]);
    assert_eq!(bench.result("[execute(\"p\", 1)]"), "[()]");
    assert!(bench.wrong("execute(\"p\", 0)").contains("plugin `p` failed at infer: RuntimeError: zero"));
    assert!(bench.wrong("execute(\"q\", 0)").contains("there is no plugin `q`"));
    bench.text("%plugin deactivate p");
    assert!(bench.wrong("execute(\"p\", 1)").contains("is inactive and cannot be executed; activate it first"));
}

/// Seed 000: execute tried infer, generate_text, load_model in turn; infer always won and did not take the arguments.
#[test]
fn execute_guesses_the_verb() {
    let mut bench = bench(&[
        "%%plugin p\nfn infer(data) { \"infer\" }\nfn generate_text(prompt, max_new_tokens) { `${prompt} ${max_new_tokens}` }",
        "%%plugin q\nfn generate_text(prompt) { prompt }",
    ]);
    assert_eq!(bench.result("execute(\"p\", 1)"), "\"infer\"");
    assert_eq!(bench.result("plugin(\"p\").generate_text(\"a\", 100)"), "\"a 100\"");
    // One documented default: nothing is tried in its place.
    assert!(bench.wrong("execute(\"q\", 1)").contains("plugin `q` has no verb `infer`; it has generate_text"));
}

/// Seed 000: a cleanup that raised left the plugin active.
#[test]
fn a_failing_cleanup_leaves_the_plugin_active() {
    let mut bench = bench(&["%%plugin p\nfn infer(data) { data }\nfn cleanup() { throw \"stuck\"; }"]);
    assert!(bench.wrong("deactivate(\"p\")").contains("plugin `p` failed at cleanup: RuntimeError: stuck"));
    assert_eq!(bench.result("[plugin(\"p\").state, list_active_plugins()]"), "[\"inactive\", []]");
}

/// Seed 000: options given to an active plugin were dropped, and a plugin that set no flag was initialized at every
/// activation.
#[test]
fn activation_drops_options_and_forgets_that_it_ran() {
    let mut bench = bench(&[
        "%%plugin p\nconst metadata = #{ config: #{ by: 1 } };\nfn initialize(options) { print(`by ${options.by}`); }\nfn infer(data) { data }",
    ]);
    let wrong = bench.wrong("activate(\"p\", #{ by: 2 })");
    assert!(wrong.contains("is active and cannot be given other settings; deactivate it first"), "{wrong}");
    assert_eq!(bench.text("activate(\"p\")"), "false");
    let out = bench.text("deactivate(\"p\"); activate(\"p\", #{ by: 2 })");
    assert_eq!(out.matches("by 2").count(), 1, "{out}");
}

/// Seed 000: no field of metadata was validated, and none was compared with the machine; one plugin passed five fields of
/// another class. Seed 001: ids have a pattern.
#[test]
fn metadata_is_never_validated() {
    let mut bench = Bench::new();
    let mut check = |fields: &str, expect: &str| {
        let wrong = bench.wrong(&format!("%%plugin p\nconst metadata = #{{ {fields} }};\nfn infer(data) {{ data }}"));
        assert!(wrong.contains(expect), "{wrong}");
    };
    check("version: \"1.0\"", "version `1.0` is not a semantic version");
    check("plugin_type: \"model\"", "unknown variant `model`");
    check("created_at: \"yesterday\"", "created_at `yesterday` is no date");
    check("gid: \"no id\"", "gid `no id` is no id");
    check("verison: \"1.0.0\"", "metadata has no field `verison`; did you mean `version`?");
    check("dependencies: [\"nowhere ^1\"]", "it needs plugin `nowhere ^1`, which is not registered");
    check("required_memory_gb: 1e9", "GB of memory;");
    check("compatibility: #{ os: [\"plan9\"] }", "it needs the operating system plan9; this machine has");
    check("compatibility: #{ candlewick: \">=99\" }", "it needs Candlewick >=99; this is");
}

/// Seed 000: every group had defaults that did nothing and answered true, so that "enabled" proved nothing.
#[test]
fn defaults_pretend_to_work() {
    let mut bench = bench(&["%%plugin p\nfn infer(data) { data }"]);
    assert!(
        bench
            .wrong("plugin(\"p\").setup_memory_management()")
            .contains("has no verb `setup_memory_management`; it has infer")
    );
    let text = bench.displayed("%plugins p");
    for group in ["memory", "surgery", "compression", "distribution"] {
        assert!(
            text.lines().any(|line| line.trim_start().starts_with(group) && line.contains("absent")),
            "{group}: {text}"
        );
    }
}

/// Seed 001: discovery swallowed every exception, so that a missing package showed as "unable to find the instance" (#237).
#[test]
fn discovery_swallows_exceptions() {
    let files = Files::of(&[("p.rhai", "import \"missing_package\" as m;\nfn infer(data) { data }")]);
    let mut bench = Bench::new();
    let text = bench.result(&format!("load_plugins({:?})", files.path("")));
    assert!(text.contains("p.rhai") && text.contains("line 1, column") && text.contains("missing_package"), "{text}");
}

/// Seed 001: the registry was filled once; a changed plugin was seen after the database had been cleared by hand.
#[test]
fn the_registry_is_filled_once() {
    let files = Files::of(&[("p.rhai", "fn infer(data) { 1 }")]);
    let mut bench = Bench::new();
    bench.run(&format!("let folder = {:?};", files.path("")));
    bench.run("load_plugins(folder)");
    files.write("p.rhai", "fn infer(data) { 2 }");
    files.write("q.rhai", "fn infer(data) { 3 }");
    assert_eq!(bench.result("load_plugins(folder).loaded"), "[\"p\", \"q\"]");
    assert_eq!(bench.result("[execute(\"p\", 0), execute(\"q\", 0)]"), "[2, 3]");
}

/// Seed 001: the stage that validated outputs was commented out, and arguments were checked in one place of two.
#[test]
fn outputs_are_not_validated() {
    let files = Files::of(&[
        ("algo/plugin.toml", "[plugin]\nname = \"algo\"\ngid = \"stock\"\ncid = \"algo\"\n"),
        ("algo/plugin.rhai", "fn infer(data) { #{ score: data.gamma } }"),
        ("algo/input.schema.json", "{ \"type\": \"object\", \"required\": [\"gamma\"] }"),
        ("algo/output.schema.json", "{ \"properties\": { \"score\": { \"maximum\": 1 } } }"),
    ]);
    let mut bench = Bench::new();
    bench.run(&format!("load_plugin({:?})", files.path("algo")));
    assert_eq!(bench.result("plugin(\"algo\").run(\"infer\", #{ gamma: 0.5 }).output.score"), "0.5");
    let wrong = bench.wrong("execute(\"algo\", #{ gamma: 2 })");
    assert!(
        wrong.contains("the answer of infer does not fit its schema: at /score: expected at most 1, found 2"),
        "{wrong}"
    );
    let wrong = bench.wrong("execute(\"algo\", #{ beta: 2 })");
    assert!(wrong.contains("at /data: the field \"gamma\" is missing in {\"beta\":2}"), "{wrong}");
}

/// Seed 003: `create` that gave nothing left the plugin out, and nobody was told.
#[test]
fn create_that_gives_nothing_is_not_told() {
    let mut bench = Bench::new();
    let out = bench.text("%%plugin p\nfn create(config) { () }\nfn end_epoch(ctx) { }");
    assert!(
        out.ends_with("plugin p registered, not active: its `create` says that it takes no part with these settings\n"),
        "{out}"
    );
    assert_eq!(bench.result("plugin(\"p\").state"), "\"registered\"");
}

/// Seed 003: a dependency that was not configured or a circle was an error for all; at HEAD dependencies were dropped.
#[test]
fn a_circle_keeps_everything_out() {
    let needs = |name: &str| format!("const metadata = #{{ dependencies: [\"{name}\"] }};\nfn infer(data) {{ data }}");
    let files = Files::of(&[
        ("a.rhai", &needs("b")),
        ("b.rhai", &needs("a")),
        ("c.rhai", &needs("d")),
        ("d.rhai", "fn infer(data) { data }"),
    ]);
    let mut bench = Bench::new();
    bench.run(&format!("let report = load_plugins({:?});", files.path("")));
    assert_eq!(bench.result("report.loaded"), "[\"c\", \"d\"]");
    assert_eq!(bench.result("list_plugins()"), "[\"d\", \"c\"]");
    assert!(bench.result("report.failed[0].why").contains("plugins need each other in a circle: a → b → a"));
}
