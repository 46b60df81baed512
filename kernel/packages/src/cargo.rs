//! Running cargo and rustc, to the end or until an interrupt.
//!
//! Must not know plugins. Read [`run`] first; which cargo that is says [`Toolchain`].

use crate::PackageError;
pub use crate::toolchain::{Found, Toolchain};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

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

/// Runs a command to its end, unless it may not go on.
///
/// # Errors
/// It cannot be started, or it was interrupted.
pub fn run(command: &mut Command, go_on: GoOn) -> Result<Ran, PackageError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = move |error: std::io::Error| PackageError::Toolchain(format!("{program} cannot be run: {error}"));
    let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().map_err(&failed)?;
    let (out, err) = (gather(child.stdout.take()), gather(child.stderr.take()));
    let good = wait(&mut child, go_on, &failed)?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
