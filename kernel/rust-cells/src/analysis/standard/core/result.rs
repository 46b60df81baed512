//! `Result` of the stand-in.

/// A value, or what went wrong.
#[derive(Copy, Clone, Eq, Debug, Hash, PartialEq, PartialOrd, Ord)]
#[lang = "Result"]
pub enum Result<T, E> {
    /// The value.
    #[lang = "Ok"]
    Ok(T),
    /// What went wrong.
    #[lang = "Err"]
    Err(E),
}

use Result::*;

impl<T, E> Result<T, E> {
    pub const fn is_ok(&self) -> bool { loop {} }
    pub fn is_ok_and(self, f: impl FnOnce(T) -> bool) -> bool { loop {} }
    pub const fn is_err(&self) -> bool { loop {} }
    /// The value, if all went well.
    pub fn ok(self) -> Option<T> { loop {} }
    /// The error, if there is one.
    pub fn err(self) -> Option<E> { loop {} }
    pub const fn as_ref(&self) -> Result<&T, &E> { loop {} }
    pub const fn as_mut(&mut self) -> Result<&mut T, &mut E> { loop {} }
    pub fn map<U, F: FnOnce(T) -> U>(self, op: F) -> Result<U, E> { loop {} }
    pub fn map_or<U, F: FnOnce(T) -> U>(self, default: U, f: F) -> U { loop {} }
    pub fn map_or_else<U, D: FnOnce(E) -> U, F: FnOnce(T) -> U>(self, default: D, f: F) -> U { loop {} }
    /// The same with another error.
    pub fn map_err<F, O: FnOnce(E) -> F>(self, op: O) -> Result<T, F> { loop {} }
    pub fn inspect<F: FnOnce(&T)>(self, f: F) -> Self { loop {} }
    pub fn inspect_err<F: FnOnce(&E)>(self, f: F) -> Self { loop {} }
    pub fn iter(&self) -> crate::option::IntoIter<&T> { loop {} }
    pub fn and<U>(self, res: Result<U, E>) -> Result<U, E> { loop {} }
    pub fn and_then<U, F: FnOnce(T) -> Result<U, E>>(self, op: F) -> Result<U, E> { loop {} }
    pub fn or<F>(self, res: Result<T, F>) -> Result<T, F> { loop {} }
    pub fn or_else<F, O: FnOnce(E) -> Result<T, F>>(self, op: O) -> Result<T, F> { loop {} }
    pub fn unwrap_or(self, default: T) -> T { loop {} }
    pub fn unwrap_or_else<F: FnOnce(E) -> T>(self, op: F) -> T { loop {} }
    pub fn unwrap_or_default(self) -> T where T: Default { loop {} }
    /// The value; panics with a message and the error when there is none.
    pub fn expect(self, msg: &str) -> T where E: crate::fmt::Debug { loop {} }
    /// The value; panics with the error when there is none.
    pub fn unwrap(self) -> T where E: crate::fmt::Debug { loop {} }
    pub fn unwrap_err(self) -> E where T: crate::fmt::Debug { loop {} }
}

impl<T, E> Result<&T, E> {
    pub fn copied(self) -> Result<T, E> where T: Copy { loop {} }
    pub fn cloned(self) -> Result<T, E> where T: Clone { loop {} }
}

impl<T, E> Result<Option<T>, E> {
    pub fn transpose(self) -> Option<Result<T, E>> { loop {} }
}

impl<T, E> IntoIterator for Result<T, E> { type Item = T; type IntoIter = crate::option::IntoIter<T>; fn into_iter(self) -> crate::option::IntoIter<T> { loop {} } }
impl<A, E, V: FromIterator<A>> FromIterator<Result<A, E>> for Result<V, E> { fn from_iter<I: IntoIterator<Item = Result<A, E>>>(iter: I) -> Result<V, E> { loop {} } }
