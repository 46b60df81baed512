//! A kernel's five sockets, and serving a [`Kernel`] on them until it is shut down.
//!
//! Owns their start and end. Must not know what requests mean: `desk` and `shell` do. Read [`Server`] first.

use crate::desk::{Desk, is_comm};
use crate::gate::Gate;
use crate::iopub::IoPub;
use crate::message::Draft;
use crate::session::Session;
use crate::shell::{AbortOnDrop, Shell};
use crate::stdin::Stdin;
use crate::transport::{Sender, Socket, SocketKind, ZeroMq};
use crate::{Channel, Connection, ConnectionFile, JupyterError, Kernel, Outputs, Zmtp};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// How long the client that asked for the end may take to read the reply.
const LAST_REPLY: Duration = Duration::from_secs(2);

/// Sockets that listen. Until [`Server::serve`] requests wait; the heartbeat is answered and outputs are published.
pub struct Server<T: ZeroMq = Zmtp> {
    connection: Connection,
    session: Arc<Session>,
    iopub: IoPub,
    shell: T::Socket,
    control: T::Socket,
    stdin: T::Socket,
    ended: mpsc::UnboundedSender<bool>,
    end: mpsc::UnboundedReceiver<bool>,
    _heartbeat: AbortOnDrop,
}

/// Ends serving from outside, as a signal to the process may ask.
#[derive(Clone)]
pub struct Stopper(mpsc::UnboundedSender<bool>);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether the client starts another kernel now.
    pub restart: bool,
}

impl Server {
    /// Listens on the five addresses of a connection; a port 0 takes a free one. Must run on a tokio runtime that has
    /// at least two threads.
    ///
    /// # Errors
    /// An address is in use or can't be listened on, or the connection asks for encryption.
    pub async fn bind(connection: &Connection) -> Result<Self, JupyterError> {
        Self::bind_with(&Zmtp, connection).await
    }

    /// Starts as the file says with which a client started this process: listens, and with a registration file tells
    /// the client where.
    ///
    /// # Errors
    /// Those of [`Self::bind`], and that the client does not acknowledge the registration within ten seconds.
    pub async fn start(file: &ConnectionFile) -> Result<Self, JupyterError> {
        match file {
            ConnectionFile::Connection(connection) => Self::bind(connection).await,
            ConnectionFile::Registration(registration) => {
                let server = Self::bind(&registration.channels()).await?;
                registration.register(server.connection()).await?;
                Ok(server)
            }
        }
    }
}

impl<T: ZeroMq> Server<T> {
    /// The same with another implementation of ZeroMQ.
    ///
    /// # Errors
    /// What the implementation says.
    pub async fn bind_with(zeromq: &T, connection: &Connection) -> Result<Self, JupyterError> {
        let bind = |kind, channel| zeromq.bind(kind, channel, connection);
        let shell = bind(SocketKind::Router, Channel::Shell).await?;
        let iopub = bind(SocketKind::Publisher, Channel::IoPub).await?;
        let stdin = bind(SocketKind::Router, Channel::Stdin).await?;
        let control = bind(SocketKind::Router, Channel::Control).await?;
        let heartbeat = bind(SocketKind::Router, Channel::Heartbeat).await?;
        let ports = [&shell, &iopub, &stdin, &control, &heartbeat].map(Socket::port);
        let session = Arc::new(Session::new(connection.key.as_bytes(), "kernel"));
        let (ended, end) = mpsc::unbounded_channel();
        Ok(Self {
            connection: with_ports(connection, ports),
            iopub: IoPub::start(iopub, session.clone()),
            session,
            shell,
            control,
            stdin,
            ended,
            end,
            _heartbeat: AbortOnDrop(tokio::spawn(echo(heartbeat)).abort_handle()),
        })
    }

    /// The connection with the ports that were taken.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Outputs that belong to no request, such as news of a worker that died while nothing ran.
    pub fn outputs(&self) -> Outputs {
        Outputs::new(&self.iopub, &Bytes::new(), 0, false)
    }

    /// Holds printed text back to 450,000 bytes a second, after the first 700,000: a notebook server throws away what comes
    /// at more than a million, with a notice in the notebook. Other clients take all there is, so this is not the default.
    /// Messages other than text are always held back to 500 a second, after the first 500.
    pub fn hold_back_text(&self) {
        self.iopub.set_behind_server();
    }

    /// What ends [`Server::serve`] from outside.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.ended.clone())
    }

    /// Serves a kernel until a client shuts it down; then replies, outputs and idle have been handed to the
    /// operating system, so that the process may exit at once.
    pub async fn serve<K: Kernel>(self, kernel: Arc<K>) -> Ended {
        let Self { session, iopub, shell, control, stdin, ended, mut end, _heartbeat, .. } = self;
        iopub.publish(Draft::new("status", &Bytes::new(), json!({"execution_state": "starting"}))).await;
        let gate = Arc::new(Gate::new(session.clone()));
        let (stdin, questions) = Stdin::new(stdin, session.clone(), gate.clone());
        let desk = Arc::new(Desk {
            kernel,
            session,
            iopub: iopub.clone(),
            count: AtomicU64::new(0),
            running: Mutex::new(()),
            busy_with: Mutex::default(),
            ending: AtomicBool::new(false),
            gate,
            questions,
            ended,
        });
        let channels = [shell.sender(), control.sender()];
        let tasks = [
            tokio::spawn(Shell::run(desk.clone(), shell)),
            tokio::spawn(serve_control(desk.clone(), control)),
            tokio::spawn(stdin.run()),
        ];
        let _tasks = tasks.map(|task| AbortOnDrop(task.abort_handle()));
        let restart = end.recv().await.unwrap_or(false);
        iopub.drain().await;
        for channel in channels {
            channel.flush(LAST_REPLY).await;
        }
        Ended { restart }
    }
}

impl Stopper {
    /// Ends serving after what is published so far has gone out. The kernel's `shutdown` is not called.
    pub fn stop(&self) {
        let _ = self.0.send(false);
    }
}

fn with_ports(connection: &Connection, ports: [u16; 5]) -> Connection {
    let mut connection = connection.clone();
    let [shell, iopub, stdin, control, hb] = ports;
    if connection.transport == crate::Transport::Tcp {
        (connection.shell_port, connection.iopub_port, connection.stdin_port) = (shell, iopub, stdin);
        (connection.control_port, connection.hb_port) = (control, hb);
    }
    connection
}

/// Requests on control, answered one after the other while cells run.
async fn serve_control<K: Kernel>(desk: Arc<Desk<K>>, mut socket: impl Socket) {
    let channel = socket.sender();
    while let Some(incoming) = socket.receive().await {
        let Some(message) = desk.gate.admit(incoming) else { continue };
        if waits_for_cells(message.msg_type()) {
            let (desk, channel) = (desk.clone(), channel.clone());
            tokio::spawn(async move { desk.serve(&channel, message).await });
        } else {
            desk.serve(&channel, message).await;
        }
    }
}

/// Requests that belong on shell, where a kernel may answer them only after the cell that runs. On control they must
/// not delay an interrupt.
fn waits_for_cells(msg_type: &str) -> bool {
    let on_shell = ["complete_request", "inspect_request", "is_complete_request", "history_request"];
    on_shell.contains(&msg_type) || is_comm(msg_type)
}

/// The heartbeat: every message goes back as it came.
async fn echo(mut socket: impl Socket) {
    let clients = socket.sender();
    while let Some(message) = socket.receive().await {
        clients.send(&message.peer, &message.frames);
    }
}
