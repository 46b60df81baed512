//! The connection to the compiler process, and the conversation while it serves a request.
//!
//! Connecting starts the compiler, if none runs. Must not know what is done with a build. Read [`Client`] first.

use crate::Host;
use crate::commands::Call;
use candlewick_engine::interrupt;
use candlewick_link::{
    Build, COMPILER_VARIABLE, CompilerIs, CompilerRequest, CompilerStatus, FrameBuffer, FrameWriter, FromCompiler,
    LinkError, Problem, Ran, ToCompiler,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks at whether the user interrupts.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How long the compiler may take to answer that it has stopped. Below the time after which the user is told that an
/// interrupt is not heard.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why the compiler did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// This worker was told of none.
    #[error(
        "this kernel has no compiler for Rust cells: the environment variable {COMPILER_VARIABLE}, which the kernel \
         process sets for its worker, is missing; restart the kernel"
    )]
    None,
    /// Nobody listens.
    #[error("the compiler process cannot be reached at {path}: {error}; restart the kernel")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It has ended.
    #[error("the compiler process ended")]
    Ended,
    /// It does not answer that it has stopped.
    #[error("the compiler process has not stopped within {} s of the interrupt and is left alone", PATIENCE.as_secs())]
    Unheard,
    /// It cannot be started, or does not do it.
    #[error("{}", .0.message)]
    Refused(Box<Problem>),
    /// It says what nobody has asked for.
    #[error("the compiler process answered something else than was asked: {0}")]
    Odd(String),
}

impl ClientError {
    /// It as the error of a command or cell.
    pub fn problem(&self, host: &Host, call: &Call) -> Problem {
        match self {
            Self::Refused(problem) => (**problem).clone(),
            other => call.problem(host, "RustError", other.to_string()),
        }
    }
}

/// What whoever asks does while the compiler works.
pub trait Attendant {
    /// Loads a build and runs it.
    fn run(&mut self, build: &Build) -> Ran;

    /// Shows what takes long.
    fn progress(&mut self, text: &str);
}

/// One connection. It is dropped after any error: the next one finds the compiler, or a new one.
pub struct Client {
    stream: UnixStream,
    writer: FrameWriter<UnixStream, ToCompiler>,
    frames: FrameBuffer,
    asked: u64,
    /// What there was when the connection was made.
    pub greeting: CompilerStatus,
}

impl Client {
    /// Connects to the compiler that this process was told of, and says whose cells it will run.
    ///
    /// # Errors
    /// There is none, or it ends before it answers.
    pub fn connect() -> Result<Self, ClientError> {
        Self::connect_to(&socket()?)
    }

    fn connect_to(path: &Path) -> Result<Self, ClientError> {
        let unreachable = |error| ClientError::Unreachable { path: path.to_owned(), error };
        let stream = UnixStream::connect(path).map_err(unreachable)?;
        let writer = FrameWriter::new(stream.try_clone().map_err(unreachable)?);
        let (frames, greeting) = (FrameBuffer::default(), CompilerStatus::default());
        let mut client = Self { stream, writer, frames, asked: 0, greeting };
        client.greeting = client.status_of(CompilerRequest::Hello { worker: std::process::id() }, &mut Nobody)?;
        Ok(client)
    }

    /// Asks, and serves what the compiler wants meanwhile. An interrupt cancels what it compiles.
    ///
    /// # Errors
    /// The connection is of no more use then.
    pub fn ask(&mut self, request: CompilerRequest, by: &mut dyn Attendant) -> Result<CompilerIs, ClientError> {
        self.asked += 1;
        let id = self.asked;
        self.send(&ToCompiler::Request { id, request })?;
        let mut cancelled = None;
        loop {
            match self.receive(&mut cancelled)? {
                FromCompiler::Run(build) => {
                    // The compiler had built it when it was told to stop: it is not begun.
                    let ran = if cancelled.take().is_some() { not_begun() } else { by.run(&build) };
                    // An interrupt that the cell was asked to stop by has been heard.
                    interrupt::clear();
                    self.send(&ToCompiler::Ran(ran))?;
                }
                FromCompiler::Progress { text } => by.progress(&text),
                FromCompiler::Reply { id: own, is } if own == id => return Ok(is),
                // The answer to something that nobody waits for any more.
                FromCompiler::Reply { .. } => {}
            }
        }
    }

    /// Asks for what is answered by a status.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn status_of(
        &mut self,
        request: CompilerRequest,
        by: &mut dyn Attendant,
    ) -> Result<CompilerStatus, ClientError> {
        match self.ask(request, by)? {
            CompilerIs::Status(status) => Ok(status),
            CompilerIs::Failed(problem) => Err(ClientError::Refused(Box::new(problem))),
            other => Err(ClientError::Odd(format!("{other:?}"))),
        }
    }

    /// Whether the other side has closed, as far as can be seen without waiting.
    pub fn has_ended(&self) -> bool {
        let mut ends = [PollFd::new(&self.stream, CLOSED)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut ends, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    fn send(&mut self, message: &ToCompiler) -> Result<(), ClientError> {
        self.writer.send(message).map_err(|error| ended(&error))
    }

    /// The next message. `cancelled` is when the compiler was told to stop.
    fn receive(&mut self, cancelled: &mut Option<Instant>) -> Result<FromCompiler, ClientError> {
        loop {
            if let Some(frame) = self.frames.next_frame().map_err(|error| ended(&error))? {
                return serde_json::from_slice(frame).map_err(|error| ClientError::Odd(error.to_string()));
            }
            if interrupt::requested() && cancelled.is_none() {
                *cancelled = Some(Instant::now());
                self.send(&ToCompiler::Cancel)?;
            }
            if cancelled.is_some_and(|at| at.elapsed() > PATIENCE) {
                return Err(ClientError::Unheard);
            }
            let mut ends = [PollFd::new(&self.stream, PollFlags::IN)];
            if poll(&mut ends, Some(&LOOK)).is_ok_and(|ready| ready > 0) {
                self.read()?;
            }
        }
    }

    fn read(&mut self) -> Result<(), ClientError> {
        let mut bytes = [0; 16 << 10];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ClientError::Ended),
            Ok(count) => {
                self.frames.push(&bytes[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(_) => Err(ClientError::Ended),
        }
    }
}

/// What tells that the other side has closed.
#[cfg(target_os = "linux")]
const CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const CLOSED: PollFlags = PollFlags::HUP;

fn not_begun() -> Ran {
    let message = "the cell was interrupted before it ran".to_owned();
    let traceback = vec![format!("Interrupted: {message}")];
    Ran { notes: Vec::new(), problem: Some(Problem { name: "Interrupted".to_owned(), message, traceback }) }
}

/// The directory of the session's compiler.
///
/// # Errors
/// This worker was told of none.
pub fn directory() -> Result<PathBuf, ClientError> {
    socket()?.parent().map(Path::to_owned).ok_or(ClientError::None)
}

/// One that runs nothing: what is asked needs none.
pub struct Nobody;

impl Attendant for Nobody {
    fn run(&mut self, _: &Build) -> Ran {
        Ran::default()
    }

    fn progress(&mut self, _: &str) {}
}

fn socket() -> Result<PathBuf, ClientError> {
    std::env::var_os(COMPILER_VARIABLE).map(PathBuf::from).ok_or(ClientError::None)
}

fn ended(error: &LinkError) -> ClientError {
    match error {
        LinkError::Io(_) => ClientError::Ended,
        other => ClientError::Odd(other.to_string()),
    }
}
