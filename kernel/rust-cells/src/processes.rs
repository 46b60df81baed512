//! The processes that this one has started, as the system tells: what they take, and ending them.
//!
//! Must not know what they do. Read [`descendants`] first.

use std::collections::HashMap;

/// A running process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub id: u32,
    pub parent: u32,
    /// Resident bytes.
    pub resident: u64,
}

/// All processes below this one, children and their children; those that ended and were not waited for are left out.
pub(crate) fn descendants() -> Vec<Process> {
    below(std::process::id(), &all())
}

/// Resident bytes of this process and of those it has started.
pub(crate) fn resident() -> u64 {
    let all = all();
    let id = std::process::id();
    let own = all.iter().filter(|process| process.id == id);
    own.chain(&below(id, &all)).map(|process| process.resident).sum()
}

/// Whether a process runs the same executable as this one; false where the system does not tell.
pub(crate) fn is_this_program(process: u32) -> bool {
    let program = |process: &str| std::fs::read_link(format!("/proc/{process}/exe")).ok();
    program("self").is_some_and(|own| program(&process.to_string()) == Some(own))
}

/// Ends a process at once.
pub(crate) fn kill(process: u32) {
    let Ok(id) = libc::pid_t::try_from(process) else { return };
    // SAFETY: a system call without pointers. It may have ended already; then nothing happens, because ids are not
    // given again within the moment since it was listed.
    unsafe { libc::kill(id, libc::SIGKILL) };
}

fn below(root: u32, all: &[Process]) -> Vec<Process> {
    let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(*process);
    }
    let (mut found, mut parents) = (Vec::new(), vec![root]);
    while let Some(parent) = parents.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            parents.push(child.id);
            found.push(child);
        }
    }
    found
}

#[cfg(target_os = "linux")]
fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stat = |id: u32| std::fs::read_to_string(format!("/proc/{id}/stat")).ok();
    ids.filter_map(|id| parse_stat(id, &stat(id)?, page_size())).collect()
}

/// Fields 3 (state), 4 (parent) and 24 (resident pages) of proc(5); the name in parentheses may hold anything.
#[cfg(target_os = "linux")]
fn parse_stat(id: u32, stat: &str, page: u64) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let resident = fields.get(21)?.parse::<u64>().ok()? * page;
    let process = Process { id, parent: fields.get(1)?.parse().ok()?, resident };
    (fields[0] != "Z").then_some(process)
}

#[cfg(target_os = "linux")]
fn page_size() -> u64 {
    // SAFETY: a call without pointers.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

#[cfg(not(target_os = "linux"))]
fn all() -> Vec<Process> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid=,rss=,stat="]).output();
    let listed = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default();
    listed.lines().filter_map(parse_line).collect()
}

#[cfg(not(target_os = "linux"))]
fn parse_line(line: &str) -> Option<Process> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let resident = fields.get(2)?.parse::<u64>().ok()? << 10;
    let process = Process { id: fields.first()?.parse().ok()?, parent: fields.get(1)?.parse().ok()?, resident };
    (!fields.get(3)?.starts_with('Z')).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn grandchildren_are_found_and_ended() {
        let mut child = Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let begun = Instant::now();
        let own = |all: &[Process]| below(child.id(), all).into_iter().map(|process| process.id).next();
        let grandchild = loop {
            if let Some(found) = own(&all()) {
                break found;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "the grandchild never came");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(descendants().iter().any(|process| process.id == grandchild));
        assert!(!is_this_program(grandchild) && (is_this_program(std::process::id()) || !cfg!(target_os = "linux")));
        assert!(resident() > 1 << 20);
        kill(grandchild);
        // The shell waits for it, then ends.
        child.wait().unwrap();
        assert!(!descendants().iter().any(|process| process.id == grandchild));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_line_of_proc_is_read() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 100 4096 25 184";
        assert_eq!(parse_stat(7, stat, 4096), Some(Process { id: 7, parent: 3, resident: 25 * 4096 }));
        assert_eq!(parse_stat(7, &stat.replace(" S ", " Z "), 4096), None);
        assert_eq!(parse_stat(7, "", 4096), None);
    }
}
