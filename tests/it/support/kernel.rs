//! A kernel process and its clients over real sockets, written down as a transcript.
//!
//! A test sends, then names each message in order:
//!
//! ```ignore
//! let kernel = KernelProcess::start();
//! let mut client = kernel.client();
//! client.cell("print(1); 6 * 7").prints("1\n").results("42").idle().answers_ok();
//! ```
//!
//! A message that was not named fails the step that finds it, `idle` at the latest: an output that nobody asserted is
//! a fault. Owns the process, its end, and the order of messages of each request. Must not know what a cell means.
//! Read [`KernelProcess`] first, then [`Transcript`].

use super::{CANDLEWICK, Home, eventually, with_compiler};
use candlewick_jupyter::front_end::{FrontEnd, free_connection, line};
use candlewick_jupyter::{Channel, Connection, Message};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long to wait for any one message: far more than a busy machine needs.
const LIMIT: Duration = Duration::from_secs(120);

/// `candlewick kernel` in a home of its own; ends with this value.
pub struct KernelProcess {
    /// Where it was started; temporary files are in `tmp` of it.
    pub home: Home,
    /// Where it listens.
    pub connection: Connection,
    process: Child,
    runtime: Arc<Runtime>,
}

impl KernelProcess {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_in(Home::new())
    }

    /// Starts one in a home in which something has been prepared.
    pub fn start_in(home: Home) -> Self {
        Self::start_with(home, |_| ())
    }

    /// The same, with its command changed.
    pub fn start_with(home: Home, change: impl FnOnce(&mut Command)) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let connection = runtime.block_on(free_connection()).unwrap();
        connection.write(&home.join("connection.json")).unwrap();
        let temporary = home.join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut command = with_compiler(home.command(CANDLEWICK));
        command.args(["kernel", "--connection-file", "connection.json"]).env("TMPDIR", temporary);
        change(&mut command);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { home, connection, process, runtime: Arc::new(runtime) }
    }

    /// A new client; nothing published from now on is missed.
    pub fn client(&self) -> Client {
        let mut front_end = self.runtime.block_on(FrontEnd::connect(&self.connection)).unwrap();
        front_end.limit = LIMIT;
        Client { front_end, runtime: self.runtime.clone(), arrived: VecDeque::new() }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal to the kernel process.
    pub fn signal(&self, signal: i32) {
        send_signal(self.process.id(), signal);
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the end of the kernel process", || self.process.try_wait().unwrap())
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal to a process that a test, or a kernel of it, started.
pub fn send_signal(pid: u32, signal: i32) {
    // SAFETY: the call takes two numbers; a process that has ended is no fault.
    unsafe { libc::kill(pid.cast_signed(), signal) };
}

/// Stops a process and waits until each of its threads stands: the signal reaches them one after the other.
pub fn stop(pid: u32) {
    send_signal(pid, libc::SIGSTOP);
    while !states(pid).all(|state| state == Some('T')) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The letter of each thread's state, as the system shows it.
fn states(pid: u32) -> impl Iterator<Item = Option<char>> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.map(|thread| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        stat.rsplit(')').next()?.trim_start().chars().next()
    })
}

/// A client with the messages that came and were not asked for yet.
pub struct Client {
    front_end: FrontEnd,
    runtime: Arc<Runtime>,
    arrived: VecDeque<(Channel, Message)>,
}

impl Client {
    /// Sends a cell and sees it begin.
    pub fn cell(&mut self, code: &str) -> Transcript<'_> {
        let mut transcript = self.ask(Channel::Shell, "execute_request", json!({"code": code, "allow_stdin": true}));
        transcript.busy();
        let begun = transcript.published();
        assert_eq!(begun.msg_type(), "execute_input", "{}", line(&begun));
        assert_eq!(begun.content["code"], code);
        transcript
    }

    /// Sends a cell that must give this result and show nothing else.
    pub fn gives(&mut self, code: &str, text: &str) {
        self.cell(code).results(text).idle().answers_ok();
    }

    /// Sends a request.
    pub fn ask(&mut self, channel: Channel, msg_type: &str, content: Value) -> Transcript<'_> {
        let parent = self.send(channel, msg_type, content);
        self.of(parent)
    }

    /// Sends a request and gives its id, to be followed later.
    pub fn send(&mut self, channel: Channel, msg_type: &str, content: Value) -> String {
        self.runtime.block_on(self.front_end.send(channel, msg_type, content)).unwrap()
    }

    /// The transcript of a request that was sent before.
    pub fn of(&mut self, parent: String) -> Transcript<'_> {
        Transcript { client: self, parent, ahead: None }
    }

    /// The content of a reply on control, with its busy and idle.
    pub fn control(&mut self, msg_type: &str, content: Value) -> Value {
        self.ask(Channel::Control, msg_type, content).busy().idle().reply().content
    }

    /// The process id of the compiler, if one runs.
    pub fn compiler(&mut self) -> Option<u32> {
        let usage = self.control("usage_request", json!({}));
        usage["compiler_pid"].as_u64().map(|pid| u32::try_from(pid).unwrap())
    }

    /// The process id of the worker that runs now.
    pub fn worker(&mut self) -> u32 {
        let usage = self.control("usage_request", json!({}));
        u32::try_from(usage["worker_pid"].as_u64().unwrap_or_else(|| panic!("no worker_pid in {usage}"))).unwrap()
    }

    /// Whether the heartbeat comes back.
    pub fn beats(&mut self) {
        self.runtime.block_on(self.front_end.heartbeat()).unwrap();
    }

    /// The next message that fits, whenever it came; others stay.
    fn next(&mut self, what: &str, fits: impl Fn(Channel, &Message) -> bool) -> Message {
        if let Some(at) = self.arrived.iter().position(|(channel, message)| fits(*channel, message)) {
            return self.arrived.remove(at).unwrap().1;
        }
        loop {
            let next = self.runtime.block_on(self.front_end.next_message());
            let (channel, message) = next.unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
            if fits(channel, &message) {
                return message;
            }
            self.arrived.push_back((channel, message));
        }
    }
}

/// The messages of one request, in order.
pub struct Transcript<'a> {
    client: &'a mut Client,
    parent: String,
    /// Read while text was collected, and not text.
    ahead: Option<Message>,
}

impl Transcript<'_> {
    /// The next published message of this request. While a cell runs the kernel says again that it is busy after
    /// every other request; that is no output.
    pub fn published(&mut self) -> Message {
        loop {
            let message = self.next_published();
            if line(&message) != "busy" {
                return message;
            }
        }
    }

    fn next_published(&mut self) -> Message {
        if let Some(message) = self.ahead.take() {
            return message;
        }
        let parent = self.parent.clone();
        self.client
            .next("a published message", |channel, message| channel == Channel::IoPub && message.parent_id() == parent)
    }

    /// Its reply, whenever it came.
    pub fn reply(&mut self) -> Message {
        let parent = self.parent.clone();
        self.client.next("the reply", |channel, message| {
            matches!(channel, Channel::Shell | Channel::Control) && message.parent_id() == parent
        })
    }

    /// A question to the user with this prompt.
    pub fn asks(&mut self, prompt: &str) -> &mut Self {
        let parent = self.parent.clone();
        let asked = self
            .client
            .next("a question", |channel, message| channel == Channel::Stdin && message.parent_id() == parent);
        assert_eq!((asked.msg_type(), &asked.content["prompt"]), ("input_request", &json!(prompt)));
        self
    }

    /// The request is being handled.
    pub fn busy(&mut self) -> &mut Self {
        let message = self.next_published();
        assert_eq!(line(&message), "busy");
        self
    }

    /// It is no longer, and nothing was shown that was not named.
    pub fn idle(&mut self) -> &mut Self {
        self.expect("idle")
    }

    /// Text on standard output, in however many messages, up to the next message of another kind.
    pub fn prints(&mut self, text: &str) -> &mut Self {
        let printed = self.stream("stdout");
        assert!(printed == text, "printed {} bytes, expected {}:\n{printed:.2000}", printed.len(), text.len());
        self
    }

    /// The same, whatever it is.
    pub fn stream(&mut self, name: &str) -> String {
        let mut text = String::new();
        loop {
            let message = self.published();
            if message.msg_type() != "stream" || message.content["name"] != name {
                self.ahead = Some(message);
                return text;
            }
            text += message.content["text"].as_str().unwrap();
        }
    }

    /// The value of the last expression.
    pub fn results(&mut self, text: &str) -> &mut Self {
        self.expect(&format!("execute_result: {text}"))
    }

    /// A message of this type, whatever it says.
    pub fn says(&mut self, msg_type: &str) -> &mut Self {
        let message = self.published();
        assert_eq!(message.msg_type(), msg_type, "{}", line(&message));
        self
    }

    /// An error of this name.
    pub fn fails(&mut self, name: &str) -> &mut Self {
        let message = self.published();
        assert_eq!((message.msg_type(), &message.content["ename"]), ("error", &json!(name)), "{}", line(&message));
        self
    }

    /// The reply has status ok.
    pub fn answers_ok(&mut self) {
        let reply = self.reply();
        assert_eq!(reply.content["status"], "ok", "{}", reply.content);
    }

    /// The reply is the error of this name; gives its text.
    pub fn answers_error(&mut self, name: &str) -> String {
        let reply = self.reply().content;
        assert_eq!((&reply["status"], &reply["ename"]), (&json!("error"), &json!(name)), "{reply}");
        reply["evalue"].as_str().unwrap().to_owned()
    }

    /// Everything up to idle, unread: for cells of which it is open what they show.
    pub fn until_idle(&mut self) -> Vec<Message> {
        let mut published = Vec::new();
        loop {
            let message = self.published();
            if line(&message) == "idle" {
                return published;
            }
            published.push(message);
        }
    }

    fn expect(&mut self, what: &str) -> &mut Self {
        let message = self.published();
        let found = line(&message);
        assert!(found == what, "expected `{what}`, found `{found:.2000}`");
        self
    }
}
