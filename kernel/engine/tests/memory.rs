//! The tagging allocator, called as the global one is called: blocks appear under their tag and go, to the byte.
//!
//! It is not declared here: with std shared, an executable's allocator does not serve std, whose blocks would be freed
//! by the wrong one. Only a library may declare it, and the library `candlewick` does.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candlewick_engine::memory::{self, Category, Snapshot, TaggedAllocator, snapshot, tag};
use mimalloc::MiMalloc;

static ALLOCATOR: TaggedAllocator<Counting> = TaggedAllocator::new(Counting);

/// Counts on its own what the tagging allocator asks for.
struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything to mimalloc as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's contract is this one's.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's contract is this one's.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ASKED.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller's contract is this one's.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ASKED.fetch_add(new_size as u64, Relaxed);
        ASKED.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller's contract is this one's.
        unsafe { MiMalloc.realloc(block, layout, new_size) }
    }
}

/// A block that is freed when dropped.
struct Block {
    at: *mut u8,
    layout: Layout,
}

// SAFETY: the block has one owner, and the allocator is for all threads.
unsafe impl Send for Block {}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap_or(Layout::new::<u8>())
}

impl Block {
    fn new(size: usize, align: usize) -> Self {
        let layout = layout(size, align);
        // SAFETY: tests ask for at least one byte.
        let at = unsafe { ALLOCATOR.alloc(layout) };
        assert!(!at.is_null());
        Self { at, layout }
    }

    fn zeroed(size: usize, align: usize) -> Self {
        let layout = layout(size, align);
        // SAFETY: tests ask for at least one byte.
        let at = unsafe { ALLOCATOR.alloc_zeroed(layout) };
        assert!(!at.is_null());
        Self { at, layout }
    }

    fn resize(&mut self, size: usize) {
        // SAFETY: block and layout belong together; tests ask for at least one byte.
        self.at = unsafe { ALLOCATOR.realloc(self.at, self.layout, size) };
        self.layout = layout(size, self.layout.align());
        assert!(!self.at.is_null());
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the block is owned and has that many bytes, which tests write or zero before they read them.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: block and layout belong together, and this is the only free.
        unsafe { ALLOCATOR.dealloc(self.at, self.layout) }
    }
}

/// One test at a time: the counters are the program's.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(live(), [0; 6]);
    alone
}

fn live() -> [u64; 6] {
    snapshot().bytes
}

fn tagged(category: Category, size: usize) -> Block {
    let _tag = tag(category);
    Block::new(size, 8)
}

#[test]
fn fifty_megabytes_appear_under_their_tag_and_go() {
    let _alone = alone();
    let block = tagged(Category::Activations, 50_000_000);
    let during = snapshot();
    assert_eq!((during.bytes, during.blocks), ([0, 0, 0, 50_000_000, 0, 0], [0, 0, 0, 1, 0, 0]));
    assert_eq!(during.bytes_of(Category::Activations), during.total);
    drop(block);
    let after = snapshot();
    assert_eq!((after.bytes, after.blocks, after.total), ([0; 6], [0; 6], 0));
    assert!(after.peaks[Category::Activations as usize] >= 50_000_000 && after.peak >= 50_000_000);
}

#[test]
fn a_peak_is_never_below_a_total_seen_before() {
    let _alone = alone();
    let blocks: Vec<Block> = Category::ALL.into_iter().map(|category| tagged(category, 30_000)).collect();
    let seen = snapshot();
    drop(blocks);
    let after = snapshot();
    assert!(after.peak >= seen.total && seen.total == 180_000, "{seen:?} {after:?}");
    assert!(after.peaks.iter().zip(seen.bytes).all(|(&peak, bytes)| peak >= bytes), "{seen:?} {after:?}");
}

#[test]
fn the_inner_tag_holds_and_the_outer_comes_back() {
    let _alone = alone();
    let _outer = tag(Category::Data);
    let inner = tagged(Category::Gradients, 1000);
    let outer = Block::new(300, 8);
    assert_eq!(live(), [0, 1000, 0, 0, 300, 0]);
    drop((inner, outer));
    assert_eq!(live(), [0; 6]);
}

#[test]
fn a_block_grows_and_shrinks_under_its_own_tag() {
    let _alone = alone();
    let mut block = tagged(Category::Parameters, 7);
    block.bytes().fill(1);
    let _other = tag(Category::Gradients);
    for size in [100_000, 3_000_000, 8, 70_000, 7] {
        block.resize(size);
        assert_eq!(live(), [size as u64, 0, 0, 0, 0, 0]);
        assert_eq!(block.bytes()[..7], [1; 7]);
    }
    assert_eq!(snapshot().blocks, [1, 0, 0, 0, 0, 0]);
    drop(block);
    assert_eq!(live(), [0; 6]);
}

#[test]
fn a_block_may_be_freed_by_another_thread() {
    let _alone = alone();
    let blocks: Vec<Block> = (0..100).map(|_| tagged(Category::OptimizerState, 5000)).collect();
    assert_eq!(live(), [0, 0, 500_000, 0, 0, 0]);
    std::thread::spawn(move || drop(blocks)).join().unwrap();
    assert_eq!(live(), [0; 6]);
}

#[test]
fn more_threads_than_counters_lose_nothing() {
    let _alone = alone();
    let work = |size| (drop(tagged(Category::Data, 70_000)), tagged(Category::Data, size)).1;
    let threads: Vec<_> = (1..=100).map(|size| std::thread::spawn(move || work(size))).collect();
    let kept: Vec<Block> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!((live(), snapshot().blocks), ([0, 0, 0, 0, 5050, 0], [0, 0, 0, 0, 100, 0]));
    drop(kept);
    assert_eq!(live(), [0; 6]);
}

#[test]
fn blocks_keep_their_alignment_and_zeroes() {
    let _alone = alone();
    let _tag = tag(Category::Data);
    for align in [1, 8, 16, 64, 4096] {
        for size in [1, 15, 64, 4096, 100_000] {
            let mut block = Block::zeroed(size, align);
            assert!(block.at.addr().is_multiple_of(align), "{size} {align}");
            assert!(block.bytes().iter().all(|&byte| byte == 0));
            block.bytes().fill(0xff);
            assert_eq!(live(), [0, 0, 0, 0, size as u64, 0]);
        }
    }
}

#[test]
fn categories_sum_to_what_the_inner_allocator_was_asked_for() {
    let _alone = alone();
    let check = |kept: &[Block]| {
        let Snapshot { bytes, blocks, total, .. } = snapshot();
        let expect: u64 = kept.iter().map(|block| block.layout.size() as u64).sum();
        assert_eq!((total, bytes.iter().sum()), (expect, expect));
        assert_eq!(total + blocks.iter().sum::<u64>(), ASKED.load(Relaxed));
    };
    let mut kept = Vec::new();
    for round in 0..2000usize {
        kept.push(tagged(Category::ALL[round % 6], 1 + round * 7919 % 3000));
        if round % 3 == 0 {
            kept.swap_remove(round * 31 % kept.len());
        }
        if round % 5 == 4 {
            let at = round * 17 % kept.len();
            kept[at].resize(1 + round);
        }
        check(&kept);
    }
    kept.clear();
    check(&kept);
}

#[test]
fn a_block_too_large_to_exist_is_none() {
    let _alone = alone();
    let layout = Layout::from_size_align(isize::MAX as usize, 1).unwrap();
    // SAFETY: the layout is not empty, and nothing is done with the block.
    assert!(unsafe { ALLOCATOR.alloc(layout).is_null() && ALLOCATOR.alloc_zeroed(layout).is_null() });
    let mut block = tagged(Category::Data, 10);
    block.bytes().fill(3);
    // SAFETY: block and layout belong together; the block stays as it was, since this fails.
    assert!(unsafe { ALLOCATOR.realloc(block.at, block.layout, isize::MAX as usize) }.is_null());
    assert_eq!((live(), block.bytes().to_vec()), ([0, 0, 0, 0, 10, 0], vec![3; 10]));
}

#[test]
fn a_trim_is_the_allocators_own() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    assert_eq!(memory::trim(), None);
    assert!(memory::on_trim(|| _ = CALLS.fetch_add(1, Relaxed)));
    assert!(!memory::on_trim(|| ()));
    let trimmed = memory::trim().unwrap();
    assert_eq!((CALLS.load(Relaxed), trimmed.after.is_some()), (1, cfg!(target_os = "linux")));
}
