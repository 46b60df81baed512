//! The system's table of processes, as /proc shows it: who was started by whom.
//!
//! Must not know what the processes are. Outside Linux there is no /proc and the table is empty. Read [`descendants`] first.

use std::collections::HashMap;

/// The processes that a process has started and those that they have, itself not among them.
pub fn descendants(of: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for (pid, parent) in parents() {
        children.entry(parent).or_default().push(pid);
    }
    let (mut found, mut next) = (Vec::new(), vec![of]);
    while let Some(pid) = next.pop() {
        let own = children.remove(&pid).unwrap_or_default();
        found.extend(&own);
        next.extend(own);
    }
    found
}

/// Each process with the one that started it.
fn parents() -> Vec<(u32, u32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, parent(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))).collect()
}

/// The parent in a line of /proc/PID/stat. The name, in parentheses, may hold anything.
fn parent(stat: &str) -> Option<u32> {
    stat[stat.rfind(')')? + 1..].split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_whatever_the_process_is_called() {
        let check = |stat: &str, expect| assert_eq!(parent(stat), expect, "{stat}");
        check("7 (a) S 3 1 1", Some(3));
        check("7 (a ) S 9 (b) S 4 1", Some(4));
        check("7 (a) S", None);
        check("", None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn children_of_children_are_found() {
        let mut shell = std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let sleeping = loop {
            if let [sleeping] = descendants(shell.id())[..] {
                break sleeping;
            }
            std::thread::yield_now();
        };
        assert!(descendants(std::process::id()).contains(&sleeping));
        // SAFETY: takes two numbers; the process is this test's own.
        unsafe { libc::kill(sleeping.cast_signed(), libc::SIGKILL) };
        shell.wait().unwrap();
    }
}
