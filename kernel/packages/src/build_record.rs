//! What a built plugin says about its build, in plain bytes that are read before anything of it is called or loaded.
//!
//! The macro `candlewick::plugin!` writes them into the plugin, from the variables that [`RUSTC_VARIABLE`] and
//! [`LIBRARY_VARIABLE`] name. Read [`BuildRecord`] first.

use crate::PackageError;
use crate::library::{Library, RUSTC};
use std::path::Path;

/// What stands before a record in a built plugin; NUL ends each of the two texts behind it.
///
/// The macro spells it out: a constant of this crate would be found in the library instead.
pub const MARK: &[u8] = b"candlewick plugin record 1: ";
/// The environment variable in which a build is told the compiler.
pub const RUSTC_VARIABLE: &str = "CANDLEWICK_RUSTC";
/// The environment variable in which a build is told the library.
pub const LIBRARY_VARIABLE: &str = "CANDLEWICK_LIBRARY";

/// Compiler and library that a plugin was built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildRecord {
    /// What rustc said about itself.
    pub rustc: String,
    /// The library's build.
    pub library: String,
}

impl BuildRecord {
    /// The record of a built file; none where there is none.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let at = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
        let mut texts = bytes[at..].split(|byte| *byte == 0).map(|text| std::str::from_utf8(text).ok());
        Some(Self { rustc: texts.next()??.to_owned(), library: texts.next()??.to_owned() })
    }

    /// Refuses a built file that does not fit a library.
    ///
    /// # Errors
    /// A file that cannot be read, has no record, or was built by another rustc or for another library.
    pub fn check(file: &Path, library: &Library) -> Result<(), PackageError> {
        let bytes = std::fs::read(file).map_err(|error| PackageError::unreadable(file, &error))?;
        let refused = |reason: String| Err(PackageError::Record { path: file.to_owned(), reason });
        let again = "build it again: load its crate, or run `candlewick plugins test` on it";
        match Self::find(&bytes) {
            None => refused("it has no record of its build; a plugin crate says `candlewick::plugin!(TYPE);`".into()),
            Some(own) if own.rustc != RUSTC => {
                refused(format!("it was compiled by {}, and this library by {RUSTC}; {again}", own.rustc))
            }
            Some(own) if own.library != library.build => refused(format!(
                "it was compiled for another build of the library ({}), and this is {}; {again}",
                short(&own.library),
                short(&library.build)
            )),
            Some(_) => Ok(()),
        }
    }
}

/// Enough of a digest to tell builds apart by eye.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(rustc: &str, build: &str) -> Vec<u8> {
        [b"\x7fELF....", MARK, rustc.as_bytes(), b"\0", build.as_bytes(), b"\0rest"].concat()
    }

    #[test]
    fn a_plugin_of_another_build_is_refused_with_the_reason() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("p.so");
        let library = Library { file: "l.so".into(), crates: "deps".into(), build: "b".repeat(64) };
        let check = |bytes: &[u8], expect: &str| {
            std::fs::write(&file, bytes).unwrap();
            let found = BuildRecord::check(&file, &library).map_err(|error| error.to_string());
            assert!(found.as_ref().err().map_or(expect.is_empty(), |error| error.contains(expect)), "{found:?}");
        };
        check(&built(RUSTC, &library.build), "");
        check(&built("rustc 1.70.0", &library.build), "it was compiled by rustc 1.70.0, and this library by rustc 1.");
        check(&built(RUSTC, &"a".repeat(64)), "another build of the library (aaaaaaaaaaaa), and this is bbbbbbbbbbbb");
        check(b"\x7fELF", "it has no record of its build");
        check(&[MARK, b"rustc"].concat(), "it has no record");
        assert!(BuildRecord::check(&root.path().join("gone"), &library).is_err());
    }
}
