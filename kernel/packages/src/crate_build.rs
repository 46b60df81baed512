//! Building a plugin crate for the library, with a cache.
//!
//! The crate is copied, its manifest changed (it is built by itself, without its development dependencies, as a `cdylib`),
//! and compiled with the library as `--extern candlewick`. Nothing is written beside the user's files. Must not know how a
//! built plugin is loaded. Read [`build`] first.

use crate::build_record::{LIBRARY_VARIABLE, RUSTC_VARIABLE};
use crate::cargo::{self, GoOn, Ran, Toolchain};
use crate::checksum::sha256;
use crate::files::{PackageFiles, write};
use crate::library::{Library, RUSTC, TARGET};
use crate::{CRATE_PREFIX, PackageError};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A plugin crate that has been built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The shared library.
    pub file: PathBuf,
    /// The crate's name.
    pub name: String,
    /// Whether it had been built before, so that nothing was compiled now.
    pub cached: bool,
}

/// Builds the crate in a directory for this library, unless the cache has it.
///
/// The cache's key is the crate's files, the library's build and the compiler. cargo is asked without the network first.
///
/// # Errors
/// A manifest that cannot be right, a missing or different compiler, an error of the crate (as rustc shows it), or an
/// interrupt.
pub fn build(directory: &Path, library: &Library, cache: &Path, go_on: GoOn) -> Result<Built, PackageError> {
    let files = PackageFiles::of(directory)?;
    let (name, manifest) = manifest(directory)?;
    let key = sha256(format!("{}\n{}\n{RUSTC}", files.hash()?, library.build).as_bytes());
    let place = cache.join(format!("{name}-{}", &key[..16]));
    let file = place.join(format!("{}.so", name.replace('-', "_")));
    if file.is_file() {
        return Ok(Built { file, name, cached: true });
    }
    let toolchain = Toolchain::find()?;
    let copy = Copy::make(&files, &manifest, cache, &name)?;
    let ran = compile(&toolchain, copy.0.path(), directory, library, cache, go_on)?;
    if !ran.good {
        return Err(PackageError::Build { name, output: ran.err.trim_end().to_owned() });
    }
    let made = artifact(&ran.out, copy.0.path()).ok_or_else(|| PackageError::Build {
        name: name.clone(),
        output: "cargo made no shared library of it; a plugin crate has `src/lib.rs`".into(),
    })?;
    keep(&made, &place, &file)?;
    Ok(Built { file, name, cached: false })
}

/// Where built crates of this user are kept.
///
/// # Errors
/// The user has no home directory.
pub fn user_cache() -> Result<PathBuf, PackageError> {
    let given = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let cache = given.or_else(|| home().map(|home| home.join(below))).map(|cache| cache.join("candlewick/crates"));
    cache.ok_or_else(|| PackageError::Toolchain("there is no directory for built crates: set HOME".into()))
}

/// A crate that is compiled where nobody else writes; gone afterwards.
struct Copy(tempfile::TempDir);

impl Copy {
    fn make(files: &PackageFiles, manifest: &Table, cache: &Path, name: &str) -> Result<Self, PackageError> {
        let unwritable = |error| PackageError::unwritable(cache, &error);
        std::fs::create_dir_all(cache).map_err(unwritable)?;
        let copy = tempfile::Builder::new().prefix(&format!(".{name}-")).tempdir_in(cache).map_err(unwritable)?;
        files.copy_to(copy.path())?;
        write(&copy.path().join("Cargo.toml"), manifest.to_string().as_bytes())?;
        Ok(Self(copy))
    }
}

fn compile(
    toolchain: &Toolchain,
    copy: &Path,
    directory: &Path,
    library: &Library,
    cache: &Path,
    go_on: GoOn,
) -> Result<Ran, PackageError> {
    let build = |offline: &[&str]| {
        let mut command = toolchain.command();
        // Where the user's crate is, so that its cargo configuration counts; with --target the flags are not those of
        // build scripts and procedural macros.
        command.current_dir(directory).args(["build", "--release", "--lib", "--target", TARGET]);
        command.args(["--message-format", "json-render-diagnostics"]).args(offline);
        command.arg("--manifest-path").arg(copy.join("Cargo.toml")).arg("--target-dir").arg(cache.join(".target"));
        command.env("CARGO_ENCODED_RUSTFLAGS", flags(library)).env_remove("RUSTFLAGS");
        command.env(RUSTC_VARIABLE, RUSTC).env(LIBRARY_VARIABLE, &library.build);
        // A panic must reach the host, and what links the shared std cannot be optimised across crates.
        command.env("CARGO_PROFILE_RELEASE_PANIC", "unwind").env("CARGO_PROFILE_RELEASE_LTO", "false");
        cargo::run(&mut command, go_on)
    };
    let ran = build(&["--offline"])?;
    // Only cargo speaks of it, when a crate is not on this machine yet.
    if !ran.good && ran.err.contains("offline") { build(&[]) } else { Ok(ran) }
}

/// As the library's own flags, joined as `CARGO_ENCODED_RUSTFLAGS` has them: paths may hold spaces.
fn flags(library: &Library) -> String {
    let (file, crates) = (library.file.display(), library.crates.display());
    ["-Cprefer-dynamic".into(), "--extern".into(), format!("candlewick={file}"), format!("-Ldependency={crates}")]
        .join("\u{1f}")
}

/// The crate's name, and the manifest that it is built with.
fn manifest(directory: &Path) -> Result<(String, Table), PackageError> {
    let path = directory.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| PackageError::unreadable(&path, &error))?;
    let wrong = |message: String| PackageError::Manifest { path: path.clone(), line: None, column: None, message };
    let mut table: Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let name = name.filter(|name| name.starts_with(CRATE_PREFIX)).map(str::to_owned);
    let name = name.ok_or_else(|| wrong(format!("the crate's name begins with `{CRATE_PREFIX}`")))?;
    if table.get("dependencies").and_then(|own| own.get("candlewick")).is_some() {
        return Err(wrong(
            "`candlewick` stands under [dependencies]: a copy of it would be compiled into the plugin; it belongs under \
             [dev-dependencies], for editors only"
                .into(),
        ));
    }
    adapt(&mut table, directory);
    Ok((name, table))
}

fn adapt(table: &mut Table, directory: &Path) {
    table.remove("dev-dependencies");
    // It is nobody's member where it is built.
    table.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
    let library = table.entry("lib").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(library) = library {
        library.insert("crate-type".into(), Value::Array(vec!["cdylib".into()]));
    }
    for section in ["dependencies", "build-dependencies"] {
        if let Some(Value::Table(section)) = table.get_mut(section) {
            section.iter_mut().for_each(|(_, dependency)| make_absolute(dependency, directory));
        }
    }
    if let Some(Value::Table(targets)) = table.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                target.remove("dev-dependencies");
            }
        }
    }
}

/// A dependency by a relative path is meant from where the crate really is.
fn make_absolute(dependency: &mut Value, directory: &Path) {
    let Some(Value::String(path)) = dependency.as_table_mut().and_then(|own| own.get_mut("path")) else { return };
    if let Ok(absolute) = std::path::absolute(directory.join(path.as_str())) {
        *path = absolute.display().to_string();
    }
}

/// The shared library that cargo says it made of the crate there.
fn artifact(messages: &str, copy: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let own = |message: &Json| {
        message["reason"] == "compiler-artifact"
            && message["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(copy))
    };
    let files = messages.filter(own).flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    let mut files = files.filter_map(|file| file.as_str().map(PathBuf::from));
    files.find(|file| file.extension().is_some_and(|extension| extension == "so" || extension == "dylib"))
}

/// In one step, so that nobody loads half a file.
fn keep(made: &Path, place: &Path, file: &Path) -> Result<(), PackageError> {
    let unwritable = |error| PackageError::unwritable(file, &error);
    let parent = place.parent().unwrap_or(place);
    let beside = tempfile::Builder::new().prefix(".built-").tempdir_in(parent).map_err(unwritable)?;
    let name = file.file_name().unwrap_or_default();
    std::fs::copy(made, beside.path().join(name)).map_err(unwritable)?;
    std::fs::create_dir_all(place).map_err(unwritable)?;
    std::fs::rename(beside.path().join(name), file).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapted(text: &str) -> Result<Table, String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Cargo.toml"), text).unwrap();
        manifest(root.path()).map(|(_, table)| table).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_is_changed_for_the_build() {
        let text = "[package]\nname = \"candlewick-plugin-p\"\n[lib]\nname = \"q\"\n[dependencies]\na = \"1\"\n\
                    b = { path = \"../b\" }\n[dev-dependencies]\ncandlewick = { path = \"/c\" }\n\
                    [target.'cfg(unix)'.dev-dependencies]\nd = \"1\"\n";
        let table = adapted(text).unwrap();
        assert_eq!(table["lib"]["crate-type"], Value::Array(vec!["cdylib".into()]));
        assert_eq!(table["lib"]["name"].as_str(), Some("q"));
        assert!(Path::new(table["dependencies"]["b"]["path"].as_str().unwrap()).is_absolute());
        assert!(table.contains_key("workspace") && !table.to_string().contains("dev-dependencies"));
    }

    #[test]
    fn a_manifest_that_cannot_be_right_is_refused() {
        let check = |text: &str, expect: &str| {
            let error = adapted(text).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check("[package]\nname = \"other\"\n", "the crate's name begins with `candlewick-plugin-`");
        check("[package", "Cargo.toml: ");
        check(
            "[package]\nname = \"candlewick-plugin-p\"\n[dependencies]\ncandlewick = \"1\"\n",
            "it belongs under [dev-dependencies], for editors only",
        );
    }
}
