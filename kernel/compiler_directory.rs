//! The directory of a session's compiler: made at the session's start, gone at its end.
//!
//! Owns its place, the socket in it, and the removal of those whose kernel was killed. Must not know processes or messages.
//! Read [`CompilerDirectory::make`] first.

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, getuid, test_kill_process};
use serde_json::Value;
use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// How the name of such a directory begins; the kernel's process id follows.
const PREFIX: &str = "candlewick-rust-";
/// The socket in it.
const SOCKET: &str = "compiler.sock";
/// What the compiler process prints.
const LOG: &str = "compiler.log";
/// What the worker has read of `[rust]` in `candlewick.toml`.
const SETTINGS: &str = "settings.json";
/// A socket's path may be 107 bytes long on Linux and 103 on a Mac.
const LONGEST_PATH: usize = 100;
/// How much of the end of what it printed is told.
const LAST_WORDS: usize = 2 << 10;

/// A directory that only this user can enter. It goes away with this value.
pub struct CompilerDirectory {
    directory: tempfile::TempDir,
    /// Locked as long as the kernel lives: whoever looks for directories that are left over cannot go by process ids
    /// alone, which another container that shares the place does not see.
    _lock: Option<File>,
}

impl CompilerDirectory {
    /// Makes one in the system's directory for temporary files.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn make() -> Result<Self> {
        Self::make_in(&place())
    }

    fn make_in(place: &Path) -> Result<Self> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(&prefix).permissions(Permissions::from_mode(0o700));
        let directory =
            builder.tempdir_in(place).with_context(|| format!("can't make a directory in {}", place.display()))?;
        let lock = File::open(directory.path()).ok();
        let lock = lock.filter(|lock| flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok());
        Ok(Self { directory, _lock: lock })
    }

    /// Listens on the socket in it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn listen(&self) -> Result<UnixListener> {
        let socket = self.socket();
        UnixListener::bind(&socket).with_context(|| format!("can't listen on {}", socket.display()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.path().join(SOCKET)
    }

    /// A file that takes what a compiler process prints, behind what former ones have.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn log(&self) -> Result<File> {
        let path = self.path().join(LOG);
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        file.with_context(|| format!("can't write {}", path.display()))
    }

    /// The end of what was printed.
    pub fn last_words(&self) -> String {
        let bytes = std::fs::read(self.path().join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LAST_WORDS)..]).trim().to_owned()
    }

    /// The bytes that `[rust]` of `candlewick.toml` lets a compiler process take; none when it says nothing.
    pub fn memory(&self) -> Option<u64> {
        let text = std::fs::read(self.path().join(SETTINGS)).ok()?;
        serde_json::from_slice::<Value>(&text).ok()?["memory"].as_u64()
    }
}

/// Removes what kernels of this user left that were killed. Looks through a whole directory, so not on a session's way.
pub fn remove_stale() {
    remove_stale_in(&place());
}

fn remove_stale_in(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        if owner(&entry.file_name().to_string_lossy()).is_some_and(has_ended) && is_left(&entry.path()) {
            // Another kernel may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The process id in a directory's name.
fn owner(name: &str) -> Option<Pid> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    pid.parse().ok().and_then(Pid::from_raw)
}

fn has_ended(kernel: Pid) -> bool {
    test_kill_process(kernel) == Err(Errno::SRCH)
}

/// Whether it is this user's, and nobody has it locked.
fn is_left(directory: &Path) -> bool {
    let Ok(metadata) = std::fs::symlink_metadata(directory) else { return false };
    let own = metadata.is_dir() && metadata.uid() == getuid().as_raw();
    own && File::open(directory).is_ok_and(|file| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// A place whose paths are short enough for a socket.
fn place() -> PathBuf {
    let usual = std::env::temp_dir();
    let name = format!("{PREFIX}4194304-xxxxxx/{SOCKET}");
    if usual.as_os_str().len() + name.len() < LONGEST_PATH { usual } else { "/tmp".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_its_users_own_and_goes_away() {
        let place = tempfile::tempdir().unwrap();
        let made = CompilerDirectory::make_in(place.path()).unwrap();
        let path = made.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        let listener = made.listen().unwrap();
        std::os::unix::net::UnixStream::connect(made.socket()).unwrap();
        assert_eq!(made.memory(), None);
        std::fs::write(path.join(SETTINGS), r#"{"memory": 1024}"#).unwrap();
        assert_eq!(made.memory(), Some(1024));
        std::io::Write::write_all(&mut made.log().unwrap(), b"one\n").unwrap();
        std::io::Write::write_all(&mut made.log().unwrap(), b"two\n").unwrap();
        assert_eq!(made.last_words(), "one\ntwo");
        drop((listener, made));
        assert!(!path.exists());
    }

    #[test]
    fn only_what_a_dead_kernel_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let make = |name: String| {
            let path = place.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let (dead, own) = (ended.id(), std::process::id());
        let left = make(format!("{PREFIX}{dead}-a"));
        let locked = make(format!("{PREFIX}{dead}-b"));
        let lock = File::open(&locked).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let kept = [locked, make(format!("{PREFIX}{own}-a")), make(format!("{PREFIX}x-a")), make("other".into())];
        remove_stale_in(place.path());
        assert!(!left.exists());
        kept.iter().for_each(|path| assert!(path.exists(), "{}", path.display()));
    }
}
