//! Where a panic of native code happened: noted instead of printed where somebody catches it, else printed with its place
//! in a cell.
//!
//! Must not know what is done with a panic. Read [`Noting`] first.

use super::loading::cell_place;
use candlewick_plugin_api::panics::{message_of, note};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::Once;

thread_local! {
    /// Whether this thread's panics are caught and told by somebody.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

thread_local! {
    static NEWEST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// A panic that was noted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panicked {
    pub(super) message: String,
    /// Where, in words.
    pub(super) place: String,
    /// The cell, and the line and column there, where the code comes from one. What is written into a cell leaves its
    /// columns alone.
    pub(super) at: Option<(String, u32, u32)>,
}

/// What was noted before is no matter any more.
pub(super) fn forget() {
    drop(take());
}

/// This thread's newest panic that was noted.
pub(super) fn take() -> Option<Panicked> {
    NEWEST.with(|newest| newest.take())
}

/// While it lives, panics of this thread are noted for whoever catches them, and not printed.
#[must_use]
pub struct Noting {
    before: bool,
}

impl Noting {
    /// From now on.
    pub fn begin() -> Self {
        install();
        Self { before: NOTED.replace(true) }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        NOTED.set(self.before);
        // Nobody has caught it, so it was not told yet.
        if std::thread::panicking()
            && let Some(panic) = take()
        {
            print(&panic.message, &panic.place);
        }
    }
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| panicked(panic, &*former)));
    });
}

fn panicked(panic: &PanicHookInfo, former: &dyn Fn(&PanicHookInfo)) {
    let seen = seen(panic);
    if NOTED.get() {
        note(&seen.message, &seen.place);
        NEWEST.with(|newest| newest.replace(Some(seen)));
    } else if seen.at.is_some() {
        print(&seen.message, &seen.place);
    } else {
        former(panic);
    }
}

fn seen(panic: &PanicHookInfo) -> Panicked {
    let (message, location) = (message_of(panic.payload()), panic.location());
    let at = location.and_then(|at| cell_place(at.file(), at.line(), at.column()));
    let place = match (&at, location) {
        (Some((source, line, column)), _) => format!("{source}, line {line}, column {column}"),
        (None, Some(at)) => format!("{}, line {}, column {}", short(at.file()), at.line(), at.column()),
        (None, None) => "a place that is not known".to_owned(),
    };
    Panicked { message, place, at }
}

/// A source file by its crate, without where this machine keeps crates.
fn short(file: &str) -> &str {
    let below = |mark: &str| file.split_once(mark).and_then(|(_, rest)| Some(rest.split_once('/')?.1));
    below("/registry/src/").or_else(|| below("/rustc/")).unwrap_or(file)
}

/// As std prints a panic.
fn print(message: &str, place: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    // Nobody is left to be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "\nthread '{name}' panicked at {place}:\n{message}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_plugin_api::panics::place_of;
    use std::panic::catch_unwind;

    #[test]
    fn a_panic_is_noted_while_somebody_says_so() {
        let noting = Noting::begin();
        forget();
        let caught = catch_unwind(|| "x".parse::<u8>().unwrap());
        let place = caught.err().and_then(|panic| place_of(&message_of(&*panic)));
        assert!(place.is_some_and(|place| place.contains("rust/panics.rs, line ")));
        assert!(take().is_some_and(|panic| panic.message.contains("InvalidDigit") && panic.at.is_none()));
        assert_eq!(take(), None);
        drop(noting);
    }

    #[test]
    fn a_file_is_named_by_its_crate() {
        let check = |file: &str, expect: &str| assert_eq!(short(file), expect);
        check("src/lib.rs", "src/lib.rs");
        check(
            "/home/x/.cargo/registry/src/index.crates.io-1949/candle-core-0.11.1/src/error.rs",
            "candle-core-0.11.1/src/error.rs",
        );
        check("/rustc/59807616/library/core/src/option.rs", "library/core/src/option.rs");
    }
}
