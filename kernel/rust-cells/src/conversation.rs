//! What is said to evcxr through its relay: that a cell has run, and how.
//!
//! Owns evcxr's protocol with the process that it thinks runs cells, which is lines of text: `LOAD_AND_RUN file function`
//! there; notes, then `EVCXR_EXECUTION_COMPLETE` back. Must not know how a cell was compiled. Read [`Conversation`] first.

use crate::clients::Client;
use crate::directory::Directory;
use crate::locked;
use candlewick_link::{Build, Lines, Problem, Ran};
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

/// How a relay's first line begins; its process id follows.
pub(crate) const RELAY: &str = "RELAY ";
/// A line that evcxr cannot read: it gives the cell up and keeps the session as it was before.
const UNREADABLE: &[u8] = b"\xff\n";
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const FAILED: &str = "EVCXR_ERROR_OCCURRED";
const CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

/// Where the lines of a build's source come from.
pub(crate) type LinesOf = Box<dyn Fn(&str) -> Vec<Lines> + Send>;

/// For whom a cell is compiled, and where the lines of its source come from.
pub(crate) struct Asker {
    /// Who runs it.
    pub client: Arc<Client>,
    /// The lines of the source given.
    pub lines: LinesOf,
}

/// What became of a cell that was to be run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What went wrong in it.
    pub problem: Option<Problem>,
    /// Variables whose values are lost, because their types were defined anew.
    pub lost: Vec<String>,
    /// Whether whoever was to run it has gone.
    pub gone: bool,
}

/// The other end of evcxr's relay.
#[derive(Default)]
pub(crate) struct Conversation(Mutex<State>);

#[derive(Default)]
struct State {
    relay: Option<UnixStream>,
    relay_process: Option<u32>,
    asker: Option<Asker>,
    running: bool,
    cancelled: bool,
    outcome: Outcome,
}

impl Conversation {
    /// Serves relays, one after the other, as evcxr starts them.
    pub fn serve(&self, listener: &UnixListener, directory: &Directory) {
        for relay in listener.incoming().flatten() {
            locked(&self.0).relay = relay.try_clone().ok();
            // A relay that breaks off is noticed by evcxr, which starts another one.
            drop(self.converse(&relay, directory));
            drop(relay.shutdown(Shutdown::Both));
            let mut state = locked(&self.0);
            (state.relay, state.relay_process) = (None, None);
        }
    }

    /// From now on cells are run by this client.
    pub fn begin(&self, asker: Asker) {
        let mut state = locked(&self.0);
        (state.asker, state.outcome) = (Some(asker), Outcome::default());
    }

    /// From now on nothing is run; what became of the cell.
    pub fn end(&self) -> Outcome {
        let mut state = locked(&self.0);
        state.asker = None;
        std::mem::take(&mut state.outcome)
    }

    /// Another request is served: what was cancelled is over.
    pub fn renew(&self) {
        locked(&self.0).cancelled = false;
    }

    /// What is compiled now will not be run. False when it runs already.
    pub fn cancel(&self) -> bool {
        let mut state = locked(&self.0);
        state.cancelled |= !state.running;
        !state.running
    }

    /// Whether a client runs a cell now.
    pub fn is_running(&self) -> bool {
        locked(&self.0).running
    }

    /// The relay's process.
    pub fn relay(&self) -> Option<u32> {
        locked(&self.0).relay_process
    }

    /// Ends the relay: evcxr, should it wait for it, forgets all variables and starts another one.
    pub fn hang_up(&self) {
        if let Some(relay) = &locked(&self.0).relay {
            drop(relay.shutdown(Shutdown::Both));
        }
    }

    fn converse(&self, relay: &UnixStream, directory: &Directory) -> std::io::Result<()> {
        let mut writer = relay.try_clone()?;
        for line in BufReader::new(relay).lines() {
            let line = line?;
            if let Some(process) = line.strip_prefix(RELAY) {
                locked(&self.0).relay_process = process.parse().ok();
            }
            let Some(build) = asked_to_run(&line) else { continue };
            match self.run(build, directory) {
                Some(answer) => writer.write_all(&answer)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// What to say to evcxr; none when nobody is there any more to run cells.
    fn run(&self, mut build: Build, directory: &Directory) -> Option<Vec<u8>> {
        let client = {
            let mut state = locked(&self.0);
            let Some(asker) = &state.asker else { return Some(format!("{COMPLETE}\n").into_bytes()) };
            if state.cancelled {
                return Some(UNREADABLE.to_vec());
            }
            let source = std::fs::read_to_string(directory.built_source()).unwrap_or_default();
            build.lines = (asker.lines)(&source);
            let client = Arc::clone(&asker.client);
            state.running = true;
            client
        };
        let ran = match directory.keep_build(&build.file) {
            Ok(file) => client.run(Build { file, ..build }),
            Err(error) => Some(Ran { notes: Vec::new(), problem: Some(crate::problem("CompilerError", &error)) }),
        };
        let mut state = locked(&self.0);
        state.running = false;
        state.outcome.gone = ran.is_none();
        let Ran { notes, problem } = ran?;
        let answer = answer(&notes, problem.as_ref());
        state.outcome.lost.extend(notes.iter().filter_map(|note| Some(note.strip_prefix(CHANGED_TYPE)?.to_owned())));
        state.outcome.problem = problem;
        Some(answer)
    }
}

/// The file and the function in a line of evcxr's.
fn asked_to_run(line: &str) -> Option<Build> {
    let (file, function) = line.strip_prefix("LOAD_AND_RUN ")?.rsplit_once(' ')?;
    Some(Build { file: file.into(), function: function.into(), lines: Vec::new() })
}

/// A cell that could not even begin has neither panicked nor returned an error: evcxr must not think that its variables
/// are there.
fn answer(notes: &[String], problem: Option<&Problem>) -> Vec<u8> {
    let notes: Vec<&str> = notes.iter().flat_map(|note| note.lines()).collect();
    if problem.is_some() && !notes.iter().any(|note| [PANICKED, FAILED].contains(note)) {
        return UNREADABLE.to_vec();
    }
    let lines = notes.into_iter().chain([COMPLETE]);
    lines.flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evcxr_is_understood_and_answered() {
        let build = asked_to_run("LOAD_AND_RUN /a b/libcode_1.so run_user_code_0").unwrap();
        assert_eq!((build.file.to_str(), build.function.as_str()), (Some("/a b/libcode_1.so"), "run_user_code_0"));
        assert!(asked_to_run("LOAD_AND_RUN x").is_none() && asked_to_run("else").is_none());
        let check = |notes: &[&str], problem: Option<Problem>, expect: &[u8]| {
            let notes: Vec<String> = notes.iter().map(|note| (*note).to_owned()).collect();
            assert_eq!(answer(&notes, problem.as_ref()), expect, "{notes:?}");
        };
        check(&[], None, b"EVCXR_EXECUTION_COMPLETE\n");
        check(&[PANICKED], Some(Problem::default()), b"EVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\n");
        check(
            &["EVCXR_VARIABLE_CHANGED_TYPE:x\ny"],
            None,
            b"EVCXR_VARIABLE_CHANGED_TYPE:x\ny\nEVCXR_EXECUTION_COMPLETE\n",
        );
        check(&[], Some(Problem::default()), UNREADABLE);
    }
}
