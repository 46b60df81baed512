//! The compiler process: its sockets and threads.
//!
//! Owns what is started in which order. Must not know how a cell is compiled. Read [`main`] first.

use crate::analysis_thread::AnalysisThread;
use crate::clients::Client;
use crate::directory::Directory;
use crate::evaluation::Evaluation;
use crate::service::{Job, Service, Work};
use crate::toolchain::Tools;
use crate::{CompilerError, cell, environment, problem, progress, watchdog};
use candlewick_link::{CompilerIs, CompilerRequest, CompilerStatus, Evaluated, FrameReader, ToCompiler};
use candlewick_packages::library::RUSTC;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the listening socket is found.
const LISTENER: RawFd = 3;
/// How long nobody is accepted when the system has refused it.
const PAUSE: Duration = Duration::from_millis(50);

/// How many bytes the process and those it has started may take after a cell before it makes way for a new one.
pub const MEMORY: u64 = 2 << 30;

/// Serves everybody who connects to the socket at descriptor 3, until the process that started this one ends or there is a
/// reason to start anew; the exit code.
pub fn main(directory: &Path, memory: u64) -> i32 {
    match serve(directory, memory) {
        Ok(code) => code,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "candlewick compiler: {error}"));
            1
        }
    }
}

fn serve(directory: &Path, memory: u64) -> Result<i32, CompilerError> {
    let listener = inherited()?;
    let notebook = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let directory = Directory::prepare(directory)?;
    let tools = Tools::find();
    if let Ok(tools) = &tools {
        // SAFETY: no thread has been started yet.
        unsafe { environment::establish(&directory, tools) };
    }
    drop(std::env::set_current_dir(directory.join("configuration")));
    let service = Arc::new(Service::new(directory.clone()));
    service.update(|status| (status.pid, status.rustc) = (std::process::id(), RUSTC.to_owned()));
    service.set_low_priority(true);
    let sources = tools.as_ref().ok().and_then(Tools::standard_library);
    let analysis = Arc::new(AnalysisThread::start(Arc::clone(&service), sources.as_deref())?);
    listen(&service, listener, &analysis)?;
    let evaluation = tools.and_then(|tools| {
        begin(&service).map_err(|error| error.to_string())?;
        Evaluation::start(Arc::clone(&service), analysis, tools, notebook, memory)
    });
    match evaluation {
        Ok(evaluation) => Ok(evaluation.serve()),
        Err(reason) => Ok(refuse(&service, &reason)),
    }
}

/// The threads that evcxr needs.
fn begin(service: &Arc<Service>) -> Result<(), CompilerError> {
    let teller = Arc::clone(service);
    progress::listen(&service.directory.progress(), move |line| teller.tell(line))?;
    let path = service.directory.relay_socket();
    // One of an earlier process is of no use.
    drop(std::fs::remove_file(&path));
    let relays = UnixListener::bind(&path).map_err(|error| CompilerError::socket("for its relay", &error))?;
    let service = Arc::clone(service);
    thread("relay", move || service.conversation.serve(&relays, &service.directory))
}

/// Answers everything with why nothing can be compiled, and ends after the first cell: the next process looks again.
fn refuse(service: &Service, reason: &str) -> i32 {
    service.update(|status| status.refused = Some(reason.to_owned()));
    loop {
        let job = service.begin();
        let answer = match job.work {
            Work::Evaluate(_) => {
                let problem = Some(problem("ToolchainError", &reason));
                service.finish_last(CompilerIs::Evaluated(Evaluated { problem, ..Evaluated::default() }));
                return 0;
            }
            Work::Hello { .. } | Work::Warm => CompilerIs::Status(service.status()),
            Work::Clear => CompilerIs::Failed(problem("ToolchainError", &reason)),
        };
        service.finish(answer);
    }
}

/// The threads that hear clients.
fn listen(service: &Arc<Service>, listener: UnixListener, analysis: &Arc<AnalysisThread>) -> Result<(), CompilerError> {
    let watched = Arc::clone(service);
    thread("watchdog", move || watchdog::watch(&watched))?;
    let (service, analysis) = (Arc::clone(service), Arc::clone(analysis));
    thread("clients", move || {
        for number in 0.. {
            let stream = match accept(&listener, &service) {
                None => return,
                Some(Ok(stream)) => stream,
                // No descriptor is left: one may be soon.
                Some(Err(_)) => {
                    std::thread::sleep(PAUSE);
                    continue;
                }
            };
            let (service, analysis) = (Arc::clone(&service), Arc::clone(&analysis));
            // Without a thread for it the connection closes.
            drop(thread("client", move || hear(&service, &analysis, number, &stream)));
        }
    })
}

/// Reads one client's messages until it goes.
fn hear(service: &Arc<Service>, analysis: &AnalysisThread, number: u64, stream: &UnixStream) {
    let (Ok(reader), Ok(writer)) = (stream.try_clone(), stream.try_clone()) else { return };
    let client = Arc::new(Client::new(number, writer));
    let mut messages = FrameReader::<_, ToCompiler>::new(reader);
    // What cannot be read is not a client of ours.
    while let Ok(Some(message)) = messages.receive() {
        match message {
            ToCompiler::Request { id, request } => obey(service, analysis, &client, id, request),
            ToCompiler::Ran(ran) => client.ran(ran),
            ToCompiler::Cancel => service.cancel(&client),
        }
    }
    service.forget(&client);
}

fn obey(service: &Service, analysis: &AnalysisThread, client: &Arc<Client>, id: u64, request: CompilerRequest) {
    let queue = |work: Work| service.enqueue(Job { client: Arc::clone(client), id, work });
    match request {
        CompilerRequest::Hello { worker } => {
            // Served in its turn, answered at once: a worker that waits for it has a cell to send.
            queue(Work::Hello { worker });
            client.reply(id, CompilerIs::Status(service.status()));
        }
        CompilerRequest::Evaluate(cell) => queue(Work::Evaluate(cell)),
        CompilerRequest::Warm => {
            analysis.warm();
            queue(Work::Warm);
        }
        CompilerRequest::Clear => queue(Work::Clear),
        CompilerRequest::Status => {
            let status = CompilerStatus { analysis: analysis.is_ready(), ..service.status() };
            client.reply(id, CompilerIs::Status(status));
        }
        CompilerRequest::Complete { code, cursor } => analysis.complete(client, id, code, cursor),
        CompilerRequest::Inspect { code, cursor, detail } => analysis.inspect(client, id, code, cursor, detail),
        CompilerRequest::IsComplete { code } => {
            let (status, indent) = cell::is_complete(&code);
            client.reply(id, CompilerIs::Completeness { status: status.to_owned(), indent });
        }
    }
}

/// The next connection; none when this process ends. The socket is shared with the kernel process, which may have made it
/// one that does not wait.
fn accept(listener: &UnixListener, service: &Service) -> Option<std::io::Result<UnixStream>> {
    let mut ready = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    if unsafe { libc::poll(&raw mut ready, 1, -1) } < 1 {
        return Some(Err(std::io::Error::last_os_error()));
    }
    let accepted = service.admit(|| listener.accept())?;
    Some(accepted.and_then(|(stream, _)| stream.set_nonblocking(false).map(|()| stream)))
}

fn inherited() -> Result<UnixListener, CompilerError> {
    // SAFETY: a system call without pointers. What this process starts must not hold the socket.
    if unsafe { libc::fcntl(LISTENER, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        let error = std::io::Error::last_os_error();
        return Err(CompilerError::socket("must be at descriptor 3 (the kernel starts this process)", &error));
    }
    // SAFETY: the descriptor is open, and nobody else in this process has it.
    Ok(unsafe { UnixListener::from_raw_fd(LISTENER) })
}

fn thread(name: &str, act: impl FnOnce() + Send + 'static) -> Result<(), CompilerError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(act);
    started.map(drop).map_err(|error| CompilerError::Start(format!("no thread for its {name}: {error}")))
}
