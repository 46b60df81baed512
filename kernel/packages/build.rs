//! Notes which rustc compiles the library: plugin crates must be compiled by the same one.

#![allow(clippy::print_stdout)] // a build script talks to cargo by printing

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-env-changed=RUSTUP_TOOLCHAIN");
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).arg("--version").output();
    let version = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default();
    if version.is_empty() {
        println!("cargo::error=rustc does not say its version, which plugin crates are compared with");
    }
    println!("cargo::rustc-env=CANDLEWICK_RUSTC={version}");
    println!("cargo::rustc-env=CANDLEWICK_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
