//! The user's installed plugins: one directory each, with a record of where it came from.
//!
//! A package is put together and checked in a hidden directory beside the others, and takes its place in one step: a
//! reader, a failure or a crash in between finds the old or the new whole. Must not know how a plugin is tried. Read
//! [`Store`] first, then [`Staged`].

use crate::dependencies::{self, Provided};
use crate::files::{PackageFiles, write};
use crate::{MANIFEST, Need, Package, PackageError, archive, checksum, user_plugins};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The record in an installed package; hidden, so that it is no part of it.
const RECORD: &str = ".installed.json";

/// A directory of installed plugins.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// Where an installed package came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An archive, or a single script.
    File(PathBuf),
    /// A directory.
    Directory(PathBuf),
    /// A crate of a registry.
    Registry {
        /// Its name.
        name: String,
        /// The versions that were asked for, as Cargo writes ranges.
        range: String,
    },
}

/// What is kept about an installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where it came from.
    pub origin: Origin,
    /// The SHA-256 of the archive, of the paths and contents of a directory, or the registry's of the crate.
    pub sha256: String,
}

/// An installed plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// What it is, or what is wrong with it.
    pub package: Result<Package, PackageError>,
    /// Its directory.
    pub path: PathBuf,
    /// Where it came from; none for what somebody put there by hand.
    pub record: Option<Record>,
}

/// A package that is ready to take its place. It is gone when it is dropped before.
#[derive(Debug)]
pub struct Staged {
    /// What it is; its path is the one it has until it takes its place.
    pub package: Package,
    /// What will be kept about it.
    pub record: Record,
    /// Holds the files.
    _directory: tempfile::TempDir,
}

impl Installed {
    /// Its name: that of its directory where the package cannot be read.
    pub fn name(&self) -> String {
        match &self.package {
            Ok(package) => package.name.clone(),
            Err(_) => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

impl Store {
    /// That of this user, where every session looks for plugins.
    ///
    /// # Errors
    /// The user has no home directory.
    pub fn of_user() -> Result<Self, PackageError> {
        user_plugins().map(Self::at).ok_or_else(|| PackageError::Unwritable {
            path: "candlewick/plugins".into(),
            reason: "there is no home directory; set HOME".into(),
        })
    }

    /// One at a place, which need not be there yet.
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Everything that is installed, by name.
    pub fn list(&self) -> Vec<Installed> {
        let found = crate::find(&self.directory).unwrap_or_default();
        let mut all: Vec<Installed> = found.into_iter().map(|found| installed(found.path)).collect();
        all.sort_by_key(Installed::name);
        all
    }

    /// The one of that name.
    ///
    /// # Errors
    /// There is none; the nearest is named.
    pub fn installed(&self, name: &str) -> Result<Installed, PackageError> {
        let all = self.list();
        all.iter().find(|own| own.name() == name).cloned().ok_or_else(|| {
            let near = all.iter().map(|own| (strsim::osa_distance(&own.name(), name), own.name())).min();
            let hint = match near {
                Some((distance, near)) if distance <= 1.max(name.len() / 3) => format!("did you mean `{near}`?"),
                _ => "`candlewick plugins list` shows all".to_owned(),
            };
            PackageError::NotInstalled { name: name.to_owned(), hint }
        })
    }

    /// Makes a package from an archive or a single script ready, if it has the checksum that is expected.
    ///
    /// Without `expected` the file `FILE.sha256` beside it says what is expected; without both nothing is compared.
    ///
    /// # Errors
    /// Another checksum, an archive that is refused, or what [`Package::at`] names. Nothing has been installed then.
    pub fn stage_file(&self, file: &Path, expected: Option<&str>) -> Result<Staged, PackageError> {
        let bytes = std::fs::read(file).map_err(|error| PackageError::unreadable(file, &error))?;
        let found = checksum::sha256(&bytes);
        let promised = expected.map_or_else(|| checksum::promised(file), |text| Ok(Some(text.to_ascii_lowercase())))?;
        if let Some(expected) = promised.filter(|expected| *expected != found) {
            return Err(PackageError::Checksum { path: file.to_owned(), expected, found });
        }
        let is_script = file.extension().is_some_and(|extension| extension == "rhai");
        let origin = Origin::File(std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
        self.stage(Record { origin, sha256: found }, |directory| match is_script {
            true => {
                let name = file.file_name().unwrap_or_default();
                write(&directory.join(name), &bytes)?;
                Ok(directory.join(name))
            }
            false => unpacked(&bytes, file, &directory.join("package")),
        })
    }

    /// Makes a copy of a directory's package ready.
    ///
    /// # Errors
    /// A directory that cannot be read or copied, or what [`Package::at`] names.
    pub fn stage_directory(&self, source: &Path, origin: Origin) -> Result<Staged, PackageError> {
        let files = PackageFiles::of(source)?;
        let record = Record { origin, sha256: files.hash()? };
        // A directory without a manifest has no other name than its own.
        let name = source.canonicalize().ok().and_then(|path| path.file_name().map(ToOwned::to_owned));
        self.stage(record, |directory| {
            let copy = directory.join(name.as_deref().unwrap_or("plugin".as_ref()));
            files.copy_to(&copy).map(|()| copy)
        })
    }

    /// Whether a package and what is installed have what they need of each other.
    ///
    /// # Errors
    /// A plugin that it needs is missing, they need each other in a circle, or another one would be left without what it
    /// needs.
    pub fn check(&self, staged: &Staged, provided: &Provided) -> Result<(), PackageError> {
        let package = &staged.package;
        let mut all = self.needs();
        all.insert(package.name.clone(), (package.version.clone(), package.needs.clone()));
        dependencies::order(&all, provided).map(drop)
    }

    /// Puts a package in its place, in that of an older one of its name if there is one.
    ///
    /// # Errors
    /// What [`Store::check`] names, or the operating system refuses; what was installed before is then untouched.
    pub fn put(&self, staged: &Staged, provided: &Provided) -> Result<Installed, PackageError> {
        self.check(staged, provided)?;
        let package = &staged.package;
        let is_script = package.path.is_file();
        let mut from = package.path.clone();
        if is_script {
            // A script of its own gets a directory, for its record.
            from = package.path.with_file_name("script");
            let moved =
                std::fs::create_dir(&from).and_then(|()| std::fs::rename(&package.path, from.join("plugin.rhai")));
            moved.map_err(|error| PackageError::unwritable(&from, &error))?;
        }
        let record = serde_json::to_vec_pretty(&staged.record).unwrap_or_default();
        write(&from.join(RECORD), &record)?;
        let place = self.directory.join(&package.name);
        replace(&from, &place).map_err(|error| PackageError::unwritable(&place, &error))?;
        Ok(installed(place))
    }

    /// Takes a plugin out; where it was.
    ///
    /// # Errors
    /// It is not installed, another one needs it, or the operating system refuses.
    pub fn remove(&self, name: &str) -> Result<PathBuf, PackageError> {
        let installed = self.installed(name)?;
        let needs = self.needs();
        let dependents = dependencies::dependents(&needs, name);
        if !dependents.is_empty() {
            return Err(PackageError::Dependencies(format!(
                "plugin {name} is needed by {}; remove that first",
                dependents.join(", ")
            )));
        }
        let unwritable = |error| PackageError::unwritable(&installed.path, &error);
        // First out of sight, in one step: removing a directory is many.
        let aside = self.beside().map_err(unwritable)?;
        std::fs::rename(&installed.path, aside.path().join(name)).map_err(unwritable)?;
        Ok(installed.path)
    }

    /// Version and needs of everything installed that can be read.
    pub fn needs(&self) -> BTreeMap<String, (Option<Version>, Vec<Need>)> {
        let packages = self.list().into_iter().filter_map(|own| own.package.ok());
        packages.map(|package| (package.name, (package.version, package.needs))).collect()
    }

    /// `fill` puts a package into a new directory and says where in it.
    fn stage(
        &self,
        record: Record,
        fill: impl FnOnce(&Path) -> Result<PathBuf, PackageError>,
    ) -> Result<Staged, PackageError> {
        let directory = self.beside().map_err(|error| PackageError::unwritable(&self.directory, &error))?;
        let package = Package::at(&fill(directory.path())?)?;
        Ok(Staged { package, record, _directory: directory })
    }

    /// A hidden directory in the same file system.
    fn beside(&self) -> std::io::Result<tempfile::TempDir> {
        std::fs::create_dir_all(&self.directory)?;
        tempfile::Builder::new().prefix(".new-").tempdir_in(&self.directory)
    }
}

fn unpacked(bytes: &[u8], file: &Path, directory: &Path) -> Result<PathBuf, PackageError> {
    archive::unpack(bytes, file, directory)?;
    match [MANIFEST, "Cargo.toml"].iter().any(|name| directory.join(name).is_file()) {
        true => Ok(directory.to_owned()),
        false => {
            Err(PackageError::archive(file, format!("it holds no {MANIFEST}, neither above all nor one level down")))
        }
    }
}

fn installed(path: PathBuf) -> Installed {
    let record = std::fs::read(path.join(RECORD)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    Installed { package: Package::at(&path), path, record }
}

/// Exchanges the two where the system can, so that the place exists at every moment; what was there goes to `from`.
fn replace(from: &Path, place: &Path) -> std::io::Result<()> {
    if !place.exists() {
        return std::fs::rename(from, place);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, from, CWD, place, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let old = from.with_file_name("old");
    std::fs::rename(place, &old)?;
    // The old version comes back when the new one cannot take its place.
    std::fs::rename(from, place).inspect_err(|_| drop(std::fs::rename(&old, place)))
}
