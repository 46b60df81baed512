//! How values of Rust look in a notebook: as the same values look in Rhai, or as their own types say, else as `Debug` says.
//!
//! Which of these a value has is found by method resolution, inside the macros `show!`, `display!` and `bundle!`: the most special
//! form that fits is taken, no type needs anything, and nothing is moved. Must not know when a cell shows. Read [`looks`]
//! first, then [`shown`].

use super::convert::{short, write};
use super::current::{self, Failure, Variables};
use super::driven::LiveRun;
use super::session::here;
use crate::runs;
use crate::show::{Show, linked};
use candlewick_display::Bundle;
use candlewick_link::FromWorker;
use candlewick_plugin_api::Value;
use rhai::Dynamic;
use serde_json::Value as Json;
use std::any::type_name;
use std::fmt::{self, Debug, Write};
use std::io::Write as _;
use std::panic::Location;

/// A `Debug` text that is longer in one line is broken into several.
const WIDTH: usize = 100;
/// Characters of a `Debug` text that are shown.
const LENGTH: usize = 20_000;

/// A value whose look is being found.
pub struct Look<'v, T: ?Sized>(pub &'v T);

/// The forms that a value may be shown in, from the most special one: method resolution takes the first that fits when it is
/// called on `&&&&&Look`. `None` shows nothing.
pub mod looks {
    use super::{Bundle, Debug, LiveRun, Look, Show, debugged, is_live, short, type_name};
    use std::fmt::Display;

    /// Nothing: `()`.
    pub trait Nothing {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    /// A type that shows itself.
    pub trait Shows {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    /// A type with `Debug`.
    pub trait Debugs {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    /// A type with `Display`.
    pub trait Displays {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    /// Any type.
    pub trait Any {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    /// A run: its live panel, where that can be shown.
    pub trait Live {
        /// How it looks.
        fn look(&self) -> Option<Bundle>;
    }

    impl Live for &&&&Look<'_, LiveRun> {
        fn look(&self) -> Option<Bundle> {
            (!is_live(self.0)).then(|| self.0.bundle())
        }
    }

    impl Nothing for &&&&Look<'_, ()> {
        fn look(&self) -> Option<Bundle> {
            None
        }
    }

    impl<T: Show + ?Sized> Shows for &&&Look<'_, T> {
        fn look(&self) -> Option<Bundle> {
            Some(self.0.bundle())
        }
    }

    impl<T: Debug + ?Sized> Debugs for &&Look<'_, T> {
        fn look(&self) -> Option<Bundle> {
            Some(Bundle::new(debugged(self.0)))
        }
    }

    impl<T: Display + ?Sized> Displays for &Look<'_, T> {
        fn look(&self) -> Option<Bundle> {
            Some(Bundle::new(self.0.to_string()))
        }
    }

    impl<T: ?Sized> Any for Look<'_, T> {
        fn look(&self) -> Option<Bundle> {
            let name = short(type_name::<T>());
            Some(Bundle::new(format!("a value of type `{name}`; `#[derive(Debug)]` above it shows what is in it")))
        }
    }

    /// A `Result`, of which the value is shown.
    pub trait Results {
        /// Its value.
        type Inner: ?Sized;
        /// Its error.
        type Error: ?Sized;

        /// Its value or its error.
        ///
        /// # Errors
        /// Its error.
        fn inner(&self) -> Result<&Self::Inner, &Self::Error>;
    }

    /// Anything else is its own value.
    pub trait Values {
        /// It itself.
        type Inner: ?Sized;

        /// It itself.
        ///
        /// # Errors
        /// None.
        fn inner(&self) -> Result<&Self::Inner, &std::convert::Infallible>;
    }

    impl<'v, T, E> Results for &Look<'v, Result<T, E>> {
        type Inner = T;
        type Error = E;

        fn inner(&self) -> Result<&T, &E> {
            self.0.as_ref()
        }
    }

    impl<T: ?Sized> Values for Look<'_, T> {
        type Inner = T;

        fn inner(&self) -> Result<&T, &std::convert::Infallible> {
            Ok(self.0)
        }
    }

    /// An error with words.
    pub trait Told {
        /// Its words.
        fn words(&self) -> String;
    }

    /// An error with `Debug` only.
    pub trait Debugged {
        /// Its words.
        fn words(&self) -> String;
    }

    /// An error that says nothing.
    pub trait Silent {
        /// Its words.
        fn words(&self) -> String;
    }

    impl<E: Display + ?Sized> Told for &&Look<'_, E> {
        fn words(&self) -> String {
            self.0.to_string()
        }
    }

    impl<E: Debug + ?Sized> Debugged for &Look<'_, E> {
        fn words(&self) -> String {
            debugged(self.0)
        }
    }

    impl<E: ?Sized> Silent for Look<'_, E> {
        fn words(&self) -> String {
            format!("an error of type `{}`", short(type_name::<E>()))
        }
    }

    /// What a type without a method `evcxr_display` answers to a call of it.
    #[derive(Clone, Copy, Debug)]
    pub struct Absent;

    /// Gives every type a method `evcxr_display`, which one of the type's own goes before.
    pub trait Fallback {
        /// The type has none of its own.
        fn evcxr_display(&self) -> Absent;
    }

    impl<T: ?Sized> Fallback for &T {
        fn evcxr_display(&self) -> Absent {
            Absent
        }
    }

    impl Absent {
        /// Whether the type had a method of its own: no.
        pub fn is_own(&self) -> bool {
            false
        }
    }

    /// What an own method has answered: anything.
    pub trait Own {
        /// Whether the type had a method of its own: yes.
        fn is_own(&self) -> bool;
    }

    impl<T> Own for T {
        fn is_own(&self) -> bool {
            true
        }
    }
}

/// Shows a look as the cell's result; called by `show!` only.
pub fn shown(look: Option<Bundle>) {
    let Some(bundle) = look else { return };
    let place = here(|frame| (frame.session.clone(), matches!(frame.variables, Variables::Own(_))));
    match place {
        Ok((session, _)) if session.is_silent() => {}
        Ok((session, true)) => {
            flush();
            session.outbox.send(FromWorker::Result { bundle: linked(bundle) });
        }
        // In the middle of a Rhai cell, which has a result of its own.
        Ok((_, false)) => drop(display(bundle)),
        // On another thread there is no cell to show it.
        Err(_) => print(&bundle),
    }
}

/// The cell fails with an error of that kind; called by macros only.
#[track_caller]
pub fn failed(name: &'static str, message: String) {
    current::fail(Failure { name, message, at: Location::caller() });
}

/// Something that was displayed and can be replaced.
#[derive(Clone, Debug)]
pub struct Display {
    /// None where no cell was there to show it.
    id: Option<String>,
}

/// Displays a look in the middle of a cell: see `display!`, which takes any value.
///
/// ```no_run
/// # use candlewick::prelude::*;
/// let shown = display!(Bundle::new("0 %").html("<b>0 %</b>"));
/// shown.update(Bundle::new("100 %").html("<b>100 %</b>"));
/// ```
pub fn display(look: impl Into<Option<Bundle>>) -> Display {
    let id = here(|frame| frame.session.next_display_id()).ok();
    let display = Display { id };
    display.send(look.into(), false);
    display
}

impl Display {
    /// Replaces what is shown, wherever it is shown; `bundle!(value)` makes a look of any value.
    pub fn update(&self, look: impl Into<Option<Bundle>>) {
        self.send(look.into(), true);
    }

    /// The name under which it can be replaced; none where no cell was there to show it.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn send(&self, look: Option<Bundle>, update: bool) {
        let bundle = look.unwrap_or_else(|| Bundle::new("()"));
        flush();
        let outbox = here(|frame| frame.session.outbox.clone());
        match (outbox, &self.id) {
            (Ok(outbox), Some(id)) => {
                outbox.send(FromWorker::Display { bundle: linked(bundle), display_id: Some(id.clone()), update });
            }
            _ => print(&bundle),
        }
    }
}

/// What has been printed so far goes before what is shown.
fn flush() {
    // A closed descriptor loses text that nobody could read.
    let _ = std::io::stdout().flush();
}

fn print(bundle: &Bundle) {
    // As above.
    let _ = writeln!(std::io::stdout(), "{}", bundle.text());
}

/// The `Debug` text, in several lines when one would be long, cut where it is very long.
fn debugged<T: Debug + ?Sized>(value: &T) -> String {
    let mut line = Limited { text: String::new(), left: WIDTH };
    if write!(line, "{value:?}").is_ok() && !line.text.contains('\n') {
        return line.text;
    }
    let mut lines = Limited { text: String::new(), left: LENGTH };
    let whole = write!(lines, "{value:#?}").is_ok() || lines.left > 0;
    if whole { lines.text } else { format!("{}\n… the rest is left out after {LENGTH} characters", lines.text) }
}

/// Text up to a length.
struct Limited {
    text: String,
    left: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl<T: Show + ?Sized> Show for Box<T> {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl<T: Show + ?Sized> Show for std::rc::Rc<T> {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl Show for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

impl Show for Json {
    fn bundle(&self) -> Bundle {
        // What is made of strings and numbers always has JSON.
        Bundle::new(serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

impl Show for Value {
    fn bundle(&self) -> Bundle {
        of_rhai(&write(self.clone()))
    }
}

/// The live panel where that can be shown, as in Rhai.
impl Show for LiveRun {
    fn bundle(&self) -> Bundle {
        of_rhai(&write(self.clone()))
    }
}

/// As Rhai shows a value.
fn of_rhai(value: &Dynamic) -> Bundle {
    let shows = here(|frame| frame.session.shows.clone());
    shows.map_or_else(|_| Bundle::new(value.to_string()), |shows| shows.look(value))
}

/// Whether a run was shown as its live panel.
fn is_live(run: &LiveRun) -> bool {
    runs::show_live(&write(run.clone()))
}
