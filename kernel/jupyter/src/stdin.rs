//! Questions to the user: `input_request` to the client whose cell runs, and the `input_reply` that answers it.
//!
//! Owns the stdin socket and which reply belongs to which question. Must not know cells. Read [`Stdin::run`] first.
//!
//! One question is open at a time. Its answer is the first well-signed `input_reply` of the client that was asked.
//! Clients differ in its parent header: JupyterLab puts the question's header there, others the cell's or nothing; all
//! three are taken. A reply with any other parent answers a question of before, and one that comes while nothing is
//! asked answers nothing.

use crate::gate::Gate;
use crate::message::{Draft, Message};
use crate::transport::{Incoming, Sender, Socket};
use crate::{InputError, Session};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long a client that has left, or whose stdin channel is still being connected, may take to be there.
const RECONNECT: Duration = Duration::from_secs(5);

/// A client that can be asked, and the message that its questions belong to.
#[derive(Clone)]
pub(crate) struct Client {
    questions: mpsc::UnboundedSender<(Question, Answer)>,
    identities: Arc<[Bytes]>,
    request: Arc<str>,
}

/// Where an answer goes; the question is withdrawn when the other end is gone.
type Answer = oneshot::Sender<Result<String, InputError>>;

/// A question that waits to be asked or answered.
struct Question {
    identities: Arc<[Bytes]>,
    /// The id of the request whose handling asks.
    request: Arc<str>,
    /// Its header.
    parent: Bytes,
    content: Value,
}

/// The way to the questions.
#[derive(Clone)]
pub(crate) struct Questions(mpsc::UnboundedSender<(Question, Answer)>);

/// The stdin channel.
pub(crate) struct Stdin<S: Socket> {
    socket: S,
    clients: S::Sender,
    session: Arc<Session>,
    gate: Arc<Gate>,
    questions: mpsc::UnboundedReceiver<(Question, Answer)>,
}

impl Client {
    pub(crate) async fn ask(&self, parent: &Bytes, prompt: &str, password: bool) -> Result<String, InputError> {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            identities: self.identities.clone(),
            request: self.request.clone(),
            parent: parent.clone(),
            content: json!({"prompt": prompt, "password": password}),
        };
        self.questions.send((question, answer)).map_err(|_| InputError::Ending)?;
        answered.await.unwrap_or(Err(InputError::Ending))
    }
}

impl Questions {
    /// The client that sent a request, to be asked while the request is handled.
    pub(crate) fn client(&self, request: &Message) -> Client {
        let identities = request.identities.as_slice().into();
        Client { questions: self.0.clone(), identities, request: request.msg_id().into() }
    }
}

impl<S: Socket> Stdin<S> {
    pub(crate) fn new(socket: S, session: Arc<Session>, gate: Arc<Gate>) -> (Self, Questions) {
        let (sender, questions) = mpsc::unbounded_channel();
        let clients = socket.sender();
        (Self { socket, clients, session, gate, questions }, Questions(sender))
    }

    /// Asks one question after the other, for ever.
    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                question = self.questions.recv() => match question {
                    Some((question, answer)) => self.ask(question, answer).await,
                    None => return,
                },
                incoming = self.socket.receive() => match incoming {
                    // Nothing is asked, so this is no answer; but the gate remembers it, so that it never becomes one.
                    Some(incoming) => drop(self.gate.admit(incoming)),
                    None => return,
                },
            }
        }
    }

    async fn ask(&mut self, question: Question, mut answer: Answer) {
        let answered = tokio::select! {
            answered = self.answer(&question) => answered,
            () = answer.closed() => return,
        };
        let _ = answer.send(answered);
    }

    /// Sends a question and waits for its answer, or for the client's end.
    async fn answer(&mut self, question: &Question) -> Result<String, InputError> {
        let Some((peer, identities)) = question.identities.split_first() else { return Err(InputError::Left) };
        let clients = self.clients.clone();
        timeout(RECONNECT, clients.until_connected(peer, true)).await.map_err(|_| InputError::Left)?;
        self.pass_over_what_came().await;
        let id = self.session.next_message_id();
        clients.send(peer, &self.request(question, &id).into_frames(&self.session, identities.to_vec()));
        let mut left = pin!(left(&clients, peer));
        loop {
            tokio::select! {
                incoming = self.socket.receive() => {
                    let incoming = incoming.ok_or(InputError::Ending)?;
                    if let Some(reply) = self.reply(incoming, question, &id) {
                        return reply.content["value"].as_str().map(str::to_owned).ok_or(InputError::NoText);
                    }
                }
                () = &mut left => return Err(InputError::Left),
            }
        }
    }

    /// What came before the question does not answer it.
    async fn pass_over_what_came(&mut self) {
        loop {
            tokio::select! {
                biased;
                Some(incoming) = self.socket.receive() => drop(self.gate.admit(incoming)),
                () = ready(()) => return,
            }
        }
    }

    fn request(&self, question: &Question, id: &str) -> Draft {
        let header: Map<String, Value> = [("msg_id".to_owned(), Value::from(id))].into_iter().collect();
        Draft { header, ..Draft::new("input_request", &question.parent, question.content.clone()) }
    }

    /// What came, if it answers the question with this id.
    fn reply(&self, incoming: Incoming, question: &Question, id: &str) -> Option<Message> {
        let reply = self.gate.admit(incoming)?;
        let parent = reply.parent_id();
        let fits = parent.is_empty() || parent == id || parent == &*question.request;
        (reply.msg_type() == "input_reply" && fits && *reply.identities == *question.identities).then_some(reply)
    }
}

/// Waits until a client has left and has not come back.
async fn left(clients: &impl Sender, peer: &Bytes) {
    loop {
        clients.until_connected(peer, false).await;
        if timeout(RECONNECT, clients.until_connected(peer, true)).await.is_err() {
            return;
        }
    }
}
