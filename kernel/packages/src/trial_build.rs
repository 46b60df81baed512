//! One line compiled and linked against the library: whether Rust cells and plugin crates can be built here at all.
//!
//! Must not know cells or plugins. Read [`try_build`] first.

use crate::PackageError;
use crate::cargo;
use crate::files::write;
use crate::library::{Library, TARGET};
use crate::toolchain::{Toolchain, linker};
use std::process::Command;
use std::time::{Duration, Instant};

/// Compiles and links one function that names the library; how long that took.
///
/// # Errors
/// There is no C compiler, or what rustc says.
pub fn try_build(toolchain: &Toolchain, library: &Library) -> Result<Duration, PackageError> {
    let begun = Instant::now();
    linker()?;
    let unwritable = |error: std::io::Error| PackageError::unwritable(&std::env::temp_dir(), &error);
    let directory = tempfile::tempdir().map_err(unwritable)?;
    let source = directory.path().join("tried.rs");
    write(
        &source,
        b"#[unsafe(no_mangle)]\npub fn tried() -> bool { candlewick::candle_core::Device::Cpu.is_cpu() }\n",
    )?;
    let mut rustc = Command::new(toolchain.rustc());
    toolchain.put_first(&mut rustc);
    rustc.args(["--crate-type", "cdylib", "--edition", "2024", "-Cprefer-dynamic", "--target", TARGET, "--extern"]);
    rustc.arg(format!("candlewick={}", library.file.display()));
    rustc.arg(format!("-Ldependency={}", library.crates.display()));
    rustc.arg("--out-dir").arg(directory.path()).arg(&source);
    let ran = cargo::run(&mut rustc, &|| true)?;
    match ran.good {
        true => Ok(begun.elapsed()),
        false => Err(PackageError::Toolchain(format!("one line cannot be compiled:\n{}", ran.err.trim_end()))),
    }
}
