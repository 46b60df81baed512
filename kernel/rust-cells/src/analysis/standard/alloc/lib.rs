//! A stand-in for the crate `alloc`, our own text, read by completion and hover where the component rust-src is missing.
//!
//! Never compiled.

#![feature(fundamental, lang_items, unboxed_closures)]
#![no_std]
#![allow(unused)]

pub mod boxed {
    /// A value on the heap.
    #[lang = "owned_box"]
    #[fundamental]
    pub struct Box<T: ?Sized>(*mut T);
    impl<T> Box<T> { pub fn new(x: T) -> Box<T> { loop {} } pub fn pin(x: T) -> core::pin::Pin<Box<T>> { loop {} } }
    impl<T: ?Sized> Box<T> { pub fn leak<'a>(b: Box<T>) -> &'a mut T { loop {} } }
    impl<T: ?Sized> core::ops::Deref for Box<T> { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized> core::ops::DerefMut for Box<T> { fn deref_mut(&mut self) -> &mut T { loop {} } }
    impl<T: ?Sized + core::marker::Unsize<U>, U: ?Sized> core::ops::CoerceUnsized<Box<U>> for Box<T> {}
    impl<T: Clone> Clone for Box<T> { fn clone(&self) -> Self { loop {} } }
    impl<T: Default> Default for Box<T> { fn default() -> Self { loop {} } }
    impl<T: core::fmt::Debug + ?Sized> core::fmt::Debug for Box<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl<T: core::fmt::Display + ?Sized> core::fmt::Display for Box<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl<I: Iterator + ?Sized> Iterator for Box<I> { type Item = I::Item; fn next(&mut self) -> Option<I::Item> { loop {} } }
    impl<T> From<T> for Box<T> { fn from(t: T) -> Self { loop {} } }
    impl<'a, E: core::error::Error + 'a> From<E> for Box<dyn core::error::Error + 'a> { fn from(err: E) -> Self { loop {} } }
    impl From<&str> for Box<dyn core::error::Error> { fn from(err: &str) -> Self { loop {} } }
    impl From<crate::string::String> for Box<dyn core::error::Error> { fn from(err: crate::string::String) -> Self { loop {} } }
    impl<Args: core::marker::Tuple, F: FnOnce<Args> + ?Sized> FnOnce<Args> for Box<F> { type Output = F::Output; extern "rust-call" fn call_once(self, args: Args) -> F::Output { loop {} } }
    impl<Args: core::marker::Tuple, F: FnMut<Args> + ?Sized> FnMut<Args> for Box<F> { extern "rust-call" fn call_mut(&mut self, args: Args) -> F::Output { loop {} } }
    impl<Args: core::marker::Tuple, F: Fn<Args> + ?Sized> Fn<Args> for Box<F> { extern "rust-call" fn call(&self, args: Args) -> F::Output { loop {} } }
}

macro_rules! shared { ($name:ident, $weak:ident) => {
    /// A value with several owners.
    pub struct $name<T: ?Sized>(*mut T);
    pub struct $weak<T: ?Sized>(*mut T);
    impl<T> $name<T> {
        pub fn new(value: T) -> $name<T> { loop {} }
        pub fn try_unwrap(this: Self) -> Result<T, Self> { loop {} }
    }
    impl<T: ?Sized> $name<T> {
        /// Whether two are the same value.
        pub fn ptr_eq(this: &Self, other: &Self) -> bool { loop {} }
        /// How many owners there are.
        pub fn strong_count(this: &Self) -> usize { loop {} }
        pub fn downgrade(this: &Self) -> $weak<T> { loop {} }
        pub fn get_mut(this: &mut Self) -> Option<&mut T> { loop {} }
        pub fn as_ptr(this: &Self) -> *const T { loop {} }
    }
    impl<T: ?Sized> $weak<T> { pub fn upgrade(&self) -> Option<$name<T>> { loop {} } }
    impl<T: ?Sized> Clone for $name<T> { fn clone(&self) -> Self { loop {} } }
    impl<T: ?Sized> core::ops::Deref for $name<T> { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized + core::marker::Unsize<U>, U: ?Sized> core::ops::CoerceUnsized<$name<U>> for $name<T> {}
    impl<T: Default> Default for $name<T> { fn default() -> Self { loop {} } }
    impl<T> From<T> for $name<T> { fn from(t: T) -> Self { loop {} } }
    impl<T: core::fmt::Debug + ?Sized> core::fmt::Debug for $name<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
} }
pub mod rc { shared! { Rc, Weak } }
pub mod sync { shared! { Arc, Weak } }

pub mod borrow {
    pub use core::borrow::Borrow;
    pub trait ToOwned { type Owned: Borrow<Self>; fn to_owned(&self) -> Self::Owned; }
    impl<T: Clone> ToOwned for T { type Owned = T; fn to_owned(&self) -> T { loop {} } }
    impl ToOwned for str { type Owned = crate::string::String; fn to_owned(&self) -> crate::string::String { loop {} } }
    impl<T: Clone> ToOwned for [T] { type Owned = crate::vec::Vec<T>; fn to_owned(&self) -> crate::vec::Vec<T> { loop {} } }
    /// A value that is borrowed or owned.
    pub enum Cow<'a, B: ?Sized + ToOwned + 'a> { Borrowed(&'a B), Owned(<B as ToOwned>::Owned) }
    impl<B: ?Sized + ToOwned> Cow<'_, B> { pub fn into_owned(self) -> <B as ToOwned>::Owned { loop {} } pub fn to_mut(&mut self) -> &mut <B as ToOwned>::Owned { loop {} } }
    impl<B: ?Sized + ToOwned> core::ops::Deref for Cow<'_, B> { type Target = B; fn deref(&self) -> &B { loop {} } }
}

pub mod string {
    /// Text that can grow, UTF-8.
    #[derive(PartialEq, PartialOrd, Eq, Ord, Clone, Hash, Default)]
    #[lang = "String"]
    pub struct String { vec: crate::vec::Vec<u8> }
    #[derive(Clone, Debug, PartialEq)]
    pub struct FromUtf8Error { bytes: crate::vec::Vec<u8> }
    impl String {
        /// An empty text.
        pub const fn new() -> String { loop {} }
        pub fn with_capacity(capacity: usize) -> String { loop {} }
        pub fn from_utf8(vec: crate::vec::Vec<u8>) -> Result<String, FromUtf8Error> { loop {} }
        pub fn from_utf8_lossy(v: &[u8]) -> crate::borrow::Cow<'_, str> { loop {} }
        pub const fn as_str(&self) -> &str { loop {} }
        /// Appends a text.
        pub fn push_str(&mut self, string: &str) {}
        /// Appends a character.
        pub fn push(&mut self, ch: char) {}
        pub fn pop(&mut self) -> Option<char> { loop {} }
        pub fn clear(&mut self) {}
        pub fn truncate(&mut self, new_len: usize) {}
        pub fn insert(&mut self, idx: usize, ch: char) {}
        pub fn insert_str(&mut self, idx: usize, string: &str) {}
        pub fn remove(&mut self, idx: usize) -> char { loop {} }
        pub fn into_bytes(self) -> crate::vec::Vec<u8> { loop {} }
        pub const fn capacity(&self) -> usize { loop {} }
        pub const fn len(&self) -> usize { loop {} }
        pub const fn is_empty(&self) -> bool { loop {} }
    }
    impl core::ops::Deref for String { type Target = str; fn deref(&self) -> &str { loop {} } }
    impl core::ops::DerefMut for String { fn deref_mut(&mut self) -> &mut str { loop {} } }
    impl core::ops::Add<&str> for String { type Output = String; fn add(self, other: &str) -> String { loop {} } }
    impl core::ops::AddAssign<&str> for String { fn add_assign(&mut self, other: &str) {} }
    impl core::fmt::Display for String { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl core::fmt::Debug for String { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl core::fmt::Write for String { fn write_str(&mut self, s: &str) -> core::fmt::Result { loop {} } }
    impl From<&str> for String { fn from(s: &str) -> String { loop {} } }
    impl From<char> for String { fn from(c: char) -> String { loop {} } }
    impl AsRef<str> for String { fn as_ref(&self) -> &str { loop {} } }
    impl core::borrow::Borrow<str> for String { fn borrow(&self) -> &str { loop {} } }
    impl PartialEq<str> for String { fn eq(&self, other: &str) -> bool { loop {} } }
    impl<'a> PartialEq<&'a str> for String { fn eq(&self, other: &&'a str) -> bool { loop {} } }
    impl<I: core::slice::SliceIndex<str>> core::ops::Index<I> for String { type Output = I::Output; fn index(&self, index: I) -> &I::Output { loop {} } }
    impl FromIterator<char> for String { fn from_iter<I: IntoIterator<Item = char>>(iter: I) -> String { loop {} } }
    impl FromIterator<String> for String { fn from_iter<I: IntoIterator<Item = String>>(iter: I) -> String { loop {} } }
    impl<'a> FromIterator<&'a str> for String { fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> String { loop {} } }
    impl core::str::FromStr for String { type Err = core::convert::Infallible; fn from_str(s: &str) -> Result<String, core::convert::Infallible> { loop {} } }
    /// Values that can be shown as text.
    pub trait ToString { fn to_string(&self) -> String; }
    impl<T: core::fmt::Display + ?Sized> ToString for T { fn to_string(&self) -> String { loop {} } }
}

pub mod str {
    use crate::string::String;
    impl str {
        pub fn to_lowercase(&self) -> String { loop {} }
        pub fn to_uppercase(&self) -> String { loop {} }
        pub fn repeat(&self, n: usize) -> String { loop {} }
        pub fn replace<P: core::str::Pattern>(&self, from: P, to: &str) -> String { loop {} }
        pub fn replacen<P: core::str::Pattern>(&self, pat: P, to: &str, count: usize) -> String { loop {} }
    }
}

pub mod slice {
    use crate::vec::Vec;
    impl<T> [T] {
        pub fn to_vec(&self) -> Vec<T> where T: Clone { loop {} }
        pub fn into_vec(self: crate::boxed::Box<Self>) -> Vec<T> { loop {} }
        pub fn sort(&mut self) where T: Ord {}
        pub fn sort_by<F: FnMut(&T, &T) -> core::cmp::Ordering>(&mut self, compare: F) {}
        pub fn sort_by_key<K: Ord, F: FnMut(&T) -> K>(&mut self, f: F) {}
        pub fn concat<Item: ?Sized>(&self) -> <Self as Concat<Item>>::Output where Self: Concat<Item> { loop {} }
        pub fn join(&self, separator: &str) -> crate::string::String { loop {} }
        pub fn repeat(&self, n: usize) -> Vec<T> where T: Copy { loop {} }
    }
    pub trait Concat<Item: ?Sized> { type Output; }
    impl<T: Clone, V: core::borrow::Borrow<[T]>> Concat<T> for [V] { type Output = Vec<T>; }
    impl<S: core::borrow::Borrow<str>> Concat<str> for [S] { type Output = crate::string::String; }
}

pub mod vec {
    /// Elements one after the other; it can grow.
    #[rustc_insignificant_dtor]
    pub struct Vec<T> { buf: *mut T, len: usize }
    impl<T> Vec<T> {
        /// An empty one.
        pub const fn new() -> Vec<T> { loop {} }
        pub fn with_capacity(capacity: usize) -> Vec<T> { loop {} }
        pub const fn capacity(&self) -> usize { loop {} }
        pub fn reserve(&mut self, additional: usize) {}
        pub fn into_boxed_slice(self) -> crate::boxed::Box<[T]> { loop {} }
        pub fn truncate(&mut self, len: usize) {}
        pub const fn as_slice(&self) -> &[T] { loop {} }
        pub const fn as_mut_slice(&mut self) -> &mut [T] { loop {} }
        pub fn swap_remove(&mut self, index: usize) -> T { loop {} }
        pub fn insert(&mut self, index: usize, element: T) {}
        pub fn remove(&mut self, index: usize) -> T { loop {} }
        /// Keeps the elements for which a condition holds.
        pub fn retain<F: FnMut(&T) -> bool>(&mut self, f: F) {}
        pub fn dedup(&mut self) where T: PartialEq {}
        /// Appends an element.
        pub fn push(&mut self, value: T) {}
        /// Takes the last element.
        pub fn pop(&mut self) -> Option<T> { loop {} }
        pub fn append(&mut self, other: &mut Vec<T>) {}
        pub fn drain<R: core::ops::RangeBounds<usize>>(&mut self, range: R) -> IntoIter<T> { loop {} }
        pub fn clear(&mut self) {}
        pub const fn len(&self) -> usize { loop {} }
        pub const fn is_empty(&self) -> bool { loop {} }
        pub fn split_off(&mut self, at: usize) -> Vec<T> { loop {} }
        pub fn resize(&mut self, new_len: usize, value: T) where T: Clone {}
        pub fn extend_from_slice(&mut self, other: &[T]) where T: Clone {}
    }
    pub fn from_elem<T: Clone>(elem: T, n: usize) -> Vec<T> { loop {} }
    pub fn from_array<T, const N: usize>(elements: [T; N]) -> Vec<T> { loop {} }
    impl<T> core::ops::Deref for Vec<T> { type Target = [T]; fn deref(&self) -> &[T] { loop {} } }
    impl<T> core::ops::DerefMut for Vec<T> { fn deref_mut(&mut self) -> &mut [T] { loop {} } }
    impl<T: Clone> Clone for Vec<T> { fn clone(&self) -> Self { loop {} } }
    impl<T> Default for Vec<T> { fn default() -> Self { loop {} } }
    impl<T: core::fmt::Debug> core::fmt::Debug for Vec<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { loop {} } }
    impl<T: PartialEq<U>, U> PartialEq<Vec<U>> for Vec<T> { fn eq(&self, other: &Vec<U>) -> bool { loop {} } }
    impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for Vec<T> { fn eq(&self, other: &[U; N]) -> bool { loop {} } }
    impl<T: Eq> Eq for Vec<T> {}
    impl<T: core::hash::Hash> core::hash::Hash for Vec<T> { fn hash<H: core::hash::Hasher>(&self, state: &mut H) {} }
    impl<T: PartialOrd> PartialOrd for Vec<T> { fn partial_cmp(&self, other: &Vec<T>) -> Option<core::cmp::Ordering> { loop {} } }
    impl<T: Ord> Ord for Vec<T> { fn cmp(&self, other: &Self) -> core::cmp::Ordering { loop {} } }
    impl<T, I: core::slice::SliceIndex<[T]>> core::ops::Index<I> for Vec<T> { type Output = I::Output; fn index(&self, index: I) -> &I::Output { loop {} } }
    impl<T, I: core::slice::SliceIndex<[T]>> core::ops::IndexMut<I> for Vec<T> { fn index_mut(&mut self, index: I) -> &mut I::Output { loop {} } }
    impl<T> FromIterator<T> for Vec<T> { fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Vec<T> { loop {} } }
    impl<T> Extend<T> for Vec<T> { fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {} }
    impl<T: Clone> From<&[T]> for Vec<T> { fn from(s: &[T]) -> Vec<T> { loop {} } }
    impl<T, const N: usize> From<[T; N]> for Vec<T> { fn from(s: [T; N]) -> Vec<T> { loop {} } }
    impl<T> AsRef<[T]> for Vec<T> { fn as_ref(&self) -> &[T] { loop {} } }
    impl<T> core::borrow::Borrow<[T]> for Vec<T> { fn borrow(&self) -> &[T] { loop {} } }
    pub struct IntoIter<T>(*mut T);
    impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T> { loop {} } }
    impl<T> DoubleEndedIterator for IntoIter<T> { fn next_back(&mut self) -> Option<T> { loop {} } }
    impl<T> ExactSizeIterator for IntoIter<T> {}
    impl<T> IntoIterator for Vec<T> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T> { loop {} } }
    impl<'a, T> IntoIterator for &'a Vec<T> { type Item = &'a T; type IntoIter = core::slice::Iter<'a, T>; fn into_iter(self) -> core::slice::Iter<'a, T> { loop {} } }
    impl<'a, T> IntoIterator for &'a mut Vec<T> { type Item = &'a mut T; type IntoIter = core::slice::IterMut<'a, T>; fn into_iter(self) -> core::slice::IterMut<'a, T> { loop {} } }
}

pub mod collections {
    /// A queue with two ends.
    #[derive(Clone, Debug, Default)]
    pub struct VecDeque<T> { head: usize, buf: *mut T }
    impl<T> VecDeque<T> {
        pub const fn new() -> VecDeque<T> { loop {} }
        pub fn with_capacity(capacity: usize) -> VecDeque<T> { loop {} }
        pub fn push_back(&mut self, value: T) {}
        pub fn push_front(&mut self, value: T) {}
        pub fn pop_back(&mut self) -> Option<T> { loop {} }
        pub fn pop_front(&mut self) -> Option<T> { loop {} }
        pub fn front(&self) -> Option<&T> { loop {} }
        pub fn back(&self) -> Option<&T> { loop {} }
        pub fn len(&self) -> usize { loop {} }
        pub fn is_empty(&self) -> bool { loop {} }
        pub fn iter(&self) -> core::slice::Iter<'_, T> { loop {} }
        pub fn clear(&mut self) {}
    }
    macro_rules! maps { ($name:ident, $set:ident, $key:ident) => {
        /// Values by key.
        #[derive(Clone, Debug, Default)]
        pub struct $name<K, V> { key: K, value: V }
        impl<K, V> $name<K, V> {
            pub fn new() -> $name<K, V> { loop {} }
            pub fn get<Q: ?Sized>(&self, key: &Q) -> Option<&V> where K: core::borrow::Borrow<Q> { loop {} }
            pub fn get_mut<Q: ?Sized>(&mut self, key: &Q) -> Option<&mut V> where K: core::borrow::Borrow<Q> { loop {} }
            pub fn contains_key<Q: ?Sized>(&self, key: &Q) -> bool where K: core::borrow::Borrow<Q> { loop {} }
            pub fn insert(&mut self, key: K, value: V) -> Option<V> { loop {} }
            pub fn remove<Q: ?Sized>(&mut self, key: &Q) -> Option<V> where K: core::borrow::Borrow<Q> { loop {} }
            pub fn entry(&mut self, key: K) -> Entry<'_, K, V> { loop {} }
            pub fn len(&self) -> usize { loop {} }
            pub fn is_empty(&self) -> bool { loop {} }
            pub fn clear(&mut self) {}
            pub fn keys(&self) -> Pairs<&K> { loop {} }
            pub fn values(&self) -> Pairs<&V> { loop {} }
            pub fn values_mut(&mut self) -> Pairs<&mut V> { loop {} }
            pub fn iter(&self) -> Pairs<(&K, &V)> { loop {} }
            pub fn iter_mut(&mut self) -> Pairs<(&K, &mut V)> { loop {} }
        }
        impl<K, V> IntoIterator for $name<K, V> { type Item = (K, V); type IntoIter = Pairs<(K, V)>; fn into_iter(self) -> Pairs<(K, V)> { loop {} } }
        impl<'a, K, V> IntoIterator for &'a $name<K, V> { type Item = (&'a K, &'a V); type IntoIter = Pairs<(&'a K, &'a V)>; fn into_iter(self) -> Pairs<(&'a K, &'a V)> { loop {} } }
        impl<K, V> FromIterator<(K, V)> for $name<K, V> { fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self { loop {} } }
        impl<K, V, const N: usize> From<[(K, V); N]> for $name<K, V> { fn from(arr: [(K, V); N]) -> Self { loop {} } }
        /// Values, each once.
        #[derive(Clone, Debug, Default)]
        pub struct $set<T> { value: T }
        impl<T> $set<T> {
            pub fn new() -> $set<T> { loop {} }
            pub fn insert(&mut self, value: T) -> bool { loop {} }
            pub fn contains<Q: ?Sized>(&self, value: &Q) -> bool where T: core::borrow::Borrow<Q> { loop {} }
            pub fn remove<Q: ?Sized>(&mut self, value: &Q) -> bool where T: core::borrow::Borrow<Q> { loop {} }
            pub fn len(&self) -> usize { loop {} }
            pub fn is_empty(&self) -> bool { loop {} }
            pub fn iter(&self) -> Pairs<&T> { loop {} }
        }
        impl<T> IntoIterator for $set<T> { type Item = T; type IntoIter = Pairs<T>; fn into_iter(self) -> Pairs<T> { loop {} } }
        impl<T> FromIterator<T> for $set<T> { fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self { loop {} } }
    } }
    maps! { HashMap, HashSet, Hash }
    maps! { BTreeMap, BTreeSet, Ord }
    pub struct Pairs<T>(T);
    impl<T> Iterator for Pairs<T> { type Item = T; fn next(&mut self) -> Option<T> { loop {} } }
    /// A key's place in a map.
    pub struct Entry<'a, K, V>(&'a mut (K, V));
    impl<'a, K, V> Entry<'a, K, V> {
        pub fn or_insert(self, default: V) -> &'a mut V { loop {} }
        pub fn or_insert_with<F: FnOnce() -> V>(self, default: F) -> &'a mut V { loop {} }
        pub fn or_default(self) -> &'a mut V where V: Default { loop {} }
        pub fn and_modify<F: FnOnce(&mut V)>(self, f: F) -> Self { loop {} }
    }
}

pub mod fmt {
    pub use core::fmt::*;
    pub fn format(args: Arguments<'_>) -> crate::string::String { loop {} }
}

/// Text from a template and values.
#[macro_export]
macro_rules! format { ($($arg:tt)*) => { $crate::fmt::format(core::format_args!($($arg)*)) } }
/// A `Vec` with these elements: `vec![1, 2]`, `vec![0; 10]`.
#[macro_export]
macro_rules! vec {
    () => { $crate::vec::Vec::new() };
    ($elem:expr; $n:expr) => { $crate::vec::from_elem($elem, $n) };
    ($($x:expr),+ $(,)?) => { $crate::vec::from_array([$($x),+]) };
}
