//! Files and directories that continue a typed path.
//!
//! Must not know where the path is typed. Read [`below`] first.

use std::path::{Path, PathBuf};

/// Entries of one directory that are looked at: more would take longer than anybody waits.
const ENTRIES: usize = 10_000;

/// The entries that the last part of a typed path can become; directories end in `/`. Hidden ones only when that part
/// begins with a point. A `~` before the first `/` is the home directory.
pub fn below(typed: &str) -> Vec<String> {
    if typed == "~" {
        return vec!["~/".to_owned()];
    }
    let (folder, start) = split(typed);
    let Some(directory) = directory(folder) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let name = |entry: std::fs::DirEntry| {
        // A name that is no text cannot be written into a cell.
        let name = entry.file_name().into_string().ok()?;
        let shown = name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'));
        shown.then(|| if entry.path().is_dir() { format!("{name}/") } else { name })
    };
    let mut names: Vec<String> = entries.take(ENTRIES).flatten().filter_map(name).collect();
    if "..".starts_with(start) && !start.is_empty() {
        names.push("../".to_owned());
    }
    names.sort();
    names
}

/// A typed path cut behind its last `/`.
pub fn split(typed: &str) -> (&str, &str) {
    typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1))
}

fn directory(folder: &str) -> Option<PathBuf> {
    match folder.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().map(|home| home.join(rest)),
        None if folder.is_empty() => Some(PathBuf::from(".")),
        None => Some(Path::new(folder).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_a_directory() {
        let root = std::env::temp_dir().join(format!("candlewick-paths-{}", std::process::id()));
        std::fs::create_dir_all(root.join("data/inner")).unwrap();
        for file in ["data/a b.csv", "data/.hidden", "data/b.csv"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        let check = |typed: &str, expect: &[&str]| {
            assert_eq!(below(&format!("{}/{typed}", root.display())), expect, "{typed}");
        };
        check("da", &["data/"]);
        check("data/", &["a b.csv", "b.csv", "inner/"]);
        check("data/a", &["a b.csv"]);
        check("data/.", &["../", ".hidden"]);
        check("nothing/", &[]);
        assert_eq!(below("~"), ["~/"]);
        std::fs::remove_dir_all(root).unwrap();
    }
}
