//! How a worker ended, in words.
//!
//! Owns the names of signals and the reading of the system's out-of-memory counter. Must not know the supervisor.
//! Read [`Death`] first.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a worker ended and what it said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Death {
    /// Exit code or signal; none when the operating system did not tell.
    pub status: Option<ExitStatus>,
    /// What it had printed and nobody had read.
    pub last_words: String,
    /// Whether the system killed some process for memory while the worker lived.
    pub for_memory: bool,
    /// Why this kernel killed it, if it did.
    pub by_kernel: Option<&'static str>,
}

/// Signals that end a process, with what they mean.
const SIGNALS: &[(i32, &str, &str)] = &[
    (libc::SIGABRT, "SIGABRT", "it aborted"),
    (libc::SIGBUS, "SIGBUS", "bad memory access"),
    (libc::SIGFPE, "SIGFPE", "arithmetic fault"),
    (libc::SIGILL, "SIGILL", "illegal instruction"),
    (libc::SIGINT, "SIGINT", "interrupted"),
    (libc::SIGHUP, "SIGHUP", "its terminal closed"),
    (libc::SIGSEGV, "SIGSEGV", "segmentation fault"),
    (libc::SIGTERM, "SIGTERM", "asked to end by another process"),
];

impl Death {
    /// A clause that follows "the worker": `was killed by SIGSEGV (segmentation fault)`.
    pub fn clause(&self) -> String {
        if let Some(why) = self.by_kernel {
            return format!("was killed by this kernel ({why})");
        }
        let Some(status) = self.status else { return "ended, and the system does not say how".into() };
        match (status.signal(), status.code()) {
            (Some(libc::SIGKILL), _) => self.killed(),
            (Some(signal), _) => match SIGNALS.iter().find(|(number, ..)| *number == signal) {
                Some((_, name, meaning)) => format!("was killed by {name} ({meaning})"),
                None => format!("was killed by signal {signal}"),
            },
            (None, Some(code)) => format!("ended by itself with exit code {code}"),
            (None, None) => format!("ended: {status}"),
        }
    }

    /// SIGKILL carries no reason. The counter makes lack of memory likely, not certain: a guess, and labelled so.
    fn killed(&self) -> String {
        let guess = match self.for_memory {
            true => "a guess: it ran out of memory; the system killed a process for memory just then",
            false => "a guess: another process ended it, or a limit on memory did",
        };
        format!("was killed by SIGKILL ({guess})")
    }
}

/// How many processes this system has killed for memory since it started; none where it doesn't tell.
pub fn kills_for_memory() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_words() {
        let check = |raw: i32, for_memory, expect: &str| {
            let death = Death { status: Some(ExitStatus::from_raw(raw)), for_memory, ..Death::default() };
            assert!(death.clause().contains(expect), "{}", death.clause());
        };
        check(libc::SIGSEGV, false, "killed by SIGSEGV (segmentation fault)");
        check(libc::SIGKILL, true, "a guess: it ran out of memory");
        check(libc::SIGKILL, false, "SIGKILL (a guess: another process");
        check(3 << 8, false, "exit code 3");
        check(libc::SIGUSR1, false, "was killed by signal");
        assert!(Death::default().clause().contains("does not say"));
        let ours = Death { by_kernel: Some("why"), ..Death::default() };
        assert_eq!(ours.clause(), "was killed by this kernel (why)");
    }
}
