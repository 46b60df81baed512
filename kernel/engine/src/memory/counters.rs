//! Live bytes, blocks and peaks per category, cheap to count and exact to sum.
//!
//! One set of counters for all costs locked additions and, where threads allocate at once, their waiting for each other
//! (measured by the bench `allocator`: 9.3 ns instead of 8.3 per block on one thread, 11–15 instead of 10 on two
//! hyperthreads). So each of the first [`SHARDS`] threads adds to counters that only it writes and moves them to the common ones
//! when [`MOVE_AT`] bytes have gathered. The live sum (common plus all gathered) is exact; only the peaks can be up to
//! `MOVE_AT` bytes per thread and category too low. Later threads share one set of counters and pay the locked price.
//! (Giving a thread's counters back at its end would need a thread-local with a destructor, which an allocator must not have.)

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use super::Category;

const CATEGORIES: usize = Category::ALL.len();
const SHARDS: usize = 64;
const MOVE_AT: i64 = 64 * 1024;

/// One thread's counters; alone on its cache lines.
#[repr(align(128))]
struct Shard {
    /// Bytes not yet moved; negative where a thread frees what others allocated.
    bytes: [AtomicI64; CATEGORIES],
    blocks: [AtomicI64; CATEGORIES],
}

struct Common {
    bytes: [AtomicI64; CATEGORIES],
    peaks: [AtomicI64; CATEGORIES],
    total: AtomicI64,
    peak: AtomicI64,
}

/// The last one is shared by the threads that came too late for their own.
static OF_THREADS: [Shard; SHARDS + 1] = [const { Shard { bytes: zeros(), blocks: zeros() } }; SHARDS + 1];
static COMMON: Common = Common { bytes: zeros(), peaks: zeros(), total: AtomicI64::new(0), peak: AtomicI64::new(0) };
static NEXT: AtomicUsize = AtomicUsize::new(0);
const UNASSIGNED: usize = usize::MAX;

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(UNASSIGNED) };
}

const fn zeros() -> [AtomicI64; CATEGORIES] {
    [const { AtomicI64::new(0) }; CATEGORIES]
}

/// Counts so many bytes and blocks more (or less) in the category of that number.
#[inline]
pub(super) fn count(category: usize, bytes: i64, blocks: i64) {
    let at = shard();
    let (shard, is_own) = (&OF_THREADS[at], at < SHARDS);
    add(&shard.blocks[category], blocks, is_own);
    if add(&shard.bytes[category], bytes, is_own).abs() >= MOVE_AT {
        move_to_common(shard, category);
    }
}

#[inline]
fn shard() -> usize {
    SHARD.with(|shard| match shard.get() {
        UNASSIGNED => {
            shard.set(NEXT.fetch_add(1, Relaxed).min(SHARDS));
            shard.get()
        }
        at => at,
    })
}

/// Adds and returns the sum; without a lock where no other thread writes.
#[inline]
fn add(counter: &AtomicI64, amount: i64, is_own: bool) -> i64 {
    if !is_own {
        return counter.fetch_add(amount, Relaxed) + amount;
    }
    let sum = counter.load(Relaxed) + amount;
    counter.store(sum, Relaxed);
    sum
}

#[cold]
fn move_to_common(shard: &Shard, category: usize) {
    let moved = shard.bytes[category].swap(0, Relaxed);
    raise(&COMMON.peaks[category], COMMON.bytes[category].fetch_add(moved, Relaxed) + moved);
    raise(&COMMON.peak, COMMON.total.fetch_add(moved, Relaxed) + moved);
}

fn raise(peak: &AtomicI64, to: i64) {
    if to > peak.load(Relaxed) {
        peak.fetch_max(to, Relaxed);
    }
}

/// Memory at one moment, in bytes as they were asked for (without the allocator's own rounding and tags).
/// All is 0 in a program that does not declare a [`TaggedAllocator`](super::TaggedAllocator).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Live bytes, in the order of [`Category::ALL`].
    pub bytes: [u64; CATEGORIES],
    /// Live blocks.
    pub blocks: [u64; CATEGORIES],
    /// The highest number of live bytes since the start, at most 64 KiB per thread too low.
    pub peaks: [u64; CATEGORIES],
    /// Live bytes of all categories together.
    pub total: u64,
    /// The highest total since the start, at most 64 KiB per thread and category too low.
    pub peak: u64,
}

impl Snapshot {
    /// Live bytes of one category.
    pub fn bytes_of(&self, category: Category) -> u64 {
        self.bytes[category as usize]
    }
}

/// What is live now. Exact for whatever other threads do not allocate or free at this very moment. Allocates nothing.
pub fn snapshot() -> Snapshot {
    let sum = |of: fn(&Shard) -> &[AtomicI64; CATEGORIES], at: usize| -> i64 {
        OF_THREADS.iter().map(|shard| of(shard)[at].load(Relaxed)).sum()
    };
    let places: [usize; CATEGORIES] = std::array::from_fn(|at| at);
    let bytes = places.map(|at| positive(COMMON.bytes[at].load(Relaxed) + sum(|shard| &shard.bytes, at)));
    let total: u64 = bytes.iter().sum();
    // What was seen once stays seen: a later peak is never below an earlier total.
    places.iter().for_each(|&at| raise(&COMMON.peaks[at], bytes[at] as i64));
    raise(&COMMON.peak, total as i64);
    Snapshot {
        bytes,
        blocks: places.map(|at| positive(sum(|shard| &shard.blocks, at))),
        peaks: places.map(|at| positive(COMMON.peaks[at].load(Relaxed))),
        total,
        peak: positive(COMMON.peak.load(Relaxed)),
    }
}

/// Live bytes of one category, at most 64 KiB per thread off: one load, for those who ask at every step.
#[inline]
pub fn roughly(category: Category) -> u64 {
    positive(COMMON.bytes[category as usize].load(Relaxed))
}

/// Between two counters of another thread a sum can be below zero for a moment.
#[inline]
fn positive(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}
