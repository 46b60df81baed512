//! facade
pub use candlewick_engine as engine;
pub use candlewick_worker as worker;
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
/// worker
#[unsafe(no_mangle)]
pub extern "C" fn candlewick_worker_main() -> i32 {
    0
}
