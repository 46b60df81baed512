//! The facade: one shared library that holds engine, worker and plugins, and the process's allocator.
//!
//! Everything that users' Rust code and the executable need passes through here, so that there is one copy of every
//! static. It owns nothing but the allocator and the entry point. Read [`candlewick_worker_main`] first.

pub use candlewick_engine as engine;
pub use candlewick_plugin_api as plugin_api;
pub use candlewick_plugin_manager as plugin_manager;
pub use candlewick_worker as worker;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the worker process until its link closes; the exit status. The executable's only way into this library.
#[unsafe(no_mangle)]
pub extern "C" fn candlewick_worker_main() -> i32 {
    worker::process::main()
}
