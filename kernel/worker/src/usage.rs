//! Memory and processor time of this process, and memory of others, as the operating system counts them.

use candlewick_link::Usage;

/// The figures of now; zero where the system does not tell.
pub fn now() -> Usage {
    let resident_bytes = resident("self").unwrap_or(0);
    Usage { resident_bytes, cpu_seconds: cpu_seconds() }
}

/// Resident bytes of a process and of those that it has started; none when it has ended, or where the system does not
/// tell.
pub fn resident_of(pid: u32) -> Option<u64> {
    let own = resident(&pid.to_string())?;
    Some(own + children(pid).into_iter().filter_map(resident_of).sum::<u64>())
}

fn resident(process: &str) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: asks for a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(page).unwrap_or(4096))
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
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

    #[test]
    fn what_a_process_has_started_counts_with_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = super::resident_of(child.id());
        let ended = child.kill().and_then(|()| child.wait());
        assert!(own.is_some_and(|bytes| bytes > 0) && ended.is_ok());
        assert_eq!(super::resident_of(child.id()), None);
    }
}
