//! `candlewick install`, `uninstall` and the release archive.
//!
//! Owns the copies in the user's data directory and the list of kernelspecs that point at them. Must not know what a
//! kernelspec says. Read [`install`] first.

use crate::kernelspec;
use crate::places::{Parts, data_directory, installed_kernel, jupyter_user_directory, kernelspec_in};
use crate::plugin_building;
use crate::python::Python;
use crate::replace::{replace_directory, replace_file};
use crate::terminal::say;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Whom a kernel is installed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every Jupyter of this user.
    User,
    /// The Jupyter of the Python that `python3` is.
    SysPrefix,
    /// The Jupyter under this prefix.
    Prefix(PathBuf),
}

/// Copies this program's parts into the user's data directory and tells Jupyter about them.
///
/// # Errors
/// A part can't be found or copied, or the kernelspec can't be written.
pub fn install(audience: &Audience) -> Result<bool> {
    let kernel = installed_kernel()?;
    let program = copy_parts(&Parts::of_this_process()?, &kernel)?;
    let kernelspec = kernelspec_in(&jupyter_directory(audience)?);
    kernelspec::write(&kernelspec, &program)?;
    remember(&kernelspec)?;
    say(&format!("kernel: {}\nkernelspec: {}", program.display(), kernelspec.display()));
    Ok(true)
}

/// Removes what [`install`] put anywhere, and nothing else.
///
/// # Errors
/// The operating system refuses.
pub fn uninstall() -> Result<bool> {
    let kernel = installed_kernel()?;
    let mut removed = Vec::new();
    for kernelspec in remembered()? {
        // One that starts something else was put there by somebody else meanwhile.
        if kernelspec::program(&kernelspec).is_some_and(|program| program.starts_with(&kernel)) {
            remove(&kernelspec)?;
            removed.push(kernelspec);
        }
    }
    if kernel.exists() {
        remove(&kernel)?;
        removed.push(kernel);
    }
    let _ = fs::remove_file(list()?);
    match removed.is_empty() {
        true => say("nothing was installed"),
        false => removed.iter().for_each(|path| say(&format!("removed {}", path.display()))),
    }
    Ok(true)
}

/// Makes a release archive: a gzipped tar of one directory `candlewick` with this program's parts, from which
/// `candlewick/candlewick install` installs.
///
/// # Errors
/// A part can't be found, or the archive can't be written.
pub fn pack(archive: &Path) -> Result<bool> {
    let parts = Parts::of_this_process()?;
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for part in parts.all() {
        let name = Path::new("candlewick").join(part.file_name().unwrap_or_default());
        tar.append_path_with_name(part, name).with_context(|| format!("can't pack {}", part.display()))?;
    }
    let bytes = tar.into_inner()?.finish()?;
    replace_file(archive, &bytes).with_context(|| format!("can't write {}", archive.display()))?;
    say(&format!("{}: {} bytes", archive.display(), bytes.len()));
    Ok(true)
}

/// The kernelspecs that [`install`] wrote and nobody uninstalled.
///
/// # Errors
/// The list of them is damaged, or the user has no home directory.
pub fn remembered() -> Result<Vec<PathBuf>> {
    let list = list()?;
    match fs::read(&list) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is damaged", list.display())),
        Err(_) => Ok(Vec::new()),
    }
}

/// The installed executable. All parts lie in one directory, where the executable looks for the libraries first.
fn copy_parts(parts: &Parts, kernel: &Path) -> Result<PathBuf> {
    let program = kernel.join("candlewick");
    if parts.executable == program {
        return Ok(program);
    }
    let copied = replace_directory(kernel, |new| {
        for part in parts.all() {
            let name = part.file_name().unwrap_or_default();
            fs::copy(part, new.join(name)).with_context(|| format!("can't copy {}", part.display()))?;
        }
        copy_what_builds_plugins(new);
        Ok(fs::rename(new.join(parts.executable.file_name().unwrap_or_default()), new.join("candlewick"))?)
    });
    copied.with_context(|| format!("can't install into {}", kernel.display()))?;
    Ok(program)
}

/// Everything else works without a compiler, so its absence is no failure.
fn copy_what_builds_plugins(kernel: &Path) {
    match plugin_building::copy(kernel) {
        Ok(bytes) => say(&format!("for building Rust plugins: {} MB", bytes / 1_000_000)),
        Err(error) => {
            let _ = fs::remove_dir_all(kernel.join(candlewick_packages::library::CRATES));
            say(&format!("Rust plugins can't be built by this installation: {error:#}"));
        }
    }
}

fn jupyter_directory(audience: &Audience) -> Result<PathBuf> {
    Ok(match audience {
        Audience::User => jupyter_user_directory()?,
        Audience::SysPrefix => Python::find()?.prefix()?.join("share/jupyter"),
        Audience::Prefix(prefix) => std::path::absolute(prefix)?.join("share/jupyter"),
    })
}

/// Notes a kernelspec for [`uninstall`].
fn remember(kernelspec: &Path) -> Result<()> {
    let mut all = remembered()?;
    if !all.iter().any(|other| other == kernelspec) {
        all.push(kernelspec.to_owned());
    }
    Ok(replace_file(&list()?, &serde_json::to_vec_pretty(&all)?)?)
}

/// The file that lists the kernelspecs that were written.
fn list() -> Result<PathBuf> {
    Ok(data_directory()?.join("kernelspecs.json"))
}

fn remove(directory: &Path) -> Result<()> {
    fs::remove_dir_all(directory).with_context(|| format!("can't remove {}", directory.display()))
}
