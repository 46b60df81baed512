//! The shell channel: cells run one after the other, and an error stops those that wait.
//!
//! Owns the queue, the execution count, and the rule of `stop_on_error`. Must not know what a cell is.
//! Read [`Shell::run`] first.
//!
//! The rule: a cell that fails with `stop_on_error` aborts every cell that was received before its error reply went
//! out, because whoever sent those could not know of the error. Clients that run all cells send them at once, but
//! they may still be on their way when the first fails; so an error reply waits until nothing has come for
//! [`QUIET`]. No other reply waits for anything.

use crate::desk::{Desk, is_comm, panicked};
use crate::message::{Draft, Message};
use crate::session::now;
use crate::transport::Socket;
use crate::{ExecuteReply, ExecuteRequest, Kernel, Outputs};
use serde_json::{Map, Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// An error reply waits until no request has come for this long, ten times it at most.
const QUIET: Duration = Duration::from_millis(3);
/// Requests that wait here; further ones wait in the sockets.
const WAITING: usize = 4096;

/// The channel's queue and its worker.
pub(crate) struct Shell<K, S: Socket> {
    desk: Arc<Desk<K>>,
    channel: S::Sender,
    received: Arc<AtomicU64>,
    /// Cells with a smaller number are aborted.
    aborted_below: u64,
}

struct Waiting {
    number: u64,
    message: Message,
}

impl<K: Kernel, S: Socket> Shell<K, S> {
    /// Serves the channel for ever.
    pub(crate) async fn run(desk: Arc<Desk<K>>, socket: S) {
        let (channel, received) = (socket.sender(), Arc::new(AtomicU64::new(0)));
        let (sender, mut queue) = mpsc::channel(WAITING);
        let reading = tokio::spawn(receive(desk.clone(), socket, received.clone(), sender));
        let _stops_with_this = AbortOnDrop(reading.abort_handle());
        let mut shell = Self { desk, channel, received, aborted_below: 0 };
        while let Some(waiting) = queue.recv().await {
            shell.handle(waiting).await;
        }
    }

    async fn handle(&mut self, Waiting { number, message }: Waiting) {
        if message.msg_type() != "execute_request" {
            return self.desk.serve(&self.channel, message).await;
        }
        let desk = self.desk.clone();
        let _running = desk.running.lock().await;
        desk.cell_begins(&message).await;
        if number < self.aborted_below || self.desk.ending.load(Ordering::Acquire) {
            let count = self.desk.count.load(Ordering::Relaxed);
            self.reply(&message, &ExecuteReply::Aborted, count, &now());
        } else {
            self.execute(&message).await;
        }
        desk.cell_is_over(&message).await;
    }

    async fn execute(&mut self, message: &Message) {
        let started = now();
        let request = self.request(message);
        let (count, silent, stop_on_error) = (request.execution_count, request.silent, request.stop_on_error);
        if !silent {
            let content = json!({"code": request.code, "execution_count": count});
            self.desk.iopub.publish(Draft::new("execute_input", &message.header_bytes, content)).await;
        }
        let reply = self.run_cell(request, message).await;
        if let ExecuteReply::Error(failure) = &reply {
            if !silent {
                let error = Draft::new("error", &message.header_bytes, failure.content());
                self.desk.iopub.publish(error).await;
            }
            if stop_on_error {
                self.abort_what_waits().await;
            }
        }
        self.reply(message, &reply, count, &started);
    }

    /// Reads the request and counts it if it is stored.
    fn request(&self, message: &Message) -> ExecuteRequest {
        let mut request = ExecuteRequest::from_content(&message.content, message.metadata.clone(), 0);
        let before = self.desk.count.fetch_add(u64::from(request.store_history), Ordering::Relaxed);
        request.execution_count = before + u64::from(request.store_history);
        request
    }

    /// Runs the cell in a task of its own, so that a panic ends nothing else.
    async fn run_cell(&self, request: ExecuteRequest, message: &Message) -> ExecuteReply {
        let mut outputs =
            Outputs::new(&self.desk.iopub, &message.header_bytes, request.execution_count, request.silent);
        if request.allow_stdin {
            outputs = outputs.with_client(self.desk.questions.client(message));
        }
        let kernel = self.desk.kernel.clone();
        let reply = tokio::spawn(async move { kernel.execute(request, outputs).await }).await;
        reply.unwrap_or_else(|panic| ExecuteReply::Error(panicked("execute_request", panic)))
    }

    async fn abort_what_waits(&mut self) {
        for _ in 0..10 {
            let before = self.received.load(Ordering::Acquire);
            tokio::time::sleep(QUIET).await;
            if self.received.load(Ordering::Acquire) == before {
                break;
            }
        }
        self.aborted_below = self.received.load(Ordering::Acquire);
    }

    fn reply(&self, to: &Message, reply: &ExecuteReply, count: u64, started: &str) {
        let content = reply.content(count);
        let mut metadata = Map::new();
        metadata.insert("started".into(), Value::from(started));
        metadata.insert("dependencies_met".into(), Value::from(true));
        metadata.insert("engine".into(), Value::from(self.desk.session.id()));
        metadata.insert("status".into(), content["status"].clone());
        self.desk.reply(&self.channel, to, content, metadata);
    }
}

/// What the kernel answers while a cell runs; never a cell, nor what ends the kernel.
fn is_beside_cells<K: Kernel>(desk: &Desk<K>, message: &Message) -> bool {
    let may = matches!(message.msg_type(), "complete_request" | "inspect_request" | "is_complete_request");
    may && catch_unwind(AssertUnwindSafe(|| desk.kernel.is_beside_cells(message))).unwrap_or(false)
}

/// Takes what is well signed from the socket into the queue, numbered as it came; what is answered beside cells has no
/// turn to wait for.
async fn receive<K: Kernel>(
    desk: Arc<Desk<K>>,
    mut socket: impl Socket,
    received: Arc<AtomicU64>,
    queue: mpsc::Sender<Waiting>,
) {
    let channel = socket.sender();
    while let Some(incoming) = socket.receive().await {
        let Some(message) = desk.gate.admit(incoming) else { continue };
        if is_comm(message.msg_type()) {
            // A panic there must not make the channel deaf; the message still has its turn.
            let _ = catch_unwind(AssertUnwindSafe(|| desk.kernel.comm_arrived(&message)));
        }
        if is_beside_cells(&desk, &message) {
            let (desk, channel) = (desk.clone(), channel.clone());
            tokio::spawn(async move { desk.serve(&channel, message).await });
            continue;
        }
        let number = received.fetch_add(1, Ordering::AcqRel);
        if queue.send(Waiting { number, message }).await.is_err() {
            return;
        }
    }
}

/// Ends a task with the one that started it.
pub(crate) struct AbortOnDrop(pub tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
