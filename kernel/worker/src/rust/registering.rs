//! Plugins that Rust cells register, and what brings them back in a new worker.
