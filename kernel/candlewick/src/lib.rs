//! The facade: one shared library that holds engine, worker and plugins, and the process's allocator.
//!
//! Everything that users' Rust code and the executable need passes through here, so that there is one copy of every
//! static. It owns the allocator, the entry point and the list of built-in plugins. Read [`prelude`] first.

pub use candle_core;
pub use candle_nn;
pub use candlewick_engine as engine;
pub use candlewick_macros::callable;
pub use candlewick_plugin_api as plugin_api;
pub use candlewick_plugin_manager as plugin_manager;
pub use candlewick_worker as worker;

pub mod cells;
mod plugin_crate;
pub mod prelude;

pub use candlewick_worker::rust::interrupted;

use candlewick_accumulation::Accumulation;
use candlewick_checkpoint::Checkpoints;
use candlewick_console::Console;
use candlewick_early_stopping::EarlyStopping;
use candlewick_history::History;
use candlewick_learning_rate::{LearningRate, LearningRateFinder};
use candlewick_live_chart::LiveChart;
use candlewick_logging::Logging;
use candlewick_notification::Notification;
use candlewick_profiler::Profiler;
use candlewick_progress::ProgressLine;
use candlewick_tensorboard::TensorBoard;
use engine::memory::TaggedAllocator;
use plugin_api::Plugin;
use plugin_manager::{PluginManager, Registration};

/// Counts every block of the process by category; declared here because std is shared and takes its allocator from here.
#[global_allocator]
static ALLOCATOR: TaggedAllocator<mimalloc::MiMalloc> = TaggedAllocator::new(mimalloc::MiMalloc);

/// Runs the worker process until its link closes; the exit status. The executable's only way into this library.
#[unsafe(no_mangle)]
pub extern "C" fn candlewick_worker_main() -> i32 {
    worker::process::main(install_built_in_plugins)
}

/// Registers the plugins that every session begins with: history, live chart and progress line, which are active, and
/// the others, which wait to be activated.
pub fn install_built_in_plugins(plugins: &mut PluginManager) {
    let built_in: [(Box<dyn Plugin>, i64, bool); 13] = [
        (Box::new(History::new()), candlewick_history::PRIORITY, true),
        (Box::new(LiveChart::new()), candlewick_live_chart::PRIORITY, true),
        (Box::new(ProgressLine::new()), candlewick_progress::PRIORITY, true),
        (Box::new(EarlyStopping::new()), 0, false),
        (Box::new(LearningRate::new()), 0, false),
        (Box::new(LearningRateFinder::new()), 0, false),
        (Box::new(Accumulation::new()), 0, false),
        (Box::new(Checkpoints::new()), 0, false),
        (Box::new(Console::new()), candlewick_console::PRIORITY, false),
        (Box::new(Logging::new()), 0, false),
        (Box::new(TensorBoard::new()), 0, false),
        (Box::new(Notification::new()), 0, false),
        (Box::new(Profiler::new()), candlewick_profiler::PRIORITY, false),
    ];
    for (plugin, priority, enabled) in built_in {
        // Refused only when a name is taken, and nothing is registered before these; a test lists them all.
        drop(plugins.register(plugin, Registration { priority, enabled, ..Registration::from_origin("built in") }));
    }
}
