//! What clients may do to the sockets: forge, replay, cut, stall, come twice, leave; and how serving starts and ends.

use crate::toy::{Toy, connection, serve, start};
use bytes::Bytes;
use candlewick_jupyter::front_end::{FrontEnd, free_connection};
use candlewick_jupyter::{Channel, Connection, Ended, JupyterError, Server, StreamName, Transport};
use serde_json::{Map, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_messages_get_no_reply_and_do_no_harm() {
    let (mut front_end, _served, _) = start().await;
    for channel in [Channel::Shell, Channel::Control, Channel::Stdin] {
        let good = front_end.frames("kernel_info_request", json!({}), Map::new());
        for length in 1..good.len() {
            front_end.send_frames(channel, good[..length].to_vec()).await.unwrap();
        }
        let mut forged = good.clone();
        forged[1] = Bytes::from("0".repeat(64));
        front_end.send_frames(channel, forged).await.unwrap();
        front_end.send_frames(channel, vec![Bytes::from_static(b"\0\xFF"); 50]).await.unwrap();
    }
    for channel in [Channel::Shell, Channel::Control] {
        let info = front_end.request(channel, "kernel_info_request", json!({})).await.unwrap();
        assert_eq!(info.transcript(), ["busy", "idle"]);
    }
    front_end.limit = Duration::from_millis(100);
    let nothing = front_end.next_message().await.unwrap_err();
    assert!(matches!(nothing, JupyterError::Silent { .. }), "{nothing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_cell_runs_once() {
    let (mut front_end, _served, _) = start().await;
    let frames = front_end.frames("execute_request", json!({"code": "1"}), Map::new());
    front_end.send_frames(Channel::Shell, frames.clone()).await.unwrap();
    assert_eq!(front_end.execute("2").await.unwrap().content()["execution_count"], 2);
    for channel in [Channel::Shell, Channel::Control] {
        front_end.send_frames(channel, frames.clone()).await.unwrap();
    }
    assert_eq!(front_end.execute("3").await.unwrap().content()["execution_count"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_on_the_ports_do_no_harm() {
    let (mut front_end, _served, connection) = start().await;
    let ports = [connection.shell_port, connection.iopub_port, connection.control_port, connection.hb_port];
    let mut streams = Vec::new();
    for port in ports {
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xFF; 200], &[0; 64], b""] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(bytes).unwrap();
            streams.push(stream);
        }
    }
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
    front_end.heartbeat().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_subscriber_is_welcomed() {
    let (first, _served, connection) = start().await;
    let second = FrontEnd::connect(&connection).await.unwrap();
    for front_end in [first, second] {
        let welcome = front_end.welcome.unwrap();
        assert_eq!((welcome.msg_type(), &welcome.content), ("iopub_welcome", &json!({"subscription": ""})));
        assert!(welcome.parent_header.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_see_all_outputs_and_their_own_replies() {
    let (mut first, _served, connection) = start().await;
    let mut second = FrontEnd::connect(&connection).await.unwrap();
    let id = first.send(Channel::Shell, "execute_request", json!({"code": "print x"})).await.unwrap();
    assert_eq!(first.collect(&id).await.unwrap().text(StreamName::Stdout), "x");
    let seen = second.collect_published(&id).await.unwrap();
    assert_eq!(seen.len(), 4);
    assert_eq!(second.execute("2").await.unwrap().content()["execution_count"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_at_once_get_their_own_replies_and_may_interrupt_each_other() {
    let (mut first, _served, connection) = start().await;
    let mut second = FrontEnd::connect(&connection).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..50 {
        let content = |who: &str| json!({"code": format!("print {who}{n}")});
        let of_first = first.send(Channel::Shell, "execute_request", content("a")).await.unwrap();
        ids.push((of_first, second.send(Channel::Shell, "execute_request", content("b")).await.unwrap()));
    }
    for (n, (of_first, of_second)) in ids.iter().enumerate() {
        assert_eq!(first.collect(of_first).await.unwrap().text(StreamName::Stdout), format!("a{n}"));
        assert_eq!(second.collect(of_second).await.unwrap().text(StreamName::Stdout), format!("b{n}"));
        assert_eq!(first.collect_published(of_second).await.unwrap().len(), 4, "the other's outputs come here too");
    }
    let mut cell = first.cell("wait").await.unwrap();
    second.ask(Channel::Control, "interrupt_request", json!({})).await.unwrap().ends().await.unwrap();
    cell.shows("input 101").await.unwrap();
    cell.shows("error Interrupted: the cell was interrupted").await.unwrap();
    assert_eq!(cell.ends().await.unwrap().content["status"], "error");
    assert_eq!(second.execute("1").await.unwrap().content()["execution_count"], 102);
}

/// Subscribes by hand and then never reads.
fn stalled_subscriber(connection: &Connection) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", connection.iopub_port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut greeting = [0u8; 64];
    (greeting[0], greeting[9], greeting[10]) = (0xFF, 0x7F, 3);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    stream.write_all(b"\x04\x19\x05READY\x0BSocket-Type\x00\x00\x00\x03SUB").unwrap();
    stream.write_all(b"\x00\x01\x01").unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_reading_is_dropped_and_the_others_get_all() {
    let (mut front_end, _served, connection) = start().await;
    let mut stalled = stalled_subscriber(&connection);
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("iopub_welcome") {
        let mut byte = [0];
        stalled.read_exact(&mut byte).unwrap();
        seen.extend(byte);
    }
    let done = front_end.execute("flood 64").await.unwrap();
    assert_eq!(done.published.iter().filter(|m| m.msg_type() == "display_data").count(), 64);
    let mut all = Vec::new();
    stalled.read_to_end(&mut all).unwrap();
    assert!(all.len() < 64 << 20, "it was dropped before the end");
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_replies_and_drains() {
    let (mut front_end, served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "lines 100000"})).await.unwrap();
    let end = front_end.send(Channel::Shell, "shutdown_request", json!({"restart": true})).await.unwrap();
    assert_eq!(served.await.unwrap(), Ended { restart: true });
    let done = front_end.collect(&cell).await.unwrap();
    assert_eq!(done.text(StreamName::Stdout).lines().count(), 100_000);
    let end = front_end.collect(&end).await.unwrap();
    assert_eq!(*end.content(), json!({"status": "ok", "restart": true}));
    assert_eq!(end.transcript(), ["busy", "shutdown_reply", "idle"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_on_control_ends_the_cell_that_runs() {
    let (mut front_end, served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "wait"})).await.unwrap();
    let next = front_end.send(Channel::Shell, "execute_request", json!({"code": "2"})).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let end = front_end.request(Channel::Control, "shutdown_request", json!({})).await.unwrap();
    assert_eq!(*end.content(), json!({"status": "ok", "restart": false}));
    assert_eq!(served.await.unwrap(), Ended { restart: false });
    assert_eq!(front_end.collect(&cell).await.unwrap().content()["ename"], "Interrupted");
    drop(next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipc_works_and_replaces_what_a_dead_kernel_left() {
    let directory = tempfile::tempdir().unwrap();
    let ip = directory.path().join("kernel").display().to_string();
    let ports = [1, 2, 3, 4, 5];
    drop(std::os::unix::net::UnixListener::bind(format!("{ip}-1")).unwrap());
    let ipc = Connection {
        transport: Transport::Ipc,
        ip,
        shell_port: ports[0],
        iopub_port: ports[1],
        stdin_port: ports[2],
        control_port: ports[3],
        hb_port: ports[4],
        ..connection()
    };
    let (ipc, _served) = serve(&ipc).await;
    let mut front_end = FrontEnd::connect(&ipc).await.unwrap();
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
    front_end.heartbeat().await.unwrap();
    let error = Server::bind(&ipc).await.err().unwrap();
    assert!(matches!(error, JupyterError::InUse { channel: Channel::Shell, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_served_connection_is_refused_with_the_reason() {
    let (_front_end, _served, connection) = start().await;
    let error = Server::bind(&connection).await.err().unwrap().to_string();
    assert!(error.contains("shell") && error.contains("another process listens already"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_come_before_the_kernel_and_serving_can_be_stopped() {
    let connection = free_connection().await.unwrap();
    let early = tokio::spawn({
        let connection = connection.clone();
        async move { FrontEnd::connect(&connection).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let server = Server::bind(&connection).await.unwrap();
    let (outputs, stopper) = (server.outputs(), server.stopper());
    let served = tokio::spawn(server.serve(Arc::new(Toy::default())));
    let mut front_end = early.await.unwrap();
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
    outputs.stream(StreamName::Stderr, "last words").await;
    stopper.stop();
    assert_eq!(served.await.unwrap(), Ended { restart: false });
    let mut last = front_end.next_message().await.unwrap().1;
    while last.msg_type() != "stream" {
        last = front_end.next_message().await.unwrap().1;
    }
    assert_eq!(last.content["text"], "last words");
    assert!(last.parent_header.is_empty());
}
