//! Datasets, frames, batches.
