//! What the compiler has built, in this process: opened once, never closed.
