//! A clock that is cheap enough to be read at every call of a plugin (5 ns where `Instant` takes 25) and ticks only every
//! few milliseconds: it finds the calls that took long. Must not know what is timed.

/// How far apart two ticks are at most, in nanoseconds. (Linux: 1 to 10 ms.)
pub(crate) const TICK: u64 = 10_000_000;

/// Nanoseconds since some moment, up to one [`TICK`] old.
#[cfg(target_os = "linux")]
#[inline(always)]
pub(crate) fn coarse() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec and touches nothing else; this clock has been there since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The same where there is no coarse clock.
#[cfg(not(target_os = "linux"))]
pub(crate) fn coarse() -> u64 {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64
}
