//! What the doctor says of Rust, and what `--fix` runs: programs that are shell scripts, in a `PATH` of the test's own.

use crate::support::{Home, finish, said, with_compiler};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A home with scripts in `bin`.
struct Machine(Home);

impl Machine {
    fn new() -> Self {
        let home = Home::new();
        std::fs::create_dir(home.join("bin")).unwrap();
        Self(home)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.0.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The doctor, who finds only these scripts and what every system has in /bin.
    fn doctor(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.candlewick(&["doctor"]);
        command.args(arguments).env("PATH", self.0.join("bin"));
        command.env_remove("CARGO_HOME").env_remove("RUSTUP_HOME").env_remove("RUSTUP_TOOLCHAIN");
        command
    }

    fn check(&self, name: &str) -> Value {
        let output = finish(&mut self.doctor(&["--json"]), true);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap().clone()
    }
}

const OTHER: &str = "echo 'rustc 1.60.0 (7737e0b5c 2022-04-04)'";

#[test]
fn what_is_missing_or_differs_is_said_with_what_to_run() {
    let machine = Machine::new();
    let rust = machine.check("rust");
    assert_eq!(rust["state"], "absent");
    let advice = rust["advice"].as_str().unwrap();
    assert!(
        advice.contains("install rustup from https://rustup.rs, then run `rustup toolchain install 1."),
        "{advice}"
    );
    assert!(machine.check("linker")["advice"].as_str().unwrap().contains("apt-get install gcc"));

    machine.program("rustc", OTHER);
    machine.program("cargo", "true");
    machine.program("cc", "true");
    let rust = machine.check("rust");
    assert!(
        rust["found"].as_str().unwrap().starts_with("rustc 1.60.0 (7737e0b5c 2022-04-04), which differs"),
        "{rust}"
    );
    assert_eq!(machine.check("linker")["state"], "ok");
}

#[test]
fn a_fix_says_each_step_before_it_is_done_and_what_failed() {
    let machine = Machine::new();
    machine.program("rustc", OTHER);
    // The library would be built for this compiler: that is where this test stops.
    machine.program("cargo", "echo \"cargo was run: $*\"; exit 1");
    machine.program("rustup", "[ \"$1\" = toolchain ] && [ \"$2\" = list ] && exit\necho 'no network' >&2; exit 1");
    let text = said(&finish(&mut machine.doctor(&["--fix"]), true));
    let places =
        ["bin/rustup toolchain install 1.", "no network", "failed: it ended with exit status: 1", "→ cargo run"];
    let found: Vec<usize> =
        places.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"))).collect();
    assert!(found.is_sorted(), "{text}");
    assert!(text.contains("cargo was run: run -- install --user"), "{text}");
    assert!(text.contains("needs the system's administrator"), "{text}");
}

#[test]
fn with_the_right_compiler_a_line_is_compiled_and_linked() {
    let home = Home::new();
    let output = finish(&mut with_compiler(home.candlewick(&["doctor", "--json"])), true);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = |name: &str| report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check("rust")["state"], "ok", "{report}");
    let cells = check("rust-cells");
    assert!(cells["found"].as_str().unwrap().starts_with("one line compiles and links in "), "{cells}");
}
