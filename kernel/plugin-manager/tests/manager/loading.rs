//! Plugins from files: order, reports, what is broken, what is there twice. The files hold metadata as JSON.

use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A plugin that is nothing but its metadata.
struct Noted(Metadata);

impl Plugin for Noted {
    fn metadata(&self) -> Metadata {
        assert_ne!(self.0.description, "panics", "asked for metadata");
        self.0.clone()
    }
}

/// Takes `.json` files.
struct JsonLoader;

impl Loader for JsonLoader {
    fn takes(&self, path: &Path) -> bool {
        path.extension().is_some_and(|own| own == "json")
    }
    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        let broken = |message: String| ManagerError::Broken {
            path: path.display().to_string(),
            line: Some(1),
            column: None,
            message,
        };
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let fields: serde_json::Value = serde_json::from_str(&text).map_err(|_| broken("no JSON".to_owned()))?;
        let metadata = Metadata::read("", fields.as_object().unwrap()).map_err(broken)?;
        let origin = path.canonicalize().unwrap().display().to_string();
        let registration = Registration { source: text, ..Registration::from_origin(origin) };
        Ok(LoadedPlugin { plugin: Box::new(Noted(metadata)), registration })
    }
}

/// A directory that is gone when the test is over.
struct Files(PathBuf);

impl Files {
    fn of(name: &str, files: &[(&str, &str)]) -> Self {
        let directory = std::env::temp_dir().join(format!("candlewick-loading-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let files_of = Self(directory);
        files.iter().for_each(|(name, text)| files_of.write(name, text));
        files_of
    }
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn manager() -> PluginManager {
    let mut plugins = PluginManager::new();
    plugins.add_loader(Rc::new(JsonLoader));
    plugins
}

fn names(plugins: &PluginManager) -> Vec<String> {
    plugins.plugins().into_iter().map(|row| row.name).collect()
}

/// File name and what became of it, in one line each.
fn told(report: &LoadReport) -> Vec<String> {
    let line = |row: &LoadRow| {
        let file = row.path.file_name().unwrap().to_string_lossy();
        let directory = row.path.parent().unwrap().display().to_string() + "/";
        let outcome = match &row.outcome {
            Ok(registered) => format!("{registered:?}"),
            Err(error) => error.to_string().replace(&directory, ""),
        };
        format!("{file}: {outcome}")
    };
    report.rows.iter().map(line).collect()
}

#[test]
fn a_directory_is_loaded_in_order_of_names_with_what_is_needed_first() {
    let files = Files::of(
        "order",
        &[
            ("a.json", r#"{"name": "a", "dependencies": ["c ^1"]}"#),
            ("b.json", r#"{"name": "b"}"#),
            ("c.json", r#"{"name": "c", "version": "1.2.0"}"#),
            ("d.txt", "no plugin"),
            (".e.json", r#"{"name": "e"}"#),
        ],
    );
    let mut plugins = manager();
    let report = plugins.load_plugins(&files.0).unwrap();
    assert_eq!(told(&report), ["a.json: New", "b.json: New", "c.json: New"]);
    assert_eq!(names(&plugins), ["c", "a", "b"]);
    assert_eq!((report.loaded().count(), report.failed().count()), (3, 0));
}

#[test]
fn what_cannot_be_loaded_is_a_row_and_keeps_nothing_else_out() {
    let files = Files::of(
        "broken",
        &[
            ("a.json", "{"),
            ("b.json", r#"{"name": "b", "verison": "1"}"#),
            ("c.json", r#"{"name": "c", "dependencies": ["d"]}"#),
            ("d.json", r#"{"name": "d", "dependencies": ["c"]}"#),
            ("e.json", r#"{"name": "e", "dependencies": ["c"]}"#),
            ("f.json", r#"{"name": "f", "dependencies": ["nowhere"]}"#),
            ("g.json", r#"{"name": "good"}"#),
            ("h.json", r#"{"name": "good"}"#),
            ("i.json", r#"{"name": "i", "dependencies": ["good >=2"]}"#),
            ("j.json", r#"{"name": "j", "required_memory_gb": 1, "compatibility": {"os": ["dos"]}}"#),
            ("k.json", r#"{"name": "k", "description": "panics"}"#),
        ],
    );
    let mut plugins = manager();
    let report = plugins.load_plugins(&files.0).unwrap();
    let at = |name: &str| files.0.join(name).canonicalize().unwrap().display().to_string();
    let told = told(&report);
    let expect = [
        "a.json: a.json, line 1: no JSON",
        "b.json: b.json, line 1: metadata has no field `verison`; did you mean `version`?",
        "c.json: plugins need each other in a circle: c → d → c; take one of the dependencies away",
        "d.json: plugins need each other in a circle: c → d → c; take one of the dependencies away",
        "e.json: plugin `e` cannot be activated: it needs plugin `c`, which cannot be loaded itself",
        "f.json: plugin `f` cannot be activated: it needs plugin `nowhere`, which is not there",
        "g.json: New",
    ];
    assert_eq!(told[..7], expect);
    let twice = report.rows[7].outcome.as_ref().unwrap_err().to_string();
    assert_eq!(
        twice,
        format!(
            "the name `good` is taken: the plugin from {} has it, so the one from {} cannot be registered under it; rename one, or unregister `good` first",
            at("g.json"),
            at("h.json")
        )
    );
    assert!(told[8].contains("it needs plugin `good >=2`"), "{}", told[8]);
    assert!(told[9].contains("it needs the operating system dos"), "{}", told[9]);
    assert!(told[10].contains("metadata failed: panicked: "), "{}", told[10]);
    assert_eq!(names(&plugins), ["good"]);
    assert_eq!((report.rows.len(), report.loaded().count(), report.failed().count()), (11, 1, 10));
}

#[test]
fn the_same_file_replaces_and_another_is_refused() {
    let files = Files::of("same", &[("a.json", r#"{"name": "a"}"#), ("b.json", r#"{"name": "a"}"#)]);
    let mut plugins = manager();
    let (a, b) = (files.0.join("a.json"), files.0.join("b.json"));
    assert_eq!(plugins.load_plugin(&a), Ok(("a".to_owned(), Registered::New)));
    assert_eq!(plugins.load_plugin(&a), Ok(("a".to_owned(), Registered::Replaced { generation: 2 })));
    assert!(matches!(plugins.load_plugin(&b), Err(ManagerError::NameTaken { .. })));
    let check = |path: &Path, expect: &str| {
        let error = manager().load_plugin(path).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(&files.0.join("gone.json"), "gone.json, line 1: No such file");
    check(&files.0.join("gone"), "gone cannot be read: No such file");
    check(&files.0, "is no plugin: a plugin is a `.rhai` file");
    assert!(matches!(manager().load_plugins(&files.0.join("gone")), Err(ManagerError::Unreadable { .. })));
}

#[test]
fn search_paths_are_searched_and_changes_are_found() {
    let first = Files::of("first", &[("a.json", r#"{"name": "a", "dependencies": ["b"]}"#)]);
    let second = Files::of("second", &[("a.json", r#"{"name": "a"}"#), ("b.json", r#"{"name": "b"}"#)]);
    let mut plugins = manager();
    let gone = first.0.join("gone");
    plugins.search_in(vec![first.0.clone(), gone.clone(), second.0.clone()]);
    let report = plugins.discover();
    assert_eq!(report.searched, [(first.0.clone(), true), (gone, false), (second.0.clone(), true)]);
    assert_eq!(told(&report)[0], "a.json: New");
    assert!(matches!(report.rows[1].outcome, Err(ManagerError::NameTaken { .. })));
    assert_eq!(names(&plugins), ["b", "a"]);
    first.write("a.json", r#"{"name": "a", "version": "2.0.0"}"#);
    second.write("c.json", r#"{"name": "c"}"#);
    let report = plugins.discover();
    let outcomes: Vec<_> = report.rows.iter().map(|row| row.outcome.clone().ok()).collect();
    let replaced = Some(Registered::Replaced { generation: 2 });
    assert_eq!(outcomes, [replaced, None, Some(Registered::Unchanged), Some(Registered::New)]);
    assert_eq!(plugins.metadata("a").unwrap().version, "2.0.0");
}
