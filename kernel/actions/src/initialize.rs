//! Loading the plugins that a configuration names, and taking them out again (seed 004's `initialize` and `unload_all`).
//!
//! Must not know where plugins are searched. Read [`Actions::initialize`] first.

use crate::ActionError;
use crate::actions::Actions;
use candlewick_plugin_manager::Registered;
use std::path::PathBuf;

impl Actions {
    /// Loads and registers the plugins at these paths, in this order, all or none; their names. One that is loaded already
    /// is loaded again, and one that was taken out is registered again: nothing is kept of what was loaded before.
    ///
    /// # Errors
    /// The first one that cannot be loaded; those before it that are new are taken out again.
    pub fn initialize(&self, paths: &[PathBuf]) -> Result<Vec<String>, ActionError> {
        let (mut names, mut new) = (Vec::new(), Vec::new());
        for path in paths {
            let loaded = self.plugins_mut()?.load_plugin(path);
            match loaded {
                Ok((name, registered)) => {
                    if registered == Registered::New {
                        new.push(name.clone());
                    }
                    names.push(name);
                }
                Err(error) => {
                    // What went wrong first is the reason; a cleanup that fails beside it changes nothing of that.
                    new.iter().rev().for_each(|name| drop(self.take_out(name)));
                    return Err(error.into());
                }
            }
        }
        let mut loaded = self.loaded().borrow_mut();
        names.iter().for_each(|name| {
            if !loaded.contains(name) {
                loaded.push(name.clone());
            }
        });
        Ok(names)
    }

    /// Takes out every plugin that [`Actions::initialize`] has loaded, the newest first; their names.
    ///
    /// # Errors
    /// Another plugin needs one of them, or its cleanup failed; those that are left stay loaded.
    pub fn unload_all(&self) -> Result<Vec<String>, ActionError> {
        let mut names = Vec::new();
        loop {
            let Some(name) = self.loaded().borrow().last().cloned() else { return Ok(names) };
            self.take_out(&name)?;
            self.loaded().borrow_mut().pop();
            names.push(name);
        }
    }

    fn take_out(&self, name: &str) -> Result<bool, ActionError> {
        Ok(self.plugins_mut()?.unregister(name)?)
    }
}
