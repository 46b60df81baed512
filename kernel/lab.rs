//! `candlewick lab`: JupyterLab of its own, made when it is not there.
//!
//! Owns the environment under the user's data directory. Must not know the kernel. Read [`open`] first.

use crate::kernelspec;
use crate::places::{data_directory, kernelspec_in};
use crate::python::Python;
use crate::terminal::{is_watched, pass, say};
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every package with its version, as one installation that was tried.
const PACKAGES: &str = include_str!("lab-packages.txt");
/// Written last, with the packages: an environment without it, or with others, is made anew.
const STAMP: &str = "candlewick-packages.txt";
/// Jupyter's server throws away what a cell shows beyond 1 MB a second, tables and pictures too. It does so because
/// kernels may send thousands of small messages; this one merges its text and never comes near the other limit, of 1000
/// messages a second, which stays. 0 means no limit; a later argument of the user's wins.
const DATA_RATE_LIMIT: &str = "--ZMQChannelsWebsocketConnection.iopub_data_rate_limit=0";
/// Set for kernels of a server without that limit: they need not hold text back.
pub const NO_DATA_LIMIT: &str = "CANDLEWICK_NO_DATA_LIMIT";
/// JupyterLab asks nobody's server for news.
const SETTINGS: &str =
    r#"{"@jupyterlab/apputils-extension:notification": {"checkForUpdates": false, "fetchNews": "false"}}"#;

/// Opens JupyterLab on a directory; this process becomes it, so a return is an error.
///
/// # Errors
/// There is no Python, no package index, or no such directory.
pub fn open(directory: Option<&Path>, no_browser: bool, arguments: &[OsString]) -> Result<bool> {
    let notebooks = match directory {
        Some(directory) => directory.to_owned(),
        None => notebooks()?,
    };
    if !notebooks.is_dir() {
        bail!("there is no directory {} to open", notebooks.display());
    }
    let environment = lab_directory()?;
    set_up(&environment)?;
    kernelspec::write(&kernelspec_in(&environment.join("share/jupyter")), &std::env::current_exe()?)?;
    let mut jupyter = command(&environment);
    jupyter.arg(notebooks).arg(DATA_RATE_LIMIT).args(no_browser.then_some("--no-browser")).args(arguments);
    let error = jupyter.exec();
    Err(error).context("JupyterLab can't be started")
}

/// The environment's directory.
///
/// # Errors
/// The user has no home directory.
pub fn lab_directory() -> Result<PathBuf> {
    Ok(data_directory()?.join("lab"))
}

/// Whether the environment is there with all its packages.
pub fn is_complete(environment: &Path) -> bool {
    fs::read_to_string(environment.join(STAMP)).is_ok_and(|packages| packages == PACKAGES)
}

/// Makes the environment unless it is complete. Of two at once, the second waits for the first.
fn set_up(environment: &Path) -> Result<()> {
    let data = data_directory()?;
    fs::create_dir_all(&data).with_context(|| format!("can't make {}", data.display()))?;
    let lock = File::create(data.join("lab.lock"))?;
    lock.lock()?;
    if is_complete(environment) {
        return Ok(());
    }
    say(&format!("Setting up JupyterLab in {} (once, about 250 MB on disk)", environment.display()));
    Python::find()?.at_least(3, 11)?.make_environment(environment)?;
    let requirements = environment.join("requirements.txt");
    fs::write(&requirements, PACKAGES)?;
    install_packages(environment, &requirements)?;
    let settings = environment.join("share/jupyter/lab/settings");
    fs::create_dir_all(&settings)?;
    fs::write(settings.join("overrides.json"), SETTINGS)?;
    Ok(fs::write(environment.join(STAMP), PACKAGES)?)
}

/// With the number of packages that pip has in hand.
fn install_packages(environment: &Path, requirements: &Path) -> Result<()> {
    let (mut collected, of) = (0, PACKAGES.lines().count());
    let (before, after) = if is_watched() { ("\r\u{1b}[K", "") } else { ("", "\n") };
    let show = |text: &str| pass(&format!("{before}{text}{after}"));
    Python::in_environment(environment).install(requirements, |line| {
        if let Some(package) = line.strip_prefix("Collecting ") {
            collected += 1;
            show(&format!("[{collected}/{of}] {}", package.split([' ', '=']).next().unwrap_or_default()));
        } else if line.starts_with("Installing collected packages") {
            show("unpacking …");
        }
    })?;
    show("JupyterLab is set up\n");
    Ok(())
}

/// JupyterLab with nothing of another Jupyter's settings or packages.
fn command(environment: &Path) -> Command {
    let bin = environment.join("bin");
    let mut command = Command::new(bin.join("jupyter-lab"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| belongs_to_another(name)) {
        command.env_remove(name);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)));
    command.env(NO_DATA_LIMIT, "1");
    command.env("PATH", path.unwrap_or_default()).env("VIRTUAL_ENV", environment);
    command.env("JUPYTER_CONFIG_DIR", environment.join("config")).env("JUPYTER_PREFER_ENV_PATH", "1");
    if rustix::process::geteuid().is_root() {
        // As in a container. It listens on this machine only and asks for a token.
        command.arg("--allow-root");
    }
    command
}

fn belongs_to_another(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("JUPYTER") || name.starts_with("PYTHON") || name.starts_with("JPY_")
}

/// `notebooks` here, or in the checkout that this executable was built in.
fn notebooks() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let executable = std::env::current_exe()?;
    let roots = [Some(here.as_path()), executable.ancestors().nth(3)];
    let found = roots.into_iter().flatten().map(|root| root.join("notebooks")).find(|path| path.is_dir());
    Ok(found.unwrap_or(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_version() {
        for line in PACKAGES.lines() {
            let (name, version) = line.split_once("==").unwrap();
            assert!(!name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()), "{line}");
        }
        assert!(PACKAGES.contains("\njupyterlab==4."));
    }

    #[test]
    fn an_environment_is_complete_with_its_stamp_only() {
        let root = tempfile::tempdir().unwrap();
        assert!(!is_complete(root.path()));
        fs::write(root.path().join(STAMP), "jupyterlab==1.0\n").unwrap();
        assert!(!is_complete(root.path()));
        fs::write(root.path().join(STAMP), PACKAGES).unwrap();
        assert!(is_complete(root.path()));
    }

    #[test]
    fn another_jupyters_variables_are_left_behind() {
        let check = |name: &str, expect| assert_eq!(belongs_to_another(OsStr::new(name)), expect, "{name}");
        check("JUPYTER_PATH", true);
        check("JUPYTERLAB_SETTINGS_DIR", true);
        check("PYTHONPATH", true);
        check("HOME", false);
    }
}
