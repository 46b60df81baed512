//! cargo and rustc, as this machine has them: whether they are the library's, and running them.
//!
//! Must not know plugins. Read [`Toolchain`] first.

use crate::PackageError;
use crate::library::RUSTC;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// A cargo whose rustc is the one that compiled the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toolchain(());

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Whether it did what it was asked.
    pub good: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Whether what takes long may go on; asked several times a second.
pub type GoOn<'a> = &'a dyn Fn() -> bool;

impl Toolchain {
    /// The one in `PATH`.
    ///
    /// # Errors
    /// There is none, or its rustc is another one; with what to run.
    pub fn find() -> Result<Self, PackageError> {
        let answer = |program: &str| Command::new(program).arg("--version").output().ok();
        if !answer("cargo").is_some_and(|answer| answer.status.success()) {
            return Err(PackageError::Toolchain(missing()));
        }
        let rustc = answer("rustc").map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
        check_rustc(rustc.as_deref().unwrap_or_default()).map(|()| Self(())).map_err(PackageError::Toolchain)
    }

    /// A cargo command.
    pub fn command(self) -> Command {
        Command::new("cargo")
    }
}

/// Runs a command to its end, unless it may not go on.
///
/// # Errors
/// It cannot be started, or it was interrupted.
pub fn run(command: &mut Command, go_on: GoOn) -> Result<Ran, PackageError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => PackageError::Toolchain(missing()),
        _ => PackageError::Toolchain(format!("cargo cannot be run: {error}")),
    };
    let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().map_err(failed)?;
    let (out, err) = (gather(child.stdout.take()), gather(child.stderr.take()));
    let good = wait(&mut child, go_on, failed)?;
    Ok(Ran { good, out: text(out), err: text(err) })
}

fn wait(child: &mut Child, go_on: GoOn, failed: impl Fn(std::io::Error) -> PackageError) -> Result<bool, PackageError> {
    loop {
        if let Some(status) = child.try_wait().map_err(&failed)? {
            return Ok(status.success());
        }
        if !go_on() {
            // It may have ended meanwhile.
            drop(child.kill());
            drop(child.wait());
            return Err(PackageError::Interrupted);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Both streams are read at once: a full pipe would hold the command up.
fn gather(stream: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What came before a broken pipe is kept.
            drop(stream.read_to_end(&mut bytes));
        }
        bytes
    })
}

fn text(gathered: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&gathered.join().unwrap_or_default()).into_owned()
}

fn missing() -> String {
    format!(
        "a Rust plugin is compiled by cargo, which is not in PATH: install Rust {} from https://rustup.rs, then try again",
        release(RUSTC)
    )
}

fn check_rustc(found: &str) -> Result<(), String> {
    if found == RUSTC {
        return Ok(());
    }
    let release = release(RUSTC);
    let found = if found.is_empty() { "none was found" } else { found };
    Err(format!(
        "a Rust plugin is compiled by the compiler of the library, {RUSTC}; found: {found}. Run `rustup toolchain install \
         {release}` and set RUSTUP_TOOLCHAIN={release}"
    ))
}

/// `1.95.0` of `rustc 1.95.0 (…)`.
fn release(version: &str) -> &str {
    version.split_whitespace().nth(1).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_is_named_with_what_to_run() {
        assert_eq!(check_rustc(RUSTC), Ok(()));
        let error = check_rustc("rustc 1.60.0 (7737e0b5c 2022-04-04)").unwrap_err();
        assert!(error.contains("found: rustc 1.60.0") && error.contains("RUSTUP_TOOLCHAIN=1."), "{error}");
        assert!(check_rustc("").unwrap_err().contains("none was found"));
        assert!(missing().contains("not in PATH: install Rust 1."), "{}", missing());
    }

    #[test]
    fn commands_are_run_and_interrupted() {
        let ran = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), &|| true).unwrap();
        assert_eq!(ran, Ran { good: false, out: "out\n".into(), err: "err\n".into() });
        let begun = std::time::Instant::now();
        let stopped = run(Command::new("sleep").arg("60"), &|| false);
        assert_eq!(stopped, Err(PackageError::Interrupted));
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert!(run(&mut Command::new("no-such-program"), &|| true).is_err());
    }
}
