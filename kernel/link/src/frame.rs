//! Length-prefixed JSON over any byte stream.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, BufReader, Read, Write};
use std::marker::PhantomData;

/// A frame longer than this is a fault, not a message.
const LONGEST: usize = 1 << 30;

/// Why a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The stream failed.
    #[error("the link to the other process failed: {0}")]
    Io(#[from] io::Error),
    /// The bytes were not a message of this link.
    #[error("a message on the link could not be read or written: {0}")]
    Json(#[from] serde_json::Error),
    /// The length prefix was beyond reason.
    #[error("a frame of {0} bytes was announced on the link; the longest is {LONGEST}")]
    TooLong(usize),
}

/// Sends messages of one type.
pub struct FrameWriter<W, T> {
    stream: W,
    buffer: Vec<u8>,
    message: PhantomData<fn(&T)>,
}

impl<W: Write, T: Serialize> FrameWriter<W, T> {
    /// Sends over this stream; each message is one write.
    pub fn new(stream: W) -> Self {
        Self { stream, buffer: Vec::new(), message: PhantomData }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// The stream failed, or the message is too long.
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; 4]);
        serde_json::to_writer(&mut self.buffer, message)?;
        let length = self.buffer.len() - 4;
        if length > LONGEST {
            return Err(LinkError::TooLong(length));
        }
        self.buffer[..4].copy_from_slice(&(length as u32).to_le_bytes());
        self.stream.write_all(&self.buffer)?;
        self.stream.flush()?;
        Ok(())
    }
}

/// Receives messages of one type.
pub struct FrameReader<R, T> {
    stream: BufReader<R>,
    buffer: Vec<u8>,
    message: PhantomData<fn() -> T>,
}

impl<R: Read, T: DeserializeOwned> FrameReader<R, T> {
    /// Receives from this stream.
    pub fn new(stream: R) -> Self {
        Self { stream: BufReader::with_capacity(64 << 10, stream), buffer: Vec::new(), message: PhantomData }
    }

    /// Waits for the next message; none when the other side has closed.
    ///
    /// # Errors
    /// The stream failed or broke off inside a frame, or the bytes are not a message.
    pub fn receive(&mut self) -> Result<Option<T>, LinkError> {
        let mut length = [0; 4];
        match self.stream.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(LinkError::TooLong(length));
        }
        self.buffer.resize(length, 0);
        self.stream.read_exact(&mut self.buffer)?;
        Ok(Some(serde_json::from_slice(&self.buffer)?))
    }
}

/// Cuts bytes that come in pieces into frames, for a reader that must not wait inside one.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// Where the first frame that was not taken yet begins.
    at: usize,
}

impl FrameBuffer {
    /// Adds bytes that came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame without its length, or none when more bytes are needed.
    ///
    /// # Errors
    /// The frame announces a length beyond reason.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, LinkError> {
        let Some((length, rest)) = self.bytes[self.at..].split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > LONGEST {
            return Err(LinkError::TooLong(length));
        }
        if rest.len() < length {
            self.make_room(length + 4);
            return Ok(None);
        }
        let from = self.at + 4;
        self.at = from + length;
        Ok(Some(&self.bytes[from..from + length]))
    }

    /// Moves a frame that has begun to the front, so that the memory of those before it serves again, and of a long one
    /// that was taken is given back.
    fn make_room(&mut self, length: usize) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.shrink_to(length.max(64 << 10));
        self.bytes.reserve(length.saturating_sub(self.bytes.len()).min(1 << 20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_received_and_a_broken_frame_is_an_error() {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes);
        writer.send(&vec!["a", "ü"]).unwrap();
        writer.send(&vec![]).unwrap();
        let mut reader = FrameReader::<_, Vec<String>>::new(bytes.as_slice());
        assert_eq!(reader.receive().unwrap().unwrap(), ["a", "ü"]);
        assert_eq!(reader.receive().unwrap().unwrap(), Vec::<String>::new());
        assert!(reader.receive().unwrap().is_none());
        let mut cut = FrameReader::<_, Vec<String>>::new(&bytes[..7]);
        assert!(matches!(cut.receive(), Err(LinkError::Io(_))));
        // The same cut anywhere, as pieces.
        for cut in 0..bytes.len() {
            let (mut buffer, mut frames) = (FrameBuffer::default(), Vec::new());
            for piece in [&bytes[..cut], &bytes[cut..]] {
                buffer.push(piece);
                while let Some(frame) = buffer.next_frame().unwrap() {
                    frames.push(String::from_utf8(frame.to_vec()).unwrap());
                }
            }
            assert_eq!(frames, [r#"["a","ü"]"#, "[]"], "cut at {cut}");
        }
        let mut long = FrameReader::<_, Vec<String>>::new([255u8; 4].as_slice());
        assert!(matches!(long.receive(), Err(LinkError::TooLong(_))));
    }
}
