//! One worker process: started from this executable, talked to over a socket pair, heard to its last words.
//!
//! Owns the child's descriptors, its watching thread and its death. Must not know cells, plugins or sessions.
//! Read [`WorkerHandle`] first. The child finds the link at descriptor 0, its own output pipes at 1 and 2, and their
//! read ends at 3 and 4: it captures what it prints itself, and what it could not read any more is read here after
//! its death. At 5 it finds the memory in which it leaves which plugin it calls.

use crate::death::{Death, kills_for_memory};
use crate::link_reader::LinkReader;
use crate::link_writer::LinkWriter;
use anyhow::{Context, Result};
use candlewick_link::{BLACK_BOX_FD, BlackBox, COMPILER_VARIABLE, FrameWriter, FromWorker, LinkError, ToWorker};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::fs::File;
use std::io::Read;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// Messages that wait here before the worker is held back.
const QUEUE: usize = 1024;
/// How much of each output pipe is kept as last words.
const LAST_WORDS: usize = 8 << 10;
/// A worker whose link has closed is given this long to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// A running worker. Cheap to copy; may be used from any task.
#[derive(Clone)]
pub struct WorkerHandle {
    child: Arc<Mutex<Child>>,
    link: Arc<Mutex<FrameWriter<LinkWriter, ToWorker>>>,
    death: watch::Receiver<Option<Death>>,
    pid: u32,
    black_box: Option<BlackBox>,
}

impl WorkerHandle {
    /// Starts `program worker` in `directory`, with the socket of the `compiler` in its environment. What it sends arrives at the receiver, which ends when the worker does.
    ///
    /// Must be called on a runtime.
    ///
    /// # Errors
    /// The operating system refuses a descriptor, a thread or the process.
    pub fn start(
        program: &Path,
        directory: &Path,
        compiler: Option<&Path>,
    ) -> Result<(Self, mpsc::Receiver<FromWorker>)> {
        let (near, far) = UnixStream::pair().context("can't make the link to the worker")?;
        let outputs = OutputPipes::new().context("can't make the worker's output pipes")?;
        let memory_kills = kills_for_memory();
        // Without it a death is told without the plugin's name.
        let black_box = BlackBox::create().ok();
        let memory = black_box.as_ref().map(|(_, memory)| memory);
        let mut command = Command::new(program);
        command.arg("worker").current_dir(directory);
        match compiler {
            Some(socket) => command.env(COMPILER_VARIABLE, socket),
            None => command.env_remove(COMPILER_VARIABLE),
        };
        let child = spawn(command, far, &outputs, memory)
            .with_context(|| format!("can't start the worker `{} worker`", program.display()))?;
        let (death, pid) = (watch::channel(None), child.id());
        let handle = Self {
            child: Arc::new(Mutex::new(child)),
            link: Arc::new(Mutex::new(FrameWriter::new(LinkWriter::new(near.try_clone()?)))),
            death: death.1,
            pid,
            black_box: black_box.map(|(shared, _)| shared),
        };
        let messages = handle.clone().read(near.try_clone()?)?;
        handle.clone().await_end(near, outputs.close_far_ends(), memory_kills, death.0)?;
        Ok((handle, messages))
    }

    /// The plugin that is being called, or was when the worker died.
    pub fn running_plugin(&self) -> Option<String> {
        self.black_box.and_then(|black_box| black_box.running_name())
    }

    /// Whether a request began to be handled; without shared memory it counts as begun.
    pub fn has_begun(&self, request: u64) -> bool {
        self.black_box.is_none_or(|black_box| black_box.has_begun(request))
    }

    /// Sends one message, without waiting for the worker to take it. To a dead worker it is an error; its death is told
    /// by [`Self::death`].
    pub fn send(&self, message: &ToWorker) -> Result<(), LinkError> {
        locked(&self.link).send(message)
    }

    /// The worker's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends the worker at once.
    pub fn kill(&self) {
        // An error means that it has ended already.
        let _ = locked(&self.child).kill();
    }

    /// Waits until the worker has ended and says how.
    pub async fn death(&self) -> Death {
        let mut death = self.death.clone();
        match death.wait_for(Option::is_some).await {
            Ok(death) => death.clone().unwrap_or_default(),
            Err(_) => Death::default(),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.death.borrow().is_some()
    }

    /// The task that reads the link until it closes.
    fn read(self, stream: UnixStream) -> Result<mpsc::Receiver<FromWorker>> {
        let mut reader = LinkReader::new(stream)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            while let Ok(Some(message)) = reader.receive().await {
                if sender.send(message).await.is_err() {
                    break;
                }
            }
            drop(sender);
            // A worker that closed its link, or sent what can't be read, is of no more use.
            if timeout(GRACE, self.death()).await.is_err() {
                self.kill();
            }
        });
        Ok(receiver)
    }

    /// The thread that waits for the process to end, then collects its last words.
    fn await_end(
        self,
        link: UnixStream,
        mut outputs: [File; 2],
        memory_kills: Option<u64>,
        death: watch::Sender<Option<Death>>,
    ) -> Result<()> {
        thread::Builder::new().name("worker-end".into()).spawn(move || {
            wait_without_reaping(self.pid);
            // A grandchild may hold the other end open; without this the reading task would wait for it.
            let _ = link.shutdown(Shutdown::Read);
            let status = locked(&self.child).wait().ok();
            let last_words = outputs.each_mut().map(remaining).concat();
            let for_memory = memory_kills < kills_for_memory();
            let _ = death.send(Some(Death { status, last_words, for_memory, by_kernel: None }));
        })?;
        Ok(())
    }
}

/// The two pipes that are the worker's standard output and error.
struct OutputPipes {
    read: [OwnedFd; 2],
    write: [OwnedFd; 2],
}

impl OutputPipes {
    fn new() -> Result<Self> {
        let (stdout, stderr) = (std::io::pipe()?, std::io::pipe()?);
        Ok(Self { read: [stdout.0.into(), stderr.0.into()], write: [stdout.1.into(), stderr.1.into()] })
    }

    /// Keeps the read ends only, so that they end when the worker does.
    fn close_far_ends(self) -> [File; 2] {
        self.read.map(File::from)
    }
}

fn spawn(mut command: Command, link: UnixStream, outputs: &OutputPipes, memory: Option<&OwnedFd>) -> Result<Child> {
    let read = [above_standard(&outputs.read[0])?, above_standard(&outputs.read[1])?];
    let memory = memory.map(above_standard).transpose()?;
    let memory_fd = memory.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    let targets: [(RawFd, RawFd); 3] = [(read[0].as_raw_fd(), 3), (read[1].as_raw_fd(), 4), (memory_fd, BLACK_BOX_FD)];
    command.stdin(Stdio::from(OwnedFd::from(link)));
    command.stdout(outputs.write[0].try_clone()?).stderr(outputs.write[1].try_clone()?);
    // A group of its own: Ctrl-C on a terminal reaches the kernel, which interrupts the worker by message.
    command.process_group(0);
    // SAFETY: between fork and exec only `dup2` and `prctl` are called, which are system calls and allocate nothing. The
    // source descriptors are above 5 and live until `spawn` returns.
    unsafe {
        command.pre_exec(move || {
            huge_pages(true);
            for (from, to) in targets.into_iter().filter(|(from, _)| *from >= 0) {
                if libc::dup2(from, to) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    Ok(command.spawn()?)
}

/// Whether the system may back the memory of this process, and of those it starts, with huge pages. A kernel process
/// holds some hundred small blocks: in huge pages they take 8 MB more. The worker's tensors gain by them.
pub fn huge_pages(allowed: bool) {
    #[cfg(target_os = "linux")]
    // SAFETY: sets a flag of this process. A system that refuses leaves it as it was.
    unsafe {
        libc::prctl(libc::PR_SET_THP_DISABLE, libc::c_ulong::from(!allowed), 0, 0, 0)
    };
    #[cfg(not(target_os = "linux"))]
    let _ = allowed;
}

/// A copy of the descriptor outside the numbers that the child's are put at.
pub fn above_standard(fd: impl AsFd) -> Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), 10)?)
}

/// Waits until a child has ended; its number stays its own.
pub fn wait_without_reaping(pid: u32) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
}

/// What the dead worker had written and not read itself: the end of it, without waiting for more.
fn remaining(pipe: &mut File) -> String {
    let mut bytes = Vec::new();
    if rustix::io::ioctl_fionbio(&*pipe, true).is_ok() {
        // `WouldBlock` ends it when a grandchild holds the pipe open; what was read before stays.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LAST_WORDS)..]).into_owned()
}

/// A thread that panicked while it held the lock has left nothing half done here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
