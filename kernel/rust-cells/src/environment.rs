//! The environment that evcxr, cargo and rustc find in the compiler process.
//!
//! Owns names of variables. Must not know what is compiled. Read [`establish`] first.

use crate::directory::Directory;
use crate::toolchain::Tools;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Variables that would change how cells are compiled, or what evcxr takes this process for.
const UNWANTED: [&str; 10] = [
    "CARGO",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "EVCXR_IS_RUNTIME",
    "EVCXR_RUSTC_WRAPPER",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP",
];

/// Sets the variables and goes into the directory.
///
/// A user's `evcxr.toml` is not read, neither that in the notebook's directory nor the one of the user: half of its keys
/// (tmpdir, sccache, static linking, panics) would break what cells share with the engine, and `candlewick.toml` has the
/// others. So evcxr is started in a directory of its own, and told that its configuration is in an empty one.
///
/// # Safety
/// No other thread may exist: the environment is the whole process's.
pub(crate) unsafe fn establish(directory: &Directory, tools: &Tools) {
    let given = |name: &str| std::env::var_os(name);
    let path = given("PATH").unwrap_or_default();
    let with = |first: &Path| joined(first, &path);
    let mut variables: Vec<(&str, OsString)> = vec![
        ("CANDLEWICK_CELLS", directory.join("").into()),
        ("CANDLEWICK_CELLS_CARGO", tools.cargo.clone().into()),
        ("CANDLEWICK_CELLS_RUSTC", tools.rustc.clone().into()),
        ("CANDLEWICK_CELLS_LIBRARY", tools.library.clone().into()),
        ("CANDLEWICK_CELLS_CRATES", tools.crates.clone().into()),
        ("CANDLEWICK_CELLS_PATH", tools.rustc.parent().map_or(path.clone(), with)),
        ("CANDLEWICK_CELLS_CARGO_HOME", given("CARGO_HOME").unwrap_or_default()),
        ("PATH", with(&directory.join("bin"))),
        ("EVCXR_TMPDIR", directory.session().into()),
        ("EVCXR_CONFIG_DIR", directory.join("configuration").into()),
        // For evcxr's rust-analyzer.
        ("CARGO_HOME", directory.join("starved").into()),
        ("RUSTC", directory.join("starved/bin/rustc").into()),
        ("RUST_SRC_PATH", directory.join("starved/library").into()),
    ];
    // So that cargo and rustc do not colour what is read here.
    variables.push(("CARGO_TERM_COLOR", "never".into()));
    for name in UNWANTED {
        // SAFETY: there is no other thread, says the caller.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in variables {
        // SAFETY: there is no other thread, says the caller.
        unsafe { std::env::set_var(name, value) };
    }
}

fn joined(first: &Path, rest: &OsStr) -> OsString {
    let mut path = first.as_os_str().to_owned();
    path.push(":");
    path.push(rest);
    path
}
