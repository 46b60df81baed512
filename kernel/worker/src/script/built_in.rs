//! Plugins in Rhai that are part of the program: their sources stand in `plugins/` and are compiled in.
//!
//! To add one: its file in `plugins/`, a line in [`BUILT_IN`]. They are registered at the worker's start, inactive;
//! `activate("name", #{ … })` puts one to use. Must not know what they do. Read [`register`] first.

use super::{RhaiPlugin, Slot};
use candlewick_plugin_manager::{PluginManager, Registration};
use rhai::Engine;
use std::rc::Rc;

/// Where they come from, in the manager's words: the same as of built-in plugins in Rust.
pub const ORIGIN: &str = "built in";

/// A plugin's name and its source.
pub type BuiltIn = (&'static str, &'static str);

/// All of them, in the order in which they are registered.
pub const BUILT_IN: &[BuiltIn] = &[("caption-munger", include_str!("../../../../plugins/caption-munger.rhai"))];

/// Registers them; those that were refused, with the reason: a name that is taken. Their sources compile, a test sees to it.
pub fn register(engine: &Rc<Engine>, slot: &Rc<Slot>, plugins: &mut PluginManager) -> Vec<(&'static str, String)> {
    let register = |(name, text): &BuiltIn| {
        let plugin = RhaiPlugin::new(engine, slot, name, text, &format!("plugins/{name}.rhai"));
        let registration = Registration { enabled: false, ..Registration::from_origin(ORIGIN) };
        let registered = match plugin {
            Ok(plugin) => plugins.register(Box::new(plugin), registration).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        registered.err().map(|why| (*name, why))
    };
    BUILT_IN.iter().filter_map(register).collect()
}

/// Whether a plugin of that name and origin is written in Rhai.
pub fn is_script(name: &str, origin: &str) -> bool {
    origin == ORIGIN && BUILT_IN.iter().any(|(own, _)| *own == name)
}
