//! The user's Python: found, asked, and used to make environments.
//!
//! Owns the calls. Must not know what the environments are for. Read [`Python`] first.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// The first of `python3` and `python` that runs.
    ///
    /// # Errors
    /// Neither does.
    pub fn find() -> Result<Self> {
        let found = ["python3", "python"].into_iter().map(|name| Self { program: name.into() });
        found.into_iter().find(|python| python.ask("pass").is_ok()).context(
            "Python 3 is needed for this and neither `python3` nor `python` runs here: install Python 3.11 or newer",
        )
    }

    /// The interpreter of an environment.
    pub fn in_environment(directory: &Path) -> Self {
        Self { program: directory.join("bin/python") }
    }

    /// Where this Python's own packages and kernels are.
    ///
    /// # Errors
    /// It can't be asked.
    pub fn prefix(&self) -> Result<PathBuf> {
        Ok(self.ask("import sys; print(sys.prefix)")?.into())
    }

    /// Its version, such as `3.11.7`.
    ///
    /// # Errors
    /// It can't be asked.
    pub fn version(&self) -> Result<String> {
        self.ask("import platform; print(platform.python_version())")
    }

    /// This interpreter, if it is new enough.
    ///
    /// # Errors
    /// It is older; both versions are in the message.
    pub fn at_least(self, major: u32, minor: u32) -> Result<Self> {
        let enough = format!("import sys; print(sys.version_info >= ({major}, {minor}))");
        if self.ask(&enough)? == "True" {
            return Ok(self);
        }
        let found = self.version()?;
        bail!("Python {major}.{minor} or newer is needed for this; found {found} ({})", self.program.display())
    }

    /// The version of an installed package; none when it isn't installed.
    pub fn package(&self, name: &str) -> Option<String> {
        self.ask(&format!("import importlib.metadata as m; print(m.version({name:?}))")).ok()
    }

    /// Makes an empty environment in a directory, in place of what is there.
    ///
    /// # Errors
    /// This Python has no `venv` module, or it fails.
    pub fn make_environment(&self, directory: &Path) -> Result<()> {
        let output = self.command().args(["-m", "venv", "--clear"]).arg(directory).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned();
            bail!(
                "Python could not make an environment in {}: {said}\n\
                 Where Python is packaged without `venv`, install it (Debian, Ubuntu: the package python3-venv).",
                directory.display()
            );
        }
        Ok(())
    }

    /// Installs the packages of a requirements file; every line that pip prints is passed on.
    ///
    /// # Errors
    /// pip fails; its last error line is in the message.
    pub fn install(&self, requirements: &Path, mut line: impl FnMut(&str)) -> Result<()> {
        let mut command = self.command();
        command.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]);
        command.arg("-r").arg(requirements).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut pip = command.spawn().context("pip can't be started")?;
        let errors = pip.stderr.take().map(|stderr| std::thread::spawn(|| last_error(BufReader::new(stderr))));
        for text in pip.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            line(&text?);
        }
        let status = pip.wait()?;
        let error = errors.and_then(|thread| thread.join().ok()).flatten().unwrap_or_default();
        match status.success() {
            true => Ok(()),
            false => {
                bail!("pip could not install the packages: {error}\nIs this machine connected to a package index?")
            }
        }
    }

    fn ask(&self, code: &str) -> Result<String> {
        let output = self.command().args(["-c", code]).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => bail!("{} failed: {}", self.program.display(), String::from_utf8_lossy(&output.stderr).trim()),
        }
    }

    /// Without the variables that would lend it another Python's packages.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").stdin(Stdio::null());
        command
    }
}

fn last_error(stderr: impl BufRead) -> Option<String> {
    let lines: Vec<String> = stderr.lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()).collect();
    let error = lines.iter().rev().find(|line| line.starts_with("ERROR"));
    error.or(lines.last()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_too_old_is_refused_with_both_versions() {
        let python = Python::find().unwrap();
        let version = python.version().unwrap();
        assert!(python.clone().at_least(3, 0).is_ok());
        let refused = python.at_least(99, 0).unwrap_err().to_string();
        assert!(refused.contains("99.0 or newer") && refused.contains(&version), "{refused}");
    }
}
