//! The clients connected to one socket: a queue for each, and who is dropped when.
//!
//! Owns connections and their loops. Must not know addresses or messages. Read [`Peers`] first.
//!
//! Every client has its own queue, so that one that stops reading delays nobody. It is dropped when it has taken
//! nothing for [`STALLED`] although something waits, or for [`STALLED_AND_FULL`] when [`QUEUE`] bytes wait. A client
//! that is slow but reads slows the publisher down instead.

use crate::transport::{Incoming, Sender, SocketKind};
use crate::zmtp::{self, Received};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::io::{Error, ErrorKind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// A client that takes nothing for this long, although something waits, is dropped.
pub(crate) const STALLED: Duration = Duration::from_secs(10);
/// The same when its queue is full: for at most this long it may hold up the publisher.
pub(crate) const STALLED_AND_FULL: Duration = Duration::from_secs(1);
/// Bytes that may wait for one client.
pub(crate) const QUEUE: usize = 32 << 20;
/// A client that goes on asking without reading the answers is dropped when this many bytes wait for it.
const UNREAD: usize = 512 << 20;
/// A client has this long for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A client has no more subscriptions than this; clients of Jupyter have one.
const MOST_TOPICS: usize = 1024;
/// Small messages are written together up to this size.
const BATCH: usize = 64 << 10;

/// The connected clients: the sending side of a socket.
#[derive(Clone)]
pub struct Peers(Arc<Shared>);

struct Shared {
    kind: SocketKind,
    peers: Mutex<HashMap<Bytes, Peer>>,
    connected: AtomicU64,
    /// Rung whenever bytes were written or a client came or left.
    progress: Notify,
    started: Instant,
}

struct Peer {
    number: u64,
    queue: mpsc::UnboundedSender<Bytes>,
    load: Arc<Load>,
    topics: Vec<Bytes>,
    connection: AbortHandle,
}

/// How much waits for a client, and when it last took something, in milliseconds since the socket's start.
struct Load {
    waiting: AtomicUsize,
    progress: AtomicU64,
}

impl Peers {
    pub(crate) fn new(kind: SocketKind) -> Self {
        Self(Arc::new(Shared {
            kind,
            peers: Mutex::default(),
            connected: AtomicU64::new(0),
            progress: Notify::new(),
            started: Instant::now(),
        }))
    }

    pub(crate) fn kind(&self) -> SocketKind {
        self.0.kind
    }

    /// Takes a subscription or its end, as an XPUB receives it.
    pub(crate) fn subscribe(&self, incoming: &Incoming) {
        let [frame] = &*incoming.frames else { return };
        let mut peers = self.0.lock();
        let (Some(&wanted), Some(peer)) = (frame.first(), peers.get_mut(&incoming.peer)) else { return };
        let topic = frame.slice(1..);
        match wanted {
            1 if peer.topics.len() < MOST_TOPICS => peer.topics.push(topic),
            0 => drop(peer.topics.iter().position(|known| *known == topic).map(|at| peer.topics.swap_remove(at))),
            _ => {}
        }
    }

    /// Closes every connection.
    pub(crate) fn close(&self) {
        self.0.lock().clear();
    }

    /// Greets a new connection and serves it until one side ends it.
    pub(crate) async fn connect<R, W>(self, reader: R, mut writer: W, incoming: mpsc::Sender<Incoming>)
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let mut reader = BufReader::with_capacity(16 << 10, reader);
        let name = self.0.kind.name();
        let hello = timeout(HANDSHAKE, zmtp::handshake(&mut reader, &mut writer, name)).await;
        let Ok(Ok(hello)) = hello else { return };
        if self.0.kind.accepts(&hello.socket_type) {
            self.serve(hello.identity, reader, writer, incoming);
        }
    }

    /// Registers a client and starts its connection; an older one with the same identity is closed.
    fn serve<R, W>(&self, identity: Bytes, reader: R, writer: W, incoming: mpsc::Sender<Incoming>)
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (shared, largest) = (self.0.clone(), self.0.kind.largest());
        let number = shared.connected.fetch_add(1, Ordering::Relaxed);
        let identity = if identity.is_empty() { chosen_identity(number) } else { identity };
        let (queue, messages) = mpsc::unbounded_channel();
        let load = Arc::new(Load { waiting: AtomicUsize::new(0), progress: AtomicU64::new(shared.now()) });
        let mut peers = self.0.lock();
        let (shared_in_task, load_in_task) = (shared.clone(), load.clone());
        let (pongs, peer_id) = (queue.clone(), identity.clone());
        let connection = tokio::spawn(async move {
            let _ = tokio::select! {
                ended = read(reader, largest, &peer_id, &load_in_task, &pongs, incoming) => ended,
                ended = write(writer, messages, &shared_in_task, &load_in_task) => ended,
            };
            shared_in_task.leave(&peer_id, number);
        });
        let connection = connection.abort_handle();
        let known = peers.insert(identity, Peer { number, queue, load, topics: Vec::new(), connection });
        drop((peers, known));
        shared.progress.notify_waiters();
    }
}

impl Sender for Peers {
    fn send(&self, peer: &Bytes, frames: &[Bytes]) {
        let mut peers = self.0.lock();
        let Some(known) = peers.get(peer) else { return };
        known.push(zmtp::encode(frames), self.0.now());
        if known.load.waiting.load(Ordering::Acquire) > UNREAD {
            peers.remove(peer);
        }
    }

    async fn publish(&self, frames: &[Bytes]) {
        self.0.push_to_subscribers(frames);
        while self.0.is_full() {
            self.0.wait_while(Shared::is_full, STALLED_AND_FULL / 4).await;
            self.0.drop_full_and_stalled();
        }
    }

    async fn flush(&self, limit: Duration) -> bool {
        self.0.wait_while(Shared::is_waiting, limit).await
    }

    async fn until_connected(&self, peer: &Bytes, wanted: bool) {
        self.0.until(|shared| shared.lock().contains_key(peer) == wanted).await;
    }
}

impl Shared {
    fn push_to_subscribers(&self, frames: &[Bytes]) {
        let (message, now) = (zmtp::encode(frames), self.now());
        let topic = frames.first().cloned().unwrap_or_default();
        for peer in self.lock().values().filter(|peer| peer.wants(&topic)) {
            peer.push(message.clone(), now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Peer>> {
        // A panic while it was held can't leave the map half changed.
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_full(&self) -> bool {
        self.lock().values().any(|peer| peer.load.waiting.load(Ordering::Acquire) > QUEUE)
    }

    fn is_waiting(&self) -> bool {
        self.lock().values().any(|peer| peer.load.waiting.load(Ordering::Acquire) > 0)
    }

    /// Waits until `condition` no longer holds, at most for `limit`. Returns whether that was reached.
    async fn wait_while(&self, condition: fn(&Self) -> bool, limit: Duration) -> bool {
        timeout(limit, self.until(|shared| !condition(shared))).await.is_ok()
    }

    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let mut rung = pin!(self.progress.notified());
            // Registered before the check, so that no ring is missed between the two.
            rung.as_mut().enable();
            if condition(self) {
                return;
            }
            rung.await;
        }
    }

    fn drop_full_and_stalled(&self) {
        let now = self.now();
        let limit = STALLED_AND_FULL.as_millis() as u64;
        self.lock().retain(|_, peer| {
            let stalled = now.saturating_sub(peer.load.progress.load(Ordering::Acquire)) > limit;
            !(stalled && peer.load.waiting.load(Ordering::Acquire) > QUEUE)
        });
    }

    fn leave(&self, peer: &Bytes, number: u64) {
        let mut peers = self.lock();
        if peers.get(peer).is_some_and(|known| known.number == number) {
            peers.remove(peer);
        }
        drop(peers);
        self.progress.notify_waiters();
    }
}

impl Peer {
    fn push(&self, message: Bytes, now: u64) {
        let length = message.len();
        if self.load.waiting.fetch_add(length, Ordering::AcqRel) == 0 {
            self.load.progress.store(now, Ordering::Release);
        }
        let _ = self.queue.send(message);
    }

    fn wants(&self, topic: &Bytes) -> bool {
        self.topics.iter().any(|wanted| topic.starts_with(wanted))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl SocketKind {
    /// The name in the handshake.
    fn name(self) -> &'static str {
        match self {
            Self::Router => "ROUTER",
            Self::Publisher => "XPUB",
        }
    }

    /// Bytes of one message from a client.
    fn largest(self) -> usize {
        match self {
            Self::Router => zmtp::LARGEST_REQUEST,
            Self::Publisher => zmtp::LARGEST_NOTE,
        }
    }

    fn accepts(self, socket_type: &[u8]) -> bool {
        match self {
            Self::Router => matches!(socket_type, b"DEALER" | b"REQ" | b"ROUTER"),
            Self::Publisher => matches!(socket_type, b"SUB" | b"XSUB"),
        }
    }
}

/// An identity for a client that asked for none: five bytes that start with 0, as clients may not choose.
fn chosen_identity(number: u64) -> Bytes {
    let mut identity = BytesMut::zeroed(1);
    identity.extend_from_slice(&number.to_be_bytes()[4..]);
    identity.freeze()
}

async fn read<R: AsyncRead + Unpin>(
    mut reader: R,
    largest: usize,
    peer: &Bytes,
    load: &Load,
    pongs: &mpsc::UnboundedSender<Bytes>,
    incoming: mpsc::Sender<Incoming>,
) -> Result<(), Error> {
    loop {
        match zmtp::read_message(&mut reader, largest).await? {
            Received::Message(frames) => {
                let message = Incoming { peer: peer.clone(), frames };
                incoming.send(message).await.map_err(|_| ErrorKind::BrokenPipe)?;
            }
            Received::Ping(pong) => {
                load.waiting.fetch_add(pong.len(), Ordering::AcqRel);
                let _ = pongs.send(pong);
            }
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut messages: mpsc::UnboundedReceiver<Bytes>,
    shared: &Shared,
    load: &Load,
) -> Result<(), Error> {
    while let Some(first) = messages.recv().await {
        let mut batch = gather(first, &mut messages);
        while !batch.is_empty() {
            let written = timeout(STALLED, writer.write(&batch)).await.map_err(|_| ErrorKind::TimedOut)??;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            batch = batch.slice(written..);
            load.progress.store(shared.now(), Ordering::Release);
            load.waiting.fetch_sub(written, Ordering::AcqRel);
            shared.progress.notify_waiters();
        }
    }
    Ok(())
}

/// Puts small messages that wait together, for fewer writes.
fn gather(first: Bytes, messages: &mut mpsc::UnboundedReceiver<Bytes>) -> Bytes {
    if first.len() >= BATCH || messages.is_empty() {
        return first;
    }
    let mut batch = BytesMut::from(first);
    while batch.len() < BATCH
        && let Ok(next) = messages.try_recv()
    {
        batch.extend_from_slice(&next);
    }
    batch.freeze()
}
