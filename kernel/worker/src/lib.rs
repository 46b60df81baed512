//! candlewick-worker
