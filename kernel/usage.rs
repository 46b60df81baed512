//! Memory and processor time, as jupyter-resource-usage asks for them.
//!
//! Owns the reading of the operating system's own figures. Must not ask the worker: it may be busy for hours.
//! Read [`reply`] first. Outside Linux there is no /proc and the figures are absent.

use serde_json::{Value, json};

/// The content of a `usage_reply`: kernel process and worker together.
pub fn reply(worker: Option<u32>) -> Value {
    let pids = [Some(std::process::id()), worker];
    let resident: u64 = pids.into_iter().flatten().filter_map(resident_bytes).sum();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = host_memory();
    json!({
        "hostname": hostname(), "pid": std::process::id(), "worker_pid": worker,
        "kernel_memory": resident, "cpu_count": cores,
        "host_virtual_memory": memory.map(|(total, available)| json!({
            "total": total, "available": available, "used": total - available,
            "percent": 100.0 * (total - available) as f64 / total as f64,
        })),
    })
}

/// Total and available bytes of this machine's memory.
pub fn host_memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = kibibytes(&text, "MemTotal:")?;
    Some((total, kibibytes(&text, "MemAvailable:")?.min(total)))
}

fn resident_bytes(pid: u32) -> Option<u64> {
    kibibytes(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:")
}

/// A field of the form `name: 123 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn hostname() -> Option<String> {
    Some(std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_in_bytes() {
        let text = "MemTotal:       16 kB\nMemAvailable:    4 kB\nPages: 3\n";
        assert_eq!(kibibytes(text, "MemTotal:"), Some(16 << 10));
        assert_eq!(kibibytes(text, "Pages:"), None);
        assert_eq!(kibibytes(text, "Swap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_counted() {
        let reply = reply(None);
        assert!(reply["kernel_memory"].as_u64().unwrap() > 0);
        assert!(reply["host_virtual_memory"]["total"].as_u64().unwrap() > 0);
    }
}
