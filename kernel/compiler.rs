//! The compiler of a session's Rust cells: a socket from the session's start on, a process from the first connection on.
//!
//! Owns when a compiler process is started, again, or not any more. Must not know cells. Read [`Compiler`] first.
//!
//! Nobody says "start": whoever needs the compiler connects, and waits in the socket's queue until there is one. So a
//! notebook without Rust pays for a directory and a socket, and worker and kernel process need not agree.

use crate::compiler_directory::{CompilerDirectory, remove_stale};
use crate::compiler_process::CompilerProcess;
use crate::compiler_refusal::refuse;
use crate::death::Death;
use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A process that ends within this time of its start counts as one that could not work.
const AT_ONCE: Duration = Duration::from_secs(10);
/// After so many of them in a row connections are refused for a while.
const MOST: u32 = 3;
/// For so long; then the next connection starts one again.
const PAUSE: Duration = Duration::from_secs(10);
/// How long the end of a process that was killed may take.
const END: Duration = Duration::from_secs(2);

/// The compiler of one session. What it has made goes away with this value.
pub struct Compiler {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    program: PathBuf,
    /// Where the notebook is: paths in cells are meant from there.
    notebook: PathBuf,
    directory: CompilerDirectory,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    process: Option<CompilerProcess>,
    closed: bool,
    /// Why this kernel itself has killed the process.
    killed: Option<&'static str>,
}

impl Compiler {
    /// Makes the directory and the socket; a process comes with the first connection. `program compiler` is what is
    /// started, in the directory `notebook`. Must be called on a runtime.
    ///
    /// # Errors
    /// The operating system refuses the directory or the socket.
    pub fn listen(program: &Path, notebook: &Path) -> Result<Self> {
        let directory = CompilerDirectory::make()?;
        let listener = directory.listen()?;
        // SAFETY: the socket is owned by the watch, lends its descriptor as long as it lives, and nothing takes it out. It
        // stays as it is for the processes that it is handed to.
        let listener = unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) };
        let listener = listener.context("can't watch the compiler's socket")?;
        let (program, notebook) = (program.to_owned(), notebook.to_owned());
        let shared = Arc::new(Shared { program, notebook, directory, slot: Mutex::default() });
        drop(tokio::task::spawn_blocking(remove_stale));
        let serving = tokio::spawn(serve(shared.clone(), listener));
        Ok(Self { shared, serving })
    }

    /// Where to connect.
    pub fn socket(&self) -> PathBuf {
        self.shared.directory.socket()
    }

    /// The process that lives now.
    pub fn pid(&self) -> Option<u32> {
        self.shared.slot().process.as_ref().map(CompilerProcess::pid)
    }

    /// Ends the process that lives now, if it is the one meant; the next connection starts another.
    pub fn kill(&self, pid: u32, why: &'static str) {
        let mut slot = self.shared.slot();
        if let Some(process) = slot.process.clone().filter(|process| process.pid() == pid) {
            slot.killed = Some(why);
            process.kill();
        }
    }

    /// Ends the process for good, with all that it has started.
    pub async fn close(&self) {
        let process = {
            let mut slot = self.shared.slot();
            slot.closed = true;
            slot.process.clone()
        };
        if let Some(process) = process {
            process.kill();
            // One that the system does not end is not waited for.
            let _ = timeout(END, process.death()).await;
        }
        self.serving.abort();
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.shared.slot().closed = true;
        self.serving.abort();
        if let Some(process) = &self.shared.slot().process {
            process.kill();
        }
    }
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is started while the session closes is ended at once.
    fn put(&self, process: CompilerProcess) {
        let mut slot = self.slot();
        if slot.closed {
            process.kill();
        }
        slot.process = Some(process);
    }

    /// The process has ended; how.
    fn take(&self, death: Death) -> Death {
        let mut slot = self.slot();
        slot.process = None;
        Death { by_kernel: slot.killed.take(), ..death }
    }
}

/// Processes in a row that ended at once.
#[derive(Default)]
struct Failures {
    count: u32,
    reason: String,
}

impl Failures {
    fn note(&mut self, death: &Death, lived: Duration, last_words: &str) {
        let at_once = lived < AT_ONCE && !death.status.is_some_and(|status| status.success());
        self.count = if at_once { self.count + 1 } else { 0 };
        self.reason = format!("The compiler process {}, {} times in a row.", death.clause(), self.count);
        if !last_words.is_empty() {
            self.reason += &format!(" Its last words:\n{last_words}");
        }
    }

    /// Nothing is gained by trying this at once again.
    fn not_started(&mut self, error: &anyhow::Error) {
        (self.count, self.reason) = (MOST, format!("The compiler process could not be started: {error:#}."));
    }

    /// Why nothing is started now. After it was said one more is tried.
    fn refusal(&mut self) -> Option<String> {
        if self.count < MOST {
            return None;
        }
        self.count = MOST - 1;
        let seconds = PAUSE.as_secs();
        Some(format!(
            "{}\nAnother one is tried {seconds} s from now; `candlewick doctor` checks what it needs.",
            self.reason
        ))
    }
}

/// Waits for connections and has a process serve them, for ever.
async fn serve(shared: Arc<Shared>, listener: AsyncFd<UnixListener>) {
    let mut failures = Failures::default();
    while await_connection(&listener).await.is_ok() {
        if shared.slot().closed {
            return;
        }
        if let Some(reason) = failures.refusal() {
            refuse(&listener, &reason, PAUSE).await;
            continue;
        }
        let begun = Instant::now();
        let socket = listener.get_ref();
        match CompilerProcess::start(&shared.program, &shared.notebook, &shared.directory, socket).await {
            Ok(process) => {
                shared.put(process.clone());
                let death = shared.take(process.death().await);
                failures.note(&death, begun.elapsed(), &shared.directory.last_words());
            }
            Err(error) => failures.not_started(&error),
        }
    }
}

/// Returns when somebody waits to be served, and takes nobody. What the runtime has noticed may be a connection that a
/// process has taken long since, so the socket itself is asked.
pub async fn await_connection(listener: &AsyncFd<UnixListener>) -> std::io::Result<()> {
    while !has_connection(listener.get_ref()) {
        listener.readable().await?.clear_ready();
    }
    Ok(())
}

fn has_connection(listener: impl AsFd) -> bool {
    let mut asked = [PollFd::new(&listener, PollFlags::IN)];
    poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // the fake compilers are written outside `#[test]` functions
mod tests {
    use super::*;
    use crate::compiler_client::CompilerClient;
    use candlewick_link::{CompilerIs, CompilerRequest};
    use std::os::unix::fs::PermissionsExt;

    /// A compiler process in the place of ours. `arguments` are those it is started with, one a line.
    fn fake(root: &Path, script: &str) -> PathBuf {
        let path = root.join("fake");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Takes one connection and answers its requests with its own process id and arguments.
    const ANSWERS: &str = r#"
import json, os, socket, struct, sys, time
listener = socket.socket(fileno=3)
near, _ = listener.accept()
status = {"pid": os.getpid(), "warm": False, "analysis": False, "refused": None, "rustc": " ".join(sys.argv[1:]),
          "items": [], "dependencies": [], "variables": [], "resident": 0}
while length := near.recv(4, socket.MSG_WAITALL):
    request = json.loads(near.recv(struct.unpack("<I", length)[0], socket.MSG_WAITALL))["request"]
    reply = json.dumps({"reply": {"id": request["id"], "is": {"status": status}}}).encode()
    near.sendall(struct.pack("<I", len(reply)) + reply)
time.sleep(600)
"#;

    fn answering(root: &Path) -> PathBuf {
        std::fs::write(root.join("answers.py"), ANSWERS).unwrap();
        fake(root, &format!("exec python3 {}/answers.py \"$@\"", root.display()))
    }

    async fn status(client: &CompilerClient) -> Option<CompilerIs> {
        client.ask(CompilerRequest::Status, Duration::from_secs(60)).await
    }

    async fn pid(client: &CompilerClient) -> u32 {
        match status(client).await {
            Some(CompilerIs::Status(status)) => status.pid,
            other => panic!("{other:?}"),
        }
    }

    async fn eventually(what: &str, fits: impl Fn() -> bool) {
        for _ in 0..3000 {
            if fits() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain: {what}");
    }

    fn lives(pid: u32) -> bool {
        // SAFETY: signal 0 asks only whether the process is there.
        unsafe { libc::kill(pid.cast_signed(), 0) == 0 }
    }

    #[tokio::test]
    async fn a_connection_starts_a_process_and_the_next_one_after_its_end_another() {
        let root = tempfile::tempdir().unwrap();
        let compiler = Compiler::listen(&answering(root.path()), root.path()).unwrap();
        assert_eq!(compiler.pid(), None);
        let client = CompilerClient::new(compiler.socket());
        let Some(CompilerIs::Status(first)) = status(&client).await else { panic!("no status") };
        assert_eq!(compiler.pid(), Some(first.pid));
        let directory = compiler.shared.directory.path().to_owned();
        assert_eq!(first.rustc, format!("compiler --directory {}", directory.display()));
        compiler.kill(first.pid + 1, "another is not meant");
        assert!(lives(first.pid));
        compiler.kill(first.pid, "a test");
        eventually("its end", || compiler.pid().is_none()).await;
        assert_ne!(pid(&client).await, first.pid);
        let second = compiler.pid().unwrap();
        compiler.close().await;
        assert!(!lives(second));
        drop(compiler);
        eventually("the directory's end", || !directory.exists()).await;
    }

    #[tokio::test]
    async fn what_it_has_started_ends_with_it() {
        let root = tempfile::tempdir().unwrap();
        let script = format!("sleep 600 & echo $! > {}/child; setsid sleep 600 & wait", root.path().display());
        let compiler = Compiler::listen(&fake(root.path(), &script), root.path()).unwrap();
        let _connection = std::os::unix::net::UnixStream::connect(compiler.socket()).unwrap();
        let children = || compiler.pid().map(crate::process_table::descendants).unwrap_or_default();
        eventually("both children", || children().len() == 2).await;
        let started = children();
        compiler.close().await;
        eventually("the end of all", || started.iter().all(|pid| !lives(*pid))).await;
    }

    #[tokio::test]
    async fn one_that_ends_at_once_is_not_tried_for_ever_and_the_reason_is_told() {
        let root = tempfile::tempdir().unwrap();
        let script = format!("echo started >> {}/starts; echo no room left >&2; exit 3", root.path().display());
        let compiler = Compiler::listen(&fake(root.path(), &script), root.path()).unwrap();
        let client = CompilerClient::new(compiler.socket());
        let answer = status(&client).await;
        let Some(CompilerIs::Failed(problem)) = answer else { panic!("{answer:?}") };
        for part in ["exit code 3, 3 times in a row", "no room left", "`candlewick doctor`"] {
            assert!(problem.message.contains(part), "{part}: {}", problem.message);
        }
        let starts = std::fs::read_to_string(root.path().join("starts")).unwrap();
        assert_eq!(starts.lines().count(), 3);
    }

    #[tokio::test]
    async fn one_that_cannot_be_started_is_told() {
        let root = tempfile::tempdir().unwrap();
        let compiler = Compiler::listen(&root.path().join("absent"), root.path()).unwrap();
        let answer = status(&CompilerClient::new(compiler.socket())).await;
        let Some(CompilerIs::Failed(problem)) = answer else { panic!("{answer:?}") };
        assert!(problem.message.contains("could not be started") && problem.message.contains("absent"), "{problem:?}");
    }

    #[test]
    fn failures_count_in_a_row_only() {
        let mut failures = Failures::default();
        let mut note = |raw: i32, seconds: u64| {
            let status = std::os::unix::process::ExitStatusExt::from_raw(raw);
            failures.note(&Death { status: Some(status), ..Death::default() }, Duration::from_secs(seconds), "");
            failures.refusal().is_some()
        };
        assert_eq!([note(256, 1), note(256, 1), note(256, 60), note(256, 1), note(256, 1)], [false; 5]);
        assert_eq!([note(256, 1), note(256, 1), note(0, 1), note(256, 1)], [true, true, false, false]);
    }
}
