//! One compiler process: started with the session's listening socket, watched to its end, killed with all it has started.
//!
//! Must not know sessions, cells or messages. Read [`CompilerProcess::start`] first. The child finds the listening socket
//! at descriptor 3.

use crate::compiler_directory::CompilerDirectory;
use crate::death::{Death, kills_for_memory};
use crate::process_table::descendants;
use crate::worker_process::{above_standard, wait_without_reaping};
use anyhow::{Context, Result};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use tokio::sync::{oneshot, watch};

/// Where the child finds the listening socket.
const LISTENER_FD: i32 = 3;

/// A compiler process that was started. Cheap to copy.
#[derive(Clone)]
pub struct CompilerProcess {
    pid: u32,
    death: watch::Receiver<Option<Death>>,
}

impl CompilerProcess {
    /// Starts `program compiler` in the directory `notebook`.
    ///
    /// # Errors
    /// The operating system refuses a thread, the log or the process.
    pub async fn start(
        program: &Path,
        notebook: &Path,
        directory: &CompilerDirectory,
        listener: impl AsFd,
    ) -> Result<Self> {
        let listener = above_standard(listener)?;
        let command = command(program, notebook, directory, listener.as_raw_fd())?;
        let (started, starting) = oneshot::channel();
        let (sender, death) = watch::channel(None);
        // The system ends the child with the thread that started it, so that one waits for it: a kernel that is killed
        // leaves no compiler.
        thread::Builder::new()
            .name("compiler".into())
            .spawn(move || attend(command, listener, started, &sender))
            .context("can't start a thread for the compiler")?;
        let pid = starting.await.context("the compiler's thread has ended")?;
        let pid = pid.with_context(|| format!("can't start `{} compiler`", program.display()))?;
        Ok(Self { pid, death })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it and all that it has started, at once.
    pub fn kill(&self) {
        // A process that has ended and was waited for may have left its number to another.
        if self.death.borrow().is_none() {
            let started = descendants(self.pid);
            kill(self.pid.cast_signed());
            kill(-self.pid.cast_signed());
            started.into_iter().for_each(|pid| kill(pid.cast_signed()));
        }
    }

    /// Waits until it has ended and says how.
    pub async fn death(&self) -> Death {
        let mut death = self.death.clone();
        match death.wait_for(Option::is_some).await {
            Ok(death) => death.clone().unwrap_or_default(),
            Err(_) => Death::default(),
        }
    }
}

fn command(program: &Path, notebook: &Path, directory: &CompilerDirectory, listener: i32) -> Result<Command> {
    let log = directory.log()?;
    let mut command = Command::new(program);
    command.arg("compiler").arg("--directory").arg(directory.path()).current_dir(notebook);
    if let Some(bytes) = directory.memory() {
        command.arg("--memory").arg(bytes.to_string());
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    // SAFETY: between fork and exec only `dup2` and `prctl` are called, which are system calls and allocate nothing. The
    // descriptor is above 3 and lives until the child was started.
    unsafe {
        command.pre_exec(move || {
            end_with_parent();
            if libc::dup2(listener, LISTENER_FD) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    Ok(command)
}

/// The thread that starts it and waits for its end.
fn attend(
    mut command: Command,
    listener: OwnedFd,
    started: oneshot::Sender<std::io::Result<u32>>,
    death: &watch::Sender<Option<Death>>,
) {
    let memory_kills = kills_for_memory();
    let child = command.spawn();
    drop(listener);
    let _ = match child {
        Err(error) => started.send(Err(error)),
        Ok(child) => {
            let sent = started.send(Ok(child.id()));
            if sent.is_err() {
                // Whoever wanted it has gone. It was not waited for yet, so its number is its own.
                kill(child.id().cast_signed());
            }
            let ended = await_end(child, memory_kills);
            death.send_replace(Some(ended));
            sent
        }
    };
}

/// What it had started ends with it: its number still names its group until it has been waited for.
fn await_end(mut child: Child, memory_kills: Option<u64>) -> Death {
    wait_without_reaping(child.id());
    kill(-child.id().cast_signed());
    let status = child.wait().ok();
    Death { status, for_memory: memory_kills < kills_for_memory(), ..Death::default() }
}

fn kill(process: i32) {
    // SAFETY: takes two numbers; a process or group that has ended is no fault.
    unsafe { libc::kill(process, libc::SIGKILL) };
}

/// Has the system kill this process when the thread that started it ends.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    // SAFETY: sets a property of this process. A system that refuses leaves it as it was.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::c_ulong::from(libc::SIGKILL.cast_unsigned()), 0, 0, 0)
    };
}
