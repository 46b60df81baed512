//! Memory of NVIDIA devices, as their driver's own program tells it.
//!
//! Owns the child process and its time limit. Must not know who asks. Read [`Gpus::now`] first. The program takes up to
//! a second, and much longer when the driver is in trouble; so nobody waits for it more than a moment, and what it said
//! last is said again until it has answered.

use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const PROGRAM: &str = "nvidia-smi";
/// An answer is good for this long.
const FRESH: Duration = Duration::from_secs(3);
/// A request waits this long for a new one.
const MOMENT: Duration = Duration::from_millis(100);
/// The program is ended after this.
const LIMIT: Duration = Duration::from_secs(5);

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    name: String,
    used: u64,
    total: u64,
}

/// The devices of this machine.
#[derive(Clone, Default)]
pub struct Gpus(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    devices: Vec<Gpu>,
    at: Option<Instant>,
    asking: bool,
    /// The program is not there: it is not looked for again.
    absent: bool,
}

impl Gpu {
    /// Name, and memory in bytes.
    pub fn value(&self) -> Value {
        json!({"name": self.name, "used": self.used, "total": self.total})
    }
}

impl Gpus {
    /// The devices and their memory, at most some seconds old; none without a driver.
    pub async fn now(&self) -> Vec<Gpu> {
        if self.begin() {
            let own = self.clone();
            let asking = tokio::task::spawn_blocking(move || own.learn(ask(PROGRAM)));
            // Without an answer by then, the former one has to do.
            let _ = tokio::time::timeout(MOMENT, asking).await;
        }
        self.known().devices.clone()
    }

    /// Whether it is time to ask, and nobody else does.
    fn begin(&self) -> bool {
        let mut known = self.known();
        let fresh = known.at.is_some_and(|at| at.elapsed() < FRESH);
        let begins = !fresh && !known.asking && !known.absent;
        known.asking |= begins;
        begins
    }

    fn learn(&self, answer: Answer) {
        let mut known = self.known();
        (known.asking, known.at) = (false, Some(Instant::now()));
        match answer {
            Answer::Devices(devices) => known.devices = devices,
            Answer::Absent => known.absent = true,
            Answer::Failed => known.devices.clear(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Devices(Vec<Gpu>),
    Absent,
    Failed,
}

fn ask(program: &str) -> Answer {
    let mut command = Command::new(program);
    command.args(["--query-gpu=name,memory.used,memory.total", "--format=csv,noheader,nounits"]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return Answer::Absent };
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(None) if begun.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                // It has ended already, or ends now.
                let _ = child.kill();
                let _ = child.wait();
                return Answer::Failed;
            }
        }
    }
    // A few short lines, which a pipe holds.
    match child.wait_with_output() {
        Ok(output) => Answer::Devices(devices(&String::from_utf8_lossy(&output.stdout))),
        Err(_) => Answer::Failed,
    }
}

/// Lines such as `NVIDIA H200, 512, 143771`, in MiB. A device that does not tell its memory is left out.
fn devices(text: &str) -> Vec<Gpu> {
    let device = |line: &str| {
        let mut fields = line.rsplitn(3, ',').map(str::trim);
        let mut bytes = || Some(fields.next()?.parse::<u64>().ok()? << 20);
        let (total, used) = (bytes()?, bytes()?);
        Some(Gpu { name: fields.next()?.to_owned(), used, total })
    };
    text.lines().filter_map(device).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_devices() {
        let gpu = |name: &str, used: u64, total: u64| Gpu { name: name.into(), used: used << 20, total: total << 20 };
        let check = |text: &str, expect: &[Gpu]| assert_eq!(devices(text), expect, "{text}");
        check("NVIDIA H200, 512, 143771\n", &[gpu("NVIDIA H200", 512, 143_771)]);
        check("A, B, 1, 2\nC, 3, 4\n", &[gpu("A, B", 1, 2), gpu("C", 3, 4)]);
        check("NVIDIA GB10, [N/A], [N/A]\n", &[]);
        check("No devices were found\n", &[]);
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_is_no_device() {
        assert_eq!(ask("/no/such/program"), Answer::Absent);
        assert_eq!(ask("false"), Answer::Failed);
    }
}
