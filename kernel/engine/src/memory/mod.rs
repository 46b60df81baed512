//! Memory by category.
