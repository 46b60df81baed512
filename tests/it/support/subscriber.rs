//! A subscriber of IOPub that reads nothing, written on a bare TCP stream: a library would read by itself.

use candlewick_jupyter::{Address, Channel, Connection};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Subscribes to everything and never reads again; ends with the stream.
pub fn stalled(connection: &Connection) -> TcpStream {
    let Address::Tcp(host, port) = connection.address(Channel::IoPub) else { panic!("not TCP") };
    let mut stream = TcpStream::connect((host, port)).unwrap();
    // ZMTP 3.0 (rfc.zeromq.org/spec/23): signature, version, mechanism NULL, as a client.
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    stream.read_exact(&mut [0; 64]).unwrap();
    let ready = b"\x05READY\x0bSocket-Type\0\0\0\x03SUB";
    stream.write_all(&[4, u8::try_from(ready.len()).unwrap()]).unwrap();
    stream.write_all(ready).unwrap();
    let mut theirs = [0; 2];
    stream.read_exact(&mut theirs).unwrap();
    stream.read_exact(&mut vec![0; usize::from(theirs[1])]).unwrap();
    stream.write_all(&[0, 1, 1]).unwrap(); // a message of one byte, 1: subscribe to everything
    stream
}
