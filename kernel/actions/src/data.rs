//! Accessing data for an action: on threads where the data's owner allows it, all at once; the rest in turn.
//!
//! Must not know what the data is for. Read [`Actions::resolve`] first.

use crate::actions::Actions;
use crate::arguments::Resolved;
use crate::registry::{DATA_ACCESS, declared, no_data};
use crate::running::Running;
use crate::{ActionError, Arguments, DataAccess, Progress};
use candlewick_plugin_api::{Listener, Loaded, Loading, PluginError, Value};
use candlewick_plugin_manager::ManagerError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a thread is waited for between two looks at the interrupt.
const LOOK: Duration = Duration::from_millis(20);

/// What a thread sends when it has loaded: the data, and the seconds it took.
type Answer = (Result<Loaded, PluginError>, f64);

/// A data access that has begun.
struct Access {
    running: Rc<Running>,
    name: String,
    work: Work,
}

enum Work {
    /// A thread loads it; the plugin it belongs to, if it is a plugin's.
    Thread(Receiver<Answer>, Option<String>),
    /// The plugin is asked on this thread.
    Here(String, Vec<Value>),
}

impl Actions {
    /// The arguments with all their data. Each access is an action of its own, whose parent is the action that needs it.
    pub(crate) fn resolve(&self, parent: &Running, arguments: &Arguments) -> Result<Resolved, ActionError> {
        let accesses = arguments.accesses();
        if accesses.is_empty() {
            return Ok(arguments.with(Vec::new()));
        }
        parent.progress(Progress::AccessingData);
        let data = self.access_all(Some(parent.id), &accesses)?;
        parent.progress(Progress::Executing);
        Ok(arguments.with(data))
    }

    /// Data by name, now.
    ///
    /// # Errors
    /// Nobody gives it, or whoever does has failed.
    pub fn access(&self, access: &DataAccess) -> Result<Value, ActionError> {
        let data = self.access_all(self.current(), &[access])?;
        Ok(data.into_iter().next().unwrap_or_default())
    }

    /// All begin before any is waited for.
    fn access_all(&self, parent: Option<u64>, accesses: &[&DataAccess]) -> Result<Vec<Value>, ActionError> {
        let mut begun = Vec::new();
        for access in accesses {
            match self.begin_access(parent, access) {
                Ok(access) => begun.push(Some(access)),
                Err(error) => return Err(abandoned(begun, error)),
            }
        }
        let mut values = vec![Value::Nothing; begun.len()];
        for on_thread in [false, true] {
            for place in 0..begun.len() {
                let Some(access) = begun[place].take_if(|access| access.is_on_thread() == on_thread) else { continue };
                match self.finish_access(access) {
                    Ok(value) => values[place] = value,
                    Err(error) => return Err(abandoned(begun, error)),
                }
            }
        }
        Ok(values)
    }

    fn begin_access(&self, parent: Option<u64>, access: &DataAccess) -> Result<Access, ActionError> {
        let running = self.begin(parent, DATA_ACCESS, &access.name, None, &access.arguments);
        let resolved = self.resolve(&running, &access.arguments);
        let work = resolved.and_then(|resolved| self.work(&access.name, resolved));
        match work {
            Ok(work) => Ok(Access { running, name: access.name.clone(), work }),
            Err(error) => running.end(Err(error), None),
        }
    }

    /// A plugin's data comes before a built-in source of the same name.
    fn work(&self, name: &str, resolved: Resolved) -> Result<Work, ActionError> {
        let plugin = declared(&*self.plugins()?, DATA_ACCESS, name);
        if let Some(plugin) = plugin {
            let arguments = self.placed(&plugin, DATA_ACCESS, name, None, resolved)?;
            let loading = self.plugins_mut()?.load_data(&plugin, &arguments)?;
            return Ok(match loading {
                Some(loading) => Work::Thread(spawn(name, loading)?, Some(plugin)),
                None => Work::Here(plugin, arguments),
            });
        }
        let wrong = |why| ActionError::Arguments { what: format!("data access {name}"), why };
        if !resolved.named.is_empty() && self.host().sources().contains(&name) {
            return Err(wrong("it takes arguments by position only".to_owned()));
        }
        match self.host().source(name, &resolved.positional) {
            Some(loading) => Ok(Work::Thread(spawn(name, loading.map_err(wrong)?)?, None)),
            None => Err(no_data(&*self.plugins()?, self.host(), name)),
        }
    }

    fn finish_access(&self, access: Access) -> Result<Value, ActionError> {
        let Access { running, name, work } = access;
        match work {
            Work::Here(plugin, arguments) => {
                let value = self.on_top(&running, |report| self.ask(&plugin, DATA_ACCESS, &arguments, report));
                running.end(value, None)
            }
            Work::Thread(receiver, plugin) => {
                let (loaded, took) = wait(&receiver, &running);
                let failed = |error: PluginError| match plugin {
                    Some(plugin) => ActionError::Manager(ManagerError::Verb { plugin, verb: DATA_ACCESS, error }),
                    None if error == PluginError::Interrupted => ActionError::Interrupted,
                    None => ActionError::Data { name, why: error.to_string() },
                };
                running.end(loaded.map(|loaded| loaded()).map_err(failed), took)
            }
        }
    }
}

impl Access {
    fn is_on_thread(&self) -> bool {
        matches!(self.work, Work::Thread(..))
    }
}

/// What was begun and is not needed any more ends with the action that needed it; a thread's data is dropped.
fn abandoned(begun: Vec<Option<Access>>, error: ActionError) -> ActionError {
    for access in begun.into_iter().flatten() {
        let _: Result<(), ActionError> = access.running.end(Err(ActionError::Interrupted), None);
    }
    error
}

fn spawn(name: &str, loading: Loading) -> Result<Receiver<Answer>, ActionError> {
    let (sender, receiver) = channel();
    let begun = Instant::now();
    let load = move || {
        let loaded = catch_unwind(AssertUnwindSafe(loading)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(PluginError::Panicked { message })
        });
        // Nobody waits for it when its action has ended.
        let _ = sender.send((loaded, begun.elapsed().as_secs_f64()));
    };
    let spawned = std::thread::Builder::new().name(format!("data {name}")).spawn(load);
    let failed = |error: std::io::Error| ActionError::Data { name: name.to_owned(), why: error.to_string() };
    spawned.map(|_| receiver).map_err(failed)
}

fn wait(receiver: &Receiver<Answer>, running: &Running) -> (Result<Loaded, PluginError>, Option<f64>) {
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok((loaded, took)) => return (loaded, Some(took)),
            Err(RecvTimeoutError::Timeout) if !running.is_cancelled() => {}
            Err(RecvTimeoutError::Timeout) => return (Err(PluginError::Interrupted), None),
            Err(RecvTimeoutError::Disconnected) => return (Err(PluginError::failed("its thread is gone")), None),
        }
    }
}
