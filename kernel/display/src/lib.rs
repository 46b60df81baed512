//! candlewick-display
