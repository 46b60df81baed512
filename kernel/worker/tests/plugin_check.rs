//! `%plugins check` and `--json`: what a plugin has, what is half there, all that is wrong.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use common::Bench;
use common::files::Files;
use serde_json::Value;

/// What the check of a file with that text says; whether it is an error is the second.
fn checked(text: &str) -> (Value, bool) {
    let files = Files::of(&[("p.rhai", text)]);
    let mut bench = Bench::new();
    let (sent, finished) = bench.run(&format!("%plugins check {} --json", files.path("p.rhai")));
    let json = sent.iter().find_map(|message| match message {
        candlewick_link::FromWorker::Stream { text, .. } => serde_json::from_str(text).ok(),
        _ => None,
    });
    assert!(bench.plugins().borrow().plugins().is_empty(), "nothing is registered");
    (json.unwrap(), finished.problem.is_some())
}

/// `line: message` of everything that is wrong.
fn wrongs(text: &str) -> Vec<String> {
    let (json, failed) = checked(text);
    let wrong = json["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == "wrong");
    let wrong: Vec<String> =
        wrong.map(|finding| format!("{}: {}", finding["line"], finding["message"].as_str().unwrap())).collect();
    assert_eq!(failed, !wrong.is_empty());
    assert_eq!(json["ok"], wrong.is_empty());
    wrong
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "const metadata = #{
    version: \"one\",
    gid: \"-x\",
    verison: \"1.0.0\",
    config: #{ patience: 0 // epochs to wait, 1..100
    },
};
fn end_epoch() { }
fn end_epoc(ctx) { }
fn infer() { }
fn infre(data) { }
fn predcit(instance, data) { }
fn helper(x) { x }
fn start_epoch(ctx) { helper(1); }
fn create() { }
const schemas = #{ inferr: #{ input: #{} }, infer: #{ output: #{ type: \"nummer\" } } };";
    let expect = [
        "8: a hook takes one parameter, the context: write `fn end_epoch(ctx)`; found 0 parameters",
        "9: there is no hook `end_epoc`; did you mean `end_epoch`?",
        "10: write `fn infer(data [, options])`; found 0 parameters",
        "11: nothing calls `infre`, and no plugin has such a function; did you mean `infer`?",
        "12: nothing calls `predcit`, and no plugin has such a function; did you mean `predict`?",
        "15: write `fn create(config)`; found 0 parameters",
        "2: version `one` is not a semantic version (unexpected character 'o' while parsing major version number); write `1.0.0`",
        "3: gid `-x` is no id; it takes letters, digits, `.`, `_` and `-`, begins with a letter or digit and has at most 128 of them",
        "4: metadata has no field `verison`; did you mean `version`?",
        "16: plugin `p`: the settings do not fit its schema: at /patience: expected at least 1, found 0",
        "16: plugin `p`: the schema of the output of infer cannot be used: at /type: \"nummer\" is not valid under any of the schemas listed in the 'anyOf' keyword",
        "16: plugin `p`: the schema of `inferr` cannot be used: it has no such verb; did you mean `infer`?",
    ];
    let mut found = wrongs(text);
    let mut expect = expect.map(str::to_owned).to_vec();
    found.sort();
    expect.sort();
    assert_eq!(found, expect);
}

#[test]
fn a_sound_plugin_is_called_so_and_its_groups_are_named() {
    let text = "const metadata = #{ version: \"1.0.0\", description: \"d\", dependencies: [\"nowhere\"] };
fn end_epoch(ctx) { }\nfn infer(data) { data }\nfn tokenize(text) { text }\nfn inference_of(x) { x }";
    let (json, failed) = checked(text);
    assert!(!failed && json["ok"] == true, "{json}");
    let group =
        |name: &str| json["groups"].as_array().unwrap().iter().find(|row| row["group"] == name).unwrap().clone();
    assert_eq!(group("hooks")["has"], serde_json::json!(["end_epoch"]));
    assert_eq!(group("model")["state"], "whole");
    assert_eq!(
        (&group("text")["state"], &group("text")["missing"]),
        (&"half there".into(), &serde_json::json!(["detokenize", "generate_text"]))
    );
    for name in ["memory", "surgery", "compression", "distribution", "data transforms"] {
        assert_eq!(group(name)["state"], "absent");
    }
    let notes: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|finding| finding["message"].as_str().unwrap()).collect();
    assert!(notes.iter().any(|note| note.contains("it needs plugin `nowhere`, which is not registered")), "{notes:?}");
    assert!(notes.contains(&"the group text is half there: detokenize and generate_text are missing"), "{notes:?}");
}

#[test]
fn what_cannot_be_looked_into_is_said() {
    let check = |text: &str, expect: &str| {
        let wrong = wrongs(text);
        assert!(wrong.len() == 1 && wrong[0].contains(expect), "{wrong:?}");
    };
    check("fn infer(data) { 1 1 }", "1: SyntaxError: Expecting ';'");
    check("throw \"top\";\nfn infer(data) { }", "1: RuntimeError: top");
    check("let x = 1;", "this is no plugin: it has no `const metadata`");
    check("const metadata = 3;\nfn infer(data) { }", "1: metadata must be a map of plain data; found 3");
    check("fn create(config) { 7 }\nfn infer(data) { }", "create(config) gives the settings as a map, or (); found 7");
    check("fn start_epoch(ctx) { }\nfn on_epoch_start(ctx) { }", "2: `start_epoch` is there twice");
    let mut bench = Bench::new();
    assert!(bench.wrong("%plugins check nowhere.rhai").contains("nowhere.rhai cannot be read"));
    assert!(bench.wrong("%plugins check nowhere").contains("there is no plugin `nowhere`"));
}

#[test]
fn a_check_has_no_effect_on_the_session() {
    let files = Files::of(&[
        ("p.rhai", "print(\"loud\");\ndeclare_hook(\"spot\");\nfn infer(data) { data }"),
        ("q.rhai", "print(\"loud\");\nregister(\"other\", \"fn infer(data) { data }\");\nfn infer(data) { data }"),
    ]);
    let mut bench = Bench::new();
    let (sent, finished) = bench.run(&format!("%plugins check {}", files.path("p.rhai")));
    assert_eq!((sent.len(), finished.problem), (1, None));
    let (sent, finished) = bench.run(&format!("%plugins check {}", files.path("q.rhai")));
    assert_eq!(sent.len(), 1);
    assert!(finished.problem.unwrap().message.contains("plugin q cannot register another plugin while it is being"));
    assert_eq!(bench.result("list_plugins()"), "[]");
    assert!(bench.wrong("fire(\"spot\", #{})").contains("there is no hook point `spot`"));
}

#[test]
fn a_manifest_and_its_script_are_checked_together() {
    let files = Files::of(&[
        ("a/plugin.toml", "[plugin]\nname = \"a\"\nversion = \"2.0.0\"\n"),
        ("a/plugin.rhai", "const metadata = #{ version: \"1.0.0\" };\nfn infer(data) { data }"),
        ("b/plugin.toml", "[plugin]\nname = 3\n"),
        ("b/plugin.rhai", "fn infer() { }"),
    ]);
    let mut bench = Bench::new();
    let text = bench.displayed(&format!("%plugins check {}", files.path("a")));
    assert!(
        text.contains("`version` is \"2.0.0\" in plugin.toml and \"1.0.0\" in the script; plugin.toml holds"),
        "{text}"
    );
    assert!(text.contains("plugin a is sound"), "{text}");
    let text = bench.displayed(&format!("%plugins check {}", files.path("b")));
    assert!(
        text.contains("`name` is the plugin's name") && text.contains("write `fn infer(data [, options])`"),
        "{text}"
    );
}

#[test]
fn registered_plugins_are_checked_and_listed_by_name() {
    let mut bench = Bench::new();
    bench.text("%%plugin p\nfn tokenize(text) { text }\nfn end_epoch(ctx) { }");
    let text = bench.displayed("%plugins check p");
    assert!(text.contains("detokenize, generate_text") && text.contains("plugin p is sound"), "{text}");
    let rows: Value = serde_json::from_str(&bench.text("%plugins list --json")).unwrap();
    let row = &rows[0];
    assert_eq!((&row["name"], &row["state"], &row["generation"]), (&"p".into(), &"active".into(), &1.into()));
    assert_eq!(
        (&row["hooks"][0], &row["verbs"][0], &row["bytes"]),
        (&"end_epoch".into(), &"tokenize".into(), &0.into())
    );
    let one: Value = serde_json::from_str(&bench.text("%plugins p --json")).unwrap();
    assert_eq!(one["metadata"]["name"], "p");
}
