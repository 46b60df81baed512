//! What waits on IOPub to be merged: printed text and updates of displays.
//!
//! Owns the merging rules and no time, task or socket. Read [`Pending`] first. Text of one parent and stream is one
//! message; of several updates of one display the last one is sent. Text and updates may change places with each
//! other, because they show in different places; nothing else may, but for one rule: a program that writes to stdout and
//! stderr in turn would make a message of every piece, so after [`TURNS`] turns text joins the last piece of its stream.

use crate::StreamName;
use crate::message::Draft;
use crate::size::weight;
use bytes::Bytes;
use serde_json::json;

/// Content is sent when this many bytes wait, so that no message gets very large.
pub(crate) const TEXT: usize = 512 << 10;
/// Pieces of text that wait before stdout and stderr no longer keep their exact order to each other.
pub(crate) const TURNS: usize = 8;
/// Messages are sent when this many wait, so that looking for one of them stays quick.
const MOST: usize = 256;

/// Messages that can still grow or be replaced, in the order in which they will be sent.
#[derive(Default)]
pub(crate) struct Pending {
    items: Vec<Item>,
    bytes: usize,
    /// How many of the items are text.
    pieces: usize,
}

enum Item {
    Stream { parent: Bytes, name: StreamName, text: String },
    Update { display_id: String, draft: Box<Draft> },
}

impl Pending {
    /// Adds printed text.
    pub(crate) fn stream(&mut self, parent: Bytes, name: StreamName, text: String) {
        self.bytes += text.len();
        let reach = if self.pieces < TURNS { 1 } else { usize::MAX };
        let pieces = self.items.iter_mut().rev().filter_map(|item| match item {
            Item::Stream { parent, name, text } => Some((parent, name, text)),
            Item::Update { .. } => None,
        });
        match pieces.take(reach).find(|(known, same, _)| **same == name && **known == parent) {
            Some((_, _, all)) => all.push_str(&text),
            None => {
                self.pieces += 1;
                self.items.push(Item::Stream { parent, name, text });
            }
        }
    }

    /// Adds an update of a display, in the place of one that waits.
    pub(crate) fn update(&mut self, display_id: String, draft: Draft) {
        self.bytes += weight(&draft.content);
        let known = self.items.iter_mut().find_map(|item| match item {
            Item::Update { display_id: known, draft } if *known == display_id => Some(draft),
            _ => None,
        });
        match known {
            Some(known) => {
                self.bytes -= weight(&known.content);
                **known = draft;
            }
            None => self.items.push(Item::Update { display_id, draft: Box::new(draft) }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether it is time to send, whatever the clock says.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= TEXT || self.items.len() >= MOST
    }

    /// Everything that waits, as messages in order.
    pub(crate) fn take(&mut self) -> Vec<Draft> {
        std::mem::take(self).items.into_iter().map(Item::into_draft).collect()
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
    fn streams_in_turn_become_few_messages() {
        let mut pending = Pending::default();
        for n in 0..100_000 {
            let name = if n % 2 == 0 { Stdout } else { Stderr };
            pending.stream(Bytes::new(), name, format!("{n} "));
        }
        let drafts = pending.take();
        assert_eq!(drafts.len(), TURNS);
        let text = |name: &str| -> String {
            let of_stream = drafts.iter().filter(|draft| draft.content["name"] == name);
            of_stream.map(|draft| draft.content["text"].as_str().unwrap()).collect()
        };
        let all = |start: u32| (start..100_000).step_by(2).map(|n| format!("{n} ")).collect::<String>();
        assert!(text("stdout") == all(0) && text("stderr") == all(1), "each stream is whole and in order");
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
    fn it_is_full_by_bytes_and_by_number() {
        let mut pending = Pending::default();
        pending.stream(Bytes::new(), Stdout, "x".repeat(TEXT - 1));
        assert!(!pending.is_full());
        pending.stream(Bytes::new(), Stderr, "x".into());
        assert!(pending.is_full());
        pending.take();
        let large = || Draft::new("update_display_data", &Bytes::new(), json!("x".repeat(TEXT - 1)));
        pending.update("a".into(), large());
        pending.update("a".into(), large());
        assert!(!pending.is_full());
        pending.update("b".into(), large());
        assert!(pending.is_full());
        pending.take();
        (0..MOST).for_each(|n| pending.update(n.to_string(), update(0)));
        assert!(pending.is_full());
    }
}
