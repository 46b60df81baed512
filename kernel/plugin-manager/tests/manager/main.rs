//! The manager's contract, tested from outside through a plugin that notes every call it gets.

mod failing;
mod filtering;
mod live_runs;
mod ordering;
mod registering;
mod reporting;
mod scripted;
