//! The connection to the compiler process, and the conversation while a cell is evaluated.
