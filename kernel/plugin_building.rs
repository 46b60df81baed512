//! What an installed kernel needs to build plugin crates, and what editors read of them.
//!
//! Owns the copies of rustc's metadata and of the sources. Must not know crates themselves. Read [`copy`] first.

use anyhow::{Context, Result};
use candlewick_packages::library::{CRATES, Library};
use candlewick_packages::{PackageFiles, SOURCES, closure, sources};
use std::fs;
use std::path::Path;

/// Of the sources, what a crate that names the library needs for its types.
const OF_SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "kernel", "plugins"];

/// Puts them into a kernel's directory; how many bytes of metadata there are.
///
/// # Errors
/// The compiler is missing or another one, or the operating system refuses.
pub fn copy(kernel: &Path) -> Result<u64> {
    let library = Library::of_this_process()?;
    let crates = kernel.join(CRATES);
    fs::create_dir(&crates)?;
    let mut bytes = 0;
    for file in closure::files(&library)? {
        bytes += link_or_copy(&file, &crates.join(file.file_name().unwrap_or_default()))
            .with_context(|| format!("can't copy {}", file.display()))?;
    }
    copy_sources(&kernel.join(SOURCES)).context("can't copy the sources")?;
    Ok(bytes)
}

/// The compiler replaces such files and never writes into them, so both places may share one.
fn link_or_copy(from: &Path, to: &Path) -> std::io::Result<u64> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(fs::metadata(to)?.len()),
        Err(_) => fs::copy(from, to),
    }
}

fn copy_sources(to: &Path) -> Result<()> {
    let library = sources().context("they are not beside the library")?;
    let root = library.ancestors().nth(2).context("they have no root")?;
    for name in OF_SOURCES {
        let (from, to) = (root.join(name), to.join(name));
        match from.is_dir() {
            true => PackageFiles::of(&from)?.copy_to(&to)?,
            false => {
                fs::create_dir_all(to.parent().unwrap_or(&to))?;
                fs::copy(&from, &to).with_context(|| from.display().to_string())?;
            }
        }
    }
    Ok(())
}
