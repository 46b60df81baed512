//! What answers in the place of a compiler that cannot be started: whoever waits is told why, instead of waiting on.
//!
//! Must not know why. Read [`refuse`] first.

use crate::compiler::await_connection;
use crate::link_reader::LinkReader;
use crate::link_writer::LinkWriter;
use candlewick_link::{CompilerIs, FrameWriter, FromCompiler, Problem, ToCompiler};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// Answers every request with this reason, for so long. Then the connections are closed, so that who needs a compiler
/// connects anew.
pub async fn refuse(listener: &AsyncFd<UnixListener>, reason: &str, length: Duration) {
    let end = Instant::now() + length;
    let mut connections = JoinSet::new();
    while let Ok(Ok(())) = timeout_at(end, await_connection(listener)).await {
        // One that has gone meanwhile is accepted nevertheless: this does not wait.
        match listener.get_ref().accept() {
            Ok((connection, _)) => drop(connections.spawn(answer(connection, reason.to_owned()))),
            // No descriptor is left: one may be soon.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
        if Instant::now() >= end {
            return;
        }
    }
}

/// Until the other side closes, or sends what cannot be read.
async fn answer(connection: UnixStream, reason: String) {
    let (Ok(near), Ok(mut reader)) = (connection.try_clone(), LinkReader::<ToCompiler>::new(connection)) else {
        return;
    };
    let mut writer = FrameWriter::new(LinkWriter::new(near));
    while let Ok(Some(message)) = reader.receive().await {
        let ToCompiler::Request { id, .. } = message else { continue };
        let reply = FromCompiler::Reply { id, is: CompilerIs::Failed(problem(&reason)) };
        if writer.send(&reply).is_err() {
            return;
        }
    }
}

fn problem(reason: &str) -> Problem {
    let mut traceback: Vec<String> = reason.lines().map(str::to_owned).collect();
    let name = "CompilerNotStarted";
    if let Some(first) = traceback.first_mut() {
        *first = format!("\u{1b}[31m{name}\u{1b}[0m: {first}");
    }
    Problem { name: name.into(), message: reason.into(), traceback }
}
