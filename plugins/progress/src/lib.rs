//! candlewick-progress
