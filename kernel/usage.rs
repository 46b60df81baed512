//! Memory and processor time, as jupyter-resource-usage asks for them.
//!
//! Owns the reading of the operating system's own figures. Must not ask the worker: it may be busy for hours.
//! Read [`Meter::reply`] first. Outside Linux there is no /proc and the figures are absent.

use crate::gpus::Gpu;
use crate::process_table::descendants;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Measures between one request and the next, as psutil's percentages do.
pub struct Meter(Mutex<Before>);

/// What the counters were at the last request.
struct Before {
    at: Instant,
    /// Processor seconds by process.
    processes: HashMap<u32, f64>,
    host: HostTime,
}

/// Processor time of all cores since the machine started, in its own unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct HostTime {
    busy: f64,
    all: f64,
}

impl Meter {
    /// Measures from now on.
    pub fn start() -> Self {
        let own = std::process::id();
        let processes = cpu_seconds(own).map(|seconds| (own, seconds)).into_iter().collect();
        Self(Mutex::new(Before { at: Instant::now(), processes, host: host_time().unwrap_or_default() }))
    }

    /// The content of a `usage_reply`: kernel process, worker and compiler together, with what the compiler has started,
    /// since the last one. A figure that this system does not tell is absent.
    pub fn reply(&self, worker: Option<u32>, compiler: Option<u32>, gpus: &[Gpu]) -> Value {
        let compiling: Vec<u32> =
            compiler.map(|pid| std::iter::once(pid).chain(descendants(pid)).collect()).unwrap_or_default();
        let own = [Some(std::process::id()), worker].into_iter().flatten();
        let processes: Vec<u32> = own.chain(compiling.iter().copied()).collect();
        let bytes = |pids: &[u32]| pids.iter().filter_map(|pid| memory_bytes(*pid)).sum::<u64>();
        let memory = bytes(&processes);
        let (cpu, host) = self.percentages(&processes);
        let mut reply = json!({
            "hostname": hostname(), "pid": std::process::id(), "worker_pid": worker,
            "kernel_cpu": cpu, "kernel_memory": memory,
            "cpu_count": std::thread::available_parallelism().map_or(1, usize::from),
        });
        if compiler.is_some() {
            (reply["compiler_pid"], reply["compiler_memory"]) = (compiler.into(), bytes(&compiling).into());
        }
        if let Some(percent) = host {
            reply["host_cpu_percent"] = percent.into();
        }
        if let Some(memory) = virtual_memory() {
            reply["host_virtual_memory"] = memory.into();
        }
        if !gpus.is_empty() {
            reply["gpu"] = gpus.iter().map(Gpu::value).collect();
        }
        reply
    }

    /// Of the processes, where one core is 100; of the host, where all cores are.
    fn percentages(&self, processes: &[u32]) -> (f64, Option<f64>) {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Before {
            at: Instant::now(),
            processes: processes.iter().filter_map(|pid| Some((*pid, cpu_seconds(*pid)?))).collect(),
            host: host_time().unwrap_or_default(),
        };
        let elapsed = now.at.duration_since(before.at).as_secs_f64();
        // A process that is new since then has used all its time since then.
        let used = |(pid, seconds): (&u32, &f64)| seconds - before.processes.get(pid).unwrap_or(&0.0);
        let seconds: f64 = now.processes.iter().map(used).sum();
        let (busy, all) = (now.host.busy - before.host.busy, now.host.all - before.host.all);
        *before = now;
        let percent = if elapsed > 0.0 { 100.0 * seconds.max(0.0) / elapsed } else { 0.0 };
        (rounded(percent), (all > 0.0).then(|| rounded(100.0 * busy / all)))
    }
}

/// Total and available bytes of this machine's memory.
pub fn host_memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = kibibytes(&text, "MemTotal:")?;
    Some((total, kibibytes(&text, "MemAvailable:")?.min(total)))
}

/// The machine's memory in the words of psutil.
fn virtual_memory() -> Option<Map<String, Value>> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let (total, available) = host_memory()?;
    let fields = [
        ("free", "MemFree:"),
        ("active", "Active:"),
        ("inactive", "Inactive:"),
        ("buffers", "Buffers:"),
        ("cached", "Cached:"),
        ("shared", "Shmem:"),
        ("slab", "Slab:"),
    ];
    let used = total - available;
    let mut memory = Map::new();
    memory.insert("total".into(), total.into());
    memory.insert("available".into(), available.into());
    memory.insert("percent".into(), rounded(100.0 * used as f64 / total as f64).into());
    memory.insert("used".into(), used.into());
    memory.extend(fields.into_iter().filter_map(|(name, field)| Some((name.into(), kibibytes(&text, field)?.into()))));
    Some(memory)
}

/// A process's share of what is resident: what several processes have in common is divided among them, so that kernel
/// and worker, which share a library, do not count it twice.
fn memory_bytes(pid: u32) -> Option<u64> {
    let share = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    let share = share.and_then(|text| kibibytes(&text, "Pss:"));
    share.or_else(|| kibibytes(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:"))
}

/// Processor seconds that a process has used since its start.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(ticks(&stat)? as f64 / ticks_per_second())
}

/// User and system time of a line of /proc/PID/stat. The name, in parentheses, may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn ticks_per_second() -> f64 {
    // SAFETY: asks for a constant of the system.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}

fn host_time() -> Option<HostTime> {
    host_time_of(std::fs::read_to_string("/proc/stat").ok()?.lines().next()?)
}

/// The first line of /proc/stat: user, nice, system, idle, waiting for input, and more that is busy. Guests' time is
/// in user and nice already.
fn host_time_of(line: &str) -> Option<HostTime> {
    let fields: Vec<f64> =
        line.strip_prefix("cpu ")?.split_whitespace().take(8).filter_map(|field| field.parse().ok()).collect();
    let all: f64 = fields.iter().sum();
    let idle = fields.get(3)? + fields.get(4).unwrap_or(&0.0);
    Some(HostTime { busy: all - idle, all })
}

/// A field of the form `name: 123 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn hostname() -> Option<String> {
    Some(std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned())
}

fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
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
    fn times_are_read_whatever_the_process_is_called() {
        let check = |stat: &str, expect| assert_eq!(ticks(stat), expect, "{stat}");
        check("7 (a) S 1 1 1 0 -1 0 0 0 0 0 12 30 0 0 20", Some(42));
        check("7 (a ) S 9 (b) S 1 1 1 0 -1 0 0 0 0 0 12 30 0 0 20", Some(42));
        check("7 (a) S 1", None);
        check("", None);
        let host = host_time_of("cpu  10 1 9 70 5 2 2 1 50 50");
        assert_eq!(host, Some(HostTime { busy: 25.0, all: 100.0 }));
        assert_eq!(host_time_of("intr 1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn work_shows_in_the_next_reply() {
        let meter = Meter::start();
        let begun = Instant::now();
        // Ticks are hundredths of a second.
        let before = cpu_seconds(std::process::id()).unwrap();
        while cpu_seconds(std::process::id()).unwrap() < before + 0.05 {
            assert!(begun.elapsed().as_secs() < 60, "this process gets no processor time");
        }
        let reply = meter.reply(None, None, &[]);
        assert!(reply["kernel_cpu"].as_f64().unwrap() > 0.0, "{reply}");
        assert!(reply["host_cpu_percent"].as_f64().unwrap() > 0.0, "{reply}");
        assert!(reply["kernel_memory"].as_u64().unwrap() > 0);
        let memory = &reply["host_virtual_memory"];
        for field in ["total", "available", "used", "percent", "free", "active", "cached"] {
            assert!(memory[field].as_f64().unwrap() > 0.0, "{field} of {memory}");
        }
        assert!(reply.get("gpu").is_none());
    }
}
