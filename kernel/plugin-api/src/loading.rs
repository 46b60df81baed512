//! Data that is loaded on a thread of its own. Read [`Loading`] first.

use crate::{PluginError, Value};

/// Loads data away from the engine thread. It must not touch what belongs to the plugin: whatever it needs goes into it.
pub type Loading = Box<dyn FnOnce() -> Result<Loaded, PluginError> + Send>;

/// Makes the value of what was loaded, on the engine thread, where values live.
pub type Loaded = Box<dyn FnOnce() -> Value + Send>;
