//! Every message between kernel process and worker.

use crate::Bundle;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Kernel process to worker. Requests are answered in order, except [`Command`]s, which act at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// Something to be answered by a [`FromWorker::Reply`] or [`FromWorker::Finished`] with the same id.
    Request {
        /// Chosen by the sender.
        id: u64,
        /// What is asked.
        request: Request,
    },
    /// Something that acts at once, whatever the worker is doing.
    Command(Command),
    /// The answer to [`FromWorker::Input`]; the cell waits for it.
    Input {
        /// The question's id.
        id: u64,
        /// What was typed; an error says why nobody could be asked.
        answer: Result<String, String>,
    },
    /// A client's message on a comm. It acts at once when a run moves (at its next hook); else it waits for
    /// [`Request::Comms`], which the kernel process sends when it is that message's turn.
    Comm(Comm),
}

/// What the kernel process asks; handled one after the other on the worker's engine thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Run a cell; answered by outputs and one [`FromWorker::Finished`].
    Execute(Execute),
    /// Candidates at a cursor; answered by [`Is::Completions`].
    Complete {
        /// The cell's text.
        code: String,
        /// Cursor, in code points.
        cursor: usize,
    },
    /// What stands at a cursor; answered by [`Is::Inspection`].
    Inspect {
        /// The cell's text.
        code: String,
        /// Cursor, in code points.
        cursor: usize,
        /// 0 for the short form, 1 for all there is.
        detail: u8,
    },
    /// Whether a text is a whole cell; answered by [`Is::Completeness`].
    IsComplete {
        /// The text.
        code: String,
    },
    /// Register these plugins again after a new start, in order; answered by [`Is::Registered`].
    Register {
        /// As the worker reported them when they were registered.
        plugins: Vec<PluginRecord>,
    },
    /// Memory and processor time; answered by [`Is::Usage`].
    Usage,
    /// Handle the messages on comms that nothing has handled yet; answered by [`Is::Done`].
    Comms,
}

/// A message on a comm, either way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comm {
    /// The comm's id.
    pub id: String,
    /// What happens to it.
    pub what: CommWhat,
    /// The message's data.
    #[serde(default)]
    pub data: Value,
}

/// What a message on a comm does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommWhat {
    /// Opens it for a target, such as `jupyter.widget`.
    Open {
        /// The target's name.
        target: String,
    },
    /// Carries data.
    Message,
    /// Closes it.
    Close,
}

/// One cell to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Execute {
    /// The cell's text.
    pub code: String,
    /// The execution count, for the names of places in errors.
    pub cell: u64,
    /// No result is shown and nothing is remembered.
    #[serde(default)]
    pub silent: bool,
    /// Expressions to evaluate after the cell, name and text.
    #[serde(default)]
    pub expressions: Vec<(String, String)>,
    /// Whether somebody can be asked for input.
    #[serde(default)]
    pub allow_stdin: bool,
    /// Whether whoever shows the outputs can show widgets: live panels with buttons.
    #[serde(default)]
    pub widgets: bool,
}

/// What acts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stop what runs; state is kept.
    Interrupt,
    /// Stop what runs, clean up, and end the process.
    Shutdown,
}

/// Worker to kernel process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// The first message: the worker can take requests.
    Ready {
        /// The library's version.
        version: String,
    },
    /// Text that was printed.
    Stream {
        /// Which stream.
        name: StreamName,
        /// The text.
        text: String,
    },
    /// Something to show.
    Display {
        /// The formats.
        bundle: Bundle,
        /// A name under which it can be replaced.
        display_id: Option<String>,
        /// Whether it replaces what has that name everywhere, instead of being added.
        update: bool,
    },
    /// The value of the cell's last expression.
    Result {
        /// The formats.
        bundle: Bundle,
    },
    /// The outputs of the running cell go away, at once or when the next one comes.
    ClearOutput {
        /// Wait for the next output.
        wait: bool,
    },
    /// A plugin was registered or replaced: what registers it again in a new worker.
    PluginRegistered(PluginRecord),
    /// A plugin was removed.
    PluginRemoved {
        /// Its name.
        name: String,
    },
    /// The cell asks the user for a line of text, after all it has printed; answered by [`ToWorker::Input`].
    Input {
        /// Chosen by the worker.
        id: u64,
        /// The question.
        prompt: String,
        /// Whether what is typed must not be seen.
        password: bool,
    },
    /// A message on a comm that the worker opened or answers.
    Comm(Comm),
    /// The names of the notebook's variables, whenever a cell has changed them: what would be lost with the worker.
    Variables {
        /// Oldest first.
        names: Vec<String>,
    },
    /// Where the run that moves now can be resumed from, should the worker die; none once it has ended.
    Checkpoint {
        /// The newest checkpoint's directory.
        path: Option<String>,
    },
    /// The cell has ended; its outputs were all sent before this.
    Finished {
        /// The request's id.
        id: u64,
        /// How it ended.
        finished: Finished,
    },
    /// The answer to a request that is not a cell.
    Reply {
        /// The request's id.
        id: u64,
        /// The answer.
        is: Is,
    },
}

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a cell ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// What went wrong; none when all went well.
    pub problem: Option<Problem>,
    /// Each asked expression's name with its value or problem.
    #[serde(default)]
    pub expressions: Vec<(String, Result<Bundle, Problem>)>,
    /// Text for the pager (help), shown by clients that have one.
    #[serde(default)]
    pub pages: Vec<Bundle>,
}

/// A user's mistake or a failure, as a notebook shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind, such as `TypeError`, `SyntaxError`, `Interrupted`.
    pub name: String,
    /// What was asked, what was found, what to do.
    pub message: String,
    /// Lines to show: the message, the place, the source line with a caret, the calls.
    pub traceback: Vec<String>,
}

/// Answers to requests that are not cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// Candidates at a cursor.
    Completions(Completions),
    /// What stands at a cursor; none when nothing is known.
    Inspection(Option<Inspection>),
    /// Whether a text is a whole cell.
    Completeness {
        /// `complete`, `incomplete` or `invalid`.
        status: String,
        /// What to indent the next line by, when incomplete.
        indent: String,
    },
    /// Plugins registered again; those that failed, with the reason.
    Registered {
        /// Name and reason.
        failed: Vec<(String, String)>,
    },
    /// Memory and processor time.
    Usage(Usage),
    /// It was done.
    Done,
}

/// Candidates and the text they replace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Completions {
    /// Start of the text to replace, in code points.
    pub start: usize,
    /// End of it, in code points.
    pub end: usize,
    /// The candidates.
    pub matches: Vec<Completion>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text to put in.
    pub text: String,
    /// What kind of thing it is.
    pub kind: CompletionKind,
    /// Its signature, if it has one.
    #[serde(default)]
    pub signature: String,
}

/// What kind of thing a candidate is, in the words clients have icons for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompletionKind {
    /// A function or method.
    Function,
    /// A variable.
    Instance,
    /// A keyword of the language.
    Keyword,
    /// A `%` or `%%` command.
    Magic,
    /// A field or property.
    Property,
    /// A file or directory.
    Path,
    /// An imported module.
    Module,
    /// The name of an option in a map of options, or a setting of a command.
    Param,
    /// A text that can be given there, such as the name of a loss.
    Value,
}

/// What is known of a thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The formats: text, and Markdown where it helps.
    pub bundle: Bundle,
}

/// What registers a plugin again in a new worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PluginRecord {
    /// Its name.
    pub name: String,
    /// The whole source of the cell or file that registered it.
    pub source: String,
    /// The place it came from, for errors: `cell 3` or a path.
    pub origin: String,
    /// Registration: settings, priority, policy, whether it is enabled.
    pub settings: Value,
}

/// Memory and processor time of the worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Resident bytes, as the operating system counts them.
    pub resident_bytes: u64,
    /// Processor seconds used since the start.
    pub cpu_seconds: f64,
}
