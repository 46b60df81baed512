//! What the tests share: the executable, a home directory of its own, notebooks, a Python with Jupyter's client.

mod browser;
pub mod kernel;
mod python;
pub mod random;
pub mod subscriber;

pub use browser::browser;
pub use python::{client, environment, python, script, unittest};

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The executable under test.
pub const CANDLEWICK: &str = env!("CARGO_BIN_EXE_candlewick");

/// A home directory that is empty at first and goes away with the test.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// A command that sees this home, and no Jupyter or library path of the tester's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("JUPYTER") || name.starts_with("XDG_") || name.starts_with("JPY_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.path()).env_remove("LD_LIBRARY_PATH").current_dir(self.path());
        command
    }

    /// The executable with these arguments.
    pub fn candlewick(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(CANDLEWICK);
        command.args(arguments);
        command
    }

    /// Writes a notebook of these code cells.
    pub fn notebook(&self, name: &str, cells: &[&str]) -> PathBuf {
        self.write(name, &notebook(cells).to_string())
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Lets a command see the tester's Rust compiler: rustup finds its compilers below the home directory unless it is told.
pub fn with_compiler(mut command: Command) -> Command {
    let home = std::env::home_dir().unwrap();
    for (name, below) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        if std::env::var_os(name).is_none() && home.join(below).is_dir() {
            command.env(name, home.join(below));
        }
    }
    command
}

/// A notebook of these code cells, as Jupyter would save it.
pub fn notebook(cells: &[&str]) -> Value {
    let cell = |(index, source): (usize, &&str)| {
        json!({
            "cell_type": "code", "execution_count": null, "id": format!("cell-{index}"), "metadata": {},
            "outputs": [], "source": source,
        })
    };
    json!({
        "cells": cells.iter().enumerate().map(cell).collect::<Vec<_>>(),
        "metadata": {"kernelspec": {"display_name": "Candlewick (Rhai)", "language": "rhai", "name": "candlewick"}},
        "nbformat": 4, "nbformat_minor": 5,
    })
}

/// Runs to the end; a panic shows what was printed when the exit code is not as expected.
pub fn finish(command: &mut Command, success: bool) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.success(), success, "{command:?}\n{}", said(&output));
    output
}

/// Both streams, for messages and for looking into.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Waits until something is there, a minute at most.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
