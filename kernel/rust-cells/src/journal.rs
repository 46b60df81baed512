//! What the next compiler process of a session must know, should this one end.
//!
//! Must not know how it is restored. Read [`Journal`] first.

use crate::cell::Knowledge;
use crate::directory::Directory;
use serde::{Deserialize, Serialize};
use std::fs;

/// The state of a Rust session, without the values of variables: those are in the worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// The process that holds the values.
    pub worker: Option<u32>,
    /// Items, dependencies, and the types of variables.
    pub knowledge: Knowledge,
    /// Whether the worker still holds values that nothing names any more.
    pub stale: bool,
}

impl Journal {
    /// That of an earlier process; none when there was no such one, or what it wrote cannot be read.
    pub fn read(directory: &Directory) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.journal()).ok()?).ok()
    }

    /// Writes it in one step, so that nobody reads half of it. A session whose directory is full goes on without.
    pub fn write(&self, directory: &Directory) {
        let (path, new) = (directory.journal(), directory.join("journal.new"));
        let written = serde_json::to_vec(self).map_err(std::io::Error::other).and_then(|bytes| fs::write(&new, bytes));
        drop(written.and_then(|()| fs::rename(&new, &path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::prepare(root.path()).unwrap();
        assert_eq!(Journal::read(&directory), None);
        let knowledge = Knowledge { variables: vec![("x".into(), "i32".into())], ..Knowledge::default() };
        let journal = Journal { worker: Some(7), knowledge, stale: true };
        journal.write(&directory);
        assert_eq!(Journal::read(&directory), Some(journal));
        fs::write(directory.journal(), "{").unwrap();
        assert_eq!(Journal::read(&directory), None);
    }
}
