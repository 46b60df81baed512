//! Tests of the application, from outside: the executable as users and Jupyter start it.
//!
//! Everything is started without `LD_LIBRARY_PATH`, which cargo sets and Jupyter does not. Read `support` first.

mod binder;
mod commands;
mod connection_file;
mod install;
mod jupyter;
mod run;
mod support;
mod worker_death;
