//! Where requests of shell and control are answered: status, the right method of the kernel, the reply.
//!
//! Owns the table of request types and the bracket of busy and idle. Must not know queues or sockets' bytes.
//! Read [`Desk::serve`] first.

use crate::gate::Gate;
use crate::iopub::IoPub;
use crate::message::{Draft, Message};
use crate::reply::{comm_info_content, history_content, inspect_content};
use crate::request::{flag, text};
use crate::session::Session;
use crate::size::{LARGEST, too_large, weight};
use crate::stdin::Questions;
use crate::transport::Sender;
use crate::{CompleteRequest, Failure, HistoryRequest, InspectRequest, Kernel, Outputs, PROTOCOL_VERSION};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

/// How long a shutdown waits for the cell that runs, after the kernel was told.
const LAST_CELL: Duration = Duration::from_secs(1);

/// What both channels share.
pub(crate) struct Desk<K> {
    pub kernel: Arc<K>,
    pub session: Arc<Session>,
    pub iopub: IoPub,
    /// Cells counted so far.
    pub count: AtomicU64,
    /// Held while a cell runs, until its reply and idle are sent.
    pub running: Mutex<()>,
    /// The header of the cell between its busy and its idle. Held while a status is published, so that the order of
    /// statuses is certain.
    pub busy_with: Mutex<Option<Bytes>>,
    /// Set by a shutdown: no cell starts any more.
    pub ending: AtomicBool,
    pub gate: Arc<Gate>,
    pub questions: Questions,
    /// Where a shutdown is told, with its restart flag.
    pub ended: mpsc::UnboundedSender<bool>,
}

impl<K: Kernel> Desk<K> {
    /// Handles a request that is not a cell: busy, answer, reply, idle. A message that asks for nothing gets no reply.
    pub(crate) async fn serve(self: &Arc<Self>, channel: &impl Sender, message: Message) {
        self.iopub.status(&message.header_bytes, "busy").await;
        let is_shutdown = message.msg_type() == "shutdown_request";
        let restart = flag(&message.content, "restart", false);
        let desk = self.clone();
        let request = message.clone();
        let answer = tokio::spawn(async move { desk.answer(request).await }).await;
        let content = answer.unwrap_or_else(|panic| Some(panicked(message.msg_type(), panic).reply()));
        if let Some(content) = content {
            self.reply(channel, &message, content, Map::new());
        }
        self.idle(&message).await;
        if is_shutdown {
            let _ = self.ended.send(restart);
        }
    }

    /// Publishes busy for a cell, which is over with [`Self::cell_is_over`].
    pub(crate) async fn cell_begins(&self, cell: &Message) {
        let mut busy_with = self.busy_with.lock().await;
        self.iopub.status(&cell.header_bytes, "busy").await;
        *busy_with = Some(cell.header_bytes.clone());
    }

    /// Publishes the cell's idle.
    pub(crate) async fn cell_is_over(&self, cell: &Message) {
        let mut busy_with = self.busy_with.lock().await;
        *busy_with = None;
        self.iopub.status(&cell.header_bytes, "idle").await;
    }

    /// Publishes idle for a request that is not a cell. Clients take the last status for the kernel's, whatever its
    /// parent; so while a cell runs its busy follows once more.
    async fn idle(&self, request: &Message) {
        let busy_with = self.busy_with.lock().await;
        self.iopub.status(&request.header_bytes, "idle").await;
        if let Some(cell) = busy_with.as_ref().filter(|_| !self.ending.load(Ordering::Acquire)) {
            self.iopub.status(cell, "busy").await;
        }
    }

    /// Sends a reply to the client that asked.
    pub(crate) fn reply(&self, channel: &impl Sender, to: &Message, content: Value, metadata: Map<String, Value>) {
        let bytes = weight(&content);
        let content = if bytes > LARGEST { refused(to, content, bytes) } else { content };
        let other_type = Some(reply_type(to.msg_type()));
        let draft = Draft { other_type, parent: to.header_bytes.clone(), metadata, content, ..Draft::default() };
        let Some((peer, identities)) = to.identities.split_first() else { return };
        channel.send(peer, &draft.into_frames(&self.session, identities.to_vec()));
    }

    /// The table of requests: the content of the reply, or none when there is to be no reply.
    async fn answer(self: Arc<Self>, request: Message) -> Option<Value> {
        let (kernel, content) = (&self.kernel, &request.content);
        Some(match request.msg_type() {
            "kernel_info_request" => kernel.kernel_info().await.content(PROTOCOL_VERSION),
            "complete_request" => kernel.complete(CompleteRequest::from_content(content)).await.content(),
            "inspect_request" => inspect_content(&kernel.inspect(InspectRequest::from_content(content)).await),
            "is_complete_request" => kernel.is_complete(text(content, "code")).await.content(),
            "history_request" => self.history(content).await,
            "comm_info_request" => self.comm_info(content).await,
            "interrupt_request" => {
                kernel.interrupt().await;
                json!({"status": "ok"})
            }
            "shutdown_request" => self.shutdown(&request).await,
            comm if is_comm(comm) => {
                self.comm(request).await;
                return None;
            }
            _ => return self.other(request).await,
        })
    }

    async fn history(&self, content: &Value) -> Value {
        let request = HistoryRequest::from_content(content);
        let output = request.output;
        history_content(&self.kernel.history(request).await, output)
    }

    async fn comm_info(&self, content: &Value) -> Value {
        let target = content["target_name"].as_str().map(str::to_owned);
        comm_info_content(&self.kernel.comm_info(target).await)
    }

    /// Tells the kernel, waits for the last cell, and tells all clients, not only the one that asked.
    async fn shutdown(&self, request: &Message) -> Value {
        let restart = flag(&request.content, "restart", false);
        self.ending.store(true, Ordering::Release);
        self.kernel.shutdown(restart).await;
        let _ = timeout(LAST_CELL, self.running.lock()).await;
        let content = json!({"status": "ok", "restart": restart});
        self.iopub.publish(Draft::new("shutdown_reply", &request.header_bytes, content.clone())).await;
        content
    }

    /// What the kernel alone may know; else a polite refusal where the client waits for something.
    async fn other(&self, request: Message) -> Option<Value> {
        let outputs = self.outputs(&request);
        let msg_type = request.msg_type().to_owned();
        let answered = self.kernel.other(request, outputs).await;
        answered.or_else(|| msg_type.ends_with("_request").then(|| unknown(&msg_type).reply()))
    }

    /// A comm that nobody here knows is closed at once, so that the client does not wait for it.
    async fn comm(&self, message: Message) {
        let outputs = self.outputs(&message);
        let opens = message.msg_type() == "comm_open";
        let comm_id = message.content["comm_id"].clone();
        if !self.kernel.comm(message, outputs.clone()).await && opens {
            outputs.publish("comm_close", json!({"comm_id": comm_id, "data": {}}), Map::new(), Vec::new()).await;
        }
    }

    fn outputs(&self, request: &Message) -> Outputs {
        Outputs::new(&self.iopub, &request.header_bytes, self.count.load(Ordering::Relaxed), false)
    }
}

pub(crate) fn is_comm(msg_type: &str) -> bool {
    matches!(msg_type, "comm_open" | "comm_msg" | "comm_close")
}

/// The failure that answers a request whose handling panicked.
pub(crate) fn panicked(msg_type: &str, panic: tokio::task::JoinError) -> Failure {
    let said = panic.try_into_panic().ok().and_then(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&str>().copied()).map(str::to_owned)
    });
    let said = said.unwrap_or_else(|| "no message".to_owned());
    Failure::new("KernelError", format!("the kernel failed inside {msg_type} ({said}); this is a fault of the kernel"))
}

/// The reply in the place of one that is too large.
fn refused(to: &Message, content: Value, bytes: usize) -> Value {
    let mut reply = Failure::new("TooLarge", too_large(&reply_type(to.msg_type()), bytes).trim_end()).reply();
    if to.msg_type() == "execute_request" {
        reply["execution_count"] = content["execution_count"].clone();
        (reply["user_expressions"], reply["payload"]) = (json!({}), json!([]));
    }
    reply
}

fn unknown(msg_type: &str) -> Failure {
    Failure::new("UnknownRequest", format!("`{msg_type}` was asked; this kernel does not know it on this channel"))
}

fn reply_type(msg_type: &str) -> String {
    format!("{}_reply", msg_type.strip_suffix("_request").unwrap_or(msg_type))
}
