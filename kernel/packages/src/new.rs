//! A new package, which passes its own tests.
//!
//! Must not know how it is checked or run. Read [`new`] first; the files are in `template/`.

use crate::files::write;
use crate::library::loaded;
use crate::{CRATE_PREFIX, Language, PackageError, check_name};
use std::path::{Path, PathBuf};

const CASES: &str = "tests/cases.rhai";

/// Writes a package for a plugin of that name into a new directory below `parent`, which is made too; the directory.
///
/// # Errors
/// A name that no plugin can have, a directory that is there already, or the operating system refuses.
pub fn new(parent: &Path, name: &str, language: Language) -> Result<PathBuf, PackageError> {
    check(name)?;
    let files = match language {
        Language::Rhai => script(name),
        Language::Rust => rust(name),
    };
    let directory = directory_of(parent, name, language);
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::create_dir(&directory))
        .map_err(|error| PackageError::unwritable(&directory, &error))?;
    for (path, text) in files {
        write(&directory.join(path), text.as_bytes())?;
    }
    Ok(directory)
}

/// The directory that [`new`] makes.
pub fn directory_of(parent: &Path, name: &str, language: Language) -> PathBuf {
    parent.join(match language {
        Language::Rhai => name.to_owned(),
        Language::Rust => format!("{CRATE_PREFIX}{name}"),
    })
}

/// Where the library's sources are, for editors: those that were installed, or those that it is built from here.
pub fn sources() -> Option<PathBuf> {
    let library = loaded("libcandlewick.")?;
    let installed = library.parent()?.join(crate::SOURCES);
    let places = std::iter::once(installed).chain(library.ancestors().map(Path::to_owned));
    places.map(|place| place.join("kernel/candlewick")).find(|place| place.join("Cargo.toml").is_file())
}

/// A crate's name takes less than a plugin's, so that a plugin can go from one language to the other.
fn check(name: &str) -> Result<(), PackageError> {
    check_name(name)?;
    let wrong = |reason: &str| Err(PackageError::Name { name: name.to_owned(), reason: reason.to_owned() });
    if name.contains('.') {
        return wrong("a new one takes letters, digits, `_` and `-`");
    }
    if name.starts_with(CRATE_PREFIX) {
        return wrong(&format!("`{CRATE_PREFIX}` is put before it by itself"));
    }
    if name.len() > 40 { wrong("a new one takes 40 letters at most") } else { Ok(()) }
}

fn script(name: &str) -> Vec<(&'static str, String)> {
    let files = [
        ("plugin.toml", include_str!("template/plugin.toml")),
        ("plugin.rhai", include_str!("template/plugin.rhai")),
        (CASES, include_str!("template/cases.rhai")),
    ];
    files.map(|(path, text)| (path, text.replace("{NAME}", name))).into()
}

fn rust(name: &str) -> Vec<(&'static str, String)> {
    let files = [
        ("Cargo.toml", include_str!("template/crate.toml")),
        ("build.rs", include_str!("template/build.rs.txt")),
        ("src/lib.rs", include_str!("template/lib.rs.txt")),
        (CASES, include_str!("template/cases.rhai")),
        (".gitignore", "/target\n"),
    ];
    let sources = sources().unwrap_or_else(|| PathBuf::from("."));
    let sources = toml::Value::String(sources.display().to_string()).to_string();
    files.map(|(path, text)| (path, text.replace("{NAME}", name).replace("{SOURCES}", &sources))).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Form, Package};

    #[test]
    fn a_new_package_is_one() {
        let root = tempfile::tempdir().unwrap();
        let check = |language, form, version: &str| {
            let package = Package::at(&new(root.path(), "calm", language).unwrap()).unwrap();
            assert_eq!((package.name.as_str(), package.form, package.version_text().as_str()), ("calm", form, version));
            assert!(package.path.join(CASES).is_file());
            let again = new(root.path(), "calm", language).unwrap_err().to_string();
            assert!(again.contains("cannot be written"), "{again}");
        };
        check(Language::Rhai, Form::Directory, "0.1.0");
        check(Language::Rust, Form::Crate, "0.1.0");
    }

    #[test]
    fn names_are_checked() {
        let root = tempfile::tempdir().unwrap();
        for name in ["", "../x", "a b", "a.b", "-x", "candlewick-plugin-x", &"x".repeat(41)] {
            assert!(matches!(new(root.path(), name, Language::Rhai), Err(PackageError::Name { .. })), "{name}");
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
