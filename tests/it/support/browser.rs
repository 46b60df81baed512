//! Debian's Chromium and the environment of the browser tests in `tests/browser`.
//!
//! Owns where the browser is and what it needs to be told. Must not know what a test does in it. Read [`browser`] first.

use super::python::{lab_environment, passes, python, script};
use super::{CANDLEWICK, Home, said};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a `unittest` module of `tests/browser`; its pictures go to `target/browser-shots`.
pub fn browser(name: &str) {
    let home = Home::new();
    let data = home.join(".local/share/candlewick");
    std::fs::create_dir_all(&data).unwrap();
    // `candlewick lab` finds its environment made; what it keeps beside it is this test's own.
    std::os::unix::fs::symlink(lab_environment(), data.join("lab")).unwrap();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("browser-shots");
    std::fs::create_dir_all(&shots).unwrap();
    let mut command = home.command(python());
    command.env("CANDLEWICK", CANDLEWICK).env("CHROMIUM", chromium()).env("SHOTS", shots).env("CHECKOUT", checkout);
    passes(command.arg(script("browser").join(name)).arg("-v"));
}

/// Chromium's executable; root gets it installed where it is not there.
fn chromium() -> PathBuf {
    if let Some(found) = on_path("chromium") {
        return found;
    }
    assert!(is_root(), "the browser tests need Chromium; install it: sudo apt-get install -y chromium");
    let apt = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium";
    let apt = Command::new("sh").args(["-c", apt]).output().unwrap();
    assert!(apt.status.success(), "Chromium can't be installed with apt-get: {}", said(&apt));
    on_path("chromium").expect("apt-get installed Chromium, yet `chromium` is not on the PATH")
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}

fn is_root() -> bool {
    // SAFETY: asks for a number; it can't fail.
    unsafe { libc::geteuid() == 0 }
}
