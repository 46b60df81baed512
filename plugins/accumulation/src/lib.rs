//! How many batches one optimizer step takes, by a schedule.
