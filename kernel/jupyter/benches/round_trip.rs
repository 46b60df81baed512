//! Times over real sockets, kernel and client in one process: a cell's reply and idle, a heartbeat, 100,000 lines.
//!
//! `cargo bench --profile dev -p candlewick-jupyter`. Reports the minimum and the median; a busy machine moves the median.

#![allow(clippy::unwrap_used)] // what fails here fails the test or bench that calls it

#[path = "../tests/it/toy.rs"]
mod toy;

use candlewick_jupyter::StreamName;
use candlewick_jupyter::front_end::FrontEnd;
use std::io::Write;
use std::time::{Duration, Instant};

const ROUNDS: usize = 2000;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let (mut front_end, _served, connection) = toy::start().await;
    report("cell: reply and idle", cells(&mut front_end).await);
    report("heartbeat", heartbeats(&mut front_end).await);
    report("100,000 lines printed one by one", lines(&mut front_end).await);
    let mut connecting = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        FrontEnd::connect(&connection).await.unwrap();
        connecting.push(started.elapsed());
    }
    report("connect all five channels, welcome included", connecting);
}

async fn cells(front_end: &mut FrontEnd) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        front_end.execute("1+1").await.unwrap();
        times.push(started.elapsed());
    }
    times
}

async fn heartbeats(front_end: &mut FrontEnd) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        times.push(front_end.heartbeat().await.unwrap());
    }
    times
}

async fn lines(front_end: &mut FrontEnd) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let done = front_end.execute("lines 100000").await.unwrap();
        times.push(started.elapsed());
        assert_eq!(done.text(StreamName::Stdout).lines().count(), 100_000);
    }
    times
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let (least, median) = (times[0], times[times.len() / 2]);
    let _ = writeln!(std::io::stdout(), "{what}: minimum {least:.3?}, median {median:.3?} of {}", times.len());
}
