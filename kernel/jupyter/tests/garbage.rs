//! 10,000 forged, cut, random and replayed messages on each of the five sockets, twice: the kernel goes on answering, and
//! the second time takes no more memory than the first. A process of its own, because it measures its memory.

#![allow(clippy::unwrap_used)] // what fails here fails the test

#[path = "it/toy.rs"]
mod toy;

use bytes::Bytes;
use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{Channel, Connection, Message, Session};
use serde_json::{Map, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use toy::start;

const MESSAGES: usize = 10_000;
/// What an allocator may keep without being a leak; 10,000 kept messages of one round would take more.
const SLACK: usize = 4 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_every_socket_leaves_no_trace() {
    let (mut front_end, served, connection) = start().await;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    round(&mut front_end, &connection, &mut random).await;
    let before = resident();
    round(&mut front_end, &connection, &mut random).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < SLACK, "{grown} bytes more than after the first round");
    assert_eq!(front_end.execute("1").await.unwrap().content()["execution_count"], 1, "nothing of it was run");
    front_end.heartbeat().await.unwrap();
    served.abort();
}

async fn round(front_end: &mut FrontEnd, connection: &Connection, random: &mut Random) {
    for channel in Channel::ALL {
        let valid = front_end.frames("execute_request", json!({"code": "print never"}), Map::new());
        let garbage: Vec<u8> = (0..MESSAGES).flat_map(|n| message(&bad(n, &valid, random))).collect();
        let mut raw = connect(connection, channel);
        let mut reader = raw.try_clone().unwrap();
        let read = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        // The kernel may hang up on what is no message.
        let _ = raw.write_all(&garbage);
        strangers(connection, channel, random);
        for channel in [Channel::Shell, Channel::Control] {
            let info = front_end.request(channel, "kernel_info_request", json!({})).await.unwrap();
            assert_eq!(info.transcript(), ["busy", "idle"]);
        }
        // It reads to the end and hangs up then.
        let _ = raw.shutdown(Shutdown::Write);
        let _ = read.join().unwrap();
    }
    // Connections that were closed are forgotten a little later.
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// The frames of a message that must not be taken, of one kind after the other.
fn bad(n: usize, valid: &[Bytes], random: &mut Random) -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = valid.iter().map(|frame| frame.to_vec()).collect();
    match n % 6 {
        // Cut.
        0 => frames.truncate(n / 6 % valid.len()),
        // A signature that is not one.
        1 => frames[1] = random.bytes(64),
        // Signed for another text.
        2 => frames[5] = format!("{{\"code\":\"{n}\"}}").into(),
        // Signed with another key.
        3 => {
            let session = Session::new(&random.bytes(8), "");
            frames[1] = session.sign([2, 3, 4, 5].map(|n| &*valid[n])).into();
        }
        // Random frames behind a delimiter.
        4 => (1..frames.len()).for_each(|n| frames[n] = random.bytes(20)),
        // Nothing of a message.
        _ => frames = (0..n % 7).map(|_| random.bytes(n % 300)).collect(),
    }
    frames
}

/// Connections that are not ZMTP, or stop in the middle of it.
fn strangers(connection: &Connection, channel: Channel, random: &mut Random) {
    for n in 0..50 {
        let mut stream = TcpStream::connect(("127.0.0.1", port(connection, channel))).unwrap();
        let mut bytes = if n % 2 == 0 { Vec::new() } else { hello(channel) };
        bytes.truncate(n * 4);
        bytes.extend(random.bytes(n * 20));
        let _ = stream.write_all(&bytes);
    }
}

/// A connection by hand, after its handshake.
fn connect(connection: &Connection, channel: Channel) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port(connection, channel))).unwrap();
    stream.write_all(&hello(channel)).unwrap();
    stream.read_exact(&mut [0; 64]).unwrap();
    stream
}

fn hello(channel: Channel) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    (bytes[0], bytes[9], bytes[10]) = (0xFF, 0x7F, 3);
    bytes[12..16].copy_from_slice(b"NULL");
    let socket_type: &[u8] = if channel == Channel::IoPub { b"SUB" } else { b"DEALER" };
    let mut ready = b"\x05READY\x0BSocket-Type\0\0\0".to_vec();
    ready.push(u8::try_from(socket_type.len()).unwrap());
    ready.extend(socket_type);
    bytes.extend([4, u8::try_from(ready.len()).unwrap()]);
    bytes.extend(ready);
    bytes
}

fn message(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        bytes.push(2 | u8::from(n + 1 < frames.len()));
        bytes.extend((frame.len() as u64).to_be_bytes());
        bytes.extend(frame);
    }
    bytes
}

fn port(connection: &Connection, channel: Channel) -> u16 {
    match connection.address(channel) {
        candlewick_jupyter::Address::Tcp(_, port) => port,
        candlewick_jupyter::Address::Ipc(path) => panic!("{}", path.display()),
    }
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// xorshift64: the same garbage every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_be_bytes()[0]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// The first check that the messages above are what they are meant to be.
#[test]
fn none_of_the_garbage_is_a_message() {
    let session = Session::new(b"key", "");
    let dictionaries: [&[u8]; 4] = [br#"{"msg_id":"a","msg_type":"t"}"#, b"{}", b"{}", br#"{"code":"x"}"#];
    let mut valid = vec![Bytes::from_static(b"<IDS|MSG>"), Bytes::from(session.sign(dictionaries))];
    valid.extend(dictionaries.map(Bytes::from_static));
    assert!(Message::from_frames(&session, &valid).is_ok());
    let mut random = Random(1);
    for n in 0..600 {
        let frames: Vec<Bytes> = bad(n, &valid, &mut random).into_iter().map(Bytes::from).collect();
        assert!(Message::from_frames(&session, &frames).is_err(), "{n}");
    }
}
