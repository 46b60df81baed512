//! How many messages a second go out, so that no server between kernel and notebook throws any away.
//!
//! Owns the rate and its bookkeeping. Must not know messages' content. Read [`Pace`] first.
//!
//! jupyter_server throws away what comes faster than 1,000 messages a second over three seconds, counting everything but
//! `status`, `comm_open` and `execute_input`. Producers are slowed down here long before that; nothing is cut.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Messages a second, sustained.
pub(crate) const RATE: u64 = 500;
/// Messages that may go out at once after a pause.
pub(crate) const BURST: u64 = 500;

const NANOS: u64 = 1_000_000_000;
const INTERVAL: u64 = NANOS / RATE;

/// A leaky bucket, as one moment: when everything counted so far would be out at the steady rate.
pub(crate) struct Pace {
    started: Instant,
    /// Nanoseconds since the start.
    out_at: AtomicU64,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), out_at: AtomicU64::new(0) }
    }

    /// Whether messages of a type count.
    pub(crate) fn counts(msg_type: &str) -> bool {
        !matches!(msg_type, "status" | "comm_open" | "execute_input" | "iopub_welcome")
    }

    /// Counts one message.
    pub(crate) fn count(&self) {
        self.count_at(self.now());
    }

    /// Waits while more than a burst is counted that is not out at the steady rate.
    pub(crate) async fn wait(&self) {
        let wait = self.wait_at(self.now());
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    fn count_at(&self, now: u64) {
        let after = |out_at: u64| Some(out_at.max(now) + INTERVAL);
        let _ = self.out_at.fetch_update(Ordering::AcqRel, Ordering::Acquire, after);
    }

    fn wait_at(&self, now: u64) -> Duration {
        let ahead = self.out_at.load(Ordering::Acquire).saturating_sub(now);
        Duration::from_nanos(ahead.saturating_sub(BURST * INTERVAL))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rate_holds_afterwards() {
        let (pace, mut now) = (Pace::new(), 0);
        // How many messages a producer that never rests gets out in three seconds.
        let mut sent = |pause: u64| {
            now += pause * NANOS;
            let (end, mut sent) = (now + 3 * NANOS, 0);
            while now < end {
                now += u64::try_from(pace.wait_at(now).as_nanos()).unwrap();
                pace.count_at(now);
                sent += 1;
            }
            sent
        };
        for (pause, most) in [(0, BURST + 3 * RATE), (0, 3 * RATE), (60, BURST + 3 * RATE)] {
            let sent = sent(pause);
            assert!((3 * RATE - 1..=most + 1).contains(&sent) && sent < 2_100, "{sent} after {pause} s");
        }
    }

    #[test]
    fn what_the_server_does_not_count_is_not_counted() {
        let check = |msg_type, expect| assert_eq!(Pace::counts(msg_type), expect, "{msg_type}");
        check("status", false);
        check("execute_input", false);
        check("comm_open", false);
        check("comm_msg", true);
        check("stream", true);
        check("display_data", true);
    }
}
