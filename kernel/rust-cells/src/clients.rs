//! Who has connected to the compiler process: the worker, the kernel process.
//!
//! Owns one connection's way out and what is awaited from it. Must not know how requests are served. Read [`Client`] first.

use crate::locked;
use candlewick_link::{Build, CompilerIs, FrameWriter, FromCompiler, Ran};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// One connection.
pub(crate) struct Client {
    number: u64,
    stream: Option<UnixStream>,
    writer: Mutex<FrameWriter<UnixStream, FromCompiler>>,
    answer: Mutex<Answer>,
}

/// What is awaited of a client.
enum Answer {
    Nothing,
    Ran(Sender<Ran>),
    /// It has gone: nothing will come.
    Gone,
}

impl Client {
    /// The client at the other end of this stream.
    pub fn new(number: u64, stream: UnixStream) -> Self {
        let (own, writer) = (stream.try_clone().ok(), Mutex::new(FrameWriter::new(stream)));
        Self { number, stream: own, writer, answer: Mutex::new(Answer::Nothing) }
    }

    /// Tells it from others.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Sends a message; who has gone does not get it.
    pub fn send(&self, message: &FromCompiler) {
        drop(locked(&self.writer).send(message));
    }

    /// Answers a request.
    pub fn reply(&self, id: u64, is: CompilerIs) {
        self.send(&FromCompiler::Reply { id, is });
    }

    /// Closes the connection, so that nothing more is asked of a process that ends.
    pub fn close(&self) {
        if let Some(stream) = &self.stream {
            // Who has gone needs it no more.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Has a cell run and waits until it has; none when the client is gone before.
    pub fn run(&self, build: Build) -> Option<Ran> {
        let (sender, receiver) = channel();
        {
            let mut answer = locked(&self.answer);
            if matches!(*answer, Answer::Gone) {
                return None;
            }
            *answer = Answer::Ran(sender);
        }
        self.send(&FromCompiler::Run(build));
        receiver.recv().ok()
    }

    /// The cell has run; what nobody waits for is not heard.
    pub fn ran(&self, ran: Ran) {
        let mut answer = locked(&self.answer);
        if let Answer::Ran(sender) = std::mem::replace(&mut *answer, Answer::Nothing) {
            drop(sender.send(ran));
        }
    }

    /// The connection has closed: nobody waits for it any longer.
    pub fn leave(&self) {
        *locked(&self.answer) = Answer::Gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::FrameReader;
    use std::sync::Arc;

    #[test]
    fn a_run_ends_with_its_answer_or_with_the_client() {
        let (near, far) = UnixStream::pair().unwrap();
        let client = Arc::new(Client::new(1, near));
        let ask = || {
            let client = Arc::clone(&client);
            std::thread::spawn(move || client.run(Build::default()))
        };
        let mut reader = FrameReader::<_, FromCompiler>::new(far);
        let first = ask();
        assert_eq!(reader.receive().unwrap(), Some(FromCompiler::Run(Build::default())));
        client.ran(Ran { notes: vec!["n".into()], problem: None });
        assert_eq!(first.join().unwrap().unwrap().notes, ["n"]);
        let second = ask();
        reader.receive().unwrap();
        client.leave();
        assert_eq!(second.join().unwrap(), None);
        assert_eq!(ask().join().unwrap(), None);
    }
}
