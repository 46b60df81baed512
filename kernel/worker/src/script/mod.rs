//! Plugins written in Rhai: `RhaiPlugin`, the `ctx` its hooks get, its settings and state.
//!
//! Must not know cells or messages. Read [`RhaiPlugin`] first, then [`Ctx`](context::Ctx).

mod body;
mod built_in;
mod callback;
mod condition;
mod context;
mod engines;
mod factory;
mod failure;
mod given;
mod loader;
mod optimizer;
mod plugin;
pub mod schemas;
mod settings;
mod source;
mod transforms;
mod update;
mod values;
mod verbs;

pub use built_in::{is_script, register as register_built_in};
pub use callback::tell;
pub use condition::{RhaiCondition, is_not_there_yet};
pub use context::{BUILTINS, CONTEXT, Slot, fact, has, properties, setting};
pub use engines::Engines;
pub use given::{Given, METADATA};
pub use loader::{ScriptFile, ScriptLoader, broken, is_of_a_plugin, read};
pub use optimizer::{BUILTINS as OPTIMIZER_BUILTINS, OPTIMIZER};
pub use plugin::{PREFIXES, RhaiPlugin};
pub use source::{Header, KEYS, POLICIES, given_keys, header, words};
pub use transforms::{BUILTINS as TRANSFORM_BUILTINS, ITEM};
pub use update::BUILTINS as UPDATE_BUILTINS;
pub use values::{from_json, from_passed, to_json, to_passed};

use rhai::Engine;

/// Where plugins of cells come from, in the manager's words: the same for all cells, so that a cell run again, which has
/// a new number then, replaces its plugin.
pub const ORIGIN: &str = "a cell of this notebook";

/// Names the types of this module and gives them what is not in the table.
pub fn types(engine: &mut Engine) {
    context::types(engine);
    optimizer::types(engine);
    settings::types(engine);
    transforms::types(engine);
}
