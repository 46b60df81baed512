//! The signals that a terminal or a Jupyter server sends to this process. Owns a thread that waits for them; must not
//! know what they mean to a notebook.
//!
//! tokio's own `signal` feature is not used: polars depends on tokio too, and one more feature of it there means that
//! `cargo test -p …` builds polars a second time.

use signal_hook::consts::{SIGINT, SIGTERM};
use std::io;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A signal that this process answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C, or a server that interrupts by signal.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// The signals as they come. From its making on, they no longer end the process by themselves.
pub struct Signals(UnboundedReceiver<Signal>);

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The operating system refused the handlers.
    pub fn listen() -> io::Result<Self> {
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let (sender, receiver) = unbounded_channel();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let signal = if signal == SIGINT { Signal::Interrupt } else { Signal::Terminate };
                if sender.send(signal).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(receiver))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
