//! A front end for tests and benches: connects to a kernel over real sockets, asks, and collects what comes back.
//!
//! Owns the client's side of the protocol, on the `zeromq` crate's sockets so that the kernel's own are checked against
//! another implementation. Must not know the kernel's internals beyond messages. Read [`FrontEnd`] first, then
//! [`Transcript`].

mod transcript;

pub use transcript::Transcript;

use crate::message::Draft;
use crate::{Address, Channel, Connection, JupyterError, Message, Session, StreamName, Transport};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::{sleep, timeout};
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket, ZmqError, ZmqMessage};

/// A client connected to the five sockets of a kernel.
pub struct FrontEnd {
    session: Session,
    shell: DealerSocket,
    control: DealerSocket,
    stdin: DealerSocket,
    iopub: SubSocket,
    heartbeat: ReqSocket,
    waiting: Vec<(Channel, Message)>,
    /// How long to wait for each next message.
    pub limit: Duration,
    /// The first message of IOPub, if it came within a second of subscribing.
    pub welcome: Option<Message>,
}

/// What a request brought: its reply and all that was published for it, up to idle.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The reply.
    pub reply: Message,
    /// What was published with the request as parent, in order, from busy to idle.
    pub published: Vec<Message>,
}

impl FrontEnd {
    /// Waits until the kernel listens, ten seconds at most, connects to all channels and waits until IOPub has said
    /// welcome, so that nothing published later is missed.
    pub async fn connect(connection: &Connection) -> Result<Self, JupyterError> {
        let limit = Duration::from_secs(10);
        let listening = timeout(limit, until_listening(&connection.address(Channel::Heartbeat))).await;
        listening.map_err(|_| silent("the kernel to listen", limit))?;
        let session = Session::new(connection.key.as_bytes(), "front end");
        let mut iopub = SubSocket::new();
        iopub.subscribe("").await.map_err(|error| failed("iopub", &error))?;
        open(&mut iopub, connection, Channel::IoPub).await?;
        let mut front_end = Self {
            shell: dealer(&session, connection, Channel::Shell).await?,
            control: dealer(&session, connection, Channel::Control).await?,
            stdin: dealer(&session, connection, Channel::Stdin).await?,
            heartbeat: {
                let mut socket = ReqSocket::new();
                open(&mut socket, connection, Channel::Heartbeat).await?;
                socket
            },
            iopub,
            session,
            waiting: Vec::new(),
            limit: Duration::from_secs(20),
            welcome: None,
        };
        let first = timeout(Duration::from_secs(1), front_end.receive()).await;
        front_end.welcome = first.ok().transpose()?.map(|(_, message)| message);
        Ok(front_end)
    }

    /// Runs a cell and collects what it brings.
    pub async fn execute(&mut self, code: &str) -> Result<Exchange, JupyterError> {
        self.request(Channel::Shell, "execute_request", json!({"code": code})).await
    }

    /// Sends a request and collects its reply and what was published for it.
    pub async fn request(
        &mut self,
        channel: Channel,
        msg_type: &str,
        content: Value,
    ) -> Result<Exchange, JupyterError> {
        let id = self.send(channel, msg_type, content).await?;
        self.collect(&id).await
    }

    /// Sends a request and returns its message id at once.
    pub async fn send(&mut self, channel: Channel, msg_type: &str, content: Value) -> Result<String, JupyterError> {
        let frames = self.frames(msg_type, content, Map::new());
        let id = Message::from_frames(&self.session, &frames).map(|message| message.msg_id().to_owned());
        self.send_frames(channel, frames).await?;
        Ok(id.unwrap_or_default())
    }

    /// The signed frames of a request, with keys added to its header, to be sent as they are or damaged.
    pub fn frames(&self, msg_type: &str, content: Value, header: Map<String, Value>) -> Vec<Bytes> {
        let draft = Draft { other_type: Some(msg_type.to_owned()), header, content, ..Draft::default() };
        draft.into_frames(&self.session, Vec::new())
    }

    /// Waits for the kernel's next question to the user.
    pub async fn input_request(&mut self) -> Result<Message, JupyterError> {
        if let Some(at) = self.waiting.iter().position(|(channel, _)| *channel == Channel::Stdin) {
            return Ok(self.waiting.remove(at).1);
        }
        loop {
            match self.next("a question on stdin").await? {
                (Channel::Stdin, question) => return Ok(question),
                other => self.waiting.push(other),
            }
        }
    }

    /// Answers a question, with the parent header that a front end puts there: the question's (as JupyterLab does), the
    /// cell's, or an empty one (as jupyter_client does).
    pub async fn input_reply(&mut self, value: &str, parent: &Bytes) -> Result<(), JupyterError> {
        let content = json!({"value": value, "status": "ok"});
        let frames = Draft::new("input_reply", parent, content).into_frames(&self.session, Vec::new());
        self.send_frames(Channel::Stdin, frames).await
    }

    /// Sends frames as they are on shell, control or stdin.
    pub async fn send_frames(&mut self, channel: Channel, frames: Vec<Bytes>) -> Result<(), JupyterError> {
        let message = ZmqMessage::try_from(frames).map_err(|error| failed(channel, &error))?;
        let sent = match channel {
            Channel::Control => self.control.send(message).await,
            Channel::Stdin => self.stdin.send(message).await,
            _ => self.shell.send(message).await,
        };
        sent.map_err(|error| failed(channel, &error))
    }

    /// Waits for the reply to a message and for idle, and gives what was published between. Messages with other
    /// parents wait to be collected.
    pub async fn collect(&mut self, msg_id: &str) -> Result<Exchange, JupyterError> {
        let (mut reply, mut published, mut idle) = (None, Vec::new(), false);
        for (channel, message) in std::mem::take(&mut self.waiting) {
            match sort(channel, message, msg_id, &mut reply, &mut published) {
                Some(other) => self.waiting.push((channel, other)),
                None => idle |= published.last().is_some_and(is_idle),
            }
        }
        while reply.is_none() || !idle {
            let (channel, message) = self.next(msg_id).await?;
            match sort(channel, message, msg_id, &mut reply, &mut published) {
                Some(other) => self.waiting.push((channel, other)),
                None => idle |= published.last().is_some_and(is_idle),
            }
        }
        reply.map(|reply| Exchange { reply, published }).ok_or_else(|| silent(msg_id, self.limit))
    }

    /// Waits for idle of a message that gets no reply, and gives what was published for it.
    pub async fn collect_published(&mut self, msg_id: &str) -> Result<Vec<Message>, JupyterError> {
        let (mut reply, mut published) = (None, Vec::new());
        let mut before = std::mem::take(&mut self.waiting).into_iter();
        while !published.last().is_some_and(is_idle) {
            let (channel, message) = match before.next() {
                Some(known) => known,
                None => self.next(msg_id).await?,
            };
            self.waiting.extend(sort(channel, message, msg_id, &mut reply, &mut published).map(|m| (channel, m)));
        }
        self.waiting.extend(before);
        Ok(published)
    }

    /// The next message of any channel that was not collected.
    pub async fn next_message(&mut self) -> Result<(Channel, Message), JupyterError> {
        if self.waiting.is_empty() { self.next("any message").await } else { Ok(self.waiting.remove(0)) }
    }

    /// Sends bytes to the heartbeat and gives the time until they were back.
    pub async fn heartbeat(&mut self) -> Result<Duration, JupyterError> {
        let started = Instant::now();
        let beat = async {
            self.heartbeat.send("beat".into()).await?;
            self.heartbeat.recv().await
        };
        let answer = timeout(self.limit, beat).await.map_err(|_| silent("the heartbeat", self.limit))?;
        let answer = answer.map_err(|error| failed(Channel::Heartbeat, &error))?;
        match answer.get(0).map(Bytes::as_ref) {
            Some(b"beat") => Ok(started.elapsed()),
            other => Err(failed(Channel::Heartbeat, &format!("other bytes came back: {other:?}"))),
        }
    }

    async fn next(&mut self, waited_for: &str) -> Result<(Channel, Message), JupyterError> {
        let limit = self.limit;
        timeout(limit, self.receive()).await.map_err(|_| silent(waited_for, limit))?
    }

    async fn receive(&mut self) -> Result<(Channel, Message), JupyterError> {
        let (channel, received) = tokio::select! {
            message = self.iopub.recv() => (Channel::IoPub, message),
            message = self.shell.recv() => (Channel::Shell, message),
            message = self.control.recv() => (Channel::Control, message),
            message = self.stdin.recv() => (Channel::Stdin, message),
        };
        let frames = received.map_err(|error| failed(channel, &error))?.into_vec();
        let message = Message::from_frames(&self.session, &frames).map_err(|error| failed(channel, &error))?;
        Ok((channel, message))
    }
}

impl Exchange {
    /// The reply's content.
    pub fn content(&self) -> &Value {
        &self.reply.content
    }

    /// Everything printed to a stream.
    pub fn text(&self, name: StreamName) -> String {
        let of_stream = self.published.iter().filter(|m| m.content["name"] == name.as_str());
        of_stream.filter_map(|m| m.content["text"].as_str()).collect()
    }

    /// One short line for each published message: its type and what matters of it. Busy stands there once: a kernel
    /// may say it again after something else was answered while the cell ran.
    pub fn transcript(&self) -> Vec<String> {
        let lines = self.published.iter().map(line);
        lines.enumerate().filter(|(at, line)| *at == 0 || line != "busy").map(|(_, line)| line).collect()
    }
}

/// A connection for a kernel that is started as a process: ports that are free now, and a fresh key.
pub async fn free_connection() -> std::io::Result<Connection> {
    let mut listeners = Vec::new();
    for _ in Channel::ALL {
        listeners.push(TcpListener::bind(("127.0.0.1", 0)).await?);
    }
    let port = |n: usize| listeners[n].local_addr().map(|address| address.port());
    Ok(Connection {
        transport: Transport::Tcp,
        ip: "127.0.0.1".into(),
        shell_port: port(0)?,
        iopub_port: port(1)?,
        stdin_port: port(2)?,
        control_port: port(3)?,
        hb_port: port(4)?,
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".into(),
        kernel_name: None,
        curve_publickey: None,
        curve_secretkey: None,
    })
}

/// A published message as one short line.
pub fn line(message: &Message) -> String {
    let content = &message.content;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match message.msg_type() {
        "status" => text(&content["execution_state"]),
        "stream" => format!("{}: {}", text(&content["name"]), text(&content["text"])),
        "execute_input" => format!("input {}", content["execution_count"]),
        "error" => format!("error {}: {}", text(&content["ename"]), text(&content["evalue"])),
        shown @ ("execute_result" | "display_data" | "update_display_data") => {
            format!("{shown}: {}", text(&content["data"]["text/plain"]))
        }
        other => other.to_owned(),
    }
}

/// Puts a message where it belongs; gives back what has another parent.
fn sort(
    channel: Channel,
    message: Message,
    msg_id: &str,
    reply: &mut Option<Message>,
    published: &mut Vec<Message>,
) -> Option<Message> {
    match channel {
        _ if message.parent_id() != msg_id => return Some(message),
        Channel::Stdin => return Some(message),
        Channel::IoPub => published.push(message),
        _ => *reply = Some(message),
    }
    None
}

fn is_idle(message: &Message) -> bool {
    message.msg_type() == "status" && message.content["execution_state"] == "idle"
}

async fn dealer(session: &Session, connection: &Connection, channel: Channel) -> Result<DealerSocket, JupyterError> {
    let mut options = SocketOptions::default();
    // One identity on shell and stdin: a kernel asks for input where the request came from.
    if let Ok(identity) = session.id().parse::<PeerIdentity>() {
        options.peer_identity(identity);
    }
    let mut socket = DealerSocket::with_options(options);
    open(&mut socket, connection, channel).await?;
    Ok(socket)
}

/// Tries the channel that a kernel opens last.
async fn until_listening(address: &Address) {
    loop {
        let open = match address {
            Address::Tcp(host, port) => TcpStream::connect((host.as_str(), *port)).await.is_ok(),
            Address::Ipc(path) => UnixStream::connect(path).await.is_ok(),
        };
        if open {
            return;
        }
        sleep(Duration::from_millis(2)).await;
    }
}

async fn open(socket: &mut impl Socket, connection: &Connection, channel: Channel) -> Result<(), JupyterError> {
    let address = connection.address(channel);
    socket.connect(&address.to_string()).await.map_err(|error: ZmqError| failed(&address, &error))
}

fn failed(place: impl std::fmt::Display, why: &dyn std::fmt::Display) -> JupyterError {
    JupyterError::Connect { address: place.to_string(), why: why.to_string() }
}

fn silent(waited_for: &str, limit: Duration) -> JupyterError {
    JupyterError::Silent { waited_for: waited_for.to_owned(), limit }
}
