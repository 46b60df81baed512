//! `Option` of the stand-in.

/// A value, or none.
#[derive(Copy, Clone, Eq, Debug, Hash, PartialEq, PartialOrd, Ord)]
#[lang = "Option"]
pub enum Option<T> {
    /// No value.
    #[lang = "None"]
    None,
    /// A value.
    #[lang = "Some"]
    Some(T),
}

use Option::*;

impl<T> Option<T> {
    pub const fn is_some(&self) -> bool { loop {} }
    pub fn is_some_and(self, f: impl FnOnce(T) -> bool) -> bool { loop {} }
    pub const fn is_none(&self) -> bool { loop {} }
    pub fn is_none_or(self, f: impl FnOnce(T) -> bool) -> bool { loop {} }
    pub const fn as_ref(&self) -> Option<&T> { loop {} }
    pub const fn as_mut(&mut self) -> Option<&mut T> { loop {} }
    /// The value; panics with a message when there is none.
    pub const fn expect(self, msg: &str) -> T { loop {} }
    /// The value; panics when there is none.
    pub const fn unwrap(self) -> T { loop {} }
    pub fn unwrap_or(self, default: T) -> T { loop {} }
    pub fn unwrap_or_else<F: FnOnce() -> T>(self, f: F) -> T { loop {} }
    pub fn unwrap_or_default(self) -> T where T: Default { loop {} }
    pub fn map<U, F: FnOnce(T) -> U>(self, f: F) -> Option<U> { loop {} }
    pub fn inspect<F: FnOnce(&T)>(self, f: F) -> Self { loop {} }
    pub fn map_or<U, F: FnOnce(T) -> U>(self, default: U, f: F) -> U { loop {} }
    pub fn map_or_else<U, D: FnOnce() -> U, F: FnOnce(T) -> U>(self, default: D, f: F) -> U { loop {} }
    /// The value, or an error.
    pub fn ok_or<E>(self, err: E) -> Result<T, E> { loop {} }
    pub fn ok_or_else<E, F: FnOnce() -> E>(self, err: F) -> Result<T, E> { loop {} }
    pub fn as_deref(&self) -> Option<&T::Target> where T: crate::ops::Deref { loop {} }
    pub fn iter(&self) -> IntoIter<&T> { loop {} }
    pub fn and<U>(self, optb: Option<U>) -> Option<U> { loop {} }
    pub fn and_then<U, F: FnOnce(T) -> Option<U>>(self, f: F) -> Option<U> { loop {} }
    pub fn filter<P: FnOnce(&T) -> bool>(self, predicate: P) -> Self { loop {} }
    pub fn or(self, optb: Option<T>) -> Option<T> { loop {} }
    pub fn or_else<F: FnOnce() -> Option<T>>(self, f: F) -> Option<T> { loop {} }
    pub fn insert(&mut self, value: T) -> &mut T { loop {} }
    pub fn get_or_insert_with<F: FnOnce() -> T>(&mut self, f: F) -> &mut T { loop {} }
    /// Takes the value out and leaves none.
    pub const fn take(&mut self) -> Option<T> { loop {} }
    pub const fn replace(&mut self, value: T) -> Option<T> { loop {} }
    pub fn zip<U>(self, other: Option<U>) -> Option<(T, U)> { loop {} }
}

impl<T> Option<&T> {
    pub fn copied(self) -> Option<T> where T: Copy { loop {} }
    pub fn cloned(self) -> Option<T> where T: Clone { loop {} }
}

impl<T, E> Option<Result<T, E>> {
    pub fn transpose(self) -> Result<Option<T>, E> { loop {} }
}

#[derive(Clone, Debug)]
pub struct IntoIter<T>(Option<T>);
impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T> { loop {} } }
impl<T> IntoIterator for Option<T> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T> { loop {} } }
impl<T> From<T> for Option<T> { fn from(value: T) -> Option<T> { loop {} } }
impl<A, V: FromIterator<A>> FromIterator<Option<A>> for Option<V> { fn from_iter<I: IntoIterator<Item = Option<A>>>(iter: I) -> Option<V> { loop {} } }
