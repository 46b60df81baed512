//! Plugins from files: one, a directory, all search paths, each with a report that leaves nothing out.
//!
//! Must not know what plugins are made of: loaders know, one for each form. Read [`Loader`] first, then [`LoadReport`].

use crate::requirements::arranged;
use crate::{ManagerError, PluginManager, Registered, Registration};
use candlewick_plugin_api::{Metadata, Plugin};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Makes plugins of what is at a path. It is asked while the registry is held: it must not touch it.
pub trait Loader {
    /// Whether what is at the path has the form that this loader loads. It need not be sound.
    fn takes(&self, path: &Path) -> bool;

    /// Makes the plugin. The registration's origin is the path, all links followed, so that the same file is known again.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError>;

    /// Makes a plugin of a source text, where this loader's plugins have one.
    #[allow(unused_variables)]
    fn compile(&self, name: &str, text: &str) -> Option<Result<LoadedPlugin, ManagerError>> {
        None
    }
}

/// A plugin that was made, but not registered.
pub struct LoadedPlugin {
    /// The plugin.
    pub plugin: Box<dyn Plugin>,
    /// What it is to be registered with.
    pub registration: Registration,
}

/// What came of loading: a row for each plugin that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadReport {
    /// The directories that were looked into, with whether each is there.
    pub searched: Vec<(PathBuf, bool)>,
    /// In the order of directories and, in each, of file names.
    pub rows: Vec<LoadRow>,
}

/// One plugin that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRow {
    /// Its script or directory.
    pub path: PathBuf,
    /// Its name, where it was read.
    pub name: Option<String>,
    /// What came of it.
    pub outcome: Result<Registered, ManagerError>,
}

impl LoadReport {
    /// The rows that are registered now.
    pub fn loaded(&self) -> impl Iterator<Item = &LoadRow> {
        self.rows.iter().filter(|row| row.outcome.is_ok())
    }

    /// The rows that are not, each with why.
    pub fn failed(&self) -> impl Iterator<Item = (&LoadRow, &ManagerError)> {
        self.rows.iter().filter_map(|row| Some((row, row.outcome.as_ref().err()?)))
    }
}

/// A plugin on its way from a file into the registry.
struct Candidate {
    row: usize,
    metadata: Metadata,
    made: LoadedPlugin,
}

impl PluginManager {
    /// Adds a form of plugins that can be loaded. The first loader that takes a path loads it.
    pub fn add_loader(&mut self, loader: Rc<dyn Loader>) {
        self.loaders.push(loader);
    }

    /// The loaders, for whoever makes a plugin while the registry must stay free.
    pub fn loaders(&self) -> Vec<Rc<dyn Loader>> {
        self.loaders.clone()
    }

    /// Looks into these directories from now on when asked to discover. They need not be there.
    pub fn search_in(&mut self, directories: Vec<PathBuf>) {
        self.search_paths = directories;
    }

    /// Loads the plugin at a path and registers it; its name.
    ///
    /// # Errors
    /// A path without a plugin, a broken one, or what refuses a registration.
    pub fn load_plugin(&mut self, path: &Path) -> Result<(String, Registered), ManagerError> {
        let made = self.load(path)?;
        let name = made.plugin.metadata().name;
        Ok((name, self.register(made.plugin, made.registration)?))
    }

    /// Loads all plugins of a directory, in the order of their file names, those before others that others need. What is
    /// no plugin by its form is passed over; what is broken is a row and keeps no other from being loaded.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn load_plugins(&mut self, directory: &Path) -> Result<LoadReport, ManagerError> {
        let paths = self.paths_in(directory)?;
        let mut report = LoadReport { searched: vec![(directory.to_owned(), true)], rows: Vec::new() };
        self.load_all(paths, &mut report, false);
        Ok(report)
    }

    /// Loads all plugins of the search paths. One that is registered from the same file and has not changed is left as it
    /// is.
    pub fn discover(&mut self) -> LoadReport {
        let (mut report, mut paths) = (LoadReport::default(), Vec::new());
        for directory in self.search_paths.clone() {
            let found = self.paths_in(&directory);
            report.searched.push((directory.clone(), found.is_ok()));
            match found {
                Ok(found) => paths.extend(found),
                Err(_) if !directory.exists() => {}
                Err(error) => report.rows.push(LoadRow { path: directory, name: None, outcome: Err(error) }),
            }
        }
        self.load_all(paths, &mut report, true);
        report
    }

    pub(crate) fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        let loader = self.loaders.iter().find(|loader| loader.takes(path));
        let loader = loader.ok_or_else(|| match std::fs::metadata(path) {
            Ok(_) => not_a_plugin(path),
            Err(error) => unreadable(path, &error),
        })?;
        loader.load(path)
    }

    /// What of a directory some loader takes, by file name. Hidden files are passed over.
    fn paths_in(&self, directory: &Path) -> Result<Vec<PathBuf>, ManagerError> {
        let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(directory, &error))?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && self.loaders.iter().any(|loader| loader.takes(&path)) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn load_all(&mut self, paths: Vec<PathBuf>, report: &mut LoadReport, keep: bool) {
        let mut candidates: Vec<Candidate> = Vec::new();
        for path in paths {
            let row = report.rows.len();
            let made = self.load(&path).and_then(|made| {
                let metadata = described(&*made.plugin, &path)?;
                Ok(Candidate { row, metadata, made })
            });
            let name = made.as_ref().ok().map(|made| made.metadata.name.clone());
            let outcome = match made {
                Ok(made) => self.admitted(made, &mut candidates, keep),
                Err(error) => Err(error),
            };
            report.rows.push(LoadRow { path, name, outcome });
        }
        self.register_all(candidates, report);
    }

    /// Puts a candidate among the others, unless its name is taken. What is said of it here holds until it is registered.
    fn admitted(
        &self,
        candidate: Candidate,
        candidates: &mut Vec<Candidate>,
        keep: bool,
    ) -> Result<Registered, ManagerError> {
        let name = &candidate.metadata.name;
        let origin = &candidate.made.registration.origin;
        let registered = self.slots.iter().find(|slot| slot.name() == name).map(|slot| &slot.registration);
        let batch = candidates.iter().find(|own| own.metadata.name == *name).map(|own| &own.made.registration);
        if let Some(holder) = batch.or(registered).filter(|holder| holder.origin != *origin || batch.is_some()) {
            return Err(ManagerError::NameTaken {
                name: name.clone(),
                origin: origin.clone(),
                holder: holder.origin.clone(),
            });
        }
        let new = &candidate.made.registration;
        let same = |own: &Registration| own.source == new.source && own.package == new.package;
        if keep && registered.is_some_and(same) {
            return Ok(Registered::Unchanged);
        }
        candidates.push(candidate);
        Ok(Registered::New)
    }

    fn register_all(&mut self, candidates: Vec<Candidate>, report: &mut LoadReport) {
        let metadata: Vec<&Metadata> = candidates.iter().map(|own| &own.metadata).collect();
        let there: Vec<&Metadata> = self.slots.iter().map(|slot| &slot.description.metadata).collect();
        let (order, failed) = arranged(&metadata, &there);
        for (index, error) in failed {
            report.rows[candidates[index].row].outcome = Err(error);
        }
        let mut candidates: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
        for index in order {
            let Some(Candidate { row, made, .. }) = candidates[index].take() else { continue };
            report.rows[row].outcome = self.register(made.plugin, made.registration);
        }
    }
}

pub(crate) fn described(plugin: &dyn Plugin, path: &Path) -> Result<Metadata, ManagerError> {
    crate::manager::guarded(|| plugin.metadata()).map_err(|error| ManagerError::Refused {
        plugin: path.display().to_string(),
        what: "metadata",
        error,
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> ManagerError {
    ManagerError::Unreadable { path: path.display().to_string(), why: error.to_string() }
}

fn not_a_plugin(path: &Path) -> ManagerError {
    let why = "a plugin is a `.rhai` file, a directory with `plugin.toml` or `plugin.rhai`, or a crate named \
               `candlewick-plugin-…`";
    ManagerError::NotAPlugin { path: path.display().to_string(), why: why.to_owned() }
}
