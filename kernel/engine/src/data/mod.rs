//! Datasets, frames, batches: rows in, tensors out.
//!
//! Knows nothing of models and training. Read [`Dataset`] first; [`Frame`] is the table a user reads from a file
//! and turns into one; [`Example`] is an item that is transformed before it becomes numbers.

mod built_in;
mod dataset;
mod frame;
mod gather;
pub mod image;
mod items;
mod normalization;
mod order;
mod own;
mod split;
mod vocabulary;

pub use dataset::Dataset;
pub use frame::{ColumnInfo, DatasetOptions, Frame, Task, Values};
pub use items::{CaptionOptions, Example, FolderOptions, Input, MEMORY, Target};
pub use normalization::Normalization;
pub use order::order;
pub use own::Examples;
pub use vocabulary::{Tokens, Vocabulary};
