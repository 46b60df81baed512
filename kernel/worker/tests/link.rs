//! The worker over a real socket pair, with its threads.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

use candlewick_link::{Command, Execute, FrameReader, FrameWriter, FromWorker, Request, StreamName, ToWorker};
use candlewick_worker::{Outbox, Pipes};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

struct Worker {
    send: FrameWriter<UnixStream, ToWorker>,
    receive: FrameReader<UnixStream, FromWorker>,
    thread: JoinHandle<std::io::Result<()>>,
}

fn start() -> Worker {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let thread = std::thread::spawn(move || candlewick_worker::process::serve(theirs, None, |_| ()));
    let mut receive = FrameReader::new(ours.try_clone().unwrap());
    // Before it is ready it tells of the plugins that every session begins with.
    let told = |message: &FromWorker| matches!(message, FromWorker::PluginRegistered(_));
    let first = std::iter::repeat_with(|| receive.receive().unwrap().unwrap()).find(|message| !told(message));
    assert!(matches!(first, Some(FromWorker::Ready { .. })), "{first:?}");
    Worker { send: FrameWriter::new(ours), receive, thread }
}

impl Worker {
    fn execute(&mut self, id: u64, code: &str) {
        let cell = Execute { code: code.to_owned(), cell: id, ..Execute::default() };
        self.send.send(&ToWorker::Request { id, request: Request::Execute(cell) }).unwrap();
    }

    fn next(&mut self) -> FromWorker {
        self.receive.receive().unwrap().unwrap()
    }
}

#[test]
// One test, because the interrupt flag is the process's.
fn cells_answer_in_order_an_interrupt_stops_only_the_one_that_runs_and_the_worker_ends_with_its_link() {
    let mut worker = start();
    worker.execute(1, "print(\"hello\"); 1 + 1");
    assert_eq!(worker.next(), FromWorker::Stream { name: StreamName::Stdout, text: "hello\n".into() });
    assert!(matches!(worker.next(), FromWorker::Result { bundle } if bundle.get("text/plain") == Some("2")));
    assert!(matches!(worker.next(), FromWorker::Finished { id: 1, finished } if finished.problem.is_none()));

    worker.send.send(&ToWorker::Command(Command::Interrupt)).unwrap();
    worker.execute(2, "loop { }");
    worker.send.send(&ToWorker::Command(Command::Interrupt)).unwrap();
    let FromWorker::Finished { id: 2, finished } = worker.next() else { panic!("cell 2 should have ended") };
    assert_eq!(finished.problem.unwrap().name, "Interrupted");

    worker.execute(3, "40 + 2");
    assert!(matches!(worker.next(), FromWorker::Result { bundle } if bundle.get("text/plain") == Some("42")));
    assert!(matches!(worker.next(), FromWorker::Finished { id: 3, .. }));
    drop((worker.send, worker.receive));
    worker.thread.join().unwrap().unwrap();

    let mut told = start();
    told.execute(1, "%%plugin p\nfn infer(data) { data }\nfn cleanup() { print(\"given back\"); throw \"not all\"; }");
    // An interrupt at the end would hit the registration too.
    while !matches!(told.next(), FromWorker::Finished { id: 1, .. }) {}
    told.execute(2, "loop { }");
    told.send.send(&ToWorker::Command(Command::Shutdown)).unwrap();
    // Plugins are cleaned up before the worker ends, also when a cell had to be interrupted for that.
    let mut printed = String::new();
    while let Ok(Some(message)) = told.receive.receive() {
        if let FromWorker::Stream { text, .. } = message {
            printed.push_str(&text);
        }
        if printed.contains("not all") {
            break;
        }
    }
    assert!(printed.contains("given back\nplugin `p` failed at cleanup: RuntimeError: not all"), "{printed}");
    told.thread.join().unwrap().unwrap();
}

#[test]
fn what_native_code_writes_reaches_the_cell_in_order() {
    let ((read, write), (read_err, _write_err)) = (rustix::pipe::pipe().unwrap(), rustix::pipe::pipe().unwrap());
    let pipes = Pipes::new(read, read_err).unwrap();
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let outbox = Outbox::with_pipes(sent.clone(), Some(pipes));
    outbox.print(StreamName::Stdout, "a\n");
    rustix::io::write(&write, b"native\n").unwrap();
    outbox.print(StreamName::Stdout, "b\n");
    rustix::io::write(&write, b"last\n").unwrap();
    outbox.send(FromWorker::ClearOutput { wait: false });
    let text = FromWorker::Stream { name: StreamName::Stdout, text: "a\nnative\nb\nlast\n".into() };
    assert_eq!(*sent.lock().unwrap(), [text, FromWorker::ClearOutput { wait: false }]);
}
