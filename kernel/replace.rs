//! Files and directories that are replaced in one step.
//!
//! Owns the rename. Must not know what is in them. A reader, or a crash in between, finds the old or the new whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file beside its place and renames it over.
///
/// # Errors
/// The operating system refuses; the old file is then untouched.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path, "new");
    let written = fs::write(&beside, content).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Puts the directory that `fill` makes in the place of another, if there is one.
///
/// # Errors
/// `fill` fails, or the operating system refuses; the old directory is then untouched.
pub fn replace_directory(path: &Path, fill: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let new = beside(path, "new");
    let _ = fs::remove_dir_all(&new);
    let done = fs::create_dir(&new).map_err(Into::into).and_then(|()| fill(&new)).and_then(|()| put(&new, path));
    let _ = fs::remove_dir_all(&new);
    done
}

/// Exchanges the two where the system can, so that the path exists at every moment.
fn put(new: &Path, path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(fs::rename(new, path)?);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let old = beside(path, "old");
    fs::rename(path, &old)?;
    fs::rename(new, path)?;
    Ok(fs::remove_dir_all(old)?)
}

/// A name in the same directory, so that renaming stays inside one file system; of this process only.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{what}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_are_replaced_and_nothing_is_left_beside() {
        let root = tempfile::tempdir().unwrap();
        let (file, directory) = (root.path().join("f"), root.path().join("d"));
        for round in ["one", "two"] {
            replace_file(&file, round.as_bytes()).unwrap();
            replace_directory(&directory, |new| Ok(fs::write(new.join(round), "")?)).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), round);
            assert!(directory.join(round).exists());
        }
        assert!(!directory.join("one").exists());
        assert!(replace_directory(&directory, |_| anyhow::bail!("no")).is_err());
        assert!(directory.join("two").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }
}
