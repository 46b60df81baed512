//! The directory of one compiler process: what lies where, and the scripts through which evcxr finds its tools.
//!
//! Owns names of files in it. Must not know what a cell is. Read [`Directory`] first.
//!
//! evcxr looks for cargo and rustc by itself, and the rust-analyzer inside it would read the standard library and every
//! dependency to know the types of variables, which rustc tells us (seconds and a gigabyte). So each finds what it should:
//! evcxr a `rustup` that names a `cargo` that starts the right one; rust-analyzer a `cargo` that knows one crate without
//! dependencies, and an empty standard library.

use crate::CompilerError;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The scripts: path and text. They take what they need from the environment that [`crate::environment`] makes.
const SCRIPTS: [(&str, &str); 6] = [
    ("bin/rustup", include_str!("scripts/rustup")),
    ("bin/cargo", include_str!("scripts/cargo")),
    ("bin/rustc-wrapper", include_str!("scripts/rustc-wrapper")),
    // Where `CARGO_HOME` and `RUSTC` of the compiler process lead.
    ("starved/bin/cargo", include_str!("scripts/starved-cargo")),
    ("starved/bin/rustup", "#!/bin/sh\nexit 1\n"),
    ("starved/bin/rustc", include_str!("scripts/starved-rustc")),
];

/// A directory that one session's compiler processes use, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes what is missing in it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn prepare(path: &Path) -> Result<Self, CompilerError> {
        let path = std::path::absolute(path).map_err(|error| CompilerError::unwritable(path, &error))?;
        let directory = Self(path);
        for below in ["bin", "starved/bin", "starved/library/core/src", "session/src", "configuration", "builds"] {
            directory.make(below)?;
        }
        for (name, text) in SCRIPTS {
            directory.write(name, text)?;
            directory.make_executable(name)?;
        }
        directory.write("starved/library/core/src/lib.rs", "")?;
        directory.write("starved/metadata.json", &directory.metadata())?;
        Ok(directory)
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Where evcxr writes and compiles. It is always the same, so that the types that cells define keep their ids when
    /// the compiler process is started anew.
    pub fn session(&self) -> PathBuf {
        self.join("session")
    }

    /// The source that was compiled last.
    pub fn built_source(&self) -> PathBuf {
        self.join("session/src/lib.rs")
    }

    /// Where relays connect.
    pub fn relay_socket(&self) -> PathBuf {
        self.join("relay.sock")
    }

    /// What rustc said last about the cells' crate, a JSON object a line.
    pub fn diagnostics(&self) -> PathBuf {
        self.join("diagnostics")
    }

    /// The pipe in which builds of dependencies are told.
    pub fn progress(&self) -> PathBuf {
        self.join("progress")
    }

    /// The session's state, for the next compiler process.
    pub fn journal(&self) -> PathBuf {
        self.join("journal.json")
    }

    /// While this file exists rustc runs at low priority. It is the script that lowers it, because what a process has
    /// lowered for itself it cannot raise again.
    pub fn low_priority(&self) -> PathBuf {
        self.join("low-priority")
    }

    /// A number that is part of the ids of all types that cells define.
    pub fn types(&self) -> PathBuf {
        self.join("types")
    }

    /// Gives a built library a name that no other one had: the system does not load a second file of the same name.
    ///
    /// # Errors
    /// It cannot be moved.
    pub fn keep_build(&self, file: &Path) -> Result<PathBuf, CompilerError> {
        let kept = |number: usize| self.join(&format!("builds/cell-{number}.so"));
        let builds = fs::read_dir(self.join("builds")).map_or(0, Iterator::count);
        let mut number = builds;
        while kept(number).exists() {
            number += 1;
        }
        fs::rename(file, kept(number)).map_err(|error| CompilerError::unwritable(&kept(number), &error))?;
        Ok(kept(number))
    }

    fn make(&self, below: &str) -> Result<(), CompilerError> {
        let path = self.join(below);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| CompilerError::unwritable(&path, &error))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), CompilerError> {
        let path = self.join(name);
        fs::write(&path, text).map_err(|error| CompilerError::unwritable(&path, &error))
    }

    fn make_executable(&self, name: &str) -> Result<(), CompilerError> {
        let path = self.join(name);
        let made = fs::set_permissions(&path, fs::Permissions::from_mode(0o700));
        made.map_err(|error| CompilerError::unwritable(&path, &error))
    }

    /// What `cargo metadata --no-deps` says of the crate that evcxr writes.
    fn metadata(&self) -> String {
        let session = self.session();
        let id = format!("path+file://{}#ctx@1.0.0", session.display());
        let target = json!({
            "kind": ["cdylib"], "crate_types": ["cdylib"], "name": "ctx", "src_path": session.join("src/lib.rs"),
            "edition": "2024", "doc": true, "doctest": false, "test": true,
        });
        let package = json!({
            "name": "ctx", "version": "1.0.0", "id": id, "source": null, "dependencies": [], "targets": [target],
            "features": {}, "manifest_path": session.join("Cargo.toml"), "edition": "2024",
        });
        let metadata = json!({
            "packages": [package], "workspace_members": [id], "workspace_default_members": [id], "resolve": null,
            "target_directory": session.join("target"), "version": 1, "workspace_root": session, "metadata": null,
        });
        metadata.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_keep_names_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::prepare(root.path()).unwrap();
        let built = root.path().join("built.so");
        let keep = |text: &str| {
            fs::write(&built, text).unwrap();
            directory.keep_build(&built).unwrap()
        };
        let (first, second) = (keep("1"), keep("2"));
        assert_ne!(first, second);
        fs::remove_file(&first).unwrap();
        let third = keep("3");
        assert_eq!(fs::read_to_string(&second).unwrap(), "2");
        assert_eq!(fs::read_to_string(third).unwrap(), "3");
        // A second process finds the same directory.
        Directory::prepare(root.path()).unwrap();
        assert!(!built.exists() && second.exists());
    }
}
