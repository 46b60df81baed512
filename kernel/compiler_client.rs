//! This process as a client of the compiler: questions about Rust cells that must not wait for the worker.
//!
//! Owns the connection and which answer belongs to which question. Must not know when a compiler process is started: a
//! connection does that. Read [`CompilerClient::ask`] first.

use crate::link_reader::LinkReader;
use crate::link_writer::LinkWriter;
use candlewick_link::{CompilerIs, CompilerRequest, FrameWriter, FromCompiler, ToCompiler};
use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Asks the compiler; connected from the first question on, and anew after its end.
pub struct CompilerClient {
    socket: PathBuf,
    connection: Mutex<Option<Connection>>,
}

/// Who waits for which answer; none once the connection has ended.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<CompilerIs>>>>>;

struct Connection {
    writer: FrameWriter<LinkWriter, ToCompiler>,
    waiting: Waiting,
    next_id: u64,
}

impl CompilerClient {
    /// A client of the compiler at this socket; connects to nothing yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, connection: Mutex::default() }
    }

    /// Asks, and waits for so long at most; none when nothing was answered. A new compiler is asked to warm up first. A compiler that ends meanwhile is asked once
    /// more as another one. Must be called on a runtime.
    pub async fn ask(&self, request: CompilerRequest, limit: Duration) -> Option<CompilerIs> {
        timeout(limit, self.answer(request)).await.ok()?
    }

    async fn answer(&self, request: CompilerRequest) -> Option<CompilerIs> {
        // While compilers end at once, the kernel's own refusal comes in the end.
        for _ in 0..10 {
            if let Ok(answer) = self.send(request.clone()).ok()?.await {
                return Some(answer);
            }
        }
        None
    }

    fn send(&self, request: CompilerRequest) -> io::Result<oneshot::Receiver<CompilerIs>> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.as_ref().is_none_or(Connection::has_ended) {
            let mut opened = Connection::open(UnixStream::connect(&self.socket)?)?;
            // A question is a sign of Rust: whoever asks it may soon run a cell. Nobody waits for this.
            drop(opened.send(CompilerRequest::Warm));
            *connection = Some(opened);
        }
        match connection.as_mut().map(|connection| connection.send(request)) {
            Some(sent) => Ok(sent),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Connection {
    fn open(stream: UnixStream) -> io::Result<Self> {
        let reader = LinkReader::new(stream.try_clone()?)?;
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        tokio::spawn(receive(reader, waiting.clone()));
        Ok(Self { writer: FrameWriter::new(LinkWriter::new(stream)), waiting, next_id: 0 })
    }

    fn has_ended(&self) -> bool {
        locked(&self.waiting).is_none()
    }

    /// The receiver fails when the connection ends without an answer.
    fn send(&mut self, request: CompilerRequest) -> oneshot::Receiver<CompilerIs> {
        self.next_id += 1;
        let (sender, receiver) = oneshot::channel();
        if let Some(waiting) = locked(&self.waiting).as_mut() {
            // Those who asked and went.
            waiting.retain(|_, sender| !sender.is_closed());
            waiting.insert(self.next_id, sender);
        }
        if self.writer.send(&ToCompiler::Request { id: self.next_id, request }).is_err() {
            *locked(&self.waiting) = None;
        }
        receiver
    }
}

/// Hands answers to those who asked, until the other side closes.
async fn receive(mut reader: LinkReader<FromCompiler>, waiting: Waiting) {
    while let Ok(Some(message)) = reader.receive().await {
        // Nothing is run for this client, and nobody looks at its progress.
        let FromCompiler::Reply { id, is } = message else { continue };
        let asker = locked(&waiting).as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(asker) = asker {
            // It may have gone meanwhile.
            let _ = asker.send(is);
        }
    }
    *locked(&waiting) = None;
}

fn locked(waiting: &Waiting) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<CompilerIs>>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
