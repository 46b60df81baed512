//! A Rust cell from its text to its end.
