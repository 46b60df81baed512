//! The way from the worker or the compiler: its messages as they come, read on the runtime itself.
//!
//! Must not know what the messages mean. Read [`LinkReader`] first. A thread of its own that waits in `read` would have to
//! wake the runtime for each message: one more change of threads on the way of every cell.

use candlewick_link::{FrameBuffer, LinkError};
use serde::de::DeserializeOwned;
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Bytes taken at once.
const PIECE: usize = 64 << 10;
/// A longer message is understood on a thread of its own, so that others are served meanwhile.
const LONG: usize = 1 << 20;

/// The receiving side of a link, for messages of one type.
pub struct LinkReader<T> {
    stream: AsyncFd<UnixStream>,
    frames: FrameBuffer,
    piece: Vec<u8>,
    message: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> LinkReader<T> {
    /// Reads from this stream; it stays as it is for those who share it. Must be called on a runtime.
    ///
    /// # Errors
    /// The system can't watch the stream.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        // SAFETY: the stream is owned by the watch, lends its descriptor as long as it lives, and nothing here takes it out.
        let stream = unsafe { AsyncFd::register_with_interest(stream, Interest::READABLE)? };
        Ok(Self { stream, frames: FrameBuffer::default(), piece: vec![0; PIECE], message: PhantomData })
    }

    /// Waits for the next message; none when the other side has closed.
    ///
    /// # Errors
    /// The stream failed, or the bytes are not a message.
    pub async fn receive(&mut self) -> Result<Option<T>, LinkError> {
        loop {
            match self.frames.next_frame()? {
                Some(frame) if frame.len() > LONG => return Ok(Some(understood_elsewhere(frame.to_vec()).await?)),
                Some(frame) => return Ok(Some(serde_json::from_slice(frame)?)),
                None => {}
            }
            if !self.read_more().await? {
                return Ok(None);
            }
        }
    }

    /// Waits for bytes; says whether any came before the stream ended.
    async fn read_more(&mut self) -> io::Result<bool> {
        loop {
            let mut ready = self.stream.readable().await?;
            let piece = &mut self.piece;
            match ready.try_io(|stream| receive_now(stream.get_ref(), piece)) {
                Ok(Ok(0)) => return Ok(false),
                Ok(Ok(count)) => {
                    self.frames.push(&self.piece[..count]);
                    return Ok(true);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_not_ready) => {}
            }
        }
    }
}

async fn understood_elsewhere<T: DeserializeOwned + Send + 'static>(frame: Vec<u8>) -> Result<T, LinkError> {
    let understood = tokio::task::spawn_blocking(move || serde_json::from_slice(&frame)).await;
    Ok(understood.map_err(io::Error::other)??)
}

/// The bytes that are there, without waiting. Not `O_NONBLOCK`: that belongs to the open stream, on which the writing side
/// waits.
fn receive_now(stream: &UnixStream, piece: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the descriptor is open and the piece is writable for its whole length.
    let received =
        unsafe { libc::recv(stream.as_raw_fd(), piece.as_mut_ptr().cast(), piece.len(), libc::MSG_DONTWAIT) };
    usize::try_from(received).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::{FrameWriter, FromWorker, StreamName};

    #[tokio::test]
    async fn short_and_long_messages_come_in_order() {
        let (near, far) = UnixStream::pair().unwrap();
        let text = |length: usize| FromWorker::Stream { name: StreamName::Stdout, text: "x".repeat(length) };
        let lengths = [1, 3 << 20, 0, 70_000, 5];
        let writing = std::thread::spawn(move || {
            let mut writer = FrameWriter::new(far);
            lengths.iter().for_each(|length| writer.send(&text(*length)).unwrap());
        });
        let mut reader = LinkReader::new(near).unwrap();
        for length in lengths {
            assert!(reader.receive().await.unwrap() == Some(text(length)), "{length}");
        }
        assert_eq!(reader.receive().await.unwrap(), None);
        writing.join().unwrap();
    }
}
