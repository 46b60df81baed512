//! A client for tests and benches.
