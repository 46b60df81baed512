//! The process that evcxr takes for the one that runs cells: it carries lines between evcxr's pipes and the compiler
//! process, which has the worker run them.
//!
//! Must not know what the lines mean. Read [`main`] first.

use crate::conversation::RELAY;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Carries until either side closes; the exit code.
pub fn main(socket: &Path) -> i32 {
    match carry(socket) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn carry(socket: &Path) -> io::Result<()> {
    let stream = UnixStream::connect(socket)?;
    let (from_compiler, mut to_compiler) = (stream.try_clone()?, stream);
    to_compiler.write_all(format!("{RELAY}{}\n", std::process::id()).as_bytes())?;
    std::thread::Builder::new().name("answers".into()).spawn(move || {
        // evcxr waits for the end of its pipe only; the error of a broken one changes nothing.
        drop(copy(from_compiler, io::stdout().lock()));
        std::process::exit(0);
    })?;
    copy(io::stdin().lock(), &to_compiler)?;
    to_compiler.shutdown(Shutdown::Both)
}

/// Not `io::copy`: it has the system move the bytes, and the line feed that evcxr writes by itself stayed in the pipe
/// (tried; one time in two).
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length]).and_then(|()| to.flush())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
