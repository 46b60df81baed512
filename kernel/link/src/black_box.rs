//! A page of memory that outlives the worker: in it stands which plugin is being called, so that a death has a name, and
//! which request was begun, so that one that was not can be handled by the next worker.
//!
//! Owns the shared mapping and its layout. Must not know what a plugin is beyond a number and a name. Read [`BlackBox`]
//! first. A message over the link would cost microseconds a call and could be lost with the worker; a store into shared
//! memory costs less than a nanosecond and stays.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// The descriptor at which the worker finds the memory.
pub const BLACK_BOX_FD: i32 = 5;

/// How many names are kept; with more plugins the oldest ones' places are taken again.
const NAMES: usize = 255;
/// Bytes of a name that are kept.
const NAME_BYTES: usize = 48;
const LENGTH: usize = std::mem::size_of::<Page>();

/// The memory, as both processes see it. Plain words, so that any content is valid.
#[repr(C)]
struct Page {
    running: AtomicU64,
    begun: AtomicU64,
    names: [Name; NAMES],
}

#[repr(C)]
struct Name {
    number: AtomicU64,
    length: AtomicU64,
    words: [AtomicU64; NAME_BYTES / 8],
}

/// The shared memory of one worker. The mapping is never undone: one page set for each worker of a session.
#[derive(Clone, Copy)]
pub struct BlackBox(&'static Page);

impl BlackBox {
    /// Makes the memory, and the descriptor by which another process reaches it.
    ///
    /// # Errors
    /// The system has no such memory, or none left.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let memory = anonymous_file()?;
        // SAFETY: `memory` is open; the call changes its length only.
        if unsafe { libc::ftruncate(memory.as_raw_fd(), LENGTH as libc::off_t) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((Self::map(&memory)?, memory))
    }

    /// The memory behind a descriptor that [`Self::create`] made in another process.
    ///
    /// # Errors
    /// The descriptor is no such memory.
    pub fn open(memory: &OwnedFd) -> io::Result<Self> {
        // SAFETY: the structure is plain numbers, for which zero is valid, and the call fills it.
        let mut about: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: `memory` is open and `about` is writable.
        if unsafe { libc::fstat(memory.as_raw_fd(), &mut about) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // A shorter file would raise SIGBUS at the first touch.
        if usize::try_from(about.st_size).unwrap_or(0) < LENGTH {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the memory is too short"));
        }
        Self::map(memory)
    }

    /// Where the number of the plugin that is being called is to be stored; 0 for none.
    pub fn running(&self) -> &'static AtomicU64 {
        &self.0.running
    }

    /// Says that a request is being handled from now on. Requests have ascending ids.
    pub fn begin(&self, request: u64) {
        self.0.begun.store(request, Ordering::Release);
    }

    /// Whether a request was handled, or began to be.
    pub fn has_begun(&self, request: u64) -> bool {
        self.0.begun.load(Ordering::Acquire) >= request
    }

    /// Says which name a number stands for.
    pub fn name(&self, number: u64, name: &str) {
        let place = self.place(number);
        place.number.store(0, Ordering::Relaxed);
        let bytes = &name.as_bytes()[..name.len().min(NAME_BYTES)];
        for (word, piece) in place.words.iter().zip(bytes.chunks(8)) {
            let mut eight = [0; 8];
            eight[..piece.len()].copy_from_slice(piece);
            word.store(u64::from_ne_bytes(eight), Ordering::Relaxed);
        }
        place.length.store(bytes.len() as u64, Ordering::Relaxed);
        place.number.store(number, Ordering::Release);
    }

    /// The name of the plugin that is being called, or was when the worker died. A name that was too long is cut.
    pub fn running_name(&self) -> Option<String> {
        let number = self.0.running.load(Ordering::Acquire);
        let place = self.place(number);
        if number == 0 || place.number.load(Ordering::Acquire) != number {
            return None;
        }
        let bytes: Vec<u8> = place.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        let length = usize::try_from(place.length.load(Ordering::Relaxed)).unwrap_or(0).min(NAME_BYTES);
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    fn place(&self, number: u64) -> &'static Name {
        &self.0.names[number as usize % NAMES]
    }

    fn map(memory: &OwnedFd) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place of the system's choice; the file is at least `LENGTH` long.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), LENGTH, access, libc::MAP_SHARED, memory.as_raw_fd(), 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let page = NonNull::new(at.cast::<Page>()).ok_or_else(|| io::Error::other("mapped at address zero"))?;
        // SAFETY: the mapping is `LENGTH` bytes, aligned to a page, is never unmapped, and holds atomics only, for which
        // every content is valid whoever else writes it.
        Ok(Self(unsafe { page.as_ref() }))
    }
}

#[cfg(target_os = "linux")]
fn anonymous_file() -> io::Result<OwnedFd> {
    // SAFETY: the name is a C string; the call makes a new descriptor.
    let fd = unsafe { libc::memfd_create(c"candlewick-black-box".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(not(target_os = "linux"))]
fn anonymous_file() -> io::Result<OwnedFd> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_reads_what_was_begun() {
        let (kernel, memory) = BlackBox::create().unwrap();
        let worker = BlackBox::open(&memory).unwrap();
        assert!(!kernel.has_begun(1));
        worker.begin(2);
        assert_eq!([1, 2, 3].map(|id| kernel.has_begun(id)), [true, true, false]);
    }

    #[test]
    fn the_other_side_reads_who_runs() {
        let (kernel, memory) = BlackBox::create().unwrap();
        let worker = BlackBox::open(&memory).unwrap();
        assert_eq!(kernel.running_name(), None);
        let check = |number, name: &str, expect: Option<&str>| {
            worker.name(number, name);
            worker.running().store(number, Ordering::Relaxed);
            assert_eq!(kernel.running_name().as_deref(), expect);
        };
        check(1, "first", Some("first"));
        check(2, "a", Some("a"));
        check(255, "größer", Some("größer"));
        check(300, &"x".repeat(99), Some(&"x".repeat(48)));
        // The place of 2 belongs to 257 now.
        worker.name(257, "late");
        worker.running().store(2, Ordering::Relaxed);
        assert_eq!(kernel.running_name(), None);
        worker.running().store(0, Ordering::Relaxed);
        assert_eq!(kernel.running_name(), None);
    }

    #[test]
    fn what_is_no_such_memory_is_refused() {
        let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
        assert!(BlackBox::open(&file).is_err());
    }
}
