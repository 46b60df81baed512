//! Tests of the application, from outside: the executable as users and Jupyter start it.
//!
//! Everything is started without `LD_LIBRARY_PATH`, which cargo sets and Jupyter does not. Read `support` first.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what the tests share panics too

mod binder;
mod browser;
mod clients;
mod commands;
mod connection_file;
mod control;
mod examples;
mod install;
mod interrupted;
mod jupyter;
mod notebooks;
mod output;
mod plugins;
mod run;
mod rust_bad_input;
mod rust_cells;
mod rust_compiler;
mod rust_doctor;
mod rust_plugins;
mod support;
mod tensorboard;
mod worker_death;
mod worker_killed;
