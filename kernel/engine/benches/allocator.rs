//! What tagging costs: nanoseconds per allocation and its free, with and without, on one thread and on two.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use candlewick_engine::memory::{self, TaggedAllocator};
use mimalloc::MiMalloc;

const PAIRS: usize = 20_000;
const REPEATS: usize = 25;
const LONG: usize = 200;

static TAGGED: TaggedAllocator<MiMalloc> = TaggedAllocator::new(MiMalloc);

fn main() {
    println!(
        "{:>9} {:>10} {:>10} {:>16} {:>16}",
        "bytes", "plain ns", "tagged ns", "plain ns, 2 thr", "tagged ns, 2 thr"
    );
    for size in [24, 1280, 32_768] {
        let (plain, tagged) = (|| pair(&MiMalloc, size), || pair(&TAGGED, size));
        let one = [least(&plain), least(&tagged)];
        let two = [on_two(&plain), on_two(&tagged)];
        println!("{size:>9} {:>10.1} {:>10.1} {:>16.1} {:>16.1}", one[0], one[1], two[0], two[1]);
    }
    let [snapshot, resident] =
        [call(|| _ = black_box(memory::snapshot())), call(|| _ = black_box(memory::resident_bytes()))];
    println!("snapshot {snapshot:.0} ns, resident_bytes {resident:.0} ns");
}

/// Nanoseconds per pair, in one go of [`PAIRS`].
fn pair(allocator: &impl GlobalAlloc, size: usize) -> f64 {
    let Ok(layout) = Layout::from_size_align(size, 8) else { return f64::NAN };
    let start = Instant::now();
    for _ in 0..PAIRS {
        // SAFETY: the layout is not empty, and the block is freed with it.
        unsafe { allocator.dealloc(black_box(allocator.alloc(layout)), layout) };
    }
    start.elapsed().as_nanos() as f64 / PAIRS as f64
}

fn least(once: &impl Fn() -> f64) -> f64 {
    (0..REPEATS).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// Both threads at once, from a common start, in time on the processor: waiting for a processor is not contention.
fn on_two(once: &(impl Fn() -> f64 + Sync)) -> f64 {
    let start = Barrier::new(2);
    let mean = || {
        start.wait();
        let before = processor_ns();
        (0..LONG).for_each(|_| _ = once());
        (processor_ns() - before) / (LONG * PAIRS) as f64
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(mean);
        mean().max(other.join().unwrap_or(f64::NAN))
    })
}

/// Nanoseconds that this thread has run, which Linux brings up to date a few hundred times a second.
fn processor_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(f64::NAN)
}

fn call(of: impl Fn()) -> f64 {
    let once = || {
        let start = Instant::now();
        (0..100).for_each(|_| of());
        start.elapsed().as_nanos() as f64 / 100.0
    };
    least(&once)
}
