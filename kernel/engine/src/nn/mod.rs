//! Layers, losses, optimizers, schedules: what a training step is made of.
//!
//! It must not know runs, data sets or plugins' dispatch. Read [`LayerSpec`] first, then [`Net`].

mod builder;
mod gradients;
mod init;
mod layer;
mod loss;
mod module;
mod net;
pub(crate) mod ops;
mod optim;
mod parameters;
mod save;
mod schedule;
mod shape;
mod spec;
mod summary;
#[cfg(test)]
mod tests;

pub use gradients::{Gradients, accumulate, clip, global_norm, gradients};
pub use init::Init;
pub use layer::Mode;
pub use loss::{Loss, OwnLoss};
pub use module::{Forward, OwnModule};
pub use net::Net;
pub use optim::{Memories, Optimize, Optimizer, OptimizerHandle, OptimizerSpec, OwnOptimizer, Step};
pub use parameters::{Block, Buffer, Parameters};
pub use schedule::Schedule;
pub use spec::LayerSpec;
pub use summary::LayerSummary;
