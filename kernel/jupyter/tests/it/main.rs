//! The crate's behaviour over real sockets: one test program, so that it links once.

#![allow(clippy::unwrap_used)] // what fails here fails the test that calls it

mod amounts;
mod comms;
mod corpus;
mod memory;
mod registration;
mod requests;
mod sockets;
mod stdin;
mod toy;
mod transcripts;
