//! The cargo and rustc that the library was compiled by, wherever this machine has them.
//!
//! Owns the search and what is said when there is none. Must not know what is compiled. Read [`Toolchain`] first, then
//! [`Toolchain::look`].

use crate::PackageError;
use crate::library::RUSTC;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cargo and the rustc beside it that compiled the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

/// What a look for the library's compiler came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Fits(Toolchain),
    /// Another compiler is there.
    Differs {
        /// What it says of itself.
        found: String,
        /// The rustup that can install the right one.
        rustup: Option<PathBuf>,
    },
    /// There is no compiler, or no cargo.
    Missing {
        /// The rustup that can install them.
        rustup: Option<PathBuf>,
    },
}

impl Toolchain {
    /// The library's own: what `PATH` has, else one of rustup's toolchains.
    ///
    /// # Errors
    /// There is none; with what was found and what to run.
    pub fn find() -> Result<Self, PackageError> {
        match Self::look() {
            Found::Fits(toolchain) => Ok(toolchain),
            other => Err(PackageError::Toolchain(other.advice())),
        }
    }

    /// The same, as what was found. Takes some tens of milliseconds: compilers are asked for their version.
    pub fn look() -> Found {
        Places::of_process().look()
    }

    /// The rustup of this machine.
    pub fn rustup() -> Option<PathBuf> {
        Places::of_process().first("rustup")
    }

    /// The name of the right one, as rustup knows it: `1.95.0`.
    pub fn release() -> &'static str {
        release(RUSTC)
    }

    /// The path of cargo.
    pub fn cargo(&self) -> &Path {
        &self.cargo
    }

    /// The path of rustc.
    pub fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// The sources of the standard library, where the component `rust-src` is installed.
    pub fn rust_src(&self) -> Option<PathBuf> {
        let sources = self.rustc.parent()?.parent()?.join("lib/rustlib/src/rust/library");
        sources.join("core/src/lib.rs").is_file().then_some(sources)
    }

    /// A cargo command that compiles with this rustc, whatever the directory it runs in asks for.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        self.put_first(&mut command);
        command
    }

    /// Gives a command an environment in which `cargo` and `rustc` are these.
    pub fn put_first(&self, command: &mut Command) {
        command.envs(self.environment()).env_remove("RUSTUP_TOOLCHAIN");
    }

    /// The variables of that environment: `PATH`, `CARGO` and `RUSTC`.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        let own = self.rustc.parent().map(Path::to_owned);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = own.into_iter().chain(std::env::split_paths(&path));
        let joined = std::env::join_paths(all).unwrap_or(path.clone());
        [("PATH", joined), ("CARGO", self.cargo.clone().into()), ("RUSTC", self.rustc.clone().into())]
    }
}

impl Found {
    /// Why nothing can be compiled, and what to run; empty when all is well.
    pub fn advice(&self) -> String {
        let release = Toolchain::release();
        let install = format!("run `rustup toolchain install {release}`");
        let rustup_first = format!("install rustup from https://rustup.rs, then {install}");
        match self {
            Self::Fits(_) => String::new(),
            Self::Differs { found, rustup } => {
                let then = if rustup.is_some() { install } else { rustup_first };
                format!("Rust is compiled by the compiler of the library, {RUSTC}; found: {found}. To mend it, {then}")
            }
            Self::Missing { rustup: Some(_) } => {
                format!("Rust is compiled by cargo and {RUSTC}, which rustup has not installed. To mend it, {install}")
            }
            Self::Missing { rustup: None } => format!(
                "Rust is compiled by cargo, which is not in PATH: install Rust {release}. To mend it, {rustup_first}"
            ),
        }
    }
}

/// The C compiler that rustc links with: the first of `PATH` that is called `cc`, unless cargo is told another.
///
/// # Errors
/// There is none; with what to install.
pub fn linker() -> Result<PathBuf, PackageError> {
    Places::of_process().linker()
}

/// Directories in which programs are looked for, in order.
#[derive(Clone, Debug)]
struct Places(Vec<PathBuf>);

impl Places {
    /// `PATH`, then where rustup puts its programs: a Jupyter that was not started from a shell may not have that in `PATH`.
    fn of_process() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cargo_home = set("CARGO_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        Self(std::env::split_paths(&path).chain(cargo_home.map(|home| home.join("bin"))).collect())
    }

    fn look(&self) -> Found {
        let mut other = None;
        for rustc in self.all("rustc") {
            match (said(&rustc, &["--version"]), self.cargo_beside(&rustc)) {
                (Some(version), Some(cargo)) if version == RUSTC => return Found::Fits(without_proxies(cargo, rustc)),
                (Some(version), Some(_)) => drop(other.get_or_insert(version)),
                _ => {}
            }
        }
        let rustup = self.first("rustup");
        if let Some(toolchain) = rustup.as_deref().and_then(among_toolchains) {
            return Found::Fits(toolchain);
        }
        match other {
            Some(found) => Found::Differs { found, rustup },
            None => Found::Missing { rustup },
        }
    }

    fn linker(&self) -> Result<PathBuf, PackageError> {
        let variable =
            format!("CARGO_TARGET_{}_LINKER", crate::library::TARGET.to_uppercase().replace(['-', '.'], "_"));
        let named = std::env::var_os(variable).filter(|name| !name.is_empty()).map(PathBuf::from);
        named.or_else(|| self.first("cc")).ok_or_else(|| {
            PackageError::Toolchain(
                "Rust is linked by the C compiler `cc`, which is not in PATH: install it (`apt-get install gcc libc6-dev`, \
                 `dnf install gcc`, or `xcode-select --install` on a Mac)"
                    .into(),
            )
        })
    }

    fn cargo_beside(&self, rustc: &Path) -> Option<PathBuf> {
        let beside = rustc.with_file_name("cargo");
        if is_program(&beside) { Some(beside) } else { self.first("cargo") }
    }

    fn first(&self, name: &str) -> Option<PathBuf> {
        self.all(name).into_iter().next()
    }

    fn all(&self, name: &str) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for path in self.0.iter().map(|place| place.join(name)).filter(|path| is_program(path)) {
            if !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }
}

/// The programs themselves in the place of rustup's, which start them: that takes less time at each call, and does not
/// depend on the directory.
fn without_proxies(cargo: PathBuf, rustc: PathBuf) -> Toolchain {
    let sysroot = said(&rustc, &["--print", "sysroot"]).map(PathBuf::from);
    let own = sysroot.and_then(|sysroot| toolchain_in(&sysroot.join("bin")));
    own.unwrap_or(Toolchain { cargo, rustc })
}

fn toolchain_in(directory: &Path) -> Option<Toolchain> {
    let (cargo, rustc) = (directory.join("cargo"), directory.join("rustc"));
    (is_program(&cargo) && is_program(&rustc)).then_some(Toolchain { cargo, rustc })
}

/// The one of rustup's toolchains whose rustc is the right one.
fn among_toolchains(rustup: &Path) -> Option<Toolchain> {
    let listed = said_all(rustup, &["toolchain", "list"])?;
    let mut names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    // The likely ones first: each costs two processes.
    let release = Toolchain::release();
    names.sort_by_key(|name| (!name.starts_with(release), !name.starts_with("stable")));
    names.into_iter().find_map(|name| {
        let rustc = PathBuf::from(said(rustup, &["which", "--toolchain", name, "rustc"])?);
        (said(&rustc, &["--version"])? == RUSTC).then(|| toolchain_in(rustc.parent()?)).flatten()
    })
}

/// The first line that a program prints; none when it does not run or fails.
fn said(program: &Path, arguments: &[&str]) -> Option<String> {
    Some(said_all(program, arguments)?.lines().next()?.trim().to_owned())
}

/// Asked in the root directory: what a `rust-toolchain.toml` beside a notebook says is about other crates. Nothing may be
/// installed by asking.
fn said_all(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env("RUSTUP_AUTO_INSTALL", "0");
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// `1.95.0` of `rustc 1.95.0 (…)`.
fn release(version: &str) -> &str {
    version.split_whitespace().nth(1).unwrap_or(version)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // the scripts are written outside `#[test]` functions
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A directory of programs that are shell scripts.
    struct Fake(tempfile::TempDir);

    impl Fake {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn program(&self, path: &str, script: &str) -> PathBuf {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        /// A rustc of that version with a cargo beside it, and a sysroot that it tells when there is one.
        fn rust(&self, directory: &str, version: &str, sysroot: &str) -> Toolchain {
            let script = format!("[ \"$1\" = --version ] && echo '{version}' || echo {sysroot}");
            let rustc = self.program(&format!("{directory}/rustc"), &script);
            Toolchain { cargo: self.program(&format!("{directory}/cargo"), "true"), rustc }
        }

        fn look(&self, directories: &[&str]) -> Found {
            Places(directories.iter().map(|name| self.0.path().join(name)).collect()).look()
        }
    }

    const OTHER: &str = "rustc 1.60.0 (7737e0b5c 2022-04-04)";

    #[test]
    fn the_first_that_fits_is_taken() {
        let fake = Fake::new();
        assert_eq!(fake.look(&["none"]), Found::Missing { rustup: None });
        fake.rust("old", OTHER, "");
        assert_eq!(fake.look(&["none", "old"]), Found::Differs { found: OTHER.into(), rustup: None });
        let fits = fake.rust("new", RUSTC, "/no/such/sysroot");
        assert_eq!(fake.look(&["none", "old", "new"]), Found::Fits(fits));
        // A compiler without cargo is of no use.
        fake.program("bare/rustc", &format!("echo '{RUSTC}'"));
        assert_eq!(fake.look(&["bare"]), Found::Missing { rustup: None });
    }

    #[test]
    fn rustup_programs_are_passed_by() {
        let fake = Fake::new();
        let own = fake.rust("sysroot/bin", RUSTC, "");
        fake.rust("proxies", RUSTC, &fake.0.path().join("sysroot").display().to_string());
        assert_eq!(fake.look(&["proxies"]), Found::Fits(own));
    }

    #[test]
    fn one_of_rustups_toolchains_is_found() {
        let fake = Fake::new();
        fake.rust("proxies", OTHER, "");
        let own = fake.rust("toolchains/fits/bin", RUSTC, "");
        fake.rust("toolchains/other/bin", OTHER, "");
        let toolchains = fake.0.path().join("toolchains").display().to_string();
        let rustup = fake.program(
            "proxies/rustup",
            &format!(
                "[ \"$*\" = 'toolchain list' ] && printf 'other (active, default)\\nbroken\\n{names}' && exit\n\
                 [ \"$3\" = broken ] && exit 1\necho {toolchains}/$3/bin/rustc",
                names = "fits\\n"
            ),
        );
        assert_eq!(fake.look(&["proxies"]), Found::Fits(own));
        std::fs::remove_dir_all(fake.0.path().join("toolchains/fits")).unwrap();
        assert_eq!(fake.look(&["proxies"]), Found::Differs { found: OTHER.into(), rustup: Some(rustup) });
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_run() {
        let check = |found: Found, parts: &[&str]| {
            let advice = found.advice();
            parts.iter().for_each(|part| assert!(advice.contains(part), "{part}: {advice}"));
        };
        let (rustup, install) =
            (Some(PathBuf::from("rustup")), format!("`rustup toolchain install {}`", release(RUSTC)));
        check(
            Found::Differs { found: OTHER.into(), rustup: None },
            &["found: rustc 1.60.0", "https://rustup.rs", &install],
        );
        check(Found::Differs { found: OTHER.into(), rustup: rustup.clone() }, &[RUSTC, &install]);
        check(Found::Missing { rustup: None }, &["not in PATH: install Rust 1.", "https://rustup.rs", &install]);
        check(Found::Missing { rustup }, &["rustup has not installed", &install]);
    }

    #[test]
    fn the_environment_puts_it_first() {
        let toolchain = Toolchain { cargo: "/t/bin/cargo".into(), rustc: "/t/bin/rustc".into() };
        let [(_, path), (_, cargo), (_, rustc)] = toolchain.environment();
        assert_eq!(std::env::split_paths(&path).next(), Some("/t/bin".into()));
        assert_eq!((cargo, rustc), ("/t/bin/cargo".into(), "/t/bin/rustc".into()));
        assert_eq!(toolchain.rust_src(), None);
    }

    #[test]
    fn a_missing_linker_is_named() {
        let fake = Fake::new();
        let places = Places(vec![fake.0.path().to_owned()]);
        assert!(places.linker().unwrap_err().to_string().contains("`cc`, which is not in PATH"));
        let cc = fake.program("cc", "true");
        assert_eq!(places.linker(), Ok(cc));
    }
}
