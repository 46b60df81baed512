//! Refuses a build in which std is not shared: such a library would run, and fail later, where cells and plugins meet it.
//! And lets the library give SQLite to the executable.

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
    share_sqlite();
}

/// The library holds the only copy of rusqlite and of SQLite's C code. rustc exports the Rust of it; the C functions, which
/// rusqlite's generic functions call wherever they are compiled, only a list of our own does.
fn share_sqlite() {
    let list = format!("{}/sqlite.map", std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed={list}");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo::rustc-link-arg=-Wl,-exported_symbol,_sqlite3_*"),
        _ => println!("cargo::rustc-link-arg=-Wl,--version-script={list}"),
    }
}
