//! What clients ask, with the specification's defaults for every optional field.
//!
//! Owns the typed requests and their parsing from message content. Must not know sockets or who answers.
//! Read [`ExecuteRequest`] first. A field of the wrong type counts as absent, and a missing required text as empty:
//! a client that waits for an answer gets one.

use serde_json::{Map, Value};

/// A cell to run: `execute_request`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecuteRequest {
    /// The cell's text.
    pub code: String,
    /// As quiet as possible: no `execute_input`, no `execute_result`, not counted.
    pub silent: bool,
    /// Whether the cell belongs in the history. Never true for a silent one.
    pub store_history: bool,
    /// Expressions to evaluate after the cell, name and text, in the client's order.
    pub user_expressions: Vec<(String, String)>,
    /// Whether the client can be asked for input.
    pub allow_stdin: bool,
    /// Whether an error aborts the requests already waiting. The queue is [`Server::serve`](crate::Server::serve)'s work.
    pub stop_on_error: bool,
    /// The count that this cell has, chosen by [`Server::serve`](crate::Server::serve).
    pub execution_count: u64,
    /// The message's own metadata: clients put the cell's metadata and id here.
    pub metadata: Map<String, Value>,
}

/// Candidates wanted at a cursor: `complete_request`.
#[derive(Clone, Debug, PartialEq)]
pub struct CompleteRequest {
    /// The cell's text.
    pub code: String,
    /// The cursor, in code points from the start.
    pub cursor_pos: usize,
}

/// Help wanted for what stands at a cursor: `inspect_request`.
#[derive(Clone, Debug, PartialEq)]
pub struct InspectRequest {
    /// The cell's text.
    pub code: String,
    /// The cursor, in code points from the start.
    pub cursor_pos: usize,
    /// 0 for the short form, 1 for all there is.
    pub detail_level: u8,
}

/// Which part of the history: `history_request`.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRequest {
    /// Whether outputs are wanted beside the inputs.
    pub output: bool,
    /// Whether inputs are wanted as typed, instead of as transformed.
    pub raw: bool,
    /// Which entries.
    pub access: HistoryAccess,
}

/// The three ways to choose history entries.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryAccess {
    /// The last entries, over all sessions.
    Tail {
        /// How many.
        n: usize,
    },
    /// Entries of one session.
    Range {
        /// The session's number; 0 is this one, negative numbers count back from it.
        session: i64,
        /// The first line.
        start: i64,
        /// The line after the last; none for all that follow.
        stop: Option<i64>,
    },
    /// Entries that match a pattern.
    Search {
        /// A glob: `*` for any text, `?` for one character.
        pattern: String,
        /// At most this many, the newest ones; none for all.
        n: Option<usize>,
        /// Whether equal inputs are given once.
        unique: bool,
    },
}

impl ExecuteRequest {
    /// Reads the content of an `execute_request`; `store_history` is the opposite of `silent` unless given.
    pub fn from_content(content: &Value, metadata: Map<String, Value>, execution_count: u64) -> Self {
        let silent = flag(content, "silent", false);
        Self {
            code: text(content, "code"),
            silent,
            store_history: !silent && flag(content, "store_history", true),
            user_expressions: expressions(content),
            allow_stdin: flag(content, "allow_stdin", false),
            stop_on_error: flag(content, "stop_on_error", true),
            execution_count,
            metadata,
        }
    }
}

impl CompleteRequest {
    /// Reads the content of a `complete_request`; a missing cursor is the end of the text.
    pub fn from_content(content: &Value) -> Self {
        let code = text(content, "code");
        let cursor_pos = cursor(content, &code);
        Self { code, cursor_pos }
    }
}

impl InspectRequest {
    /// Reads the content of an `inspect_request`; a missing cursor is the end of the text.
    pub fn from_content(content: &Value) -> Self {
        let code = text(content, "code");
        let cursor_pos = cursor(content, &code);
        let detail_level = u8::from(content["detail_level"].as_u64().unwrap_or(0) > 0);
        Self { code, cursor_pos, detail_level }
    }
}

impl HistoryRequest {
    /// Reads the content of a `history_request`; an unknown way of access is the tail.
    pub fn from_content(content: &Value) -> Self {
        let n = content["n"].as_u64().map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let access = match content["hist_access_type"].as_str() {
            Some("range") => HistoryAccess::Range {
                session: content["session"].as_i64().unwrap_or(0),
                start: content["start"].as_i64().unwrap_or(0),
                stop: content["stop"].as_i64(),
            },
            Some("search") => {
                let pattern = content["pattern"].as_str().unwrap_or("*").to_owned();
                HistoryAccess::Search { pattern, n, unique: flag(content, "unique", false) }
            }
            _ => HistoryAccess::Tail { n: n.unwrap_or(10) },
        };
        Self { output: flag(content, "output", false), raw: flag(content, "raw", true), access }
    }
}

/// A text of the content, empty when absent.
pub(crate) fn text(content: &Value, key: &str) -> String {
    content[key].as_str().unwrap_or_default().to_owned()
}

/// A truth value of the content.
pub(crate) fn flag(content: &Value, key: &str, default: bool) -> bool {
    content[key].as_bool().unwrap_or(default)
}

fn expressions(content: &Value) -> Vec<(String, String)> {
    let Some(map) = content["user_expressions"].as_object() else { return Vec::new() };
    map.iter().filter_map(|(name, code)| Some((name.clone(), code.as_str()?.to_owned()))).collect()
}

/// The cursor in code points, never behind the end of the text.
fn cursor(content: &Value, code: &str) -> usize {
    let length = code.chars().count();
    let asked = content["cursor_pos"].as_u64().and_then(|n| usize::try_from(n).ok());
    asked.map_or(length, |n| n.min(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn execute_has_the_specifications_defaults() {
        let read = |content| ExecuteRequest::from_content(&content, Map::new(), 1);
        let plain = read(json!({"code": "1"}));
        assert!(!plain.silent && plain.store_history && plain.stop_on_error && !plain.allow_stdin);
        assert!(!read(json!({"code": "1", "silent": true, "store_history": true})).store_history);
        assert_eq!(read(json!({"user_expressions": {"b": "1", "a": "2"}})).user_expressions[0].0, "b");
        assert_eq!(read(json!(["not", "an", "object"])).code, "");
    }

    #[test]
    fn history_has_the_specifications_defaults() {
        let check = |content: Value, expect: HistoryAccess| {
            assert_eq!(HistoryRequest::from_content(&content).access, expect, "{content}");
        };
        check(json!({}), HistoryAccess::Tail { n: 10 });
        check(json!({"hist_access_type": "range"}), HistoryAccess::Range { session: 0, start: 0, stop: None });
        check(
            json!({"hist_access_type": "search", "pattern": "p*"}),
            HistoryAccess::Search { pattern: "p*".into(), n: None, unique: false },
        );
    }

    #[test]
    fn cursors_count_code_points_and_stay_inside() {
        let check = |content: Value, expect| {
            assert_eq!(CompleteRequest::from_content(&content).cursor_pos, expect, "{content}");
        };
        check(json!({"code": "é𝒳z"}), 3);
        check(json!({"code": "é𝒳z", "cursor_pos": 2}), 2);
        check(json!({"code": "é𝒳z", "cursor_pos": 99}), 3);
        check(json!({"code": "abc", "cursor_pos": -1}), 3);
    }
}
