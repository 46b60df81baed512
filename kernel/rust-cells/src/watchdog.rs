//! Looks every second whether this process is still of use: its parent lives, and what it does goes on.
//!
//! Must not know what is done. Read [`watch`] first.

use crate::service::Service;
use candlewick_link::{CompilerIs, Evaluated};
use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// How long evcxr may compute by itself, without a process that compiles or a cell that runs.
const PATIENCE: Duration = Duration::from_secs(60);
/// The exit code after a hang.
const HUNG: i32 = 71;

/// Looks until the process ends.
pub(crate) fn watch(service: &Arc<Service>) {
    let (parent, mut quiet) = (parent_id(), Quiet::default());
    loop {
        std::thread::sleep(PERIOD);
        if parent_id() != parent {
            std::process::exit(0);
        }
        let waits = service.is_busy() && !service.conversation.is_running();
        if quiet.is_too_long(waits && service.builds().is_empty(), Instant::now()) {
            service.finish_last(hung());
            std::process::exit(HUNG);
        }
    }
}

/// How long nothing has been seen to go on.
#[derive(Debug, Default)]
struct Quiet(Option<Instant>);

impl Quiet {
    fn is_too_long(&mut self, quiet: bool, now: Instant) -> bool {
        match self.0 {
            Some(since) if quiet => now.duration_since(since) >= PATIENCE,
            _ => {
                self.0 = quiet.then_some(now);
                false
            }
        }
    }
}

fn hung() -> CompilerIs {
    let message = format!(
        "the compiler of Rust cells did nothing for {} s and was ended; the next Rust cell starts another one, with this \
         session's items, dependencies and variables",
        PATIENCE.as_secs()
    );
    CompilerIs::Evaluated(Evaluated {
        problem: Some(crate::problem("CompilerError", &message)),
        ..Evaluated::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_quiet_is_a_hang() {
        let (mut quiet, begun) = (Quiet::default(), Instant::now());
        let mut look = |is_quiet: bool, seconds: u64, expect: bool| {
            let now = begun + Duration::from_secs(seconds);
            assert_eq!(quiet.is_too_long(is_quiet, now), expect, "at {seconds} s");
        };
        look(true, 0, false);
        look(true, 59, false);
        look(false, 60, false);
        look(true, 61, false);
        look(true, 120, false);
        look(true, 121, true);
    }
}
