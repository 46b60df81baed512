//! Which files rustc reads when it compiles against the library: what an installed kernel needs to build plugin crates.
//!
//! Must not know where they are copied to. Read [`files`] first.

use crate::PackageError;
use crate::cargo::{self, Toolchain};
use crate::files::write;
use crate::library::{Library, TARGET};
use std::path::PathBuf;
use std::process::Command;

/// What crates and cells name: it has rustc read the procedural macros too, which nobody else asks for.
const NAMES: &[u8] = b"pub use candlewick::{callable, candle_core, candle_nn, prelude};\n";

/// The files beside the library that rustc reads: metadata of the crates in it, and their procedural macros.
///
/// rustc itself is asked, by compiling one line: cargo's own records of it are not for others to read, and asking cargo
/// would begin a build. The option that makes rustc answer is for its nightly releases only, so the variable that allows
/// it is set; the compiler is the very one that the library was built by.
///
/// # Errors
/// The compiler is missing or another one, or it finds that a file is missing.
pub fn files(library: &Library) -> Result<Vec<PathBuf>, PackageError> {
    let toolchain = Toolchain::find()?;
    let unwritable = |error: std::io::Error| PackageError::unwritable(&std::env::temp_dir(), &error);
    let asking = tempfile::tempdir().map_err(unwritable)?;
    let (source, answer) = (asking.path().join("asking.rs"), asking.path().join("asking.d"));
    write(&source, NAMES)?;
    let mut rustc = Command::new(toolchain.rustc());
    rustc.env("RUSTC_BOOTSTRAP", "1").args(["--crate-type", "lib", "--edition", "2024", "-Zbinary-dep-depinfo"]);
    rustc.args(["--target", TARGET, "--extern"]).arg(format!("candlewick={}", library.file.display()));
    rustc.arg(format!("-Ldependency={}", library.crates.display())).arg("--out-dir").arg(asking.path());
    rustc.arg(format!("--emit=metadata,dep-info={}", answer.display())).arg(&source);
    let ran = cargo::run(&mut rustc, &|| true)?;
    if !ran.good {
        return Err(PackageError::Toolchain(format!("rustc does not read the library: {}", ran.err.trim_end())));
    }
    let text = std::fs::read_to_string(&answer).map_err(|error| PackageError::unreadable(&answer, &error))?;
    let files = listed(&text).into_iter().filter(|file| file.starts_with(&library.crates) && *file != library.file);
    Ok(files.collect())
}

/// The files behind the first colon of a makefile's rule; a backslash stands before a space in a name.
fn listed(rules: &str) -> Vec<PathBuf> {
    let Some((_, files)) = rules.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
    let names = files.replace("\\ ", "\0");
    names.split_whitespace().map(|name| name.replace('\0', " ").into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_rule_are_read() {
        let rules = "out.d: a.rs /b/lib\\ c.rmeta /d.so\n\na.rs:\n";
        assert_eq!(listed(rules), ["a.rs", "/b/lib c.rmeta", "/d.so"].map(PathBuf::from));
        assert!(listed("").is_empty());
    }
}
