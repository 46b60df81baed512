//! What waits on IOPub to be merged: printed text and updates of displays.
//!
//! Owns the merging rules and no time, task or socket. Read [`Pending`] first. Text of one parent and stream is one
//! message; of several updates of one display the last one is sent. Text and updates may change places with each
//! other, because they show in different places; nothing else may.

use crate::StreamName;
use crate::message::Draft;
use bytes::Bytes;
use serde_json::json;

/// Text is sent when this many bytes wait, so that no message gets very large.
pub(crate) const TEXT: usize = 512 << 10;

/// Messages that can still grow or be replaced, in the order in which they will be sent.
#[derive(Default)]
pub(crate) struct Pending {
    items: Vec<Item>,
    bytes: usize,
}

enum Item {
    Stream { parent: Bytes, name: StreamName, text: String },
    Update { display_id: String, draft: Box<Draft> },
}

impl Pending {
    /// Adds printed text.
    pub(crate) fn stream(&mut self, parent: Bytes, name: StreamName, text: String) {
        self.bytes += text.len();
        let last = self.items.iter_mut().rev().find_map(|item| match item {
            Item::Stream { parent, name, text } => Some((parent, name, text)),
            Item::Update { .. } => None,
        });
        match last {
            Some((known, same, all)) if *same == name && *known == parent => all.push_str(&text),
            _ => self.items.push(Item::Stream { parent, name, text }),
        }
    }

    /// Adds an update of a display, in the place of one that waits.
    pub(crate) fn update(&mut self, display_id: String, draft: Draft) {
        let known = self.items.iter_mut().find_map(|item| match item {
            Item::Update { display_id: known, draft } if *known == display_id => Some(draft),
            _ => None,
        });
        match known {
            Some(known) => **known = draft,
            None => self.items.push(Item::Update { display_id, draft: Box::new(draft) }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether it is time to send, whatever the clock says.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= TEXT
    }

    /// Everything that waits, as messages in order.
    pub(crate) fn take(&mut self) -> Vec<Draft> {
        self.bytes = 0;
        std::mem::take(&mut self.items).into_iter().map(Item::into_draft).collect()
    }
}

impl Item {
    fn into_draft(self) -> Draft {
        match self {
            Self::Stream { parent, name, text } => {
                Draft::new("stream", &parent, json!({"name": name.as_str(), "text": text}))
            }
            Self::Update { draft, .. } => *draft,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StreamName::{Stderr, Stdout};

    fn update(n: u32) -> Draft {
        Draft::new("update_display_data", &Bytes::new(), json!({"n": n}))
    }

    #[test]
    fn text_of_one_stream_and_parent_is_one_message() {
        let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
        let mut pending = Pending::default();
        for (parent, name, text) in
            [(&a, Stdout, "1"), (&a, Stdout, "2"), (&a, Stderr, "3"), (&a, Stdout, "4"), (&b, Stdout, "5")]
        {
            pending.stream(parent.clone(), name, text.to_owned());
        }
        let texts: Vec<_> = pending.take().iter().map(|d| d.content["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts, ["12", "3", "4", "5"]);
        assert!(pending.is_empty());
    }

    #[test]
    fn the_last_update_of_a_display_is_sent() {
        let mut pending = Pending::default();
        pending.update("x".into(), update(1));
        pending.update("y".into(), update(2));
        pending.stream(Bytes::new(), Stdout, "a".into());
        pending.update("x".into(), update(3));
        pending.stream(Bytes::new(), Stdout, "b".into());
        let contents: Vec<_> = pending.take().into_iter().map(|d| d.content.to_string()).collect();
        assert_eq!(contents, [r#"{"n":3}"#, r#"{"n":2}"#, r#"{"name":"stdout","text":"ab"}"#]);
    }

    #[test]
    fn it_is_full_by_bytes() {
        let mut pending = Pending::default();
        pending.stream(Bytes::new(), Stdout, "x".repeat(TEXT - 1));
        assert!(!pending.is_full());
        pending.stream(Bytes::new(), Stderr, "x".into());
        assert!(pending.is_full());
    }
}
