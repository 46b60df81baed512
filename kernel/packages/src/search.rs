//! Where plugins are looked for, and what is found in a directory.
//!
//! Must not open more than manifests: whether a script compiles is the worker's business. Read [`find`] first.

use crate::manifest::{CRATE_PREFIX, MANIFEST, Manifest, SCRIPT};
use crate::{Language, PackageError};
use std::path::{Path, PathBuf};

/// The environment variable with more directories, separated as in `PATH`.
pub const PATH_VARIABLE: &str = "CANDLEWICK_PLUGIN_PATH";

/// What a plugin is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One `.rhai` file.
    Script,
    /// A directory with a script, and a manifest if it has one.
    Directory,
    /// A cargo crate named `candlewick-plugin-…`.
    Crate,
}

/// A plugin that is there, as far as can be seen without loading it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The script, or the directory.
    pub path: PathBuf,
    /// What it is made of.
    pub form: Form,
    /// Its manifest; none when it has none, or what is wrong with it.
    pub manifest: Result<Option<Manifest>, PackageError>,
}

impl Found {
    /// The name that its manifest gives it; without one that of its file or directory, for a crate without the prefix.
    pub fn name(&self) -> String {
        let manifest = self.manifest.as_ref().ok().and_then(Option::as_ref);
        manifest.map_or_else(|| plain_name(&self.path), |manifest| manifest.name.clone())
    }

    /// The script to load; none for a crate.
    pub fn script(&self) -> Option<PathBuf> {
        let manifest = self.manifest.as_ref().ok().and_then(Option::as_ref);
        match self.form {
            Form::Script => Some(self.path.clone()),
            Form::Directory => {
                Some(self.path.join(manifest.and_then(|own| own.main.as_deref()).unwrap_or(Path::new(SCRIPT))))
            }
            Form::Crate => None,
        }
    }
}

/// The directories in which plugins are looked for: `plugins` beside the notebook, the user's own, then those of
/// `CANDLEWICK_PLUGIN_PATH`. They need not be there; none stands twice.
pub fn search_paths(notebook: &Path) -> Vec<PathBuf> {
    let named = std::env::var_os(PATH_VARIABLE).unwrap_or_default();
    paths(notebook, user_plugins(), std::env::split_paths(&named))
}

/// Where a user's installed plugins are: `candlewick/plugins` in the user's data directory. None without a home.
pub fn user_plugins() -> Option<PathBuf> {
    let from_environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let data = match from_environment("XDG_DATA_HOME") {
        Some(directory) => directory,
        None if cfg!(target_os = "macos") => home()?.join("Library/Application Support"),
        None => home()?.join(".local/share"),
    };
    Some(data.join("candlewick/plugins"))
}

/// The plugins of a directory, in the order of their file names. What cannot be a plugin is passed over; a plugin whose
/// manifest is broken is found, with what is wrong.
///
/// # Errors
/// A directory that cannot be read.
pub fn find(directory: &Path) -> Result<Vec<Found>, PackageError> {
    let unreadable = |error| PackageError::unreadable(directory, &error);
    let entries = std::fs::read_dir(directory).map_err(unreadable)?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths.iter().filter_map(|path| recognise(path)).collect())
}

/// The plugin at a path.
///
/// # Errors
/// A path that is not there, or at which no plugin can be.
pub fn look(path: &Path) -> Result<Found, PackageError> {
    let metadata = std::fs::metadata(path).map_err(|error| PackageError::unreadable(path, &error))?;
    recognise(path).ok_or_else(|| {
        let reason = if metadata.is_dir() { "it holds none of the files that make one" } else { "it is another file" };
        PackageError::NotAPlugin { path: path.to_owned(), reason: reason.to_owned() }
    })
}

fn paths(notebook: &Path, user: Option<PathBuf>, named: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let all = std::iter::once(notebook.join("plugins")).chain(user).chain(named);
    all.filter(|path| !path.as_os_str().is_empty()).fold(Vec::new(), |mut paths, path| {
        if !paths.contains(&path) {
            paths.push(path);
        }
        paths
    })
}

fn recognise(path: &Path) -> Option<Found> {
    let found = |form, manifest| Some(Found { path: path.to_owned(), form, manifest });
    if path.is_file() {
        return if path.extension().is_some_and(|own| own == "rhai") { found(Form::Script, Ok(None)) } else { None };
    }
    let is_crate = crate_name(path).is_some_and(|name| name.starts_with(CRATE_PREFIX));
    if path.join(MANIFEST).is_file() {
        let manifest = Manifest::of(path);
        let is_rust = matches!(&manifest, Ok(own) if own.language == Language::Rust);
        // A script may be published as a crate, since registries take nothing else.
        let is_script = matches!(&manifest, Ok(own) if own.main.as_ref().is_some_and(|main| path.join(main).is_file()));
        return found(
            if is_rust || is_crate && !is_script { Form::Crate } else { Form::Directory },
            manifest.map(Some),
        );
    }
    match (is_crate, path.join(SCRIPT).is_file()) {
        (true, _) => found(Form::Crate, Ok(None)),
        (false, true) => found(Form::Directory, Ok(None)),
        (false, false) => None,
    }
}

/// The name in a directory's `Cargo.toml`.
fn crate_name(directory: &Path) -> Option<String> {
    let text = std::fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let table: toml::Table = toml::from_str(&text).ok()?;
    Some(table.get("package")?.get("name")?.as_str()?.to_owned())
}

fn plain_name(path: &Path) -> String {
    let file = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = crate_name(path).unwrap_or_else(|| file.unwrap_or_default().to_string_lossy().into_owned());
    name.strip_prefix(CRATE_PREFIX).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_directory_gives_its_plugins_in_the_order_of_names() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        write(&at("zeta.rhai"), "");
        write(&at("alpha.rhai"), "");
        write(&at("notes.txt"), "");
        write(&at(".hidden.rhai"), "");
        write(&at("empty/x.txt"), "");
        write(&at("bare/plugin.rhai"), "");
        write(&at("packed/plugin.toml"), "[plugin]\nname = \"inner\"\nmain = \"a.rhai\"\n");
        write(&at("broken/plugin.toml"), "[plugin\n");
        write(&at("fast/Cargo.toml"), "[package]\nname = \"candlewick-plugin-quick\"\n");
        write(&at("other/Cargo.toml"), "[package]\nname = \"serde\"\n");
        write(&at("published/Cargo.toml"), "[package]\nname = \"candlewick-plugin-script\"\n");
        write(&at("published/plugin.toml"), "[plugin]\nname = \"script\"\n");
        write(&at("published/plugin.rhai"), "");
        let found = find(directory.path()).unwrap();
        let seen: Vec<_> = found.iter().map(|own| (own.name(), own.form, own.manifest.is_ok())).collect();
        let expect = [
            ("alpha", Form::Script, true),
            ("bare", Form::Directory, true),
            ("broken", Form::Directory, false),
            ("quick", Form::Crate, true),
            ("inner", Form::Directory, true),
            ("script", Form::Directory, true),
            ("zeta", Form::Script, true),
        ];
        assert_eq!(seen, expect.map(|(name, form, ok)| (name.to_owned(), form, ok)));
        assert_eq!(found[4].script(), Some(at("packed/a.rhai")));
        assert_eq!((found[0].script(), found[3].script()), (Some(at("alpha.rhai")), None));
    }

    #[test]
    fn a_path_without_a_plugin_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(find(&directory.path().join("gone")), Err(PackageError::Unreadable { .. })));
        assert!(matches!(look(&directory.path().join("gone.rhai")), Err(PackageError::Unreadable { .. })));
        let error = look(directory.path()).unwrap_err().to_string();
        assert!(error.contains("is no plugin: it holds none of the files that make one; a plugin is"), "{error}");
    }

    #[test]
    fn search_paths_stand_once_and_in_order() {
        let named = ["/b", "", "/u"].map(PathBuf::from).into_iter();
        let expect = ["/n/plugins", "/u", "/b"].map(PathBuf::from);
        assert_eq!(paths(Path::new("/n"), Some("/u".into()), named), expect);
    }
}
