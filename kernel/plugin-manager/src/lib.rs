//! The registry of plugins and the dispatch of hooks: order, policies, quarantine, counts, states.
//!
//! The manager knows plugins only through `candlewick-plugin-api`. It must not know Rhai, Jupyter, HTML, nor how training
//! works: a run hands it a hook and a context through [`HookSink`](candlewick_plugin_api::HookSink), nothing more.
//! Read [`PluginManager`] first, then [`Registration`], then `dispatch.rs`.

mod budgets;
mod clock;
mod condition;
mod config;
mod conflicts;
mod dispatch;
mod entries;
mod envelope;
mod error;
mod execute;
mod factory;
mod filters;
mod lifecycle;
mod loading;
mod manager;
mod observer;
mod points;
mod reconfigure;
mod registration;
mod replay;
mod report;
mod requirements;
mod runs;
mod schema;
mod slot;
mod states;
mod transforms;
mod watch;

pub use condition::{Compiler, Condition};
pub use conflicts::Conflict;
pub use entries::Entry;
pub use envelope::{Envelope, OpenEnvelope};
pub use error::ManagerError;
pub use execute::Asked;
pub use lifecycle::State;
pub use loading::{LoadReport, LoadRow, LoadedPlugin, Loader};
pub use manager::PluginManager;
pub use observer::Observer;
pub use registration::{Limits, Policy, Record, Registered, Registration};
pub use replay::Replay;
pub use report::{HookRow, PluginRow, PointRow};
pub use schema::schema_problems;
pub use transforms::{Previewed, TransformRow};
