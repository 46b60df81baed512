//! The one flag by which a user stops what runs. Long loops ask it; whoever drives clears it.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Asks whatever runs to stop at its next safe point; callable from any thread.
pub fn request() {
    REQUESTED.store(true, Ordering::Release);
}

/// Whether a stop was asked for.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Acquire)
}

/// Does what must be done although a stop was asked for, such as cleaning up; one that is asked for meanwhile counts.
pub fn suspended<T>(work: impl FnOnce() -> T) -> T {
    let asked = REQUESTED.swap(false, Ordering::AcqRel);
    let done = work();
    if asked {
        request();
    }
    done
}

/// Takes the request back: called by the driver when a cell begins and when it has answered the request.
pub fn clear() {
    REQUESTED.store(false, Ordering::Release);
}
