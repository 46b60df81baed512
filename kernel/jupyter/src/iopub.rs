//! The actor that publishes: everything that goes out on IOPub passes through it, in order.
//!
//! Owns the queue of outputs, when merged text is sent, and the welcome of new subscribers. Must not know requests.
//! Read [`IoPub`] first. A message that can't be merged goes out at once, after what waits; text and updates of
//! displays wait at most [`MERGED_FOR`]. A producer that is faster than the clients, or than [`Pace`], is slowed down,
//! never cut. Instead of a message that is larger than [`LARGEST`] a notice on stderr goes out.

use crate::StreamName;
use crate::message::Draft;
use crate::pace::Pace;
use crate::pending::{Pending, TEXT};
use crate::session::Session;
use crate::size::{LARGEST, too_large, weight};
use crate::transport::{Incoming, Sender, Socket};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// Text and updates of displays are sent after this time at the latest.
pub(crate) const MERGED_FOR: Duration = Duration::from_millis(30);
/// Bytes that producers may be ahead of the actor.
const AHEAD: usize = 4 << 20;
/// Messages of less than this are not counted among those bytes.
const SMALL: usize = 4 << 10;
/// Messages that producers may be ahead of the actor.
const MESSAGES_AHEAD: usize = 4096;
/// How long leaving clients may take to read what is left for them.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a question to the user waits for clients to read what was published before it.
const BEFORE_A_QUESTION: Duration = Duration::from_millis(200);

/// The way to the actor.
#[derive(Clone)]
pub(crate) struct IoPub {
    queue: mpsc::Sender<Command>,
    budget: Arc<Semaphore>,
    pace: Arc<Pace>,
}

/// What a command takes of the bytes that producers may be ahead, until it is handled.
type Budget = Option<OwnedSemaphorePermit>;

enum Command {
    Publish { draft: Draft, _budget: Budget },
    Stream { parent: Bytes, name: StreamName, text: String, _budget: Budget },
    Update { display_id: String, draft: Draft, _budget: Budget },
    Drain { limit: Duration, done: oneshot::Sender<bool> },
}

struct Actor<S: Socket> {
    socket: S,
    clients: S::Sender,
    session: Arc<Session>,
    pending: Pending,
    pace: Arc<Pace>,
    /// When the oldest of what waits must be sent.
    due: Option<Instant>,
}

impl IoPub {
    /// Starts the actor on its socket. It ends when the last handle is gone.
    pub(crate) fn start(socket: impl Socket, session: Arc<Session>) -> Self {
        let (queue, commands) = mpsc::channel(MESSAGES_AHEAD);
        let clients = socket.sender();
        let pace = Arc::new(Pace::new());
        let actor = Actor { socket, clients, session, pending: Pending::default(), pace: pace.clone(), due: None };
        tokio::spawn(actor.run(commands));
        Self { queue, budget: Arc::new(Semaphore::new(AHEAD)), pace }
    }

    /// Publishes a message after everything before it.
    pub(crate) async fn publish(&self, draft: Draft) {
        if Pace::counts(draft.msg_type()) {
            self.pace.wait().await;
            self.pace.count();
        }
        let (draft, budget) = self.weighed(draft).await;
        self.send(Command::Publish { draft, _budget: budget }).await;
    }

    /// Publishes text, merged with what comes right after it; a large text in several messages.
    pub(crate) async fn stream(&self, parent: &Bytes, name: StreamName, text: String) {
        let mut rest = text;
        while rest.len() > TEXT {
            let tail = rest.split_off(rest.floor_char_boundary(TEXT));
            self.stream_piece(parent, name, rest).await;
            rest = tail;
        }
        self.stream_piece(parent, name, rest).await;
    }

    async fn stream_piece(&self, parent: &Bytes, name: StreamName, text: String) {
        self.pace.text(&text).await;
        let budget = self.budget(text.len()).await;
        self.send(Command::Stream { parent: parent.clone(), name, text, _budget: budget }).await;
    }

    /// Publishes an update of a display, or a newer one that comes right after it.
    pub(crate) async fn update(&self, display_id: String, draft: Draft) {
        self.pace.wait().await;
        let (draft, budget) = self.weighed(draft).await;
        self.send(Command::Update { display_id, draft, _budget: budget }).await;
    }

    /// A message and what it takes of the budget; one that is surely too large is exchanged at once, before it takes room.
    async fn weighed(&self, draft: Draft) -> (Draft, Budget) {
        let bytes = weight(&draft.content) + draft.buffers.iter().map(Bytes::len).sum::<usize>();
        if bytes > LARGEST {
            return (notice(&draft.parent, &too_large(draft.msg_type(), bytes)), None);
        }
        (draft, if bytes < SMALL { None } else { self.budget(bytes).await })
    }

    async fn budget(&self, bytes: usize) -> Budget {
        let bytes = u32::try_from(bytes.min(AHEAD)).unwrap_or(u32::MAX);
        self.budget.clone().acquire_many_owned(bytes).await.ok()
    }

    /// Holds text back to what a notebook server passes on.
    pub(crate) fn set_behind_server(&self) {
        self.pace.set_behind_server();
    }

    /// Says that a request is being handled, or no longer.
    pub(crate) async fn status(&self, parent: &Bytes, state: &str) {
        self.publish(Draft::new("status", parent, json!({"execution_state": state}))).await;
        if state == "idle" {
            self.pace.reset();
        }
    }

    /// Sends what waits and waits until clients' sockets have taken it, five seconds at most.
    /// Returns whether they have.
    pub(crate) async fn drain(&self) -> bool {
        self.drain_for(DRAIN).await
    }

    /// Sends what waits, so that it is there before a question to the user; a client that does not read delays the
    /// question only for a moment.
    pub(crate) async fn go_out(&self) {
        self.drain_for(BEFORE_A_QUESTION).await;
    }

    async fn drain_for(&self, limit: Duration) -> bool {
        let (done, drained) = oneshot::channel();
        self.send(Command::Drain { limit, done }).await;
        drained.await.unwrap_or(false)
    }

    /// After the actor's end outputs have nowhere to go.
    async fn send(&self, command: Command) {
        let _ = self.queue.send(command).await;
    }
}

impl<S: Socket> Actor<S> {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            let due = self.due;
            tokio::select! {
                incoming = self.socket.receive() => self.welcome(incoming),
                command = commands.recv() => match command {
                    Some(command) => self.handle_all(command, &mut commands).await,
                    None => return self.send_pending().await,
                },
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                    self.send_pending().await;
                }
            }
        }
    }

    /// Handles a command and those that wait behind it, without going back to the sockets' and timers' side.
    async fn handle_all(&mut self, first: Command, commands: &mut mpsc::Receiver<Command>) {
        let mut next = Some(first);
        let mut left = 100;
        while let Some(command) = next {
            self.handle(command).await;
            left -= 1;
            next = if left > 0 { commands.try_recv().ok() } else { None };
        }
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.send_pending().await;
        }
    }

    async fn handle(&mut self, command: Command) {
        match command {
            Command::Stream { parent, name, text, .. } => {
                self.pending.stream(parent, name, text);
                self.wait_or_send().await;
            }
            Command::Update { display_id, draft, .. } => {
                self.pending.update(display_id, draft);
                self.wait_or_send().await;
            }
            Command::Publish { draft, .. } => {
                self.send_pending().await;
                self.send(draft).await;
            }
            Command::Drain { limit, done } => {
                self.send_pending().await;
                let _ = done.send(self.clients.flush(limit).await);
            }
        }
    }

    async fn wait_or_send(&mut self) {
        if self.pending.is_full() {
            self.send_pending().await;
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + MERGED_FOR);
        }
    }

    async fn send_pending(&mut self) {
        self.due = None;
        if !self.pending.is_empty() {
            for draft in self.pending.take() {
                self.pace.count();
                self.send(draft).await;
            }
        }
    }

    async fn send(&mut self, draft: Draft) {
        let frames = self.frames(draft);
        let bytes = frames.iter().map(Bytes::len).sum();
        if bytes <= LARGEST {
            return self.clients.publish(&frames).await;
        }
        let [topic, _, _, _, parent, ..] = &frames[..] else { return };
        let topic = String::from_utf8_lossy(topic);
        let msg_type = topic.rsplit('.').next().unwrap_or_default();
        let frames = self.frames(notice(parent, &too_large(msg_type, bytes)));
        self.clients.publish(&frames).await;
    }

    fn frames(&self, draft: Draft) -> Vec<Bytes> {
        let topic = Bytes::from(format!("kernel.{}.{}", self.session.id(), draft.msg_type()));
        draft.into_frames(&self.session, vec![topic])
    }

    /// Every new subscription is answered with a welcome to its client alone: the proof that from now on nothing is
    /// missed. It has no parent.
    fn welcome(&mut self, incoming: Option<Incoming>) {
        let Some(Incoming { peer, frames }) = incoming else { return };
        let [frame] = &*frames else { return };
        let Some(topic) = frame.first().filter(|&&wanted| wanted == 1).map(|_| frame.slice(1..)) else { return };
        let content = json!({"subscription": String::from_utf8_lossy(&topic)});
        let welcome = Draft::new("iopub_welcome", &Bytes::new(), content);
        self.clients.send(&peer, &welcome.into_frames(&self.session, vec![topic]));
    }
}

/// Text on stderr in the place of a message that can't be sent.
fn notice(parent: &Bytes, text: &str) -> Draft {
    Draft::new("stream", parent, json!({"name": StreamName::Stderr.as_str(), "text": text}))
}
