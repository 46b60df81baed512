//! The one flag by which a user stops what runs. Long loops ask it; whoever drives clears it.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Asks whatever runs to stop at its next safe point; callable from any thread.
pub fn request() {
    REQUESTED.store(true, Ordering::Release);
}

/// Whether a stop was asked for.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Acquire)
}

/// Takes the request back: called by the driver when a cell begins and when it has answered the request.
pub fn clear() {
    REQUESTED.store(false, Ordering::Release);
}
