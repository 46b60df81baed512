//! The way to the worker that never waits for it: what a stopped worker does not take is kept and sent later.
//!
//! Must not know the messages. Read [`LinkWriter`] first. Without it, one long cell sent to a worker that is stopped or
//! hangs would hold a thread of this process, and the next ones would hold up interrupts and the whole kernel.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes at once what the stream takes; a thread of its own, started when it is first needed, waits with the rest.
pub struct LinkWriter {
    stream: UnixStream,
    left: Arc<Mutex<Left>>,
}

#[derive(Default)]
struct Left {
    bytes: VecDeque<u8>,
    /// Whether the thread is at work; only it writes then.
    carried: bool,
    broken: bool,
}

impl LinkWriter {
    /// Writes to this stream.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, left: Arc::default() }
    }
}

impl Write for LinkWriter {
    /// Takes all bytes, always.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = locked(&self.left);
        if left.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = if left.carried { 0 } else { send_now(&self.stream, bytes)? };
        left.bytes.extend(&bytes[taken..]);
        if !left.carried && !left.bytes.is_empty() {
            let (stream, shared) = (self.stream.try_clone()?, self.left.clone());
            std::thread::Builder::new().name("worker-left".into()).spawn(move || carry(stream, &shared))?;
            left.carried = true;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread: waits for the worker with what is left, and ends when nothing is.
fn carry(mut stream: UnixStream, shared: &Mutex<Left>) {
    loop {
        let piece: Vec<u8> = {
            let mut left = locked(shared);
            let length = left.bytes.len().min(64 << 10);
            if length == 0 {
                left.carried = false;
                left.bytes.shrink_to_fit();
                return;
            }
            left.bytes.drain(..length).collect()
        };
        if stream.write_all(&piece).is_err() {
            let mut left = locked(shared);
            (left.broken, left.bytes) = (true, VecDeque::new());
            return;
        }
    }
}

/// How many bytes the stream takes without waiting.
fn send_now(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the descriptor is open and the bytes are readable for their whole length. Not `O_NONBLOCK`: that belongs to
    // the open stream, which another thread reads and waits on.
    let sent = unsafe { libc::send(stream.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT) };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match io::Error::last_os_error() {
            error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            error => Err(error),
        },
    }
}

fn locked(left: &Mutex<Left>) -> MutexGuard<'_, Left> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_reader_that_does_not_read_delays_nobody_and_gets_all_in_order() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut writer = LinkWriter::new(near);
        let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        for piece in sent.chunks(100_000) {
            writer.write_all(piece).unwrap();
        }
        let mut got = vec![0; sent.len()];
        far.read_exact(&mut got).unwrap();
        assert!(got == sent);
        // Nothing is left: the next piece goes out at once again.
        while locked(&writer.left).carried {
            std::thread::yield_now();
        }
        writer.write_all(b"end").unwrap();
        far.read_exact(&mut got[..3]).unwrap();
        assert_eq!(&got[..3], b"end");
    }

    #[test]
    fn a_closed_link_is_an_error() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        assert!(LinkWriter::new(near).write_all(b"x").is_err());
    }
}
