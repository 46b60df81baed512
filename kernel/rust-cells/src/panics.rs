//! Panics of evcxr and rust-analyzer: caught, with their message.
//!
//! Must not know what panicked. Read [`caught`] first.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the function gives, or the message with which it panicked. What it has touched is not to be used again.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_is_kept() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(caught(|| -> u8 { panic!("plain") }), Err("plain".into()));
        assert_eq!(caught(|| -> u8 { panic!("with {}", 2) }), Err("with 2".into()));
        assert_eq!(caught(|| -> u8 { std::panic::panic_any(3) }), Err("without a message".into()));
    }
}
