//! The compiler and the library that cells are compiled with, or why there is none.
//!
//! Must not know how they are started. Read [`Tools`] first.

use candlewick_packages::library::Library;
use candlewick_packages::{Toolchain, linker};
use std::path::PathBuf;

/// Where everything is that a cell's compilation needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tools {
    /// cargo, as rustup would start it.
    pub cargo: PathBuf,
    /// rustc, the same.
    pub rustc: PathBuf,
    /// The library that is called `candlewick` in cells.
    pub library: PathBuf,
    /// What it was compiled from.
    pub crates: PathBuf,
}

impl Tools {
    /// Those that fit the library.
    ///
    /// # Errors
    /// What is missing or different, and what to run.
    pub fn find() -> Result<Self, String> {
        let Library { file, crates, .. } = Library::of_this_process().map_err(|error| error.to_string())?;
        let toolchain = Toolchain::find().map_err(|error| error.to_string())?;
        linker().map_err(|error| error.to_string())?;
        let (cargo, rustc) = (toolchain.cargo().to_owned(), toolchain.rustc().to_owned());
        Ok(Self { cargo, rustc, library: file, crates })
    }

    /// The sources of the standard library, where the toolchain has them.
    pub fn standard_library(&self) -> Option<PathBuf> {
        let sysroot = self.rustc.parent()?.parent()?;
        Some(sysroot.join("lib/rustlib/src/rust/library")).filter(|sources| sources.is_dir())
    }

    /// What has disappeared since, and what to do; none when all is there.
    pub fn missing(&self) -> Option<String> {
        let paths = [&self.rustc, &self.cargo, &self.library, &self.crates];
        let gone = paths.into_iter().find(|path| path.is_absolute() && !path.exists())?;
        let path = gone.display();
        Some(format!(
            "{path}, with which Rust cells are compiled, is not there any more; put it back (`candlewick doctor` says what is missing)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_disappears_is_named() {
        let root = tempfile::tempdir().unwrap();
        let there = root.path().to_owned();
        let tools = Tools { cargo: "cargo".into(), rustc: there.join("rustc"), library: there.clone(), crates: there };
        assert!(tools.missing().unwrap().contains("rustc, with which Rust cells are compiled, is not there any more"));
        std::fs::write(&tools.rustc, "").unwrap();
        assert_eq!(tools.missing(), None);
    }
}
