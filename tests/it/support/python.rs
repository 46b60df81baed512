//! A Python environment with the clients that the tests drive, made once under `target/` by the first test that needs it.
//!
//! It is JupyterLab's environment as `candlewick lab` itself makes it, with the packages of `tests/python/packages.txt`
//! put in as well: one environment instead of two, and what users run is what is tested. Read [`python`] first.

use super::{CANDLEWICK, Home, finish, said, with_compiler};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Every package that JupyterLab's environment does not have, with its version.
const PACKAGES: &str = include_str!("../../python/packages.txt");
/// JupyterLab's own.
const LAB_PACKAGES: &str = include_str!("../../../kernel/lab-packages.txt");

/// The environment's interpreter.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| lab_environment().join("bin/python"))
}

/// The environment: the directory that `candlewick lab` uses as `lab` in its data directory.
pub fn lab_environment() -> &'static Path {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let data = target.join("test-data");
        fs::create_dir_all(&data).unwrap();
        // Several test executables may run at once; the others wait for the one that holds the lock.
        let lock = File::create(data.join("set-up.lock")).unwrap();
        lock.lock().unwrap();
        let environment = data.join("candlewick/lab");
        set_up(&data, &environment);
        environment
    })
}

/// `candlewick lab` makes its environment anew, without our stamp, when its own packages have changed.
fn set_up(data: &Path, environment: &Path) {
    let stamp = environment.join("test-packages.txt");
    let packages = format!("{LAB_PACKAGES}{PACKAGES}");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == packages) {
        return;
    }
    let mut lab = Command::new(CANDLEWICK);
    lab.env("XDG_DATA_HOME", data).env_remove("LD_LIBRARY_PATH").args(["lab", ".", "--", "--version"]);
    let lab = lab.output().unwrap();
    assert!(lab.status.success(), "the tests' Python environment: {}", said(&lab));
    let requirements = environment.join("test-requirements.txt");
    fs::write(&requirements, PACKAGES).unwrap();
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"]).arg(requirements);
    // JupyterLab's packages stay at their versions, else pip says which two can't go together.
    let pip = pip.arg("-c").arg(environment.join("requirements.txt")).output().unwrap();
    assert!(pip.status.success(), "the tests' Python packages can't be installed; is there a network?\n{}", said(&pip));
    fs::write(stamp, packages).unwrap();
}

/// Another environment beside, with these packages and nothing that they ask for: made once, and anew when they change.
pub fn environment(name: &str, packages: &str) -> PathBuf {
    let path = lab_environment().with_file_name(name);
    let lock = File::create(path.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let stamp = path.join("test-packages.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == packages) {
        return path;
    }
    let mut venv = Command::new(python());
    let venv = venv.args(["-m", "venv", "--clear"]).arg(&path).output().unwrap();
    assert!(venv.status.success(), "the environment {name}: {}", said(&venv));
    let requirements = path.join("requirements.txt");
    fs::write(&requirements, packages).unwrap();
    let mut pip = Command::new(path.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "-r"]);
    let pip = pip.arg(requirements).output().unwrap();
    assert!(pip.status.success(), "the packages of {name} can't be installed; is there a network?\n{}", said(&pip));
    fs::write(stamp, packages).unwrap();
    path
}

/// A command of the environment, `jupyter` say, that sees this home and our kernelspec, which is installed there.
pub fn client(home: &Home, program: &str) -> Command {
    let prefix = home.join("prefix");
    if !prefix.exists() {
        // With a compiler, so that what Rust cells are compiled against is installed too.
        finish(&mut with_compiler(home.candlewick(&["install", "--prefix", "prefix"])), true);
    }
    let bin = python().parent().unwrap();
    let mut command = with_compiler(home.command(bin.join(program)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path)));
    command.env("PATH", path.unwrap()).env("JUPYTER_PATH", prefix.join("share/jupyter")).env("PYTHONUNBUFFERED", "1");
    command
}

/// A file of `tests`.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// Runs a script of `tests/python` that is a `unittest` module. Every test of it must pass and none be skipped.
pub fn unittest(home: &Home, name: &str) {
    let mut command = client(home, "python");
    command.arg(script("python").join(name)).arg("-v");
    passes(&mut command);
}

/// Runs a `unittest` module to its end: every test must pass and none be skipped.
pub fn passes(command: &mut Command) {
    let said = said(&finish(command, true));
    assert!(said.contains("\nOK") && !said.contains("skipped"), "{said}");
}
