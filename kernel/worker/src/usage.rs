//! Memory and processor time of this process, as the operating system counts them.

use candlewick_link::Usage;

/// The figures of now; zero where the system does not tell.
pub fn now() -> Usage {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0);
    // SAFETY: asks for a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Usage { resident_bytes: pages * u64::try_from(page).unwrap_or(4096), cpu_seconds: cpu_seconds() }
}

fn cpu_seconds() -> f64 {
    // SAFETY: the structure is plain numbers, for which zero is valid, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_has_memory_and_time() {
        let usage = super::now();
        assert!(usage.resident_bytes > 1 << 20 && usage.cpu_seconds > 0.0);
    }
}
