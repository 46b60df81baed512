//! A directory with files, gone when the test is over.

#![allow(dead_code)] // each test file uses what it needs

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory of its own.
pub struct Files(pub PathBuf);

impl Files {
    /// A directory that holds these files; a name may lead into directories of it.
    pub fn of(files: &[(&str, &str)]) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("candlewick-files-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        // What plugins say of where they come from has all links followed.
        let made = Self(directory.canonicalize().unwrap());
        files.iter().for_each(|(name, text)| made.write(name, text));
        made
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The path of a file, or of the directory itself when the name is empty.
    pub fn path(&self, name: &str) -> String {
        if name.is_empty() { self.0.display().to_string() } else { self.0.join(name).display().to_string() }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
