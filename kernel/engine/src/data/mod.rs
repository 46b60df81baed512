//! Datasets, frames, batches: rows in, tensors out.
//!
//! Knows nothing of models and training. Read [`Dataset`] first; [`Frame`] is the table a user reads from a file
//! and turns into one.

mod built_in;
mod dataset;
mod frame;
mod gather;
mod normalization;
mod order;
mod split;

pub use dataset::Dataset;
pub use frame::{ColumnInfo, DatasetOptions, Frame, Task, Values};
pub use normalization::Normalization;
pub use order::order;
