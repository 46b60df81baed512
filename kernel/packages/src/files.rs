//! Which files of a directory belong to a package.
//!
//! Must not know what they hold. Read [`PackageFiles`] first.

use crate::PackageError;
use crate::checksum::sha256;
use std::path::{Path, PathBuf};

/// What a package may have at most, packed or not: it holds source text, not data.
pub const MOST_FILES: usize = 2_000;
/// Bytes of all its files.
pub const MOST_BYTES: u64 = 64 << 20;

/// The files of a package: all but hidden ones and what a build leaves (`target`), in the order of their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFiles {
    root: PathBuf,
    /// Relative to the root.
    paths: Vec<PathBuf>,
}

impl PackageFiles {
    /// Those of a directory.
    ///
    /// # Errors
    /// A directory that cannot be read, a link (it may lead out of the package), or more than a package may hold.
    pub fn of(root: &Path) -> Result<Self, PackageError> {
        let mut files = Self { root: root.to_owned(), paths: Vec::new() };
        let mut bytes = 0;
        files.add(Path::new(""), &mut bytes)?;
        files.paths.sort();
        Ok(files)
    }

    /// Their paths, relative to the root.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// One hash over all paths and contents.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hash(&self) -> Result<String, PackageError> {
        let mut text = String::new();
        for path in &self.paths {
            text.push_str(&format!("{} {}\n", sha256(&self.read(path)?), path.display()));
        }
        Ok(sha256(text.as_bytes()))
    }

    /// Copies them below another directory.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn copy_to(&self, directory: &Path) -> Result<(), PackageError> {
        for path in &self.paths {
            write(&directory.join(path), &self.read(path)?)?;
        }
        Ok(())
    }

    /// The content of one of them.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, PackageError> {
        let path = self.root.join(path);
        std::fs::read(&path).map_err(|error| PackageError::unreadable(&path, &error))
    }

    fn add(&mut self, below: &Path, bytes: &mut u64) -> Result<(), PackageError> {
        let directory = self.root.join(below);
        let unreadable = |error| PackageError::unreadable(&directory, &error);
        for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(unreadable)?);
            if name.to_string_lossy().starts_with('.') || (name == "target" && kind.is_dir()) {
                continue;
            }
            let path = below.join(name);
            if kind.is_dir() {
                self.add(&path, bytes)?;
            } else if kind.is_file() {
                *bytes += entry.metadata().map_err(unreadable)?.len();
                self.paths.push(path);
                self.check_size(*bytes)?;
            } else {
                let reason = "it is a link or a device; a package holds plain files";
                return Err(PackageError::Unreadable { path: self.root.join(path), reason: reason.into() });
            }
        }
        Ok(())
    }

    fn check_size(&self, bytes: u64) -> Result<(), PackageError> {
        if self.paths.len() <= MOST_FILES && bytes <= MOST_BYTES {
            return Ok(());
        }
        let reason =
            format!("it holds more than a package may: {MOST_FILES} files, {} MiB altogether", MOST_BYTES >> 20);
        Err(PackageError::Unreadable { path: self.root.clone(), reason })
    }
}

/// Writes a file, its directories too.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), PackageError> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, content)).map_err(|error| PackageError::unwritable(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_build_output_do_not_belong() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b/y.rhai", "b.rhai", "a", ".git/x", ".hidden", "target/debug/x", "b/target"] {
            write(&root.path().join(name), name.as_bytes()).unwrap();
        }
        let files = PackageFiles::of(root.path()).unwrap();
        assert_eq!(files.paths(), ["a", "b/target", "b/y.rhai", "b.rhai"].map(PathBuf::from));
        let hash = files.hash().unwrap();
        let copy = tempfile::tempdir().unwrap();
        files.copy_to(copy.path()).unwrap();
        assert_eq!(PackageFiles::of(copy.path()).unwrap().hash().unwrap(), hash);
        write(&copy.path().join("a"), b"other").unwrap();
        assert_ne!(PackageFiles::of(copy.path()).unwrap().hash().unwrap(), hash);
    }

    #[test]
    fn links_are_refused() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        let error = PackageFiles::of(root.path()).unwrap_err().to_string();
        assert!(error.contains("link cannot be read: it is a link"), "{error}");
    }
}
