//! What the doctor sees of Rust: compiler, sources of std, linker, and what cells are compiled against.
//!
//! Must not change anything: `doctor_fix` does. Read [`checks`] first.

use crate::doctor::Check;
use candlewick_packages::library::{Library, RUSTC};
use candlewick_packages::{FoundToolchain, PackageError, Toolchain, closure, linker, trial_build};

/// Rhai cells need none of it, so nothing here is broken when it is absent.
pub fn checks() -> Vec<Check> {
    let found = Toolchain::look();
    let toolchain = match &found {
        FoundToolchain::Fits(toolchain) => Some(toolchain),
        _ => None,
    };
    let mut checks = vec![compiler(&found), c_compiler()];
    checks.extend(toolchain.map(sources_of_std));
    checks.push(match toolchain {
        Some(toolchain) => cells(toolchain),
        None => Check::absent("rust-cells", "they need the Rust compiler", ""),
    });
    checks
}

fn compiler(found: &FoundToolchain) -> Check {
    let advice = || format!("{}; or `candlewick doctor --fix`", found.advice());
    match found {
        FoundToolchain::Fits(toolchain) => Check::good("rust", format!("{RUSTC}, {}", toolchain.rustc().display())),
        FoundToolchain::Differs { found, .. } => {
            Check::absent("rust", format!("{found}, which differs from the library's: {RUSTC}"), &advice())
        }
        FoundToolchain::Missing { .. } => Check::absent("rust", "no rustc with cargo", &advice()),
    }
}

fn c_compiler() -> Check {
    match linker() {
        Ok(cc) => Check::good("linker", cc.display().to_string()),
        Err(error) => Check::absent("linker", "no `cc`", &error.to_string()),
    }
}

fn sources_of_std(toolchain: &Toolchain) -> Check {
    match toolchain.rust_src() {
        Some(sources) => Check::good("rust-src", sources.display().to_string()),
        None => Check::absent(
            "rust-src",
            "not installed; completion in Rust cells does not know the standard library's types",
            "rustup component add rust-src, or `candlewick doctor --fix`",
        ),
    }
}

/// One line is compiled and linked: what is wrong with a build shows there.
fn cells(toolchain: &Toolchain) -> Check {
    let tried = || -> Result<String, PackageError> {
        let library = Library::of_this_process()?;
        let files = closure::files(&library)?;
        let bytes: u64 = files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
        let took = trial_build::try_build(toolchain, &library)?;
        Ok(format!(
            "one line compiles and links in {} ms against {} and {} files of crates, {} MB, in {}",
            took.as_millis(),
            library.file.display(),
            files.len(),
            bytes / 1_000_000,
            library.crates.display()
        ))
    };
    match tried() {
        Ok(found) => Check::good("rust-cells", found),
        Err(error) => Check::absent("rust-cells", "they cannot be compiled", &error.to_string()),
    }
}
