//! Slices of the stand-in.

use crate::cmp::Ordering;
use crate::ops;

/// What a slice can be indexed by.
pub trait SliceIndex<T: ?Sized> { type Output: ?Sized; }
impl<T> SliceIndex<[T]> for usize { type Output = T; }
macro_rules! ranges { ($($t:ty)*) => { $(
    impl<T> SliceIndex<[T]> for $t { type Output = [T]; }
    impl SliceIndex<str> for $t { type Output = str; }
)* } }
ranges! { ops::Range<usize> ops::RangeFrom<usize> ops::RangeTo<usize> ops::RangeInclusive<usize> ops::RangeToInclusive<usize> ops::RangeFull }

impl<T> [T] {
    /// How many elements there are.
    pub const fn len(&self) -> usize { loop {} }
    pub const fn is_empty(&self) -> bool { loop {} }
    pub const fn first(&self) -> Option<&T> { loop {} }
    pub const fn first_mut(&mut self) -> Option<&mut T> { loop {} }
    pub const fn split_first(&self) -> Option<(&T, &[T])> { loop {} }
    pub const fn split_last(&self) -> Option<(&T, &[T])> { loop {} }
    pub const fn last(&self) -> Option<&T> { loop {} }
    pub const fn last_mut(&mut self) -> Option<&mut T> { loop {} }
    /// An element or a part; none when it is not there.
    pub fn get<I: SliceIndex<[T]>>(&self, index: I) -> Option<&I::Output> { loop {} }
    pub fn get_mut<I: SliceIndex<[T]>>(&mut self, index: I) -> Option<&mut I::Output> { loop {} }
    pub const fn swap(&mut self, a: usize, b: usize) {}
    pub fn reverse(&mut self) {}
    pub fn iter(&self) -> Iter<'_, T> { loop {} }
    pub fn iter_mut(&mut self) -> IterMut<'_, T> { loop {} }
    /// All neighbouring parts of a length.
    pub fn windows(&self, size: usize) -> Chunks<'_, T> { loop {} }
    /// Parts of a length, one after the other; the last may be shorter.
    pub fn chunks(&self, chunk_size: usize) -> Chunks<'_, T> { loop {} }
    pub fn chunks_exact(&self, chunk_size: usize) -> Chunks<'_, T> { loop {} }
    pub const fn split_at(&self, mid: usize) -> (&[T], &[T]) { loop {} }
    pub const fn split_at_mut(&mut self, mid: usize) -> (&mut [T], &mut [T]) { loop {} }
    pub fn contains(&self, x: &T) -> bool where T: PartialEq { loop {} }
    pub fn starts_with(&self, needle: &[T]) -> bool where T: PartialEq { loop {} }
    pub fn ends_with(&self, needle: &[T]) -> bool where T: PartialEq { loop {} }
    pub fn binary_search(&self, x: &T) -> Result<usize, usize> where T: Ord { loop {} }
    pub fn partition_point<P: FnMut(&T) -> bool>(&self, pred: P) -> usize { loop {} }
    pub fn sort_unstable(&mut self) where T: Ord {}
    pub fn rotate_left(&mut self, mid: usize) {}
    pub fn rotate_right(&mut self, k: usize) {}
    pub fn fill(&mut self, value: T) where T: Clone {}
    pub fn clone_from_slice(&mut self, src: &[T]) where T: Clone {}
    pub fn copy_from_slice(&mut self, src: &[T]) where T: Copy {}
    pub const fn as_ptr(&self) -> *const T { loop {} }
}

pub struct Iter<'a, T: 'a>(&'a [T]);
impl<'a, T> Iterator for Iter<'a, T> { type Item = &'a T; fn next(&mut self) -> Option<&'a T> { loop {} } }
impl<'a, T> DoubleEndedIterator for Iter<'a, T> { fn next_back(&mut self) -> Option<&'a T> { loop {} } }
impl<'a, T> ExactSizeIterator for Iter<'a, T> {}
impl<'a, T> Clone for Iter<'a, T> { fn clone(&self) -> Self { loop {} } }
pub struct IterMut<'a, T: 'a>(&'a mut [T]);
impl<'a, T> Iterator for IterMut<'a, T> { type Item = &'a mut T; fn next(&mut self) -> Option<&'a mut T> { loop {} } }
impl<'a, T> DoubleEndedIterator for IterMut<'a, T> { fn next_back(&mut self) -> Option<&'a mut T> { loop {} } }
pub struct Chunks<'a, T: 'a>(&'a [T]);
impl<'a, T> Iterator for Chunks<'a, T> { type Item = &'a [T]; fn next(&mut self) -> Option<&'a [T]> { loop {} } }
impl<'a, T> DoubleEndedIterator for Chunks<'a, T> { fn next_back(&mut self) -> Option<&'a [T]> { loop {} } }
impl<'a, T> IntoIterator for &'a [T] { type Item = &'a T; type IntoIter = Iter<'a, T>; fn into_iter(self) -> Iter<'a, T> { loop {} } }
impl<'a, T> IntoIterator for &'a mut [T] { type Item = &'a mut T; type IntoIter = IterMut<'a, T>; fn into_iter(self) -> IterMut<'a, T> { loop {} } }
