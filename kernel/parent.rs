//! The end of the process that started this one: a kernel does not outlive its Jupyter.
//!
//! Must not know what follows from it. Read [`ended`] first.

use rustix::process::{Pid, getppid};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, pidfd_open};
use std::os::fd::OwnedFd;
use std::time::Duration;
#[cfg(target_os = "linux")]
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Returns when the Jupyter that started this process has ended; never when none did.
pub async fn ended() {
    // Jupyter's server and clients set it; a kernel started by hand goes on without its shell.
    let parent = std::env::var_os("JPY_PARENT_PID").and_then(|_| getppid());
    match parent {
        Some(parent) => end_of(parent).await,
        None => std::future::pending().await,
    }
}

/// Sleeps until the system says so, where it can. Looking once a second would wake an idle kernel for ever.
async fn end_of(parent: Pid) {
    match watched(parent) {
        // The number may have been taken by another process between the two calls.
        Some(fd) if getppid() == Some(parent) => drop(fd.readable().await),
        _ => {
            while getppid() == Some(parent) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// A descriptor that is readable once the process has ended; none where the system has no such thing.
#[cfg(target_os = "linux")]
fn watched(process: Pid) -> Option<AsyncFd<OwnedFd>> {
    let fd = pidfd_open(process, PidfdFlags::NONBLOCK).ok()?;
    // SAFETY: the descriptor is open, belongs to the returned value alone and stays open as long as that lives.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.ok()
}

#[cfg(not(target_os = "linux"))]
fn watched(_: Pid) -> Option<AsyncFd<OwnedFd>> {
    None
}
