//! What takes long while a cell is compiled, as one line that is replaced.
//!
//! Must not know what is compiled. Read [`Progress`] first.

use crate::Outbox;
use crate::session::Session;
use candlewick_display::number;
use candlewick_link::{Bundle, FromWorker};
use std::time::{Duration, Instant};

/// Between two changes of the line.
const INTERVAL: Duration = Duration::from_millis(250);

/// One cell's line; not there before something takes long.
pub(super) struct Progress {
    session: Session,
    begun: Instant,
    line: Option<Line>,
}

struct Line {
    id: String,
    text: String,
    steps: usize,
    drawn: Instant,
}

impl Progress {
    /// Nothing has taken long yet.
    pub(super) fn new(session: &Session) -> Self {
        Self { session: session.clone(), begun: Instant::now(), line: None }
    }

    /// Shows a step, at once or with the next one.
    pub(super) fn show(&mut self, text: &str) {
        let outbox = &self.session.outbox;
        match &mut self.line {
            Some(line) => {
                line.steps += 1;
                text.clone_into(&mut line.text);
                if line.drawn.elapsed() >= INTERVAL {
                    line.drawn = Instant::now();
                    draw(outbox, &line.id, &line.text, true);
                }
            }
            none => {
                let id = self.session.next_display_id();
                draw(outbox, &id, text, false);
                *none = Some(Line { id, text: text.to_owned(), steps: 1, drawn: Instant::now() });
            }
        }
    }

    /// The line says how many steps there were, and how long they took.
    pub(super) fn end(self) {
        if let Some(Line { id, text, steps, .. }) = self.line {
            let took = number::seconds(self.begun.elapsed().as_secs_f64());
            let steps = if steps > 1 { format!("the last of {steps} steps; ") } else { String::new() };
            draw(&self.session.outbox, &id, &format!("{text} ({steps}{took})"), true);
        }
    }
}

fn draw(outbox: &Outbox, id: &str, text: &str, update: bool) {
    let (bundle, display_id) = (Bundle::text(text), Some(id.to_owned()));
    outbox.send(FromWorker::Display { bundle, display_id, update });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inbox;
    use crate::surface;
    use std::sync::{Arc, Mutex};

    #[test]
    fn many_steps_are_one_line() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let session = Session::new(Outbox::new(sent.clone()), Inbox::default(), surface::shows());
        Progress::new(&session).end();
        assert!(sent.lock().unwrap().is_empty());
        let mut progress = Progress::new(&session);
        for step in 0..100 {
            progress.show(&format!("compiling crate {step}"));
        }
        progress.end();
        let sent = sent.lock().unwrap();
        let told = |message: &FromWorker| match message {
            FromWorker::Display { bundle, display_id: Some(id), update } => {
                (bundle.get("text/plain").unwrap().to_owned(), id.clone(), *update)
            }
            other => panic!("{other:?}"),
        };
        let (first, last) = (told(&sent[0]), told(sent.last().unwrap()));
        assert_eq!((first.0.as_str(), first.2), ("compiling crate 0", false));
        assert!(last.0.starts_with("compiling crate 99 (the last of 100 steps; "), "{}", last.0);
        assert!(last.2 && last.1 == first.1);
    }
}
