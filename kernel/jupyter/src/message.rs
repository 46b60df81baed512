//! One message of the protocol and its form on the wire.
//!
//! Owns the order of frames and the refusal of what is short, forged or replayed. Must not know sockets or channels.
//! Read [`Message`] first. Frames: routing identities, `<IDS|MSG>`, signature, header, parent header, metadata,
//! content, buffers.

use crate::Session;
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::{HashSet, VecDeque};

pub(crate) const DELIMITER: &[u8] = b"<IDS|MSG>";
const EMPTY: &[u8] = b"{}";

/// A message as received, whole: unknown keys of the header stay, and the header's bytes are kept as they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Who sent it and gets the reply: the frames before the delimiter.
    pub identities: Vec<Bytes>,
    /// The header, in the sender's order.
    pub header: Map<String, Value>,
    /// The header's bytes as received: what a reply carries as its parent.
    pub header_bytes: Bytes,
    /// The parent header; empty for a request.
    pub parent_header: Map<String, Value>,
    /// The metadata.
    pub metadata: Map<String, Value>,
    /// The content.
    pub content: Value,
    /// Binary frames after the content.
    pub buffers: Vec<Bytes>,
}

/// Why a message was not taken. It gets no reply: its sender is not known to be a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Frames are missing.
    #[error("the message is too short")]
    Short,
    /// The signature is not made with the key.
    #[error("the signature is wrong")]
    Forged,
    /// The same message came before.
    #[error("the message was sent before")]
    Replayed,
    /// A dictionary is not one, or the header has no type or id.
    #[error("the message is malformed")]
    Malformed,
}

/// What is to be sent: everything but signature and identities.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub msg_type: &'static str,
    /// A type that is not known when compiling; stands in for `msg_type`.
    pub other_type: Option<String>,
    pub parent: Bytes,
    /// Keys that the header has beside its own, such as a client's `subshell_id`.
    pub header: Map<String, Value>,
    pub metadata: Map<String, Value>,
    pub content: Value,
    pub buffers: Vec<Bytes>,
}

/// Remembers the latest signatures, so that a recorded message can't be sent again.
#[derive(Default)]
pub(crate) struct Seen {
    /// The first half of each, which is as hard to hit by chance as is needed and takes half the memory.
    set: HashSet<u128>,
    order: VecDeque<u128>,
}

/// As many as the reference client remembers.
const REMEMBERED: usize = 1 << 16;

impl Message {
    /// The message's type.
    pub fn msg_type(&self) -> &str {
        self.header.get("msg_type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The message's id.
    pub fn msg_id(&self) -> &str {
        self.header.get("msg_id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The id of the message that this one answers; empty for none.
    pub fn parent_id(&self) -> &str {
        self.parent_header.get("msg_id").and_then(Value::as_str).unwrap_or_default()
    }

    /// Reads the frames of one message and checks its signature before anything in it is looked at.
    pub fn from_frames(session: &Session, frames: &[Bytes]) -> Result<Self, Refused> {
        let at = frames.iter().position(|frame| frame.as_ref() == DELIMITER).ok_or(Refused::Short)?;
        let [signature, header, parent, metadata, content, buffers @ ..] = &frames[at + 1..] else {
            return Err(Refused::Short);
        };
        if !session.verify(signature, [header, parent, metadata, content]) {
            return Err(Refused::Forged);
        }
        let message = Self {
            identities: frames[..at].to_vec(),
            header: dictionary(header)?,
            header_bytes: header.clone(),
            parent_header: dictionary(parent)?,
            metadata: dictionary(metadata)?,
            content: Value::Object(dictionary(content)?),
            buffers: buffers.to_vec(),
        };
        if message.msg_type().is_empty() || message.msg_id().is_empty() { Err(Refused::Malformed) } else { Ok(message) }
    }
}

impl Draft {
    pub(crate) fn new(msg_type: &'static str, parent: &Bytes, content: Value) -> Self {
        Self { msg_type, parent: parent.clone(), content, ..Self::default() }
    }

    /// The message's type.
    pub(crate) fn msg_type(&self) -> &str {
        self.other_type.as_deref().unwrap_or(self.msg_type)
    }

    /// The frames to send, signed; `identities` are the routing frames, or the topic on IOPub.
    pub(crate) fn into_frames(self, session: &Session, identities: Vec<Bytes>) -> Vec<Bytes> {
        let mut header = session.header(self.msg_type());
        header.extend(self.header);
        let header = Bytes::from(Value::Object(header).to_string());
        let parent = if self.parent.is_empty() { Bytes::from_static(EMPTY) } else { self.parent };
        let metadata = Bytes::from(Value::Object(self.metadata).to_string());
        let content =
            if self.content.is_null() { Bytes::from_static(EMPTY) } else { Bytes::from(self.content.to_string()) };
        let signature = Bytes::from(session.sign([&header, &parent, &metadata, &content]));
        let mut frames = identities;
        frames.extend([Bytes::from_static(DELIMITER), signature, header, parent, metadata, content]);
        frames.extend(self.buffers);
        frames
    }
}

impl Seen {
    /// Refuses frames whose signature came before.
    pub(crate) fn check(&mut self, frames: &[Bytes]) -> Result<(), Refused> {
        let at = frames.iter().position(|frame| frame.as_ref() == DELIMITER).ok_or(Refused::Short)?;
        let signature = frames.get(at + 1).ok_or(Refused::Short)?;
        // Compared as a number: hexadecimal written otherwise is the same signature.
        let half = std::str::from_utf8(signature).ok().and_then(|text| text.get(..32)).ok_or(Refused::Forged)?;
        let signature = u128::from_str_radix(half, 16).map_err(|_| Refused::Forged)?;
        if !self.set.insert(signature) {
            return Err(Refused::Replayed);
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        Ok(())
    }
}

fn dictionary(bytes: &[u8]) -> Result<Map<String, Value>, Refused> {
    serde_json::from_slice(bytes).map_err(|_| Refused::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn session() -> Session {
        Session::new(b"key", "test")
    }

    fn signed(session: &Session, dictionaries: [&str; 4]) -> Vec<Bytes> {
        let signature = session.sign(dictionaries.map(str::as_bytes));
        let mut frames = vec![Bytes::from_static(b"id"), Bytes::from_static(DELIMITER), Bytes::from(signature)];
        frames.extend(dictionaries.map(|text| Bytes::from(text.to_owned())));
        frames
    }

    const HEADER: &str = r#"{"z":1,"msg_id":"a","subshell_id":"s","msg_type":"t"}"#;

    #[test]
    fn frames_come_back_whole() {
        let session = session();
        let parent = Bytes::from_static(br#"{"msg_id":"p","x":[1]}"#);
        let mut draft = Draft::new("status", &parent, json!({"execution_state": "busy"}));
        draft.buffers = vec![Bytes::from_static(&[0, 255])];
        let frames = draft.into_frames(&session, vec![Bytes::from_static(b"topic")]);
        let message = Message::from_frames(&session, &frames).unwrap();
        assert_eq!((message.msg_type(), message.parent_id()), ("status", "p"));
        assert_eq!(message.parent_header["x"], json!([1]));
        assert_eq!(message.buffers, [Bytes::from_static(&[0, 255])]);
        assert_eq!(message.identities, [Bytes::from_static(b"topic")]);
    }

    #[test]
    fn unknown_keys_and_their_order_stay() {
        let session = session();
        let message = Message::from_frames(&session, &signed(&session, [HEADER, "{}", "{}", "{}"])).unwrap();
        assert_eq!(Value::Object(message.header.clone()).to_string(), HEADER);
        assert_eq!(message.header_bytes, HEADER);
    }

    #[test]
    fn buffers_are_not_signed() {
        let session = session();
        let mut frames = signed(&session, [HEADER, "{}", "{}", "{}"]);
        frames.push(Bytes::from_static(b"anything"));
        assert!(Message::from_frames(&session, &frames).is_ok());
    }

    #[test]
    fn bad_messages_are_refused() {
        let session = session();
        let good = signed(&session, [HEADER, "{}", "{}", "{}"]);
        let check = |frames: &[Bytes], expect| assert_eq!(Message::from_frames(&session, frames), Err(expect));
        for length in 0..good.len() {
            check(&good[..length], Refused::Short);
        }
        let mut forged = good.clone();
        forged[6] = Bytes::from_static(b"{ }");
        check(&forged, Refused::Forged);
        check(&signed(&Session::new(b"other", ""), [HEADER, "{}", "{}", "{}"]), Refused::Forged);
        check(&signed(&session, [HEADER, "{}", "{}", "[]"]), Refused::Malformed);
        check(&signed(&session, ["{}", "{}", "{}", "{}"]), Refused::Malformed);
        check(&signed(&session, ["\u{0}", "{}", "{}", "{}"]), Refused::Malformed);
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        check(&signed(&session, [HEADER, "{}", "{}", &format!("{{\"a\":{deep}}}")]), Refused::Malformed);
    }

    #[test]
    fn replays_are_refused_and_memory_is_bounded() {
        let (session, mut seen) = (session(), Seen::default());
        let frames = signed(&session, [HEADER, "{}", "{}", "{}"]);
        assert_eq!(seen.check(&frames), Ok(()));
        assert_eq!(seen.check(&frames), Err(Refused::Replayed));
        let mut upper = frames.clone();
        upper[2] = Bytes::from(upper[2].to_ascii_uppercase());
        assert_eq!(seen.check(&upper), Err(Refused::Replayed));
        for n in 0..REMEMBERED + 10 {
            let other = [Bytes::from_static(DELIMITER), Bytes::from(format!("{n:032x}{n:032x}"))];
            assert_eq!(seen.check(&other), Ok(()));
        }
        assert_eq!(seen.set.len(), REMEMBERED);
    }
}
