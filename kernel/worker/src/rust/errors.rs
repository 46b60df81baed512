//! The error that a `?` hands out of a Rust cell: its text, which the cell's own code prints on standard error.
//!
//! The code that evcxr writes around a cell prints it with `eprintln!("{}", error)` and then a mark on standard output.
//! The macro of that name here, which cells import, keeps the text of just that call until it is known whether the mark
//! follows. Must not know what is made of it. Read [`held`] first.

use crate::Outbox;
use candlewick_link::StreamName;
use std::cell::RefCell;
use std::io::Write;

/// A text of more lines holds more than an error.
const LINES: usize = 8;

thread_local! {
    static HELD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Prints on standard error, as std's does; `eprintln!("{}", error)` of a variable of that name may come a little later.
#[macro_export]
macro_rules! eprintln {
    ("{}", $error:ident) => { $crate::error_text!($error, "{}", $error) };
    ("{:?}", $error:ident) => { $crate::error_text!($error, "{:?}", $error) };
    ("{:#?}", $error:ident) => { $crate::error_text!($error, "{:#?}", $error) };
    ($($text:tt)*) => {{
        $crate::rust::errors::release();
        ::std::eprintln!($($text)*)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! error_text {
    (error, $format:literal, $error:ident) => {
        $crate::rust::errors::held(::std::format!($format, $error))
    };
    ($other:ident, $format:literal, $error:ident) => {{
        $crate::rust::errors::release();
        ::std::eprintln!($format, $error)
    }};
}

/// Keeps a text that may be that of an error which ends the cell.
pub fn held(text: String) {
    release();
    HELD.with(|held| held.replace(Some(text)));
}

/// The text that is kept was printed for its own sake: it goes out.
pub fn release() {
    if let Some(text) = HELD.with(|held| held.take()) {
        // Nobody is left to be told that standard error is closed.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Whether the newest text was that of an error, and nothing was printed since.
pub(super) fn is_held() -> bool {
    HELD.with_borrow(Option::is_some)
}

/// A cell begins: what another left is not its own.
pub(super) fn forget() {
    HELD.with(|held| held.take());
}

/// The error that ended the cell, if one did; what was kept is printed otherwise. `printed` is what the cell printed on
/// standard error: where the macro did not take part, the error stands at its end.
pub(super) fn take(ended: bool, printed: &str, outbox: &Outbox) -> Option<String> {
    let text = HELD.with(|held| held.take());
    if ended {
        return Some(text.unwrap_or_else(|| last_of(printed)));
    }
    if let Some(text) = text {
        outbox.print(StreamName::Stderr, &format!("{text}\n"));
    }
    None
}

/// A short text whole, of a longer one the last line: where an error begins in it cannot be seen.
fn last_of(printed: &str) -> String {
    let printed = printed.trim_end();
    let short = printed.lines().count() <= LINES;
    match printed.lines().last() {
        Some(_) if short => printed.to_owned(),
        Some(line) => line.to_owned(),
        None => "a `?` ended the cell with an error that has no text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::FromWorker;
    use std::sync::{Arc, Mutex};

    #[test]
    fn the_error_that_ends_a_cell_is_taken_and_any_other_text_is_printed() {
        let check = |texts: &[&str], ended: bool, printed: &str, expect: Option<&str>, out: &str| {
            let sent = Arc::new(Mutex::new(Vec::new()));
            let outbox = Outbox::new(sent.clone());
            forget();
            for error in texts {
                crate::eprintln!("{}", error);
            }
            assert_eq!(take(ended, printed, &outbox).as_deref(), expect, "{texts:?}");
            outbox.flush();
            let sent = sent.lock().unwrap();
            let sent = sent.iter().map(|message| match message {
                FromWorker::Stream { text, .. } => text.clone(),
                other => format!("{other:?}"),
            });
            assert_eq!(sent.collect::<String>(), out, "{texts:?}");
        };
        check(&[], false, "", None, "");
        check(&["no digits"], true, "", Some("no digits"), "");
        check(&["one", "two\nlines"], true, "", Some("two\nlines"), "");
        check(&["only told"], false, "", None, "only told\n");
        check(&[], true, "no digits\n", Some("no digits"), "");
        check(&[], true, &"x\n".repeat(20), Some("x"), "");
        check(&[], true, "", Some("a `?` ended the cell with an error that has no text"), "");
    }
}
