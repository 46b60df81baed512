//! Plugins as packages: manifests, search paths, archives, crates built for the library.
//!
//! Must not know candle, Rhai or Jupyter: metadata is JSON here, which the worker reads. Read [`Manifest`] first, then
//! [`find`] and [`Package`], then [`Store`] (what is installed) and [`crate_build`] (Rust crates).

pub mod archive;
pub mod build_record;
pub mod cargo;
pub mod checksum;
pub mod closure;
pub mod crate_build;
pub mod dependencies;
mod error;
mod files;
pub mod library;
mod manifest;
mod new;
mod package;
pub mod registry;
mod search;
mod store;
mod toolchain;
pub mod trial_build;

pub use error::PackageError;
pub use files::{MOST_BYTES, MOST_FILES, PackageFiles};
pub use manifest::{CRATE_PREFIX, Language, MANIFEST, Manifest, SCRIPT, SchemaFiles};
pub use new::{directory_of, new, sources};
pub use package::{Need, Package, check_name};
pub use search::{Form, Found, PATH_VARIABLE, find, look, search_paths, user_plugins};
pub use store::{Installed, Origin, Record, Staged, Store};
pub use toolchain::{Found as FoundToolchain, Toolchain, linker};

/// The directory of an installed kernel that holds the library's sources, for editors.
pub const SOURCES: &str = "sources";
