//! How large one message may be, and what is said instead of one that is larger.
//!
//! Owns the limit and its texts. Must not know queues. Read [`LARGEST`] first.

use serde_json::Value;

/// Bytes of one message. A larger one would take its several copies in every process on the way: it stops browsers and
/// servers rather than being shown.
pub(crate) const LARGEST: usize = 128 << 20;

/// Bytes that a value takes at least in a message: its texts, and one for everything else.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(entries) => entries.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 1,
    }
}

/// What is said instead of a message that is too large.
pub(crate) fn too_large(msg_type: &str, bytes: usize) -> String {
    let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    format!(
        "a message ({msg_type}) of {:.0} MB was not sent: {:.0} MB is the most that one may have; show a part or a summary \
         of it, or write it to a file\n",
        megabytes(bytes),
        megabytes(LARGEST)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_weigh_their_bytes() {
        let check = |value: Value, expect| assert_eq!(weight(&value), expect, "{value}");
        check(json!({"data": {"text/plain": "é"}}), 4 + 10 + 2);
        check(json!([1, null, true, "abc"]), 6);
    }

    #[test]
    fn the_notice_says_how_large_and_what_to_do() {
        let text = too_large("display_data", 200 << 20);
        assert!(text.contains("display_data") && text.contains("200 MB") && text.contains("128 MB"), "{text}");
    }
}
