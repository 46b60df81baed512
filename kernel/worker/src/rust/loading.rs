//! What the compiler has built, in this process: opened once, never closed.
//!
//! Owns the list of what was opened, by which an address is traced to its cell. Must not know why something is opened.
//! Read [`Loaded`] first.

use candlewick_link::{Build, Lines};
use std::ffi::c_void;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The function of a build: it takes the pointer to the variables and gives it back.
pub type Entry = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// The source file of every build, as rustc was given it.
const SOURCE: &str = "src/lib.rs";

/// A build that was opened.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file that was opened: this process's own name for it.
    pub file: PathBuf,
    /// Its function.
    pub entry: Entry,
    /// The function's name.
    pub function: String,
    /// Where the lines of its source come from.
    pub lines: Vec<Lines>,
    base: usize,
}

/// Why a build could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not there or could not be put aside.
    #[error("the compiled cell {path} cannot be used: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The system does not load it.
    #[error("the compiled cell was not loaded: {0}")]
    Refused(#[from] libloading::Error),
    /// The function is in no loaded file.
    #[error("the function `{0}` of the compiled cell is at no known place")]
    Nowhere(String),
}

/// Everything opened so far, oldest first.
static OPENED: Mutex<Vec<Loaded>> = Mutex::new(Vec::new());

impl Loaded {
    /// Opens a build under a name of its own in that directory: a compiler that was started anew may give a build the name of an earlier one,
    /// and the system takes a name it knows for the file it knows.
    ///
    /// # Errors
    /// The file cannot be put there, the system does not load it, or it has no such function.
    pub fn open(build: &Build, directory: &Path) -> Result<Self, LoadError> {
        let file = own_name(&build.file, directory)?;
        Self::open_at(&file, &build.function, build.lines.clone())
    }

    /// Opens a file under the name it has.
    ///
    /// # Errors
    /// The system does not load it, or it has no such function.
    pub fn open_at(file: &Path, function: &str, lines: Vec<Lines>) -> Result<Self, LoadError> {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: its initialisers are those of a Rust library that was built for this process's libraries.
        let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) }?;
        // SAFETY: every build's function has this signature.
        let entry = *unsafe { library.get::<Entry>(function.as_bytes()) }?;
        // Never closed: variables, threads and plugins of it outlive the cell.
        std::mem::forget(library);
        let base = place(entry as *const c_void).ok_or_else(|| LoadError::Nowhere(function.to_owned()))?;
        let loaded = Self { file: file.to_owned(), entry, function: function.to_owned(), lines, base };
        opened().push(loaded.clone());
        Ok(loaded)
    }

    /// The build in which an address lies.
    pub fn of(address: *const c_void) -> Option<Self> {
        let base = place(address)?;
        opened().iter().rev().find(|loaded| loaded.base == base).cloned()
    }

    /// The newest build that was opened under that name.
    pub fn named(file: &Path) -> Option<Self> {
        opened().iter().rev().find(|loaded| loaded.file == file).cloned()
    }

    /// How far an address lies behind the beginning of the file in memory.
    pub fn offset_of(&self, address: *const c_void) -> usize {
        (address as usize).wrapping_sub(self.base)
    }

    /// The address that lies so far behind the beginning of the file in memory.
    pub fn address_at(&self, offset: usize) -> *const c_void {
        (self.entry as *const u8).wrapping_sub(self.offset_of(self.entry as *const c_void)).wrapping_add(offset).cast()
    }

    /// Takes the file's own name away again: what is in memory stays there.
    pub fn forget_file(&self) {
        // A file that is left lies in the session's directory and goes with it.
        let _ = fs::remove_file(&self.file);
    }

    /// The place in a cell that a line of the build's source comes from: the cell's name, the line there, and the columns to
    /// add to those of the source.
    pub fn cell_line(&self, line: u32) -> Option<(&str, u32, u32)> {
        let own = self.lines.iter().find(|own| (own.built..own.built.saturating_add(own.count)).contains(&line))?;
        Some((&own.source, own.line + (line - own.built), own.offset))
    }
}

/// The place in a cell that a place in compiled code comes from: the cell's name, line and column. `file` is the text that
/// the code itself holds, by whose address its build is found.
pub fn cell_place(file: &str, line: u32, column: u32) -> Option<(String, u32, u32)> {
    if file != SOURCE {
        return None;
    }
    let loaded = Loaded::of(file.as_ptr().cast())?;
    let (source, line, offset) = loaded.cell_line(line)?;
    Some((source.to_owned(), line, column + offset))
}

/// Gives a file a name that no other has had in this session.
fn own_name(file: &Path, directory: &Path) -> Result<PathBuf, LoadError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let own = directory.join(format!("{}-{number}.so", std::process::id()));
    fs::create_dir_all(directory)
        .and_then(|()| fs::hard_link(file, &own).or_else(|_| fs::copy(file, &own).map(drop)))
        .map_err(|error| LoadError::File { path: file.to_owned(), error })?;
    Ok(own)
}

/// Where the file begins in memory in which an address lies.
fn place(address: *const c_void) -> Option<usize> {
    // SAFETY: the structure is plain pointers, for which zero is valid.
    let mut about: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked for; `about` is writable.
    let known = unsafe { libc::dladdr(address, &raw mut about) } != 0;
    known.then_some(about.dli_fbase as usize)
}

fn opened() -> MutexGuard<'static, Vec<Loaded>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builds_line_is_a_cells() {
        let lines = |built, count, source: &str, line| Lines { built, count, source: source.into(), line, offset: 0 };
        extern "C" fn same(pointer: *mut c_void) -> *mut c_void {
            pointer
        }
        let lines = vec![lines(10, 2, "cell 3", 1), lines(20, 5, "cell 7", 2)];
        let loaded = Loaded { file: PathBuf::new(), entry: same, function: String::new(), lines, base: 0 };
        let check = |line, expect: Option<(&str, u32, u32)>| assert_eq!(loaded.cell_line(line), expect, "{line}");
        check(9, None);
        check(11, Some(("cell 3", 2, 0)));
        check(12, None);
        check(24, Some(("cell 7", 6, 0)));
        let address = same as *const c_void;
        assert_eq!(loaded.address_at(loaded.offset_of(address)), address);
    }
}
