//! Installing: checksums, records, replacing, dependencies, removing.

#![allow(clippy::unwrap_used)] // shared by tests; clippy sees no #[test] on them

use candlewick_packages::dependencies::Provided;
use candlewick_packages::{
    Installed, Origin, PackageError, PackageFiles, Store, archive, checksum, checksum::checksum_file,
};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Bench {
    root: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path().join("data/plugins"));
        Self { root, store }
    }

    /// A package's directory.
    fn package(&self, name: &str, version: &str, needs: &[&str]) -> PathBuf {
        let directory = self.root.path().join(format!("{name}-{version}"));
        std::fs::create_dir_all(&directory).unwrap();
        let text = format!("[plugin]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = {needs:?}\n");
        std::fs::write(directory.join("plugin.toml"), text).unwrap();
        std::fs::write(directory.join("plugin.rhai"), "fn end_epoch(ctx) {}\n").unwrap();
        directory
    }

    fn archive(&self, name: &str, version: &str) -> PathBuf {
        let directory = self.package(name, version, &[]);
        let file = self.root.path().join(format!("{name}-{version}.tar.gz"));
        std::fs::write(&file, archive::pack(&PackageFiles::of(&directory).unwrap(), name).unwrap()).unwrap();
        file
    }

    fn install(&self, directory: &Path) -> Result<Installed, PackageError> {
        let staged = self.store.stage_directory(directory, Origin::Directory(directory.to_owned()))?;
        self.store.put(&staged, &Provided::from([("history".into(), None)]))
    }

    fn versions(&self) -> Vec<String> {
        let text = |own: Installed| format!("{} {}", own.name(), own.package.unwrap().version_text());
        self.store.list().into_iter().map(text).collect()
    }

    /// What stands in the store, hidden things too.
    fn entries(&self) -> usize {
        std::fs::read_dir(self.root.path().join("data/plugins")).map_or(0, Iterator::count)
    }
}

#[test]
fn an_archive_is_installed_with_its_checksum_and_a_record() {
    let bench = Bench::new();
    let file = bench.archive("calm", "1.0.0");
    let sum = checksum::sha256_of_file(&file).unwrap();
    let put = |expected: Option<&str>| {
        let staged = bench.store.stage_file(&file, expected)?;
        bench.store.put(&staged, &Provided::new())
    };
    let wrong = put(Some(&"0".repeat(64))).unwrap_err().to_string();
    assert!(wrong.contains("has another checksum than it should: sha256 0000") && wrong.contains(&sum), "{wrong}");
    std::fs::write(checksum_file(&file), format!("{}  calm.tar.gz\n", "1".repeat(64))).unwrap();
    assert!(matches!(put(None), Err(PackageError::Checksum { .. })));
    std::fs::write(checksum_file(&file), "what?\n").unwrap();
    assert!(put(None).unwrap_err().to_string().contains("it holds no SHA-256"));
    assert_eq!(bench.entries(), 0);

    std::fs::write(checksum_file(&file), format!("{sum}  calm.tar.gz\n")).unwrap();
    for expected in [None, Some(sum.to_uppercase())] {
        let installed = put(expected.as_deref()).unwrap();
        assert_eq!(installed.path, bench.root.path().join("data/plugins/calm"));
        let record = installed.record.unwrap();
        assert_eq!((record.origin, record.sha256.as_str()), (Origin::File(file.clone()), sum.as_str()));
    }
    assert_eq!((bench.versions(), bench.entries()), (vec!["calm 1.0.0".to_owned()], 1));
}

#[test]
fn an_archive_without_a_manifest_or_with_a_name_that_leads_out_is_refused() {
    let bench = Bench::new();
    let directory = bench.package("calm", "1.0.0", &[]);
    let stage = |manifest: Option<&str>| {
        let path = directory.join("plugin.toml");
        match manifest {
            Some(text) => std::fs::write(path, text).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let file = bench.root.path().join("p.tar.gz");
        std::fs::write(&file, archive::pack(&PackageFiles::of(&directory).unwrap(), "x").unwrap()).unwrap();
        bench.store.stage_file(&file, None).unwrap_err().to_string()
    };
    let name = stage(Some("[plugin]\nname = \"../../calm\"\n"));
    assert!(name.contains("`../../calm` is no name of a plugin"), "{name}");
    let broken = stage(Some("[plugin\n"));
    assert!(broken.contains("plugin.toml, line 1"), "{broken}");
    let none = stage(None);
    assert!(none.contains("it holds no plugin.toml"), "{none}");
    assert_eq!(bench.entries(), 0);
}

#[test]
fn a_single_script_is_installed_under_the_name_of_its_file() {
    let bench = Bench::new();
    let script = bench.root.path().join("quick.rhai");
    std::fs::write(&script, "fn end_epoch(ctx) {}").unwrap();
    for _ in 0..2 {
        let staged = bench.store.stage_file(&script, None).unwrap();
        bench.store.put(&staged, &Provided::new()).unwrap();
    }
    assert_eq!((bench.versions(), bench.entries()), (vec!["quick ".to_owned()], 1));
    assert!(bench.store.installed("quick").unwrap().path.join("plugin.rhai").is_file());
}

#[test]
fn a_newer_version_replaces_and_one_that_fails_leaves_the_old() {
    let bench = Bench::new();
    bench.install(&bench.package("calm", "1.0.0", &[])).unwrap();
    bench.install(&bench.package("calm", "1.1.0", &["history"])).unwrap();
    assert_eq!(bench.versions(), ["calm 1.1.0"]);
    let missing = bench.install(&bench.package("calm", "1.2.0", &["gone"])).unwrap_err().to_string();
    assert!(missing.contains("plugin calm needs the plugin gone, but it is not installed"), "{missing}");
    let broken = bench.package("calm", "1.3.0", &[]);
    std::fs::remove_file(broken.join("plugin.rhai")).unwrap();
    assert!(bench.install(&broken).unwrap_err().to_string().contains("its script"));
    assert_eq!((bench.versions(), bench.entries()), (vec!["calm 1.1.0".to_owned()], 1));
}

#[test]
fn plugins_that_need_each_other_are_kept_together() {
    let bench = Bench::new();
    bench.install(&bench.package("base", "1.2.0", &[])).unwrap();
    bench.install(&bench.package("top", "1.0.0", &["base ^1"])).unwrap();
    let newer = bench.install(&bench.package("base", "2.0.0", &[])).unwrap_err().to_string();
    assert!(newer.contains("plugin top needs the plugin base ^1, but 2.0.0 is there"), "{newer}");
    let circle = bench.install(&bench.package("base", "1.3.0", &["top"])).unwrap_err().to_string();
    assert!(circle.contains("in a circle: base → top → base"), "{circle}");
    let needed = bench.store.remove("base").unwrap_err().to_string();
    assert!(needed.contains("plugin base is needed by top"), "{needed}");
    assert_eq!(bench.versions(), ["base 1.2.0", "top 1.0.0"]);
    bench.store.remove("top").unwrap();
    bench.store.remove("base").unwrap();
    assert_eq!(bench.entries(), 0);
}

#[test]
fn removing_what_is_not_there_names_the_nearest() {
    let bench = Bench::new();
    let check = |name: &str, expect: &str| {
        let error = bench.store.remove(name).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("calm", "`candlewick plugins list` shows all");
    bench.install(&bench.package("calm", "1.0.0", &[])).unwrap();
    check("clam", "no plugin `clam` is installed; did you mean `calm`?");
    check("../calm", "no plugin `../calm` is installed");
}
