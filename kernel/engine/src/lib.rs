//! Models, data, optimizers, metrics, and the run as a state machine.
//!
//! The engine never prints and draws nothing: it emits events. It must not know Rhai, Jupyter, HTML or the plugin
//! manager; plugins reach it through [`candlewick_plugin_api::HookSink`]. Read [`Run`](run::Run) first, then
//! [`Net`](nn::Net) and [`Dataset`](data::Dataset).

pub mod data;
pub mod device;
mod error;
pub mod interrupt;
pub mod memory;
pub mod metrics;
pub mod nn;
pub mod own;
pub mod run;
mod seed;

pub use error::{EngineError, Result};
pub use seed::{Seed, Stream};
