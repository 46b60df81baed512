//! candlewick-history
