//! Packages as archives: one directory in a gzipped tar.
//!
//! The same files give the same bytes, whenever and by whomever they are packed. Nothing of an archive is written before
//! all of it has been checked. Must not know what a plugin is. Read [`unpack`] first.

use crate::PackageError;
use crate::files::{MOST_BYTES, MOST_FILES, PackageFiles, write};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Builder, Entry, EntryType, Header};

/// How archives' names end.
pub const ARCHIVE: &str = ".tar.gz";

/// The bytes of an archive of these files below one directory: sorted, without times, owners or permissions.
///
/// # Errors
/// A file that cannot be read.
pub fn pack(files: &PackageFiles, directory: &str) -> Result<Vec<u8>, PackageError> {
    let mut builder = Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::best()));
    for path in files.paths() {
        let content = files.read(path)?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        let added = builder.append_data(&mut header, Path::new(directory).join(path), content.as_slice());
        added.map_err(|error| PackageError::unreadable(path, &error))?;
    }
    let finished = builder.into_inner().and_then(flate2::write::GzEncoder::finish);
    finished.map_err(|error| PackageError::archive(Path::new(directory), error.to_string()))
}

/// Unpacks an archive's bytes into a directory; `path` names it in errors. One directory around everything is left out.
///
/// # Errors
/// A path that leads out of the package, a hidden file, a link or device, a file that is there twice, more than a package
/// may hold, or bytes that are no gzipped tar. Nothing has been written then.
pub fn unpack(bytes: &[u8], path: &Path, directory: &Path) -> Result<(), PackageError> {
    let files = read(bytes).map_err(|reason| PackageError::archive(path, reason))?;
    let around = common_directory(&files);
    for (name, content) in &files {
        let name = around.as_ref().and_then(|around| name.strip_prefix(around).ok()).unwrap_or(name);
        write(&directory.join(name), content)?;
    }
    Ok(())
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything that an archive holds, checked.
fn read(bytes: &[u8]) -> Result<Files, String> {
    // Headers and padding come on top of the files' bytes; a bomb is still cut off early.
    let limit = MOST_BYTES + (MOST_FILES as u64 + 2) * 2048;
    let mut archive = Archive::new(GzDecoder::new(bytes).take(limit));
    let no_archive = |error: std::io::Error| format!("it is no gzipped tar ({error})");
    let (mut files, mut held) = (Files::new(), 0);
    for entry in archive.entries().map_err(no_archive)? {
        let mut entry = entry.map_err(no_archive)?;
        let name = entry_path(&entry)?;
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            EntryType::Regular => {}
            EntryType::Symlink | EntryType::Link => {
                return Err(format!("its entry `{}` is a link, which may lead out of the package", name.display()));
            }
            _ => return Err(format!("its entry `{}` is no plain file", name.display())),
        }
        held += entry.size();
        if held > MOST_BYTES || files.len() == MOST_FILES {
            return Err(format!(
                "it holds more than a package may: {MOST_FILES} files, {} MiB altogether",
                MOST_BYTES >> 20
            ));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(no_archive)?;
        if content.len() as u64 != entry.size() {
            return Err(format!("its entry `{}` is cut off", name.display()));
        }
        if files.insert(name.clone(), content).is_some() {
            return Err(format!("its entry `{}` is there twice", name.display()));
        }
    }
    if files.is_empty() { Err("it is empty".into()) } else { Ok(files) }
}

fn entry_path<R: Read>(entry: &Entry<R>) -> Result<PathBuf, String> {
    let path = entry.path().map_err(|error| format!("an entry has no readable path ({error})"))?;
    let shown = || path.display();
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) if name.to_str().is_none() => {
                return Err(format!("the path of its entry `{}` is no text", shown()));
            }
            Component::Normal(name) if name.as_encoded_bytes().starts_with(b".") => {
                return Err(format!("its entry `{}` is hidden; a package holds no hidden files", shown()));
            }
            Component::Normal(name) => plain.push(name),
            _ => return Err(format!("its entry `{}` leads out of the package", shown())),
        }
    }
    Ok(plain)
}

/// The directory that all files are in, if there is one.
fn common_directory(files: &Files) -> Option<PathBuf> {
    let first = |path: &Path| path.components().next().map(|component| PathBuf::from(component.as_os_str()));
    let around = first(files.keys().next()?)?;
    files.keys().all(|path| path != &around && path.starts_with(&around)).then_some(around)
}
