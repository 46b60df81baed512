//! The repository's own rules, read from `cargo metadata` and the tree: who may use whom, how long a file may be, what must
//! not be committed. Each rule is a function from what it reads to what is wrong, so that each is shown a bad example too.
//! It knows nothing of what the code does. Read [`MAY_USE`] first.

#![allow(clippy::expect_used)] // readers outside `#[test]` functions expect too

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each of our crates may use of ours, as the table in `kernel/README.md` has it. Development dependencies go by the
/// same rows: a test that needs more than its crate may use belongs one layer up.
const MAY_USE: [(&str, &[&str]); 25] = [
    (
        "candlewick-kernel",
        &["candlewick", "candlewick-jupyter", "candlewick-link", "candlewick-packages", "candlewick-rust-cells"],
    ),
    ("candlewick-jupyter", &[]),
    ("candlewick-link", &[]),
    ("candlewick-plugin-api", &[]),
    ("candlewick-plugin-manager", &["candlewick-plugin-api"]),
    ("candlewick-actions", &["candlewick-plugin-api", "candlewick-plugin-manager"]),
    ("candlewick-macros", &[]),
    ("candlewick-packages", &[]),
    ("candlewick-rust-cells", &["candlewick-link", "candlewick-packages"]),
    ("candlewick-engine", &["candlewick-plugin-api"]),
    ("candlewick-display", &[]),
    ("candlewick-worker", &BELOW_WORKER),
    ("candlewick", &BELOW_LIBRARY),
    ("candlewick-accumulation", &["candlewick-plugin-api"]),
    ("candlewick-checkpoint", &["candlewick-plugin-api"]),
    ("candlewick-console", &["candlewick-plugin-api"]),
    ("candlewick-early-stopping", &["candlewick-plugin-api"]),
    ("candlewick-history", &["candlewick-plugin-api"]),
    ("candlewick-learning-rate", &["candlewick-plugin-api"]),
    ("candlewick-live-chart", &["candlewick-plugin-api"]),
    ("candlewick-logging", &["candlewick-plugin-api"]),
    ("candlewick-notification", &["candlewick-plugin-api"]),
    ("candlewick-profiler", &["candlewick-plugin-api"]),
    ("candlewick-progress", &["candlewick-plugin-api"]),
    ("candlewick-tensorboard", &["candlewick-plugin-api"]),
];

const BELOW_WORKER: [&str; 7] = [
    "candlewick-actions",
    "candlewick-packages",
    "candlewick-display",
    "candlewick-engine",
    "candlewick-link",
    "candlewick-plugin-api",
    "candlewick-plugin-manager",
];

const BELOW_LIBRARY: [&str; 21] = [
    "candlewick-macros",
    "candlewick-actions",
    "candlewick-packages",
    "candlewick-accumulation",
    "candlewick-checkpoint",
    "candlewick-console",
    "candlewick-learning-rate",
    "candlewick-logging",
    "candlewick-notification",
    "candlewick-profiler",
    "candlewick-tensorboard",
    "candlewick-worker",
    "candlewick-display",
    "candlewick-engine",
    "candlewick-link",
    "candlewick-plugin-api",
    "candlewick-plugin-manager",
    "candlewick-early-stopping",
    "candlewick-history",
    "candlewick-live-chart",
    "candlewick-progress",
];

/// The top level; dotfiles may stand beside.
const TOP_LEVEL: [&str; 12] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "binder",
    "clippy.toml",
    "examples",
    "kernel",
    "notebooks",
    "plugins",
    "rustfmt.toml",
    "tests",
];

/// Crates that take minutes to compile, or whose types would not fit together: one version of each.
const HEAVY: [&str; 5] = ["candle-core", "gemm", "polars", "rhai", "tokio"];

/// Lines of a Rust file.
const LONGEST: usize = 800;

#[test]
fn crates_use_only_what_their_layer_may() {
    assert_none(forbidden_edges(&edges(&metadata())));
    let bad = [("candlewick-engine", "candlewick-worker"), ("candlewick-new", "candlewick-link")];
    assert_eq!(forbidden_edges(&bad.map(|(from, to)| (from.into(), to.into()))).len(), 2);
    let good = [("candlewick-worker".to_owned(), "candlewick-engine".to_owned())];
    assert_none(forbidden_edges(&good));
}

#[test]
fn every_crate_has_a_row_and_every_row_a_crate() {
    let metadata = metadata();
    let names = packages(&metadata).filter_map(|package| package["name"].as_str());
    let crates: BTreeSet<String> = names.map(str::to_owned).collect();
    let rows: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(crates, rows);
}

#[test]
fn rust_files_are_short_and_say_what_they_own() {
    let check = |path: &str| -> Vec<String> {
        let text = read(path);
        too_long(path, &text).into_iter().chain(unopened(path, &text)).collect()
    };
    assert_none(rust_files().iter().flat_map(|path| check(path)).collect());
    assert!(too_long("x.rs", &"\n".repeat(LONGEST + 1)).is_some());
    assert!(too_long("x.rs", &"\n".repeat(LONGEST)).is_none());
    for text in ["", "// no doc", "use x;\n//! late", "//!", "//! "] {
        assert!(unopened("x.rs", text).is_some(), "{text:?}");
    }
    assert!(unopened("x.rs", "//! Owns x.\nuse x;").is_none());
}

#[test]
fn nothing_is_left_undone_and_no_test_is_ignored() {
    assert_none(rust_files().iter().flat_map(|path| undone(path, &read(path))).collect());
    for word in unfinished() {
        let text = format!("//! x\n    {word}");
        assert_eq!(undone("x.rs", &text), [format!("x.rs:2: {word}")]);
        assert_none(undone("x.rs", &format!("// why there is no {word} here")));
    }
}

#[test]
fn notebooks_are_committed_without_outputs() {
    let notebooks: Vec<String> = tree().into_iter().filter(|path| path.ends_with(".ipynb")).collect();
    assert!(!notebooks.is_empty(), "there are no notebooks to check");
    assert_none(notebooks.iter().flat_map(|path| executed(path, &parsed(path))).collect());
    let notebook = |cell: Value| json!({ "cells": [{ "cell_type": "markdown" }, cell] });
    let bad = [
        json!({ "cell_type": "code", "outputs": [{}], "execution_count": null }),
        json!({ "cell_type": "code", "outputs": [], "execution_count": 3 }),
    ];
    for cell in bad {
        assert_eq!(executed("x.ipynb", &notebook(cell)).len(), 1);
    }
    let clean = json!({ "cell_type": "code", "outputs": [], "execution_count": null });
    assert_none(executed("x.ipynb", &notebook(clean)));
    assert_eq!(executed("x.ipynb", &json!({})).len(), 1);
}

#[test]
fn heavy_crates_are_there_once() {
    assert_none(not_once(&read("Cargo.lock")));
    let entry = |name: &&str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
    let lock: String = HEAVY.iter().map(entry).collect();
    assert_none(not_once(&lock));
    assert_eq!(not_once(&(lock.clone() + &entry(&"rhai"))), ["Cargo.lock has rhai 2 times, not once"]);
    assert_eq!(not_once(&lock.replace("gemm", "gemm-f32")), ["Cargo.lock has gemm 0 times, not once"]);
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    assert_none(tree().iter().flat_map(|path| machine_places(path, &bytes(path))).collect());
    for place in places() {
        assert_eq!(machine_places("x", format!("in '{place}x'").as_bytes()).len(), 1, "{place}");
        assert_none(machine_places("x", format!("https://example.org{place}x").as_bytes()));
    }
}

#[test]
fn the_top_level_is_fixed() {
    assert_none(strangers(&tree()));
    let paths = ["src/main.rs", ".github/x", "kernel/x", "notes.md"].map(str::to_owned);
    assert_eq!(
        strangers(&paths),
        ["notes.md does not belong to the top level", "src does not belong to the top level"]
    );
}

#[test]
fn the_architecture_page_names_every_crate() {
    let directories = crate_directories(&metadata());
    assert!(directories.len() > 10, "{directories:?}");
    assert_none(unmentioned(&directories, &read("kernel/README.md")));
    let directories = ["kernel/link", "kernel/li"].map(str::to_owned);
    assert_eq!(unmentioned(&directories, "the crate `kernel/link`"), ["kernel/README.md does not mention kernel/li"]);
}

// Rules: from what was read to what is wrong with it.

fn forbidden_edges(edges: &[(String, String)]) -> Vec<String> {
    let rows: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let allowed = |from: &str, to: &str| rows.get(from).is_some_and(|row| row.contains(&to));
    let forbidden = edges.iter().filter(|(from, to)| !allowed(from, to));
    forbidden.map(|(from, to)| format!("{from} may not use {to}")).collect()
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST).then(|| format!("{path} has {lines} lines; {LONGEST} are the most"))
}

fn unopened(path: &str, text: &str) -> Option<String> {
    let opening = text.lines().next().and_then(|line| line.strip_prefix("//!")).map(str::trim);
    opening.is_none_or(str::is_empty).then(|| format!("{path} does not open with a //! that says what it owns"))
}

fn undone(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let words = unfinished().into_iter().filter(|word| code.contains(word.as_str()));
        found.extend(words.map(|word| format!("{path}:{}: {word}", number + 1)));
    }
    found
}

fn executed(path: &str, notebook: &Value) -> Vec<String> {
    let Some(cells) = notebook["cells"].as_array() else { return vec![format!("{path} has no cells")] };
    let has_run = |cell: &Value| {
        cell["outputs"].as_array().is_some_and(|outputs| !outputs.is_empty()) || !cell["execution_count"].is_null()
    };
    let run = cells.iter().enumerate().filter(|(_, cell)| has_run(cell));
    run.map(|(index, _)| format!("{path}: cell {index} has outputs or an execution count")).collect()
}

fn not_once(lock: &str) -> Vec<String> {
    let count = |name: &str| lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
    let wrong = HEAVY.into_iter().map(|name| (name, count(name))).filter(|(_, count)| *count != 1);
    wrong.map(|(name, count)| format!("Cargo.lock has {name} {count} times, not once")).collect()
}

/// A place counts where a path begins: a longer path or an address may well hold the same word.
fn machine_places(path: &str, content: &[u8]) -> Vec<String> {
    let begins =
        |at: usize| at == 0 || !(content[at - 1].is_ascii_alphanumeric() || b"._-})$*".contains(&content[at - 1]));
    let holds = |place: &String| {
        let mut windows = content.windows(place.len()).enumerate();
        windows.any(|(at, window)| window == place.as_bytes() && begins(at))
    };
    places().iter().filter(|place| holds(place)).map(|place| format!("{path} names {place}")).collect()
}

fn strangers(paths: &[String]) -> Vec<String> {
    let tops: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
    let strange = tops.into_iter().filter(|top| !top.starts_with('.') && !TOP_LEVEL.contains(top));
    strange.map(|top| format!("{top} does not belong to the top level")).collect()
}

fn unmentioned(directories: &[String], page: &str) -> Vec<String> {
    let word = |c: char| c.is_alphanumeric() || c == '/' || c == '-';
    let words: BTreeSet<&str> = page.split(|c| !word(c)).map(|word| word.trim_end_matches('/')).collect();
    let missing = directories.iter().filter(|directory| !words.contains(directory.as_str()));
    missing.map(|directory| format!("kernel/README.md does not mention {directory}")).collect()
}

// What is read.

/// Read as plain JSON: the crate `cargo_metadata` would ask for another feature of serde_json, and polars would then be
/// built a second time for the tests.
fn metadata() -> Value {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let answer = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo answers");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    serde_json::from_slice(&answer.stdout).expect("cargo metadata is JSON")
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("a list of packages").iter()
}

/// Which of our crates uses which, development and build dependencies included.
fn edges(metadata: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let ours = packages(metadata).flat_map(|package| {
        let used = package["dependencies"].as_array().expect("a list of dependencies").iter();
        let used = used.filter(|dependency| dependency["path"].is_string());
        used.map(move |dependency| (text(&package["name"]), text(&dependency["name"])))
    });
    let ours: Vec<_> = ours.collect();
    assert!(ours.len() > 10, "too few edges were found for the rule to mean anything: {ours:?}");
    ours
}

fn crate_directories(metadata: &Value) -> Vec<String> {
    let manifests = packages(metadata).filter_map(|package| package["manifest_path"].as_str());
    let directories = manifests.filter_map(|manifest| Path::new(manifest).parent()?.strip_prefix(root()).ok());
    directories.map(|path| path.display().to_string()).filter(|path| !path.is_empty()).collect()
}

/// Paths from the root: what git tracks or would track, or every file where the tree is no git repository.
fn tree() -> Vec<String> {
    if !root().join(".git").exists() {
        return files_below(root()).iter().map(|path| path.display().to_string()).collect();
    }
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let answer = Command::new("git").args(arguments).current_dir(root()).output().expect("git lists files");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let names = String::from_utf8(answer.stdout).expect("names are text");
    let present = names.split('\0').filter(|name| !name.is_empty() && root().join(name).is_file());
    present.map(str::to_owned).collect()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory that can be read");
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry that can be read").path()) {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path.strip_prefix(root()).expect("a path below the root").to_owned());
        }
    }
    files
}

fn rust_files() -> Vec<String> {
    let files: Vec<String> = tree().into_iter().filter(|path| path.ends_with(".rs")).collect();
    assert!(files.len() > 50, "too few Rust files were found: {files:?}");
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(path: &str) -> String {
    String::from_utf8(bytes(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Put together here, so that this file passes its own rule.
fn unfinished() -> [String; 3] {
    [["to", "do!("], ["unimple", "mented!("], ["#[ig", "nore"]].map(|parts| parts.concat())
}

/// Put together here, so that this file passes its own rule.
fn places() -> [String; 2] {
    ["work", "root"].map(|name| format!("/{name}/"))
}

fn assert_none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
