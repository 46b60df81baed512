//! The manager's contract, tested from outside through a plugin that notes every call it gets.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod asking;
mod failing;
mod filtering;
mod live_runs;
mod loading;
mod making;
mod ordering;
mod points;
mod reconfiguring;
mod registering;
mod reporting;
mod scripted;
mod transforming;
mod watching;
