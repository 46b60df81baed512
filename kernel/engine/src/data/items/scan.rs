//! Which files there are below a directory, in an order that does not depend on the file system.

use std::path::{Path, PathBuf};

use crate::{EngineError, Result};

/// Directories nested deeper than this are not looked into: a link to itself would never end.
const DEPTH: usize = 16;

/// The sub-directories of a directory, by name; hidden ones left out.
pub(super) fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(path)?.into_iter().filter(|path| path.is_dir()).collect())
}

/// All files below a directory, by path; hidden ones left out.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    descend(path, 0, &mut found)?;
    Ok(found)
}

/// A path as text, as it is shown and given to plugins.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn descend(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in entries(path)? {
        if !entry.is_dir() {
            found.push(entry);
        } else if depth < DEPTH {
            descend(&entry, depth + 1, found)?;
        }
    }
    Ok(())
}

fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| EngineError::file(path, error);
    let all: std::io::Result<Vec<PathBuf>> =
        std::fs::read_dir(path).map_err(failed)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut all: Vec<PathBuf> = all.map_err(failed)?.into_iter().filter(|path| !hidden(path)).collect();
    all.sort();
    Ok(all)
}
