//! The worker process: its descriptors and threads.
//!
//! Descriptor 0 is the link to the kernel process, 1 and 2 are the write ends of pipes whose read ends are 3 and 4;
//! the kernel process keeps those read ends too, and reads them when the worker has died, as it does the memory behind
//! descriptor 5 ([`BlackBox`]). Read [`main`] first.

use crate::capture::{self, Pipes};
use crate::{Host, Inbox, Outbox};
use candlewick_engine::interrupt;
use candlewick_link::{
    BLACK_BOX_FD, BlackBox, Command, FrameReader, FrameWriter, FromWorker, Request, StreamName, ToWorker,
};
use candlewick_plugin_manager::PluginManager;
use rustix::fs::{FileType, fstat};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// candle's backward pass recurses once per operation of the graph, so the engine thread gets a deep stack.
const ENGINE_STACK: usize = 256 << 20;
/// How long the engine thread may take to end once the link has closed.
const GRACE: Duration = Duration::from_secs(3);

/// Registers the plugins that every session begins with; the facade knows them, the worker does not.
pub type Install = fn(&mut PluginManager);

/// Runs the worker until its link closes or it is told to end; the exit status.
pub fn main(install: Install) -> i32 {
    match set_up() {
        Ok((link, pipes)) => match serve_with(link, Some(pipes), inherited_black_box(), install) {
            Ok(()) => 0,
            Err(_) => 1,
        },
        Err(_) => 2,
    }
}

/// Serves a link: reads it on one thread, runs everything on an engine thread, carries output on a third.
///
/// # Errors
/// A thread could not be started, or the engine thread panicked.
pub fn serve(link: UnixStream, pipes: Option<Pipes>, install: Install) -> io::Result<()> {
    serve_with(link, pipes, None, install)
}

fn serve_with(link: UnixStream, pipes: Option<Pipes>, black_box: Option<BlackBox>, install: Install) -> io::Result<()> {
    let outbox = Outbox::with_pipes(FrameWriter::new(link.try_clone()?), pipes);
    let carrier = outbox.clone();
    let thread = |name: &str| std::thread::Builder::new().name(name.into());
    thread("capture").spawn(move || carrier.carry())?;
    let (sender, requests) = channel();
    let (ended, end) = channel();
    let waiting = Arc::new(Waiting::default());
    let seen = waiting.clone();
    let inbox = Inbox::default();
    let equipment = Equipment { outbox, inbox: inbox.clone(), black_box };
    let engine = thread("engine").stack_size(ENGINE_STACK).spawn(move || {
        run(equipment, &requests, &seen, install);
        // The reader may be gone already.
        let _ = ended.send(());
    })?;
    thread("link").spawn(move || read(link, &inbox, sender, &waiting, &end))?;
    engine.join().map_err(|_| io::Error::other("the engine thread panicked"))
}

/// Moves the link off descriptor 0 and takes or makes the pipes.
fn set_up() -> io::Result<(UnixStream, Pipes)> {
    let link = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    // An interrupt arrives as a message; the terminal's own signal goes to every process of the group.
    // SAFETY: setting a signal to be ignored runs no handler.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    let pipes = match (inherited_pipe(3), inherited_pipe(4)) {
        (Some(out), Some(err)) => Pipes::new(out, err)?,
        _ => Pipes::new(capture::pipe_behind(1)?, capture::pipe_behind(2)?)?,
    };
    capture::keep_standard()?;
    Ok((UnixStream::from(link), pipes))
}

fn inherited_pipe(descriptor: i32) -> Option<OwnedFd> {
    inherited(descriptor, FileType::Fifo)
}

fn inherited(descriptor: i32, kind: FileType) -> Option<OwnedFd> {
    // SAFETY: only asks; whether the descriptor is open is what is asked.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    let is_ours = fstat(borrowed).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == kind);
    // SAFETY: by the contract of the process, descriptors 3 to 5 are ours when they are what they should be; nothing else
    // holds them.
    is_ours.then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// None where the kernel process gave none: a death is then told without the plugin's name.
fn inherited_black_box() -> Option<BlackBox> {
    let memory = inherited(BLACK_BOX_FD, FileType::RegularFile)?;
    BlackBox::open(&memory).ok()
}

/// How many requests are under way: an interrupt is for them, and must not hit what comes later.
#[derive(Default)]
struct Waiting(Mutex<Requests>);

#[derive(Default)]
struct Requests {
    count: usize,
    /// Nobody waits for answers any more: what runs is to end, and what has not begun is not begun.
    closed: bool,
}

impl Waiting {
    fn begin(&self) {
        self.requests().count += 1;
    }

    fn done(&self) {
        let mut requests = self.requests();
        requests.count -= 1;
        interrupt::clear();
    }

    fn interrupt(&self) {
        if self.requests().count > 0 {
            interrupt::request();
        }
    }

    fn close(&self) {
        let mut requests = self.requests();
        requests.closed = true;
        if requests.count > 0 {
            interrupt::request();
        }
    }

    fn is_closed(&self) -> bool {
        self.requests().closed
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the engine thread has of the process.
struct Equipment {
    outbox: Outbox,
    inbox: Inbox,
    black_box: Option<BlackBox>,
}

/// The engine thread: one host, one request after the other.
fn run(equipment: Equipment, requests: &Receiver<(u64, Request)>, waiting: &Waiting, install: Install) {
    let Equipment { outbox, inbox, black_box } = equipment;
    let mut host = Host::with_inbox(outbox.clone(), inbox);
    install(&mut host.session().plugins.borrow_mut());
    host.register_built_in();
    host.observe_plugins(black_box);
    outbox.send(FromWorker::Ready { version: env!("CARGO_PKG_VERSION").to_owned() });
    crate::configuration::rust::begin();
    while let Ok((id, request)) = requests.recv() {
        if waiting.is_closed() {
            break;
        }
        if let Some(black_box) = &black_box {
            black_box.begin(id);
        }
        let answer = host.answer(id, request);
        // Before the answer goes out: whatever is asked after it has been read is about what comes next.
        waiting.done();
        outbox.send(answer);
    }
    interrupt::clear();
    for error in host.session().plugins.borrow_mut().clean_up() {
        outbox.print(StreamName::Stderr, &format!("{error}\n"));
    }
    outbox.flush();
    drop(host);
    // A session that ended as it should needs its own checkpoints no more; one that was killed leaves them.
    drop(std::fs::remove_dir_all(crate::session::checkpoint_root()));
}

/// The link thread: commands act at once, requests queue for the engine thread.
fn read(link: UnixStream, inbox: &Inbox, requests: Sender<(u64, Request)>, waiting: &Waiting, end: &Receiver<()>) {
    let mut reader = FrameReader::new(link);
    while let Ok(Some(message)) = reader.receive() {
        match message {
            ToWorker::Request { id, request } => {
                waiting.begin();
                if requests.send((id, request)).is_err() {
                    break;
                }
            }
            ToWorker::Command(Command::Interrupt) => {
                waiting.interrupt();
                inbox.ring();
            }
            ToWorker::Input { id, answer } => inbox.put_answer(id, answer),
            ToWorker::Comm(comm) => inbox.put_comm(comm),
            ToWorker::Command(Command::Shutdown) => break,
        }
    }
    drop(requests);
    waiting.close();
    inbox.ring();
    if end.recv_timeout(GRACE).is_err() {
        // Native code that does not ask for interrupts holds the engine thread.
        std::process::exit(1);
    }
}
