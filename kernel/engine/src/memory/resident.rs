//! What the operating system says this process holds, and giving back what it holds for nothing.

use std::sync::OnceLock;

/// Bytes of this process that are in physical memory, or none where the system is not asked (anything but Linux).
///
/// From `smaps_rollup`, which counts pages when asked; the `statm` figure can lag by megabytes on machines with many
/// cores. Where a kernel has no `smaps_rollup`, from `status`.
pub fn resident_bytes() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    field("/proc/self/smaps_rollup", "Rss:").or_else(|| field("/proc/self/status", "VmRSS:"))
}

/// Bytes that this process can still take before the machine, or the control group it runs in, is full; none where the
/// system is not asked.
pub fn available_bytes() -> Option<u64> {
    let machine = field("/proc/meminfo", "MemAvailable:")?;
    Some(left_in_group().map_or(machine, |left| machine.min(left)))
}

/// What a container may still take. Its page cache is not counted: the system gives that back when memory is short.
fn left_in_group() -> Option<u64> {
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse::<u64>().ok()?;
    let used = std::fs::read_to_string("/sys/fs/cgroup/memory.stat").ok()?;
    let used = used.lines().find_map(|line| line.strip_prefix("anon "))?.trim().parse().ok()?;
    Some(limit.saturating_sub(used))
}

/// A field such as `Rss:   1234 kB`, in bytes.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

static TRIM: OnceLock<fn()> = OnceLock::new();

/// Says how the allocator gives unused pages back to the system. Told once, by whoever declares the allocator;
/// false where it was told before.
pub fn on_trim(give_back: fn()) -> bool {
    TRIM.set(give_back).is_ok()
}

/// Resident bytes before and after [`trim`]; none where the system is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// Before.
    pub before: Option<u64>,
    /// After.
    pub after: Option<u64>,
}

/// Gives unused pages back to the system, or none where [`on_trim`] was never called.
pub fn trim() -> Option<Trimmed> {
    let give_back = TRIM.get()?;
    let before = resident_bytes();
    give_back();
    Some(Trimmed { before, after: resident_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_process_holds_some_megabytes() {
        if cfg!(target_os = "linux") {
            let bytes = resident_bytes().unwrap();
            assert!((1 << 20..1 << 36).contains(&bytes), "{bytes}");
        } else {
            assert_eq!(resident_bytes(), None);
        }
    }

    #[test]
    fn a_field_is_in_bytes() {
        let file = std::env::temp_dir().join(format!("candlewick-field-{}", std::process::id()));
        std::fs::write(&file, "Name: x\nRss:      12 kB\n").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(
            (field(path, "Rss:"), field(path, "Pss:"), field("/nowhere", "Rss:")),
            (Some(12 * 1024), None, None)
        );
        std::fs::remove_file(file).unwrap();
    }
}
