//! The kernel that the tests of this crate serve: each cell's first word says what it does. Waiting cells end with
//! an interrupt, which is remembered when it comes before them.

use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{
    CompleteReply, CompleteRequest, Connection, Ended, ExecuteReply, ExecuteRequest, Failure, Kernel, KernelInfo,
    Match, Message, MimeBundle, Outputs, Server, StreamName, Transport,
};
use serde_json::{Value, json};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

#[derive(Default)]
pub struct Toy {
    interrupted: Notify,
    released: (Mutex<bool>, Condvar),
}

impl Kernel for Toy {
    async fn kernel_info(&self) -> KernelInfo {
        KernelInfo { implementation: "toy".into(), ..KernelInfo::default() }
    }

    async fn execute(&self, request: ExecuteRequest, outputs: Outputs) -> ExecuteReply {
        let (word, rest) = request.code.split_once(' ').unwrap_or((&request.code, ""));
        match word {
            "print" => outputs.stream(StreamName::Stdout, rest).await,
            "lines" => {
                for n in 0..rest.parse().unwrap() {
                    outputs.stream(StreamName::Stdout, format!("{n}\n")).await;
                }
            }
            "mix" => mix(&outputs).await,
            "flood" => {
                for _ in 0..rest.parse().unwrap() {
                    outputs.display(MimeBundle::text("x".repeat(1 << 20)), None).await;
                }
            }
            "ask" => return ask(rest, &outputs).await,
            "maybe" => return withdraw(&self.interrupted, &outputs).await,
            "turns" => {
                for n in 0..rest.parse().unwrap() {
                    let name = if n % 2 == 0 { StreamName::Stdout } else { StreamName::Stderr };
                    outputs.stream(name, format!("{n}\n")).await;
                }
            }
            "shows" => {
                for n in 0..rest.parse().unwrap() {
                    outputs.display(MimeBundle::text(n.to_string()), None).await;
                }
            }
            "megabytes" => {
                let text = || "x".repeat(rest.parse::<usize>().unwrap() << 20);
                outputs.display(MimeBundle::text(text()), None).await;
                outputs.update_display(MimeBundle::text(text()), "id").await;
                // Each of these bytes takes six when it is written as JSON.
                outputs.execute_result(MimeBundle::text("\u{1}".repeat(text().len() / 6))).await;
            }
            "text" => outputs.stream(StreamName::Stdout, "é".repeat(rest.parse().unwrap())).await,
            "fail" => return ExecuteReply::Error(Failure::new("Failed", rest)),
            "panic" => panic!("{rest}"),
            "late" => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                return ExecuteReply::Error(Failure::new("Failed", rest));
            }
            "block" => drop(self.released.1.wait_while(self.released.0.lock().unwrap(), |released| !*released)),
            "wait" => {
                self.interrupted.notified().await;
                return ExecuteReply::Error(Failure::new("Interrupted", "the cell was interrupted"));
            }
            _ => outputs.execute_result(MimeBundle::text(request.code.clone())).await,
        }
        let values = request.user_expressions.into_iter().map(|(name, code)| (name, Ok(MimeBundle::text(code))));
        ExecuteReply::Ok { user_expressions: values.collect(), payload: Vec::new() }
    }

    async fn interrupt(&self) {
        self.interrupted.notify_one();
        *self.released.0.lock().unwrap() = true;
        self.released.1.notify_all();
    }

    async fn shutdown(&self, _restart: bool) {
        self.interrupted.notify_one();
    }

    async fn complete(&self, request: CompleteRequest) -> CompleteReply {
        let matches = vec![Match { text: "print".into(), kind: "keyword".into(), signature: String::new() }];
        CompleteReply { matches, cursor_start: 0, cursor_end: request.cursor_pos }
    }

    fn is_beside_cells(&self, message: &Message) -> bool {
        assert_ne!(message.content["code"], "panic", "on purpose");
        message.content["code"] == "beside"
    }

    fn comm_arrived(&self, message: &Message) {
        assert_ne!(message.content["comm_id"], "panic", "on purpose");
        if message.content["comm_id"] == "release" {
            self.interrupted.notify_one();
        }
    }

    async fn comm(&self, message: Message, outputs: Outputs) -> bool {
        let known = message.content["target_name"] == "echo" || message.content["comm_id"] == "e";
        if known {
            let buffers = message.buffers.clone();
            outputs.publish("comm_msg", message.content.clone(), message.metadata.clone(), buffers).await;
        }
        known
    }

    async fn other(&self, request: Message, _outputs: Outputs) -> Option<Value> {
        (request.msg_type() == "usage_request").then(|| json!({"header": request.header}))
    }
}

/// Prints, asks for each word of `prompts` and prints what was said; the prompt `secret` asks for a password.
async fn ask(prompts: &str, outputs: &Outputs) -> ExecuteReply {
    for prompt in prompts.split_whitespace() {
        outputs.stream(StreamName::Stdout, format!("{prompt}? ")).await;
        match outputs.input(prompt, prompt == "secret").await {
            Ok(answer) => outputs.stream(StreamName::Stdout, format!("{answer}\n")).await,
            Err(error) => return ExecuteReply::Error(Failure::new("InputError", error.to_string())),
        }
    }
    ExecuteReply::ok()
}

/// Asks until it is interrupted, then asks again.
async fn withdraw(interrupted: &Notify, outputs: &Outputs) -> ExecuteReply {
    tokio::select! {
        _ = outputs.input("first", false) => return ExecuteReply::Error(Failure::new("Failed", "it was answered")),
        () = interrupted.notified() => {}
    }
    ask("second", outputs).await
}

/// Every kind of output once, updates and streams mixed.
async fn mix(outputs: &Outputs) {
    outputs.stream(StreamName::Stdout, "a").await;
    outputs.stream(StreamName::Stdout, "b").await;
    outputs.display(MimeBundle::text("shown"), Some("d")).await;
    for n in 0..100 {
        outputs.update_display(MimeBundle::text(n.to_string()), "d").await;
    }
    outputs.stream(StreamName::Stderr, "c").await;
    outputs.clear_output(true).await;
    outputs.stream(StreamName::Stdout, "d").await;
}

/// A kernel served in this process on free ports, and a client connected to it.
pub async fn start() -> (FrontEnd, JoinHandle<Ended>, Connection) {
    let (connection, served) = serve(&connection()).await;
    (FrontEnd::connect(&connection).await.unwrap(), served, connection)
}

pub async fn serve(connection: &Connection) -> (Connection, JoinHandle<Ended>) {
    let server = Server::bind(connection).await.unwrap();
    let connection = server.connection().clone();
    (connection, tokio::spawn(server.serve(Arc::new(Toy::default()))))
}

/// Free ports are taken when the kernel binds.
pub fn connection() -> Connection {
    Connection {
        transport: Transport::Tcp,
        ip: "127.0.0.1".into(),
        shell_port: 0,
        iopub_port: 0,
        stdin_port: 0,
        control_port: 0,
        hb_port: 0,
        key: "a key for tests".into(),
        signature_scheme: "hmac-sha256".into(),
        kernel_name: None,
        curve_publickey: None,
        curve_secretkey: None,
    }
}
