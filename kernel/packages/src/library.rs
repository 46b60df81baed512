//! The library that plugin crates are built for, as this process has it loaded, and who compiled it.
//!
//! Owns where its files are and how it is told from another build. Must not know what is in it. Read [`Library`] first.

use crate::PackageError;
use crate::checksum::sha256_of_file;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the rustc that compiled the library says about itself: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub const RUSTC: &str = env!("CANDLEWICK_RUSTC");

/// The target that the library was compiled for, as rustc names it.
pub const TARGET: &str = env!("CANDLEWICK_TARGET");

/// The directory of an installed kernel that holds what rustc reads of the crates in the library.
pub const CRATES: &str = "crates";

/// The shared library with everything that plugins name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The file.
    pub file: PathBuf,
    /// The directory with the metadata of the crates in it (`.rmeta`) and their procedural macros.
    pub crates: PathBuf,
    /// Its build: the SHA-256 of the file.
    pub build: String,
}

impl Library {
    /// The one of this process.
    ///
    /// # Errors
    /// It cannot be found or read, or there is nothing beside it to compile against.
    pub fn of_this_process() -> Result<Self, PackageError> {
        static LIBRARY: OnceLock<Result<Library, PackageError>> = OnceLock::new();
        LIBRARY.get_or_init(Self::find).clone()
    }

    fn find() -> Result<Self, PackageError> {
        let file = loaded("libcandlewick.").ok_or_else(|| {
            PackageError::Toolchain("this process has no libcandlewick loaded, for which crates could be built".into())
        })?;
        let crates = crates_beside(&file).ok_or_else(|| {
            PackageError::Toolchain(format!(
                "what plugin crates are compiled against is not beside {}: run `cargo run -- install --user` in the \
                 sources of Candlewick again, with cargo in PATH",
                file.display()
            ))
        })?;
        Ok(Self { build: sha256_of_file(&file)?, file, crates })
    }
}

/// The file of this process's memory map whose name begins like this; elsewhere than on Linux the one beside the
/// executable.
pub fn loaded(name: &str) -> Option<PathBuf> {
    if cfg!(target_os = "linux") {
        let map = std::fs::read_to_string("/proc/self/maps").ok()?;
        return map.lines().find_map(|line| mapped_file(line, name));
    }
    beside_executable(name)
}

/// Installed kernels have a directory for it; in a build directory it lies beside the library or in `deps`.
fn crates_beside(library: &Path) -> Option<PathBuf> {
    let directory = library.parent()?;
    let places = [directory.join(CRATES), directory.to_owned(), directory.join("deps")];
    places.into_iter().find(|place| place == &directory.join(CRATES) && place.is_dir() || holds_metadata(place))
}

fn holds_metadata(directory: &Path) -> bool {
    let mut entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("libcandlewick_plugin_api-"))
}

/// The path at the end of a line of a memory map, if its file name begins like this.
fn mapped_file(line: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(&line[line.find('/')?..]);
    path.file_name()?.to_str()?.starts_with(name).then(|| path.to_owned())
}

fn beside_executable(name: &str) -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let files = std::fs::read_dir(executable.parent()?).ok()?.flatten().map(|entry| entry.path());
    let is_library = |path: &PathBuf| path.extension().is_some_and(|own| own == "so" || own == "dylib");
    files.filter(is_library).find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_found_where_builds_and_installations_have_it() {
        let root = tempfile::tempdir().unwrap();
        let library = root.path().join("libcandlewick.so");
        assert_eq!(crates_beside(&library), None);
        let (deps, installed) = (root.path().join("deps"), root.path().join(CRATES));
        std::fs::create_dir(&deps).unwrap();
        std::fs::write(deps.join("libcandlewick_plugin_api-0.rmeta"), "").unwrap();
        assert_eq!(crates_beside(&library), Some(deps));
        std::fs::create_dir(&installed).unwrap();
        assert_eq!(crates_beside(&library), Some(installed));
    }

    #[test]
    fn files_are_found_in_a_memory_map() {
        let line = "7f00-7f01 r-xp 00000000 08:01 42    /a b/libcandlewick.so";
        assert_eq!(mapped_file(line, "libcandlewick."), Some("/a b/libcandlewick.so".into()));
        assert_eq!(mapped_file("7f00-7f01 rw-p 00000000 00:00 0 [heap]", "lib"), None);
    }
}
