//! The one way out of the worker: messages in order, printed text gathered before it is sent.
//!
//! Must not know Rhai or candle. Read [`Outbox`] first.

use crate::capture::{self, Pipes};
use crate::rust::{Marks, Piece};
use candlewick_link::{FrameWriter, FromWorker, StreamName};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Text longer than this is sent at once.
const FULL: usize = 32 << 10;
/// Text that nothing else pushes out is sent after this time.
const PATIENCE: Duration = Duration::from_millis(30);

/// A copy of what is printed that has grown larger than this begins anew.
const COPY: usize = 64 << 10;

/// Where messages go.
pub trait Sink: Send {
    /// Takes one message. A sink whose other side is gone drops it: the worker is about to end.
    fn take(&mut self, message: FromWorker);
}

impl<W: Write + Send> Sink for FrameWriter<W, FromWorker> {
    fn take(&mut self, message: FromWorker) {
        // When the link fails its reader sees the end too, and that ends the worker.
        let _ = self.send(&message);
    }
}

impl Sink for Arc<Mutex<Vec<FromWorker>>> {
    fn take(&mut self, message: FromWorker) {
        self.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }
}

/// A handle on the way out, shared by engine thread and capture thread. Whatever was printed or written to descriptors
/// 1 and 2 before a message is sent before it.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Wakes the capture thread, which sends what has waited long enough.
    wake: Option<OwnedFd>,
}

struct State {
    sink: Box<dyn Sink>,
    pipes: Option<Pipes>,
    name: StreamName,
    text: String,
    /// What was printed since it was last asked for, while somebody asks.
    copied: Option<String>,
    /// While a Rust cell runs: takes out of descriptor 1 what is not text.
    marks: Option<Marks>,
    /// What arrived at descriptor 2 meanwhile.
    errors: String,
}

impl Outbox {
    /// A way out without pipes: what native code prints is not seen.
    pub fn new(sink: impl Sink + 'static) -> Self {
        Self::with_pipes(sink, None)
    }

    /// A way out that also carries what arrives in the pipes.
    pub fn with_pipes(sink: impl Sink + 'static, pipes: Option<Pipes>) -> Self {
        let wake = pipes.as_ref().and_then(|_| {
            use rustix::event::{EventfdFlags, eventfd};
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()
        });
        let (name, text) = (StreamName::Stdout, String::new());
        let state = State { sink: Box::new(sink), pipes, name, text, copied: None, marks: None, errors: String::new() };
        Self(Arc::new(Shared { state: Mutex::new(state), wake }))
    }

    /// Sends a message, after all text that came before it.
    pub fn send(&self, message: FromWorker) {
        let mut state = self.state();
        state.collect();
        state.release();
        state.flush();
        state.sink.take(message);
    }

    /// Prints text on a stream of the running cell.
    pub fn print(&self, name: StreamName, text: &str) {
        let mut state = self.state();
        if state.pipes.as_ref().is_some_and(Pipes::readable) {
            state.collect();
        }
        let first = state.text.is_empty();
        state.append(name, text);
        if first && !state.text.is_empty() {
            self.wake();
        }
    }

    /// Sends all text that waits.
    pub fn flush(&self) {
        let mut state = self.state();
        state.collect();
        state.release();
        state.flush();
    }

    /// From now on marks of evcxr's code and blocks to be displayed are taken out of what arrives at descriptor 1.
    pub fn begin_marks(&self) {
        let mut state = self.state();
        state.collect();
        state.marks = Some(Marks::default());
        state.errors.clear();
    }

    /// No longer; the notes there were, and what arrived at descriptor 2 meanwhile, at most about [`COPY`] bytes of its
    /// end.
    pub fn end_marks(&self) -> (Vec<String>, String) {
        let mut state = self.state();
        state.collect();
        let Some(mut marks) = state.marks.take() else { return Default::default() };
        let mut pieces = Vec::new();
        let notes = marks.end(&mut pieces);
        state.put(pieces);
        (notes, std::mem::take(&mut state.errors))
    }

    /// Keeps a copy of what is printed from now on, or no longer: text that no cell is there to show.
    pub fn copy_text(&self, on: bool) {
        self.state().copied = on.then(String::new);
    }

    /// What was printed since the last call, at most about [`COPY`] bytes of its end; nothing unless it is copied.
    pub fn take_copied(&self) -> String {
        let mut state = self.state();
        state.collect();
        state.copied.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Carries text out while the engine thread is busy elsewhere; runs until the pipes close.
    pub fn carry(&self) {
        let ends = self.state().pipes.as_ref().map(Pipes::ends);
        let (Some(Ok([out, err])), Some(wake)) = (ends, &self.0.wake) else { return };
        loop {
            let [_, _, woken] = capture::wait([out.as_fd(), err.as_fd(), wake.as_fd()]);
            if woken {
                // Only lowers the event again; a read that finds it lowered already is as good.
                let _ = rustix::io::read(wake, &mut [0; 8]);
            }
            std::thread::sleep(PATIENCE);
            self.flush();
        }
    }

    fn wake(&self) {
        if let Some(wake) = &self.0.wake {
            // Fails only when the event is raised already.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn collect(&mut self) {
        if let Some(mut pipes) = self.pipes.take() {
            pipes.drain(|name, text| self.arrived(name, text));
            self.pipes = Some(pipes);
        }
    }

    fn arrived(&mut self, name: StreamName, text: &str) {
        match &mut self.marks {
            Some(marks) if name == StreamName::Stdout => {
                let mut pieces = Vec::new();
                marks.take(text, &mut pieces);
                self.put(pieces);
            }
            Some(_) => {
                if self.errors.len() > COPY {
                    self.errors.clear();
                }
                self.errors.push_str(text);
                self.append(name, text);
            }
            None => self.append(name, text),
        }
    }

    fn release(&mut self) {
        let mut pieces = Vec::new();
        if let Some(marks) = &mut self.marks {
            marks.release(&mut pieces);
        }
        self.put(pieces);
    }

    fn put(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.append(StreamName::Stdout, &text),
                Piece::Display(bundle) => {
                    self.flush();
                    self.sink.take(FromWorker::Display { bundle, display_id: None, update: false });
                }
            }
        }
    }

    fn append(&mut self, name: StreamName, text: &str) {
        if name != self.name {
            self.flush();
            self.name = name;
        }
        self.text.push_str(text);
        if let Some(copied) = &mut self.copied {
            if copied.len() > COPY {
                copied.clear();
            }
            copied.push_str(text);
        }
        if self.text.len() >= FULL {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.sink.take(FromWorker::Stream { name: self.name, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::Bundle;

    #[test]
    fn displays_that_crates_print_stand_between_the_text_before_and_after_them() {
        let ((read, write), (read_err, _write_err)) = (rustix::pipe::pipe().unwrap(), rustix::pipe::pipe().unwrap());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let outbox = Outbox::with_pipes(sent.clone(), Some(Pipes::new(read, read_err).unwrap()));
        let native = |text: &str| assert!(rustix::io::write(&write, text.as_bytes()).is_ok());
        native("EVCXR_ERROR_OCCURRED\n");
        outbox.begin_marks();
        native("a\nEVCXR_BEGIN_CONTENT text/html\n<b>");
        outbox.flush();
        native("1</b>\nEVCXR_END_CONTENT\nb\nEVCXR_ERROR_OCCURRED\nc");
        outbox.print(StreamName::Stdout, "d\n");
        assert_eq!(outbox.end_marks(), (vec!["EVCXR_ERROR_OCCURRED".to_owned()], String::new()));
        outbox.flush();
        let stream = |text: &str| FromWorker::Stream { name: StreamName::Stdout, text: text.into() };
        let bundle = Bundle::default().with("text/html", "<b>1</b>");
        let display = FromWorker::Display { bundle, display_id: None, update: false };
        // What was printed before the cell began is not its own.
        assert_eq!(*sent.lock().unwrap(), [stream("EVCXR_ERROR_OCCURRED\na\n"), display, stream("b\ncd\n")]);
    }

    #[test]
    fn text_is_gathered_and_goes_before_what_follows() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let outbox = Outbox::new(sent.clone());
        for _ in 0..3 {
            outbox.print(StreamName::Stdout, "a\n");
        }
        outbox.print(StreamName::Stderr, "b\n");
        outbox.send(FromWorker::ClearOutput { wait: false });
        let stream = |name, text: &str| FromWorker::Stream { name, text: text.into() };
        assert_eq!(
            *sent.lock().unwrap(),
            [
                stream(StreamName::Stdout, "a\na\na\n"),
                stream(StreamName::Stderr, "b\n"),
                FromWorker::ClearOutput { wait: false }
            ]
        );
    }
}
