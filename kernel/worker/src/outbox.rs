//! The one way out of the worker: messages in order, printed text gathered before it is sent.
//!
//! Must not know Rhai or candle. Read [`Outbox`] first.

use crate::capture::{self, Pipes};
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
        let state = State { sink: Box::new(sink), pipes, name: StreamName::Stdout, text: String::new(), copied: None };
        Self(Arc::new(Shared { state: Mutex::new(state), wake }))
    }

    /// Sends a message, after all text that came before it.
    pub fn send(&self, message: FromWorker) {
        let mut state = self.state();
        state.collect();
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
        state.flush();
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
            pipes.drain(|name, text| self.append(name, text));
            self.pipes = Some(pipes);
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
