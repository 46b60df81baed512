//! ZMTP 3.0 as a listening side needs it: greeting, handshake without encryption, frames.
//!
//! Owns bytes on a connection, by RFC 23 of the ZeroMQ project. Must not know Jupyter or who is connected.
//! Read [`read_message`] first.
//!
//! Written here instead of taken from the `zeromq` crate, whose publisher waits for each subscriber in turn and
//! whose senders can't be flushed: output would be lost at exit or held up by one client that stops reading.

use bytes::{BufMut, Bytes, BytesMut};
use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// No request from a client is larger: what announces more is cut off, before memory is taken for it.
pub(crate) const LARGEST_REQUEST: usize = 512 << 20;
/// No subscription is larger, and no acknowledgement.
pub(crate) const LARGEST_NOTE: usize = 64 << 10;
/// No message has more frames.
const MOST_FRAMES: usize = 4096;
/// Memory taken for a frame before its bytes have come.
const FIRST_CHUNK: usize = 64 << 10;

/// What the other side said of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    pub socket_type: Bytes,
    /// The routing identity that it asks for; empty for none.
    pub identity: Bytes,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Message(Vec<Bytes>),
    /// A ping, with the encoded pong to answer.
    Ping(Bytes),
}

/// Exchanges greetings and READY commands. An error means that the other side is no ZeroMQ peer that fits.
pub(crate) async fn handshake<R, W>(reader: &mut R, writer: &mut W, socket_type: &str) -> Result<Hello>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    writer.write_all(&greeting()).await?;
    let mut theirs = [0u8; 64];
    reader.read_exact(&mut theirs).await?;
    if theirs[0] != 0xFF || theirs[9] & 1 == 0 || theirs[10] < 3 || &theirs[12..17] != b"NULL\0" {
        return Err(malformed("not a ZMTP 3 greeting without encryption"));
    }
    writer.write_all(&ready(socket_type)).await?;
    let (flags, body) = read_frame(reader, FIRST_CHUNK).await?;
    let properties = body.strip_prefix(b"\x05READY").filter(|_| flags & COMMAND != 0);
    properties.and_then(hello).ok_or_else(|| malformed("no READY command"))
}

/// Reads the next message, of `largest` bytes at most, or ping; other commands are passed over.
pub(crate) async fn read_message<R: AsyncRead + Unpin>(reader: &mut R, largest: usize) -> Result<Received> {
    let mut frames = Vec::new();
    let mut left = largest;
    loop {
        let (flags, body) = read_frame(reader, left).await?;
        if flags & COMMAND != 0 {
            if let Some(ping) = body.strip_prefix(b"\x04PING") {
                return Ok(Received::Ping(pong(ping)));
            }
            continue;
        }
        left -= body.len();
        frames.push(body);
        if flags & MORE == 0 {
            return Ok(Received::Message(frames));
        }
        if frames.len() == MOST_FRAMES {
            return Err(malformed("too many frames"));
        }
    }
}

/// The bytes of one message.
pub(crate) fn encode(frames: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.len() + 9).sum());
    for (index, frame) in frames.iter().enumerate() {
        put_frame(&mut bytes, if index + 1 < frames.len() { MORE } else { 0 }, frame);
    }
    bytes.freeze()
}

/// Signature, version 3.0, mechanism NULL, not as server.
fn greeting() -> [u8; 64] {
    let mut bytes = [0u8; 64];
    (bytes[0], bytes[9], bytes[10]) = (0xFF, 0x7F, 3);
    bytes[12..16].copy_from_slice(b"NULL");
    bytes
}

fn ready(socket_type: &str) -> Bytes {
    let mut body = BytesMut::from(&b"\x05READY\x0BSocket-Type"[..]);
    body.put_u32(u32::try_from(socket_type.len()).unwrap_or(0));
    body.put_slice(socket_type.as_bytes());
    command(&body)
}

/// The answer to a ping: its context, without the two bytes of its time to live.
fn pong(ping: &[u8]) -> Bytes {
    let mut body = BytesMut::from(&b"\x04PONG"[..]);
    body.put_slice(ping.get(2..).unwrap_or_default());
    command(&body)
}

fn command(body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    put_frame(&mut bytes, COMMAND, body);
    bytes.freeze()
}

fn put_frame(bytes: &mut BytesMut, flags: u8, body: &[u8]) {
    match u8::try_from(body.len()) {
        Ok(length) => bytes.put_slice(&[flags, length]),
        Err(_) => {
            bytes.put_u8(flags | LONG);
            bytes.put_u64(body.len() as u64);
        }
    }
    bytes.put_slice(body);
}

async fn read_frame<R: AsyncRead + Unpin>(reader: &mut R, largest: usize) -> Result<(u8, Bytes)> {
    let flags = reader.read_u8().await?;
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(malformed("unknown frame flags"));
    }
    let length = if flags & LONG == 0 { u64::from(reader.read_u8().await?) } else { reader.read_u64().await? };
    if length > largest as u64 {
        return Err(malformed("a frame is too large"));
    }
    Ok((flags, read_body(reader, length).await?))
}

/// Reads exactly `length` bytes, taking memory as they come.
async fn read_body<R: AsyncRead + Unpin>(reader: &mut R, length: u64) -> Result<Bytes> {
    let first = usize::try_from(length).unwrap_or(FIRST_CHUNK).min(FIRST_CHUNK);
    let mut body = BytesMut::with_capacity(first);
    let mut limited = reader.take(length);
    while limited.limit() > 0 {
        if limited.read_buf(&mut body).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(body.freeze())
}

/// The properties of a READY command: one length byte and the name, four length bytes and the value.
fn hello(mut rest: &[u8]) -> Option<Hello> {
    let mut hello = Hello::default();
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(usize::from(length))?;
        let (length, after) = after.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (value, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        match name.to_ascii_lowercase().as_slice() {
            b"socket-type" => hello.socket_type = Bytes::copy_from_slice(value),
            b"identity" => hello.identity = Bytes::copy_from_slice(value),
            _ => {}
        }
        rest = after;
    }
    Some(hello)
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<Received> {
        read_message(&mut &*bytes, LARGEST_REQUEST).await
    }

    #[tokio::test]
    async fn messages_come_back_whole() {
        for lengths in [&[0][..], &[1, 255, 256], &[70_000, 0]] {
            let frames: Vec<Bytes> = lengths.iter().map(|&n| Bytes::from(vec![7u8; n])).collect();
            assert_eq!(read(&encode(&frames)).await.unwrap(), Received::Message(frames));
        }
    }

    #[tokio::test]
    async fn announced_sizes_take_no_memory() {
        let check = |bytes: &'static [u8], expect: ErrorKind| async move {
            assert_eq!(read(bytes).await.unwrap_err().kind(), expect, "{bytes:?}");
        };
        check(&[LONG, 255, 255, 255, 255, 255, 255, 255, 255], ErrorKind::InvalidData).await;
        check(&[LONG, 0, 0, 0, 0, 16, 0, 0, 0, 1, 2], ErrorKind::UnexpectedEof).await;
        check(&[0, 5, 1, 2], ErrorKind::UnexpectedEof).await;
        check(&[0x80, 1, 1], ErrorKind::InvalidData).await;
        assert_eq!(read(&[MORE, 0].repeat(MOST_FRAMES + 1)).await.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn pings_are_answered_and_other_commands_passed_over() {
        let mut bytes = command(b"\x05HELLO").to_vec();
        bytes.extend_from_slice(&command(b"\x04PING\0\x0Aabc"));
        assert_eq!(read(&bytes).await.unwrap(), Received::Ping(command(b"\x04PONGabc")));
    }

    #[test]
    fn properties_are_read_and_bad_ones_refused() {
        let ready = ready("DEALER");
        assert_eq!(hello(&ready[8..]).unwrap().socket_type, "DEALER");
        for bad in [&[200, 1][..], &[1, b'a', 0, 0, 0], &[1, b'a', 255, 255, 255, 255, 1]] {
            assert_eq!(hello(bad), None, "{bad:?}");
        }
    }
}
