//! How much goes out in a second, so that no server between kernel and notebook throws any of it away.
//!
//! Owns the rates and their bookkeeping. Must not know messages' content. Read [`Pace`] first.
//!
//! jupyter_server throws away what comes faster than 1,000 messages a second over three seconds, counting everything but
//! `status`, `comm_open` and `execute_input`; and printed text of more than a million bytes a second, frames and JSON's
//! escapes included. It counts anew after every idle. Producers are slowed down long before either; nothing is cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Messages a second, sustained.
pub(crate) const RATE: u64 = 500;
/// Messages that may go out at once after a pause.
pub(crate) const BURST: u64 = 500;
/// Bytes of text a second behind a notebook server, sustained: with the burst and one piece of 512 KiB that may exceed
/// it 2.6 million in the server's three seconds; the rest is for the other frames of up to 300 messages a second.
const TEXT_RATE: u64 = 450_000;
/// Bytes of text that may go out at once.
const TEXT_BURST: u64 = 700_000;

const NANOS: u64 = 1_000_000_000;

/// The rates of one kernel's output.
pub(crate) struct Pace {
    started: Instant,
    messages: Bucket,
    text: Bucket,
    /// Whether the rate of text matters: other clients take as much as there is.
    behind_server: AtomicBool,
}

/// A leaky bucket, as one moment: when everything counted so far would be out at the steady rate.
struct Bucket {
    /// Nanoseconds since the start.
    out_at: AtomicU64,
    /// Nanoseconds that one unit takes at the steady rate.
    interval: u64,
    /// Units that may be ahead of it.
    burst: u64,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            messages: Bucket::new(RATE, BURST),
            text: Bucket::new(TEXT_RATE, TEXT_BURST),
            behind_server: AtomicBool::new(false),
        }
    }

    /// From now on text is held back too.
    pub(crate) fn set_behind_server(&self) {
        self.behind_server.store(true, Ordering::Release);
    }

    /// Whether messages of a type count.
    pub(crate) fn counts(msg_type: &str) -> bool {
        !matches!(msg_type, "status" | "comm_open" | "execute_input" | "iopub_welcome")
    }

    /// Counts one message.
    pub(crate) fn count(&self) {
        self.messages.count(self.now(), 1);
    }

    /// Counts anew, as the server does when it passes an idle on: many quick cells are not one slow one.
    pub(crate) fn reset(&self) {
        self.messages.out_at.store(0, Ordering::Release);
        self.text.out_at.store(0, Ordering::Release);
    }

    /// Waits while more than a burst is counted that is not out at the steady rate.
    pub(crate) async fn wait(&self) {
        pause(self.messages.wait(self.now())).await;
    }

    /// Waits until a text may go out, and counts it.
    pub(crate) async fn text(&self, text: &str) {
        self.wait().await;
        if self.behind_server.load(Ordering::Acquire) {
            pause(self.text.wait(self.now())).await;
            self.text.count(self.now(), escaped(text));
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Bucket {
    fn new(rate: u64, burst: u64) -> Self {
        Self { out_at: AtomicU64::new(0), interval: NANOS / rate, burst }
    }

    fn count(&self, now: u64, units: u64) {
        let after = |out_at: u64| Some(out_at.max(now) + units * self.interval);
        let _ = self.out_at.fetch_update(Ordering::AcqRel, Ordering::Acquire, after);
    }

    fn wait(&self, now: u64) -> Duration {
        let ahead = self.out_at.load(Ordering::Acquire).saturating_sub(now);
        Duration::from_nanos(ahead.saturating_sub(self.burst * self.interval))
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Bytes of a text as JSON.
fn escaped(text: &str) -> u64 {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..32 => 6,
        _ => 1,
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rate_holds_afterwards() {
        let (bucket, mut now) = (Bucket::new(RATE, BURST), 0);
        // How many messages a producer that never rests gets out in three seconds.
        let mut sent = |pause: u64| {
            now += pause * NANOS;
            let (end, mut sent) = (now + 3 * NANOS, 0);
            while now < end {
                now += u64::try_from(bucket.wait(now).as_nanos()).unwrap();
                bucket.count(now, 1);
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
    fn an_idle_begins_anew() {
        let pace = Pace::new();
        (0..3 * BURST).for_each(|_| pace.count());
        pace.text.count(0, 3 * TEXT_BURST);
        assert!(!pace.messages.wait(0).is_zero() && !pace.text.wait(0).is_zero());
        pace.reset();
        assert!(pace.messages.wait(0).is_zero() && pace.text.wait(0).is_zero());
    }

    #[test]
    fn text_stays_under_the_server_s_rate() {
        let (bucket, mut now, mut sent) = (Bucket::new(TEXT_RATE, TEXT_BURST), 0, 0);
        while now < 3 * NANOS {
            now += u64::try_from(bucket.wait(now).as_nanos()).unwrap();
            bucket.count(now, 1_000);
            sent += 1_000;
        }
        assert!((2_000_000..2_100_000).contains(&sent), "{sent}");
    }

    #[test]
    fn escapes_are_counted() {
        for text in ["", "plain é𝒳", "a\nb\t\"\\\r", "\u{1b}[31m\u{0}\u{8}\u{c}\u{7f}"] {
            let written = serde_json::to_string(text).unwrap();
            assert_eq!(escaped(text), written.len() as u64 - 2, "{written}");
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
