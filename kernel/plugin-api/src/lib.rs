//! What a plugin author reads: hooks, the context, the `Plugin` trait, metadata, errors.
//!
//! This crate is the contract between plugins, the manager that calls them and the engine that trains.
//! It must not know Rhai, Jupyter, the manager or the engine; `Model` and `Optimizer` are therefore traits here.
//! Read [`Plugin`] first, then [`Context`], then [`Hook`].

mod capability;
mod context;
mod control;
mod duration;
mod error;
mod event;
mod facts;
mod hook;
mod loading;
mod measure;
mod metadata;
mod nearest;
pub mod panics;
mod per_run;
mod plugin;
mod point;
mod random;
mod report;
mod schema;
pub mod settings;
mod sink;
mod table;
mod transform;
mod update;
mod value;
mod verb;
mod working;
mod zone;

pub use capability::Capability;
pub use context::{Context, Driver};
pub use control::Requests;
pub use duration::duration;
pub use error::{HookFailure, Part, PluginError};
pub use event::{Chart, Event, Progress, Series, Split};
pub use facts::{Fact, Facts, Outcome, RunId};
pub use hook::{Hook, HookSet};
pub use loading::{Loaded, Loading};
pub use measure::{Measure, Mode};
pub use metadata::{Compatibility, Dependency, EntryPoints, Machine, Metadata, PluginKind};
pub use nearest::nearest;
pub use per_run::PerRun;
pub use plugin::Plugin;
pub use point::{Point, PointCall, PointFired, PointSink};
pub use random::{Random, RandomSource};
pub use report::{Listener, Report};
pub use schema::{EXPECTED, Schemas, VerbSchema, schema_of_word};
pub use schemars;
pub use sink::{Fired, HookSink, NoHooks};
pub use table::Table;
pub use transform::{
    Streams, Transform, TransformContext, TransformOptions, TransformSet, Transformed, batch_parts, batch_value,
};
pub use update::Setting;
pub use value::{Object, Value};
pub use verb::{Group, Verb};
pub use working::{Model, Optimizer, Working};
pub use zone::{Change, Zone};
