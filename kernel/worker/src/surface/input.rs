//! Asking the user: `input` and `password`.
//!
//! Must not know who is asked or how: the kernel process does. Read [`BUILTINS`] first.

use super::arguments::{Answer, interrupted};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::session::Session;
use candlewick_link::FromWorker;
use rhai::{Dynamic, Engine};

/// The kind of error when nobody can be asked: the word Jupyter uses for it.
const NOBODY: &str = "StdinNotAvailable";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "input",
        "input() or input(prompt) -> string",
        "asks the user for a line of text; the cell waits until it is there",
        "let name = input(\"Your name: \");",
        |engine, session| bind(engine, session, "input", false),
    ),
    Builtin::new(
        Kind::Function,
        "password",
        "password() or password(prompt) -> string",
        "asks the user for a line of text that is not shown while it is typed, and is kept nowhere",
        "let secret = password(\"Token: \");",
        |engine, session| bind(engine, session, "password", true),
    ),
];

fn bind(engine: &mut Engine, session: &Session, name: &'static str, hidden: bool) {
    let (plain, prompted) = (session.clone(), session.clone());
    engine.register_fn(name, move || ask(&plain, name, String::new(), hidden));
    engine.register_fn(name, move |prompt: Dynamic| ask(&prompted, name, prompt.to_string(), hidden));
}

/// Sends the question, which pushes out all text that was printed before it, and waits.
fn ask(session: &Session, name: &str, prompt: String, password: bool) -> Answer<String> {
    let Some(id) = session.next_question() else {
        let why = "whoever runs this cell takes no questions";
        return Err(nobody(name, why));
    };
    session.outbox.send(FromWorker::Input { id, prompt, password });
    match session.inbox.wait_answer(id) {
        Some(Ok(typed)) => Ok(typed),
        Some(Err(why)) => Err(nobody(name, &why)),
        None => Err(interrupted()),
    }
}

fn nobody(name: &str, why: &str) -> Box<rhai::EvalAltResult> {
    let how = "run the cell from a notebook, or put the value into a variable or a parameter of the notebook instead";
    Fault::error(NOBODY, format!("{name} needs somebody to ask, and there is nobody: {why}; {how}"))
}
