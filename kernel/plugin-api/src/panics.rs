//! Where native code panicked: noted by a panic hook, read by whoever caught the panic.
//!
//! A caught panic carries its message only; the place is known to the process's panic hook alone. Must not know who
//! installs that hook. Read [`described`] first.

use std::any::Any;
use std::cell::RefCell;

/// A panic as its hook saw it.
struct Noted {
    message: String,
    place: String,
}

thread_local! {
    static NEWEST: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// Notes this thread's newest panic; `place` in words, such as `cell 4, line 3, column 5`.
pub fn note(message: &str, place: &str) {
    let noted = Noted { message: message.to_owned(), place: place.to_owned() };
    NEWEST.with(|newest| newest.replace(Some(noted)));
}

/// Where this thread's newest panic happened, if it had that message: one that was resumed from another thread, or thrown
/// past the hook, has no place, and an older one's is not its own.
pub fn place_of(message: &str) -> Option<String> {
    NEWEST.with_borrow(|newest| newest.as_ref().filter(|noted| noted.message == message).map(|own| own.place.clone()))
}

/// The text of a panic; `panic!` with a literal carries `&str`, with arguments `String`.
pub fn message_of(payload: &(dyn Any + Send)) -> String {
    let literal = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is no text".to_owned())
}

/// The text of a panic that was caught, and where it happened when that is known.
pub fn described(payload: &(dyn Any + Send)) -> String {
    let message = message_of(payload);
    match place_of(&message) {
        Some(place) => format!("{message} at {place}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn a_panic_has_the_place_that_was_noted_for_it() {
        let check = |noted: Option<&str>, expect: &str| {
            NEWEST.with(|newest| newest.take());
            noted.into_iter().for_each(|message| note(message, "cell 4, line 3, column 5"));
            let payload = catch_unwind(|| std::panic::resume_unwind(Box::new("too far"))).unwrap_err();
            assert_eq!(described(&*payload), expect);
        };
        check(None, "too far");
        check(Some("too far"), "too far at cell 4, line 3, column 5");
        check(Some("an older one"), "too far");
        let odd = catch_unwind(|| std::panic::resume_unwind(Box::new(7))).unwrap_err();
        assert_eq!(described(&*odd), "a value that is no text");
    }
}
