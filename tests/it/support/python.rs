//! A Python environment with Jupyter's client, made once under `target/` by the first test that needs it.

use super::{Home, finish, said};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Every package with its version.
const PACKAGES: &str = include_str!("../../python/packages.txt");

/// The environment's interpreter.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        // Several test executables may run at once; the others wait for the one that holds the lock.
        let lock = File::create(target.join("test-python.lock")).unwrap();
        lock.lock().unwrap();
        let environment = target.join("test-python");
        set_up(&environment);
        environment.join("bin/python")
    })
}

fn set_up(environment: &Path) {
    let stamp = environment.join("packages.txt");
    if fs::read_to_string(&stamp).is_ok_and(|packages| packages == PACKAGES) {
        return;
    }
    let mut venv = Command::new("python3");
    let made = venv.args(["-m", "venv", "--clear"]).arg(environment).output();
    let made = made.expect("these tests talk to the kernel with Jupyter's Python client: install Python 3.11 or newer");
    assert!(made.status.success(), "python3 -m venv: {}", said(&made));
    let requirements = environment.join("requirements.txt");
    fs::write(&requirements, PACKAGES).unwrap();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
    let pip = Command::new(environment.join("bin/python")).args(pip).arg(requirements).output().unwrap();
    assert!(pip.status.success(), "the tests' Python packages can't be installed; is there a network?\n{}", said(&pip));
    fs::write(stamp, PACKAGES).unwrap();
}

/// Runs a script of `tests/python` that is a `unittest` module, with our kernelspec installed under `home`. Every
/// test of it must pass and none be skipped.
pub fn unittest(home: &Home, script: &str) {
    finish(&mut home.candlewick(&["install", "--prefix", "prefix"]), true);
    let mut command = home.command(python());
    command.env("JUPYTER_PATH", home.join("prefix/share/jupyter")).env("PYTHONUNBUFFERED", "1");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script)).arg("-v");
    let output = finish(&mut command, true);
    let said = said(&output);
    assert!(said.contains("\nOK") && !said.contains("skipped"), "{said}");
}
