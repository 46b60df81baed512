//! What native code writes to descriptors 1 and 2, read back through pipes without blocking.
//!
//! Must not know messages. Read [`Pipes`] first.

use candlewick_link::StreamName;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

/// The read ends of the pipes behind descriptors 1 and 2.
#[derive(Debug)]
pub struct Pipes([Pipe; 2]);

#[derive(Debug)]
struct Pipe {
    name: StreamName,
    end: OwnedFd,
    /// The beginning of a character whose rest has not arrived yet.
    rest: Vec<u8>,
}

impl Pipes {
    /// Reads from these ends from now on; they become non-blocking.
    ///
    /// # Errors
    /// The descriptors do not take the flag.
    pub fn new(stdout: OwnedFd, stderr: OwnedFd) -> std::io::Result<Self> {
        for end in [&stdout, &stderr] {
            rustix::io::ioctl_fionbio(end, true)?;
        }
        let pipe = |name, end| Pipe { name, end, rest: Vec::new() };
        Ok(Self([pipe(StreamName::Stdout, stdout), pipe(StreamName::Stderr, stderr)]))
    }

    /// Whether something waits to be read: one system call, so that each print may ask.
    pub fn readable(&self) -> bool {
        let mut ends = self.0.each_ref().map(|pipe| PollFd::new(&pipe.end, PollFlags::IN));
        poll(&mut ends, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }

    /// Takes all that waits, as text; a character that is not whole yet waits for its rest.
    pub fn drain(&mut self, mut take: impl FnMut(StreamName, &str)) {
        for pipe in &mut self.0 {
            let mut buffer = [0; 16 << 10];
            while let Ok(count @ 1..) = rustix::io::read(&pipe.end, &mut buffer) {
                pipe.rest.extend_from_slice(&buffer[..count]);
                let whole = whole_characters(&pipe.rest);
                take(pipe.name, &String::from_utf8_lossy(&pipe.rest[..whole]));
                pipe.rest.drain(..whole);
            }
        }
    }

    /// Copies of the ends, for a thread that waits on them.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn ends(&self) -> std::io::Result<[OwnedFd; 2]> {
        let [out, err] = &self.0;
        Ok([out.end.try_clone()?, err.end.try_clone()?])
    }
}

/// Waits until one of the descriptors can be read or has closed; which of them.
pub fn wait<const N: usize>(ends: [BorrowedFd<'_>; N]) -> [bool; N] {
    let mut ends = ends.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN));
    while let Err(rustix::io::Errno::INTR) = poll(&mut ends, None) {}
    ends.map(|end| !end.revents().is_empty())
}

/// A pipe whose write end replaces a descriptor; the read end.
///
/// # Errors
/// The system refuses.
pub fn pipe_behind(descriptor: i32) -> std::io::Result<OwnedFd> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    match descriptor {
        1 => rustix::stdio::dup2_stdout(write.as_fd())?,
        _ => rustix::stdio::dup2_stderr(write.as_fd())?,
    }
    Ok(read)
}

/// The write ends behind descriptors 1 and 2, kept so that code which closes or replaces those takes nothing from later
/// cells.
static KEPT: OnceLock<[OwnedFd; 2]> = OnceLock::new();

/// Keeps what stands behind descriptors 1 and 2 now.
///
/// # Errors
/// No descriptor is left.
pub fn keep_standard() -> std::io::Result<()> {
    let copy = |end: BorrowedFd<'_>| end.try_clone_to_owned();
    let kept = [copy(rustix::stdio::stdout())?, copy(rustix::stdio::stderr())?];
    // Kept before: it is the same.
    drop(KEPT.set(kept));
    Ok(())
}

/// Puts back what was kept; which of descriptors 1 and 2 had been closed or replaced.
pub fn restore_standard() -> [bool; 2] {
    let Some([out, err]) = KEPT.get() else { return [false; 2] };
    let changed = [is_other(rustix::stdio::stdout(), out), is_other(rustix::stdio::stderr(), err)];
    // A failure leaves the descriptor as the code has left it, and is seen again after the next cell.
    if changed[0] {
        let _ = rustix::stdio::dup2_stdout(out);
    }
    if changed[1] {
        let _ = rustix::stdio::dup2_stderr(err);
    }
    changed
}

fn is_other(now: BorrowedFd<'_>, kept: &OwnedFd) -> bool {
    let (Ok(now), Ok(kept)) = (rustix::fs::fstat(now), rustix::fs::fstat(kept)) else { return true };
    (now.st_dev, now.st_ino) != (kept.st_dev, kept.st_ino)
}

/// How many leading bytes are whole characters; bytes that can never be a character count as whole.
fn whole_characters(bytes: &[u8]) -> usize {
    let mut from = 0;
    loop {
        match std::str::from_utf8(&bytes[from..]) {
            Ok(_) => return bytes.len(),
            Err(error) => match error.error_len() {
                Some(bad) => from += error.valid_up_to() + bad,
                None => return from + error.valid_up_to(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_split_across_reads_stays_one() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let (read_err, _write_err) = rustix::pipe::pipe().unwrap();
        let mut pipes = Pipes::new(read, read_err).unwrap();
        let mut text = String::new();
        for part in [&b"a\xc3"[..], b"\xbc\xff", b"b\xf0\x9f", b"\xa6\x80"] {
            rustix::io::write(&write, part).unwrap();
            assert!(pipes.readable());
            pipes.drain(|_, part| text.push_str(part));
        }
        assert_eq!(text, "aü\u{fffd}b🦀");
        assert!(!pipes.readable());
    }
}
