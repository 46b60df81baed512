//! Copies of checkpoint folders, made and removed whole. Knows nothing of runs.

use candlewick_plugin_api::PluginError;
use std::io;
use std::path::{Path, PathBuf};

/// Makes `to` a copy of the folder `from`; a folder that was there is replaced once the copy is whole.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), PluginError> {
    let made = (|| {
        let (aside, old) = (beside(to, "new"), beside(to, "old"));
        clear(&aside)?;
        std::fs::create_dir_all(&aside)?;
        for entry in std::fs::read_dir(from)? {
            let file = entry?.file_name();
            let (source, target) = (from.join(&file), aside.join(&file));
            // Checkpoints are never changed once written, so that a link is as good as a copy and takes no room.
            std::fs::hard_link(&source, &target).or_else(|_| std::fs::copy(&source, &target).map(drop))?;
        }
        clear(&old)?;
        if to.exists() {
            std::fs::rename(to, &old)?;
        }
        std::fs::rename(&aside, to)?;
        clear(&old)
    })();
    made.map_err(|error| PluginError::failed(format!("no checkpoint could be kept in {}: {error}", to.display())))
}

/// Removes a folder; one that is gone is no error.
pub(crate) fn remove(folder: &Path) -> Result<(), PluginError> {
    let failed = |error| PluginError::failed(format!("{} could not be removed: {error}", folder.display()));
    clear(folder).map_err(failed)
}

fn clear(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// `folder/best` → `folder/.best.new`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}
