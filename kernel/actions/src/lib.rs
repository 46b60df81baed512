//! The six entry points of models (seed 004): instances, actions with their progress, the model store.
//!
//! A plugin's `data_access`, `instantiate`, `fit`, `predict`, `serialize` and `deserialize` are asked for here, by model
//! type or name of data, and everything that happens is an action that can be listed. This crate must not know Rhai,
//! Jupyter, HTML or nets: what it needs of them is the trait [`Host`]. Read [`Actions`] first, then [`Instance`], then
//! [`ModelStore`].

mod action;
mod actions;
mod arguments;
mod data;
mod error;
mod form;
mod host;
mod instance;
mod log;
mod registry;
mod running;
mod store;
mod store_file;

pub use action::{Action, Cause, Progress};
pub use actions::Actions;
pub use arguments::{Argument, Arguments, DataAccess};
pub use error::{ActionError, StoreError};
pub use form::Form;
pub use host::Host;
pub use instance::Instance;
pub use log::HISTORY;
pub use store::{ModelStore, StoredModel, StoredRow};
