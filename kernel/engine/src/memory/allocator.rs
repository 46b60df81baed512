//! The allocator that remembers what each block is for.
//!
//! The category stands in one byte *behind* the block. A header in front would have to be as large as the block's
//! alignment (16 bytes for most, 64 for some), or the block would lose it; a table beside would need a lock and as many
//! entries as blocks. The size that finds the byte again comes with every call, so nothing else needs to be kept.
//! The price: a block of exactly one of the allocator's sizes moves to the next (an eighth more at most in mimalloc).

use std::alloc::{GlobalAlloc, Layout};

use super::Category;
use super::category::current;
use super::counters::count;

/// Wraps an allocator and counts its blocks by [`Category`]; see [`tag`](super::tag) and [`snapshot`](super::snapshot).
///
/// To be declared once: `#[global_allocator] static A: TaggedAllocator<MiMalloc> = TaggedAllocator::new(MiMalloc);`
/// The counters are the program's, so two of them in one program would add up.
#[derive(Debug)]
pub struct TaggedAllocator<A>(A);

impl<A> TaggedAllocator<A> {
    /// Counts what `inner` hands out.
    pub const fn new(inner: A) -> Self {
        Self(inner)
    }
}

// SAFETY: every block comes from the inner allocator, one byte longer than asked for and with the alignment asked for,
// and goes back with the same layout. The extra byte lies behind what the caller may use. Nothing here allocates or
// panics: thread-locals are constant without destructors, and tags are bounded before they index.
unsafe impl<A: GlobalAlloc> GlobalAlloc for TaggedAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(longer) = with_tag(layout.size(), layout.align()) else { return std::ptr::null_mut() };
        // SAFETY: `longer` has at least one byte.
        let block = unsafe { self.0.alloc(longer) };
        // SAFETY: `block` is null or has `layout.size() + 1` bytes.
        unsafe { mark_new(block, layout.size()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(longer) = with_tag(layout.size(), layout.align()) else { return std::ptr::null_mut() };
        // SAFETY: `longer` has at least one byte. The inner allocator's own zeroing knows fresh pages, which stay untouched.
        let block = unsafe { self.0.alloc_zeroed(longer) };
        // SAFETY: `block` is null or has `layout.size() + 1` bytes.
        unsafe { mark_new(block, layout.size()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller hands back a block of `layout` from this allocator, so its tag lies behind it.
        let category = unsafe { read_tag(block, layout.size()) };
        count(category, -(layout.size() as i64), -1);
        // SAFETY: the block was allocated with this layout, which was valid then.
        unsafe { self.0.dealloc(block, Layout::from_size_align_unchecked(layout.size() + 1, layout.align())) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(longer) = with_tag(new_size, layout.align()) else { return std::ptr::null_mut() };
        // SAFETY: the caller hands over a block of `layout` from this allocator, so its tag lies behind it.
        let category = unsafe { read_tag(block, layout.size()) };
        // SAFETY: the block was allocated with this layout, which was valid then; `longer` is a valid size above 0.
        let moved = unsafe {
            let had = Layout::from_size_align_unchecked(layout.size() + 1, layout.align());
            self.0.realloc(block, had, longer.size())
        };
        if moved.is_null() {
            return moved; // the old block is as it was, tag included
        }
        // SAFETY: the block now has `new_size + 1` bytes.
        unsafe { moved.add(new_size).write(category as u8) };
        count(category, new_size as i64 - layout.size() as i64, 0);
        moved
    }
}

/// The layout with room for the tag, or none where that would be too large to exist.
#[inline]
fn with_tag(size: usize, align: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(1)?, align).ok()
}

/// Tags and counts a new block for the thread's category.
///
/// # Safety
/// `block` is null or has `size + 1` bytes.
#[inline]
unsafe fn mark_new(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        let category = current();
        // SAFETY: the last byte of the block, by this function's contract.
        unsafe { block.add(size).write(category as u8) };
        count(category as usize, size as i64, 1);
    }
    block
}

/// The category of a block; of one whose tag somebody overwrote, the last.
///
/// # Safety
/// `block` came from this allocator with `size`.
#[inline]
unsafe fn read_tag(block: *mut u8, size: usize) -> usize {
    // SAFETY: `mark_new` wrote the byte behind the block, by this function's contract.
    let tag = unsafe { block.add(size).read() };
    usize::from(tag).min(Category::ALL.len() - 1)
}
