//! `candlewick doctor --fix`: what can be done about what the doctor finds missing.
//!
//! Owns the steps, each said before it is done. Must not write anywhere itself: rustup and cargo put things where they always
//! do. Read [`fix`] first.

use crate::terminal::say;
use candlewick_packages::{FoundToolchain, Toolchain, linker, sources};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Does what can be done; what could not be done has been said.
pub fn fix() {
    let mut done = Steps::default();
    match compiler(&mut done) {
        Some(toolchain) => sources_of_std(&toolchain, &mut done),
        None => say(&Toolchain::look().advice()),
    }
    if let Err(error) = linker() {
        say(&format!("This is not done by Candlewick, because it needs the system's administrator: {error}"));
    }
    if done.0 == 0 {
        say("Nothing to mend that Candlewick could mend.");
    }
}

/// How many steps were tried.
#[derive(Default)]
struct Steps(usize);

/// The library's compiler, installed if need be; where that does not go, the library is built by the compiler that is there.
fn compiler(steps: &mut Steps) -> Option<Toolchain> {
    let found = Toolchain::look();
    let (FoundToolchain::Differs { rustup, .. } | FoundToolchain::Missing { rustup }) = &found else {
        return toolchain_of(found);
    };
    if let Some(rustup) = rustup {
        let arguments = ["toolchain", "install", Toolchain::release(), "--profile", "minimal", "--no-self-update"];
        steps.run(Command::new(rustup).args(arguments), None);
        if let Some(toolchain) = toolchain_of(Toolchain::look()) {
            return Some(toolchain);
        }
    }
    if let (FoundToolchain::Differs { found, .. }, Some(checkout)) = (&found, checkout()) {
        say(&format!("The library is built anew by the compiler that is here, {found}; that takes some minutes."));
        if steps.run(Command::new("cargo").args(["run", "--", "install", "--user"]), Some(&checkout)) {
            say("The kernel that was installed now fits this compiler; this program is the former build.");
        }
    }
    None
}

fn sources_of_std(toolchain: &Toolchain, steps: &mut Steps) {
    if toolchain.rust_src().is_some() {
        return;
    }
    let (Some(name), Some(rustup)) = (rustup_name(toolchain.rustc()), Toolchain::rustup()) else {
        return say(
            "The compiler was not installed by rustup, so its component rust-src is not added: install it as the \
                    compiler was. Only completion in Rust cells needs it.",
        );
    };
    steps.run(Command::new(rustup).args(["component", "add", "rust-src", "--toolchain", &name]), None);
}

impl Steps {
    /// Says what is done, does it, and says when it failed; what it prints itself is shown.
    fn run(&mut self, command: &mut Command, directory: Option<&Path>) -> bool {
        self.0 += 1;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let place = directory.map_or_else(String::new, |directory| format!(" (in {})", directory.display()));
        say(&format!("→ {line}{place}"));
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        // What it has to say is progress; this program's answer is the doctor's report.
        let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
        let failed = match status {
            Ok(status) if status.success() => return true,
            Ok(status) => format!("it ended with {status}"),
            Err(error) => error.to_string(),
        };
        say(&format!(
            "`{line}` failed: {failed}. Without a network nothing can be installed; what was there is unchanged."
        ));
        false
    }
}

fn toolchain_of(found: FoundToolchain) -> Option<Toolchain> {
    match found {
        FoundToolchain::Fits(toolchain) => Some(toolchain),
        _ => None,
    }
}

/// The toolchain's name, where rustup has it: `…/toolchains/NAME/bin/rustc`.
fn rustup_name(rustc: &Path) -> Option<String> {
    let directory = rustc.parent()?.parent()?;
    let is_rustup = directory.parent()?.file_name()? == "toolchains";
    is_rustup.then(|| directory.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// The sources that this program was built from, with all that a build needs. Those beside an installed kernel are for
/// editors.
fn checkout() -> Option<PathBuf> {
    let root = sources()?.ancestors().nth(2)?.to_owned();
    let needed = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "kernel/main.rs"];
    needed.iter().all(|path| root.join(path).is_file()).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_of_rustup_has_a_name() {
        let check =
            |path: &str, expect: Option<&str>| assert_eq!(rustup_name(Path::new(path)).as_deref(), expect, "{path}");
        check("/h/.rustup/toolchains/1.95.0-x86_64/bin/rustc", Some("1.95.0-x86_64"));
        check("/usr/bin/rustc", None);
        check("rustc", None);
    }
}
