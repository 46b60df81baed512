//! Plugins from cargo crates: built for the library of this process, checked, and loaded into it.
//!
//! Library and std are shared, so the plugin has the same statics and allocator, and its panics are caught like any other.
//! What was loaded stays: threads or values of it may outlive the plugin. Read [`RustCrate`] first, then
//! [`CrateLoader`].

use crate::rust;
use candlewick_engine::interrupt;
use candlewick_packages::build_record::BuildRecord;
use candlewick_packages::library::Library;
use candlewick_packages::{Form, PackageError, crate_build, look};
use candlewick_plugin_api::{Plugin, panics};
use candlewick_plugin_manager::{LoadedPlugin, Loader, ManagerError, Registration};
use serde_json::{Map, Value};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// The function that `candlewick::plugin!` puts into a crate. Rust's own calling convention and types: the record has been
/// compared before, so both sides are of one compiler and one library.
type New = fn() -> Box<dyn Plugin>;

/// A crate that has been built for this library and loaded. Its plugin can be made as often as one likes.
#[derive(Clone, Debug)]
pub struct RustCrate {
    /// The crate's name.
    pub name: String,
    /// The built file.
    pub file: PathBuf,
    /// Whether the file had been built before.
    pub cached: bool,
    new: New,
}

impl RustCrate {
    /// Builds the crate in a directory unless the cache has it, and loads it. An interrupt stops the build.
    ///
    /// # Errors
    /// What [`crate_build::build`] and [`RustCrate::open`] name.
    pub fn load(directory: &Path) -> Result<Self, PackageError> {
        let library = Library::of_this_process()?;
        let cache = crate_build::user_cache()?;
        let built = crate_build::build(directory, &library, &cache, &|| !interrupt::requested())?;
        Ok(Self { name: built.name, cached: built.cached, ..Self::open(&built.file)? })
    }

    /// Loads a built file whose record fits this library.
    ///
    /// # Errors
    /// Another compiler or library, a file that the system does not load, or one that is no plugin.
    pub fn open(file: &Path) -> Result<Self, PackageError> {
        rust::uses_rust();
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        BuildRecord::check(&file, &Library::of_this_process()?)?;
        let refused = |error: libloading::Error| PackageError::Record { path: file.clone(), reason: error.to_string() };
        // SAFETY: its initialisers are those of a Rust library that was built for the loaded library by the same compiler.
        let library = unsafe { libloading::Library::new(&file) }.map_err(refused)?;
        // SAFETY: the macro that wrote the record defines it with this signature, and the record was written by the macro of
        // this very library.
        let new = *unsafe { library.get::<New>(b"candlewick_plugin\0") }.map_err(refused)?;
        // Never unloaded: there is no moment at which nothing of it can be in use.
        std::mem::forget(library);
        // Its hooks may call `session()`.
        crate::rust::uses_rust();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, file, cached: true, new })
    }

    /// A plugin of this crate.
    ///
    /// # Errors
    /// The crate panicked while it made it.
    pub fn plugin(&self) -> Result<Box<dyn Plugin>, PackageError> {
        catch_unwind(self.new).map_err(|panic| {
            let text = panics::described(&*panic);
            let reason = format!("it panicked while it made its plugin: {text}");
            PackageError::Record { path: self.file.clone(), reason }
        })
    }
}

/// Keys of [`Registration::package`]: the crate's directory, and the file that was built of it.
const CRATE: &str = "crate";
const FILE: &str = "file";

/// Loads plugin crates where scripts are loaded too.
#[derive(Clone, Copy, Debug)]
pub struct CrateLoader;

impl Loader for CrateLoader {
    fn takes(&self, path: &Path) -> bool {
        look(path).is_ok_and(|found| found.form == Form::Crate)
    }

    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        let directory = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let made = RustCrate::load(&directory).and_then(|loaded| Ok((loaded.plugin()?, loaded.file)));
        let (plugin, file) = made.map_err(|error| broken(path, &error))?;
        let origin = directory.display().to_string();
        // The file's name changes with its content, and so tells whether the plugin is still the same.
        let paths = [(CRATE, origin.clone()), (FILE, file.display().to_string())];
        let package = Map::from_iter(paths.map(|(key, path)| (key.to_owned(), Value::from(path))));
        Ok(LoadedPlugin { plugin, registration: Registration { package, ..Registration::from_origin(origin) } })
    }
}

/// The plugin of a crate that a former worker had loaded; none where the registration is of something else.
pub fn again(registration: &Registration) -> Option<Result<Box<dyn Plugin>, PackageError>> {
    let path = |key: &str| registration.package.get(key).and_then(Value::as_str).map(Path::new);
    let (directory, file) = (path(CRATE)?, path(FILE)?);
    // What was loaded is still there, unless the library has been built again meanwhile.
    let loaded = RustCrate::open(file).or_else(|_| RustCrate::load(directory));
    Some(loaded.and_then(|loaded| loaded.plugin()))
}

fn broken(path: &Path, error: &PackageError) -> ManagerError {
    let (path, line, column, message) = match error {
        PackageError::Manifest { path, line, column, message } => (path.as_path(), *line, *column, message.clone()),
        other => (path, None, None, other.to_string()),
    };
    ManagerError::Broken { path: path.display().to_string(), line, column, message }
}
