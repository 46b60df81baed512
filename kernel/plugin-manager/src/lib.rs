//! The registry of plugins and the dispatch of hooks: order, policies, quarantine, counts, states.
//!
//! The manager knows plugins only through `candlewick-plugin-api`. It must not know Rhai, Jupyter, HTML, nor how training
//! works: a run hands it a hook and a context through [`HookSink`](candlewick_plugin_api::HookSink), nothing more.
//! Read [`PluginManager`] first, then [`Registration`], then `dispatch.rs`.

mod config;
mod dispatch;
mod error;
mod execute;
mod filters;
mod lifecycle;
mod manager;
mod observer;
mod reconfigure;
mod registration;
mod report;
mod requirements;
mod runs;
mod slot;
mod states;

pub use error::ManagerError;
pub use execute::Asked;
pub use lifecycle::State;
pub use manager::PluginManager;
pub use observer::Observer;
pub use registration::{Limits, Policy, Record, Registered, Registration};
pub use report::{HookRow, PluginRow};
