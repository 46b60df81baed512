//! Bytes from a socket: ZMTP's handshake and framing, messages, requests. Read `candlewick_jupyter::fuzz` first.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| candlewick_jupyter::fuzz::wire(bytes));
