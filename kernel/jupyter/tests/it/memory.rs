//! Another implementation of ZeroMQ: channels in memory. It shows that a kernel is served through the traits alone, and,
//! because everything that is sent goes into one list, what goes out before what across sockets.

use crate::toy::{Toy, connection};
use bytes::Bytes;
use candlewick_jupyter::front_end::line;
use candlewick_jupyter::{
    Channel, Connection, Ended, Incoming, JupyterError, Message, Sender, Server, Session, Socket, SocketKind, ZeroMq,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What was sent, in order: the channel and the frames.
type Sent = (Channel, Vec<Bytes>);

struct Memory {
    ways_in: Mutex<HashMap<Channel, mpsc::UnboundedSender<Incoming>>>,
    sent: mpsc::UnboundedSender<Sent>,
}

struct Pipe {
    incoming: mpsc::UnboundedReceiver<Incoming>,
    way_out: WayOut,
}

#[derive(Clone)]
struct WayOut {
    channel: Channel,
    sent: mpsc::UnboundedSender<Sent>,
}

impl ZeroMq for Memory {
    type Socket = Pipe;

    async fn bind(&self, kind: SocketKind, channel: Channel, _: &Connection) -> Result<Pipe, JupyterError> {
        assert_eq!(kind == SocketKind::Publisher, channel == Channel::IoPub);
        let (way_in, incoming) = mpsc::unbounded_channel();
        self.ways_in.lock().unwrap().insert(channel, way_in);
        Ok(Pipe { incoming, way_out: WayOut { channel, sent: self.sent.clone() } })
    }
}

impl Socket for Pipe {
    type Sender = WayOut;

    fn sender(&self) -> WayOut {
        self.way_out.clone()
    }

    fn port(&self) -> u16 {
        0
    }

    async fn receive(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }
}

impl Sender for WayOut {
    fn send(&self, _peer: &Bytes, frames: &[Bytes]) {
        let _ = self.sent.send((self.channel, frames.to_vec()));
    }

    async fn publish(&self, frames: &[Bytes]) {
        let _ = self.sent.send((self.channel, frames.to_vec()));
    }

    async fn flush(&self, _limit: Duration) -> bool {
        true
    }

    async fn until_connected(&self, _peer: &Bytes, wanted: bool) {
        if !wanted {
            pending::<()>().await;
        }
    }
}

struct Client {
    memory: Memory,
    sent: mpsc::UnboundedReceiver<Sent>,
    session: Session,
    served: tokio::task::JoinHandle<Ended>,
}

impl Client {
    async fn start() -> Self {
        let (log, sent) = mpsc::unbounded_channel();
        let memory = Memory { ways_in: Mutex::default(), sent: log };
        let server = Server::bind_with(&memory, &connection()).await.unwrap();
        let served = tokio::spawn(server.serve(Arc::new(Toy::default())));
        Self { memory, sent, session: Session::new(connection().key.as_bytes(), "client"), served }
    }

    fn send(&self, channel: Channel, frames: Vec<Bytes>) {
        let incoming = Incoming { peer: Bytes::from_static(b"client"), frames };
        self.memory.ways_in.lock().unwrap()[&channel].send(incoming).unwrap();
    }

    fn ask(&self, channel: Channel, msg_type: &str, content: &Value) {
        let header = Value::Object(self.session.header(msg_type)).to_string();
        let dictionaries = [header, "{}".into(), "{}".into(), content.to_string()];
        let signature = self.session.sign([0, 1, 2, 3].map(|n| dictionaries[n].as_bytes()));
        let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), Bytes::from(signature)];
        frames.extend(dictionaries.map(Bytes::from));
        self.send(channel, frames);
    }

    /// The next messages, up to one that says `last`.
    async fn until(&mut self, last: &str) -> Vec<(Channel, String)> {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|(_, line)| line != last) {
            let next = timeout(Duration::from_secs(20), self.sent.recv()).await;
            let (channel, frames) = next.unwrap_or_else(|_| panic!("no {last} after {seen:?}")).unwrap();
            seen.push((channel, line(&Message::from_frames(&self.session, &frames).unwrap())));
        }
        seen
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kernel_is_served_through_another_implementation() {
    let mut client = Client::start().await;
    client.send(Channel::IoPub, vec![Bytes::from_static(b"\x01")]);
    client.until("iopub_welcome").await;
    client.ask(Channel::Shell, "execute_request", &json!({"code": "1+1"}));
    let seen = client.until("idle").await;
    assert!(seen.contains(&(Channel::IoPub, "execute_result: 1+1".into())), "{seen:?}");
    assert!(seen.contains(&(Channel::Shell, "execute_reply".into())), "{seen:?}");
    let beat = vec![Bytes::from_static(b"beat"), Bytes::from_static(b"again")];
    client.send(Channel::Heartbeat, beat.clone());
    assert_eq!(client.sent.recv().await.unwrap(), (Channel::Heartbeat, beat));
    client.ask(Channel::Control, "shutdown_request", &json!({"restart": true}));
    assert_eq!(client.served.await.unwrap(), Ended { restart: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_printed_goes_out_before_the_question() {
    let mut client = Client::start().await;
    client.ask(Channel::Shell, "execute_request", &json!({"code": "ask name", "allow_stdin": true}));
    let seen = client.until("input_request").await;
    let [.., (Channel::IoPub, printed), (Channel::Stdin, question)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((printed.as_str(), question.as_str()), ("stdout: name? ", "input_request"));
    client.ask(Channel::Stdin, "input_reply", &json!({"value": "Ada"}));
    let seen = client.until("idle").await;
    assert!(seen.contains(&(Channel::IoPub, "stdout: Ada\n".into())), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_before_the_question_does_not_answer_it() {
    let mut client = Client::start().await;
    for _ in 0..20 {
        client.ask(Channel::Stdin, "input_reply", &json!({"value": "early"}));
        client.ask(Channel::Shell, "execute_request", &json!({"code": "ask name", "allow_stdin": true}));
        client.until("input_request").await;
        client.ask(Channel::Stdin, "input_reply", &json!({"value": "right"}));
        let seen = client.until("idle").await;
        assert!(seen.contains(&(Channel::IoPub, "stdout: right\n".into())), "{seen:?}");
    }
}
