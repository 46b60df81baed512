//! The cells that were run, in this session and in earlier ones, and how clients ask for them.
//!
//! Owns this session's lines and the thread that writes them. Must not know Jupyter's messages, the worker or SQL.
//! Read [`History`] first, then `history_file`, which keeps them. Writing costs IPython more than ten milliseconds a
//! cell, because the cell's reply waits for it; here a cell only adds a line to a list, and the thread writes what has
//! gathered a quarter of a second later, or at once when somebody asks or the kernel ends.

use crate::history_file::HistoryFile;
use crate::terminal::say;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long lines gather before they are written: what a `kill -9` may lose.
const GATHER: Duration = Duration::from_millis(250);
/// How long the end of the kernel waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(2);

/// One cell that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The session it was run in.
    pub session: i64,
    /// Its execution count there.
    pub number: u64,
    /// The cell's text.
    pub input: String,
    /// Its result as text, if it had one.
    pub output: Option<String>,
}

/// What a client asks for; answered oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The last lines, over all sessions.
    Tail(usize),
    /// Lines of one session whose number is at least `start` and below `stop`.
    Range {
        /// 0 is this session, negative numbers count back from it.
        session: i64,
        /// The first line.
        start: i64,
        /// The line after the last; none for all that follow.
        stop: Option<i64>,
    },
    /// The newest lines whose whole text matches a glob.
    Search {
        /// `*` for any text, `?` for one character.
        pattern: String,
        /// At most this many; none for all.
        n: Option<usize>,
        /// Of equal texts only the newest.
        unique: bool,
    },
}

/// A session's history. Cheap to copy.
#[derive(Clone, Default)]
pub struct History(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    /// Places in `lines` of what is not written yet, or was changed since.
    unwritten: BTreeSet<usize>,
    questions: Vec<Question>,
    /// Whether a thread writes and answers; without one nothing outlives this process.
    served: bool,
    closing: bool,
    closed: Vec<oneshot::Sender<()>>,
}

/// What the thread does next.
struct Step {
    /// Lines to write, with their places in the list.
    batch: Vec<(usize, Line)>,
    questions: Vec<Question>,
    closing: bool,
}

/// What somebody asks, and where the answer goes.
type Question = (Asked, oneshot::Sender<Vec<Line>>);

impl History {
    /// A history that also keeps its lines in this file and knows the earlier sessions there. It returns at once: the
    /// thread opens the file. When that fails the history works from memory and says so once.
    pub fn kept_in(file: PathBuf) -> Self {
        let history = Self::default();
        let own = history.clone();
        let thread = std::thread::Builder::new().name("history".into()).spawn(move || own.serve(&file));
        history.state().served = thread.is_ok();
        history
    }

    /// Adds a cell that is about to run.
    pub fn push(&self, number: u64, input: &str) {
        let mut state = self.state();
        state.lines.push(Line { number, input: input.to_owned(), ..Line::default() });
        let place = state.lines.len() - 1;
        self.to_write(state, place);
    }

    /// Notes the result of the cell with this number.
    pub fn set_output(&self, number: u64, output: &str) {
        let mut state = self.state();
        if let Some(place) = state.lines.iter().rposition(|line| line.number == number) {
            state.lines[place].output = Some(output.to_owned());
            self.to_write(state, place);
        }
    }

    /// Answers a client.
    pub async fn ask(&self, asked: Asked) -> Vec<Line> {
        let (sender, answer) = oneshot::channel();
        {
            let mut state = self.state();
            if !state.served || state.closing {
                return chosen(&asked, &state.lines, None, 1);
            }
            state.questions.push((asked, sender));
            self.0.rung.notify_all();
        }
        answer.await.unwrap_or_default()
    }

    /// Writes what is not written yet and ends the thread.
    pub async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        {
            let mut state = self.state();
            if !state.served {
                return;
            }
            state.closing = true;
            state.closed.push(sender);
            self.0.rung.notify_all();
        }
        // An error means that the thread has ended already.
        let _ = tokio::time::timeout(LAST_LINES, closed).await;
    }

    fn to_write(&self, mut state: MutexGuard<'_, State>, place: usize) {
        let first = state.served && state.unwritten.is_empty();
        state.unwritten.insert(place);
        if first {
            self.0.rung.notify_all();
        }
    }

    /// The thread: opens the file, writes, answers, until the history is closed.
    fn serve(&self, path: &std::path::Path) {
        let mut keeper = Keeper::open(path);
        while let Some(Step { batch, questions, closing }) = self.next() {
            let refused = keeper.write(&batch);
            let mut state = self.state();
            state.unwritten.extend(refused);
            for (asked, sender) in questions {
                // A client that has gone needs no answer.
                let _ = sender.send(keeper.answer(&asked, &state.lines));
            }
            if closing {
                keeper.end();
                state.served = false;
                for sender in state.closed.drain(..) {
                    // Whoever waited has given up.
                    let _ = sender.send(());
                }
                return;
            }
        }
    }

    /// Waits for something to do, and then a while for more to write, unless somebody waits for an answer.
    fn next(&self) -> Option<Step> {
        let is_idle = |state: &mut State| state.unwritten.is_empty() && state.questions.is_empty() && !state.closing;
        let is_patient = |state: &mut State| state.questions.is_empty() && !state.closing;
        let state = self.0.rung.wait_while(self.state(), is_idle).ok()?;
        let (mut state, _) = self.0.rung.wait_timeout_while(state, GATHER, is_patient).ok()?;
        let places = std::mem::take(&mut state.unwritten);
        let batch = places.into_iter().map(|place| (place, state.lines[place].clone())).collect();
        Some(Step { batch, questions: std::mem::take(&mut state.questions), closing: state.closing })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's side of the file, if there is one.
struct Keeper {
    file: Option<HistoryFile>,
    path: PathBuf,
    complained: bool,
}

impl Keeper {
    fn open(path: &std::path::Path) -> Self {
        let mut keeper = Self { file: None, path: path.to_owned(), complained: false };
        match HistoryFile::open(path) {
            Ok(file) => keeper.file = Some(file),
            Err(error) => keeper.complain(&format!("{error:#}")),
        }
        keeper
    }

    /// Writes lines; those that could not be written are to be tried again with the next ones.
    fn write(&mut self, batch: &[(usize, Line)]) -> Vec<usize> {
        let Some(file) = &mut self.file else { return Vec::new() };
        if batch.is_empty() {
            return Vec::new();
        }
        match file.write(batch.iter().map(|(_, line)| line)) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let error = format!("{error:#}");
                self.complain(&error);
                // Waiting a little keeps a file that stays locked from being asked without pause.
                std::thread::sleep(GATHER);
                if is_lasting(&error) {
                    self.file = None;
                    return Vec::new();
                }
                batch.iter().map(|(place, _)| *place).collect()
            }
        }
    }

    fn answer(&mut self, asked: &Asked, lines: &[Line]) -> Vec<Line> {
        let own = self.file.as_ref().map_or(1, HistoryFile::own_session);
        chosen(asked, lines, self.file.as_ref(), own)
    }

    fn end(&mut self) {
        if let Some(file) = &mut self.file {
            // What could not be noted is only when the session ended.
            let _ = file.end();
        }
    }

    fn complain(&mut self, error: &str) {
        if !std::mem::replace(&mut self.complained, true) {
            let path = self.path.display();
            say(&format!("candlewick: the history can't be kept in {path}: {error}; lines are kept in memory"));
        }
    }
}

/// A file that is locked by another process may be free later; one that can't be written or read stays so.
fn is_lasting(error: &str) -> bool {
    !error.contains("locked") && !error.contains("busy")
}

/// The lines asked for, from this session's and the file's earlier ones, oldest first.
fn chosen(asked: &Asked, lines: &[Line], file: Option<&HistoryFile>, own: i64) -> Vec<Line> {
    let named = |line: &Line| Line { session: own, ..line.clone() };
    // A file that can't be read now has no older lines to give.
    let (pattern, n, unique) = match asked {
        Asked::Tail(n) => ("*", *n, false),
        Asked::Search { pattern, n, unique } => (pattern.as_str(), n.unwrap_or(usize::MAX), *unique),
        Asked::Range { session, start, stop } => {
            let asked = if *session <= 0 { own + session } else { *session };
            let inside = |line: &&Line| is_inside(line.number, *start, *stop);
            return match asked == own {
                true => lines.iter().filter(inside).map(named).collect(),
                false => file.and_then(|file| file.range(asked, *start, *stop).ok()).unwrap_or_default(),
            };
        }
    };
    let mut found = file.and_then(|file| file.newest(pattern, n, unique).ok()).unwrap_or_default();
    found.extend(lines.iter().filter(|line| matches(pattern, &line.input)).map(named));
    found.sort_by_key(|line| Reverse((line.session, line.number)));
    if unique {
        let mut seen = HashSet::new();
        found.retain(|line| seen.insert(line.input.clone()));
    }
    found.truncate(n);
    found.reverse();
    found
}

fn is_inside(number: u64, start: i64, stop: Option<i64>) -> bool {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    number >= start && stop.is_none_or(|stop| number < stop)
}

/// Whether a glob, with `*` for any text and `?` for one character, matches all of a text. Linear but for the last
/// star, which is where a mismatch goes back to.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    (p, t) = (at + 1, taken + 1);
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    fn run(history: &History, inputs: &[&str]) {
        for (at, input) in inputs.iter().enumerate() {
            history.push(at as u64 + 1, input);
        }
    }

    /// Session, number and input of each line.
    fn asked(history: &History, asked: Asked) -> Vec<String> {
        now(history.ask(asked)).iter().map(|l| format!("{}:{} {}", l.session, l.number, l.input)).collect()
    }

    fn search(pattern: &str, n: Option<usize>, unique: bool) -> Asked {
        Asked::Search { pattern: pattern.into(), n, unique }
    }

    fn range(session: i64, start: i64, stop: Option<i64>) -> Asked {
        Asked::Range { session, start, stop }
    }

    #[test]
    fn tail_range_and_search_choose_lines_oldest_first() {
        let history = History::default();
        run(&history, &["let a = 1", "a + 1", "let b = 2", "a + 1"]);
        let check = |what: Asked, expect: &[u64]| {
            let numbers: Vec<u64> = now(history.ask(what)).iter().map(|line| line.number).collect();
            assert_eq!(numbers, expect);
        };
        check(Asked::Tail(2), &[3, 4]);
        check(Asked::Tail(99), &[1, 2, 3, 4]);
        check(range(0, 2, Some(4)), &[2, 3]);
        check(range(1, 3, None), &[3, 4]);
        check(range(7, 0, None), &[]);
        check(search("let*", None, false), &[1, 3]);
        check(search("a + ?", None, false), &[2, 4]);
        check(search("*", None, true), &[1, 3, 4]);
        check(search("*", Some(1), true), &[4]);
    }

    #[test]
    fn sessions_are_kept_and_counted() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("deep/history.sqlite");
        let first = History::kept_in(file.clone());
        run(&first, &["1", "[x]", "same"]);
        first.set_output(1, "one");
        now(first.close());
        let second = History::kept_in(file.clone());
        assert_eq!(asked(&second, Asked::Tail(2)), ["1:2 [x]", "1:3 same"]);
        run(&second, &["same", "other"]);
        assert_eq!(asked(&second, Asked::Tail(3)), ["1:3 same", "2:1 same", "2:2 other"]);
        assert_eq!(asked(&second, range(0, 0, None)), ["2:1 same", "2:2 other"]);
        assert_eq!(asked(&second, range(-1, 2, Some(3))), ["1:2 [x]"]);
        assert_eq!(asked(&second, range(1, 1, Some(2))), ["1:1 1"]);
        assert_eq!(asked(&second, range(-2, 0, None)), Vec::<String>::new());
        assert_eq!(asked(&second, search("same", None, true)), ["2:1 same"]);
        assert_eq!(asked(&second, search("same", None, false)), ["1:3 same", "2:1 same"]);
        assert_eq!(asked(&second, search("[[]x]", None, false)), Vec::<String>::new());
        assert_eq!(asked(&second, search("[?]", None, false)), ["1:2 [x]"]);
        let lines = now(second.ask(range(1, 1, Some(3))));
        assert_eq!(lines.iter().map(|line| line.output.as_deref()).collect::<Vec<_>>(), [Some("one"), None]);
    }

    #[test]
    fn two_kernels_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("history.sqlite");
        let (a, b) = (History::kept_in(file.clone()), History::kept_in(file.clone()));
        for number in 1..=20 {
            a.push(number, "a");
            b.push(number, "b");
        }
        now(a.close());
        now(b.close());
        let third = History::kept_in(file);
        assert_eq!(asked(&third, search("a", None, false)).len(), 20);
        assert_eq!(asked(&third, search("b", None, false)).len(), 20);
    }

    #[test]
    fn a_file_that_cannot_be_used_costs_no_line_of_this_session() {
        let directory = tempfile::tempdir().unwrap();
        let broken = directory.path().join("broken.sqlite");
        std::fs::write(&broken, "this is no database, and long enough to be looked at as one".repeat(99)).unwrap();
        for file in [broken, directory.path().to_owned(), "/proc/nowhere/history.sqlite".into()] {
            let history = History::kept_in(file);
            run(&history, &["1", "2"]);
            assert_eq!(asked(&history, Asked::Tail(9)), ["1:1 1", "1:2 2"]);
            now(history.close());
        }
    }

    #[test]
    fn globs_match_whole_texts() {
        let check = |pattern, text, expect| assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        check("", "", true);
        check("*", "", true);
        check("a*c", "abcbc", true);
        check("a*c", "abcb", false);
        check("?", "é", true);
        check("let", "let a", false);
        check("**a**", "bab", true);
    }
}
