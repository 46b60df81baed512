//! Refuses a build in which std is not shared: such a library would run, and fail later, where cells and plugins meet it.

#![allow(clippy::print_stdout)] // a build script talks to cargo by printing

fn main() {
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if !flags.contains("prefer-dynamic") {
        println!(
            "cargo::error=the library must be built with -Cprefer-dynamic, which .cargo/config.toml sets, but a RUSTFLAGS in \
             the environment (or another config) replaces it: unset it, or add -Cprefer-dynamic -Crpath to it"
        );
    }
}
