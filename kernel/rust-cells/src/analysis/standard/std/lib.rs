//! A stand-in for the crate `std`, our own text, read by completion and hover where the component rust-src is missing.
//!
//! Never compiled.

#![feature(fundamental, lang_items, unboxed_closures)]
#![no_std]
#![allow(unused)]

extern crate alloc as alloc_crate;

pub use alloc_crate::{borrow, boxed, fmt, format, rc, slice, str, string, vec};
pub use core::{any, array, cell, char, clone, cmp, convert, default, error, f32, f64, future, hash, iter, marker, mem, num, ops, option, pin, result, task};
pub use core::{assert, assert_eq, assert_ne, cfg, column, concat, debug_assert, debug_assert_eq, env, file, format_args, include, include_bytes, include_str, line, matches, module_path, option_env, panic, stringify, todo, unimplemented, unreachable, write, writeln};

pub mod collections {
    pub use alloc_crate::collections::*;
    pub mod hash_map { pub use alloc_crate::collections::{Entry, HashMap}; }
}

pub mod sync {
    pub use alloc_crate::sync::{Arc, Weak};
    pub use core::sync::atomic;
    pub struct PoisonError<T> { data: T }
    impl<T> PoisonError<T> { pub fn into_inner(self) -> T { loop {} } }
    impl<T> core::fmt::Debug for PoisonError<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl<T> core::fmt::Display for PoisonError<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl<T> core::error::Error for PoisonError<T> {}
    pub type LockResult<T> = Result<T, PoisonError<T>>;
    /// A value that one thread at a time may use.
    pub struct Mutex<T: ?Sized> { data: T }
    pub struct MutexGuard<'a, T: ?Sized + 'a>(&'a Mutex<T>);
    impl<T> Mutex<T> { pub const fn new(t: T) -> Mutex<T> { loop {} } pub fn into_inner(self) -> LockResult<T> { loop {} } }
    impl<T: ?Sized> Mutex<T> { pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> { loop {} } }
    impl<T: ?Sized> core::ops::Deref for MutexGuard<'_, T> { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized> core::ops::DerefMut for MutexGuard<'_, T> { fn deref_mut(&mut self) -> &mut T { loop {} } }
    /// A value that many may read or one may change.
    pub struct RwLock<T: ?Sized> { data: T }
    impl<T> RwLock<T> { pub const fn new(t: T) -> RwLock<T> { loop {} } }
    impl<T: ?Sized> RwLock<T> {
        pub fn read(&self) -> LockResult<MutexGuard<'_, T>> { loop {} }
        pub fn write(&self) -> LockResult<MutexGuard<'_, T>> { loop {} }
    }
    /// A value that is made once.
    pub struct OnceLock<T> { value: Option<T> }
    impl<T> OnceLock<T> {
        pub const fn new() -> OnceLock<T> { loop {} }
        pub fn get(&self) -> Option<&T> { loop {} }
        pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T { loop {} }
    }
    pub struct LazyLock<T, F = fn() -> T> { value: Option<T>, make: F }
    impl<T, F: FnOnce() -> T> LazyLock<T, F> { pub const fn new(f: F) -> LazyLock<T, F> { loop {} } }
    impl<T, F: FnOnce() -> T> core::ops::Deref for LazyLock<T, F> { type Target = T; fn deref(&self) -> &T { loop {} } }
    pub mod mpsc {
        pub struct Sender<T>(T);
        pub struct Receiver<T>(T);
        #[derive(Debug)]
        pub struct SendError<T>(pub T);
        #[derive(Debug)]
        pub struct RecvError;
        pub fn channel<T>() -> (Sender<T>, Receiver<T>) { loop {} }
        impl<T> Sender<T> { pub fn send(&self, t: T) -> Result<(), SendError<T>> { loop {} } }
        impl<T> Clone for Sender<T> { fn clone(&self) -> Self { loop {} } }
        impl<T> Receiver<T> { pub fn recv(&self) -> Result<T, RecvError> { loop {} } pub fn try_recv(&self) -> Result<T, RecvError> { loop {} } }
    }
}

pub mod thread {
    pub struct JoinHandle<T>(T);
    impl<T> JoinHandle<T> { pub fn join(self) -> Result<T, alloc_crate::boxed::Box<dyn core::any::Any + Send>> { loop {} } pub fn is_finished(&self) -> bool { loop {} } }
    /// Runs a function on another thread.
    pub fn spawn<F: FnOnce() -> T + Send + 'static, T: Send + 'static>(f: F) -> JoinHandle<T> { loop {} }
    pub fn sleep(dur: core::time::Duration) {}
}

pub mod time {
    pub use core::time::Duration;
    /// A moment, for measuring how long something takes.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
    pub struct Instant(u64);
    impl Instant {
        pub fn now() -> Instant { loop {} }
        pub fn elapsed(&self) -> Duration { loop {} }
        pub fn duration_since(&self, earlier: Instant) -> Duration { loop {} }
    }
    #[derive(Clone, Copy, PartialEq, Debug)]
    pub struct SystemTime(u64);
    impl SystemTime { pub fn now() -> SystemTime { loop {} } }
}

pub mod path {
    /// A path that is borrowed.
    pub struct Path { inner: [u8] }
    /// A path that is owned.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct PathBuf { inner: alloc_crate::vec::Vec<u8> }
    impl Path {
        pub fn new<S: AsRef<str> + ?Sized>(s: &S) -> &Path { loop {} }
        pub fn join<P: AsRef<Path>>(&self, path: P) -> PathBuf { loop {} }
        pub fn exists(&self) -> bool { loop {} }
        pub fn is_dir(&self) -> bool { loop {} }
        pub fn is_file(&self) -> bool { loop {} }
        pub fn parent(&self) -> Option<&Path> { loop {} }
        pub fn to_path_buf(&self) -> PathBuf { loop {} }
        pub fn to_str(&self) -> Option<&str> { loop {} }
    }
    impl PathBuf { pub fn new() -> PathBuf { loop {} } pub fn push<P: AsRef<Path>>(&mut self, path: P) {} }
    impl core::ops::Deref for PathBuf { type Target = Path; fn deref(&self) -> &Path { loop {} } }
    impl AsRef<Path> for Path { fn as_ref(&self) -> &Path { loop {} } }
    impl AsRef<Path> for PathBuf { fn as_ref(&self) -> &Path { loop {} } }
    impl AsRef<Path> for str { fn as_ref(&self) -> &Path { loop {} } }
    impl AsRef<Path> for alloc_crate::string::String { fn as_ref(&self) -> &Path { loop {} } }
    impl From<&str> for PathBuf { fn from(s: &str) -> PathBuf { loop {} } }
}

pub mod io {
    #[derive(Debug)]
    pub struct Error { repr: () }
    pub type Result<T> = core::result::Result<T, Error>;
    impl core::fmt::Display for Error { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl core::error::Error for Error {}
    pub trait Read { fn read(&mut self, buf: &mut [u8]) -> Result<usize>; fn read_to_string(&mut self, buf: &mut alloc_crate::string::String) -> Result<usize> { loop {} } }
    pub trait Write { fn write(&mut self, buf: &[u8]) -> Result<usize>; fn flush(&mut self) -> Result<()>; fn write_all(&mut self, buf: &[u8]) -> Result<()> { loop {} } fn write_fmt(&mut self, args: core::fmt::Arguments<'_>) -> Result<()> { loop {} } }
    pub struct Stdout;
    pub fn stdout() -> Stdout { loop {} }
    impl Write for Stdout { fn write(&mut self, buf: &[u8]) -> Result<usize> { loop {} } fn flush(&mut self) -> Result<()> { loop {} } }
    pub fn _print(args: core::fmt::Arguments<'_>) {}
}

pub mod fs {
    use crate::{io, path::Path};
    pub fn read_to_string<P: AsRef<Path>>(path: P) -> io::Result<alloc_crate::string::String> { loop {} }
    pub fn read<P: AsRef<Path>>(path: P) -> io::Result<alloc_crate::vec::Vec<u8>> { loop {} }
    pub fn write<P: AsRef<Path>, C: AsRef<[u8]>>(path: P, contents: C) -> io::Result<()> { loop {} }
    pub fn create_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> { loop {} }
    pub fn remove_file<P: AsRef<Path>>(path: P) -> io::Result<()> { loop {} }
}

pub mod env {
    pub fn var(key: &str) -> Result<alloc_crate::string::String, VarError> { loop {} }
    #[derive(Debug, PartialEq)]
    pub enum VarError { NotPresent, NotUnicode(alloc_crate::string::String) }
    pub fn temp_dir() -> crate::path::PathBuf { loop {} }
}

/// Prints a line.
#[macro_export]
macro_rules! println { () => { $crate::io::_print(core::format_args!("\n")) }; ($($arg:tt)*) => { $crate::io::_print(core::format_args!($($arg)*)) } }
/// Prints.
#[macro_export]
macro_rules! print { ($($arg:tt)*) => { $crate::io::_print(core::format_args!($($arg)*)) } }
/// Prints a line to the standard error.
#[macro_export]
macro_rules! eprintln { () => { $crate::io::_print(core::format_args!("\n")) }; ($($arg:tt)*) => { $crate::io::_print(core::format_args!($($arg)*)) } }
#[macro_export]
macro_rules! eprint { ($($arg:tt)*) => { $crate::io::_print(core::format_args!($($arg)*)) } }
/// Prints an expression and its value, and gives the value.
#[macro_export]
macro_rules! dbg { ($val:expr $(,)?) => { match $val { tmp => tmp } } }
/// Statics with a value per thread.
#[macro_export]
macro_rules! thread_local { ($($arg:tt)*) => {} }

pub mod prelude {
    pub mod v1 {
        pub use alloc_crate::borrow::ToOwned;
        pub use alloc_crate::boxed::Box;
        pub use alloc_crate::string::{String, ToString};
        pub use alloc_crate::vec::Vec;
        pub use core::prelude::v1::*;
        pub use crate::{dbg, eprint, eprintln, format, print, println, thread_local, vec};
    }
    pub mod rust_2021 { pub use super::v1::*; }
    pub mod rust_2024 { pub use super::v1::*; }
}
