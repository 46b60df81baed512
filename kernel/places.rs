//! Where things are: our data directory, Jupyter's directories, the parts of the running program.
//!
//! Owns the paths. Must not write anything. Read [`Parts`] first.

use anyhow::{Context, Result, bail};
use candlewick_packages::library::loaded;
use std::path::{Path, PathBuf};

/// The files that a kernel consists of, wherever this process was started from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The executable.
    pub executable: PathBuf,
    /// The library with the worker's code.
    pub library: PathBuf,
    /// Rust's standard library, which the two share.
    pub standard_library: PathBuf,
}

impl Parts {
    /// Those of this very process, so that the copies fit each other.
    ///
    /// # Errors
    /// One can't be found.
    pub fn of_this_process() -> Result<Self> {
        let executable = std::env::current_exe().context("can't find this executable's own path")?;
        let find = |name: &str| {
            loaded(name)
                .or_else(|| beside(&executable, name))
                .with_context(|| format!("can't find {name}…, which this executable was linked with"))
        };
        Ok(Self { library: find("libcandlewick.")?, standard_library: find("libstd-")?, executable })
    }

    /// All of them.
    pub fn all(&self) -> [&Path; 3] {
        [&self.executable, &self.library, &self.standard_library]
    }
}

/// Where Candlewick keeps what it installs for this user.
///
/// # Errors
/// The user has no home directory.
pub fn data_directory() -> Result<PathBuf> {
    match from_environment("XDG_DATA_HOME") {
        Some(directory) => Ok(directory.join("candlewick")),
        None if cfg!(target_os = "macos") => Ok(home()?.join("Library/Application Support/candlewick")),
        None => Ok(home()?.join(".local/share/candlewick")),
    }
}

/// Where an installed kernel's files are.
///
/// # Errors
/// The user has no home directory.
pub fn installed_kernel() -> Result<PathBuf> {
    Ok(data_directory()?.join("kernel"))
}

/// Where Jupyter looks for this user's kernels.
///
/// # Errors
/// The user has no home directory.
pub fn jupyter_user_directory() -> Result<PathBuf> {
    match (from_environment("JUPYTER_DATA_DIR"), from_environment("XDG_DATA_HOME")) {
        (Some(directory), _) => Ok(directory),
        (None, _) if cfg!(target_os = "macos") => Ok(home()?.join("Library/Jupyter")),
        (None, Some(directory)) => Ok(directory.join("jupyter")),
        (None, None) => Ok(home()?.join(".local/share/jupyter")),
    }
}

/// The kernelspec's directory below one of Jupyter's data directories.
pub fn kernelspec_in(jupyter_directory: &Path) -> PathBuf {
    jupyter_directory.join("kernels/candlewick")
}

fn home() -> Result<PathBuf> {
    match std::env::home_dir() {
        Some(home) if !home.as_os_str().is_empty() => Ok(home),
        _ => bail!("can't find the home directory: set HOME"),
    }
}

fn from_environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where there is no memory map to read: the places that the executable was linked to look in.
fn beside(executable: &Path, name: &str) -> Option<PathBuf> {
    let sysroot = std::process::Command::new("rustc").args(["--print", "target-libdir"]).output().ok();
    let sysroot = sysroot.and_then(|output| String::from_utf8(output.stdout).ok());
    let directory = executable.parent()?;
    let places = [Some(directory.to_owned()), Some(directory.join("deps")), sysroot.map(|path| path.trim().into())];
    places.into_iter().flatten().find_map(|place| {
        let files = std::fs::read_dir(place).ok()?.flatten().map(|entry| entry.path());
        files
            .filter(|path| path.extension().is_some_and(|e| e == "so" || e == "dylib"))
            .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)))
    })
}
