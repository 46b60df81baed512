//! The process that evcxr takes for the one that runs cells: it carries lines between evcxr's pipes and the compiler
//! process, which has the worker run them.
//!
//! Must not know what the lines mean. Read [`main`] first.

use crate::conversation::RELAY;
use std::io::{self, Write};
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
    let (mut from_compiler, mut to_compiler) = (stream.try_clone()?, stream);
    writeln!(to_compiler, "{RELAY}{}", std::process::id())?;
    std::thread::Builder::new().name("answers".into()).spawn(move || {
        // evcxr waits for the end of its pipe only; the error of a broken one changes nothing.
        drop(io::copy(&mut from_compiler, &mut io::stdout().lock()));
        std::process::exit(0);
    })?;
    io::copy(&mut io::stdin().lock(), &mut to_compiler)?;
    to_compiler.shutdown(Shutdown::Both)
}
