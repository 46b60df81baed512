//! Plugins as packages: manifests, search paths, archives, crates built for the library.
//!
//! Must not know candle, Rhai or Jupyter: metadata is JSON here, which the worker reads. Read [`Manifest`] first, then
//! [`find`].

mod error;
mod manifest;
mod search;

pub use error::PackageError;
pub use manifest::{CRATE_PREFIX, Language, MANIFEST, Manifest, SCRIPT, SchemaFiles};
pub use search::{Form, Found, PATH_VARIABLE, find, look, search_paths, user_plugins};
