//! One package as far as it can be read without running it: name, version, what it needs.
//!
//! Must not know where packages are installed. Read [`Package::at`] first.

use crate::{Form, MANIFEST, PackageError, look};
use semver::{Version, VersionReq};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A plugin's package.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// The script, or the directory.
    pub path: PathBuf,
    /// What it is made of.
    pub form: Form,
    /// The plugin's name.
    pub name: String,
    /// The version that its manifest gives; a script without a manifest has none that can be read from outside.
    pub version: Option<Version>,
    /// The plugins that it needs.
    pub needs: Vec<Need>,
}

/// A plugin that another one needs: `name`, or `name >=1.2, <2` as Cargo writes ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The plugin's name.
    pub name: String,
    /// The versions that will do.
    pub versions: VersionReq,
}

impl Package {
    /// The package at a path, checked as far as that is possible without running it.
    ///
    /// # Errors
    /// A path at which no plugin is, a broken manifest, a name that is no name of a directory, a malformed version or
    /// dependency, or a script that is not there.
    pub fn at(path: &Path) -> Result<Self, PackageError> {
        let found = look(path)?;
        let name = found.name();
        check_name(&name)?;
        let manifest = found.manifest.clone()?;
        if let Some(script) = found.script().filter(|script| !script.is_file()) {
            return Err(PackageError::NotAPlugin {
                path: path.to_owned(),
                reason: format!("its script {} is not there", script.display()),
            });
        }
        let metadata = manifest.map(|manifest| manifest.metadata).unwrap_or_default();
        let wrong =
            |message: String| PackageError::Manifest { path: path.join(MANIFEST), line: None, column: None, message };
        let version = match metadata.get("version").and_then(Value::as_str) {
            Some(text) => Some(Version::parse(text).map_err(|error| {
                wrong(format!("version `{text}` is not a semantic version ({error}); write `1.0.0`"))
            })?),
            None if found.form == Form::Crate => crate_version(path),
            None => None,
        };
        let needs = metadata.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let needs =
            needs.map(|need| need.as_str().unwrap_or_default().parse().map_err(&wrong)).collect::<Result<_, _>>()?;
        Ok(Self { path: found.path, form: found.form, name, version, needs })
    }

    /// The version as text; empty where there is none.
    pub fn version_text(&self) -> String {
        self.version.as_ref().map(Version::to_string).unwrap_or_default()
    }
}

impl Need {
    /// Whether a version will do. A plugin without one does when any version would.
    pub fn is_met_by(&self, version: Option<&Version>) -> bool {
        version.map_or(self.versions == VersionReq::STAR, |version| self.versions.matches(version))
    }
}

impl std::str::FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, range) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), "*"));
        let wrong = |why: String| format!("`{text}` is no dependency: {why}; write `name` or `name >=1.2, <2`");
        let versions = VersionReq::parse(range.trim()).map_err(|error| wrong(error.to_string()))?;
        if name.is_empty() {
            return Err(wrong("it has no name".into()));
        }
        Ok(Self { name: name.to_owned(), versions })
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.versions == VersionReq::STAR {
            true => f.write_str(&self.name),
            false => write!(f, "{} {}", self.name, self.versions),
        }
    }
}

/// Whether a text can be a plugin's name, which is a directory's name too: it begins with a letter or digit; letters,
/// digits, `.`, `_` and `-` follow, 128 at most (the ids of seed 001).
///
/// # Errors
/// What is wrong, and what to write.
pub fn check_name(name: &str) -> Result<(), PackageError> {
    let wrong = |reason: &str| Err(PackageError::Name { name: name.to_owned(), reason: reason.to_owned() });
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return wrong("it begins with a letter or digit, as `early_stop` does");
    }
    if let Some(bad) = name.chars().find(|c| !inside(*c)) {
        return wrong(&format!("it takes letters, digits, `.`, `_` and `-`, not `{bad}`"));
    }
    if name.len() > 128 { wrong("it takes 128 letters at most") } else { Ok(()) }
}

fn crate_version(directory: &Path) -> Option<Version> {
    let text = std::fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let table: toml::Table = toml::from_str(&text).ok()?;
    Version::parse(table.get("package")?.get("version")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_of_directories() {
        let check = |name: &str, expect| assert_eq!(check_name(name).is_ok(), expect, "{name}");
        for good in ["a", "early_stop", "9.1-x"] {
            check(good, true);
        }
        for bad in ["", ".", "..", "../x", "a/b", "-a", "a b", "é", "x\\y", &"a".repeat(129)] {
            check(bad, false);
        }
    }

    #[test]
    fn a_manifest_gives_version_and_needs() {
        let root = tempfile::tempdir().unwrap();
        let package = |version: &str, needs: &str| {
            let text = format!("[plugin]\nname = \"p\"\nversion = \"{version}\"\ndependencies = [{needs}]\n");
            std::fs::write(root.path().join("plugin.toml"), text).unwrap();
            Package::at(root.path()).map_err(|error| error.to_string())
        };
        assert!(package("1.0.0", "").unwrap_err().contains("plugin.rhai is not there"));
        std::fs::write(root.path().join("plugin.rhai"), "").unwrap();
        let read = package("1.2.0", "\"a >=1, <2\", \"b\"").unwrap();
        assert_eq!(read.version_text(), "1.2.0");
        assert_eq!(read.needs.iter().map(Need::to_string).collect::<Vec<_>>(), ["a >=1, <2", "b"]);
        assert!(package("1.2", "").unwrap_err().contains("version `1.2` is not a semantic version"));
        assert!(package("1.2.0", "\"a one\"").unwrap_err().contains("`a one` is no dependency"));
    }
}
