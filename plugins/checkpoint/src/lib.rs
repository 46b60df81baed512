//! When a checkpoint is due and which ones are kept.
