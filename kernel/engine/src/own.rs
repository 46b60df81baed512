//! Calling code that users wrote: its errors say whose they are, and its panics become errors.
//!
//! Must not know what the code does. Read [`called`] first.

use crate::{EngineError, Result, interrupt};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` gives. Its errors, other than an interrupt, begin with `whose`; a panic is one of them.
///
/// # Errors
/// What `work` says.
pub fn called<T>(whose: impl Fn() -> String, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic leaves half done is the user's own: the engine's values are changed after the call only.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Err(EngineError::Interrupted)) => Err(EngineError::Interrupted),
        // What went through candle's own error is known by its words only.
        Ok(Err(EngineError::Tensor(error))) if interrupt::requested() && error.to_string() == "interrupted" => {
            Err(EngineError::Interrupted)
        }
        // A layer's own message has its full path.
        Ok(Err(error @ (EngineError::Shape { .. } | EngineError::Own { .. }))) => Err(error),
        Ok(Err(source)) => Err(EngineError::Own { whose: whose(), source: Box::new(source) }),
        Ok(Ok(answer)) => Ok(answer),
        Err(panic) => Err(EngineError::Panic { whose: whose(), message: told(&*panic) }),
    }
}

/// What a panic says, as users read it.
pub fn told(panic: &(dyn std::any::Any + Send)) -> String {
    candlewick_plugin_api::panics::described(panic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_whose_they_are() {
        let check = |work: fn() -> Result<()>, expect: &str| {
            let error = called(|| "the loss focal".to_owned(), work).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(|| Err(EngineError::Value("no".into())), "the loss focal: no");
        check(|| panic!("at {}", 7), "the loss focal panicked: at 7");
        check(|| Err(EngineError::Interrupted), "interrupted");
        check(|| called(|| "the module a".into(), || Err(EngineError::Value("no".into()))), "the module a: no");
    }
}
