//! The notebook's variables, for Rust code of cells and plugins.
//!
//! Must not know how Rhai runs. Read [`session`] first.

use super::convert::{self, Unfit};
use super::current::{self, Copied, Frame, Variables};
use super::driven::LiveRun;
use super::error::CellError;
use candlewick_engine::run::Run;
use candlewick_plugin_api::nearest;
use rhai::{Dynamic, Engine};
use std::marker::PhantomData;

/// The notebook that runs on this thread.
///
/// Values pass as they are: a tensor, net, data set, frame or run is the same object in both languages, nothing is copied.
/// Numbers, texts and lists are copied and checked; any other type that can be cloned stays itself, and Rhai hands it on.
///
/// While a Rust cell runs, these are the variables themselves. In a plugin's hook, or in a function that Rhai called, a
/// Rhai statement is under way: variables are as they were when it began, what is set is seen at once by Rust code, and by Rhai
/// when the statement has ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session {
    /// A handle for this thread only.
    _here: PhantomData<*const ()>,
}

/// The notebook's session: variables that Rhai cells and Rust cells share.
///
/// ```no_run
/// # use candlewick::prelude::*;
/// # fn cell() -> Result<(), Box<dyn std::error::Error>> {
/// let x = session().get::<Tensor>("x")?; // Rhai's `x`, the same storage
/// session().set("doubled", (&x + &x)?)?; // in Rhai simply `doubled`
/// # Ok(())
/// # }
/// ```
pub fn session() -> Session {
    Session::default()
}

impl Session {
    /// The value of a variable.
    ///
    /// Whole numbers and floats are taken for each other where nothing is lost. `Option<T>` is none for `()`.
    ///
    /// # Errors
    /// No variable of that name (the nearest is named), one of another type, or not on the engine thread.
    ///
    /// ```no_run
    /// # use candlewick::prelude::*;
    /// # fn cell() -> Result<(), CellError> {
    /// let epochs: usize = session().get("epochs")?;
    /// let rates = session().get::<Vec<f64>>("rates")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<T: Clone + 'static>(&self, name: &str) -> Result<T, CellError> {
        let value = here(|frame| frame.variables.value(name))??;
        if value.is_shared() && value.is_locked() {
            return Err(CellError::InUse(name.to_owned()));
        }
        let unfit = |Unfit { found, asked }| CellError::Type { name: format!("`{name}`"), found, asked };
        convert::read(value, &current::type_name).map_err(unfit)
    }

    /// Sets a variable, or makes it: from then on it is Rhai's too. One of the same name keeps its place.
    ///
    /// # Errors
    /// A constant of that name, no name that Rhai could use, or not on the engine thread.
    ///
    /// ```no_run
    /// # use candlewick::prelude::*;
    /// # fn cell() -> Result<(), CellError> {
    /// session().set("threshold", 0.5)?;
    /// session().set("names", vec!["a".to_owned(), "b".to_owned()])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set<T: Clone + 'static>(&self, name: &str, value: T) -> Result<(), CellError> {
        let value = convert::write(value);
        // What was there is dropped when nothing is borrowed.
        let former = here(|frame| {
            if !is_name(&frame.engine, name) {
                return Err(CellError::Name(name.to_owned()));
            }
            frame.variables.set(name, value)
        })??;
        drop(former);
        Ok(())
    }

    /// Whether there is a variable or constant of that name.
    pub fn has(&self, name: &str) -> bool {
        here(|frame| frame.variables.names().iter().any(|own| own == name)).unwrap_or(false)
    }

    /// The names of all variables and constants, oldest first; none where there is no notebook.
    pub fn names(&self) -> Vec<String> {
        here(|frame| frame.variables.names()).unwrap_or_default()
    }

    /// What a variable is, as Rhai names its type; none when there is none.
    pub fn type_of(&self, name: &str) -> Option<String> {
        let value = here(|frame| frame.variables.value(name)).ok()?.ok()?;
        Some(current::type_name(&value))
    }

    /// Takes a variable or constant away. False when there was none.
    ///
    /// # Errors
    /// Not on the engine thread.
    pub fn remove(&self, name: &str) -> Result<bool, CellError> {
        let former = here(|frame| frame.variables.remove(name))?;
        Ok(!former.is_empty())
    }

    /// A run of the engine as a handle that both languages drive, with plugins, live chart and panel: as `fit` gives it in
    /// Rhai.
    ///
    /// # Errors
    /// Not on the engine thread.
    ///
    /// ```no_run
    /// # use candlewick::prelude::*;
    /// # fn cell(run: Run) -> Result<(), CellError> {
    /// let run = session().run(run)?;
    /// session().set("run", run.clone())?;
    /// run.resume()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self, run: Run) -> Result<LiveRun, CellError> {
        here(|frame| LiveRun::new(&frame.session, run))
    }
}

/// Asks the innermost of what runs.
pub(super) fn here<R>(ask: impl FnOnce(&mut Frame) -> R) -> Result<R, CellError> {
    current::look(ask).ok_or(CellError::Elsewhere)
}

/// Whether a Rhai cell could declare a variable of that name.
pub(super) fn is_name(engine: &Engine, name: &str) -> bool {
    rhai::is_valid_identifier(name) && engine.compile(format!("let {name} = 0;")).is_ok()
}

impl Variables {
    /// A copy that calls no code of the value's type.
    fn value(&mut self, name: &str) -> Result<Dynamic, CellError> {
        if let Self::Own(scope) = self
            && let Some(own) = scope.get_mut(name)
        {
            *own = convert::kept(std::mem::take(own));
        }
        match self {
            Self::Own(scope) => scope.get(name).cloned().ok_or_else(|| self.missing(name)),
            Self::Copied(variables) => match variables.iter().find(|own| own.name == name).map(|own| &own.value) {
                Some(Some(Ok(value))) => Ok(value.clone()),
                Some(Some(Err(kind))) => Err(CellError::Large { name: name.to_owned(), kind: kind.clone() }),
                Some(None) | None => Err(self.missing(name)),
            },
        }
    }

    fn set(&mut self, name: &str, value: Dynamic) -> Result<Option<Dynamic>, CellError> {
        if self.is_constant(name) {
            return Err(CellError::Constant(name.to_owned()));
        }
        let variables = match self {
            Self::Own(scope) => return Ok(current::put(scope, name, value)),
            Self::Copied(variables) => variables,
        };
        match variables.iter_mut().find(|own| own.name == name) {
            Some(own) => {
                (own.changed, own.constant) = (true, false);
                Ok(own.value.replace(Ok(value)).and_then(Result::ok))
            }
            None => {
                let own = Copied { name: name.to_owned(), constant: false, value: Some(Ok(value)), changed: true };
                variables.push(own);
                Ok(None)
            }
        }
    }

    fn remove(&mut self, name: &str) -> Vec<Dynamic> {
        match self {
            Self::Own(scope) => current::remove(scope, name),
            Self::Copied(variables) => {
                let Some(own) = variables.iter_mut().find(|own| own.name == name) else { return Vec::new() };
                own.changed = true;
                own.value.take().into_iter().map(Result::unwrap_or_default).collect()
            }
        }
    }

    fn is_constant(&self, name: &str) -> bool {
        match self {
            Self::Own(scope) => scope.is_constant(name) == Some(true),
            Self::Copied(variables) => {
                variables.iter().any(|own| own.name == name && own.constant && own.value.is_some())
            }
        }
    }

    /// Oldest first.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Own(scope) => {
                let mut names: Vec<String> = Vec::with_capacity(scope.len());
                for (name, ..) in scope.iter_raw() {
                    if !names.iter().any(|own| own == name) {
                        names.push(name.to_owned());
                    }
                }
                names.reverse();
                names
            }
            Self::Copied(variables) => {
                variables.iter().filter(|own| own.value.is_some()).map(|own| own.name.clone()).collect()
            }
        }
    }

    fn missing(&self, name: &str) -> CellError {
        let names = self.names();
        let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        CellError::Missing { name: name.to_owned(), nearest }
    }
}
