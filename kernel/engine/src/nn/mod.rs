//! Layers, losses, optimizers, schedules: what a training step is made of.
//!
//! It must not know runs, data sets or plugins' dispatch. Read [`LayerSpec`] first, then [`Net`].

mod gradients;
mod init;
mod layer;
mod loss;
mod net;
pub(crate) mod ops;
mod optim;
mod save;
mod schedule;
mod shape;
mod spec;
mod summary;
#[cfg(test)]
mod tests;

pub use gradients::{Gradients, accumulate, clip, global_norm, gradients};
pub use layer::Mode;
pub use loss::Loss;
pub use net::Net;
pub use optim::{Optimizer, OptimizerHandle, OptimizerSpec};
pub use schedule::Schedule;
pub use spec::LayerSpec;
pub use summary::LayerSummary;
