//! Where a panic of native code happened: noted instead of printed.
