//! What holds for every byte that comes from a socket; the fuzz target `wire` and the replay of its corpus call it.
//!
//! Owns the check and nothing that a kernel uses. Read [`wire`] first.

use crate::message::{Draft, Message, Seen};
use crate::zmtp::{self, Hello, Received};
use crate::{CompleteRequest, ExecuteRequest, HistoryRequest, InspectRequest, Refused, Session};
use bytes::Bytes;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Takes bytes as a connection does: first a handshake, unless they begin with 0, then messages until an error. Each
/// message is refused as it is; its first four frames, signed, are a message with those dictionaries.
///
/// # Panics
/// When something that was read is not written back as it was, or a forged message is taken.
pub fn wire(bytes: &[u8]) {
    let Some((&first, mut rest)) = bytes.split_first() else { return };
    if first != 0 {
        let hello = finish(zmtp::handshake(&mut rest, &mut Vec::new(), "ROUTER"));
        let Ok(Hello { socket_type, identity }) = hello else { return };
        assert!(socket_type.len() + identity.len() <= bytes.len());
    }
    let session = Session::new(b"key", "fuzz");
    while let Ok(received) = finish(zmtp::read_message(&mut rest, zmtp::LARGEST_REQUEST)) {
        if let Received::Message(frames) = received {
            check(&session, &frames);
        }
    }
}

fn check(session: &Session, frames: &[Bytes]) {
    let written = zmtp::encode(frames);
    let again = finish(zmtp::read_message(&mut &*written, zmtp::LARGEST_REQUEST));
    assert!(matches!(again, Ok(Received::Message(again)) if again == frames));
    // One input in 2^256 would be signed by chance.
    assert!(Message::from_frames(session, frames).is_err());
    if let [header, parent, metadata, content, buffers @ ..] = frames {
        let signature = Bytes::from(session.sign([header, parent, metadata, content]));
        let mut signed = vec![Bytes::from_static(b"client"), Bytes::from_static(b"<IDS|MSG>"), signature];
        signed.extend_from_slice(frames);
        let mut seen = Seen::default();
        assert_eq!(seen.check(&signed), Ok(()));
        assert_eq!(seen.check(&signed), Err(Refused::Replayed));
        if let Ok(message) = Message::from_frames(session, &signed) {
            assert_eq!((&message.header_bytes, &*message.buffers), (header, buffers));
            answer(session, &message);
        }
    }
}

/// Reads a message as every request, and answers it.
fn answer(session: &Session, message: &Message) {
    let content = &message.content;
    let execute = ExecuteRequest::from_content(content, message.metadata.clone(), 1);
    assert!(!(execute.silent && execute.store_history));
    let complete = CompleteRequest::from_content(content);
    assert!(complete.cursor_pos <= complete.code.chars().count());
    let inspect = InspectRequest::from_content(content);
    assert!(inspect.cursor_pos <= inspect.code.chars().count());
    HistoryRequest::from_content(content);
    let reply = Draft::new("status", &message.header_bytes, content.clone());
    let frames = reply.into_frames(session, message.identities.clone());
    let reply = Message::from_frames(session, &frames);
    assert!(reply.is_ok_and(|reply| reply.parent_header == message.header));
}

/// The result of a future that reads from memory and so never waits.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
}
