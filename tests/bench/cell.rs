//! What a cell takes in the whole kernel: process to process over real sockets, with a client that costs next to
//! nothing itself, so that what is left is the kernel's own.
//!
//! `cargo bench --profile dev -p candlewick-kernel --bench cell`. Reports minimum and median; a busy machine moves the
//! median. Jupyter's own client adds about 0.1 ms a message: see `tests/latency.py`.

#![allow(clippy::unwrap_used)] // what fails here fails the bench

use candlewick_jupyter::front_end::{FrontEnd, free_connection};
use candlewick_jupyter::{Channel, StreamName};
use serde_json::json;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kernel.json");
    let connection = free_connection().await.unwrap();
    connection.write(&file).unwrap();
    let begun = Instant::now();
    let mut kernel = Command::new(env!("CARGO_BIN_EXE_candlewick"))
        .args(["kernel", "--connection-file"])
        .arg(&file)
        .current_dir(directory.path())
        .spawn()
        .unwrap();
    let mut client = FrontEnd::connect(&connection).await.unwrap();
    report("start to a connected client", vec![begun.elapsed()]);
    client.execute("1+1").await.unwrap();
    report("start to the first result", vec![begun.elapsed()]);
    report("kernel_info: reply and idle", requests(&mut client, "kernel_info_request", "").await);
    report("1+1: reply and idle", requests(&mut client, "execute_request", "1+1").await);
    report("completion of `lin`: reply and idle", requests(&mut client, "complete_request", "lin").await);
    report("100,000 lines printed one by one", lines(&mut client).await);
    report("interrupt of a loop to its reply", interrupts(&mut client, "loop { }").await);
    let fit = "let net = sequential([linear(64, 128), relu(), linear(128, 10)]);
        let run = fit(net, dataset(\"digits\"), #{ epochs: 100000, validation: 0.2, metrics: [\"accuracy\"] });";
    client.execute(fit).await.unwrap();
    report("interrupt of training to its reply", interrupts(&mut client, "run.resume()").await);
    let _ = client.request(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    kernel.wait().unwrap();
}

async fn requests(client: &mut FrontEnd, msg_type: &str, code: &str) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        client.request(Channel::Shell, msg_type, json!({"code": code})).await.unwrap();
        times.push(started.elapsed());
    }
    times
}

async fn lines(client: &mut FrontEnd) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let done = client.execute("for i in 0..100000 { print(i); }").await.unwrap();
        times.push(started.elapsed());
        assert_eq!(done.text(StreamName::Stdout).lines().count(), 100_000);
    }
    times
}

async fn interrupts(client: &mut FrontEnd, code: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..20 {
        let id = client.send(Channel::Shell, "execute_request", json!({"code": code})).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        let started = Instant::now();
        client.send(Channel::Control, "interrupt_request", json!({})).await.unwrap();
        client.collect(&id).await.unwrap();
        times.push(started.elapsed());
    }
    times
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let (least, median) = (times[0], times[times.len() / 2]);
    let _ = writeln!(std::io::stdout(), "{what}: minimum {least:.3?}, median {median:.3?} of {}", times.len());
}
