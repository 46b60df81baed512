//! Work that has to be done within a time: it is asked to stop as if the user had interrupted it.
//!
//! Must not know what is done. Read [`run`] first.

use candlewick_engine::interrupt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Between two requests: what runs may answer one by pausing something, and go on.
const AGAIN: Duration = Duration::from_millis(100);

/// Does the work; true when it was asked to stop because it took longer than `limit`. When it has not heard for `grace`
/// more, as native code may not, `unheard` is called beside it.
pub fn run<T>(limit: Duration, grace: Duration, unheard: impl FnOnce() + Send, work: impl FnOnce() -> T) -> (T, bool) {
    let late = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        let (working, over) = channel::<()>();
        let late = &late;
        scope.spawn(move || {
            if !ends_within(&over, limit) {
                late.store(true, Ordering::Release);
                insist(&over, grace, unheard);
            }
        });
        let done = work();
        drop(working);
        done
    });
    let late = late.into_inner();
    if late {
        interrupt::clear();
    }
    (done, late)
}

fn insist(over: &Receiver<()>, grace: Duration, unheard: impl FnOnce()) {
    let begun = Instant::now();
    while begun.elapsed() < grace {
        interrupt::request();
        if ends_within(over, AGAIN.min(grace)) {
            return;
        }
    }
    unheard();
}

/// The other end is dropped when the work is over.
fn ends_within(over: &Receiver<()>, time: Duration) -> bool {
    over.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
}
