//! candlewick-plugin-manager
