//! The run as a state machine: one call, [`Run::advance`], goes to the next hook. Running, stepping, interrupting and
//! headless execution are that call; there is no second loop.
//!
//! Owns a run's position, its batches, its checkpoints and its options. It must not know who calls it (a cell, a
//! command line, a test) nor who the plugins are: it fires hooks into a `HookSink`. Read [`Run`] first.

mod batch;
mod checkpoint;
mod drive;
mod evaluate;
mod lifecycle;
mod load;
mod options;
mod plan;

pub use drive::{Halt, Unit, drive};
pub use evaluate::{Evaluation, evaluate};
pub use lifecycle::{Failure, Run};
pub use options::{OptionDoc, OptionValue, Options, Validation};
