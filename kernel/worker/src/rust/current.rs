//! What runs on the engine thread just now, and what of the notebook Rust code of it may reach.
//!
//! While a Rust cell runs it has the notebook's scope itself: it is moved here and moved back. While a Rhai statement runs,
//! the scope is Rhai's alone, which may be changing any value of it, so Rust code that is called then (a plugin's hook, a
//! callable function, a model) reads values as they were when the statement began, and what it sets is put into the scope when the
//! statement has ended. A notebook without Rust pays one look at a flag for all this. Nothing here calls code of a cell
//! while it is borrowed. Read [`enter`] first, then [`beside`].

use super::convert::kept;
use crate::Host;
use crate::session::Session;
use candlewick_link::StreamName;
use rhai::{Array, Blob, Dynamic, Engine, Map, Scope};
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

/// Elements of arrays, maps and blobs that are copied for one statement, at most; a larger one is left out.
const COPIED: usize = 10_000;

thread_local! {
    static USED: Cell<bool> = const { Cell::new(false) };
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// Why the last expression of a cell was no value: its `Err`.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its kind, as users know kinds of errors.
    pub name: &'static str,
    /// The error's words.
    pub message: String,
    /// Where in the built source it was shown.
    pub at: &'static Location<'static>,
}

/// Something that runs on this thread.
pub struct Frame {
    /// What it belongs to.
    pub session: Session,
    /// Knows types by the names that users know them by.
    pub engine: Rc<Engine>,
    /// The variables that it reaches.
    pub variables: Variables,
    failure: Option<Failure>,
}

/// The notebook's variables, as far as they can be reached.
pub enum Variables {
    /// They themselves.
    Own(Scope<'static>),
    /// As they were when the statement began, and what was set since.
    Copied(Vec<Copied>),
}

/// A variable as it was when a statement began.
pub struct Copied {
    /// Its name.
    pub name: String,
    /// Whether it is a constant.
    pub constant: bool,
    /// Its value; what it is when it is too large to be copied; none once it was removed.
    pub value: Option<Result<Dynamic, String>>,
    /// Whether it was set or removed since.
    pub changed: bool,
}

/// Whether Rust code may reach the variables of this thread's notebook: since the first Rust cell or plugin crate.
pub fn in_use() -> bool {
    USED.get()
}

/// Rust code of cells or plugins is there from now on.
pub fn uses_rust() {
    USED.set(true);
}

/// Runs Rust code of a cell: until it ends, [`session`](super::session()) reaches the notebook's variables themselves. Gives
/// what the work gave, and why the cell failed where it has shown an `Err`. A panic passes through, with all in place.
pub fn enter<R>(host: &mut Host, work: impl FnOnce() -> R) -> (R, Option<Failure>) {
    struct Entered<'h>(&'h mut Host);
    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            if let Some(Frame { variables: Variables::Own(scope), .. }) = pop() {
                self.0.put_scope(scope);
            }
        }
    }
    uses_rust();
    let variables = Variables::Own(host.take_scope());
    push(host, variables);
    let entered = Entered(host);
    let given = work();
    let failure = FRAMES.with_borrow_mut(|frames| frames.last_mut().and_then(|frame| frame.failure.take()));
    drop(entered);
    (given, failure)
}

/// Does what may call Rust code while the host is at work itself: a Rhai statement, a command. What that code sets is in
/// the scope afterwards.
pub(crate) fn beside<R>(host: &mut Host, work: impl FnOnce(&mut Host) -> R) -> R {
    struct Beside<'h>(&'h mut Host);
    impl Drop for Beside<'_> {
        fn drop(&mut self) {
            if let Some(Frame { variables: Variables::Copied(variables), session, failure, .. }) = pop() {
                if let Some(failure) = failure {
                    session.outbox.print(StreamName::Stderr, &format!("{}: {}\n", failure.name, failure.message));
                }
                let changed = variables.into_iter().filter(|variable| variable.changed);
                self.0.with_scope(|scope| changed.for_each(|variable| variable.apply(scope)));
            }
        }
    }
    if !in_use() {
        return work(host);
    }
    let variables = host.with_scope(copied);
    push(host, Variables::Copied(variables));
    let beside = Beside(host);
    work(beside.0)
}

/// Looks at the innermost of what runs; none where nothing does, or while it is being looked at.
pub fn look<R>(look: impl FnOnce(&mut Frame) -> R) -> Option<R> {
    FRAMES.with(|frames| frames.try_borrow_mut().ok()?.last_mut().map(look))
}

/// The cell fails for this; the first reason stands.
pub fn fail(failure: Failure) {
    look(|frame| frame.failure = frame.failure.take().or(Some(failure)));
}

/// The name of a value's type, as users know it.
pub fn type_name(value: &Dynamic) -> String {
    let name = value.type_name();
    look(|frame| frame.engine.map_type_name(name).to_owned()).unwrap_or_else(|| name.to_owned())
}

fn push(host: &Host, variables: Variables) {
    let (session, engine) = (host.session().clone(), host.shared_engine().clone());
    FRAMES.with_borrow_mut(|frames| frames.push(Frame { session, engine, variables, failure: None }));
}

/// What was there is dropped by the caller, when nothing is borrowed.
fn pop() -> Option<Frame> {
    FRAMES.with_borrow_mut(Vec::pop)
}

impl Copied {
    /// Puts a change into the scope.
    fn apply(self, scope: &mut Scope<'static>) {
        match self.value {
            Some(Ok(value)) => drop(put(scope, &self.name, value)),
            Some(Err(_)) => {}
            None => drop(remove(scope, &self.name)),
        }
    }
}

/// Sets a variable, or makes it; what it was. One that closures have captured is changed for them too.
#[must_use]
pub fn put(scope: &mut Scope<'static>, name: &str, value: Dynamic) -> Option<Dynamic> {
    let is_variable = scope.is_constant(name) == Some(false);
    let Some(own) = is_variable.then(|| scope.get_mut(name)).flatten() else {
        scope.push_dynamic(name.to_owned(), value);
        return None;
    };
    if own.is_shared()
        && let Some(mut inner) = own.write_lock::<Dynamic>()
    {
        return Some(std::mem::replace(&mut *inner, value.flatten()));
    }
    Some(std::mem::replace(own, value))
}

/// Takes a variable out, with all that it shadows; what there was.
#[must_use]
pub fn remove(scope: &mut Scope<'static>, name: &str) -> Vec<Dynamic> {
    std::iter::from_fn(|| scope.contains(name).then(|| scope.remove::<Dynamic>(name)).flatten()).collect()
}

/// Copies of all variables. Where copying would call a cell's code, the variable is made a shared one.
fn copied(scope: &mut Scope<'static>) -> Vec<Copied> {
    let mut all: Vec<(String, bool)> = Vec::with_capacity(scope.len());
    // From the newest on: what is shadowed is not reached.
    for (name, constant, _) in scope.iter_raw() {
        if !all.iter().any(|(other, _)| other == name) {
            all.push((name.to_owned(), constant));
        }
    }
    let mut left = COPIED;
    let mut copy = |(name, constant): (String, bool)| {
        if let Some(own) = scope.get_mut(&name) {
            *own = kept(std::mem::take(own));
        }
        let value = scope.get(&name).map(|own| if weighs(own, &mut left) { Ok(own.clone()) } else { Err(kind(own)) });
        Copied { name, constant, value, changed: false }
    };
    all.into_iter().rev().map(&mut copy).collect()
}

/// Whether a value is small enough to be copied with the others; if so, that is counted.
fn weighs(value: &Dynamic, left: &mut usize) -> bool {
    let mut remaining = *left;
    let fits = count(value, &mut remaining);
    if fits {
        *left = remaining;
    }
    fits
}

fn count(value: &Dynamic, left: &mut usize) -> bool {
    // What is shared is copied as a handle.
    if value.is_shared() {
        return true;
    }
    if let Some(items) = value.read_lock::<Array>() {
        return take(items.len(), left) && items.iter().all(|item| count(item, left));
    }
    if let Some(fields) = value.read_lock::<Map>() {
        return take(fields.len(), left) && fields.values().all(|item| count(item, left));
    }
    value.read_lock::<Blob>().is_none_or(|bytes| take(bytes.len() / 16, left))
}

fn take(elements: usize, left: &mut usize) -> bool {
    let rest = left.checked_sub(elements);
    *left = rest.unwrap_or(0);
    rest.is_some()
}

fn kind(value: &Dynamic) -> String {
    let kind = if value.is_array() { "array" } else { "map" };
    if value.is_blob() { "blob" } else { kind }.to_owned()
}
