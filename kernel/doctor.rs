//! `candlewick doctor`: what is installed, what is missing, what to do.
//!
//! Owns the checks. Must not change anything: `doctor_fix` does. Read [`Check`] first.

use crate::history::History;
use crate::history_file::{self, HistoryFile};
use crate::install::remembered;
use crate::kernelspec;
use crate::lab::{is_complete, lab_directory};
use crate::places::{Parts, installed_kernel, jupyter_user_directory, kernelspec_in};
use crate::python::Python;
use crate::session::Session;
use crate::terminal::answer;
use crate::usage::host_memory;
use crate::{doctor_fix, doctor_rust};
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    name: &'static str,
    state: State,
    found: String,
    /// What to do; empty when there is nothing to do.
    advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there and works.
    Good,
    /// It is not there, and only what needs it does not work.
    Absent,
    /// Nothing works until it is mended.
    Broken,
}

/// Looks at everything and says what it found; true when nothing is broken. With `fix` what can be mended is mended first.
///
/// # Errors
/// The answer can't be made.
pub fn doctor(as_json: bool, fix: bool) -> Result<bool> {
    if fix {
        doctor_fix::fix();
    }
    let checks = checks();
    let good = checks.iter().all(|check| check.state != State::Broken);
    match as_json {
        true => answer(&format!("{:#}", as_value(&checks, good))),
        false => checks.iter().for_each(|check| answer(&check.line())),
    }
    Ok(good)
}

fn checks() -> Vec<Check> {
    let mut checks = vec![version(), parts(), worker(), installed()];
    checks.extend(kernelspecs());
    checks.extend([history(), python(), lab()]);
    checks.extend(doctor_rust::checks());
    checks.extend([cuda(), memory()]);
    checks
}

impl Check {
    /// Something that is there and works.
    pub fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), advice: String::new() }
    }

    /// Something without which only what needs it does not work.
    pub fn absent(name: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self { name, state: State::Absent, found: found.into(), advice: advice.into() }
    }

    fn broken(name: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self { name, state: State::Broken, found: found.into(), advice: advice.into() }
    }

    fn line(&self) -> String {
        let advice = if self.advice.is_empty() { String::new() } else { format!("\n{:22}→ {}", "", self.advice) };
        format!("{:8} {:12} {}{advice}", self.state.word(), self.name, self.found)
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Absent => "absent",
            Self::Broken => "BROKEN",
        }
    }
}

fn as_value(checks: &[Check], good: bool) -> Value {
    let check = |check: &Check| json!({"name": check.name, "state": check.state.word().to_lowercase(), "found": check.found, "advice": check.advice});
    json!({"ok": good, "version": env!("CARGO_PKG_VERSION"), "checks": checks.iter().map(check).collect::<Vec<_>>()})
}

fn version() -> Check {
    Check::good("candlewick", env!("CARGO_PKG_VERSION"))
}

fn parts() -> Check {
    match Parts::of_this_process() {
        Ok(parts) => Check::good("parts", parts.all().map(|path| path.display().to_string()).join(", ")),
        Err(error) => Check::broken("parts", format!("{error:#}"), "build or install Candlewick again"),
    }
}

/// Starts a worker and waits until it answers.
fn worker() -> Check {
    let begun = Instant::now();
    match answered() {
        Ok(()) => Check::good("worker", format!("answers after {} ms", begun.elapsed().as_millis())),
        Err(error) => Check::broken("worker", format!("{error:#}"), "build or install Candlewick again"),
    }
}

fn answered() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let session = Session::start(&std::env::current_exe()?, Path::new("."), History::default())?;
        let status = session.is_complete("1 + 1".into()).await;
        session.shutdown().await;
        anyhow::ensure!(status.is_some(), "it ends before it answers");
        Ok(())
    })
}

fn installed() -> Check {
    match installed_kernel() {
        Ok(kernel) if kernel.join("candlewick").exists() => Check::good("installed", kernel.display().to_string()),
        Ok(kernel) => {
            Check::absent("installed", format!("nothing in {}", kernel.display()), "candlewick install --user")
        }
        Err(error) => Check::broken("installed", format!("{error:#}"), "set HOME"),
    }
}

/// One check for every kernelspec of ours, wherever Jupyter looks.
fn kernelspecs() -> Vec<Check> {
    let mut directories = remembered().unwrap_or_default();
    directories.extend(jupyter_directories().iter().map(|directory| kernelspec_in(directory)));
    let mut seen = HashSet::new();
    directories.retain(|directory| directory.join("kernel.json").exists() && seen.insert(directory.clone()));
    let found: Vec<Check> = directories.iter().map(|directory| kernelspec_check(directory)).collect();
    match found.is_empty() {
        true => vec![Check::absent(
            "kernelspec",
            "no Jupyter knows this kernel",
            "candlewick install --user, or candlewick lab",
        )],
        false => found,
    }
}

fn kernelspec_check(directory: &Path) -> Check {
    let place = directory.display();
    match kernelspec::program(directory) {
        Some(program) if program.exists() => Check::good("kernelspec", format!("{place} starts {}", program.display())),
        Some(program) => Check::broken(
            "kernelspec",
            format!("{place} starts {}, which is not there", program.display()),
            "install again, or remove that directory",
        ),
        None => Check::broken("kernelspec", format!("{place}/kernel.json is damaged"), "install again"),
    }
}

/// A file that is not there yet is made by the first kernel; looking must not make it.
fn history() -> Check {
    let advice = "set CANDLEWICK_HISTORY to another path, or to `off`; until then kernels keep their lines in memory";
    match history_file::place() {
        Ok(None) => Check::good("history", "off (CANDLEWICK_HISTORY)"),
        Ok(Some(path)) if !path.exists() => {
            Check::good("history", format!("none yet; it will be in {}", path.display()))
        }
        Ok(Some(path)) => match HistoryFile::open(&path).and_then(|file| file.sessions()) {
            Ok(sessions) => Check::good("history", format!("{sessions} sessions in {}", path.display())),
            Err(error) => Check::absent("history", format!("{} can't be used: {error:#}", path.display()), advice),
        },
        Err(error) => Check::absent("history", format!("{error:#}"), "set HOME"),
    }
}

fn jupyter_directories() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = jupyter_user_directory().into_iter().collect();
    directories.extend(std::env::var_os("JUPYTER_PATH").iter().flat_map(std::env::split_paths));
    let prefix = Python::find().and_then(|python| python.prefix());
    directories.extend(prefix.map(|prefix| prefix.join("share/jupyter")));
    directories.extend(lab_directory().map(|lab| lab.join("share/jupyter")));
    directories.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    directories
}

fn python() -> Check {
    let advice = "install Python 3.11 or newer; only JupyterLab needs it";
    match Python::find().and_then(|python| Ok((python.version()?, python.package("jupyterlab")))) {
        Ok((version, Some(lab))) => Check::good("python", format!("{version}, with JupyterLab {lab}")),
        Ok((version, None)) => Check::good("python", format!("{version}, without JupyterLab")),
        Err(error) => Check::absent("python", format!("{error:#}"), advice),
    }
}

fn lab() -> Check {
    match lab_directory() {
        Ok(lab) if is_complete(&lab) => Check::good("lab", lab.display().to_string()),
        Ok(lab) => Check::absent("lab", format!("not set up in {}", lab.display()), "candlewick lab"),
        Err(error) => Check::absent("lab", format!("{error:#}"), "set HOME"),
    }
}

/// The driver's own word; what a build can use of it is another question.
fn cuda() -> Check {
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    let gpu = said("nvidia-smi", &["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]);
    match gpu.or_else(|| Some(driver?.lines().next()?.to_owned())) {
        Some(driver) => Check::good("cuda", driver),
        None => Check::absent("cuda", "no NVIDIA driver", "nothing: training runs on the processor"),
    }
}

fn memory() -> Check {
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    match host_memory() {
        Some((total, available)) => {
            Check::good("memory", format!("{:.1} of {:.1} GiB free", gibibytes(available), gibibytes(total)))
        }
        None => Check::absent("memory", "not told by this system", ""),
    }
}

/// The first line that a program prints; none when it does not run or fails.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernelspec_without_its_program_is_broken() {
        let root = tempfile::tempdir().unwrap();
        let directory = kernelspec_in(root.path());
        let check = |program: &Path, expect| {
            kernelspec::write(&directory, program).unwrap();
            assert_eq!(kernelspec_check(&directory).state, expect);
        };
        check(&std::env::current_exe().unwrap(), State::Good);
        check(Path::new("/no/such/candlewick"), State::Broken);
        std::fs::write(directory.join("kernel.json"), "{").unwrap();
        assert_eq!(kernelspec_check(&directory).state, State::Broken);
    }

    #[test]
    fn what_is_to_do_follows_what_was_found() {
        let line = Check::absent("lab", "not set up", "candlewick lab").line();
        assert_eq!(line, format!("absent   lab          not set up\n{:22}→ candlewick lab", ""));
    }
}
